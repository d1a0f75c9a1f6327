//! Every parser of this crate that strangers reach, as a function from bytes: for the fuzzer (`fuzz/`) and for the
//! tests, which run each seed of it, cut short at every byte and changed at every byte.

use crate::certificate::Certificate;
use crate::frame::{Ask, Tell};
use crate::limits::NAME_BYTES_MAX;
use crate::name::Name;
use crate::removal::Removal;

/// Name of the fuzz target and of its folder of seeds, and what it runs.
pub type Parser = (&'static str, fn(&[u8]));

/// All of them.
pub const PARSERS: &[Parser] = &[
    ("talk_frame", frame),
    ("talk_certificate", certificate),
    ("talk_removal", removal),
    ("talk_name", name),
];

/// Runs the parser of this name.
///
/// # Panics
/// When something does not hold that has to; or there is none of this name.
pub fn run(name: &str, data: &[u8]) {
    let found = PARSERS.iter().find(|(each, _)| *each == name);
    let (_, parser) = found.expect("a parser of this name");
    parser(data);
}

/// A frame of either side: what was read is read again from what is written of it.
fn frame(data: &[u8]) {
    if let Ok(ask) = Ask::from_bytes(data) {
        assert_eq!(Ask::from_bytes(&ask.to_bytes()), Ok(ask));
    }
    if let Ok(tell) = Tell::from_bytes(data) {
        assert_eq!(Tell::from_bytes(&tell.to_bytes()), Ok(tell));
    }
}

/// A certificate has one way to be written.
fn certificate(data: &[u8]) {
    if let Ok(certificate) = Certificate::from_bytes(data) {
        assert_eq!(certificate.to_bytes(), data);
    }
}

/// A removal has one way to be written.
fn removal(data: &[u8]) {
    if let Ok(removal) = Removal::from_bytes(data) {
        assert_eq!(removal.to_bytes(), data);
    }
}

/// A name: folding it again changes nothing, and it stays within its bounds.
fn name(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(name) = Name::new(text)
    {
        assert!(name.as_str().len() <= NAME_BYTES_MAX);
        assert_eq!(Name::folded(name.as_str()), Ok(name.clone()));
        assert!(!name.as_str().chars().any(char::is_control));
    }
}
