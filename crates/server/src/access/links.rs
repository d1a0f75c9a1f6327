//! The key that links to titles are signed with. It can be made anew at any time, also while a server runs: every link
//! that was given before is worth nothing from that moment.

use super::key;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The file's name within the data directory.
const NAME: &str = "links.key";

/// The key as a running server knows it: the file is looked at with every question, and read again when it has changed.
#[derive(Debug)]
pub(crate) struct Links {
    path: PathBuf,
    known: Mutex<(Option<key::Version>, Option<[u8; 32]>)>,
}

impl Links {
    /// That of a data directory, made at the first start.
    ///
    /// # Errors
    /// When the file can be neither read nor made.
    pub(crate) fn open(data: &Path) -> io::Result<Self> {
        let path = data.join(NAME);
        let found = key::open(&path)?;
        Ok(Self {
            known: Mutex::new((key::version(&path), Some(found))),
            path,
        })
    }

    /// The key; none while it cannot be read, and then no link is good.
    pub(crate) fn key(&self) -> Option<[u8; 32]> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let version = key::version(&self.path);
        if version.is_none() || version != known.0 {
            let read = key::open(&self.path);
            if let Err(error) = &read {
                tracing::error!(%error, "the key of links cannot be read; none is taken until it can");
            }
            *known = (key::version(&self.path), read.ok());
            tracing::info!("links that were given before are over");
        }
        known.1
    }
}

/// Makes every link worthless that a server with this data directory has given; whether one runs does not matter.
///
/// # Errors
/// When the directory is not there, or cannot be written.
pub fn revoke_links(data: &Path) -> io::Result<()> {
    key::make(&data.join(NAME)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_new_key_is_noticed_at_once_and_damage_lets_nobody_in() {
        let place = tempfile::tempdir().unwrap();
        let links = Links::open(place.path()).unwrap();
        let first = links.key().unwrap();
        assert_eq!(links.key(), Some(first));
        assert_eq!(Links::open(place.path()).unwrap().key(), Some(first));
        revoke_links(place.path()).unwrap();
        let second = links.key().unwrap();
        assert_ne!(first, second);
        fs::write(place.path().join(NAME), "half").unwrap();
        assert_eq!(links.key(), None);
        fs::remove_file(place.path().join(NAME)).unwrap();
        let third = links.key().unwrap();
        assert!(third != first && third != second);
        assert!(revoke_links(&place.path().join("elsewhere")).is_err());
    }
}
