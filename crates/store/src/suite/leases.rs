//! Fencing: who has lost a lease changes nothing any more, whatever happened to the job since.

use super::tasks::{
    LATER, LEASE, claim, claimed, completed, ended, job, outcome, problem, progress, queued,
};
use super::{cases, refused};
use crate::contract::{Lease, Records, State, Verdict};
use crate::{Fault, Secret, TaskId};

cases!(dyn Records:
    a_reaped_worker_is_refused,
    a_guessed_token_is_refused,
    an_ended_lease_that_nobody_took_is_still_held,
    what_ended_cannot_end_again,
    reap_fails_what_used_up_its_attempts,
    nobody_waits_for_a_clock_that_was_ahead,
    reclaim_ends_every_lease_and_keeps_attempts,
    cancel_ends_a_queued_job_at_once,
    cancel_marks_a_running_job,
    a_wish_to_cancel_survives_the_way_back,
    a_result_beats_a_late_cancel,
    cancel_leaves_what_has_ended,
    cancel_needs_a_job,
);

/// Every write of a worker that has lost its lease, and the job as it was before and is after.
fn fenced(records: &dyn Records, lease: &Lease) {
    let before = records.job(&lease.job.id).unwrap();
    let beat = records.heartbeat(lease, &progress(0.9), LATER).unwrap();
    assert_eq!(beat, Verdict::Lost);
    refused!(
        records.complete(lease, &outcome(4), 1, LATER),
        Fault::Conflict { .. }
    );
    let fail = |state| records.fail(lease, state, &problem("late"), 1, LATER);
    refused!(fail(State::Failed), Fault::Conflict { .. });
    refused!(fail(State::Cancelled), Fault::Conflict { .. });
    refused!(
        records.retry(lease, &problem("late"), 1),
        Fault::Conflict { .. }
    );
    refused!(records.release(lease), Fault::Conflict { .. });
    assert_eq!(records.job(&lease.job.id).unwrap(), before);
}

fn a_reaped_worker_is_refused(records: &dyn Records) {
    let id = queued(records, "a", 0);
    let paused = claimed(records, 0);
    assert_eq!(
        records.reap(LEASE - 1, 3, &problem("lost"), LATER).unwrap(),
        (0, 0)
    );
    assert_eq!(
        records.reap(LEASE, 3, &problem("lost"), LATER).unwrap(),
        (1, 0)
    );
    fenced(records, &paused);
    let next = claimed(records, LEASE);
    assert_eq!((&next.job.id, next.job.attempt), (&id, 2));
    fenced(records, &paused);
    completed(records, &next, 4, LEASE + 1);
    fenced(records, &paused);
    fenced(records, &next);
    records.expire(&id, LATER).unwrap();
    fenced(records, &paused);
    records.forget(&id).unwrap();
    fenced(records, &paused);
}

fn a_guessed_token_is_refused(records: &dyn Records) {
    queued(records, "a", 0);
    let lease = claimed(records, 0);
    for token in [Secret::random(), Secret::from_stored(String::new())] {
        let job = lease.job.clone();
        fenced(records, &Lease { job, token });
    }
    completed(records, &lease, 1, 0);
}

fn an_ended_lease_that_nobody_took_is_still_held(records: &dyn Records) {
    queued(records, "a", 0);
    let lease = claimed(records, 0);
    let late = 10 * LEASE;
    let beat = records
        .heartbeat(&lease, &progress(0.1), late + LEASE)
        .unwrap();
    assert_eq!(beat, Verdict::Continue);
    assert_eq!(
        records.reap(late, 3, &problem("lost"), LATER).unwrap(),
        (0, 0)
    );
    completed(records, &lease, 1, late);
}

fn what_ended_cannot_end_again(records: &dyn Records) {
    for end in 0..4 {
        queued(records, "a", 0);
        let lease = claimed(records, 0);
        match end {
            0 => completed(records, &lease, 1, 0),
            1 => records
                .fail(&lease, State::Failed, &problem("p"), 0, LATER)
                .unwrap(),
            2 => records.retry(&lease, &problem("p"), LATER).unwrap(),
            _ => records.release(&lease).unwrap(),
        }
        fenced(records, &lease);
    }
}

fn nobody_waits_for_a_clock_that_was_ahead(records: &dyn Records) {
    for correct in [
        |records: &dyn Records, now| records.clock_put_back(now),
        |records: &dyn Records, now| records.reclaim_all(now).map(|_| ()),
    ] {
        queued(records, "a", LATER);
        assert!(claim(records, 10).is_none());
        correct(records, 10).unwrap();
        let lease = claimed(records, 10);
        completed(records, &lease, 1, 11);
    }
}

