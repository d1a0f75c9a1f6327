//! What stands in a backup: who a user is, whom they know, and what was said. Never ratchets, nor secrets of key packages:
//! those taken up again from a copy would use keys twice.
//!
//! It is a sequence of records behind a passphrase ([`crate::passphrase`]), each behind its length (u32, network order), as
//! CBOR; the first one is the head. Whoever changes a record keeps the old numbers: a backup is opened years later.

use crate::certificate::IdentityKey;
use crate::fault::Fault;
use crate::limits::RECORD_BYTES_MAX;
use crate::name::Name;
use crate::removal::Removal;
use minicbor::{Decode, Encode};

const VERSION: u8 = 1;
/// Bytes of the length in front of a record.
pub const LENGTH_BYTES: usize = 4;
const BEHIND: Fault = Fault::BackupDamaged("a record makes no sense");

/// One of them.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub enum Record {
    /// The first one, and no other.
    #[n(0)]
    Head(#[n(0)] Head),
    /// Somebody who is known.
    #[n(1)]
    Contact(#[n(0)] Known),
    /// That a device was removed, as it was signed.
    #[n(2)]
    Removal(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// A message.
    #[n(3)]
    Said(#[n(0)] Said),
}

/// Whose backup it is.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Head {
    #[n(0)]
    version: u8,
    /// The user's name.
    #[n(1)]
    pub name: String,
    /// The secret of [`crate::certificate::Identity`].
    #[cbor(n(2), with = "minicbor::bytes")]
    pub secret: [u8; 32],
}

/// Somebody who is known.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Known {
    /// Their name.
    #[n(0)]
    pub name: String,
    /// The key that they are known by. That the directory shows another one is seen there.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub key: [u8; 32],
    /// It was compared.
    #[n(2)]
    pub is_verified: bool,
}

/// A message as it is to be seen, with nothing that is still to be done about it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Said {
    /// With whom.
    #[n(0)]
    pub peer: String,
    /// This user wrote it.
    #[n(1)]
    pub is_own: bool,
    /// The device that it was written on, and the how-manieth of it.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub device: [u8; 16],
    /// From 1.
    #[n(3)]
    pub counter: u64,
    /// By the writer's clock, in milliseconds since 1970.
    #[n(4)]
    pub written_ms: u64,
    /// By the server's.
    #[n(5)]
    pub at_ms: u64,
    /// What there is to be read of it.
    #[n(6)]
    pub text: String,
    /// [`crate::payload::Content`] as CBOR, where it is more than a text.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub content: Option<Vec<u8>>,
    /// It said something else before.
    #[n(8)]
    pub is_edited: bool,
    /// How far an own one came: 0 to the server, 1 to a device, 2 to its reader.
    #[n(9)]
    pub progress: u8,
}

impl Head {
    /// Of this version.
    pub fn new(name: &Name, secret: [u8; 32]) -> Self {
        Self {
            version: VERSION,
            name: name.to_string(),
            secret,
        }
    }

    /// The user's name.
    ///
    /// # Errors
    /// [`Fault::BackupNewer`] for one that this program cannot read; [`Fault::BackupDamaged`].
    pub fn name(&self) -> Result<Name, Fault> {
        match self.version {
            VERSION => name(&self.name),
            _ => Err(Fault::BackupNewer),
        }
    }
}

impl Known {
    /// Name and key.
    ///
    /// # Errors
    /// [`Fault::BackupDamaged`].
    pub fn person(&self) -> Result<(Name, IdentityKey), Fault> {
        Ok((name(&self.name)?, IdentityKey(self.key)))
    }
}

impl Said {
    /// Whether it could have been said.
    ///
    /// # Errors
    /// [`Fault::BackupDamaged`].
    pub fn check(&self) -> Result<(), Fault> {
        name(&self.peer)?;
        let numbers = [self.counter, self.written_ms, self.at_ms];
        let is_sound = numbers
            .into_iter()
            .all(|number| i64::try_from(number).is_ok());
        (is_sound && self.progress <= 2).then_some(()).ok_or(BEHIND)
    }
}

