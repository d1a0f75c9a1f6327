//! What is done about what the server says and what the user wants. No socket and no clock: frames and times come in,
//! frames and events go out, and between them every step is on the disk.

mod open;
mod mail;
mod login;

use super::conversation::Conversation;
use super::limits::PAST_MAX;
use super::people::{People, Standing};
use super::store::{KeptMessage, Outgoing, Said, Store, Write};
use crate::Fault;
use kinora_chat::Name;
use kinora_chat::certificate::{Device, DeviceId, Identity};
use kinora_chat::contact::Sending;
use kinora_chat::engine::{Client, Newcomer, Suite};
use kinora_chat::member::DirectoryView;
use kinora_chat::payload::{Content, Message};
use kinora_chat::safety::SafetyNumber;
use kinora_mmp::Problem;
use kinora_talk::field::{Fixed, Reference};
use kinora_talk::frame::{Ask, Bye, Deliver, Look, People as Page, Tell};
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

/// Something that a user may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The device is logged in under this name.
    Here(Name),
    /// The whole directory: it has come, or was asked for.
    Directory {
        /// In the order of names.
        people: Vec<Standing>,
        /// The user wants to see it.
        is_asked: bool,
    },
    /// Somebody wrote. It counts as shown when the observer returns.
    Message {
        /// By which it is known here.
        id: i64,
        /// Who wrote it: this user too, on another device.
        from: Name,
        /// The other one of the conversation.
        with: Name,
        /// The device that wrote it, and the how-manieth of that device: the same wherever it is shown.
        device: String,
        /// See `device`.
        counter: u64,
        /// What it says.
        text: String,
        /// When it was written, by the writer's clock, in milliseconds since 1970.
        written_ms: u64,
        /// When the server took it.
        at_ms: u64,
    },
    /// What was said before, in the order in which it was.
    Past {
        /// With whom.
        with: Name,
        /// The newest of it.
        said: Vec<Said>,
    },
    /// Somebody came.
    Joined(Name),
    /// Somebody went.
    Left(Name),
    /// A message is on the server's disk.
    Sent {
        /// As [`super::Hand::send`] named it.
        reference: [u8; 16],
        /// To whom.
        to: Name,
    },
    /// Something that the conversation has to say by itself.
    Note {
        /// Which conversation.
        with: Name,
        /// A sentence.
        text: String,
    },
    /// Something was refused.
    Refused {
        /// The message that was, and is not sent any more; one that is tried again is not named.
        reference: Option<[u8; 16]>,
        /// What, and what to do.
        problem: Problem,
    },
    /// What two people compare.
    Safety {
        /// With whom.
        with: Name,
        /// Twelve groups of five digits.
        number: String,
        /// new, pinned, verified, changed.
        word: &'static str,
    },
    /// The connection is gone; it is tried again after the pause.
    Lost {
        /// How.
        reason: String,
        /// For so long nothing is tried.
        pause: std::time::Duration,
    },
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
    conversations: BTreeMap<Name, Conversation>,
    outbox: Vec<Outgoing>,
    /// Envelopes that wait for the one in front of them.
    stalled: VecDeque<Deliver>,
    /// The envelope for which the directory was looked at again, and how often.
    looked_for: (u64, u8),
    /// What came of the directory since it was asked for.
    pages: usize,
    is_here: bool,
    /// The directory has come once, so names are known.
    pub(super) is_oriented: bool,
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
            people: People::of(store.people()?)?,
            conversations: BTreeMap::new(),
            outbox: store.outbox()?,
            stalled: VecDeque::new(),
            looked_for: (0, 0),
            pages: 0,
            is_here: false,
            is_oriented: false,
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
        if core.step == 0 {
            let identity = Write::Fact("identity", core.identity.secret().to_vec());
            core.write(vec![identity, core.client_fact()])?;
        }
        for kept in core.store.new_messages()? {
            core.show(kept);
        }
        Ok(core)
    }

    /// Under which name.
    pub(super) fn name(&self) -> &Name {
        &self.client.device().name
    }

    /// Nothing of what was written still has to go out.
    pub(super) fn is_done(&self) -> bool {
        self.outbox.is_empty()
    }

    /// The connection is gone.
    pub(super) fn disconnected(&mut self) {
        self.is_here = false;
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
    pub(super) fn shown(&self, id: i64) -> Result<(), Fault> {
        self.store.shown(id)
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
            // Nothing here sends any yet, and what cannot be read is passed over.
            Tell::Signal(_) => Ok(()),
            Tell::Refused(refused) => self.refused(&refused, now_ms),
        }
    }

    /// Time has passed: what had to wait goes on.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn tick(&mut self, now_s: u64) -> Result<(), Fault> {
        let peers: Vec<Name> = self.conversations.keys().cloned().collect();
        peers.iter().try_for_each(|peer| self.advance(peer, now_s))
    }

    /// Writes a message. It goes out as soon as it can, and survives until then.
    ///
    /// # Errors
    /// Those of the file; what is wrong with the message itself is an event.
    pub(super) fn send(
        &mut self,
        to: &str,
        text: &str,
        reference: [u8; 16],
        now_ms: u64,
    ) -> Result<(), Fault> {
        let written = self.written(to, text, now_ms);
        let (peer, message, payload) = match written {
            Ok(written) => written,
            Err(problem) => {
                let reference = Some(reference);
                self.events.push_back(Event::Refused { reference, problem });
                return Ok(());
            }
        };
        let kept = KeptMessage {
            id: 0,
            peer: peer.clone(),
            is_own: true,
            device: self.device().0,
            counter: message.counter,
            written_ms: now_ms,
            at_ms: now_ms,
            text: text.to_owned(),
        };
        let conversation = self.conversation(&peer, now_ms / 1000);
        conversation.written = message.counter;
        let kept_conversation = conversation.kept();
        self.write(vec![
            Write::Written(kept, reference, payload),
            Write::Conversation(peer.clone(), kept_conversation),
        ])?;
        self.outbox.extend(self.store.last_outgoing()?);
        self.advance(&peer, now_ms / 1000)
    }

    /// The message as it is to be encrypted, or why it is not written.
    fn written(
        &mut self,
        to: &str,
        text: &str,
        now_ms: u64,
    ) -> Result<(Name, Message, Vec<u8>), Problem> {
        let peer = self.known(to)?;
        if peer == *self.name() {
            return Err(problem(
                "not_yourself",
                "a conversation is between two people",
                "name somebody else",
            ));
        }
        let sending = self.people.0[&peer].contact.sending();
        match sending {
            Sending::Blocked => {
                return Err(problem(
                    "key_changed",
                    &format!("the key of {peer} is another one than the one that you compared"),
                    "compare the safety number again (/verify), or take the new key unseen (/accept)",
                ));
            }
            Sending::Advised => {
                let text = format!(
                    "the key of {peer} has changed: a new start on their side, or somebody between you; /verify {peer} tells"
                );
                let with = peer.clone();
                self.events.push_back(Event::Note { with, text });
            }
            Sending::Free => {}
        }
        let counter = self.conversation(&peer, now_ms / 1000).written + 1;
        let message = Message::new(counter, now_ms, None, Content::Text(text.to_owned()));
        let payload = message.to_bytes().map_err(|fault| of_chat(&fault))?;
        Ok((peer, message, payload))
    }

    /// What two people compare.
    pub(super) fn safety(&mut self, with: &str) {
        let event = match self.known(with) {
            Ok(with) => self.safety_of(with),
            Err(problem) => refusal(problem),
        };
        self.events.push_back(event);
    }

    fn safety_of(&self, with: Name) -> Event {
        let person = &self.people.0[&with];
        let own = self.identity.public();
        let number = SafetyNumber::new((self.name(), &own), (&with, &person.shown));
        Event::Safety {
            number: number.to_string(),
            word: person.contact.word(),
            with,
        }
    }

    /// The numbers were compared and are equal; or a new key is taken without.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn trust(&mut self, name: &str, is_compared: bool) -> Result<(), Fault> {
        let name = match self.known(name) {
            Ok(name) => name,
            Err(problem) => {
                self.events.push_back(refusal(problem));
                return Ok(());
            }
        };
        if let Some(person) = self.people.0.get_mut(&name) {
            let contact = person.contact.seen(person.shown);
            person.contact = match is_compared {
                true => contact.compared(person.shown),
                false => contact.accepted(person.shown),
            };
        }
        let kept = self.people.kept(&name).map(Write::Person);
        self.write(kept.into_iter().collect())?;
        let event = self.safety_of(name);
        self.events.push_back(event);
        Ok(())
    }

    /// What was said with somebody, the newest of it.
    ///
    /// # Errors
    /// Those of the file.
    pub(super) fn past(&mut self, with: &str) -> Result<(), Fault> {
        let Ok(with) = Name::new(with) else {
            return Ok(());
        };
        let said = self.store.past(&with, PAST_MAX)?;
        self.events.push_back(Event::Past { with, said });
        Ok(())
    }

    /// Who is there.
    pub(super) fn who(&mut self, is_asked: bool) {
        let mut people = self.people.standings();
        for person in people
            .iter_mut()
            .filter(|person| person.name == *self.name())
        {
            person.word = "you";
        }
        self.events.push_back(Event::Directory { people, is_asked });
    }

    /// Says goodbye.
    pub(super) fn leave(&mut self) {
        self.ask(Bye {});
    }

    /// Somebody of the directory, by a name as it was typed.
    fn known(&self, typed: &str) -> Result<Name, Problem> {
        let name = Name::new(typed).map_err(|fault| of_chat(&fault.into()))?;
        match self.people.0.contains_key(&name) {
            true => Ok(name),
            false => Err(problem(
                "unknown_user",
                &format!("nobody here is called {name}"),
                "look who is there (/who)",
            )),
        }
    }

    fn page(&mut self, page: &Page, now_ms: u64) -> Result<(), Fault> {
        let mut kept = Vec::new();
        for person in page.people.iter() {
            let was_here = self
                .people
                .0
                .get(&person.name)
                .is_some_and(|known| known.is_here);
            let news = self.people.see(person);
            let is_own = person.name == *self.name();
            if is_own && person.identity != self.identity.public() {
                return Err(Fault::Refused(problem(
                    "identity_changed",
                    "the server's directory shows another key under your name",
                    "somebody may stand between you and the people here: ask its operator",
                )));
            }
            let note = |text: String| Event::Note {
                with: person.name.clone(),
                text,
            };
            for label in news.added.iter().filter(|_| !is_own) {
                self.events
                    .push_back(note(format!("{} added the device {label:?}", person.name)));
            }
            for label in news.removed.iter().filter(|_| !is_own) {
                self.events.push_back(note(format!(
                    "{} removed the device {label:?}",
                    person.name
                )));
            }
            if news.has_changed {
                let text = format!(
                    "the key of {} has changed; /verify {} tells more",
                    person.name, person.name
                );
                self.events.push_back(note(text));
                if let Some(conversation) = self.conversations.get_mut(&person.name) {
                    conversation.give_up();
                }
            }
            if self.pages == usize::MAX && person.is_here && !was_here && !is_own {
                self.events.push_back(Event::Joined(person.name.clone()));
            }
            kept.extend(self.people.kept(&person.name).map(Write::Person));
        }
        self.write(kept)?;
        if !page.has_more {
            if self.pages != usize::MAX {
                self.who(false);
            }
            // From here on what comes is news.
            self.pages = usize::MAX;
            self.is_oriented = true;
            self.work(now_ms)?;
            self.tick(now_ms / 1000)?;
        }
        Ok(())
    }

    fn moved(&mut self, name: &Name, is_here: bool) {
        let is_own = name == self.name();
        let Some(person) = self.people.0.get_mut(name) else {
            return;
        };
        if person.is_here != is_here && !is_own {
            let name = name.clone();
            self.events.push_back(match is_here {
                true => Event::Joined(name),
                false => Event::Left(name),
            });
        }
        person.is_here = is_here;
    }

    fn show(&mut self, kept: KeptMessage) {
        let from = match kept.is_own {
            true => self.name().clone(),
            false => kept.peer.clone(),
        };
        self.events.push_back(Event::Message {
            id: kept.id,
            from,
            with: kept.peer,
            device: DeviceId(kept.device).to_string(),
            counter: kept.counter,
            text: kept.text,
            written_ms: kept.written_ms,
            at_ms: kept.at_ms,
        });
    }

    fn device(&self) -> DeviceId {
        self.client.device().id
    }

    fn view(&self, peer: &Name) -> DirectoryView {
        let mut view = self.people.view([self.name(), peer]);
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
    let newcomer = Newcomer::new(Suite::default())?;
    let certificate = identity.certify(Device {
        name: name.clone(),
        id: DeviceId(random()?),
        label: label.to_owned(),
        leaf_key: newcomer.leaf_key(),
        issued_at: now_s,
    });
    let certificate = certificate.map_err(kinora_chat::Fault::from)?;
    Ok((newcomer.certified(certificate)?, identity))
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

fn problem(code: &str, description: &str, solution: &str) -> Problem {
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
