//! Whether a member of a group is who it says it is: the one check that stands between MLS and people.
//!
//! MLS proves that a member holds its signature key, not whose it is. Before a Welcome or a commit counts, every
//! credential that it brings goes through [`check_member`], with what the directory says now.

use crate::certificate::{Certificate, Device, DeviceId, IdentityKey};
use crate::fault::Fault;
use crate::name::Name;
use std::collections::{BTreeMap, BTreeSet};

/// A user as this client knows them: the *pinned* identity, and the devices that are not removed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The key that the name is bound to. After the first use it is the pinned one, whatever the server says.
    pub identity: IdentityKey,
    /// Devices that may speak for the user now.
    pub devices: BTreeSet<DeviceId>,
}

/// The part of the directory that a check needs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DirectoryView {
    /// Users by name.
    pub users: BTreeMap<Name, Entry>,
}

/// Reads the certificate of a member and says whose device it is.
///
/// # Errors
/// Anything that makes it not a device that the directory lists, certified by its user's identity, with this leaf key.
pub fn check_member(
    certificate: &[u8],
    leaf_key: &[u8],
    view: &DirectoryView,
) -> Result<Device, Fault> {
    let certificate = Certificate::from_bytes(certificate)?;
    let (name, device) = (certificate.device.name.to_string(), certificate.device.id);
    let Some(entry) = view.users.get(&certificate.device.name) else {
        return Err(Fault::UnknownUser { name });
    };
    if !certificate.is_signed_by(&entry.identity) {
        let device = device.to_string();
        return Err(Fault::CertificateForged { name, device });
    }
    if certificate.device.leaf_key != leaf_key {
        return Err(Fault::LeafMismatch { name });
    }
    if !entry.devices.contains(&device) {
        let device = device.to_string();
        return Err(Fault::UnknownDevice { name, device });
    }
    Ok(certificate.device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::Identity;

    fn identity() -> Identity {
        Identity::new(&[1; 32])
    }

    fn certificate(by: &Identity, id: u8) -> Vec<u8> {
        let device = Device {
            name: Name::new("asha").unwrap(),
            id: DeviceId([id; 16]),
            label: "laptop".into(),
            leaf_key: [9; 32],
            issued_at: 5,
        };
        by.certify(device).unwrap().to_bytes()
    }

    fn view() -> DirectoryView {
        let devices = BTreeSet::from([DeviceId([7; 16])]);
        let entry = Entry {
            identity: identity().public(),
            devices,
        };
        DirectoryView {
            users: BTreeMap::from([(Name::new("asha").unwrap(), entry)]),
        }
    }

    fn check(certificate: &[u8], leaf: &[u8], view: &DirectoryView, expected: Option<&str>) {
        let found = check_member(certificate, leaf, view);
        assert_eq!(found.err().map(|fault| fault.code()), expected);
    }

    #[test]
    fn each_way_to_be_somebody_else_is_refused() {
        let good = certificate(&identity(), 7);
        check(&good, &[9; 32], &view(), None);
        check(&good, &[8; 32], &view(), Some("leaf_mismatch"));
        check(&good, &[9; 31], &view(), Some("leaf_mismatch"));
        check(
            &good,
            &[9; 32],
            &DirectoryView::default(),
            Some("unknown_user"),
        );
        check(&good[1..], &[9; 32], &view(), Some("certificate_damaged"));
        let swapped = certificate(&Identity::new(&[2; 32]), 7);
        check(&swapped, &[9; 32], &view(), Some("certificate_forged"));
        let removed = certificate(&identity(), 8);
        check(&removed, &[9; 32], &view(), Some("unknown_device"));
    }
}
