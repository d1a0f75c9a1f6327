//! That somebody is writing: sealed, always of one size, kept nowhere.
//!
//! A signal does not go through the ratchet of messages, for it may be lost at any time, and what is lost must use up no key.
//! It is sealed under a key that is exported from the epoch (RFC 9420 §8.5): `MLS-Exporter(LABEL, "", 32)`. Each device of
//! the conversation has that key, so the other side could make one in this user's name; nothing but a line on a screen hangs on it.
//!
//! `version 1 · epoch, u64 · nonce 12 · AES-256-GCM of (kind · device id 16 · number, u64 · zeros up to 64 bytes)`; version
//! and epoch are authenticated with it.

use crate::certificate::DeviceId;
use crate::fault::Fault;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::AeadType;

/// The label of the exporter.
pub const LABEL: &str = "kinora chat signal";
/// The only version so far.
const VERSION: u8 = 1;
/// The only kind so far.
const WRITING: u8 = 1;
/// Version and epoch.
const HEAD: usize = 9;
/// Random for each signal: at one in three seconds none comes twice under one key.
const NONCE: usize = 12;
/// What is encrypted has this size, with room for other kinds.
const PADDED: usize = 64;
/// What authenticates it.
const TAG: usize = 16;
/// Bytes of a sealed signal.
pub const SEALED_BYTES: usize = HEAD + NONCE + PADDED + TAG;

/// The user of a device is writing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signal {
    /// Which device.
    pub device: DeviceId,
    /// Higher than that of the signal before: the device's clock, in milliseconds. An equal or lower one is a repetition.
    pub number: u64,
}

impl Signal {
    /// Seals it for this epoch, whose exported key this is.
    ///
    /// # Errors
    /// [`Fault::Engine`] where the cipher fails, which it does not.
    pub fn seal(&self, key: &[u8; 32], epoch: u64, nonce: [u8; NONCE]) -> Result<Vec<u8>, Fault> {
        let mut plain = vec![WRITING];
        plain.extend_from_slice(&self.device.0);
        plain.extend_from_slice(&self.number.to_be_bytes());
        plain.resize(PADDED, 0);
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&epoch.to_be_bytes());
        let provider = OpenMlsRustCrypto::default();
        let crypto = provider.crypto();
        let cipher = crypto.aead_encrypt(AeadType::Aes256Gcm, key, &plain, &nonce, &sealed);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&cipher.map_err(|_| Fault::Engine)?);
        Ok(sealed)
    }

    /// Opens what [`Signal::seal`] gave.
    ///
    /// # Errors
    /// [`Fault::MessageDamaged`] for what nobody with this key sealed, [`Fault::PayloadNewer`] for another kind of signal.
    pub fn open(key: &[u8; 32], sealed: &[u8]) -> Result<Self, Fault> {
        epoch(sealed)?;
        let (head, rest) = sealed.split_at(HEAD);
        let (nonce, cipher) = rest.split_at(NONCE);
        let provider = OpenMlsRustCrypto::default();
        let crypto = provider.crypto();
        let plain = crypto.aead_decrypt(AeadType::Aes256Gcm, key, cipher, nonce, head);
        read(&plain.map_err(|_| Fault::MessageDamaged)?)
    }
}

/// The epoch that a sealed signal says it is of.
///
/// # Errors
/// [`Fault::MessageDamaged`] for what is no signal, [`Fault::PayloadNewer`] for one of a later version.
pub fn epoch(sealed: &[u8]) -> Result<u64, Fault> {
    match sealed.split_first() {
        Some((&VERSION, rest)) if sealed.len() == SEALED_BYTES => {
            let epoch = rest.first_chunk().ok_or(Fault::MessageDamaged)?;
            Ok(u64::from_be_bytes(*epoch))
        }
        Some((&version, _)) if version > VERSION => Err(Fault::PayloadNewer),
        _ => Err(Fault::MessageDamaged),
    }
}

fn read(plain: &[u8]) -> Result<Signal, Fault> {
    let (kind, rest) = plain.split_first().ok_or(Fault::MessageDamaged)?;
    if *kind != WRITING {
        return Err(Fault::PayloadNewer);
    }
    let (device, rest) = rest.split_first_chunk().ok_or(Fault::MessageDamaged)?;
    let (number, zeros) = rest.split_first_chunk().ok_or(Fault::MessageDamaged)?;
    if plain.len() != PADDED || zeros.iter().any(|byte| *byte != 0) {
        return Err(Fault::MessageDamaged);
    }
    Ok(Signal {
        device: DeviceId(*device),
        number: u64::from_be_bytes(*number),
    })
}
