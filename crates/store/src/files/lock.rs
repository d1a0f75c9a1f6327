//! One server per tree: two would sweep each other's files away.

use super::directory::{Directory, FILE_MODE};
use crate::Fault;
use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;
use std::os::fd::OwnedFd;

/// The right to a tree, until it is dropped.
pub(super) struct Lock(OwnedFd);

impl Lock {
    /// Takes it, or says at once that somebody else has it.
    pub(super) fn take(root: &Directory) -> Result<Self, Fault> {
        let flags = OFlags::CREATE | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&root.handle, "lock", flags, FILE_MODE)
            .map_err(|error| root.refused("open", "lock", error))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self(file)),
            Err(Errno::WOULDBLOCK) => Err(Fault::Conflict {
                what: "data directory",
                state: format!("in use by another server: {}", root.path.display()),
            }),
            Err(error) => Err(root.refused("lock", "lock", error)),
        }
    }
}

/// Closing the file is not enough: a process that is just being started holds a copy of it until it has become the
/// other program, and would keep the lock for that long.
impl Drop for Lock {
    fn drop(&mut self) {
        // Closing releases it a moment later when this fails.
        let _ = rustix::fs::flock(&self.0, FlockOperation::Unlock);
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
        let copy = lock.0.try_clone().unwrap();
        drop(lock);
        Lock::take(&root).unwrap();
        drop(copy);
    }
}
