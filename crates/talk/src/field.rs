//! Fields of frames: values whose bound is part of their type, so that nothing longer is ever read.

use crate::certificate::{DeviceId, IdentityKey};
use crate::fault::Fault;
use crate::limits::NAME_BYTES_MAX;
use crate::name::Name;
use minicbor::decode::{Decode, Decoder, Error};
use minicbor::encode::{Encode, Encoder, Write};
use std::fmt;
use std::ops::Deref;

type Written<W> = Result<(), minicbor::encode::Error<<W as Write>::Error>>;

/// Exactly so many bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fixed<const N: usize>(pub [u8; N]);

/// Names one request of a client, the same over all its repetitions.
pub type Reference = Fixed<16>;
/// Names a parcel: a file that lies at the server, sealed.
pub type ParcelId = Fixed<16>;
/// Names an MLS group.
pub type GroupId = Fixed<32>;
/// Shows whose device asks for parcels.
pub type Pass = Fixed<32>;
/// What the server wants to be signed.
pub type Nonce = Fixed<32>;
/// An Ed25519 signature.
pub type Signature = Fixed<64>;

impl<const N: usize> fmt::Debug for Fixed<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.0.iter().take(4);
        first
            .into_iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…")
    }
}

/// Bytes, at most so many.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes<const MOST: usize>(Vec<u8>);

impl<const MOST: usize> Bytes<MOST> {
    /// Takes bytes.
    ///
    /// # Errors
    /// [`Fault::FrameDamaged`] for too many.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Fault> {
        let fits = bytes.len() <= MOST;
        fits.then_some(Self(bytes)).ok_or(TOO_LONG)
    }

    /// Gives them back.
    pub fn into_inner(self) -> Vec<u8> {
        self.0
    }
}

impl<const MOST: usize> Deref for Bytes<MOST> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Logs and messages show how many, never which.
impl<const MOST: usize> fmt::Debug for Bytes<MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bytes(…)")
    }
}

/// A text of at most so many bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text<const MOST: usize>(String);

impl<const MOST: usize> Text<MOST> {
    /// Takes a text, and leaves out what is beyond the bound.
    pub fn cut(text: &str) -> Self {
        let end = text.floor_char_boundary(MOST.min(text.len()));
        Self(text[..end].to_owned())
    }
}

impl<const MOST: usize> Deref for Text<MOST> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// A list of at most so many.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Few<T, const MOST: usize>(Vec<T>);

impl<T, const MOST: usize> Few<T, MOST> {
    /// Takes a list.
    ///
    /// # Errors
    /// [`Fault::FrameDamaged`] for too many.
    pub fn new(list: Vec<T>) -> Result<Self, Fault> {
        let fits = list.len() <= MOST;
        fits.then_some(Self(list)).ok_or(TOO_LONG)
    }

    /// Gives it back.
    pub fn into_inner(self) -> Vec<T> {
        self.0
    }
}

impl<T, const MOST: usize> Default for Few<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MOST: usize> Deref for Few<T, MOST> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

const TOO_LONG: Fault = Fault::FrameDamaged("a field is longer than it may be");

fn too_long() -> Error {
    Error::message("a field is longer than it may be")
}

impl<C, const N: usize> Encode<C> for Fixed<N> {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Written<W> {
        encoder.bytes(&self.0)?.ok()
    }
}

impl<'b, C, const N: usize> Decode<'b, C> for Fixed<N> {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        let bytes = decoder.bytes()?.try_into();
        bytes
            .map(Self)
            .map_err(|_| Error::message("a field has another length"))
    }
}

impl<C, const MOST: usize> Encode<C> for Bytes<MOST> {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Written<W> {
        encoder.bytes(&self.0)?.ok()
    }
}

impl<'b, C, const MOST: usize> Decode<'b, C> for Bytes<MOST> {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        let bytes = decoder.bytes()?;
        let fits = bytes.len() <= MOST;
        fits.then(|| Self(bytes.to_vec())).ok_or_else(too_long)
    }
}

impl<C, const MOST: usize> Encode<C> for Text<MOST> {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Written<W> {
        encoder.str(&self.0)?.ok()
    }
}

impl<'b, C, const MOST: usize> Decode<'b, C> for Text<MOST> {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        let text = decoder.str()?;
        let fits = text.len() <= MOST;
        fits.then(|| Self(text.to_owned())).ok_or_else(too_long)
    }
}

impl<C, T: Encode<C>, const MOST: usize> Encode<C> for Few<T, MOST> {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, context: &mut C) -> Written<W> {
        self.0.encode(encoder, context)
    }
}

impl<'b, C, T: Decode<'b, C>, const MOST: usize> Decode<'b, C> for Few<T, MOST> {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, Error> {
        let count = decoder
            .array()?
            .and_then(|count| usize::try_from(count).ok());
        let count = count.filter(|count| *count <= MOST).ok_or_else(too_long)?;
        let items = (0..count).map(|_| T::decode(decoder, context));
        items.collect::<Result<_, _>>().map(Self)
    }
}

impl<C> Encode<C> for DeviceId {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Written<W> {
        encoder.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for DeviceId {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, Error> {
        Fixed::decode(decoder, context).map(|Fixed(id)| Self(id))
    }
}

impl<C> Encode<C> for IdentityKey {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Written<W> {
        encoder.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for IdentityKey {
    fn decode(decoder: &mut Decoder<'b>, context: &mut C) -> Result<Self, Error> {
        Fixed::decode(decoder, context).map(|Fixed(key)| Self(key))
    }
}

impl<C> Encode<C> for Name {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Written<W> {
        encoder.str(self.as_str())?.ok()
    }
}

/// A name in a frame is folded already; one that is not is no name.
impl<'b, C> Decode<'b, C> for Name {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        let text = decoder.str()?;
        if text.len() > NAME_BYTES_MAX {
            return Err(too_long());
        }
        Self::folded(text).map_err(|_| Error::message("a field is no name"))
    }
}
