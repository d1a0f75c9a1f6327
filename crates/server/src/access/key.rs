//! Secret keys of the server, each a file of 32 bytes in the data directory that is made at the first start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::path::Path;

/// What changes with each writing of a file: inode, time of change in seconds and nanoseconds, size.
pub(super) type Version = (u64, i64, i64, u64);

/// That of a file; none where there is none.
pub(super) fn version(path: &Path) -> Option<Version> {
    let known = fs::metadata(path).ok()?;
    Some((known.ino(), known.ctime(), known.ctime_nsec(), known.size()))
}

/// Reads a key, or makes it at the first start.
///
/// # Errors
/// When the file cannot be read, written, or is none of ours.
pub(crate) fn open(path: &Path) -> io::Result<[u8; 32]> {
    read(path).and_then(|key| key.map_or_else(|| make(path), Ok))
}

fn read(path: &Path) -> io::Result<Option<[u8; 32]>> {
    match fs::read(path) {
        Ok(bytes) => {
            let key = bytes.try_into().map_err(|_| {
                let text = "this is not a key of 32 bytes; remove it, and a new one is made";
                io::Error::new(io::ErrorKind::InvalidData, text)
            });
            key.map(Some)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes one in the place of what is there. Appears whole or not at all: a half key would be none at the next start.
pub(super) fn make(path: &Path) -> io::Result<[u8; 32]> {
    let mut key = [0u8; 32];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let half = path.with_extension("new");
    let _ = fs::remove_file(&half);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&half)?;
    file.write_all(&key)?;
    let above = path.parent().unwrap_or(path);
    // Written by root for a server that runs as somebody else.
    if rustix::process::geteuid().is_root() {
        let owner = fs::metadata(above)?;
        chown(&half, Some(owner.uid()), Some(owner.gid()))?;
    }
    file.sync_all()?;
    fs::rename(&half, path)?;
    File::open(above)?.sync_all()?;
    Ok(key)
}
