//! What this engine has done since it started, counted for whoever watches it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Attempts of one operation that ended in one way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    /// How many.
    pub attempts: u64,
    /// Seconds that they took together.
    pub seconds: f64,
}

/// Attempts by operation and end: `completed`, `failed`, `cancelled`, `retried`, `released`, `lost`.
pub type Counts = BTreeMap<(&'static str, &'static str), Count>;

/// The counts. Bounded: there are few operations, and few ends.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counts>);

impl Tally {
    /// One more.
    pub(crate) fn add(&self, operation: &'static str, end: &'static str, took: Duration) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((operation, end)).or_default();
        count.attempts += 1;
        count.seconds += took.as_secs_f64();
    }

    /// All of them.
    pub(crate) fn counts(&self) -> Counts {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_by_their_end() {
        let tally = Tally::default();
        tally.add("gif", "failed", Duration::from_secs(1));
        tally.add("gif", "completed", Duration::from_secs(2));
        tally.add("gif", "completed", Duration::from_millis(500));
        let counts = tally.counts();
        let done = counts[&("gif", "completed")];
        assert_eq!((done.attempts, done.seconds), (2, 2.5));
        assert_eq!(counts[&("gif", "failed")].attempts, 1);
    }
}
