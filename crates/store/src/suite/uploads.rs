//! Reservations, keys, and the way to a job.

use super::tasks::{LATER, LENGTH, ROOM, begun, claimed, ended, job, keyed, new, queued, reserved};
use super::{cases, refused};
use crate::contract::{Begun, Due, NewUpload, Records, Room, State};
use crate::{Fault, TaskId};

cases!(dyn Records:
    begin_reserves_and_abandon_frees,
    reservations_stop_at_the_room,
    sizes_that_cannot_be_are_refused,
    an_id_is_taken_once,
    a_known_key_is_answered_and_changes_nothing,
    a_key_lives_until_its_task_is_forgotten,
    durable_bytes_never_go_back,
    what_is_no_upload_cannot_move,
    a_received_upload_is_whole,
    enqueue_is_idempotent,
    a_job_is_what_its_upload_was,
    the_limit_counts_queued_and_running_jobs,
    an_upload_in_time_is_not_given_up,
    an_upload_of_nothing_is_one,
    what_was_only_a_bound_can_shrink,
    open_uploads_are_counted_for_each_client,
    a_task_is_found_as_what_it_is,
    a_restart_gives_up_what_nobody_can_take_up,
    a_client_has_its_share,
    an_upload_that_waits_reserves_what_has_come,
    what_waits_is_taken_up_where_there_is_room,
);

fn a_client_has_its_share(records: &dyn Records) {
    let room = Room {
        all: 4 * LENGTH,
        client: 2 * LENGTH + 1,
    };
    let begin = |client: &str| records.begin(&new(client), room, 0);
    begin("a").unwrap();
    let job = queued(records, "a", 0);
    refused!(
        begin("a"),
        Fault::ClientFull {
            wanted: LENGTH,
            free: 1
        }
    );
    begin("b").unwrap();
    begin("b").unwrap();
    // What is nobody's share is not there either.
    refused!(begin("c"), Fault::Full { .. });
    refused!(begin("a"), Fault::Full { .. });
    records.cancel(&job, 1, LATER).unwrap();
    begin("a").unwrap();
}

fn an_upload_that_waits_reserves_what_has_come(records: &dyn Records) {
    let id = begun(records, &keyed("a", "k"));
    records.park(&id, 4, LATER).unwrap();
    assert_eq!(reserved(records), 4);
    // It may have been written down before that more is durable.
    records.park(&id, 3, LATER).unwrap();
    assert_eq!(reserved(records), 4);
    refused!(records.park(&id, LENGTH + 1, LATER), Fault::Offset { .. });
    records.unpark(&id, Room::shared(ROOM)).unwrap();
    records.unpark(&id, Room::shared(0)).unwrap();
    assert_eq!(reserved(records), LENGTH);
    records.enqueue(&id, "d", None, 0).unwrap();
    refused!(records.park(&id, 4, LATER), Fault::Conflict { .. });
    refused!(
        records.unpark(&id, Room::shared(ROOM)),
        Fault::Conflict { .. }
    );
    let nobody = TaskId::random();
    refused!(records.park(&nobody, 0, LATER), Fault::Missing { .. });
    refused!(
        records.unpark(&nobody, Room::shared(ROOM)),
        Fault::Missing { .. }
    );
}

fn what_waits_is_taken_up_where_there_is_room(records: &dyn Records) {
    let id = begun(records, &keyed("a", "k"));
    records.park(&id, 4, LATER).unwrap();
    let other = begun(records, &new("a"));
    refused!(
        records.unpark(&id, Room::shared(2 * LENGTH - 1)),
        Fault::Full { .. }
    );
    let share = Room {
        all: ROOM,
        client: 2 * LENGTH - 1,
    };
    refused!(records.unpark(&id, share), Fault::ClientFull { .. });
    assert_eq!(reserved(records), LENGTH + 4);
    records.abandon(&other).unwrap();
    records.unpark(&id, share).unwrap();
    assert_eq!(reserved(records), LENGTH);
}

fn a_restart_gives_up_what_nobody_can_take_up(records: &dyn Records) {
    begun(records, &new("a"));
    let kept = begun(records, &keyed("a", "k"));
    let job = queued(records, "a", 0);
    records.reclaim_all(1).unwrap();
    let mut owners = records.owners().unwrap().working;
    let mut expected = [kept, job];
    owners.sort();
    expected.sort();
    assert_eq!(owners, expected);
    assert_eq!(reserved(records), 2 * LENGTH);
}

