//! One attempt at a time uses what its task keeps.
//!
//! A worker that has been silent for too long loses its lease, and may not have noticed when the next attempt begins:
//! both would write files of the same names. So an attempt holds the directory while it works, and one that finds it
//! held goes without: what it makes lies in its own work directory and is lost with it, which costs time and spoils
//! nothing. A list in this process is enough, because the lock on the data directory says that no other one works
//! there. A lock of a file would be less: a child that is just being started inherits it, so that the first attempt
//! after a kill could find it taken and would throw away hours.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

static HELD: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// The right to a directory, until it is dropped.
#[derive(Debug)]
pub(super) struct Hold(PathBuf);

impl Hold {
    /// Takes it, unless another attempt has it.
    pub(super) fn take(directory: PathBuf) -> Option<Self> {
        let is_free = held().insert(directory.clone());
        if !is_free {
            tracing::warn!(directory = %directory.display(), "an older attempt is still at it");
        }
        is_free.then(|| Self(directory))
    }

    /// What is held.
    pub(super) fn directory(&self) -> &Path {
        &self.0
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        held().remove(&self.0);
    }
}

fn held() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // The set is whole between any two statements.
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_attempts_never_share() {
        let (one, other) = (PathBuf::from("/data/a.keep"), PathBuf::from("/data/b.keep"));
        let first = Hold::take(one.clone()).unwrap();
        assert_eq!(first.directory(), one);
        assert!(Hold::take(one.clone()).is_none());
        assert!(Hold::take(other).is_some());
        // The one that was refused has given nothing away.
        assert!(Hold::take(one.clone()).is_none());
        drop(first);
        assert!(Hold::take(one).is_some());
    }
}
