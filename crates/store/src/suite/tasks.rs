//! Tasks to test with, brought to where a test begins.

use crate::TaskId;
use crate::contract::{
    Begun, Job, Lease, Millis, NewUpload, Outcome, Problem, Progress, Records, Room, State,
};

/// Bytes of each upload, unless a test says otherwise.
pub(super) const LENGTH: u64 = 10;

/// More than all tasks of a test reserve.
pub(super) const ROOM: u64 = 1 << 40;

/// When uploads and results expire: later than anything a test does.
pub(super) const LATER: Millis = 1_000_000_000;

/// How long a lease lasts.
pub(super) const LEASE: Millis = 35_000;

pub(super) fn new(client: &str) -> NewUpload {
    NewUpload {
        id: TaskId::random(),
        idempotency_key: None,
        client: client.to_owned(),
        owner: None,
        order: r#"{"operation":"compress"}"#.to_owned(),
        length: LENGTH,
        expires_at: LATER,
    }
}

pub(super) fn keyed(client: &str, key: &str) -> NewUpload {
    NewUpload {
        idempotency_key: Some(key.to_owned()),
        ..new(client)
    }
}

/// An upload that has begun at 0.
pub(super) fn begun(records: &dyn Records, upload: &NewUpload) -> TaskId {
    assert!(matches!(
        records.begin(upload, Room::shared(ROOM), 0).unwrap(),
        Begun::New
    ));
    upload.id.clone()
}

/// A job that has been queued at `now`.
pub(super) fn queued(records: &dyn Records, client: &str, now: Millis) -> TaskId {
    let id = begun(records, &new(client));
    records.enqueue(&id, "digest", None, now).unwrap();
    id
}

/// Takes the next job; there must be one.
pub(super) fn claimed(records: &dyn Records, now: Millis) -> Lease {
    claim(records, now).expect("a job is ready")
}

/// Takes the next job, if there is one.
pub(super) fn claim(records: &dyn Records, now: Millis) -> Option<Lease> {
    records.claim("worker", now + LEASE, now).unwrap()
}

/// Completes a lease with a result of `size` bytes.
pub(super) fn completed(records: &dyn Records, lease: &Lease, size: u64, now: Millis) {
    records.complete(lease, &outcome(size), now, LATER).unwrap();
}

/// A job that has reached this final state at 0.
pub(super) fn ended(records: &dyn Records, client: &str, state: State) -> TaskId {
    let id = queued(records, client, 0);
    let lease = claimed(records, 0);
    match state {
        State::Completed => completed(records, &lease, 4, 0),
        State::Expired => {
            completed(records, &lease, 4, 0);
            records.expire(&id, LATER).unwrap();
        }
        _ => records
            .fail(&lease, state, &problem("broken"), 0, LATER)
            .unwrap(),
    }
    assert_eq!(job(records, &id).state, state);
    id
}

pub(super) fn job(records: &dyn Records, id: &TaskId) -> Job {
    records.job(id).unwrap().expect("it is a job")
}

pub(super) fn outcome(size: u64) -> Outcome {
    Outcome {
        size,
        digest: "of the result".to_owned(),
        extension: "mp4".to_owned(),
        kept_original: false,
        notes: vec!["ümläut \"quoted\"".to_owned(), String::new()],
        report: Some(r#"{"version":1,"reason":"ümläut"}"#.to_owned()),
    }
}

pub(super) fn problem(code: &str) -> Problem {
    Problem {
        code: code.to_owned(),
        description: "it broke".to_owned(),
        solution: "mend it".to_owned(),
    }
}

pub(super) fn progress(fraction: f64) -> Progress {
    Progress {
        fraction,
        stage: "encoding".to_owned(),
        speed: Some(1.5),
        remaining_s: Some(90.0),
    }
}

/// What all tasks reserve.
pub(super) fn reserved(records: &dyn Records) -> u64 {
    records.totals().unwrap().reserved
}