fn begin_reserves_and_abandon_frees(records: &dyn Records) {
    let id = begun(records, &new("a"));
    assert_eq!(reserved(records), LENGTH);
    assert_eq!(records.totals().unwrap().uploads, 1);
    records.abandon(&id).unwrap();
    assert_eq!(records.totals().unwrap(), Default::default());
    records.abandon(&id).unwrap();
    refused!(records.enqueue(&id, "d", None, 0), Fault::Missing { .. });
}

fn reservations_stop_at_the_room(records: &dyn Records) {
    begun(records, &new("a"));
    let begin = |room| records.begin(&new("b"), Room::shared(room), 0);
    refused!(
        begin(2 * LENGTH - 1),
        Fault::Full {
            wanted: LENGTH,
            free: 9
        }
    );
    refused!(
        begin(3),
        Fault::Full {
            wanted: LENGTH,
            free: 0
        }
    );
    assert_eq!(reserved(records), LENGTH);
    assert!(matches!(begin(2 * LENGTH).unwrap(), Begun::New));
    refused!(begin(2 * LENGTH), Fault::Full { .. });
}

fn sizes_that_cannot_be_are_refused(records: &dyn Records) {
    begun(records, &new("a"));
    for length in [u64::MAX, i64::MAX as u64, 1 << 63] {
        let upload = NewUpload { length, ..new("a") };
        refused!(
            records.begin(&upload, Room::shared(u64::MAX), 0),
            Fault::Full { .. }
        );
    }
    assert_eq!(reserved(records), LENGTH);
}

fn an_id_is_taken_once(records: &dyn Records) {
    let upload = new("a");
    begun(records, &upload);
    refused!(
        records.begin(&upload, Room::shared(ROOM), 0),
        Fault::Conflict { .. }
    );
    records.enqueue(&upload.id, "d", None, 0).unwrap();
    refused!(
        records.begin(&upload, Room::shared(ROOM), 0),
        Fault::Conflict { .. }
    );
}

fn a_known_key_is_answered_and_changes_nothing(records: &dyn Records) {
    let first = keyed("a", "key");
    begun(records, &first);
    records.advance(&first.id, 4, 0, LATER).unwrap();
    let other = NewUpload {
        length: 77,
        ..keyed("b", "key")
    };
    // No room is needed for what is there.
    let Begun::Known(known) = records.begin(&other, Room::shared(0), 5).unwrap() else {
        panic!("the key is known");
    };
    assert_eq!(
        (&known.id, known.length, known.durable),
        (&first.id, LENGTH, 4)
    );
    assert_eq!(
        (known.client, known.order),
        (first.client.clone(), first.order.clone())
    );
    assert_eq!(reserved(records), LENGTH);
    records.enqueue(&first.id, "d", None, 0).unwrap();
    let Begun::Job(known) = records.begin(&other, Room::shared(0), 5).unwrap() else {
        panic!("it is a job by now");
    };
    assert_eq!(known, job(records, &first.id));
}

fn open_uploads_are_counted_for_each_client(records: &dyn Records) {
    let first = begun(records, &new("a"));
    begun(records, &keyed("a", "key"));
    begun(records, &new("b"));
    assert_eq!(records.uploading("a").unwrap(), 2);
    records.enqueue(&first, "d", None, 0).unwrap();
    assert_eq!(records.uploading("a").unwrap(), 1);
    assert_eq!(records.uploading("c").unwrap(), 0);
}

fn what_was_only_a_bound_can_shrink(records: &dyn Records) {
    let id = begun(records, &new("a"));
    records.advance(&id, 4, 0, LATER).unwrap();
    refused!(records.amend(&id, "o", LENGTH + 1), Fault::Offset { .. });
    refused!(records.amend(&id, "o", 3), Fault::Offset { have: 4, .. });
    records.amend(&id, "o", 5).unwrap();
    assert_eq!(reserved(records), 5);
    refused!(records.advance(&id, 6, 0, LATER), Fault::Offset { .. });
    let made = records.enqueue(&id, "d", None, 0).unwrap();
    assert_eq!((made.input_size, made.order.as_str()), (5, "o"));
    refused!(records.amend(&id, "p", 5), Fault::Conflict { .. });
    refused!(
        records.amend(&TaskId::random(), "p", 5),
        Fault::Missing { .. }
    );
}

