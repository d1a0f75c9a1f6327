//! Which process serves a data directory: a file that it keeps locked for as long as it lives.
//!
//! The lock is the truth, and the kernel says who holds it; the number in the file is for people, and after a crash it
//! says nothing. It is a record lock: other than a lock of the open file it is not inherited, so a child that is just
//! being started does not hold it any longer than the server.

use rustix::fd::OwnedFd;
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::process::{Flock, FlockOffsetType, FlockType, Pid, PidfdFlags, Signal};
use rustix::process::{fcntl_getlk, pidfd_open, pidfd_send_signal};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
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
        fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive)?;
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

/// Another process that serves, found by its file.
#[derive(Debug)]
pub(crate) struct Serving {
    process: OwnedFd,
}

impl Serving {
    /// The process that serves this directory; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be found out.
    pub(crate) fn find(data: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(data.join(NAME)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(pid) = holder(&file)? else {
            return Ok(None);
        };
        let process = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(process) => process,
            Err(rustix::io::Errno::SRCH) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // Asked again: if it still is the holder now, then what was taken hold of is the holder and no later process
        // of the same number.
        Ok((holder(&file)? == Some(pid)).then_some(Self { process }))
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

/// Who has locked the file.
fn holder(file: &File) -> io::Result<Option<Pid>> {
    let whole = Flock {
        start: 0,
        length: 0,
        pid: None,
        typ: FlockType::ReadLock,
        offset_type: FlockOffsetType::Set,
    };
    Ok(fcntl_getlk(file, &whole)?.and_then(|lock| lock.pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Who holds it can only be asked from another process, which the tests of the binary do.
    #[test]
    fn what_a_crash_left_is_nobodys() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Serving::find(dir.path()).unwrap().is_none());
        std::fs::write(dir.path().join(NAME), format!("{}\n", std::process::id())).unwrap();
        assert!(Serving::find(dir.path()).unwrap().is_none());
        drop(PidFile::write(dir.path()).unwrap());
        assert!(!dir.path().join(NAME).exists());
    }
}
