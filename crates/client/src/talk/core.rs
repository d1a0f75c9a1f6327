//! What is done about what the server says and what the user wants. No socket and no clock: frames and times come in,
//! frames and events go out, and between them every step is on the disk.

mod directory;
mod devices;
mod say;
mod receipts;
mod signals;
mod files;
mod open;
mod read;
mod mail;
mod login;
mod adopt;
mod restore;

use super::conversation::Conversation;
use super::event::{Arrival, Event};
use super::limits::PAST_MAX;
use super::people::People;
use super::store::{KeptMessage, Outgoing, Sending, Store, Write};
use crate::Fault;
use kinora_chat::Name;
use kinora_chat::certificate::{Device, DeviceId, Identity, IdentityKey};
use kinora_chat::engine::{Client, Newcomer, Suite};
use kinora_chat::member::DirectoryView;
use kinora_mmp::Problem;
use kinora_talk::field::{Fixed, Pass, Reference};
use kinora_talk::frame::{Ask, Bye, Deliver, Look, Tell};
use kinora_talk::removal::Removal;
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

pub use adopt::Owner;
pub(super) use files::Saving;
pub use restore::Backup;
pub(super) use restore::Kept;
pub use say::{card, clock};

/// When a message counts as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Reading {
    /// When it was told: it is on a screen, or with a program.
    #[default]
    Told,
    /// When [`super::Command::Seen`] says so.
    Seen,
    /// Nobody looks. What comes is told again to the next one who does.
    Nobody,
}

/// One device of one user.
pub(super) struct Core {
    store: Store,
    client: Client,
    identity: Identity,
    is_registered: bool,
    /// All envelopes up to this number were taken.
    cursor: u64,
    /// Counts the steps.
    step: u64,
    people: People,
    /// Of which keys the user was shown a number since this runs.
    numbers_shown: BTreeMap<Name, IdentityKey>,
    /// Removals of own devices that the server has not taken yet.
    removing: BTreeMap<[u8; 16], Removal>,
    conversations: BTreeMap<Name, Conversation>,
    outbox: Vec<Outgoing>,
    /// Files that are not messages yet.
    pub(super) sendings: Vec<Sending>,
    /// What the connection gives to show where files are; none of an old server. Taken out when it is new.
    pub(super) pass: Option<Option<Pass>>,
    /// Envelopes that wait for the one in front of them.
    stalled: VecDeque<Deliver>,
    /// The envelope for which the directory was looked at again, and how often.
    looked_for: (u64, u8),
    /// What came of the directory since it was asked for.
    pages: usize,
    /// The whole directory was asked for and has not come. `Some(true)`: this user was in what came of it.
    look: Option<bool>,
    is_here: bool,
    /// The directory has come once, so names are known.
    pub(super) is_oriented: bool,
    pub(super) reading: Reading,
    /// Others are told what came and what was read; that is this user's setting.
    tells: bool,
    /// They are not, for as long as this runs.
    pub(super) is_mute: bool,
    /// Frames that are to go out.
    pub(super) asks: Vec<Vec<u8>>,
    /// What is to be told.
    pub(super) events: VecDeque<Event>,
}

impl Core {
    /// Takes up what this directory has, or begins under this name.
    ///
    /// # Errors
    /// [`Fault::TalkNameless`] without a name, [`Fault::TalkNamed`] with another one; those of the file.
    pub(super) fn open(
        directory: &Path,
        name: Option<&Name>,
        label: &str,
        now_s: u64,
    ) -> Result<Self, Fault> {
        let store = Store::open(directory)?;
        let (client, identity) = match (store.fact("client")?, store.fact("identity")?) {
            (Some(client), Some(identity)) => {
                let secret = identity.as_slice().try_into();
                let secret = secret.map_err(|_| kinora_chat::Fault::StateDamaged)?;
                (Client::import(&client)?, Identity::new(&secret))
            }
            _ => make(name.ok_or(Fault::TalkNameless)?, label, now_s)?,
        };
        let have = &client.device().name;
        if let Some(wanted) = name.filter(|wanted| *wanted != have) {
            return Err(Fault::TalkNamed {
                have: have.to_string(),
                wanted: wanted.to_string(),
            });
        }
        let number = |name: &str| -> Result<u64, Fault> {
            let kept = store.fact(name)?;
            Ok(kept.map_or(0, |bytes| bytes.try_into().map_or(0, u64::from_be_bytes)))
        };
        let (cursor, step) = (number("cursor")?, number("step")?);
        let mut core = Self {
            is_registered: number("registered")? == 1,
            people: People::of(store.people()?, store.removals()?)?,
            numbers_shown: BTreeMap::new(),
            removing: BTreeMap::new(),
            conversations: BTreeMap::new(),
            outbox: store.outbox()?,
            sendings: store.sendings()?,
            pass: None,
            stalled: VecDeque::new(),
            looked_for: (0, 0),
            pages: 0,
            look: None,
            is_here: false,
            is_oriented: false,
            reading: Reading::default(),
            tells: number("mute")? == 0,
            is_mute: false,
            asks: Vec::new(),
            events: VecDeque::new(),
            store,
            client,
            identity,
            cursor,
            step,
        };
        for (peer, kept) in core.store.conversations()? {
            core.conversations.insert(peer, Conversation::of(kept));
        }
        for peer in core.store.owed()? {
            core.owe(&peer, now_s * 1000);
        }
        if core.step == 0 {
            let identity = Write::Fact("identity", core.identity.secret().to_vec());
            core.write(vec![identity, core.client_fact()])?;
        }
        core.show_new()?;
        Ok(core)
    }

