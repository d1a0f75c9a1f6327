//! What may happen to a store, taken by the store and the model alike.

use super::reference::{Reference, Stage, Task};
use kinora_store::contract::{
    Begun, Due, Lease, Millis, NewUpload, Outcome, Problem, Progress, Records, Room, State, Verdict,
};
use kinora_store::sqlite::Database;
use kinora_store::{Fault, TaskId};
use proptest::prelude::*;

pub(crate) const CLIENTS: [&str; 4] = ["a", "b", "c", "d"];
const ROOM: u64 = 500;
const LEASE: Millis = 35_000;
const KEEP: Millis = 7_200_000;
const ATTEMPTS: u32 = 3;
const LIMIT: u64 = 4;

/// Numbers pick a task or a lease among those that there have been so far, whatever has become of them.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Begin(usize, u64),
    Advance(usize, u64),
    Abandon(usize),
    Enqueue(usize),
    Claim,
    Heartbeat(usize),
    Complete(usize, u64),
    Fail(usize, bool),
    Retry(usize, Millis),
    Release(usize),
    Cancel(usize),
    Reap,
    Clean,
    Wait(Millis),
    Restart,
}

/// Steps in proportions that bring tasks to every state.
pub(crate) fn strategy() -> impl Strategy<Value = Step> {
    let task = || 0..24_usize;
    prop_oneof![
        6 => (0..CLIENTS.len(), 0..90_u64).prop_map(|(client, length)| Step::Begin(client, length)),
        2 => (task(), 0..100_u64).prop_map(|(n, durable)| Step::Advance(n, durable)),
        1 => task().prop_map(Step::Abandon),
        8 => task().prop_map(Step::Enqueue),
        8 => Just(Step::Claim),
        2 => task().prop_map(Step::Heartbeat),
        5 => (task(), 0..200_u64).prop_map(|(n, size)| Step::Complete(n, size)),
        2 => (task(), any::<bool>()).prop_map(|(n, cancelled)| Step::Fail(n, cancelled)),
        2 => (task(), 0..90_000_i64).prop_map(|(n, pause)| Step::Retry(n, pause)),
        2 => task().prop_map(Step::Release),
        2 => task().prop_map(Step::Cancel),
        2 => Just(Step::Reap),
        2 => Just(Step::Clean),
        4 => prop_oneof![1..1_000_i64, 1..80_000_i64, 1..5_000_000_i64].prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ]
}

/// A store, its model, a clock, and every lease that was ever given.
pub(crate) struct World {
    pub(crate) store: Database,
    pub(crate) model: Reference,
    leases: Vec<(usize, Lease)>,
    now: Millis,
}

impl World {
    pub(crate) fn new(store: Database) -> Self {
        Self {
            store,
            model: Reference::default(),
            leases: Vec::new(),
            now: 1_000_000_000,
        }
    }

    /// The server stops without a word and starts again.
    pub(crate) fn restarted(self, open: impl Fn() -> Database) -> Self {
        drop(self.store);
        let mut world = Self {
            store: open(),
            ..self
        };
        let running = world
            .model
            .tasks
            .iter_mut()
            .filter(|task| task.is(State::Processing));
        let back = running.map(Task::back).count() as u64;
        assert_eq!(world.store.reclaim_all(world.now).unwrap(), back);
        for task in &mut world.model.tasks {
            // Whoever waits waits no longer: the clock might have been ahead.
            if task.is(State::Queued) {
                task.not_before = task.not_before.min(world.now);
            }
            if matches!(task.stage, Stage::Uploading) && !task.keyed {
                task.stage = Stage::Gone;
                task.reserved = 0;
            }
        }
        world
    }

    pub(crate) fn take(&mut self, step: &Step) {
        match *step {
            Step::Begin(client, length) => self.begin(CLIENTS[client], length),
            Step::Advance(n, durable) => self.with_task(n, |world, n| world.advance(n, durable)),
            Step::Abandon(n) => self.with_task(n, Self::abandon),
            Step::Enqueue(n) => self.with_task(n, Self::enqueue),
            Step::Claim => drop(self.claim()),
            Step::Heartbeat(n) => self.with_lease(n, Self::heartbeat),
            Step::Complete(n, size) => self.with_lease(n, |world, n, l| world.complete(n, l, size)),
            Step::Fail(n, cancelled) => {
                let state = if cancelled {
                    State::Cancelled
                } else {
                    State::Failed
                };
                self.with_lease(n, |world, n, lease| world.fail(n, lease, state));
            }
            Step::Retry(n, pause) => self.with_lease(n, |world, n, l| world.retry(n, l, pause)),
            Step::Release(n) => self.with_lease(n, Self::release),
            Step::Cancel(n) => self.with_task(n, Self::cancel),
            Step::Reap => self.reap(),
            Step::Clean => self.clean(),
            Step::Wait(time) => self.now += time,
            Step::Restart => unreachable!("the caller has the file"),
        }
    }

