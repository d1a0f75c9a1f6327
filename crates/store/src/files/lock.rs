//! One server per tree: two would sweep each other's files away.
//!
//! A record lock (fcntl(2), `F_SETLK`), because a lock of the open file is inherited: a child that is just being
//! started when its server is killed would hold the directory for a moment longer, and the next server would be
//! refused. Record locks know processes only, so holders inside this process are told apart by a list.

use super::directory::{Directory, FILE_MODE};
use crate::Fault;
use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A directory's device and inode.
type Place = (u64, u64);

/// Directories that are held by this process. Closing any descriptor of a lock file gives the process's lock away, so
/// a file that is held here is not even opened a second time.
static HELD: Mutex<BTreeSet<Place>> = Mutex::new(BTreeSet::new());

/// The right to a tree, until it is dropped.
pub(super) struct Lock {
    place: Place,
    /// The lock ends with it.
    file: Option<OwnedFd>,
}

impl Lock {
    /// Takes it, or says at once that somebody else has it.
    pub(super) fn take(root: &Directory) -> Result<Self, Fault> {
        let stat = rustix::fs::fstat(&root.handle);
        let stat = stat.map_err(|error| root.refused("look at", ".", error))?;
        let place = (stat.st_dev, stat.st_ino);
        let mut held = held();
        if held.contains(&place) {
            return Err(taken(root));
        }
        let flags = OFlags::CREATE | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&root.handle, "lock", flags, FILE_MODE)
            .map_err(|error| root.refused("open", "lock", error))?;
        match rustix::fs::fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                held.insert(place);
                Ok(Self {
                    place,
                    file: Some(file),
                })
            }
            Err(Errno::AGAIN | Errno::ACCESS) => Err(taken(root)),
            Err(error) => Err(root.refused("lock", "lock", error)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let mut held = held();
        // Before it leaves the list: whoever comes next must find the file unlocked.
        drop(self.file.take());
        held.remove(&self.place);
    }
}

fn held() -> MutexGuard<'static, BTreeSet<Place>> {
    // The set is whole between any two statements.
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn taken(root: &Directory) -> Fault {
    Fault::Conflict {
        what: "data directory",
        state: format!("in use by another server: {}", root.path.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_file_does_not_keep_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let root = Directory::ensure(directory.path().join("data")).unwrap();
        let lock = Lock::take(&root).unwrap();
        assert!(Lock::take(&root).is_err());
        let copy = lock.file.as_ref().unwrap().try_clone().unwrap();
        drop(lock);
        drop(Lock::take(&root).unwrap());
        drop(copy);
    }
}
