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
mod tests {
    use super::*;

    fn example() -> Certificate {
        let device = Device {
            name: Name::new("asha").unwrap(),
            id: DeviceId([7; 16]),
            label: "laptop".into(),
            leaf_key: [9; 32],
            issued_at: 1_790_000_000,
        };
        Identity::new(&[1; 32]).certify(device).unwrap()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_layout_is_fixed() {
        let bytes = example().to_bytes();
        let (signed, signature) = bytes.split_at(bytes.len() - 64);
        let expected = format!(
            "01{}{}{}{}{}{}{}",
            "0004",
            "61736861",
            "07".repeat(16),
            "0006",
            "6c6170746f70",
            "09".repeat(32),
            "000000006ab13b80"
        );
        assert_eq!(hex(signed), expected);
        assert_eq!(hex(signature), SIGNATURE);
        assert_eq!(Certificate::from_bytes(&bytes), Ok(example()));
    }

    const SIGNATURE: &str = concat!(
        "19d44bb0ea92562b3a71840c6d35144d5f1cc2d9aebfa34047ebd7e85d640025",
        "cf58a6b7261ce294290581bb1e5d4842ce1efff9df2a329f6945a1723ef4fe04"
    );

    #[test]
    fn every_cut_and_every_addition_is_refused() {
        let bytes = example().to_bytes();
        for end in 0..bytes.len() {
            assert!(Certificate::from_bytes(&bytes[..end]).is_err(), "{end}");
        }
        assert!(Certificate::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
        assert!(Certificate::from_bytes(&[1; 100_000]).is_err());
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let (bytes, identity) = (example().to_bytes(), Identity::new(&[1; 32]).public());
        assert!(example().is_signed_by(&identity));
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let is_good =
                Certificate::from_bytes(&changed).is_ok_and(|each| each.is_signed_by(&identity));
            assert!(!is_good, "bit {bit}");
        }
    }

    #[test]
    fn only_its_identity_counts() {
        assert!(!example().is_signed_by(&Identity::new(&[2; 32]).public()));
        // The neutral element would accept a signature by nobody.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut by_nobody = example();
        by_nobody.signature = [0; 64];
        by_nobody.signature[0] = 1;
        assert!(!by_nobody.is_signed_by(&IdentityKey(neutral)));
    }

    #[test]
    fn labels_are_one_line() {
        for label in ["a\nb", "a\u{202e}b", &"x".repeat(65)] {
            let device = Device {
                label: label.into(),
                ..example().device
            };
            assert!(
                Identity::new(&[1; 32]).certify(device).is_err(),
                "{label:?}"
            );
        }
    }
}
