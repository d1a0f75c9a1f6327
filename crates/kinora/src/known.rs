//! The servers that this user has met, and by which key each is known.
//!
//! A file in the user's configuration directory has a line for each, `HOST:PORT KEY DATE`; the word `plain` in the place
//! of the key says that the user wants no TLS there. A first meeting adds a line, and is told on standard error;
//! changing one is `kinora trust`.

use crate::config::layers::{Variables, home_directory};
use crate::terminal::tell;
use kinora_client::{Address, Known, Pin, Trust};
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// A file of servers has no more bytes than this.
const MOST_BYTES: u64 = 1 << 20;
/// What stands in the place of a key.
const PLAIN: &str = "plain";
const HEAD: &str = "# Servers that were met: address, SHA-256 of the public key, since when. See `kinora trust`.\n";

/// The file.
#[derive(Debug)]
pub(crate) struct Servers {
    /// None for a user without a home.
    path: Option<PathBuf>,
    /// Several sessions of this process may meet one server at once.
    writing: Mutex<()>,
}

impl Servers {
    /// This user's.
    #[must_use]
    pub(crate) fn of(variables: &Variables) -> Self {
        let place = home_directory(variables, "XDG_CONFIG_HOME", ".config");
        Self {
            path: place.map(|place| place.join("kinora/known-servers")),
            writing: Mutex::new(()),
        }
    }

    /// What is known of a server from now on.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub(crate) fn set(&self, server: &Address, known: &Known) -> io::Result<()> {
        let _only = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path()?;
        let text = read(path)?;
        let others = text
            .lines()
            .filter(|line| parsed(line).is_none_or(|(at, _)| at != *server));
        let mut text: String = others.map(|line| format!("{line}\n")).collect();
        if text.is_empty() {
            text.push_str(HEAD);
        }
        let word = match known {
            Known::Key(pin) => pin.to_string(),
            Known::Plain => PLAIN.to_owned(),
        };
        text.push_str(&format!("{server} {word} {}\n", today()));
        write(path, &text)
    }

    fn path(&self) -> io::Result<&Path> {
        let path = self.path.as_deref();
        path.ok_or_else(|| io::Error::other("neither HOME nor XDG_CONFIG_HOME is set"))
    }
}

impl Trust for Servers {
    fn known(&self, server: &Address) -> io::Result<Option<Known>> {
        let Some(path) = &self.path else {
            return Ok(None);
        };
        let text = read(path)?;
        let mut lines = text.lines().filter_map(parsed);
        let found = lines.find(|(at, _)| at == server);
        let word = found.map(|(_, word)| match word {
            PLAIN => Ok(Known::Plain),
            _ => word.parse().map(Known::Key).map_err(|reason| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{}: {reason}", path.display()),
                )
            }),
        });
        word.transpose()
    }

    fn meet(&self, server: &Address, key: &Pin) -> io::Result<()> {
        {
            let _only = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            match self.known(server)? {
                // Another session of this process was first.
                Some(Known::Key(known)) if known == *key => return Ok(()),
                Some(_) => return Err(io::Error::other("it was met with another key just now")),
                None => {}
            }
        }
        self.set(server, &Known::Key(key.clone()))?;
        tell(format_args!(
            "first meeting with {server}: its key is {key}, as `kinora doctor` shows it there; another one will be refused"
        ));
        Ok(())
    }
}

/// The address and the word behind it. Lines that begin with `#` are for people.
fn parsed(line: &str) -> Option<(Address, &str)> {
    let mut words = line.split_whitespace();
    let (address, word) = (words.next()?, words.next()?);
    Some((address.parse().ok()?, word))
}

fn read(path: &Path) -> io::Result<String> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        file => file?,
    };
    if file.metadata()?.permissions().mode() & 0o022 != 0 {
        let text = format!("{} can be written by others", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    let mut text = String::new();
    file.take(MOST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// Appears whole or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().unwrap_or(path);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let mut file = tempfile::Builder::new()
        .prefix(".")
        .tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

/// The day, as `2026-01-31` (UTC), by the algorithm of days in 400-year cycles that begin in March.
fn today() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs());
    date(seconds / 86_400)
}

fn date(days: u64) -> String {
    let shifted = days + 719_468;
    let (cycle, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = cycle * 400 + year + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn servers() -> (tempfile::TempDir, Servers) {
        let place = tempfile::tempdir().unwrap();
        let home = place.path().to_string_lossy().into_owned();
        let servers = Servers::of(&[("XDG_CONFIG_HOME".to_owned(), home)].into());
        (place, servers)
    }

    fn pin(letter: char) -> Pin {
        let hash: String = std::iter::repeat_n(letter, 42).collect();
        format!("sha256//{hash}A=").parse().unwrap()
    }

    #[test]
    fn a_server_is_known_after_the_first_meeting() {
        let (place, servers) = servers();
        let at = |text: &str| text.parse::<Address>().unwrap();
        assert_eq!(servers.known(&at("a")).unwrap(), None);
        servers.meet(&at("a"), &pin('x')).unwrap();
        servers.meet(&at("a:9001"), &pin('x')).unwrap();
        assert!(servers.meet(&at("a"), &pin('y')).is_err());
        servers.meet(&at("[fd00::1]:9"), &pin('y')).unwrap();
        let key = |letter| Some(Known::Key(pin(letter)));
        assert_eq!(servers.known(&at("a")).unwrap(), key('x'));
        assert_eq!(servers.known(&at("a:9002")).unwrap(), None);
        servers.set(&at("a"), &Known::Key(pin('y'))).unwrap();
        servers.set(&at("b"), &Known::Plain).unwrap();
        assert_eq!(servers.known(&at("a")).unwrap(), key('y'));
        assert_eq!(servers.known(&at("[fd00::1]:9")).unwrap(), key('y'));
        assert_eq!(servers.known(&at("b")).unwrap(), Some(Known::Plain));
        let file = place.path().join("kinora/known-servers");
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.starts_with('#'), "{text}");
        fs::write(&file, "a:9001 sha256//cut 2026-01-01\n").unwrap();
        assert!(servers.known(&at("a")).is_err());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o622)).unwrap();
        assert!(servers.known(&at("b")).is_err());
    }

    #[test]
    fn without_a_place_nobody_is_met() {
        let servers = Servers::of(&Variables::new());
        let at: Address = "a".parse().unwrap();
        assert_eq!(servers.known(&at).unwrap(), None);
        assert!(servers.meet(&at, &pin('x')).is_err());
    }

    #[test]
    fn days_have_dates() {
        let check = |days, expected: &str| assert_eq!(date(days), expected);
        check(0, "1970-01-01");
        check(59, "1970-03-01");
        check(11_016, "2000-02-29");
        check(20_513, "2026-03-01");
        check(20_819, "2027-01-01");
        check(47_540, "2100-02-28");
        check(47_541, "2100-03-01");
    }
}
