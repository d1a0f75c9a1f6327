//! The text of a token, which only its holder keeps.

use std::fmt;

/// How each begins, for scanners that look for secrets; the wire knows tokens by it, too.
const PREFIX: &str = "kin_";
/// Characters behind the prefix: 256 bits, five in each.
const LETTERS: usize = 52;
/// Base 32 of RFC 4648 in lower case: no letter that is taken for a digit.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A token's text. It is shown once, and never printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A new one that nobody can guess.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn random() -> Result<Self, String> {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
        Ok(Self(format!("{PREFIX}{}", letters(&bytes))))
    }

    /// One that somebody has sent; `None` when it cannot be one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?;
        let fits = rest.len() == LETTERS && rest.bytes().all(|b| ALPHABET.contains(&b));
        fits.then(|| Self(text.to_owned()))
    }

    /// What is kept of it. It has 256 random bits, so a fast hash is enough.
    pub(crate) fn hash(&self) -> blake3::Hash {
        blake3::hash(self.0.as_bytes())
    }

    /// The text, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

fn letters(bytes: &[u8]) -> String {
    let (mut text, mut rest, mut held) = (String::with_capacity(LETTERS), 0u32, 0);
    for &byte in bytes {
        rest = (rest << 8) | u32::from(byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(letter(rest >> held));
        }
    }
    if held > 0 {
        text.push(letter(rest << (5 - held)));
    }
    text
}

fn letter(bits: u32) -> char {
    char::from(ALPHABET[(bits & 31) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_is_in_the_text() {
        // RFC 4648 §10, without padding.
        for (bytes, text) in [
            ("", ""),
            ("f", "my"),
            ("fo", "mzxq"),
            ("foobar", "mzxw6ytboi"),
        ] {
            assert_eq!(letters(bytes.as_bytes()), text);
        }
        let secret = Secret::random().unwrap();
        assert_eq!(Secret::parse(secret.reveal()), Some(secret.clone()));
        assert_ne!(Secret::random().unwrap(), secret);
        assert!(!format!("{secret:?}").contains(secret.reveal()));
    }

    #[test]
    fn what_cannot_be_one_is_none() {
        let good = Secret::random().unwrap().reveal().to_owned();
        for text in [
            "",
            "kin_",
            &good[1..],
            &format!("{good}a"),
            &good.to_uppercase(),
        ] {
            assert_eq!(Secret::parse(text), None, "{text}");
        }
    }
}
