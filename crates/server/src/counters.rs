//! What this server has done since it started, counted at all doors.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// More of it.
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// How much by now.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Connections of one door.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    /// All that were accepted.
    pub(crate) accepted: Counter,
    /// Those that have ended.
    pub(crate) ended: Counter,
}

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Bytes of uploads that were written.
    pub(crate) received: Counter,
    /// Bytes of results that were sent.
    pub(crate) sent: Counter,
    /// Connections to the MMP door.
    pub(crate) mmp: Connections,
    /// Connections to the HTTP door.
    pub(crate) http: Connections,
    /// Jobs by operation. Bounded: there are few operations.
    accepted: Mutex<BTreeMap<&'static str, u64>>,
}

impl Counters {
    /// One more job was taken.
    pub(crate) fn accept(&self, operation: &'static str) {
        let mut accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        *accepted.entry(operation).or_default() += 1;
    }

    /// Jobs that were taken, by operation.
    pub(crate) fn accepted(&self) -> BTreeMap<&'static str, u64> {
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.clone()
    }
}
