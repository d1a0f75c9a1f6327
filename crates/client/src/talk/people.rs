//! The directory as this device knows it: who is who, with which keys, and how well each is known.

use super::store::KeptPerson;
use crate::Fault;
use kinora_chat::Name;
use kinora_chat::certificate::{Certificate, Device, DeviceId, IdentityKey};
use kinora_chat::contact::Contact;
use kinora_chat::member::{DirectoryView, Entry};
use kinora_talk::frame;
use kinora_talk::limits::DEVICES_EVER_MAX;
use kinora_talk::removal::Removal;
use std::collections::{BTreeMap, BTreeSet};

/// Somebody of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) contact: Contact,
    /// The key that the directory shows now.
    pub(super) shown: IdentityKey,
    /// Certificates by device; each was checked against the key that is shown.
    pub(super) devices: BTreeMap<DeviceId, Certificate>,
    /// Removals that were seen, of the key that was known and of the one that is shown; whoever withholds one later is not
    /// believed.
    pub(super) removed: BTreeMap<DeviceId, Removal>,
    pub(super) is_here: bool,
}

impl Person {
    /// The device is none of theirs any more.
    pub(super) fn has_removed(&self, device: &DeviceId) -> bool {
        let removal = self.removed.get(device);
        removal.is_some_and(|removal| removal.is_signed_by(&self.shown))
    }

    /// Takes removals that the directory shows, and drops those of keys that are nobody's any more.
    fn take_removals(&mut self, shown: Vec<Removal>) {
        let keys = [self.contact.known(), Some(self.shown)];
        let is_of = |removal: &Removal| keys.iter().flatten().any(|key| removal.is_signed_by(key));
        self.removed.retain(|_, removal| is_of(removal));
        for removal in shown {
            // Twice as many as one key may have: a server that makes up keys fills no disk.
            if self.removed.len() < 2 * DEVICES_EVER_MAX && is_of(&removal) {
                self.removed.entry(removal.id).or_insert(removal);
            }
        }
    }
}

/// How somebody stands, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The name.
    pub name: Name,
    /// Whether a device of theirs is connected.
    pub is_here: bool,
    /// new, pinned, verified, changed; or you.
    pub word: &'static str,
    /// How many devices they have.
    pub devices: usize,
}

/// Everybody.
#[derive(Clone, Debug, Default)]
pub(super) struct People(pub(super) BTreeMap<Name, Person>);

/// What a look into the directory brought of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    /// Labels of devices that were not there before.
    pub(super) added: Vec<String>,
    /// Labels of devices that were removed.
    pub(super) removed: Vec<String>,
    /// Labels of devices that the server shows no more, though nobody has removed them.
    pub(super) missing: Vec<String>,
    /// Labels of devices that were removed, and that the server shows again without saying so.
    pub(super) withheld: Vec<String>,
    /// The key is another one now.
    pub(super) has_changed: bool,
}

impl People {
    /// Those that were kept; nobody is here until the server says so.
    pub(super) fn of(kept: Vec<KeptPerson>, removals: Vec<Vec<u8>>) -> Result<Self, Fault> {
        let mut people = BTreeMap::new();
        for person in kept {
            let name = Name::folded(&person.name).map_err(kinora_chat::Fault::from)?;
            let contact = match (person.standing, person.known.map(IdentityKey)) {
                (1, Some(known)) => Contact::Pinned(known),
                (2, Some(known)) => Contact::Verified(known),
                (3 | 4, Some(known)) => Contact::Changed {
                    known,
                    shown: IdentityKey(person.shown),
                    was_verified: person.standing == 4,
                },
                _ => Contact::New,
            };
            let entry = Person {
                contact,
                shown: IdentityKey(person.shown),
                devices: devices(&person.devices),
                removed: BTreeMap::new(),
                is_here: false,
            };
            people.insert(name, entry);
        }
        let removals = removals.iter();
        for removal in removals.filter_map(|bytes| Removal::from_bytes(bytes).ok()) {
            if let Some(person) = people.get_mut(&removal.name) {
                person.removed.insert(removal.id, removal);
            }
        }
        Ok(Self(people))
    }

