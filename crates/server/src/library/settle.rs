//! When a file that has appeared counts as whole. Pure: times come in.
//!
//! Nobody says when a copy is done. A file that has not changed for a moment may still be growing, if its disk or its
//! line is slow; so one that does not say itself how long it has to be waits longer.

use super::folder::Stamp;
use super::limits::{OLD_MS, OPEN_REST_MS, REST_MS};
use std::collections::HashMap;
use std::hash::Hash;

/// Files that are not known as whole yet, by whatever names them.
#[derive(Debug)]
pub(super) struct Settling<K>(HashMap<K, Seen>);

#[derive(Clone, Copy, Debug)]
struct Seen {
    stamp: Stamp,
    since_ms: u64,
    /// Present in the scan that is going on.
    is_there: bool,
}

/// How far a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rest {
    /// It has just changed.
    Moving,
    /// It may be taken if its own index says that it is whole.
    Short,
    /// It is taken as it is.
    Long,
}

impl<K: Eq + Hash> Default for Settling<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> Settling<K> {
    /// A file as it was just seen; `now_ms` by a clock that never jumps, `age_ms` since it was last written.
    pub(super) fn look(&mut self, key: K, stamp: Stamp, now_ms: u64, age_ms: i64) -> Rest {
        let fresh = Seen {
            stamp,
            since_ms: now_ms,
            is_there: true,
        };
        let seen = self.0.entry(key).or_insert(fresh);
        if seen.stamp != stamp {
            *seen = fresh;
        }
        seen.is_there = true;
        let still_ms = now_ms.saturating_sub(seen.since_ms);
        match () {
            () if still_ms >= OPEN_REST_MS || age_ms >= OLD_MS => Rest::Long,
            () if still_ms >= REST_MS => Rest::Short,
            () => Rest::Moving,
        }
    }

    /// It is known now, or gone.
    pub(super) fn forget(&mut self, key: &K) {
        self.0.remove(key);
    }

    /// At the end of a scan: what has not been seen in it is gone.
    pub(super) fn sweep(&mut self) {
        self.0.retain(|_, seen| std::mem::take(&mut seen.is_there));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(size: u64) -> Stamp {
        Stamp {
            size,
            modified_ns: 0,
            inode: 1,
        }
    }

    #[test]
    fn a_file_that_grows_is_never_at_rest() {
        let mut settling = Settling::default();
        for step in 0..20 {
            let rest = settling.look("a", stamp(step), step * 900, 0);
            assert_eq!(rest, Rest::Moving);
            settling.sweep();
        }
        let begin = 19 * 900;
        assert_eq!(
            settling.look("a", stamp(19), begin + REST_MS, 0),
            Rest::Short
        );
        assert_eq!(
            settling.look("a", stamp(19), begin + OPEN_REST_MS, 0),
            Rest::Long
        );
    }

    #[test]
    fn what_was_written_long_ago_is_whole_at_once() {
        let mut settling = Settling::default();
        assert_eq!(settling.look("a", stamp(1), 0, OLD_MS), Rest::Long);
        // A clock that was set back, or a file from the future.
        assert_eq!(settling.look("b", stamp(1), 0, -OLD_MS), Rest::Moving);
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let mut settling = Settling::default();
        settling.look("a", stamp(1), 0, 0);
        settling.sweep();
        assert_eq!(settling.0.len(), 1);
        settling.sweep();
        assert!(settling.0.is_empty());
        assert_eq!(settling.look("a", stamp(1), 10_000, 0), Rest::Moving);
    }
}
