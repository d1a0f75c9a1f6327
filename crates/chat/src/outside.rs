//! Every parser of this crate that bytes of other people reach, as a function from bytes: for the fuzzer (`fuzz/`) and for
//! the tests, which run each seed of it, cut short and changed.
//!
//! Another person is authentic when a message has been opened, and may still be anybody: what their client says is as
//! foreign as what the server brings.

use crate::attachment::harmless_name;
use crate::backup::{LENGTH_BYTES, Record};
use crate::certificate::{DeviceId, Identity};
use crate::engine::{Client, Group};
use crate::handover::Code;
use crate::limits::FILE_NAME_MAX;
use crate::member::{DirectoryView, Entry};
use crate::name::Name;
use crate::passphrase::Head;
use crate::payload::Message;
use std::collections::{BTreeMap, BTreeSet};

/// Name of the fuzz target and of its folder of seeds, and what it runs.
pub type Parser = (&'static str, fn(&[u8]));

/// All of them.
pub const PARSERS: &[Parser] = &[
    ("chat_payload", payload),
    ("chat_code", code),
    ("chat_file_name", file_name),
    ("chat_mls", mls),
    ("chat_backup", backup),
];

/// Ravi's device, which has a key package that the Welcome among the seeds was made for. Nobody else's: these keys are
/// public.
const CLIENT: &[u8] = include_bytes!("outside/client");
/// Ravi's side of a group with Asha, in which the message and the commit among the seeds come next.
const GROUP: &[u8] = include_bytes!("outside/group");

/// Runs the parser of this name.
///
/// # Panics
/// When something does not hold that has to; or there is none of this name.
pub fn run(name: &str, data: &[u8]) {
    let found = PARSERS.iter().find(|(each, _)| *each == name);
    let (_, parser) = found.expect("a parser of this name");
    parser(data);
}

/// What a message says has one way to be padded, and is read again from what is written of it.
fn payload(data: &[u8]) {
    if let Ok(message) = Message::from_bytes(data) {
        let written = message.to_bytes().expect("it was within its bounds");
        assert_eq!(Message::from_bytes(&written), Ok(message));
    }
}

/// A code that somebody reads out or sends in another way.
fn code(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(code) = text.parse::<Code>()
    {
        assert_eq!(code.to_string().parse(), Ok(code));
    }
}

/// The name of a file that somebody sends stays in its directory, on a terminal's line, and within its bound.
fn file_name(data: &[u8]) {
    let name = harmless_name(&String::from_utf8_lossy(data));
    assert!(!name.is_empty() && name.len() <= FILE_NAME_MAX);
    assert!(!name.starts_with('.') && !name.contains(['/', '\\']));
    assert!(!name.chars().any(char::is_control));
}

/// The beginning of a backup before it is opened, and what stands in it behind its passphrase, which somebody else may have
/// chosen.
fn backup(data: &[u8]) {
    if let Ok((head, rest)) = Head::read(data) {
        let begin = &data[..data.len() - rest.len()];
        assert_eq!(Head::read(begin), Ok((head, &[][..])));
    }
    if let Ok(record) = Record::from_bytes(data)
        && let Ok(written) = record.to_bytes()
    {
        let again = Record::from_bytes(&written[LENGTH_BYTES..]);
        assert!(again.is_ok_and(|again| again == record));
    }
}

/// What the server brings (RFC 9420 §6): what cannot be taken leaves everything as it was.
fn mls(data: &[u8]) {
    let view = view();
    let mut client = Client::import(CLIENT).expect("this device is whole");
    match client.join(data, &view) {
        Ok(group) => assert_eq!(group.members().len(), 2),
        Err(_) => assert_eq!(client.export(), CLIENT),
    }
    let mut group = Group::import(GROUP).expect("this group is whole");
    if group.open_message(data, &view).is_err() {
        assert_eq!(group.export(), GROUP);
    }
    assert_eq!(group.members().len(), 2);
}

fn view() -> DirectoryView {
    let entry = |(name, byte): (&str, u8)| {
        let entry = Entry {
            identity: Identity::new(&[byte; 32]).public(),
            devices: BTreeSet::from([DeviceId([byte; 16])]),
        };
        (Name::folded(name).expect("it is folded"), entry)
    };
    DirectoryView {
        users: BTreeMap::from([("asha", 1), ("ravi", 2)].map(entry)),
    }
}

#[cfg(test)]
mod tests;
