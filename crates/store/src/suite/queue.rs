//! What a claim takes, what a lease does to its job, and how jobs come back.

use super::tasks::{
    LATER, LEASE, LENGTH, claim, claimed, completed, job, outcome, problem, progress, queued,
    reserved,
};
use super::{cases, refused};
use crate::Fault;
use crate::contract::{Progress, Records, State, Verdict};

cases!(dyn Records:
    an_empty_queue_gives_nothing,
    a_claim_takes_the_job_and_counts_the_attempt,
    a_client_has_one_running_job,
    a_heartbeat_records_progress,
    progress_of_any_kind_can_be_told,
    complete_keeps_the_outcome_and_its_size,
    fail_frees_and_says_why,
    fail_takes_only_ends_without_a_result,
    retry_waits_and_keeps_the_attempt,
    release_gives_the_attempt_back,
    a_new_attempt_begins_without_progress,
);

fn an_empty_queue_gives_nothing(records: &dyn Records) {
    assert!(claim(records, 0).is_none());
    queued(records, "a", 100);
    assert!(claim(records, 99).is_none());
    assert!(claim(records, 100).is_some());
    assert!(claim(records, 100).is_none());
}

fn a_claim_takes_the_job_and_counts_the_attempt(records: &dyn Records) {
    let id = queued(records, "a", 0);
    let lease = claimed(records, 5);
    assert_eq!(lease.job, job(records, &id));
    assert_eq!((lease.job.state, lease.job.attempt), (State::Processing, 1));
    assert_eq!((lease.job.started_at, lease.job.created_at), (Some(5), 0));
    let totals = records.totals().unwrap();
    assert_eq!(
        (totals.queued, totals.processing, totals.reserved),
        (0, 1, LENGTH)
    );
}

fn a_client_has_one_running_job(records: &dyn Records) {
    for client in ["a", "a", "b"] {
        queued(records, client, 0);
    }
    let (first, second) = (claimed(records, 0), claimed(records, 0));
    assert_ne!(first.job.client, second.job.client);
    assert!(claim(records, 0).is_none());
    let a = if first.job.client == "a" {
        first
    } else {
        second
    };
    completed(records, &a, 1, 0);
    assert_eq!(claimed(records, 0).job.client, "a");
}

fn a_heartbeat_records_progress(records: &dyn Records) {
    let id = queued(records, "a", 0);
    let lease = claimed(records, 0);
    let beat = records
        .heartbeat(&lease, &progress(0.5), LEASE + 7)
        .unwrap();
    assert_eq!(beat, Verdict::Continue);
    assert_eq!(job(records, &id).progress, progress(0.5));
    // The lease is longer now.
    assert_eq!(
        records.reap(LEASE + 6, 9, &problem("p"), LATER).unwrap(),
        (0, 0)
    );
    assert_eq!(
        records.reap(LEASE + 7, 9, &problem("p"), LATER).unwrap(),
        (1, 0)
    );
}

fn progress_of_any_kind_can_be_told(records: &dyn Records) {
    let id = queued(records, "a", 0);
    let lease = claimed(records, 0);
    for (said, kept) in [
        (f64::NAN, 0.0),
        (-1.0, 0.0),
        (7.0, 1.0),
        (f64::INFINITY, 1.0),
    ] {
        let odd = Progress {
            speed: Some(f64::INFINITY),
            remaining_s: Some(f64::NAN),
            ..progress(said)
        };
        records.heartbeat(&lease, &odd, LEASE).unwrap();
        let seen = job(records, &id).progress;
        assert_eq!(
            (seen.fraction, seen.speed, seen.remaining_s),
            (kept, None, None)
        );
    }
}

