//! By what a server is known again: the hash of its public key, and who keeps it.

use crate::Address;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

/// SHA-256 of a public key (SubjectPublicKeyInfo), written as `sha256//` and base64 (RFC 7469 §2.4). A certificate that
/// is renewed for the same key has the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin(String);

const PREFIX: &str = "sha256//";

impl Pin {
    pub(crate) fn of(public_key: &[u8]) -> Self {
        let hash = STANDARD.encode(Sha256::digest(public_key));
        Self(format!("{PREFIX}{hash}"))
    }
}

impl FromStr for Pin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hash = text
            .strip_prefix(PREFIX)
            .and_then(|hash| STANDARD.decode(hash).ok());
        match hash {
            Some(hash) if hash.len() == 32 => Ok(Self(text.to_owned())),
            _ => Err(format!(
                "{text:?} is no key such as {PREFIX}…, which a server prints when it starts"
            )),
        }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the user has of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Its key.
    Key(Pin),
    /// The decision to speak plainly with it.
    Plain,
}

/// Who keeps what servers are known by.
pub trait Trust: fmt::Debug + Send + Sync {
    /// What is known of a server.
    ///
    /// # Errors
    /// When it cannot be read: then nobody is trusted.
    fn known(&self, server: &Address) -> io::Result<Option<Known>>;

    /// A server is met for the first time whose key nobody vouches for: keeps it, and says so to the user.
    ///
    /// # Errors
    /// When it cannot be kept, or another one has been kept meanwhile: then the server is not spoken to.
    fn meet(&self, server: &Address, key: &Pin) -> io::Result<()>;
}

/// How connections are protected.
#[derive(Clone, Debug)]
pub struct Security {
    /// Speak plainly, whatever is known of the server; never with a token beyond this machine.
    pub is_plain: bool,
    /// Where servers are known from.
    pub trust: Arc<dyn Trust>,
}

impl Default for Security {
    /// Knows nobody, and keeps nothing: servers beyond this machine need a certificate that the system trusts.
    fn default() -> Self {
        Self {
            is_plain: false,
            trust: Arc::new(Nobody),
        }
    }
}

#[derive(Debug)]
struct Nobody;

impl Trust for Nobody {
    fn known(&self, _: &Address) -> io::Result<Option<Known>> {
        Ok(None)
    }

    fn meet(&self, _: &Address, _: &Pin) -> io::Result<()> {
        Err(io::Error::other("there is no list of known servers"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_as_it_is_written() {
        let pin = Pin::of(b"key");
        assert_eq!(pin.to_string().parse(), Ok(pin.clone()));
        assert_eq!(
            pin.to_string(),
            "sha256//LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM="
        );
        for text in [
            "",
            "sha256//",
            "sha256//AAAA",
            "LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM=",
        ] {
            assert!(text.parse::<Pin>().is_err(), "{text}");
        }
    }
}
