//! Who and what may come into a group: packages, the members of a Welcome, the contents of a commit.

use super::suite::Suite;
use crate::certificate::{Certificate, Device};
use crate::fault::Fault;
use crate::limits::{GROUP_MEMBERS_MAX, MLS_BYTES_MAX};
use crate::member::{DirectoryView, check_member};
use crate::name::Name;
use openmls::prelude::tls_codec::Deserialize;
use openmls::prelude::{
    Credential, KeyPackage, MlsMessageBodyIn, MlsMessageIn, Proposal, ProtocolVersion, Sender,
    StagedCommit,
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;
use std::collections::BTreeSet;

/// Reads an MLS message from the server.
pub(super) fn parse(bytes: &[u8]) -> Result<MlsMessageBodyIn, Fault> {
    if bytes.len() > MLS_BYTES_MAX {
        return Err(Fault::MessageDamaged);
    }
    let message = MlsMessageIn::tls_deserialize_exact(bytes);
    Ok(message.map_err(|_| Fault::MessageDamaged)?.extract())
}

/// The device that a credential names. It was checked when it came into the group.
pub(super) fn device(credential: &Credential) -> Result<Device, Fault> {
    Ok(Certificate::from_bytes(credential.serialized_content())?.device)
}

/// A key package of somebody who may come in.
pub(super) fn package(
    bytes: &[u8],
    suite: Suite,
    provider: &OpenMlsRustCrypto,
    view: &DirectoryView,
) -> Result<KeyPackage, Fault> {
    let MlsMessageBodyIn::KeyPackage(package) = parse(bytes)? else {
        return Err(Fault::PackageUnusable);
    };
    let package = package
        .validate(provider.crypto(), ProtocolVersion::Mls10)
        .map_err(|_| Fault::PackageUnusable)?;
    if package.ciphersuite() != suite.ciphersuite() {
        return Err(Fault::PackageUnusable);
    }
    let leaf = package.leaf_node();
    check_member(
        leaf.credential().serialized_content(),
        leaf.signature_key().as_slice(),
        view,
    )?;
    Ok(package)
}

/// A conversation has two people, no device twice, and few devices.
pub(super) fn pair(devices: &[Device]) -> Result<(), Fault> {
    let people: BTreeSet<&Name> = devices.iter().map(|device| &device.name).collect();
    // Messages are named by device alone, so nobody may take the id of another person's device either.
    let ids: BTreeSet<_> = devices.iter().map(|device| device.id).collect();
    if people.len() != 2 {
        return Err(Fault::NotAllowed("a conversation is between two people"));
    }
    if ids.len() != devices.len() || devices.len() > GROUP_MEMBERS_MAX {
        return Err(Fault::NotAllowed(
            "a device stands in it twice, or there are too many",
        ));
    }
    Ok(())
}

/// What a commit changes.
pub(super) struct Changes {
    pub(super) added: Vec<Device>,
    pub(super) removed: Vec<Device>,
}

/// Looks at all that a commit by a member does, before it counts.
pub(super) fn commit(
    staged: &StagedCommit,
    by: &Device,
    members: &[(u32, Device)],
    view: &DirectoryView,
) -> Result<Changes, Fault> {
    if let Some(leaf) = staged.update_path_leaf_node() {
        let content = leaf.credential().serialized_content();
        let renewed = check_member(content, leaf.signature_key().as_slice(), view)?;
        if (&renewed.name, renewed.id) != (&by.name, by.id) {
            return Err(Fault::NotAllowed("a device took the place of another"));
        }
    }
    let mut changes = Changes {
        added: Vec::new(),
        removed: Vec::new(),
    };
    for queued in staged.queued_proposals() {
        if !matches!(queued.sender(), Sender::Member(_)) {
            return Err(Fault::NotAllowed("somebody outside proposed a change"));
        }
        match queued.proposal() {
            Proposal::Add(add) => {
                let leaf = add.key_package().leaf_node();
                let content = leaf.credential().serialized_content();
                changes.added.push(check_member(
                    content,
                    leaf.signature_key().as_slice(),
                    view,
                )?);
            }
            Proposal::Remove(remove) => {
                let index = remove.removed().u32();
                let gone = members.iter().find(|(each, _)| *each == index);
                changes
                    .removed
                    .extend(gone.map(|(_, device)| device.clone()));
            }
            _ => {
                return Err(Fault::NotAllowed(
                    "a commit may add, remove and update only",
                ));
            }
        }
    }
    let stays = |device: &&Device| !changes.removed.contains(device);
    let after: Vec<Device> = members
        .iter()
        .map(|(_, device)| device)
        .filter(stays)
        .cloned()
        .collect();
    // A removed person leaves one behind; what is sent then reaches nobody, and nobody new may come in their place.
    if !changes.added.is_empty() {
        pair(&[after, changes.added.clone()].concat())?;
    }
    Ok(changes)
}
