//! What a backup is made of, and how a new device begins with one.

use super::adopt::{acquainted, identity, owner, vacant};
use super::{Core, Owner, device_of, number};
use crate::Fault;
use crate::talk::people::People;
use crate::talk::store::{Store, Write};
use kinora_chat::Name;
use kinora_chat::backup::{Head, Known, Record, removed_of};
use kinora_chat::certificate::Identity;
use kinora_chat::contact::Contact;
use std::path::Path;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Whose it is.
    pub owner: Owner,
    /// People that are known.
    pub contacts: u64,
    /// Messages.
    pub messages: u64,
}

/// Takes a record.
type Take<'a> = &'a mut dyn FnMut(&Record) -> Result<(), Fault>;

/// What is kept of a user in a directory, from which a backup is made.
pub(in crate::talk) struct Kept {
    store: Store,
    name: Name,
    secret: [u8; 32],
}

impl Kept {
    pub(in crate::talk) fn open(directory: &Path) -> Result<Self, Fault> {
        let store = Store::open(directory)?;
        let (name, secret) = identity(&store)?;
        Ok(Self {
            store,
            name,
            secret,
        })
    }

    /// Gives all that a backup has of it, the head first.
    pub(in crate::talk) fn each(&self, take: Take<'_>) -> Result<Backup, Fault> {
        take(&Record::Head(Head::new(&self.name, self.secret)))?;
        let mut backup = Backup {
            owner: owner(&self.name, &Identity::new(&self.secret).public()),
            contacts: 0,
            messages: 0,
        };
        let people = People::of(self.store.people()?, Vec::new())?;
        let others = people.0.iter().filter(|(each, _)| **each != self.name);
        for known in others.filter_map(|(name, person)| known(name, &person.contact)) {
            take(&Record::Contact(known))?;
            backup.contacts += 1;
        }
        for removal in self.store.removals()? {
            take(&Record::Removal(removal))?;
        }
        self.store.history(&mut |said| {
            backup.messages += 1;
            take(&Record::Said(said))
        })?;
        Ok(backup)
    }
}

impl Core {
    /// Makes a new device of the identity in this head, which knows and shows what the records say; all of it or nothing.
    pub(in crate::talk) fn restore(
        directory: &Path,
        head: &Head,
        records: &mut dyn Iterator<Item = Result<Record, Fault>>,
        label: &str,
        now_s: u64,
    ) -> Result<Backup, Fault> {
        let mut store = Store::open(directory)?;
        vacant(&store)?;
        let name = head.name()?;
        let identity = Identity::new(&head.secret);
        let client = device_of(&identity, &name, label, now_s)?;
        let begin = [
            Write::Fact("identity", head.secret.to_vec()),
            Write::Fact("client", client.export()),
            number("step", 1),
        ];
        let mut backup = Backup {
            owner: owner(&name, &identity.public()),
            contacts: 0,
            messages: 0,
        };
        let parts = records.map(|record| part(record?, &mut backup));
        store.fill(&mut begin.into_iter().map(Ok).chain(parts))?;
        Ok(backup)
    }
}

/// What a record is in the file of a device, counted.
fn part(record: Record, backup: &mut Backup) -> Result<Write, Fault> {
    match record {
        Record::Head(_) => Err(kinora_chat::Fault::BackupDamaged("it has two heads").into()),
        Record::Contact(known) => {
            let (name, key) = known.person()?;
            backup.contacts += 1;
            Ok(Write::Person(acquainted(&name, key, known.is_verified)))
        }
        Record::Removal(bytes) => Ok(Write::Removal(removed_of(&bytes)?, bytes)),
        Record::Said(said) => {
            said.check()?;
            backup.messages += 1;
            Ok(Write::Bygone(said))
        }
    }
}

/// The key that somebody is known by; of one that has changed, the one before.
fn known(name: &Name, contact: &Contact) -> Option<Known> {
    let is_verified = match contact {
        Contact::Verified(_) => true,
        Contact::Changed { was_verified, .. } => *was_verified,
        Contact::New | Contact::Pinned(_) => false,
    };
    Some(Known {
        name: name.to_string(),
        key: contact.known()?.0,
        is_verified,
    })
}
