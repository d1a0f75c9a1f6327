//! The file of tokens in the data directory: what may be known of each, never the token itself.
//!
//! `kinora token` writes it while a server reads it.

use super::listing::Listing;
use super::{Scope, Secret};
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The file's name within the data directory.
const NAME: &str = "tokens.json";
/// Whoever writes holds this one.
const LOCK: &str = "tokens.lock";
/// The directory with the times of their last uses.
const USED: &str = "tokens.used";
/// Tokens that one server knows: each request looks through them.
const MOST: usize = 1000;
/// The longest name, in characters.
const LONGEST_NAME: usize = 64;
/// The file has no more bytes than this, or it is none of ours.
const MOST_BYTES: u64 = 1 << 20;
/// Of the file's form.
const VERSION: u32 = 1;

/// The tokens of one data directory.
#[derive(Clone, Debug)]
pub struct Ledger {
    data: PathBuf,
}

/// One token. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Whose it is: jobs belong to this name.
    pub name: String,
    /// BLAKE3 of its text, hex.
    pub(crate) hash: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created: u64,
    /// From when on it is worth nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
}

#[derive(Default, Serialize, Deserialize)]
struct Stored {
    version: u32,
    tokens: Vec<Entry>,
}

impl Entry {
    /// Whether its time is over.
    #[must_use]
    pub fn is_expired(&self, now: u64) -> bool {
        self.expires.is_some_and(|end| now >= end)
    }

    /// What may be said of it in a signed cookie: enough to find it, too little to be it.
    pub(crate) fn id(&self) -> &str {
        self.hash.get(..32).unwrap_or(&self.hash)
    }
}

impl Entry {
    /// The same in 64 bits, for links; never 0, which stands for nobody.
    pub(crate) fn mark(&self) -> u64 {
        let digits = self.hash.get(..16).unwrap_or_default();
        u64::from_str_radix(digits, 16).unwrap_or(0).max(1)
    }
}

impl Ledger {
    /// That of a data directory, which need not be there yet.
    #[must_use]
    pub fn of(data: &Path) -> Self {
        Self { data: data.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.listing().path()
    }

    /// All tokens, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read, or is damaged.
    pub fn list(&self) -> io::Result<Vec<Entry>> {
        let stored: Stored = self.listing().read()?;
        Ok(stored.tokens)
    }

    /// When a token was used last, in seconds since 1970, to the minute; none before its first use.
    #[must_use]
    pub fn used(&self, entry: &Entry) -> Option<u64> {
        let noted = fs::metadata(self.mark(entry)).and_then(|mark| mark.modified());
        let since = noted.ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(since.as_secs())
    }

    /// Writes down that a token is used now: the time of an empty file, so that the file of tokens stays as it is.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn note_use(&self, entry: &Entry) -> io::Result<()> {
        let made = DirBuilder::new().mode(0o700).create(self.data.join(USED));
        made.or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error),
        })?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options
            .open(self.mark(entry))?
            .set_modified(SystemTime::now())
    }

    fn mark(&self, entry: &Entry) -> PathBuf {
        let is_plain = entry.id().bytes().all(|b| b.is_ascii_hexdigit());
        let name = if is_plain { entry.id() } else { "none" };
        self.data.join(USED).join(name)
    }

    /// Makes a token and writes down what may be known of it. One whose time is over makes room for its name.
    ///
    /// # Errors
    /// `AlreadyExists` when the name has a token, `InvalidInput` when it is no name; and what the disk says.
    pub fn create(
        &self,
        name: &str,
        scopes: &[Scope],
        now: u64,
        expires: Option<u64>,
    ) -> io::Result<Secret> {
        check_name(name)?;
        let secret = Secret::random().map_err(io::Error::other)?;
        let entry = Entry {
            name: name.to_owned(),
            hash: secret.hash().to_hex().to_string(),
            scopes: scopes.to_vec(),
            created: now,
            expires,
        };
        self.change(|tokens| {
            tokens.retain(|each| each.name != name || !each.is_expired(now));
            if tokens.iter().any(|each| each.name == name) {
                return Err(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    "there is one of this name",
                ));
            }
            if tokens.len() >= MOST {
                return Err(io::Error::other(format!("there are {MOST} tokens already")));
            }
            tokens.push(entry);
            Ok(true)
        })?;
        Ok(secret)
    }

    /// Takes a token back. False when there is none of this name.
    ///
    /// # Errors
    /// What the disk says.
    pub fn revoke(&self, name: &str) -> io::Result<bool> {
        self.change(|tokens| {
            let count = tokens.len();
            for entry in tokens.iter().filter(|each| each.name == name) {
                // A time that is nobody's misleads nobody.
                let _ = fs::remove_file(self.mark(entry));
            }
            tokens.retain(|each| each.name != name);
            Ok(tokens.len() < count)
        })
    }

    /// Changes the list, if `act` says that there is something to write.
    fn change(&self, act: impl FnOnce(&mut Vec<Entry>) -> io::Result<bool>) -> io::Result<bool> {
        self.listing().change(|stored: &mut Stored| {
            stored.version = VERSION;
            act(&mut stored.tokens)
        })
    }

    fn listing(&self) -> Listing {
        Listing {
            data: self.data.clone(),
            name: NAME,
            lock: LOCK,
            what: "tokens",
            most_bytes: MOST_BYTES,
        }
    }
}