fn a_task_is_found_as_what_it_is(records: &dyn Records) {
    let upload = NewUpload {
        owner: Some("o".to_owned()),
        ..new("a")
    };
    assert!(records.find(&upload.id).unwrap().is_none());
    begun(records, &upload);
    let Some(Begun::Known(known)) = records.find(&upload.id).unwrap() else {
        panic!("it is an upload");
    };
    assert_eq!((known.owner, known.expires_at), (upload.owner, LATER));
    records.enqueue(&upload.id, "d", None, 0).unwrap();
    let Some(Begun::Job(known)) = records.find(&upload.id).unwrap() else {
        panic!("it is a job");
    };
    assert_eq!(known, job(records, &upload.id));
}

fn a_key_lives_until_its_task_is_forgotten(records: &dyn Records) {
    let known = |key: &str| records.find_key(key).unwrap();
    assert!(known("key").is_none());
    let upload = keyed("a", "key");
    begun(records, &upload);
    assert!(matches!(known("key"), Some(Begun::Known(_))));
    records.abandon(&upload.id).unwrap();
    assert!(known("key").is_none());

    let upload = keyed("a", "key");
    begun(records, &upload);
    records.enqueue(&upload.id, "d", None, 0).unwrap();
    records.cancel(&upload.id, 0, LATER).unwrap();
    assert!(matches!(known("key"), Some(Begun::Job(job)) if job.state == State::Cancelled));
    records.expire(&upload.id, LATER).unwrap();
    // Repeated after that, it is the same job still.
    let again = records
        .begin(&keyed("a", "key"), Room::shared(ROOM), 0)
        .unwrap();
    assert!(matches!(again, Begun::Job(job) if job.id == upload.id && job.state == State::Expired));
    records.forget(&upload.id).unwrap();
    assert!(known("key").is_none());
    begun(records, &keyed("a", "key"));
}

fn durable_bytes_never_go_back(records: &dyn Records) {
    let upload = keyed("a", "key");
    begun(records, &upload);
    let durable = || match records.find_key("key").unwrap() {
        Some(Begun::Known(upload)) => upload.durable,
        other => panic!("no upload: {other:?}"),
    };
    assert_eq!(durable(), 0);
    for (say, hear) in [(3, 3), (7, 7), (5, 7), (LENGTH, LENGTH), (0, LENGTH)] {
        records.advance(&upload.id, say, 0, LATER).unwrap();
        assert_eq!(durable(), hear);
    }
    refused!(
        records.advance(&upload.id, 11, 0, LATER),
        Fault::Offset {
            have: 10,
            wanted: 11
        }
    );
    // Moving puts off its end.
    assert_eq!(records.due(LATER - 1, 10).unwrap(), []);
    records.advance(&upload.id, LENGTH, 0, 50).unwrap();
    assert_eq!(records.due(50, 10).unwrap(), [Due::Upload(upload.id)]);
}

fn what_is_no_upload_cannot_move(records: &dyn Records) {
    let nobody = TaskId::random();
    refused!(records.advance(&nobody, 1, 0, LATER), Fault::Missing { .. });
    refused!(records.received(&nobody, "d", LATER), Fault::Missing { .. });
    refused!(
        records.enqueue(&nobody, "d", None, 0),
        Fault::Missing { .. }
    );
    let id = queued(records, "a", 0);
    refused!(records.advance(&id, 1, 0, LATER), Fault::Conflict { .. });
    refused!(records.received(&id, "d", LATER), Fault::Conflict { .. });
    refused!(records.abandon(&id), Fault::Conflict { .. });
    assert_eq!(job(records, &id).state, State::Queued);
}

fn a_received_upload_is_whole(records: &dyn Records) {
    let upload = keyed("a", "key");
    begun(records, &upload);
    records.advance(&upload.id, 4, 0, 50).unwrap();
    records.received(&upload.id, "whole", 90).unwrap();
    let Some(Begun::Known(known)) = records.find_key("key").unwrap() else {
        panic!("it waits");
    };
    assert_eq!(
        (known.durable, known.digest.as_deref()),
        (LENGTH, Some("whole"))
    );
    assert_eq!(records.job(&upload.id).unwrap(), None);
    assert_eq!(records.due(89, 10).unwrap(), []);
    assert_eq!(
        records.due(90, 10).unwrap(),
        [Due::Upload(upload.id.clone())]
    );
    let job = records.enqueue(&upload.id, "whole", None, 0).unwrap();
    assert_eq!(job.input_digest, "whole");
}

