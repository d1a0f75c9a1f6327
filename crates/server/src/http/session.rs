//! Sessions: who made what. A session is a name with this server's signature; nothing is kept of it here.
//!
//! Browsers carry it as a cookie, programs as a bearer token. The name is random, or that of a token: such a session is
//! as good as the token, and ends with it.

use super::limits::{COOKIE_DAYS, SESSION_DAYS};
use crate::access::key;
use kinora_jobs::problem;
use kinora_store::contract::Problem;
use std::path::Path;

/// The cookie's name.
pub(super) const COOKIE: &str = "kinora_session";
/// Its name on encrypted connections. The prefix makes browsers see to it that nobody else has set it (RFC 6265bis
/// §4.1.3.2).
const SECURE_COOKIE: &str = "__Host-kinora_session";
/// How a session's token begins, for scanners that look for secrets.
const PREFIX: &str = "kns_";
/// How that of a session begins that somebody with a token has.
const BOUND_PREFIX: &str = "knt_";
/// The file of the key within the data directory.
const KEY_FILE: &str = "session.key";
/// Hex digits of a name, of a time, and of a signature.
const NAME: usize = 32;
const TIME: usize = 8;
const MAC: usize = 64;
const DAY: u32 = 24 * 3600;

/// Makes and checks the signatures.
pub(super) struct Sessions {
    key: [u8; 32],
}

/// Somebody who can be recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) name: Name,
    /// Seconds since the Unix epoch.
    made: u32,
}

/// Whose session it is; both are hex digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// Somebody's who has been here before, and nothing else is known of.
    Random(String),
    /// The holder's of the token with this id.
    Token(String),
}

impl Name {
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Random(name) => (PREFIX, name),
            Self::Token(id) => (BOUND_PREFIX, id),
        }
    }
}

impl Session {
    /// A new one that nobody can guess.
    pub(super) fn random(now: u32) -> Self {
        let name = kinora_store::TaskId::random();
        Self {
            name: Name::Random(name.as_str().to_owned()),
            made: now,
        }
    }

    /// The session of somebody who has shown a token.
    pub(super) fn of_token(id: &str, now: u32) -> Self {
        Self {
            name: Name::Token(id.to_owned()),
            made: now,
        }
    }

    /// The same one from now on, when its token will not last much longer.
    pub(super) fn renewed(&self, now: u32) -> Option<Self> {
        let is_old = now.saturating_sub(self.made) > COOKIE_DAYS * DAY;
        is_old.then(|| Self {
            name: self.name.clone(),
            made: now,
        })
    }
}

impl Sessions {
    /// With a key that is known; for tests of what others send.
    pub(super) fn with_key(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// Reads the key, or makes it at the first start.
    ///
    /// # Errors
    /// When the file cannot be read, written, or is none of ours.
    pub(super) fn open(data: &Path) -> Result<Self, Problem> {
        let path = data.join(KEY_FILE);
        let key = key::open(&path);
        let key = key.map_err(|error| problem::of_machine(&path.display().to_string(), &error))?;
        Ok(Self { key })
    }

    /// The token that proves a session.
    pub(super) fn token(&self, session: &Session) -> String {
        let (prefix, name) = session.name.parts();
        let body = format!("{name}{:08x}", session.made);
        format!("{prefix}{body}{}", self.sign(prefix, &body).to_hex())
    }

    /// Whose token this is; `None` when it is forged, or too old.
    pub(super) fn read(&self, token: &str, now: u32) -> Option<Session> {
        let random = token.strip_prefix(PREFIX).map(|text| (PREFIX, text));
        let bound = || Some((BOUND_PREFIX, token.strip_prefix(BOUND_PREFIX)?));
        let (prefix, text) = random.or_else(bound)?;
        if text.len() != NAME + TIME + MAC || !text.is_ascii() {
            return None;
        }
        let (body, mac) = text.split_at(NAME + TIME);
        // Compared in constant time by the type.
        if self.sign(prefix, body) != blake3::Hash::from_hex(mac).ok()? {
            return None;
        }
        let (name, made) = body.split_at(NAME);
        let made = u32::from_str_radix(made, 16).ok()?;
        let is_fresh = now.saturating_sub(made) <= SESSION_DAYS * DAY;
        let name = match prefix {
            PREFIX => Name::Random(name.to_owned()),
            _ => Name::Token(name.to_owned()),
        };
        is_fresh.then_some(Session { name, made })
    }

    /// Signatures of the two kinds are worth nothing for each other.
    fn sign(&self, prefix: &str, body: &str) -> blake3::Hash {
        let kind = if prefix == PREFIX { "session" } else { "token" };
        blake3::keyed_hash(&self.key, format!("{kind} {body}").as_bytes())
    }
}

/// Under which name the session is kept.
pub(super) fn cookie_name(is_secure: bool) -> &'static str {
    if is_secure { SECURE_COOKIE } else { COOKIE }
}

/// The `Set-Cookie` of a token. `Secure` only where TLS is spoken: elsewhere browsers would drop it.
pub(super) fn cookie(token: &str, is_secure: bool) -> String {
    let (name, seconds) = (cookie_name(is_secure), SESSION_DAYS * DAY);
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    const NOW: u32 = 1_800_000_000;

    fn place() -> (tempfile::TempDir, Sessions) {
        let place = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(place.path()).unwrap();
        (place, sessions)
    }

    #[test]
    fn a_token_proves_its_session_until_it_is_old() {
        let (_place, sessions) = place();
        let session = Session::random(NOW);
        let token = sessions.token(&session);
        assert_eq!(sessions.read(&token, NOW), Some(session.clone()));
        let end = NOW + SESSION_DAYS * DAY;
        assert_eq!(sessions.read(&token, end), Some(session));
        assert_eq!(sessions.read(&token, end + 1), None);
    }

    #[test]
    fn a_session_of_a_token_is_told_from_others() {
        let (_place, sessions) = place();
        let session = Session::of_token(&"a".repeat(NAME), NOW);
        let token = sessions.token(&session);
        assert_eq!(sessions.read(&token, NOW), Some(session));
        assert_eq!(sessions.read(&token.replace("knt_", "kns_"), NOW), None);
    }

    #[test]
    fn every_change_of_a_token_ends_it() {
        let (_place, sessions) = place();
        let token = sessions.token(&Session::random(NOW));
        for at in 0..token.len() {
            let mut other = token.clone().into_bytes();
            other[at] = if other[at] == b'0' { b'1' } else { b'0' };
            let other = String::from_utf8(other).unwrap();
            assert_eq!(sessions.read(&other, NOW), None, "{at}");
            assert_eq!(sessions.read(&token[..at], NOW), None, "{at}");
        }
        assert_eq!(sessions.read(&format!("{token}0"), NOW), None);
        assert_eq!(sessions.read(&format!("kns_{}", "é".repeat(52)), NOW), None);
    }

    #[test]
    fn the_key_outlives_a_restart_and_is_nobody_elses() {
        let (directory, sessions) = place();
        let token = sessions.token(&Session::random(NOW));
        let again = Sessions::open(directory.path()).unwrap();
        assert!(again.read(&token, NOW).is_some());
        let (_other_place, other) = place();
        assert!(other.read(&token, NOW).is_none());
        let mode = fs::metadata(directory.path().join(KEY_FILE))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_is_none_is_not_replaced() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join(KEY_FILE), "short").unwrap();
        let problem = Sessions::open(place.path()).err().unwrap();
        assert!(problem.description.contains("32 bytes"), "{problem:?}");
    }
}