    /// Under which name.
    pub(super) fn name(&self) -> &Name {
        &self.client.device().name
    }

    /// Nothing of what was written still has to go out.
    pub(super) fn is_done(&self) -> bool {
        self.outbox.is_empty() && self.sendings.is_empty()
    }

    /// The connection is gone.
    pub(super) fn disconnected(&mut self) {
        (self.is_here, self.look, self.looked_for) = (false, None, (0, 0));
        self.asks.clear();
        self.stalled.clear();
        for conversation in self.conversations.values_mut() {
            conversation.disconnected();
        }
        for person in self.people.0.values_mut() {
            person.is_here = false;
        }
    }

    /// A message was shown.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn shown(&mut self, message: &Arrival, now_ms: u64) -> Result<(), Fault> {
        match self.reading {
            Reading::Nobody => return Ok(()),
            Reading::Seen => self.store.shown(message.id, false)?,
            Reading::Told => self.store.shown(message.id, true)?,
        }
        if self.reading == Reading::Told && message.from == message.with {
            self.owe(&message.with, now_ms);
        }
        Ok(())
    }

    /// Takes what the server says. `host` is the name under which it was called.
    ///
    /// # Errors
    /// What ends the connection.
    pub(super) fn hear(&mut self, tell: Tell, host: &str, now_ms: u64) -> Result<(), Fault> {
        match tell {
            Tell::Challenge(challenge) => self.answer(&challenge, host),
            Tell::Ready(ready) => self.ready(&ready, now_ms / 1000),
            Tell::People(page) => self.page(&page, now_ms),
            Tell::Presence(presence) => {
                let joined = presence.joined.iter().map(|name| (name, true));
                let left = presence.left.iter().map(|name| (name, false));
                for (name, is_here) in joined.chain(left) {
                    self.moved(name, is_here);
                }
                Ok(())
            }
            Tell::Published(_) => Ok(()),
            Tell::Claimed(claimed) => self.claimed(&claimed, now_ms / 1000),
            Tell::Taken(taken) => self.taken(&taken, now_ms),
            Tell::Deliver(deliver) => self.deliver(deliver, now_ms),
            Tell::Signal(signal) => {
                self.signalled(&signal, now_ms);
                Ok(())
            }
            Tell::Removed(removed) => self.removed(&removed, now_ms),
            Tell::Refused(refused) => self.refused(&refused, now_ms),
        }
    }

    /// Time has passed: what had to wait goes on.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn tick(&mut self, now_ms: u64) -> Result<(), Fault> {
        let peers: Vec<Name> = self.conversations.keys().cloned().collect();
        for peer in &peers {
            self.receipt(peer, now_ms)?;
            self.advance(peer, now_ms / 1000)?;
        }
        Ok(())
    }

    /// Says goodbye.
    pub(super) fn leave(&mut self) {
        self.ask(Bye {});
    }

    /// What was said with somebody, the newest of it.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn past(&mut self, with: &str) -> Result<(), Fault> {
        let Ok(with) = Name::new(with) else {
            return Ok(());
        };
        let mut said = self.store.past(&with, PAST_MAX)?;
        if !self.tells() {
            said.iter_mut().for_each(|said| said.progress = None);
        }
        self.events.push_back(Event::Past { with, said });
        Ok(())
    }

    /// Tells of what was not shown yet, or has changed since. What waits to be told is not told twice.
    fn show_new(&mut self) -> Result<(), Fault> {
        for kept in self.store.new_messages()? {
            let id = kept.id;
            let event = self.told(kept);
            let mut waiting = self.events.iter_mut();
            match waiting.find(|event| event.is_about(id)) {
                Some(waiting) => *waiting = event,
                None => self.events.push_back(event),
            }
        }
        Ok(())
    }

    fn told(&self, kept: KeptMessage) -> Event {
        let from = match kept.is_own {
            true => self.name().clone(),
            false => kept.peer.clone(),
        };
        let arrival = Arrival {
            id: kept.id,
            from,
            with: kept.peer,
            device: DeviceId(kept.device).to_string(),
            counter: kept.counter,
            text: kept.text,
            content: kept.content,
            is_edited: kept.is_edited,
            written_ms: kept.written_ms,
            at_ms: kept.at_ms,
        };
        match kept.was_shown {
            true => Event::Edited(arrival),
            false => Event::Message(arrival),
        }
    }

    fn device(&self) -> DeviceId {
        self.client.device().id
    }

    /// Whom what comes in a conversation may be of.
    fn view(&self, peer: &Name) -> DirectoryView {
        self.view_of(peer, true)
    }

    /// Who is let into a conversation.
    fn admitted(&self, peer: &Name) -> DirectoryView {
        self.view_of(peer, false)
    }

    fn view_of(&self, peer: &Name, ever: bool) -> DirectoryView {
        let mut view = self.people.view([self.name(), peer], ever);
        // Of oneself nobody else is asked.
        if let Some(own) = view.users.get_mut(self.name()) {
            own.identity = self.identity.public();
        }
        view
    }

    fn conversation(&mut self, peer: &Name, now_s: u64) -> &mut Conversation {
        let fresh = || Conversation::new(now_s);
        self.conversations.entry(peer.clone()).or_insert_with(fresh)
    }

    /// Asks for the whole directory.
    fn look(&mut self) {
        self.look = Some(false);
        self.ask(Look {});
    }

    fn ask(&mut self, ask: impl Into<Ask>) {
        self.asks.push(ask.into().to_bytes());
    }

    fn client_fact(&self) -> Write {
        Write::Fact("client", self.client.export())
    }

    /// One step: all of it with the counter and the cursor, in one transaction.
    fn write(&mut self, mut parts: Vec<Write>) -> Result<(), Fault> {
        self.step += 1;
        parts.push(number("step", self.step));
        parts.push(number("cursor", self.cursor));
        self.store.write(&parts)
    }

    fn note(&mut self, with: &Name, text: impl Into<String>) {
        let (with, text) = (with.clone(), text.into());
        self.events.push_back(Event::Note { with, text });
    }
}