fn reap_fails_what_used_up_its_attempts(records: &dyn Records) {
    let id = queued(records, "a", 0);
    for now in [0, LEASE] {
        claimed(records, now);
        let reaped = records
            .reap(now + LEASE, 3, &problem("gave up"), 77)
            .unwrap();
        assert_eq!(reaped, (1, 0));
        assert_eq!(job(records, &id).problem, None);
    }
    claimed(records, 3 * LEASE);
    let reaped = records
        .reap(4 * LEASE, 3, &problem("gave up"), 5 * LEASE)
        .unwrap();
    assert_eq!(reaped, (0, 1));
    let dead = job(records, &id);
    assert_eq!((dead.state, dead.attempt), (State::Failed, 3));
    assert_eq!(dead.problem, Some(problem("gave up")));
    assert_eq!(
        (dead.finished_at, dead.expires_at),
        (Some(4 * LEASE), Some(5 * LEASE))
    );
    assert_eq!(super::tasks::reserved(records), 0);
    assert!(claim(records, LATER).is_none());
}

fn reclaim_ends_every_lease_and_keeps_attempts(records: &dyn Records) {
    let leases: Vec<_> = ["a", "b", "c"]
        .into_iter()
        .map(|client| {
            queued(records, client, 0);
            claimed(records, 0)
        })
        .collect();
    completed(records, &leases[2], 1, 0);
    assert_eq!(records.reclaim_all(1).unwrap(), 2);
    assert_eq!(records.reclaim_all(1).unwrap(), 0);
    for lease in &leases[..2] {
        fenced(records, lease);
        let back = job(records, &lease.job.id);
        assert_eq!((back.state, back.attempt), (State::Queued, 1));
    }
    assert_eq!(claimed(records, 1).job.attempt, 2);
}

fn cancel_ends_a_queued_job_at_once(records: &dyn Records) {
    let id = queued(records, "a", 0);
    let after = records.cancel(&id, 5, 60).unwrap();
    assert_eq!(after, job(records, &id));
    assert_eq!(
        (after.state, after.finished_at),
        (State::Cancelled, Some(5))
    );
    assert_eq!((after.expires_at, after.problem), (Some(60), None));
    assert_eq!(super::tasks::reserved(records), 0);
    assert!(claim(records, LATER).is_none());
}

fn cancel_marks_a_running_job(records: &dyn Records) {
    let id = queued(records, "a", 0);
    let lease = claimed(records, 0);
    let after = records.cancel(&id, 5, 60).unwrap();
    assert_eq!(
        (after.state, after.cancel_requested),
        (State::Processing, true)
    );
    let beat = records.heartbeat(&lease, &progress(0.2), LEASE).unwrap();
    assert_eq!(beat, Verdict::Cancel);
    records
        .fail(&lease, State::Cancelled, &problem("cancelled"), 6, 60)
        .unwrap();
    assert_eq!(job(records, &id).state, State::Cancelled);
}

fn a_wish_to_cancel_survives_the_way_back(records: &dyn Records) {
    let id = queued(records, "a", 0);
    let lease = claimed(records, 0);
    records.cancel(&id, 5, 60).unwrap();
    records.retry(&lease, &problem("again"), 0).unwrap();
    let lease = claimed(records, 1);
    assert!(lease.job.cancel_requested);
    records.release(&lease).unwrap();
    assert!(claimed(records, 1).job.cancel_requested);
    records.reclaim_all(1).unwrap();
    assert!(job(records, &id).cancel_requested);
    // Asked again while it waits, it ends at once.
    assert_eq!(records.cancel(&id, 5, 60).unwrap().state, State::Cancelled);
}

fn a_result_beats_a_late_cancel(records: &dyn Records) {
    let id = queued(records, "a", 0);
    let lease = claimed(records, 0);
    records.cancel(&id, 5, 60).unwrap();
    completed(records, &lease, 1, 6);
    assert_eq!(job(records, &id).state, State::Completed);
}

fn cancel_leaves_what_has_ended(records: &dyn Records) {
    for state in [
        State::Completed,
        State::Failed,
        State::Cancelled,
        State::Expired,
    ] {
        let id = ended(records, "a", state);
        let before = job(records, &id);
        assert_eq!(records.cancel(&id, 5, 60).unwrap(), before);
        assert_eq!(job(records, &id), before);
    }
}

fn cancel_needs_a_job(records: &dyn Records) {
    refused!(
        records.cancel(&TaskId::random(), 5, 60),
        Fault::Missing { .. }
    );
    let upload = super::tasks::begun(records, &super::tasks::new("a"));
    refused!(records.cancel(&upload, 5, 60), Fault::Conflict { .. });
    records.enqueue(&upload, "d", None, 0).unwrap();
}
