//! Jobs that somebody watches or works on, while this process lives: progress too fresh for the store, wishes to
//! stop, and who wants to be told.

use kinora_store::TaskId;
use kinora_store::contract::Progress;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// All of them. Bounded by running jobs and open connections: an entry without either is dropped.
#[derive(Debug, Default)]
pub(crate) struct Live {
    entries: Mutex<HashMap<TaskId, Entry>>,
    /// Changes of whatever task, for those who watch many.
    all: watch::Sender<u64>,
}

#[derive(Debug)]
struct Entry {
    changes: watch::Sender<u64>,
    running: Option<Progress>,
    cancel: bool,
}

impl Live {
    /// Told at each change of the task from now on.
    pub(crate) fn watch(&self, id: &TaskId) -> watch::Receiver<u64> {
        self.with(|all| {
            all.entry(id.clone())
                .or_insert_with(Entry::new)
                .changes
                .subscribe()
        })
    }

    /// Told at each change of any task from now on.
    pub(crate) fn watch_all(&self) -> watch::Receiver<u64> {
        self.all.subscribe()
    }

    /// A worker has taken the job, or has news of it.
    pub(crate) fn set_running(&self, id: &TaskId, progress: &Progress) {
        self.with(|all| {
            let entry = all.entry(id.clone()).or_insert_with(Entry::new);
            if entry.running.as_ref() != Some(progress) {
                entry.running = Some(progress.clone());
                entry.bump();
            }
        });
        self.bump_all();
    }

    /// The worker has let go of the job.
    pub(crate) fn set_idle(&self, id: &TaskId) {
        self.with(|all| {
            if let Some(entry) = all.get_mut(id) {
                entry.running = None;
                entry.cancel = false;
                entry.bump();
            }
        });
        self.bump_all();
    }

    /// The worker should stop. True when one is at it here.
    pub(crate) fn cancel(&self, id: &TaskId) -> bool {
        self.with(|all| {
            let running = all.get_mut(id).filter(|e| e.running.is_some());
            running.map(|entry| entry.cancel = true).is_some()
        })
    }

    /// Whether the worker should stop.
    pub(crate) fn is_cancelled(&self, id: &TaskId) -> bool {
        self.with(|all| all.get(id).is_some_and(|e| e.cancel))
    }

    /// The freshest progress.
    pub(crate) fn progress(&self, id: &TaskId) -> Option<Progress> {
        self.with(|all| all.get(id)?.running.clone())
    }

    /// Something about one task has changed in the store.
    pub(crate) fn notify(&self, id: &TaskId) {
        self.with(|all| all.get_mut(id).map(Entry::bump));
        self.bump_all();
    }

    /// Drops what nobody works on or watches.
    pub(crate) fn tidy(&self) {
        self.with(|all| {
            all.retain(|_, entry| entry.running.is_some() || entry.changes.receiver_count() > 0);
        });
    }

    /// The queue has moved: everyone who waits in it has another place now.
    pub(crate) fn notify_waiting(&self) {
        self.with(|all| {
            for entry in all.values_mut().filter(|e| e.running.is_none()) {
                entry.bump();
            }
        });
        self.bump_all();
    }

    fn bump_all(&self) {
        self.all.send_modify(|n| *n = n.wrapping_add(1));
    }

    fn with<T>(&self, act: impl FnOnce(&mut MutexGuard<'_, HashMap<TaskId, Entry>>) -> T) -> T {
        // The map is whole between any two statements, so a panic elsewhere has not broken it.
        act(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Entry {
    fn new() -> Self {
        Self {
            changes: watch::Sender::new(0),
            running: None,
            cancel: false,
        }
    }

    fn bump(&mut self) {
        self.changes.send_modify(|n| *n = n.wrapping_add(1));
    }
}