fn complete_keeps_the_outcome_and_its_size(records: &dyn Records) {
    let id = queued(records, "a", 0);
    let lease = claimed(records, 1);
    records.retry(&lease, &problem("once"), 2).unwrap();
    let lease = claimed(records, 3);
    assert_eq!(lease.job.problem, Some(problem("once")));
    completed(records, &lease, 4, 5);
    let done = job(records, &id);
    assert_eq!((done.state, done.attempt), (State::Completed, 2));
    assert_eq!((done.outcome, done.problem), (Some(outcome(4)), None));
    assert_eq!((done.finished_at, done.expires_at), (Some(5), Some(LATER)));
    assert_eq!(
        (done.progress.fraction, done.progress.stage.as_str()),
        (1.0, "done")
    );
    let totals = records.totals().unwrap();
    assert_eq!(
        (totals.completed, totals.processing, totals.reserved),
        (1, 0, 4)
    );
}

fn fail_frees_and_says_why(records: &dyn Records) {
    for state in [State::Failed, State::Cancelled] {
        let id = queued(records, "a", 0);
        let lease = claimed(records, 1);
        records.fail(&lease, state, &problem("why"), 5, 60).unwrap();
        let done = job(records, &id);
        assert_eq!((done.state, done.problem), (state, Some(problem("why"))));
        assert_eq!((done.finished_at, done.expires_at), (Some(5), Some(60)));
        assert_eq!((done.outcome, reserved(records)), (None, 0));
    }
}

fn fail_takes_only_ends_without_a_result(records: &dyn Records) {
    queued(records, "a", 0);
    let lease = claimed(records, 1);
    for state in [
        State::Queued,
        State::Processing,
        State::Completed,
        State::Expired,
    ] {
        refused!(
            records.fail(&lease, state, &problem("x"), 5, 60),
            Fault::Conflict { .. }
        );
    }
    completed(records, &lease, 1, 2);
}

fn retry_waits_and_keeps_the_attempt(records: &dyn Records) {
    let id = queued(records, "a", 0);
    let lease = claimed(records, 0);
    records.retry(&lease, &problem("again"), 100).unwrap();
    let waiting = job(records, &id);
    assert_eq!((waiting.state, waiting.attempt), (State::Queued, 1));
    assert_eq!(waiting.problem, Some(problem("again")));
    assert_eq!(reserved(records), LENGTH);
    assert!(claim(records, 99).is_none());
    // Others of its client need not wait for it.
    let other = queued(records, "a", 50);
    let lease = claimed(records, 99);
    assert_eq!(lease.job.id, other);
    completed(records, &lease, 0, 99);
    let lease = claimed(records, 100);
    assert_eq!((lease.job.id, lease.job.attempt), (id, 2));
}

fn release_gives_the_attempt_back(records: &dyn Records) {
    let id = queued(records, "a", 0);
    for _ in 0..3 {
        let lease = claimed(records, 0);
        assert_eq!(lease.job.attempt, 1);
        records.release(&lease).unwrap();
        assert_eq!(
            (job(records, &id).state, job(records, &id).attempt),
            (State::Queued, 0)
        );
    }
    // Its age is what it was: it goes before a younger one of its client.
    queued(records, "a", 1);
    assert_eq!(claimed(records, 2).job.id, id);
}

fn a_new_attempt_begins_without_progress(records: &dyn Records) {
    let id = queued(records, "a", 0);
    let back: [&dyn Fn(); 3] = [
        &|| assert_eq!(records.reclaim_all(0).unwrap(), 1),
        &|| {
            assert_eq!(
                records.reap(LATER, 9, &problem("p"), LATER).unwrap(),
                (1, 0)
            )
        },
        &|| {
            let lease = claimed(records, 0);
            records.release(&lease).unwrap();
        },
    ];
    for back in &back[..2] {
        let lease = claimed(records, 0);
        records.heartbeat(&lease, &progress(0.9), LEASE).unwrap();
        back();
        let waiting = job(records, &id).progress;
        assert_eq!((waiting.fraction, waiting.stage.as_str()), (0.0, "waiting"));
        assert_eq!((waiting.speed, waiting.remaining_s), (None, None));
    }
    assert_eq!(job(records, &id).attempt, 2);
    back[2]();
    assert_eq!(job(records, &id).attempt, 2);
}
