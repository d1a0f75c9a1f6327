//! That a device is none of its user's any more: a statement signed by the identity key, like the certificate before it.
//!
//! `version 1 · name · device id 16 · label · removed at, u64 seconds · signature 64`, where name and label stand behind
//! their lengths (u16). The signature covers a fixed label and all that stands before it. Nothing takes a removal back:
//! whoever has seen one never believes in that device again.

use crate::certificate::{Device, DeviceId, Identity, IdentityKey, is_label};
use crate::fault::Fault;
use crate::layout::{Reader, Writer};
use crate::limits::{LABEL_BYTES_MAX, NAME_BYTES_MAX, REMOVAL_BYTES_MAX};
use crate::name::Name;
use crate::proof::is_signed;

/// The only version so far.
const VERSION: u8 = 1;
/// Goes before what is signed, so that no signature made for something else fits.
const CONTEXT: &[u8] = b"kinora chat device removal\0";

/// A removal, by an identity that is not yet known: [`Removal::is_signed_by`] tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Removal {
    /// Whose device it was.
    pub name: Name,
    /// Which of them.
    pub id: DeviceId,
    /// What its user called it, so that everybody can be told by it.
    pub label: String,
    /// When it was removed, in seconds since 1970.
    pub removed_at: u64,
    signature: [u8; 64],
}

impl Removal {
    /// Removes a device of this identity.
    pub fn new(identity: &Identity, device: &Device, removed_at: u64) -> Self {
        let mut removal = Self {
            name: device.name.clone(),
            id: device.id,
            label: device.label.clone(),
            removed_at,
            signature: [0; 64],
        };
        removal.signature = identity.sign(&removal.signed_bytes());
        removal
    }

    /// Reads a removal from a stranger. Its signature is not looked at.
    ///
    /// # Errors
    /// [`Fault::RemovalDamaged`] for anything that [`Removal::to_bytes`] does not write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        let damaged = Fault::RemovalDamaged;
        if bytes.len() > REMOVAL_BYTES_MAX {
            return Err(damaged("it is too long"));
        }
        let mut reader = Reader::new(bytes);
        if reader.fixed::<1>() != Some([VERSION]) {
            return Err(damaged("its version is not known here"));
        }
        let removal =
            Self::fields(&mut reader).ok_or_else(|| damaged("a field is missing or not text"))?;
        if !reader.is_empty() {
            return Err(damaged("something follows its signature"));
        }
        is_label(&removal.label)
            .then_some(removal)
            .ok_or_else(|| damaged("its label is too long, or not one line of text"))
    }

    fn fields(reader: &mut Reader<'_>) -> Option<Self> {
        let text = |bytes| std::str::from_utf8(bytes).ok();
        Some(Self {
            name: Name::folded(text(reader.variable(NAME_BYTES_MAX)?)?).ok()?,
            id: DeviceId(reader.fixed()?),
            label: text(reader.variable(LABEL_BYTES_MAX)?)?.to_owned(),
            removed_at: u64::from_be_bytes(reader.fixed()?),
            signature: reader.fixed()?,
        })
    }

    /// As it is stored and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.bytes();
        bytes.extend_from_slice(&self.signature);
        bytes
    }

    /// Whether this identity made it. Keys of small order and second spellings of a signature do not count.
    pub fn is_signed_by(&self, identity: &IdentityKey) -> bool {
        is_signed(&identity.0, &self.signed_bytes(), &self.signature)
    }

    fn bytes(&self) -> Vec<u8> {
        Writer::new(&[VERSION])
            .variable(self.name.as_str().as_bytes())
            .fixed(&self.id.0)
            .variable(self.label.as_bytes())
            .fixed(&self.removed_at.to_be_bytes())
            .finish()
    }

    fn signed_bytes(&self) -> Vec<u8> {
        Writer::new(CONTEXT).fixed(&self.bytes()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Removal {
        let device = Device {
            name: Name::new("asha").unwrap(),
            id: DeviceId([7; 16]),
            label: "laptop".into(),
            leaf_key: [9; 32],
            issued_at: 1_790_000_000,
        };
        Removal::new(&Identity::new(&[1; 32]), &device, 1_790_000_001)
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_layout_is_fixed() {
        let bytes = example().to_bytes();
        let fields = &bytes[..bytes.len() - 64];
        let expected = format!(
            "01{}{}{}{}{}{}",
            "0004",
            "61736861",
            "07".repeat(16),
            "0006",
            "6c6170746f70",
            "000000006ab13b81"
        );
        assert_eq!(hex(fields), expected);
        assert_eq!(Removal::from_bytes(&bytes), Ok(example()));
    }

    #[test]
    fn every_cut_and_every_addition_is_refused() {
        let bytes = example().to_bytes();
        for end in 0..bytes.len() {
            assert!(Removal::from_bytes(&bytes[..end]).is_err(), "{end}");
        }
        assert!(Removal::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
        assert!(Removal::from_bytes(&[1; 100_000]).is_err());
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let (bytes, identity) = (example().to_bytes(), Identity::new(&[1; 32]).public());
        assert!(example().is_signed_by(&identity));
        assert!(!example().is_signed_by(&Identity::new(&[2; 32]).public()));
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let is_good =
                Removal::from_bytes(&changed).is_ok_and(|each| each.is_signed_by(&identity));
            assert!(!is_good, "bit {bit}");
        }
    }
}
