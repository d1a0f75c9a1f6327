//! What is encrypted: one message between two people, as CBOR, padded.
//!
//! The server sees the size of what it moves. So a payload is filled up to 256, 512, 1,024 … bytes before encryption, and
//! only the class shows: `length of the CBOR, u32 · CBOR · zeros`. A receipt is as long as a short text.
//!
//! The CBOR is a map with small numbers as keys; what a kind of content has stands in an array behind the kind's number.
//! Unknown keys are passed over, an unknown kind is a [`Fault::PayloadNewer`].

use crate::attachment::Attachment;
use crate::certificate::DeviceId;
use crate::fault::Fault;
use crate::limits::{
    CARD_TITLE_MAX, PADDED_MAX, PADDED_MIN, RECEIPTS_MAX, TEXT_BYTES_MAX, TITLE_ID_MAX,
};
use minicbor::{Decode, Decoder, Encode};
use sha2::{Digest, Sha256};

/// The version that is written.
const VERSION: u8 = 1;
/// Goes before what is hashed, so that no hash made for something else fits.
const CONTEXT: &[u8] = b"kinora chat message\0";
/// The length before the CBOR.
const HEAD: usize = 4;

/// Which message: the device that wrote it, and the how-manieth of that device in this conversation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
#[cbor(array)]
pub struct MessageId {
    /// Who wrote it.
    #[n(0)]
    pub device: DeviceId,
    /// From 1, without gaps.
    #[n(1)]
    pub counter: u64,
}

/// A message and the hash of what it said, by which both sides notice when they were shown different things.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(array)]
pub struct Seen {
    /// Which message.
    #[n(0)]
    pub id: MessageId,
    /// Its [`Message::digest`].
    #[cbor(n(1), with = "minicbor::bytes")]
    pub digest: [u8; 32],
}

/// How far a message came.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode)]
#[cbor(index_only)]
pub enum Progress {
    /// It is on the disk of one of the reader's devices.
    #[n(0)]
    Delivered,
    /// It was on a screen.
    #[n(1)]
    Read,
}

/// What a message says.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Content {
    /// A text, up to 64 KiB.
    #[n(0)]
    Text(#[n(0)] String),
    /// What became of messages of the other side.
    #[n(1)]
    Receipt(#[n(0)] Progress, #[n(1)] Vec<MessageId>),
    /// Another text for an earlier message of the same user.
    #[n(2)]
    Edit(#[n(0)] MessageId, #[n(1)] String),
    /// A title of the library: its id, its name, and the time to watch from in milliseconds.
    #[n(3)]
    Card(#[n(0)] String, #[n(1)] String, #[n(2)] u64),
    /// A file: where its sealed bytes lie, and what opens them.
    #[n(4)]
    File(#[n(0)] Attachment),
}

/// One message as it is encrypted.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(map)]
pub struct Message {
    #[n(0)]
    version: u8,
    /// The how-manieth of this device in this conversation, from 1.
    #[n(1)]
    pub counter: u64,
    /// By the writer's clock, in milliseconds since 1970. To be shown, not to be trusted.
    #[n(2)]
    pub written_at_ms: u64,
    /// The newest message of another device that the writer had seen.
    #[n(3)]
    pub last_seen: Option<Seen>,
    /// What it says.
    #[n(4)]
    pub content: Content,
}

impl Message {
    /// Puts a message together; its bounds are looked at when it is written.
    pub fn new(
        counter: u64,
        written_at_ms: u64,
        last_seen: Option<Seen>,
        content: Content,
    ) -> Self {
        Self {
            version: VERSION,
            counter,
            written_at_ms,
            last_seen,
            content,
        }
    }

    /// As it goes into the cipher: padded.
    ///
    /// # Errors
    /// [`Fault::TextTooLong`] and [`Fault::PayloadDamaged`], when the content breaks a bound.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Fault> {
        self.check()?;
        pad(&self.cbor())
    }

    /// Reads what came out of the cipher. The writer is authentic then, not harmless.
    ///
    /// # Errors
    /// [`Fault::PayloadNewer`] for what a newer client may say, [`Fault::PayloadDamaged`] for all else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        let mut decoder = Decoder::new(unpad(bytes)?);
        let read = |error: minicbor::decode::Error| match error.is_unknown_variant() {
            true => Fault::PayloadNewer,
            false => Fault::PayloadDamaged("it is not a message"),
        };
        let message: Self = decoder.decode().map_err(read)?;
        if decoder.position() != decoder.input().len() {
            return Err(Fault::PayloadDamaged("something follows the message"));
        }
        if message.version != VERSION {
            return Err(Fault::PayloadNewer);
        }
        message.check()?;
        Ok(message)
    }

    /// What `last_seen` of an answer names: a hash of the writer and of all that the message says.
    pub fn digest(&self, writer: DeviceId) -> [u8; 32] {
        let hash = Sha256::new().chain_update(CONTEXT).chain_update(writer.0);
        hash.chain_update(self.cbor()).finalize().into()
    }

    fn cbor(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("a vector takes all that is written to it")
    }

    fn check(&self) -> Result<(), Fault> {
        if self.counter == 0 {
            return Err(Fault::PayloadDamaged("messages are counted from 1"));
        }
        let is_long = |text: &str| text.len() > TEXT_BYTES_MAX;
        match &self.content {
            Content::Text(text) | Content::Edit(_, text) if is_long(text) => {
                Err(Fault::TextTooLong)
            }
            Content::Receipt(_, ids) if ids.is_empty() || ids.len() > RECEIPTS_MAX => Err(
                Fault::PayloadDamaged("a receipt names no message, or too many"),
            ),
            Content::Card(id, title, _)
                if id.len() > TITLE_ID_MAX || title.len() > CARD_TITLE_MAX =>
            {
                Err(Fault::PayloadDamaged("a title is too long"))
            }
            Content::File(file) if !file.fits() => Err(Fault::PayloadDamaged(
                "a file has no name, or breaks a bound",
            )),
            _ => Ok(()),
        }
    }
}

/// The size that a text of this many bytes is filled up to.
fn padded(length: usize) -> usize {
    (HEAD + length).next_power_of_two().max(PADDED_MIN)
}

fn pad(cbor: &[u8]) -> Result<Vec<u8>, Fault> {
    let size = padded(cbor.len());
    if size > PADDED_MAX {
        return Err(Fault::TextTooLong);
    }
    let length = u32::try_from(cbor.len()).expect("it is below the largest size");
    let mut bytes = Vec::with_capacity(size);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(cbor);
    bytes.resize(size, 0);
    Ok(bytes)
}

fn unpad(bytes: &[u8]) -> Result<&[u8], Fault> {
    let damaged = Fault::PayloadDamaged("its padding is wrong");
    let (head, rest) = bytes
        .split_first_chunk::<HEAD>()
        .ok_or_else(|| damaged.clone())?;
    let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
    let (cbor, zeros) = rest
        .split_at_checked(length)
        .ok_or_else(|| damaged.clone())?;
    let is_right = bytes.len() == padded(length) && bytes.len() <= PADDED_MAX;
    // One way to pad: a second one would be a place to hide something, and to tell clients apart.
    let is_right = is_right && zeros.iter().all(|byte| *byte == 0);
    is_right.then_some(cbor).ok_or(damaged)
}

#[cfg(test)]
mod tests;
