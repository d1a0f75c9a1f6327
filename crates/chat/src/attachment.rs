//! A file as it is sent: sealed piece by piece with a key of its own, so that whoever keeps it learns neither what is in
//! it nor quite how long it is.
//!
//! The content is filled up with zeros to a size class and cut into chunks of 64 KiB, the last of them as long as what is
//! left. Each is sealed with AES-256-GCM in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online
//! Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, 2015), so that a chunk that is left out, moved, cut off
//! or added does not open:
//!
//! ```text
//! nonce: zeros, 7 · number of the chunk from 0, u32 · 1 for the last one, else 0, u8
//! chunk: sealed bytes · tag, 16
//! ```
//!
//! A key is made for one sending of one file, so the nonce needs no randomness. That is also why **no chunk may be sealed
//! twice, but from the very same content**: whoever sends again what did not arrive keeps the sealed bytes until they have,
//! or the digest of what is in them. Nothing here holds more than a chunk.

use crate::fault::Fault;
use crate::limits::{CHUNK_BYTES, FILE_BYTES_MAX, FILE_NAME_MAX, MEDIA_TYPE_MAX};
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::stream::{NewStream, StreamBE32, StreamPrimitive};
use kinora_talk::field::ParcelId;
use minicbor::decode::{Decode, Decoder, Error};
use minicbor::encode::{Encode, Encoder, Write};
use std::fmt;

/// Goes into each tag, so that no chunk fits where something else is expected.
const CONTEXT: &[u8] = b"kinora chat file\0";
/// What a chunk is longer by when it is sealed.
pub const TAG_BYTES: usize = 16;
/// Bytes of a sealed chunk that is not the last one.
pub const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
/// The size classes between a power of two and the next one, as a power of two.
const CLASSES: u32 = 4;
/// Bytes of an ending, with its dot, that is worth keeping when a name is cut.
const ENDING_MAX: usize = 16;
/// A name that is left when nothing harmless is.
const NAMELESS: &str = "file";

/// What opens a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(pub [u8; 32]);

/// Logs show that there is one, never which.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// A file that somebody sent: where it lies, and what opens it.
#[derive(Clone, PartialEq, Eq, Debug, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct Attachment {
    /// By which the server knows the sealed bytes.
    #[n(0)]
    pub parcel: ParcelId,
    /// What opens them.
    #[n(1)]
    pub key: Key,
    /// Bytes of the file itself.
    #[n(2)]
    pub size: u64,
    /// What the sender calls it: a stranger's word, see [`harmless_name`].
    #[n(3)]
    pub name: String,
    /// What the sender takes it for (RFC 6838); empty when that is not known.
    #[n(4)]
    pub media_type: String,
}

impl Attachment {
    /// Whether it keeps the bounds.
    pub(crate) fn fits(&self) -> bool {
        self.size <= FILE_BYTES_MAX
            && (1..=FILE_NAME_MAX).contains(&self.name.len())
            && self.media_type.len() <= MEDIA_TYPE_MAX
    }
}

/// Bytes of the content with what it is filled up with: at least a chunk, and at most a sixteenth more than it has.
pub fn padded_size(size: u64) -> u64 {
    let size = size.max(CHUNK_BYTES as u64);
    size.next_multiple_of(1 << (size.ilog2() - CLASSES))
}

/// Bytes of all sealed chunks of a file.
pub fn sealed_size(size: u64) -> u64 {
    let padded = padded_size(size);
    padded + padded.div_ceil(CHUNK_BYTES as u64) * TAG_BYTES as u64
}

/// How far a file has come on its way through: which chunk is next, and what is in it.
struct Walk {
    stream: StreamBE32<Aes256Gcm>,
    size: u64,
    padded: u64,
    /// The chunk that is next.
    at: u32,
}

/// What stands in one chunk.
struct Chunk {
    /// Bytes of the content.
    content: usize,
    /// Those and the zeros behind them.
    padded: usize,
    is_last: bool,
}

impl Walk {
    fn new(key: &Key, size: u64) -> Result<Self, Fault> {
        if size > FILE_BYTES_MAX {
            return Err(Fault::FileDamaged);
        }
        Ok(Self {
            stream: StreamBE32::new(&key.0.into(), &[0; 7].into()),
            size,
            padded: padded_size(size),
            at: 0,
        })
    }

    /// None behind the last one.
    fn chunk(&self) -> Option<Chunk> {
        let most = CHUNK_BYTES as u64;
        let begin = u64::from(self.at) * most;
        let padded = self.padded.checked_sub(begin).filter(|left| *left > 0)?;
        let content = self.size.saturating_sub(begin);
        let bounded = |left: u64| usize::try_from(left.min(most)).expect("a chunk fits in memory");
        Some(Chunk {
            content: bounded(content),
            padded: bounded(padded),
            is_last: padded <= most,
        })
    }
}

/// Seals the chunks of one file in their order, each once.
pub struct Sealer(Walk);

