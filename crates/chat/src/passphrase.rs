//! A file behind a passphrase: [age](https://age-encryption.org/v1) with its scrypt recipient, so that other programs of age
//! open it, too. Of age's other recipients, and of its armour, nothing is here.
//!
//! ```text
//! age-encryption.org/v1
//! -> scrypt SALT WORK          16 bytes · the steps as a power of two
//! WRAPPED                      the key of the file, 16 bytes, sealed with what scrypt makes of the passphrase
//! --- MAC                      HMAC-SHA256 of all before it
//! nonce, 16 · chunks of 64 KiB, each sealed with ChaCha20-Poly1305 in the STREAM construction
//! ```
//!
//! Salt, wrapped key and MAC are in base64 without padding. The last chunk may be shorter, and is empty only where all is. A
//! chunk that is left out, moved, cut off or added does not open.

use crate::attachment::TAG_BYTES;
use crate::fault::Fault;
use crate::limits::{CHUNK_BYTES, PASSPHRASE_CHARS_MIN, PASSPHRASE_WORK_MAX};
use chacha20poly1305::aead::stream::{NewStream, StreamBE32, StreamPrimitive};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use data_encoding::BASE64_NOPAD;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use scrypt::Params;
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// What every version of age begins with, and the line of this one.
const MAGIC: &[u8] = b"age-encryption.org/";
const FIRST: &str = "age-encryption.org/v1";
const LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
const END: &str = "---";
/// Bytes between the head and the first chunk.
pub const NONCE_BYTES: usize = 16;
/// Bytes of a sealed chunk that is not the last one.
pub const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;
/// More than a head has: four lines, of which the longest is 48 bytes.
pub const HEAD_BYTES_MAX: usize = 192;

type Key = Zeroizing<[u8; 32]>;
type FileKey = Zeroizing<[u8; 16]>;
type Stream = StreamBE32<ChaCha20Poly1305>;

/// What opens a file. It is wiped when it goes.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

/// Logs show that there is one, never which.
impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

impl Passphrase {
    /// For a new file.
    ///
    /// # Errors
    /// [`Fault::PassphraseShort`] for what is guessed too easily.
    pub fn new(text: String) -> Result<Self, Fault> {
        let passphrase = Self::known(text);
        match passphrase.0.chars().count() {
            PASSPHRASE_CHARS_MIN.. => Ok(passphrase),
            _ => Err(Fault::PassphraseShort),
        }
    }

    /// Of a file that exists.
    pub fn known(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The key that the file's own is wrapped with. This is what takes its time, and its memory: 1 KiB for each step.
    fn stretched(&self, salt: &[u8; 16], work: u8) -> Result<Key, Fault> {
        let parameters = Params::new(work, 8, 1).map_err(|_| Fault::Engine)?;
        let salt = [LABEL, salt].concat();
        let mut key = Key::default();
        let stretched = scrypt::scrypt(self.0.as_bytes(), &salt, &parameters, &mut *key);
        stretched.map_err(|_| Fault::Engine)?;
        Ok(key)
    }
}

/// What has to be random, and new for each file.
pub struct Chance {
    /// What makes equal passphrases different.
    pub salt: [u8; 16],
    /// The key of the file.
    pub key: [u8; 16],
    /// What makes another key of it for the chunks.
    pub nonce: [u8; NONCE_BYTES],
}

/// Seals the chunks of one file in their order.
pub struct Sealer {
    stream: Stream,
    at: u32,
}

impl Sealer {
    /// Begins a file that the passphrase opens after 2^`work` steps, and gives the bytes in front of its chunks.
    ///
    /// # Errors
    /// [`Fault::Engine`] for a work that no machine does.
    pub fn new(
        passphrase: &Passphrase,
        work: u8,
        chance: &Chance,
    ) -> Result<(Self, Vec<u8>), Fault> {
        let key = passphrase.stretched(&chance.salt, work)?;
        let own = FileKey::new(chance.key);
        let wrapped = wrapping(&key).encrypt(&Nonce::default(), own.as_slice());
        let wrapped = BASE64_NOPAD.encode(&wrapped.map_err(|_| Fault::Engine)?);
        let salt = BASE64_NOPAD.encode(&chance.salt);
        let signed = format!("{FIRST}\n-> scrypt {salt} {work}\n{wrapped}\n{END}");
        let mac = mac(&own, signed.as_bytes()).finalize().into_bytes();
        let mut bytes = format!("{signed} {}\n", BASE64_NOPAD.encode(&mac)).into_bytes();
        bytes.extend_from_slice(&chance.nonce);
        let stream = stream(&own, &chance.nonce);
        Ok((Self { stream, at: 0 }, bytes))
    }

    /// Seals the next chunk: 64 KiB, or what is left.
    ///
    /// # Errors
    /// [`Fault::Engine`] when there were more chunks than any file has.
    pub fn seal(&mut self, content: &[u8], is_last: bool) -> Result<Vec<u8>, Fault> {
        let sealed = self.stream.encrypt(self.at, is_last, content);
        self.at = self.at.checked_add(1).ok_or(Fault::Engine)?;
        sealed.map_err(|_| Fault::Engine)
    }
}

/// What a file says in front of its chunks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    salt: [u8; 16],
    work: u8,
    wrapped: [u8; 32],
    mac: [u8; 32],
    /// What the MAC is of.
    signed: Vec<u8>,
}