    /// The directory says this of a person. Devices that their identity did not certify are not theirs, nor are those that
    /// it has removed.
    pub(super) fn see(&mut self, person: &frame::Person) -> News {
        let shown = person.identity;
        let certificates = person.certificates.iter();
        let certificates = certificates.filter_map(|bytes| Certificate::from_bytes(bytes).ok());
        let mut devices: BTreeMap<DeviceId, Certificate> = certificates
            .filter(|each| each.device.name == person.name && each.is_signed_by(&shown))
            .map(|each| (each.device.id, each))
            .collect();
        let removals = person.removals.iter();
        let removals = removals.filter_map(|bytes| Removal::from_bytes(bytes).ok());
        let removals: Vec<Removal> = removals.filter(|each| each.name == person.name).collect();
        let is_told: BTreeSet<DeviceId> = removals.iter().map(|removal| removal.id).collect();
        let first = Person {
            contact: Contact::New,
            shown,
            devices: BTreeMap::new(),
            removed: BTreeMap::new(),
            is_here: person.is_here,
        };
        // Nothing was known of their devices: all of them are, from now on.
        let before = self.0.get(&person.name);
        let is_new =
            before.is_none_or(|known| known.devices.is_empty() && known.removed.is_empty());
        let known = self.0.entry(person.name.clone()).or_insert(first);
        let before = known.contact;
        if known.contact != Contact::New {
            known.contact = known.contact.seen(shown);
        }
        (known.shown, known.is_here) = (shown, person.is_here);
        known.take_removals(removals);
        let back = devices.extract_if(.., |id, _| known.has_removed(id));
        let back = back.filter(|(id, _)| !is_told.contains(id));
        let withheld = back.map(|(_, each)| each.device.label).collect();
        let old = std::mem::replace(&mut known.devices, devices);
        let known = &*known;
        let gone = old
            .iter()
            .filter(|(id, _)| !known.devices.contains_key(*id));
        let (removed, missing): (Vec<_>, Vec<_>) = gone.partition(|(id, _)| known.has_removed(id));
        let new = known
            .devices
            .iter()
            .filter(|(id, _)| !old.contains_key(*id));
        let news = News {
            added: new.map(label).collect(),
            removed: removed.into_iter().map(label).collect(),
            missing: missing.into_iter().map(label).collect(),
            withheld,
            has_changed: known.contact != before && known.contact.word() == "changed",
        };
        match is_new {
            true => News {
                has_changed: news.has_changed,
                withheld: news.withheld,
                ..News::default()
            },
            false => news,
        }
    }

    /// The server has taken this removal.
    pub(super) fn remove(&mut self, removal: Removal) {
        if let Some(person) = self.0.get_mut(&removal.name) {
            person.devices.remove(&removal.id);
            person.removed.insert(removal.id, removal);
        }
    }

    /// Members of a group that are no devices of these people any more.
    pub(super) fn gone(&self, members: Vec<Device>) -> Vec<Device> {
        let is_gone = |device: &Device| {
            let person = self.0.get(&device.name);
            person.is_some_and(|person| person.has_removed(&device.id))
        };
        members.into_iter().filter(is_gone).collect()
    }

    /// A conversation with this person begins: what the directory shows is what is known from now on.
    pub(super) fn pin(&mut self, name: &Name) -> Option<KeptPerson> {
        let person = self.0.get_mut(name)?;
        person.contact = person.contact.seen(person.shown);
        self.kept(name)
    }

    /// As it is to be kept.
    pub(super) fn kept(&self, name: &Name) -> Option<KeptPerson> {
        let person = self.0.get(name)?;
        let (standing, known) = match person.contact {
            Contact::New => (0, None),
            Contact::Pinned(known) => (1, Some(known)),
            Contact::Verified(known) => (2, Some(known)),
            Contact::Changed {
                known,
                was_verified,
                ..
            } => (if was_verified { 4 } else { 3 }, Some(known)),
        };
        let certificates = person.devices.values().flat_map(|certificate| {
            let bytes = certificate.to_bytes();
            let length = u16::try_from(bytes.len()).expect("a certificate has 512 bytes at most");
            [&length.to_be_bytes()[..], &bytes[..]].concat()
        });
        Some(KeptPerson {
            name: name.as_str().to_owned(),
            standing,
            known: known.map(|key| key.0),
            shown: person.shown.0,
            devices: certificates.collect(),
        })
    }

    /// As it is to be kept.
    pub(super) fn kept_removals(&self, name: &Name) -> Vec<Vec<u8>> {
        let person = self.0.get(name);
        let removed = person
            .into_iter()
            .flat_map(|person| person.removed.values());
        removed.map(Removal::to_bytes).collect()
    }

    /// What a group's members are checked against: those who are let in, or with `ever` those who may have been, for what
    /// comes was made before everybody knew of a removal. They are put out before anything is written.
    pub(super) fn view(&self, names: [&Name; 2], ever: bool) -> DirectoryView {
        let entry = |name: &Name| {
            let person = self.0.get(name)?;
            let identity = person.contact.identity().unwrap_or(person.shown);
            let mut devices: BTreeSet<DeviceId> = person.devices.keys().copied().collect();
            if ever {
                devices.extend(person.removed.keys());
            }
            Some((name.clone(), Entry { identity, devices }))
        };
        DirectoryView {
            users: names.into_iter().filter_map(entry).collect(),
        }
    }

    /// For people, in the order of names.
    pub(super) fn standings(&self) -> Vec<Standing> {
        let standing = |(name, person): (&Name, &Person)| Standing {
            name: name.clone(),
            is_here: person.is_here,
            word: person.contact.word(),
            devices: person.devices.len(),
        };
        self.0.iter().map(standing).collect()
    }
}

fn label((_, certificate): (&DeviceId, &Certificate)) -> String {
    certificate.device.label.clone()
}

fn devices(mut bytes: &[u8]) -> BTreeMap<DeviceId, Certificate> {
    let mut devices = BTreeMap::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length));
        let Some((certificate, rest)) = rest.split_at_checked(length) else {
            break;
        };
        if let Ok(certificate) = Certificate::from_bytes(certificate) {
            devices.insert(certificate.device.id, certificate);
        }
        bytes = rest;
    }
    devices
}

#[cfg(test)]
mod tests;
