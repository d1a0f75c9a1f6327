//! Which process serves a data directory: a file with its number, locked for as long as it lives.
//!
//! The lock is the truth, the number only says whom to tell. A file without a lock is what a crash has left.

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

const NAME: &str = "kinora.pid";

/// Held by the process that serves.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
    /// The lock ends with it.
    _file: File,
}

impl PidFile {
    /// Writes this process down.
    ///
    /// # Errors
    /// When another one holds the file, or it cannot be written.
    pub(crate) fn write(data: &Path) -> io::Result<Self> {
        let path = data.join(NAME);
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self { path, _file: file })
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // While it is still locked, so that it is not a successor's that goes.
        drop(std::fs::remove_file(&self.path));
    }
}

/// A process that serves, found by its file.
#[derive(Debug)]
pub(crate) struct Serving {
    process: rustix::fd::OwnedFd,
}

impl Serving {
    /// The process that serves this directory; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be found out.
    pub(crate) fn find(data: &Path) -> io::Result<Option<Self>> {
        let mut file = match File::open(data.join(NAME)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let number = text.trim().parse().ok().and_then(Pid::from_raw);
        let Some(number) = number else {
            return Ok(None);
        };
        let process = match pidfd_open(number, PidfdFlags::empty()) {
            Ok(process) => process,
            Err(rustix::io::Errno::SRCH) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // Locked after the process was taken hold of: then the number was, and stays, the holder's.
        match flock(&file, FlockOperation::NonBlockingLockShared) {
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(Some(Self { process })),
            Ok(()) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks it to end, and returns when it has.
    ///
    /// # Errors
    /// When it may not be told.
    pub(crate) fn stop(&self) -> io::Result<()> {
        use rustix::event::{PollFd, PollFlags, poll};
        pidfd_send_signal(&self.process, Signal::TERM)?;
        loop {
            let mut waiting = [PollFd::new(&self.process, PollFlags::IN)];
            match poll(&mut waiting, None) {
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_file_names_its_holder_and_a_left_one_nobody() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Serving::find(dir.path()).unwrap().is_none());
        let held = PidFile::write(dir.path()).unwrap();
        assert!(Serving::find(dir.path()).unwrap().is_some());
        assert!(PidFile::write(dir.path()).is_err());
        drop(held);
        assert!(!dir.path().join(NAME).exists());
        std::fs::write(dir.path().join(NAME), format!("{}\n", std::process::id())).unwrap();
        assert!(
            Serving::find(dir.path()).unwrap().is_none(),
            "what a crash left is not ours"
        );
        std::fs::write(dir.path().join(NAME), "nonsense").unwrap();
        assert!(Serving::find(dir.path()).unwrap().is_none());
    }
}