/// Names are shown in lists and stand in the records: letters, digits and what joins them.
fn check_name(name: &str) -> io::Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    if (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(fits) {
        return Ok(());
    }
    let text =
        format!("a name has 1 to {LONGEST_NAME} of the letters a-z and A-Z, digits, and - _ . @");
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn ledger() -> (tempfile::TempDir, Ledger) {
        let place = tempfile::tempdir().unwrap();
        let ledger = Ledger::of(&place.path().join("data"));
        (place, ledger)
    }

    #[test]
    fn a_token_is_kept_as_its_hash_for_the_owner_alone() {
        let (_place, ledger) = ledger();
        assert_eq!(ledger.list().unwrap(), []);
        let secret = ledger.create("ann", &[Scope::Process], 7, Some(9)).unwrap();
        let text = fs::read_to_string(ledger.path()).unwrap();
        assert!(!text.contains(&secret.reveal()[4..]), "{text}");
        let mode = fs::metadata(ledger.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let [entry] = ledger.list().unwrap().try_into().unwrap();
        assert_eq!(
            (entry.name.as_str(), entry.created, entry.expires),
            ("ann", 7, Some(9))
        );
        assert_eq!(entry.hash, secret.hash().to_hex().to_string());
    }

    #[test]
    fn a_name_has_one_token_until_it_is_over() {
        let (_place, ledger) = ledger();
        let kind = |done: io::Result<Secret>| done.map(drop).map_err(|error| error.kind());
        assert_eq!(kind(ledger.create("ann", &[], 7, Some(9))), Ok(()));
        let taken = Err(io::ErrorKind::AlreadyExists);
        assert_eq!(kind(ledger.create("ann", &[], 8, None)), taken);
        assert_eq!(kind(ledger.create("ann", &[], 9, None)), Ok(()));
        assert!(ledger.revoke("ann").unwrap());
        assert!(!ledger.revoke("ann").unwrap());
        for name in ["", "a b", "a\n", "ä", &"x".repeat(65)] {
            let refused = kind(ledger.create(name, &[], 7, None));
            assert_eq!(refused, Err(io::ErrorKind::InvalidInput), "{name}");
        }
    }

    #[test]
    fn a_damaged_file_is_told_from_none() {
        let (_place, ledger) = ledger();
        ledger.create("ann", &[], 7, None).unwrap();
        for bytes in ["", "[]", "{\"version\":1}"] {
            fs::write(ledger.path(), bytes).unwrap();
            assert_eq!(
                ledger.list().unwrap_err().kind(),
                io::ErrorKind::InvalidData
            );
            assert!(
                ledger.create("bob", &[], 7, None).is_err(),
                "nothing is written over it"
            );
        }
    }

    #[test]
    fn the_stored_form_stays_readable() {
        let (place, ledger) = ledger();
        fs::create_dir(place.path().join("data")).unwrap();
        let golden =
            r#"{"version":1,"tokens":[{"name":"a","hash":"00","scopes":["watch"],"created":5}]}"#;
        fs::write(ledger.path(), golden).unwrap();
        let [entry] = ledger.list().unwrap().try_into().unwrap();
        assert_eq!(
            (entry.scopes.as_slice(), entry.expires),
            ([Scope::Watch].as_slice(), None)
        );
    }
}