    /// Works until nothing is left to do.
    pub(crate) fn drain(&mut self) {
        self.now += 10 * KEEP;
        self.reap();
        while self.claim() {
            let last = self.leases.len() - 1;
            self.with_lease(last, |world, n, lease| world.complete(n, lease, 1));
            self.now += 1;
        }
    }

    fn with_task(&mut self, n: usize, act: impl FnOnce(&mut Self, usize)) {
        if !self.model.tasks.is_empty() {
            act(self, n % self.model.tasks.len());
        }
    }

    /// The task's number is given when the lease is still good.
    fn with_lease(&mut self, n: usize, act: impl FnOnce(&mut Self, Option<usize>, &Lease)) {
        if self.leases.is_empty() {
            return;
        }
        let claim = n % self.leases.len();
        let (task, lease) = self.leases[claim].clone();
        let held = self.model.tasks[task].lease == Some(claim);
        act(self, held.then_some(task), &lease);
    }

    fn begin(&mut self, client: &'static str, length: u64) {
        let (id, keyed) = (TaskId::random(), length.is_multiple_of(2));
        let upload = NewUpload {
            id: id.clone(),
            idempotency_key: keyed.then(|| id.as_str().to_owned()),
            client: client.to_owned(),
            owner: None,
            order: "{}".to_owned(),
            length,
            expires_at: self.now + KEEP,
        };
        let begun = self.store.begin(&upload, Room::shared(ROOM), self.now);
        if length > ROOM.saturating_sub(self.model.reserved()) {
            assert!(matches!(begun, Err(Fault::Full { .. })), "{begun:?}");
            return;
        }
        assert!(matches!(begun, Ok(Begun::New)), "{begun:?}");
        self.model.tasks.push(Task {
            id: upload.id,
            client,
            length,
            reserved: length,
            keyed,
            stage: Stage::Uploading,
            attempt: 0,
            cancel_requested: false,
            not_before: 0,
            lease: None,
            lease_until: 0,
            finished_at: None,
            expires_at: Some(upload.expires_at),
        });
    }

    fn advance(&mut self, n: usize, durable: u64) {
        let task = &mut self.model.tasks[n];
        let end = self.now + KEEP;
        let answer = self.store.advance(&task.id, durable, self.now, end);
        match task.stage {
            Stage::Uploading if durable <= task.length => {
                answer.unwrap();
                task.expires_at = Some(end);
            }
            Stage::Uploading => assert!(matches!(answer, Err(Fault::Offset { .. })), "{answer:?}"),
            Stage::Job(_) => conflict(answer),
            Stage::Gone => missing(answer),
        }
    }

    fn abandon(&mut self, n: usize) {
        let task = &mut self.model.tasks[n];
        let answer = self.store.abandon(&task.id);
        match task.stage {
            Stage::Uploading => {
                task.stage = Stage::Gone;
                task.reserved = 0;
                answer.unwrap();
            }
            Stage::Job(_) => conflict(answer),
            Stage::Gone => answer.unwrap(),
        }
    }

    fn enqueue(&mut self, n: usize) {
        let unfinished = self.model.unfinished(self.model.tasks[n].client);
        let task = &mut self.model.tasks[n];
        let answer = self
            .store
            .enqueue(&task.id, "digest", Some(LIMIT), self.now);
        match task.stage {
            Stage::Uploading if unfinished >= LIMIT => {
                assert!(matches!(answer, Err(Fault::Busy { .. })), "{answer:?}");
            }
            Stage::Uploading => {
                assert_eq!(answer.unwrap().state, State::Queued);
                task.stage = Stage::Job(State::Queued);
                task.not_before = self.now;
                task.expires_at = None;
            }
            Stage::Job(state) => assert_eq!(answer.unwrap().state, state),
            Stage::Gone => missing(answer),
        }
    }

    /// Whether there was a job to take.
    fn claim(&mut self) -> bool {
        let lease = self
            .store
            .claim("worker", self.now + LEASE, self.now)
            .unwrap();
        let expected = self.model.claim(self.now);
        let ids = (
            lease.as_ref().map(|lease| &lease.job.id),
            expected.map(|n| &self.model.tasks[n].id),
        );
        assert_eq!(ids.0, ids.1);
        let (Some(lease), Some(n)) = (lease, expected) else {
            return false;
        };
        self.model.tasks[n].lease = Some(self.leases.len());
        self.model.tasks[n].lease_until = self.now + LEASE;
        self.leases.push((n, lease));
        true
    }

    fn heartbeat(&mut self, held: Option<usize>, lease: &Lease) {
        let until = self.now + LEASE;
        let verdict = self
            .store
            .heartbeat(lease, &Progress::default(), until)
            .unwrap();
        let Some(n) = held else {
            return assert_eq!(verdict, Verdict::Lost);
        };
        let task = &mut self.model.tasks[n];
        task.lease_until = until;
        let cancel = verdict == Verdict::Cancel;
        assert!(
            verdict != Verdict::Lost && cancel == task.cancel_requested,
            "{verdict:?}"
        );
    }

