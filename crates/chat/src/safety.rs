//! Safety numbers: sixty digits that two people compare, to know that nobody stands between them.
//!
//! For each side SHA-512 runs 5,200 times over `version 0, u16 · identity key · name` and the key again; the first
//! thirty bytes become six groups of five digits (five bytes, modulo 100,000). The smaller side stands first, so both
//! see the same. `vectors/safety.json` is the truth that other clients are tested with, too.

use crate::certificate::IdentityKey;
use crate::limits::SAFETY_ROUNDS;
use crate::name::Name;
use sha2::{Digest, Sha512};
use std::fmt;

const VERSION: [u8; 2] = [0, 0];

/// What a QR code carries of one side.
pub type Fingerprint = [u8; 30];

/// Digits of a number.
const DIGITS: usize = 60;

/// What comparing a number with another one says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Both are one.
    Same,
    /// Somebody may stand between.
    Different,
    /// It is no number of this kind.
    Incomplete,
}

/// The number of one pair: equal on both sides when both know the same keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SafetyNumber([Fingerprint; 2]);

impl SafetyNumber {
    /// Of two users, in either order.
    pub fn new(one: (&Name, &IdentityKey), other: (&Name, &IdentityKey)) -> Self {
        let mut sides = [fingerprint(one.0, one.1), fingerprint(other.0, other.1)];
        sides.sort();
        Self(sides)
    }

    /// Twelve groups of five digits.
    pub fn groups(&self) -> Vec<String> {
        let of_side = |side: &Fingerprint| side.chunks(5).map(group).collect::<Vec<_>>();
        self.0.iter().flat_map(of_side).collect()
    }

    /// What a QR code carries: the digits, and nothing between them.
    pub fn digits(&self) -> String {
        self.groups().concat()
    }

    /// Compares it with what another device shows, as it was scanned, pasted or typed: whatever stands between the digits is
    /// left out.
    pub fn compare(&self, text: &str) -> Verdict {
        let digits: String = text.chars().filter_map(ascii_digit).collect();
        match digits.len() {
            DIGITS if digits == self.digits() => Verdict::Same,
            DIGITS => Verdict::Different,
            _ => Verdict::Incomplete,
        }
    }

    /// Both fingerprints, in order.
    pub fn fingerprints(&self) -> &[Fingerprint; 2] {
        &self.0
    }
}

impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.groups().join(" "))
    }
}

/// A digit, in whichever width it was typed.
fn ascii_digit(letter: char) -> Option<char> {
    let narrow = match letter {
        '\u{ff10}'..='\u{ff19}' => char::from_u32(u32::from(letter) - 0xff10 + u32::from('0'))?,
        other => other,
    };
    narrow.is_ascii_digit().then_some(narrow)
}

/// One side's part as people read it: six groups of five digits.
pub fn digits(name: &Name, identity: &IdentityKey) -> String {
    let groups: Vec<String> = fingerprint(name, identity).chunks(5).map(group).collect();
    groups.join(" ")
}

/// One side's part.
pub fn fingerprint(name: &Name, identity: &IdentityKey) -> Fingerprint {
    let first = [&VERSION[..], &identity.0, name.as_str().as_bytes()].concat();
    let round = |hash: Vec<u8>, _| {
        let mut sha = Sha512::new();
        sha.update(&hash);
        sha.update(identity.0);
        sha.finalize().to_vec()
    };
    let hash = (0..SAFETY_ROUNDS).fold(first, round);
    hash[..30].try_into().expect("a hash has 64 bytes")
}

fn group(bytes: &[u8]) -> String {
    let number = bytes
        .iter()
        .fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    format!("{:05}", number % 100_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(hex: &str) -> IdentityKey {
        let byte = |at: usize| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap();
        IdentityKey(std::array::from_fn(byte))
    }

    #[test]
    fn shared_vectors_hold() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../vectors/safety.json")).unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        assert!(cases.len() >= 3);
        for case in cases {
            let side = |n: usize| {
                let text = |field: &str| case["sides"][n][field].as_str().unwrap();
                (Name::folded(text("name")).unwrap(), key(text("identity")))
            };
            let ((a, a_key), (b, b_key)) = (side(0), side(1));
            let number = SafetyNumber::new((&a, &a_key), (&b, &b_key));
            assert_eq!(number.to_string(), case["number"].as_str().unwrap());
            assert_eq!(number, SafetyNumber::new((&b, &b_key), (&a, &a_key)));
            for compared in case["compared"].as_array().into_iter().flatten() {
                let text = compared["text"].as_str().unwrap();
                let expected = match compared["verdict"].as_str().unwrap() {
                    "same" => Verdict::Same,
                    "different" => Verdict::Different,
                    _ => Verdict::Incomplete,
                };
                assert_eq!(number.compare(text), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn name_and_key_both_count() {
        let (asha, ravi) = (Name::new("asha").unwrap(), Name::new("ravi").unwrap());
        let of = |name, byte| fingerprint(name, &IdentityKey([byte; 32]));
        assert_ne!(of(&asha, 1), of(&ravi, 1));
        assert_ne!(of(&asha, 1), of(&asha, 2));
    }
}
