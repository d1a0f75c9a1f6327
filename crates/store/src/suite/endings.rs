//! Expiry, tombstones, owners, listings and sums.

use super::tasks::{LATER, begun, claimed, completed, ended, job, new, queued, reserved};
use super::{cases, refused};
use crate::contract::{Due, NewUpload, Records, Room, State, Totals};
use crate::{Fault, TaskId};

cases!(dyn Records:
    due_names_what_is_over_longest_ago_first,
    queued_and_running_jobs_never_expire,
    expire_leaves_a_tombstone,
    what_goes_on_cannot_expire_or_be_forgotten,
    shorten_only_shortens,
    owners_are_those_with_files,
    jobs_are_listed_newest_first,
    an_owner_sees_its_own,
    sums_follow_every_step,
);

const FINAL: [State; 3] = [State::Completed, State::Failed, State::Cancelled];

fn due_names_what_is_over_longest_ago_first(records: &dyn Records) {
    let upload = begun(
        records,
        &NewUpload {
            expires_at: 30,
            ..new("a")
        },
    );
    let finished = ended(records, "a", State::Failed);
    records.shorten(&finished, 20).unwrap();
    let dead = ended(records, "a", State::Completed);
    records.expire(&dead, 10).unwrap();
    assert_eq!(records.due(9, 10).unwrap(), []);
    let all = [
        Due::Tombstone(dead),
        Due::Finished(finished),
        Due::Upload(upload),
    ];
    assert_eq!(records.due(20, 10).unwrap(), all[..2]);
    assert_eq!(records.due(99, 10).unwrap(), all);
    assert_eq!(records.due(99, 1).unwrap(), all[..1]);
    // Being told changes nothing.
    assert_eq!(records.due(99, 10).unwrap(), all);
}

fn an_owner_sees_its_own(records: &dyn Records) {
    let owned = |owner: &str, now| {
        let upload = NewUpload {
            owner: Some(owner.to_owned()),
            ..new("a")
        };
        begun(records, &upload);
        records.enqueue(&upload.id, "d", None, now).unwrap();
        upload.id
    };
    let ids = |owner, limit| {
        let jobs = records.owned(owner, limit).unwrap();
        jobs.into_iter().map(|job| job.id).collect::<Vec<_>>()
    };
    let (first, second) = (owned("o", 1), owned("o", 2));
    owned("other", 3);
    queued(records, "a", 4);
    assert_eq!(ids("o", 9), [second.clone(), first]);
    assert_eq!(ids("o", 1), [second]);
    assert_eq!(ids("", 9), []);
}

fn queued_and_running_jobs_never_expire(records: &dyn Records) {
    let upload = NewUpload {
        expires_at: 30,
        ..new("a")
    };
    begun(records, &upload);
    records.enqueue(&upload.id, "d", None, 0).unwrap();
    assert_eq!(records.due(LATER * 9, 10).unwrap(), []);
    let lease = claimed(records, 0);
    assert_eq!(records.due(LATER * 9, 10).unwrap(), []);
    records
        .complete(&lease, &super::tasks::outcome(1), 5, 40)
        .unwrap();
    assert_eq!(records.due(39, 10).unwrap(), []);
    assert_eq!(records.due(40, 10).unwrap(), [Due::Finished(upload.id)]);
}

fn expire_leaves_a_tombstone(records: &dyn Records) {
    for state in FINAL {
        let id = ended(records, "a", state);
        records.expire(&id, 500).unwrap();
        let tomb = job(records, &id);
        assert_eq!((tomb.state, tomb.expires_at), (State::Expired, Some(500)));
        assert_eq!(reserved(records), 0);
        assert_eq!(tomb.outcome.clone().and_then(|o| o.report), None);
        // Repeated after a crash, it changes nothing.
        records.expire(&id, 900).unwrap();
        assert_eq!(job(records, &id), tomb);
        assert_eq!(records.due(500, 10).unwrap(), [Due::Tombstone(id.clone())]);
        records.forget(&id).unwrap();
        assert_eq!(records.job(&id).unwrap(), None);
        records.forget(&id).unwrap();
    }
}

