//! The contract in memory, without care for cost.

use kinora_store::TaskId;
use kinora_store::contract::{Millis, Owners, State, Totals};
use std::collections::HashMap;

/// How much the store puts newcomers ahead.
pub(crate) const AGING: Millis = 3_600_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Uploading,
    Job(State),
    Gone,
}

#[derive(Clone, Debug)]
pub(crate) struct Task {
    /// It can be taken up again after a restart.
    pub(crate) keyed: bool,
    pub(crate) id: TaskId,
    pub(crate) client: &'static str,
    pub(crate) length: u64,
    pub(crate) reserved: u64,
    pub(crate) stage: Stage,
    pub(crate) attempt: u32,
    pub(crate) cancel_requested: bool,
    pub(crate) not_before: Millis,
    /// The claim that holds it, by its number.
    pub(crate) lease: Option<usize>,
    pub(crate) lease_until: Millis,
    pub(crate) finished_at: Option<Millis>,
    pub(crate) expires_at: Option<Millis>,
}

impl Task {
    pub(crate) fn job_state(&self) -> Option<State> {
        match self.stage {
            Stage::Job(state) => Some(state),
            _ => None,
        }
    }

    pub(crate) fn is(&self, state: State) -> bool {
        self.job_state() == Some(state)
    }

    /// Neither in the queue nor running.
    pub(crate) fn is_over(&self) -> bool {
        self.job_state().is_none_or(State::is_final)
    }

    pub(crate) fn back(&mut self) {
        self.stage = Stage::Job(State::Queued);
        self.lease = None;
    }

    pub(crate) fn end(&mut self, state: State, reserved: u64, now: Millis, expires_at: Millis) {
        assert!(!self.is_over(), "ended twice");
        self.stage = Stage::Job(state);
        self.lease = None;
        self.reserved = reserved;
        self.finished_at = Some(now);
        self.expires_at = Some(expires_at);
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Reference {
    /// In the order of their arrival.
    pub(crate) tasks: Vec<Task>,
    /// Time and number of each client's last start.
    starts: HashMap<&'static str, (Millis, usize)>,
    started: usize,
}

impl Reference {
    pub(crate) fn reserved(&self) -> u64 {
        self.tasks.iter().map(|task| task.reserved).sum()
    }

    pub(crate) fn processing(&self, client: &str) -> impl Iterator<Item = &Task> {
        let running = |task: &&Task| task.is(State::Processing);
        self.tasks
            .iter()
            .filter(running)
            .filter(move |task| task.client == client)
    }

    pub(crate) fn unfinished(&self, client: &str) -> u64 {
        let mine = self.tasks.iter().filter(|task| task.client == client);
        mine.filter(|task| !task.is_over()).count() as u64
    }

    pub(crate) fn totals(&self) -> Totals {
        let count = |stage| self.tasks.iter().filter(|task| task.stage == stage).count() as u64;
        Totals {
            reserved: self.reserved(),
            uploads: count(Stage::Uploading),
            queued: count(Stage::Job(State::Queued)),
            processing: count(Stage::Job(State::Processing)),
            completed: count(Stage::Job(State::Completed)),
        }
    }

    pub(crate) fn owners(&self) -> Owners {
        let ids = |wanted: fn(Stage) -> bool| {
            let wanted = self.tasks.iter().filter(|task| wanted(task.stage));
            let mut ids: Vec<_> = wanted.map(|task| task.id.clone()).collect();
            ids.sort();
            ids
        };
        Owners {
            working: ids(|stage| match stage {
                Stage::Uploading => true,
                Stage::Job(state) => !state.is_final(),
                Stage::Gone => false,
            }),
            finished: ids(|stage| matches!(stage, Stage::Job(State::Completed))),
        }
    }

    /// Starts the next job; which one.
    pub(crate) fn claim(&mut self, now: Millis) -> Option<usize> {
        let ready = |(_, task): &(usize, &Task)| {
            task.is(State::Queued)
                && task.not_before <= now
                && self.processing(task.client).next().is_none()
        };
        let numbered = self.tasks.iter().enumerate();
        let next = numbered
            .filter(ready)
            .min_by_key(|(n, task)| self.rank(*n, task))?
            .0;
        self.started += 1;
        let task = &mut self.tasks[next];
        task.stage = Stage::Job(State::Processing);
        task.attempt += 1;
        self.starts.insert(task.client, (now, self.started));
        Some(next)
    }

    /// A client's start counts for an hour more than its job's age does; then age, then arrival.
    fn rank(&self, arrival: usize, task: &Task) -> (Millis, usize, Millis, usize) {
        let floor = task.not_before - AGING;
        let start = self.starts.get(task.client).copied();
        let (rank, turn) = start.filter(|(at, _)| *at > floor).unwrap_or((floor, 0));
        (rank, turn, task.not_before, arrival)
    }

    /// Queued jobs in the order in which they will start, found out by starting them.
    pub(crate) fn order_of_claims(&self) -> Vec<TaskId> {
        let mut future = self.clone();
        for task in future
            .tasks
            .iter_mut()
            .filter(|task| task.is(State::Processing))
        {
            task.stage = Stage::Gone;
        }
        let after = future.tasks.iter().map(|task| task.not_before).max();
        let mut now = after
            .unwrap_or(0)
            .max(future.starts.values().map(|s| s.0).max().unwrap_or(0));
        let mut order = Vec::new();
        while let Some(next) = future.claim(now) {
            future.tasks[next].stage = Stage::Gone;
            order.push(future.tasks[next].id.clone());
            now += 1;
        }
        order
    }
}