impl Head {
    /// Reads it, and gives what stands behind it.
    ///
    /// # Errors
    /// [`Fault::BackupDamaged`], [`Fault::BackupNewer`] for a later version of age.
    pub fn read(bytes: &[u8]) -> Result<(Self, &[u8]), Fault> {
        if !bytes.starts_with(MAGIC) {
            return Err(Fault::BackupDamaged("it is none"));
        }
        let (version, rest) = line(bytes)?;
        if version != FIRST {
            return Err(Fault::BackupNewer);
        }
        let (recipient, rest) = line(rest)?;
        let (salt, work) = recipient_of(recipient)?;
        let (wrapped, rest) = line(rest)?;
        let (last, behind) = line(rest)?;
        let mac = last.strip_prefix(END).and_then(|mac| mac.strip_prefix(' '));
        let signed = bytes.len() - rest.len() + END.len();
        let head = Self {
            salt,
            work,
            wrapped: decoded(wrapped)?,
            mac: decoded(mac.ok_or(ODD)?)?,
            signed: bytes[..signed].to_vec(),
        };
        Ok((head, behind))
    }

    /// Opens the file with its nonce.
    ///
    /// # Errors
    /// [`Fault::PassphraseWrong`]; [`Fault::BackupDamaged`], also for one that takes more work than any of ours.
    pub fn open(
        &self,
        passphrase: &Passphrase,
        nonce: &[u8; NONCE_BYTES],
    ) -> Result<Opener, Fault> {
        if self.work > PASSPHRASE_WORK_MAX {
            return Err(Fault::BackupDamaged(
                "to open it would take more memory than any of ours does",
            ));
        }
        let stretched = passphrase.stretched(&self.salt, self.work)?;
        let key = wrapping(&stretched).decrypt(&Nonce::default(), &self.wrapped[..]);
        let key = Zeroizing::new(key.map_err(|_| Fault::PassphraseWrong)?);
        let key: [u8; 16] = key.as_slice().try_into().map_err(|_| ODD)?;
        let key = FileKey::from(key);
        let mac = mac(&key, &self.signed);
        mac.verify_slice(&self.mac).map_err(|_| ODD)?;
        let stream = stream(&key, nonce);
        Ok(Opener { stream, at: 0 })
    }
}

/// Opens the chunks of one file in their order.
pub struct Opener {
    stream: Stream,
    at: u32,
}

impl Opener {
    /// Opens the next chunk. Who calls it knows by the end of the file which is the last one.
    ///
    /// # Errors
    /// [`Fault::BackupDamaged`] for everything that was not sealed at this place.
    pub fn open(&mut self, sealed: &[u8], is_last: bool) -> Result<Vec<u8>, Fault> {
        let damaged = Fault::BackupDamaged("it was cut short or changed");
        let opened = self.stream.decrypt(self.at, is_last, sealed);
        let opened = opened.map_err(|_| damaged.clone())?;
        // An empty chunk behind others would be another way to say the same.
        if opened.is_empty() && self.at > 0 {
            return Err(damaged);
        }
        self.at = self.at.checked_add(1).ok_or(damaged)?;
        Ok(opened)
    }
}

const ODD: Fault = Fault::BackupDamaged("its beginning was changed");

/// The next line, and what stands behind it.
fn line(bytes: &[u8]) -> Result<(&str, &[u8]), Fault> {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    match (parts.next().map(str::from_utf8), parts.next()) {
        (Some(Ok(line)), Some(rest)) => Ok((line, rest)),
        (_, None) if bytes.len() < HEAD_BYTES_MAX => {
            Err(Fault::BackupDamaged("it ends in its beginning"))
        }
        _ => Err(ODD),
    }
}

fn recipient_of(line: &str) -> Result<([u8; 16], u8), Fault> {
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["->", "scrypt", salt, work] => {
            let is_canonical = work.len() <= 2 && !work.starts_with(['0', '+']);
            let work = work.parse().ok().filter(|_| is_canonical);
            Ok((decoded(salt)?, work.ok_or(ODD)?))
        }
        ["->", "scrypt", ..] => Err(ODD),
        ["->", ..] => Err(Fault::BackupDamaged("no passphrase opens it, but a key")),
        _ => Err(ODD),
    }
}

fn decoded<const N: usize>(text: &str) -> Result<[u8; N], Fault> {
    let bytes = BASE64_NOPAD.decode(text.as_bytes()).map_err(|_| ODD)?;
    bytes.try_into().map_err(|_| ODD)
}

fn wrapping(key: &Key) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(key.as_slice().into())
}

/// One of the keys that are made of the file's.
fn derived(key: &FileKey, salt: Option<&[u8]>, what: &str) -> Key {
    let mut derived = Key::default();
    let expanded = Hkdf::<Sha256>::new(salt, key.as_slice()).expand(what.as_bytes(), &mut *derived);
    expanded.expect("32 bytes are few");
    derived
}

fn mac(key: &FileKey, signed: &[u8]) -> Hmac<Sha256> {
    let key = derived(key, None, "header");
    let mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key.as_slice());
    mac.expect("any length is a key").chain_update(signed)
}

/// The nonce of a chunk is its number in eleven bytes, of which four are counted, and whether it is the last one.
fn stream(key: &FileKey, nonce: &[u8; NONCE_BYTES]) -> Stream {
    let key = derived(key, Some(nonce), "payload");
    Stream::new(key.as_slice().into(), &[0; 7].into())
}

#[cfg(test)]
mod tests;
