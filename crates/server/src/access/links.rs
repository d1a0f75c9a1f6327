//! The key that links to titles are signed with, and the links that were taken back one by one. The key can be made anew
//! at any time, also while a server runs: every link that was given before is worth nothing from that moment.

use super::given::{self, Given, GivenLink};
use super::key;
use std::collections::HashSet;
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
    given: Given,
    /// Which were taken back, as of this state of the list; none while it cannot be read.
    revoked: Mutex<(Option<key::Version>, Option<HashSet<String>>)>,
}

impl Links {
    /// That of a data directory, made at the first start.
    ///
    /// # Errors
    /// When the file can be neither read nor made.
    pub(crate) fn open(data: &Path) -> io::Result<Self> {
        let path = data.join(NAME);
        let found = key::open(&path)?;
        let given = Given::of(data);
        Ok(Self {
            known: Mutex::new((key::version(&path), Some(found))),
            path,
            revoked: Mutex::new((key::version(&given.path()), Some(given.revoked()?))),
            given,
        })
    }

    /// Writes down links that are about to be given.
    ///
    /// # Errors
    /// As [`Given::note`].
    pub(crate) fn note(&self, links: Vec<GivenLink>, now_s: u64) -> io::Result<()> {
        self.given.note(links, now_s)
    }

    /// Links that are good, the oldest first.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn given(&self, now_s: u64) -> io::Result<Vec<GivenLink>> {
        self.given.list(now_s)
    }

    /// Takes one of them back. False when there is no such link.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn revoke(&self, id: &str, now_s: u64) -> io::Result<bool> {
        self.given.revoke(id, now_s)
    }

    /// Whether the link with this permission was taken back; while the list cannot be read, each was.
    pub(crate) fn is_revoked(&self, permission: &str) -> bool {
        let mut revoked = self.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        let version = key::version(&self.given.path());
        if version != revoked.0 {
            let read = self.given.revoked();
            if let Err(error) = &read {
                tracing::error!(%error, "the list of links cannot be read; none is taken until it can");
            }
            *revoked = (version, read.ok());
        }
        let id = given::id(permission);
        match &revoked.1 {
            Some(revoked) => id.is_none_or(|id| revoked.contains(id)),
            None => true,
        }
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
    fn one_link_is_taken_back_at_once_and_for_ever() {
        let place = tempfile::tempdir().unwrap();
        let links = Links::open(place.path()).unwrap();
        let permission = |sign: &str| format!("0200{:016x}{:016x}{}", 99, 0, sign.repeat(64));
        let [one, other] = ["a", "b"].map(permission);
        assert!(!links.is_revoked(&one));
        assert!(Given::of(place.path()).revoke(&one, 7).unwrap());
        assert!(links.is_revoked(&one) && !links.is_revoked(&other));
        let again = Links::open(place.path()).unwrap();
        assert!(again.is_revoked(&one) && !again.is_revoked(&other));
        fs::write(links.given.path(), "half").unwrap();
        assert!(links.is_revoked(&other));
        assert!(Links::open(place.path()).is_err());
    }

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