fn enqueue_is_idempotent(records: &dyn Records) {
    let id = begun(records, &new("a"));
    let first = records.enqueue(&id, "d", Some(1), 5).unwrap();
    assert_eq!(records.enqueue(&id, "other", Some(1), 9).unwrap(), first);
    let lease = claimed(records, 10);
    assert_eq!(records.enqueue(&id, "d", Some(1), 11).unwrap(), lease.job);
    for state in [
        State::Completed,
        State::Failed,
        State::Cancelled,
        State::Expired,
    ] {
        let id = ended(records, "b", state);
        assert_eq!(records.enqueue(&id, "d", Some(0), 12).unwrap().state, state);
    }
}

fn a_job_is_what_its_upload_was(records: &dyn Records) {
    let upload = new("a");
    begun(records, &upload);
    assert_eq!(records.job(&upload.id).unwrap(), None);
    let made = records.enqueue(&upload.id, "d", None, 7).unwrap();
    assert_eq!(made, job(records, &upload.id));
    assert_eq!(
        (made.id, made.client, made.order),
        (upload.id, upload.client, upload.order)
    );
    assert_eq!((made.input_size, made.input_digest.as_str()), (LENGTH, "d"));
    assert_eq!(
        (made.state, made.attempt, made.cancel_requested),
        (State::Queued, 0, false)
    );
    assert_eq!((made.created_at, made.started_at), (7, None));
    assert_eq!((made.finished_at, made.expires_at), (None, None));
    assert_eq!(
        (made.progress.fraction, made.progress.stage.as_str()),
        (0.0, "waiting")
    );
    assert_eq!((made.outcome, made.problem), (None, None));
    assert_eq!(reserved(records), LENGTH);
}

fn the_limit_counts_queued_and_running_jobs(records: &dyn Records) {
    queued(records, "a", 0);
    queued(records, "a", 0);
    queued(records, "b", 0);
    let lease = claimed(records, 0);
    assert_eq!(lease.job.client, "a");
    assert_eq!(records.unfinished("a").unwrap(), 2);
    let upload = keyed("a", "key");
    begun(records, &upload);
    let enqueue = |limit| records.enqueue(&upload.id, "d", Some(limit), 0);
    refused!(enqueue(2), Fault::Busy { waiting: 2 });
    // It stays an upload, and may try again when one has ended.
    assert!(matches!(
        records.find_key("key").unwrap(),
        Some(Begun::Known(_))
    ));
    super::tasks::completed(records, &lease, 1, 0);
    enqueue(2).unwrap();
    assert_eq!(records.unfinished("a").unwrap(), 2);
    assert_eq!(records.unfinished("nobody").unwrap(), 0);
}

fn an_upload_in_time_is_not_given_up(records: &dyn Records) {
    let id = begun(
        records,
        &NewUpload {
            expires_at: 50,
            ..new("a")
        },
    );
    assert!(!records.give_up(&id, 49).unwrap());
    records.advance(&id, 1, 49, 100).unwrap();
    assert!(!records.give_up(&id, 50).unwrap());
    assert!(records.give_up(&id, 100).unwrap());
    assert!(!records.give_up(&id, 100).unwrap());
    assert_eq!(reserved(records), 0);
    let id = queued(records, "a", 0);
    assert!(!records.give_up(&id, LATER).unwrap());
    assert_eq!(job(records, &id).state, State::Queued);
}

fn an_upload_of_nothing_is_one(records: &dyn Records) {
    let upload = NewUpload {
        length: 0,
        ..new("a")
    };
    assert!(matches!(
        records.begin(&upload, Room::shared(0), 0).unwrap(),
        Begun::New
    ));
    records.advance(&upload.id, 0, 0, LATER).unwrap();
    assert_eq!(
        records
            .enqueue(&upload.id, "d", None, 0)
            .unwrap()
            .input_size,
        0
    );
}
