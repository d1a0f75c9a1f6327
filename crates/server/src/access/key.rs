//! Secret keys of the server, each a file of 32 bytes in the data directory that is made at the first start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

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

/// Appears whole or not at all: a half key would be none at the next start.
fn make(path: &Path) -> io::Result<[u8; 32]> {
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
    file.sync_all()?;
    fs::rename(&half, path)?;
    File::open(path.parent().unwrap_or(path))?.sync_all()?;
    Ok(key)
}
