//! The directory as this device knows it: who is who, with which keys, and how well each is known.

use super::store::KeptPerson;
use crate::Fault;
use kinora_chat::Name;
use kinora_chat::certificate::{Certificate, DeviceId, IdentityKey};
use kinora_chat::contact::Contact;
use kinora_chat::member::{DirectoryView, Entry};
use kinora_talk::frame;
use std::collections::{BTreeMap, BTreeSet};

/// Somebody of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) contact: Contact,
    /// The key that the directory shows now.
    pub(super) shown: IdentityKey,
    /// Certificates by device; each was checked against the key that is shown.
    pub(super) devices: BTreeMap<DeviceId, Certificate>,
    pub(super) is_here: bool,
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
    /// Labels of devices that are not there any more.
    pub(super) removed: Vec<String>,
    /// The key is another one now.
    pub(super) has_changed: bool,
}

impl People {
    /// Those that were kept; nobody is here until the server says so.
    pub(super) fn of(kept: Vec<KeptPerson>) -> Result<Self, Fault> {
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
                is_here: false,
            };
            people.insert(name, entry);
        }
        Ok(Self(people))
    }

    /// The directory says this of a person. Devices that their identity did not certify are not theirs.
    pub(super) fn see(&mut self, person: &frame::Person) -> News {
        let shown = person.identity;
        let certificates = person.certificates.iter();
        let certificates = certificates.filter_map(|bytes| Certificate::from_bytes(bytes).ok());
        let devices: BTreeMap<DeviceId, Certificate> = certificates
            .filter(|each| each.device.name == person.name && each.is_signed_by(&shown))
            .map(|each| (each.device.id, each))
            .collect();
        let first = Person {
            contact: Contact::New,
            shown,
            devices: BTreeMap::new(),
            is_here: person.is_here,
        };
        // Nothing was known of their devices: all of them are, from now on.
        let before = self.0.get(&person.name);
        let is_new = before.is_none_or(|known| known.devices.is_empty());
        let known = self.0.entry(person.name.clone()).or_insert(first);
        let before = known.contact;
        if known.contact != Contact::New {
            known.contact = known.contact.seen(shown);
        }
        let label = |certificate: &Certificate| certificate.device.label.clone();
        let beyond = |one: &BTreeMap<_, _>, other: &BTreeMap<DeviceId, Certificate>| {
            let only = other.iter().filter(|(id, _)| !one.contains_key(*id));
            only.map(|(_, certificate)| label(certificate))
                .collect::<Vec<_>>()
        };
        let news = News {
            added: beyond(&known.devices, &devices),
            removed: beyond(&devices, &known.devices),
            has_changed: known.contact != before && known.contact.word() == "changed",
        };
        (known.shown, known.devices, known.is_here) = (shown, devices, person.is_here);
        match is_new {
            true => News {
                has_changed: news.has_changed,
                ..News::default()
            },
            false => news,
        }
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

    /// What a group's members are checked against.
    pub(super) fn view(&self, names: [&Name; 2]) -> DirectoryView {
        let entry = |name: &Name| {
            let person = self.0.get(name)?;
            let identity = person.contact.identity().unwrap_or(person.shown);
            let devices: BTreeSet<DeviceId> = person.devices.keys().copied().collect();
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
mod tests {
    use super::*;
    use kinora_chat::certificate::{Device, Identity};
    use kinora_talk::field::{Bytes, Few};

    fn shown(key: u8, devices: &[u8]) -> frame::Person {
        let identity = Identity::new(&[key; 32]);
        let certificate = |id: &u8| {
            let device = Device {
                name: Name::new("ravi").unwrap(),
                id: DeviceId([*id; 16]),
                label: format!("device {id}"),
                leaf_key: [*id; 32],
                issued_at: 1,
            };
            Bytes::new(identity.certify(device).unwrap().to_bytes()).unwrap()
        };
        frame::Person {
            name: Name::new("ravi").unwrap(),
            identity: identity.public(),
            certificates: Few::new(devices.iter().map(certificate).collect()).unwrap(),
            is_here: true,
        }
    }

    #[test]
    fn what_is_new_of_somebody_is_told() {
        let (mut people, ravi) = (People::default(), Name::new("ravi").unwrap());
        assert_eq!(people.see(&shown(1, &[1])), News::default());
        let news = people.see(&shown(1, &[1, 2]));
        assert_eq!(
            (news.added, news.has_changed),
            (vec!["device 2".into()], false)
        );
        // Nobody talked with them yet: another key is nothing to be told.
        assert!(!people.see(&shown(2, &[1])).has_changed);
        people.pin(&ravi).unwrap();
        assert!(people.see(&shown(3, &[1])).has_changed);
        assert!(!people.see(&shown(3, &[1])).has_changed, "told once");
        let again = People::of(vec![people.kept(&ravi).unwrap()]).unwrap();
        let known = &again.0[&ravi];
        assert_eq!(known.contact, people.0[&ravi].contact);
        assert_eq!(known.devices, people.0[&ravi].devices);
    }

    #[test]
    fn a_device_that_nobody_certified_is_nobodys() {
        let mut people = People::default();
        let mut forged = shown(1, &[1]);
        forged.identity = Identity::new(&[2; 32]).public();
        people.see(&forged);
        let ravi = Name::new("ravi").unwrap();
        assert!(people.view([&ravi, &ravi]).users[&ravi].devices.is_empty());
    }
}