    fn complete(&mut self, held: Option<usize>, lease: &Lease, size: u64) {
        let outcome = Outcome {
            size,
            digest: "digest".to_owned(),
            extension: "mp4".to_owned(),
            kept_original: false,
            notes: Vec::new(),
            report: None,
        };
        let (now, end) = (self.now, self.now + KEEP);
        let answer = self.store.complete(lease, &outcome, now, end);
        self.held(held, answer, |task| {
            task.end(State::Completed, size, now, end)
        });
    }

    fn fail(&mut self, held: Option<usize>, lease: &Lease, state: State) {
        let (now, end) = (self.now, self.now + KEEP);
        let answer = self.store.fail(lease, state, &problem(), now, end);
        self.held(held, answer, |task| task.end(state, 0, now, end));
    }

    fn retry(&mut self, held: Option<usize>, lease: &Lease, pause: Millis) {
        let not_before = self.now + pause;
        let answer = self.store.retry(lease, &problem(), not_before);
        self.held(held, answer, |task| {
            task.back();
            task.not_before = not_before;
        });
    }

    fn release(&mut self, held: Option<usize>, lease: &Lease) {
        let answer = self.store.release(lease);
        self.held(held, answer, |task| {
            task.back();
            task.attempt -= 1;
        });
    }

    /// A worker's write: taken when it holds the lease, refused otherwise.
    fn held(
        &mut self,
        held: Option<usize>,
        answer: Result<(), Fault>,
        act: impl FnOnce(&mut Task),
    ) {
        match held {
            Some(n) => {
                answer.unwrap();
                act(&mut self.model.tasks[n]);
            }
            None => conflict(answer),
        }
    }

    fn cancel(&mut self, n: usize) {
        let task = &mut self.model.tasks[n];
        let (now, end) = (self.now, self.now + KEEP);
        let answer = self.store.cancel(&task.id, now, end);
        match task.stage {
            Stage::Uploading => return conflict(answer),
            Stage::Gone => return missing(answer),
            Stage::Job(State::Queued) => task.end(State::Cancelled, 0, now, end),
            Stage::Job(State::Processing) => task.cancel_requested = true,
            Stage::Job(_) => {}
        }
        assert_eq!(Some(answer.unwrap().state), task.job_state());
    }

    fn reap(&mut self) {
        let (now, end) = (self.now, self.now + KEEP);
        let (mut back, mut failed) = (0, 0);
        let running = self
            .model
            .tasks
            .iter_mut()
            .filter(|task| task.is(State::Processing));
        for task in running.filter(|task| task.lease_until <= now) {
            if task.attempt >= ATTEMPTS {
                task.end(State::Failed, 0, now, end);
                failed += 1;
            } else {
                task.back();
                back += 1;
            }
        }
        assert_eq!(
            self.store.reap(now, ATTEMPTS, &problem(), end).unwrap(),
            (back, failed)
        );
    }

    /// What a server's janitor does.
    fn clean(&mut self) {
        let (now, forget_at) = (self.now, self.now + KEEP);
        let over = |task: &&mut Task| {
            task.stage != Stage::Gone && task.expires_at.is_some_and(|at| at <= now)
        };
        let mut expected = Vec::new();
        for task in self.model.tasks.iter_mut().filter(over) {
            let id = task.id.clone();
            task.reserved = 0;
            expected.push(match task.stage {
                Stage::Job(State::Expired) => Due::Tombstone(id),
                Stage::Job(_) => Due::Finished(id),
                _ => Due::Upload(id),
            });
            if matches!(expected.last(), Some(Due::Finished(_))) {
                task.stage = Stage::Job(State::Expired);
                task.expires_at = Some(forget_at);
            } else {
                task.stage = Stage::Gone;
            }
        }
        let due = self.store.due(now, 1_000).unwrap();
        assert_eq!(due.len(), expected.len());
        for due in due {
            assert!(expected.contains(&due), "{due:?}");
            match due {
                Due::Upload(id) => assert!(self.store.give_up(&id, now).unwrap()),
                Due::Finished(id) => self.store.expire(&id, forget_at).unwrap(),
                Due::Tombstone(id) => self.store.forget(&id).unwrap(),
            }
        }
    }
}

fn problem() -> Problem {
    Problem {
        code: "broken".to_owned(),
        description: "it broke".to_owned(),
        solution: "mend it".to_owned(),
    }
}

fn conflict<T: std::fmt::Debug>(answer: Result<T, Fault>) {
    assert!(matches!(answer, Err(Fault::Conflict { .. })), "{answer:?}");
}

fn missing<T: std::fmt::Debug>(answer: Result<T, Fault>) {
    assert!(matches!(answer, Err(Fault::Missing { .. })), "{answer:?}");
}