fn number(name: &'static str, value: u64) -> Write {
    Write::Fact(name, value.to_be_bytes().to_vec())
}

/// An identity and its first device.
fn make(name: &Name, label: &str, now_s: u64) -> Result<(Client, Identity), Fault> {
    let identity = Identity::new(&random()?);
    Ok((device_of(&identity, name, label, now_s)?, identity))
}

/// A device of this identity.
fn device_of(identity: &Identity, name: &Name, label: &str, now_s: u64) -> Result<Client, Fault> {
    let newcomer = Newcomer::new(Suite::default())?;
    let certificate = identity.certify(Device {
        name: name.clone(),
        id: DeviceId(random()?),
        label: label.to_owned(),
        leaf_key: newcomer.leaf_key(),
        issued_at: now_s,
    });
    let certificate = certificate.map_err(kinora_chat::Fault::from)?;
    Ok(newcomer.certified(certificate)?)
}

/// Bytes that nobody can guess.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Fault::Random(error.to_string()))?;
    Ok(bytes)
}

fn reference() -> Result<Reference, Fault> {
    random().map(Fixed)
}

pub(super) fn problem(code: &str, description: &str, solution: &str) -> Problem {
    Problem {
        code: code.into(),
        description: description.into(),
        solution: solution.into(),
    }
}

fn of_chat(fault: &kinora_chat::Fault) -> Problem {
    problem(fault.code(), &fault.to_string(), fault.solution())
}

fn refusal(problem: Problem) -> Event {
    Event::Refused {
        reference: None,
        problem,
    }
}

#[cfg(test)]
mod tests;
