//! The tokens as a running server knows them: the file is looked at with every question, and read again when it has
//! changed, so a token that is taken back is worth nothing from that moment.

use super::key::{Version, version};
use super::{Entry, Ledger, Secret};
use kinora_jobs::{clock, problem};
use kinora_store::contract::Problem;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The live list.
#[derive(Debug)]
pub(crate) struct Tokens {
    ledger: Ledger,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    version: Option<Version>,
    entries: Vec<Entry>,
    /// When a use of a token was written down last, by its id, in seconds.
    noted: HashMap<String, u64>,
}

/// A token's last use is written down this often, in seconds.
const NOTE_PACE: u64 = 60;

impl Tokens {
    /// Those of a data directory.
    ///
    /// # Errors
    /// When the file is there but cannot be read.
    pub(crate) fn open(data: &Path) -> Result<Self, Problem> {
        let ledger = Ledger::of(data);
        let path = ledger.path();
        let version = version(&path);
        let entries = ledger
            .list()
            .map_err(|error| problem::of_machine(&path.display().to_string(), &error))?;
        Ok(Self {
            ledger,
            known: Mutex::new(Known {
                version,
                entries,
                noted: HashMap::new(),
            }),
        })
    }

    /// The token with this text, while it is good.
    pub(crate) fn find(&self, text: &str) -> Option<Entry> {
        let hash = Secret::parse(text)?.hash();
        // Compared in constant time by the type.
        self.good(|entry| blake3::Hash::from_hex(&entry.hash).is_ok_and(|known| known == hash))
    }

    /// The token with this id, while it is good.
    pub(crate) fn with_id(&self, id: &str) -> Option<Entry> {
        self.good(|entry| entry.id() == id)
    }

    /// What stands in links for the token of this name, while it is good.
    pub(crate) fn mark(&self, name: &str) -> Option<u64> {
        self.good(|entry| entry.name == name)
            .map(|entry| entry.mark())
    }

    /// Whether the token that a link has this mark of is still good. That a link is used says nothing of its holder.
    pub(crate) fn has_mark(&self, mark: u64) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        self.refresh(&mut known);
        let now = now();
        let mut entries = known.entries.iter();
        entries.any(|entry| entry.mark() == mark && !entry.is_expired(now))
    }

    /// How many there are, for the log.
    pub(crate) fn count(&self) -> usize {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entries.len()
    }

    fn good(&self, is_it: impl Fn(&Entry) -> bool) -> Option<Entry> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        self.refresh(&mut known);
        let found = known.entries.iter().find(|entry| is_it(entry));
        let found = found.filter(|entry| !entry.is_expired(now())).cloned()?;
        self.note(&mut known, &found);
        Some(found)
    }

    /// One small write a minute for each token that is in use.
    fn note(&self, known: &mut Known, entry: &Entry) {
        let (now, last) = (now(), known.noted.get(entry.id()));
        if last.is_some_and(|last| now.abs_diff(*last) < NOTE_PACE) {
            return;
        }
        known.noted.insert(entry.id().to_owned(), now);
        if let Err(error) = self.ledger.note_use(entry) {
            tracing::debug!(%error, "the use of a token could not be written down");
        }
    }

    /// A small file on a local disk that is almost always in memory: one look costs a microsecond.
    fn refresh(&self, known: &mut Known) {
        let version = version(&self.ledger.path());
        if version == known.version {
            return;
        }
        known.version = version;
        known.noted.clear();
        known.entries = self.ledger.list().unwrap_or_else(|error| {
            // Whoever cannot be known is not let in.
            tracing::error!(%error, "the tokens cannot be read; none is taken until they can");
            Vec::new()
        });
        tracing::info!(tokens = known.entries.len(), "tokens have changed");
    }
}

fn now() -> u64 {
    u64::try_from(clock::now() / 1000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn changes_of_the_file_are_noticed_at_once() {
        let place = tempfile::tempdir().unwrap();
        let (ledger, tokens) = (
            Ledger::of(place.path()),
            Tokens::open(place.path()).unwrap(),
        );
        let secret = ledger.create("ann", &[], 0, None).unwrap();
        let found = tokens.find(secret.reveal()).unwrap();
        assert_eq!(found.name, "ann");
        assert_eq!(tokens.with_id(found.id()), Some(found.clone()));
        let over = ledger.create("bob", &[], 0, Some(1)).unwrap();
        assert_eq!(tokens.find(over.reveal()), None);
        assert!(tokens.find(secret.reveal()).is_some());
        let mark = tokens.mark("ann").unwrap();
        assert!(tokens.has_mark(mark) && !tokens.has_mark(mark ^ 1));
        assert_eq!(tokens.mark("bob"), None);
        ledger.revoke("ann").unwrap();
        assert!(!tokens.has_mark(mark));
        assert_eq!(tokens.find(secret.reveal()), None);
        assert_eq!(tokens.with_id(found.id()), None);
    }

    #[test]
    fn a_damaged_file_lets_nobody_in() {
        let place = tempfile::tempdir().unwrap();
        let (ledger, tokens) = (
            Ledger::of(place.path()),
            Tokens::open(place.path()).unwrap(),
        );
        let secret = ledger.create("ann", &[], 0, None).unwrap();
        assert!(tokens.find(secret.reveal()).is_some());
        fs::write(ledger.path(), "half").unwrap();
        assert_eq!(tokens.find(secret.reveal()), None);
        assert!(Tokens::open(place.path()).is_err());
    }
}