impl Record {
    /// With its length in front.
    ///
    /// # Errors
    /// [`Fault::TextTooLong`] for one that nobody would read again.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
        let record = minicbor::to_vec(self).expect("a vector takes all that is written to it");
        let length = u32::try_from(record.len()).ok();
        let length = length.filter(|_| record.len() <= RECORD_BYTES_MAX);
        let length = length.ok_or(Fault::TextTooLong)?;
        Ok([&length.to_be_bytes()[..], &record].concat())
    }

    /// How long the record behind this is.
    ///
    /// # Errors
    /// [`Fault::BackupDamaged`] for longer ones than there are.
    pub fn length(bytes: [u8; LENGTH_BYTES]) -> Result<usize, Fault> {
        let length = u32::from_be_bytes(bytes) as usize;
        let is_sound = length <= RECORD_BYTES_MAX;
        is_sound.then_some(length).ok_or(BEHIND)
    }

    /// Without its length.
    ///
    /// # Errors
    /// [`Fault::BackupDamaged`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        minicbor::decode(bytes).map_err(|_| BEHIND)
    }
}

/// Whose device a removal of a backup is about.
///
/// # Errors
/// [`Fault::BackupDamaged`].
pub fn removed_of(bytes: &[u8]) -> Result<Name, Fault> {
    let removal = Removal::from_bytes(bytes).map_err(|_| BEHIND)?;
    Ok(removal.name)
}

fn name(text: &str) -> Result<Name, Fault> {
    Name::folded(text).map_err(|_| Fault::BackupDamaged("a name is none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(version: u8, name: &str) -> Head {
        Head {
            version,
            name: name.into(),
            secret: [7; 32],
        }
    }

    fn said() -> Said {
        Said {
            peer: "ravi".into(),
            is_own: true,
            device: [1; 16],
            counter: 3,
            written_ms: 1_790_000_000_000,
            at_ms: 1_790_000_000_001,
            text: "hello".into(),
            content: Some(vec![1, 2, 3]),
            is_edited: false,
            progress: 2,
        }
    }

    #[test]
    fn a_record_is_read_again() {
        let known = Known {
            name: "ravi".into(),
            key: [2; 32],
            is_verified: true,
        };
        let records = [
            Record::Head(head(1, "asha")),
            Record::Contact(known),
            Record::Removal(vec![1, 2]),
            Record::Said(said()),
        ];
        for record in records {
            let bytes = record.to_bytes().unwrap();
            let (length, bytes) = bytes.split_first_chunk().unwrap();
            assert_eq!(Record::length(*length).unwrap(), bytes.len());
            assert!(Record::from_bytes(bytes).unwrap() == record);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert_eq!(head(1, "asha").name().unwrap().as_str(), "asha");
        assert_eq!(head(2, "asha").name(), Err(Fault::BackupNewer));
        assert_eq!(
            head(1, "No Name").name().unwrap_err().code(),
            "backup_damaged"
        );
        assert_eq!(said().check(), Ok(()));
        let changes: [fn(&mut Said); 4] = [
            |said| said.peer = "No Name".into(),
            |said| said.at_ms = u64::MAX,
            |said| said.counter = 1 << 63,
            |said| said.progress = 3,
        ];
        for change in changes {
            let mut other = said();
            change(&mut other);
            assert_eq!(other.check().unwrap_err().code(), "backup_damaged");
        }
        assert!(Record::length([1, 0, 0, 0]).is_err());
        assert!(Record::from_bytes(&[0x82, 0x18]).is_err());
        assert!(removed_of(&[1, 2]).is_err());
        let mut long = said();
        long.text = "x".repeat(RECORD_BYTES_MAX);
        assert!(Record::Said(long).to_bytes().is_err());
    }
}
