//! Who a device belongs to: a certificate signed by its user's identity key.
//!
//! It travels as the identity of the device's MLS credential, so that each engine passes it through untouched:
//! `version 1 · name · device id 16 · label · MLS signature key 32 · issued at, u64 seconds · signature 64`, where name
//! and label stand behind their lengths (u16). The signature covers a fixed label and all that stands before it.

use crate::fault::Fault;
use crate::layout::{Reader, Writer};
use crate::limits::{CERTIFICATE_BYTES_MAX, LABEL_BYTES_MAX, NAME_BYTES_MAX};
use crate::name::Name;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use std::fmt;

/// The only version so far.
const VERSION: u8 = 1;
/// Goes before what is signed, so that no signature made for something else fits.
const CONTEXT: &[u8] = b"kinora chat device certificate\0";

/// A device's id: random, made on the device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub [u8; 16]);

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The public half of an identity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IdentityKey(pub [u8; 32]);

/// A user's identity: the key that a name is bound to, and that certifies devices. Wiped when dropped.
pub struct Identity(SigningKey);

impl Identity {
    /// Makes the identity of 32 random bytes, or takes one up again that was kept.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// What others know of it.
    pub fn public(&self) -> IdentityKey {
        IdentityKey(self.0.verifying_key().to_bytes())
    }

    /// The 32 bytes that [`Identity::new`] takes, to be stored sealed.
    pub fn secret(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Signs what [`crate::proof`] lays out.
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(bytes).to_bytes()
    }

    /// Certifies a device.
    ///
    /// # Errors
    /// [`Fault::CertificateDamaged`] when the label is too long or has control characters.
    pub fn certify(&self, device: Device) -> Result<Certificate, Fault> {
        device.check()?;
        let signature = self.0.sign(&device.signed_bytes()).to_bytes();
        Ok(Certificate { device, signature })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.public()).finish()
    }
}

/// What a certificate says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// Whose device it is.
    pub name: Name,
    /// Which of them.
    pub id: DeviceId,
    /// What its user calls it.
    pub label: String,
    /// The Ed25519 key with which it signs in MLS.
    pub leaf_key: [u8; 32],
    /// When it was certified, in seconds since 1970.
    pub issued_at: u64,
}

impl Device {
    fn check(&self) -> Result<(), Fault> {
        is_label(&self.label)
            .then_some(())
            .ok_or(Fault::CertificateDamaged(
                "its label is too long, or not one line of text",
            ))
    }

    fn bytes(&self) -> Vec<u8> {
        Writer::new(&[VERSION])
            .variable(self.name.as_str().as_bytes())
            .fixed(&self.id.0)
            .variable(self.label.as_bytes())
            .fixed(&self.leaf_key)
            .fixed(&self.issued_at.to_be_bytes())
            .finish()
    }

    fn signed_bytes(&self) -> Vec<u8> {
        Writer::new(CONTEXT).fixed(&self.bytes()).finish()
    }
}

/// One line that fits into a list.
pub(crate) fn is_label(text: &str) -> bool {
    text.len() <= LABEL_BYTES_MAX && !text.chars().any(is_unprintable)
}

/// Would end a line, or turn the direction of what stands after it.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A device with the signature of an identity that is not yet known: [`Certificate::is_signed_by`] tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// What it says.
    pub device: Device,
    signature: [u8; 64],
}

impl Certificate {
    /// Reads a certificate from a stranger. Its signature is not looked at.
    ///
    /// # Errors
    /// [`Fault::CertificateDamaged`] for anything that [`Certificate::to_bytes`] does not write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        let damaged = Fault::CertificateDamaged;
        if bytes.len() > CERTIFICATE_BYTES_MAX {
            return Err(damaged("it is too long"));
        }
        let mut reader = Reader::new(bytes);
        if reader.fixed::<1>() != Some([VERSION]) {
            return Err(damaged("its version is not known here"));
        }
        let certificate =
            Self::fields(&mut reader).ok_or_else(|| damaged("a field is missing or not text"))?;
        if !reader.is_empty() {
            return Err(damaged("something follows its signature"));
        }
        certificate.device.check()?;
        Ok(certificate)
    }

    fn fields(reader: &mut Reader<'_>) -> Option<Self> {
        let text = |bytes| std::str::from_utf8(bytes).ok();
        let device = Device {
            name: Name::folded(text(reader.variable(NAME_BYTES_MAX)?)?).ok()?,
            id: DeviceId(reader.fixed()?),
            label: text(reader.variable(LABEL_BYTES_MAX)?)?.to_owned(),
            leaf_key: reader.fixed()?,
            issued_at: u64::from_be_bytes(reader.fixed()?),
        };
        let signature = reader.fixed()?;
        Some(Self { device, signature })
    }

    /// As it is stored and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.device.bytes();
        bytes.extend_from_slice(&self.signature);
        bytes
    }

    /// Whether this identity made it. Keys of small order and second spellings of a signature do not count.
    pub fn is_signed_by(&self, identity: &IdentityKey) -> bool {
        let signature = Signature::from_bytes(&self.signature);
        let key = VerifyingKey::from_bytes(&identity.0);
        key.is_ok_and(|key| {
            key.verify_strict(&self.device.signed_bytes(), &signature)
                .is_ok()
        })
    }
}

#[cfg(test)]
mod tests;