impl Sealer {
    /// For a file of this many bytes. The key must never have sealed anything.
    ///
    /// # Errors
    /// [`Fault::FileDamaged`] for one that is longer than any can be.
    pub fn new(key: &Key, size: u64) -> Result<Self, Fault> {
        Walk::new(key, size).map(Self)
    }

    /// Goes on behind so many chunks that were sealed before. What stood in chunks from there on, if they were sealed once,
    /// has to be what is sealed now.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn behind(key: &Key, size: u64, chunks: u32) -> Result<Self, Fault> {
        let walk = Walk::new(key, size)?;
        Ok(Self(Walk { at: chunks, ..walk }))
    }

    /// Chunks that lie behind it.
    pub fn chunks(&self) -> u32 {
        self.0.at
    }

    /// Bytes of the content that the next chunk takes: none where only zeros are left. `None` when all is sealed.
    pub fn wants(&self) -> Option<usize> {
        self.0.chunk().map(|chunk| chunk.content)
    }

    /// Seals the next chunk.
    ///
    /// # Errors
    /// [`Fault::FileChanged`] for another number of bytes than [`Self::wants`] says.
    pub fn seal(&mut self, content: &[u8]) -> Result<Vec<u8>, Fault> {
        let walk = &mut self.0;
        let chunk = walk.chunk().filter(|chunk| chunk.content == content.len());
        let chunk = chunk.ok_or(Fault::FileChanged)?;
        let mut bytes = Vec::with_capacity(chunk.padded + TAG_BYTES);
        bytes.extend_from_slice(content);
        bytes.resize(chunk.padded, 0);
        let sealed = walk
            .stream
            .encrypt_in_place(walk.at, chunk.is_last, CONTEXT, &mut bytes);
        sealed.map_err(|_| Fault::Engine)?;
        walk.at += 1;
        Ok(bytes)
    }
}

/// Opens the chunks of one file in their order.
pub struct Opener(Walk);

impl Opener {
    /// For a file of this many bytes.
    ///
    /// # Errors
    /// [`Fault::FileDamaged`] for one that is longer than any can be.
    pub fn new(key: &Key, size: u64) -> Result<Self, Fault> {
        Walk::new(key, size).map(Self)
    }

    /// Bytes of the next sealed chunk. `None` when all is open: only then the file is whole.
    pub fn wants(&self) -> Option<usize> {
        self.0.chunk().map(|chunk| chunk.padded + TAG_BYTES)
    }

    /// Opens the next chunk: what is in it of the content.
    ///
    /// # Errors
    /// [`Fault::FileDamaged`] for anything but the chunk that was sealed for this place.
    pub fn open(&mut self, sealed: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let walk = &mut self.0;
        let chunk = walk.chunk().ok_or(Fault::FileDamaged)?;
        let mut bytes = sealed;
        let opened = walk
            .stream
            .decrypt_in_place(walk.at, chunk.is_last, CONTEXT, &mut bytes);
        opened.map_err(|_| Fault::FileDamaged)?;
        // One way to fill up: a second one would be a place to hide something.
        if bytes.len() != chunk.padded || bytes[chunk.content..].iter().any(|byte| *byte != 0) {
            return Err(Fault::FileDamaged);
        }
        bytes.truncate(chunk.content);
        walk.at += 1;
        Ok(bytes)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sealer").field(&self.0.at).finish()
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Opener").field(&self.0.at).finish()
    }
}

/// A name under which a file can be shown and kept: never a path, nothing hidden, no characters that cannot be seen or
/// that some file system does not take, at most [`FILE_NAME_MAX`] bytes with its ending kept.
pub fn harmless_name(sent: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or(sent);
    let visible = last.chars().filter(|c| !is_unprintable(*c));
    let plain: String = visible
        .map(|c| if "<>:\"|?*".contains(c) { '_' } else { c })
        .collect();
    // A dot in front hides a file, and one at the end is lost on some systems.
    let is_edge = |c: char| c == '.' || c.is_whitespace();
    let name = shortened(plain.trim_matches(is_edge));
    match name.trim_matches(is_edge) {
        "" => NAMELESS.to_owned(),
        name => name.to_owned(),
    }
}

/// A name within its bound: what is too long goes in front of the ending, if there is one that people would know.
fn shortened(name: &str) -> String {
    if name.len() <= FILE_NAME_MAX {
        return name.to_owned();
    }
    let ending = name.rfind('.').map_or("", |at| &name[at..]);
    let ending = if ending.len() <= ENDING_MAX {
        ending
    } else {
        ""
    };
    let most = name.floor_char_boundary(FILE_NAME_MAX - ending.len());
    format!("{}{ending}", &name[..most])
}

/// Controls, and the marks that turn the direction of writing: those make `gpj.exe` look like `exe.jpg`.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl<C> Encode<C> for Key {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Key {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        let bytes = decoder.bytes()?.try_into();
        bytes
            .map(Self)
            .map_err(|_| Error::message("a key has 32 bytes"))
    }
}

#[cfg(test)]
mod tests;
