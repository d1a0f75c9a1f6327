//! One flag that ends everything that waits: set by whoever hears Ctrl-C, looked at by every read, write and pause.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Shared by all the sessions that one Ctrl-C must end. Clones are the same flag.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Cancel {
    /// A flag that is not set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets it for good and wakes whoever pauses.
    pub fn set(&self) {
        *self.flag() = true;
        self.0.changed.notify_all();
    }

    /// It has been set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self.flag()
    }

    /// Pauses for `time`, or until it is set; true when it is set.
    #[must_use]
    pub fn pause(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut set = self.flag();
        while !*set {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let woken = self.0.changed.wait_timeout(set, left);
            set = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        *set
    }

    fn flag(&self) -> MutexGuard<'_, bool> {
        // A bool cannot be half written: a panic elsewhere does not spoil it.
        self.0.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