fn what_goes_on_cannot_expire_or_be_forgotten(records: &dyn Records) {
    let check = |id: &TaskId| {
        refused!(records.expire(id, 5), Fault::Conflict { .. });
        refused!(records.shorten(id, 5), Fault::Conflict { .. });
        refused!(records.forget(id), Fault::Conflict { .. });
    };
    let id = begun(records, &new("a"));
    check(&id);
    records.enqueue(&id, "d", None, 0).unwrap();
    check(&id);
    completed(
        records,
        &{
            let lease = claimed(records, 0);
            check(&id);
            lease
        },
        1,
        0,
    );
    let nobody = TaskId::random();
    refused!(records.expire(&nobody, 5), Fault::Missing { .. });
    refused!(records.shorten(&nobody, 5), Fault::Missing { .. });
}

fn shorten_only_shortens(records: &dyn Records) {
    for state in FINAL {
        let id = ended(records, "a", state);
        for (say, hear) in [(500, 500), (900, 500), (100, 100)] {
            records.shorten(&id, say).unwrap();
            assert_eq!(job(records, &id).expires_at, Some(hear));
        }
        records.expire(&id, 800).unwrap();
        records.shorten(&id, 1).unwrap();
        assert_eq!(job(records, &id).expires_at, Some(800));
    }
}

fn owners_are_those_with_files(records: &dyn Records) {
    for state in [State::Failed, State::Cancelled, State::Expired] {
        ended(records, "a", state);
    }
    let done = ended(records, "a", State::Completed);
    queued(records, "a", 0);
    let running = claimed(records, 0).job.id;
    let waiting = queued(records, "a", 0);
    let upload = begun(records, &new("a"));
    let mut owners = records.owners().unwrap();
    let mut working = vec![running, waiting, upload];
    owners.working.sort();
    working.sort();
    assert_eq!((owners.working, owners.finished), (working, vec![done]));
}

fn jobs_are_listed_newest_first(records: &dyn Records) {
    let middle = queued(records, "a", 20);
    let oldest = queued(records, "b", 10);
    let newest = queued(records, "a", 30);
    begun(records, &new("a"));
    let ids = |client, limit| -> Vec<TaskId> {
        let jobs = records.jobs(client, limit).unwrap();
        jobs.into_iter().map(|job| job.id).collect()
    };
    assert_eq!(
        ids(None, 10),
        [newest.clone(), middle.clone(), oldest.clone()]
    );
    assert_eq!(ids(None, 1), std::slice::from_ref(&newest));
    assert_eq!(ids(Some("a"), 10), [newest, middle]);
    assert_eq!(ids(Some("b"), 10), [oldest]);
    assert_eq!(ids(Some("nobody"), 10), []);
    assert_eq!(ids(None, 0), []);
}

fn sums_follow_every_step(records: &dyn Records) {
    let check = |reserved, uploads, queued, processing, completed| {
        let expected = Totals {
            reserved,
            uploads,
            queued,
            processing,
            completed,
        };
        assert_eq!(records.totals().unwrap(), expected);
    };
    check(0, 0, 0, 0, 0);
    let id = begun(records, &new("a"));
    check(10, 1, 0, 0, 0);
    records.enqueue(&id, "d", None, 0).unwrap();
    check(10, 0, 1, 0, 0);
    let lease = claimed(records, 0);
    check(10, 0, 0, 1, 0);
    records.release(&lease).unwrap();
    check(10, 0, 1, 0, 0);
    // A result may be larger than its input, and than the room.
    completed(records, &claimed(records, 0), 1_000, 0);
    check(1_000, 0, 0, 0, 1);
    refused!(
        records.begin(&new("b"), Room::shared(1_005), 0),
        Fault::Full {
            wanted: 10,
            free: 5
        }
    );
    records.expire(&id, 5).unwrap();
    check(0, 0, 0, 0, 0);
    records.forget(&id).unwrap();
    check(0, 0, 0, 0, 0);
}
