//! Whose turn it is, and what the place in the queue promises.

use super::cases;
use super::tasks::{LATER, claim, claimed, completed, problem, queued};
use crate::TaskId;
use crate::contract::{Millis, Records};

cases!(dyn Records:
    jobs_of_one_client_go_by_age,
    clients_take_turns,
    a_newcomer_goes_before_a_busy_client,
    newcomers_cannot_starve_a_waiting_client,
    starts_long_ago_do_not_matter,
    a_clock_put_right_does_not_put_clients_last,
    place_is_only_for_queued_jobs,
    place_is_the_order_of_claims,
    place_knows_who_runs,
);

/// Longer than any backend prefers newcomers for.
const AGES: Millis = 7 * 24 * 3_600 * 1_000;

/// Takes the next job and is done with it at once; whose it was.
fn served(records: &dyn Records, now: Millis) -> (String, TaskId) {
    let lease = claimed(records, now);
    completed(records, &lease, 0, now);
    (lease.job.client, lease.job.id)
}

fn jobs_of_one_client_go_by_age(records: &dyn Records) {
    let second = queued(records, "a", 20);
    let first = queued(records, "a", 10);
    let third = queued(records, "a", 20);
    for id in [first, second, third] {
        assert_eq!(served(records, 30).1, id);
    }
}

fn clients_take_turns(records: &dyn Records) {
    for client in ["a", "a", "a", "b", "b", "c"] {
        queued(records, client, 0);
    }
    let turns: Vec<_> = (10..16).map(|now| served(records, now).0).collect();
    assert_eq!(turns, ["a", "b", "c", "a", "b", "a"]);
}

fn a_newcomer_goes_before_a_busy_client(records: &dyn Records) {
    for _ in 0..10 {
        queued(records, "busy", 0);
    }
    assert_eq!(served(records, 1_000).0, "busy");
    queued(records, "new", 2_000);
    assert_eq!(served(records, 3_000).0, "new");
    assert_eq!(served(records, 3_000).0, "busy");
}

fn newcomers_cannot_starve_a_waiting_client(records: &dyn Records) {
    queued(records, "old", 0);
    assert_eq!(served(records, 0).0, "old");
    queued(records, "old", 1);
    // A new client comes each ten minutes, and there is time for one job each ten minutes.
    let minutes = (1..).step_by(10).map(|minute: Millis| minute * 60_000);
    for now in minutes.take_while(|now| *now < AGES) {
        queued(records, &format!("new {now}"), now);
        if served(records, now).0 == "old" {
            return;
        }
    }
    panic!("it has waited for a week");
}

fn starts_long_ago_do_not_matter(records: &dyn Records) {
    queued(records, "a", 0);
    served(records, 0);
    let first = queued(records, "a", AGES);
    let second = queued(records, "b", AGES + 1);
    assert_eq!(served(records, AGES + 2).1, first);
    assert_eq!(served(records, AGES + 2).1, second);
}

fn a_clock_put_right_does_not_put_clients_last(records: &dyn Records) {
    queued(records, "a", AGES);
    served(records, AGES);
    // The clock was a week ahead. The server starts again with a right one.
    records.reclaim_all(0).unwrap();
    let mine = queued(records, "a", 1);
    let late = 12 * 3_600 * 1_000;
    queued(records, "b", late);
    assert_eq!(served(records, late).1, mine);
}

fn place_is_only_for_queued_jobs(records: &dyn Records) {
    let place = |id: &TaskId| records.place(id).unwrap();
    assert_eq!(place(&TaskId::random()), None);
    let upload = super::tasks::begun(records, &super::tasks::new("a"));
    assert_eq!(place(&upload), None);
    let id = queued(records, "a", 0);
    assert_eq!(place(&id), Some(1));
    let lease = claimed(records, 0);
    assert_eq!(place(&id), None);
    records.retry(&lease, &problem("p"), 500).unwrap();
    assert_eq!(place(&id), Some(1));
    records.cancel(&id, 0, LATER).unwrap();
    assert_eq!(place(&id), None);
}

/// Many clients with different numbers of jobs and histories: the places all at once, then all claims.
fn place_is_the_order_of_claims(records: &dyn Records) {
    for (client, now) in [("c", 10), ("a", 20), ("e", 20), ("b", 30)] {
        queued(records, client, 0);
        served(records, now);
    }
    let mut waiting = Vec::new();
    for (n, client) in "abacadbbccaefghea".chars().enumerate() {
        let age = 40 + (n as Millis * 7) % 5;
        waiting.push(queued(records, &client.to_string(), age));
    }
    let mut places: Vec<_> = waiting
        .iter()
        .map(|id| (records.place(id).unwrap().unwrap(), id.clone()))
        .collect();
    places.sort();
    let numbers: Vec<_> = places.iter().map(|(place, _)| *place).collect();
    assert_eq!(numbers, (1..=17).collect::<Vec<_>>());
    for (place, id) in places {
        // Several within one millisecond.
        assert_eq!(
            served(records, 100 + (place / 3) as Millis).1,
            id,
            "place {place}"
        );
    }
    assert!(claim(records, LATER).is_none());
}

fn place_knows_who_runs(records: &dyn Records) {
    queued(records, "busy", 0);
    let running = claimed(records, 10);
    let next = queued(records, "busy", 11);
    let other = queued(records, "other", 12);
    assert_eq!(records.place(&other).unwrap(), Some(1));
    assert_eq!(records.place(&next).unwrap(), Some(2));
    completed(records, &running, 0, 20);
    assert_eq!(served(records, 20).1, other);
    assert_eq!(records.place(&next).unwrap(), Some(1));
}
