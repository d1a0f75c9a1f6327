//! The same promises when several threads want the same thing at once.

use super::cases;
use super::tasks::{LATER, LEASE, LENGTH, ROOM, keyed, new, outcome, progress, queued, reserved};
use crate::contract::{Begun, Records, Room, State, Verdict};
use crate::{Fault, TaskId};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::SeqCst};

cases!(dyn Records:
    every_job_is_done_once_and_never_two_of_one_client_at_once,
    one_key_begins_once,
    the_room_is_given_away_once,
    an_upload_becomes_one_job,
    the_limit_holds,
    a_lease_has_one_end,
);

const THREADS: usize = 8;
const JOBS: usize = 400;
const CLIENTS: usize = 5;
/// Far more claims than it takes, most of them in vain: whoever waits for a job that was lost must end some time.
const CLAIMS: i64 = 5_000_000;

/// Runs `act` in each thread; how many of them answered `true`.
fn winners(act: impl Fn(usize) -> bool + Sync) -> usize {
    let won = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for n in 0..THREADS {
            let (won, act) = (&won, &act);
            scope.spawn(move || won.fetch_add(usize::from(act(n)), SeqCst));
        }
    });
    won.into_inner()
}

fn every_job_is_done_once_and_never_two_of_one_client_at_once(records: &dyn Records) {
    for n in 0..JOBS {
        queued(records, &(n % CLIENTS).to_string(), 0);
    }
    let running: [AtomicBool; CLIENTS] = Default::default();
    let (clock, done) = (AtomicI64::new(1), Mutex::new(HashMap::<TaskId, u32>::new()));
    winners(|n| {
        while done.lock().unwrap().len() < JOBS {
            let now = clock.fetch_add(1, SeqCst);
            assert!(now < CLAIMS, "a job is not given to anybody");
            let Some(lease) = records.claim(&n.to_string(), now + LEASE, now).unwrap() else {
                std::thread::yield_now();
                continue;
            };
            let mine = &running[lease.job.client.parse::<usize>().unwrap()];
            assert!(!mine.swap(true, SeqCst), "two running jobs of one client");
            let beat = records
                .heartbeat(&lease, &progress(0.5), now + LEASE)
                .unwrap();
            assert_eq!(beat, Verdict::Continue);
            mine.store(false, SeqCst);
            records.complete(&lease, &outcome(1), now, LATER).unwrap();
            *done.lock().unwrap().entry(lease.job.id).or_default() += 1;
        }
        true
    });
    assert!(done.into_inner().unwrap().values().all(|times| *times == 1));
    let totals = records.totals().unwrap();
    assert_eq!(
        (totals.completed, totals.reserved),
        (JOBS as u64, JOBS as u64)
    );
}

fn one_key_begins_once(records: &dyn Records) {
    for round in 0..10 {
        let begin = |_| {
            records
                .begin(&keyed("a", &round.to_string()), Room::shared(ROOM), 0)
                .unwrap()
        };
        assert_eq!(winners(|n| matches!(begin(n), Begun::New)), 1);
    }
    assert_eq!(reserved(records), 10 * LENGTH);
}

fn the_room_is_given_away_once(records: &dyn Records) {
    let begin = |_| match records.begin(&new("a"), Room::shared(5 * LENGTH), 0) {
        Ok(Begun::New) => true,
        Err(Fault::Full { .. }) => false,
        other => panic!("{other:?}"),
    };
    assert_eq!(winners(begin), 5);
    assert_eq!(reserved(records), 5 * LENGTH);
}

fn an_upload_becomes_one_job(records: &dyn Records) {
    let id = super::tasks::begun(records, &new("a"));
    let jobs = Mutex::new(Vec::new());
    winners(|n| {
        let job = records.enqueue(&id, "d", Some(1), n as i64).unwrap();
        jobs.lock().unwrap().push(job);
        true
    });
    let jobs = jobs.into_inner().unwrap();
    assert!(jobs.iter().all(|job| *job == jobs[0]));
    assert_eq!(records.totals().unwrap().queued, 1);
}

fn the_limit_holds(records: &dyn Records) {
    let ids: Vec<_> = (0..THREADS)
        .map(|_| super::tasks::begun(records, &new("a")))
        .collect();
    let enqueue = |n: usize| match records.enqueue(&ids[n], "d", Some(3), 0) {
        Ok(_) => true,
        Err(Fault::Busy { waiting: 3 }) => false,
        other => panic!("{other:?}"),
    };
    assert_eq!(winners(enqueue), 3);
    assert_eq!(records.unfinished("a").unwrap(), 3);
}

/// A worker that completes, its client that cancels, and a reaper that takes the lease away.
fn a_lease_has_one_end(records: &dyn Records) {
    for round in 0..10 {
        let id = queued(records, "a", round);
        let lease = super::tasks::claimed(records, round);
        let problem = super::tasks::problem("gave up");
        let ends = winners(|n| match n % 3 {
            0 => records.complete(&lease, &outcome(1), round, LATER).is_ok(),
            1 => records.reap(round + LEASE, 1, &problem, LATER).unwrap().1 > 0,
            _ => records
                .fail(&lease, State::Failed, &problem, round, LATER)
                .is_ok(),
        });
        assert_eq!(ends, 1);
        assert!(super::tasks::job(records, &id).state.is_final());
    }
}
