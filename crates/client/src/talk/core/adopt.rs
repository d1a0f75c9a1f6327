//! How a user's next device comes to its identity, and an older one gives it away.

use super::{Core, device_of, number, of_chat, refusal};
use crate::Fault;
use crate::talk::event::Event;
use crate::talk::people::People;
use crate::talk::store::{KeptPerson, Store, Write};
use kinora_chat::Name;
use kinora_chat::certificate::{Identity, IdentityKey};
use kinora_chat::contact::Contact;
use kinora_chat::engine::Client;
use kinora_chat::handover::{Code, Handover};
use kinora_chat::safety;
use std::path::Path;

/// Whose device this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The name.
    pub name: Name,
    /// Six groups of five digits, the same on each device of the name.
    pub number: String,
}

impl Core {
    /// Looks whether a directory has no name yet. One that the server never took is none.
    pub(in crate::talk) fn vacant(directory: &Path) -> Result<(), Fault> {
        vacant(&Store::open(directory)?)
    }

    /// Makes a device of the identity that another one gave.
    pub(in crate::talk) fn adopt(
        directory: &Path,
        handover: &Handover,
        label: &str,
        now_s: u64,
    ) -> Result<Owner, Fault> {
        let mut store = Store::open(directory)?;
        vacant(&store)?;
        let identity = Identity::new(&handover.secret);
        let client = device_of(&identity, &handover.name, label, now_s)?;
        let contacts = handover.contacts.iter();
        let mut parts: Vec<Write> = contacts.filter_map(person).map(Write::Person).collect();
        parts.push(Write::Fact("identity", handover.secret.to_vec()));
        parts.push(Write::Fact("client", client.export()));
        parts.push(number("step", 1));
        store.write(&parts)?;
        Ok(owner(&handover.name, &identity.public()))
    }

    /// What this directory's device gives to the next one.
    pub(in crate::talk) fn handover(directory: &Path) -> Result<(Handover, Owner), Fault> {
        given(&Store::open(directory)?)
    }

    /// Answers the code of a new device, while this one runs.
    ///
    /// # Errors
    /// Those of the file.
    pub(in crate::talk) fn link(&mut self, code: &str) -> Result<(), Fault> {
        let (handover, owner) = given(&self.store)?;
        let sealed = code.parse().and_then(|code: Code| handover.seal(&code));
        self.events.push_back(match sealed {
            Ok(text) => Event::Answer {
                text,
                name: owner.name,
                number: owner.number,
            },
            Err(fault) => refusal(of_chat(&fault)),
        });
        Ok(())
    }
}

/// What the next device is given of what is kept.
fn given(store: &Store) -> Result<(Handover, Owner), Fault> {
    let (name, secret) = identity(store)?;
    let people = People::of(store.people()?, Vec::new())?;
    let people = people.0.into_iter().filter(|(each, _)| *each != name);
    let contacts = people.map(|(name, person)| (name, person.contact));
    let contacts = contacts.collect();
    let owner = owner(&name, &Identity::new(&secret).public());
    let handover = Handover {
        name,
        secret,
        contacts,
    };
    Ok((handover, owner))
}

/// Whose directory it is, and the secret of that identity.
pub(super) fn identity(store: &Store) -> Result<(Name, [u8; 32]), Fault> {
    let (Some(client), Some(secret)) = (store.fact("client")?, store.fact("identity")?) else {
        return Err(Fault::TalkNameless);
    };
    let secret = secret.as_slice().try_into();
    let secret = secret.map_err(|_| kinora_chat::Fault::StateDamaged)?;
    Ok((Client::import(&client)?.device().name.clone(), secret))
}

pub(super) fn vacant(store: &Store) -> Result<(), Fault> {
    let is_registered = store.fact("registered")? == Some(1_u64.to_be_bytes().to_vec());
    match store.fact("client")?.filter(|_| is_registered) {
        None => Ok(()),
        Some(client) => Err(Fault::TalkLinked {
            have: Client::import(&client)?.device().name.to_string(),
        }),
    }
}

fn person((name, contact): &(Name, Contact)) -> Option<KeptPerson> {
    match contact {
        Contact::Pinned(key) => Some(acquainted(name, *key, false)),
        Contact::Verified(key) => Some(acquainted(name, *key, true)),
        Contact::New | Contact::Changed { .. } => None,
    }
}

/// Somebody who was known elsewhere; which devices they have is not known here.
pub(super) fn acquainted(name: &Name, key: IdentityKey, is_verified: bool) -> KeptPerson {
    KeptPerson {
        name: name.as_str().to_owned(),
        standing: if is_verified { 2 } else { 1 },
        known: Some(key.0),
        shown: key.0,
        devices: Vec::new(),
    }
}

pub(super) fn owner(name: &Name, identity: &IdentityKey) -> Owner {
    Owner {
        name: name.clone(),
        number: safety::digits(name, identity),
    }
}
