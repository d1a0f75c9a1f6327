//! What comes in: envelopes in their order, answers to what went out, and what is done when one cannot be opened.

use super::say::beyond_text;
use super::{Core, number, problem};
use crate::Fault;
use crate::talk::event::{Event, Own};
use crate::talk::limits::AGAIN;
use crate::talk::store::{Outgoing, Write};
use kinora_chat::Name;
use kinora_chat::certificate::Device;
use kinora_chat::conversation::{Pace, Step, next_step};
use kinora_chat::engine;
use kinora_chat::payload::{Content, Message};
use kinora_talk::frame::{Ack, Deliver, Kind, Refused, Taken};

/// Looks into the whole directory for one envelope: whom it is of may come into it between two of them.
const LOOKS: u8 = 3;

/// What came of looking at an envelope.
enum Looked {
    /// It is done with, and this is to be kept of it.
    Done(Vec<Write>),
    /// It waits for something else.
    Waits,
}

impl Core {
    pub(super) fn deliver(&mut self, deliver: Deliver, now_ms: u64) -> Result<(), Fault> {
        let next = self.cursor + 1 + self.stalled.len() as u64;
        match deliver.number {
            old if old < next => return Ok(()),
            number if number > next => {
                return Err(Fault::Lost {
                    server: "the server".into(),
                    reason: "it left something out".into(),
                });
            }
            _ => {}
        }
        self.stalled.push_back(deliver);
        self.work(now_ms)
    }

    /// Takes envelopes as far as they can be taken, each in a transaction with all that it brings; then says how far.
    pub(super) fn work(&mut self, now_ms: u64) -> Result<(), Fault> {
        let before = self.cursor;
        let mut peers = Vec::new();
        while !self.is_looking_for_first()
            && let Some(deliver) = self.stalled.pop_front()
        {
            match self.take(&deliver, now_ms)? {
                Looked::Waits => {
                    self.stalled.push_front(deliver);
                    break;
                }
                Looked::Done(parts) => {
                    self.cursor = deliver.number;
                    self.write(parts)?;
                    self.settle_all(now_ms / 1000)?;
                    peers.push(deliver.with);
                }
            }
        }
        if self.cursor > before {
            self.ask(Ack {
                number: self.cursor,
                step: self.step,
            });
            self.show_new()?;
        }
        peers.dedup();
        peers
            .iter()
            .try_for_each(|peer| self.advance(peer, now_ms / 1000))
    }

    /// The envelope in front was tried, and waits for what the directory says.
    fn is_looking_for_first(&self) -> bool {
        let first = self.stalled.front();
        self.look.is_some() && first.is_some_and(|first| first.number == self.looked_for.0)
    }

    fn take(&mut self, deliver: &Deliver, now_ms: u64) -> Result<Looked, Fault> {
        if self.is_opening(deliver) {
            return Ok(Looked::Waits);
        }
        let looked = match deliver.kind {
            Kind::Welcome => self.join(deliver, now_ms / 1000),
            Kind::Commit | Kind::Message => self.opened(deliver, now_ms),
        };
        match looked {
            Ok(parts) => Ok(Looked::Done(parts)),
            Err(Fault::Chat(fault)) => self.recover(deliver, &fault, now_ms / 1000),
            Err(fault) => Err(fault),
        }
    }

    /// It is of a group that this device has opened, and that the answer to this is still on its way.
    fn is_opening(&self, deliver: &Deliver) -> bool {
        let conversation = self.conversations.get(&deliver.with);
        conversation.is_some_and(|conversation| {
            let group = conversation
                .group
                .as_ref()
                .filter(|group| group.epoch() == 0);
            group.is_some_and(|group| group.id() == deliver.group.0)
                && conversation.pending.is_some()
        })
    }

    /// An invitation, in the place of whatever group there was.
    fn join(&mut self, deliver: &Deliver, now_s: u64) -> Result<Vec<Write>, Fault> {
        let peer = &deliver.with;
        let view = self.view(peer);
        let group = self.client.join(&deliver.envelope, &view)?;
        let own = self.name().clone();
        let is_theirs = |device: &Device| device.name == *peer || device.name == own;
        if group.id() != deliver.group.0 || !group.members().iter().all(is_theirs) {
            return Err(
                kinora_chat::Fault::NotAllowed("an invitation to another conversation").into(),
            );
        }
        let device = self.device();
        let conversation = self.conversation(peer, now_s);
        let was_there = conversation.group_id.is_some();
        conversation.begin(group, device, now_s)?;
        let kept = Write::Conversation(peer.clone(), conversation.kept());
        for row in self.outbox.iter_mut().filter(|row| row.peer == *peer) {
            row.frame = None;
        }
        if was_there && let Some(words) = Step::Restart.words() {
            self.note(peer, words);
        }
        let person = self.people.pin(peer).map(Write::Person);
        let parts = [self.client_fact(), kept, Write::Unsealed(peer.clone())];
        Ok(parts.into_iter().chain(person).collect())
    }

    fn opened(&mut self, deliver: &Deliver, now_ms: u64) -> Result<Vec<Write>, Fault> {
        let peer = &deliver.with;
        let view = self.view(peer);
        let Some(conversation) = self.conversations.get_mut(peer) else {
            return Ok(Vec::new());
        };
        let is_here = conversation.group_id == Some(deliver.group.0);
        let Some(group) = conversation.group.as_mut().filter(|_| is_here) else {
            return Ok(Vec::new());
        };
        let mut parts = Vec::new();
        match group.open_message(&deliver.envelope, &view)? {
            engine::Event::Own => {}
            engine::Event::Commit {
                by,
                added,
                removed,
                is_out,
            } => {
                // Another one ended the epoch that ours was for.
                conversation.pending = None;
                if is_out {
                    conversation.give_up();
                }
                // That people add devices of their own the directory has told already.
                let foreign = added.iter().filter(|device| device.name != by.name);
                let notes = foreign.map(|device| let_in(&by, device));
                let notes = notes.chain(removed.iter().map(|device| put_out(&by, device)));
                notes.for_each(|text| self.note(peer, text));
            }
            engine::Event::Message { from, payload } => {
                parts = self.read(deliver, &from, &payload, now_ms)?;
            }
        }
        let conversation = self.conversation(peer, now_ms / 1000);
        parts.push(Write::Conversation(peer.clone(), conversation.kept()));
        Ok(parts)
    }

    /// In steps, the mildest first. A stranger can bring nobody to the last one.
    fn recover(
        &mut self,
        deliver: &Deliver,
        fault: &kinora_chat::Fault,
        now_s: u64,
    ) -> Result<Looked, Fault> {
        let peer = &deliver.with;
        let has_pending = self
            .conversations
            .get(peer)
            .is_some_and(|conversation| conversation.pending.is_some());
        if matches!(fault, kinora_chat::Fault::EpochAhead { .. }) && has_pending {
            // Our own commit was taken, and its answer is still on its way.
            return Ok(Looked::Waits);
        }
        let looks = match self.looked_for {
            (number, looks) if number == deliver.number => looks,
            _ => 0,
        };
        let tried = (looks >= LOOKS).then_some(Step::Fetch);
        if deliver.kind == Kind::Welcome && tried.is_some() {
            let text = format!(
                "an invitation of {} could not be used: {fault}",
                deliver.from
            );
            self.note(peer, text);
            return Ok(Looked::Done(Vec::new()));
        }
        match next_step(fault, tried) {
            Step::Drop => Ok(Looked::Done(Vec::new())),
            Step::Fetch => {
                // The directory may know by now who that is. An answer that is on its way already is waited for.
                let is_new = self.look.is_none();
                self.looked_for = (deliver.number, looks + u8::from(is_new));
                if is_new {
                    self.look();
                }
                Ok(Looked::Waits)
            }
            // An invitation that was for another device, or for a package that is used up, takes nothing away.
            Step::Restart if deliver.kind == Kind::Welcome => Ok(Looked::Done(Vec::new())),
            Step::Restart => {
                if let Some(words) = Step::Restart.words() {
                    self.note(peer, words);
                }
                let conversation = self.conversation(peer, now_s);
                conversation.give_up();
                let kept = Write::Conversation(peer.clone(), conversation.kept());
                self.unseal(peer);
                Ok(Looked::Done(vec![kept, Write::Unsealed(peer.clone())]))
            }
        }
    }

    pub(super) fn taken(&mut self, taken: &Taken, now_ms: u64) -> Result<(), Fault> {
        let now_s = now_ms / 1000;
        for conversation in self.conversations.values_mut() {
            if let Some(pending) = &mut conversation.pending
                && pending.reference == taken.reference
            {
                pending.behind = Some(taken.behind);
                self.settle_all(now_s)?;
                return self.work(now_ms);
            }
        }
        let Some(at) = self
            .outbox
            .iter()
            .position(|row| row.reference == taken.reference.0)
        else {
            return Ok(());
        };
        let row = self.outbox.remove(at);
        self.write(vec![Write::Sent(row.id)])?;
        self.conversation(&row.peer, now_s).landed(row.id);
        self.events.extend(self.sent(&row));
        self.advance(&row.peer, now_s)
    }

    /// A message is on the server's disk. Of receipts nobody is told.
    fn sent(&self, row: &Outgoing) -> Option<Event> {
        let message = Message::from_bytes(&row.payload).ok()?;
        let is_receipt = matches!(message.content, Content::Receipt(..));
        (!is_receipt).then(|| Event::Sent {
            reference: row.reference,
            to: row.peer.clone(),
            message: Own {
                id: row.message,
                device: self.device().to_string(),
                counter: message.counter,
            },
            content: beyond_text(message.content),
        })
    }

    /// Commits that were taken count when all that was taken before them has been read.
    fn settle_all(&mut self, now_s: u64) -> Result<(), Fault> {
        let cursor = self.cursor;
        let ripe = self.conversations.iter().filter(|(_, conversation)| {
            let pending = conversation.pending.as_ref();
            pending.is_some_and(|pending| pending.behind.is_some_and(|behind| behind <= cursor))
        });
        let ripe: Vec<Name> = ripe.map(|(peer, _)| peer.clone()).collect();
        for peer in ripe {
            let conversation = self.conversation(&peer, now_s);
            conversation.pending = None;
            let Some(group) = &mut conversation.group else {
                continue;
            };
            let is_first = group.epoch() == 0;
            group.confirm()?;
            if is_first {
                let id = group.id().try_into();
                conversation.group_id = Some(id.map_err(|_| kinora_chat::Fault::StateDamaged)?);
                conversation.pace = Pace::opened(now_s);
                conversation.is_lost = false;
            } else {
                conversation.pace.updated(now_s);
            }
            let kept = Write::Conversation(peer.clone(), conversation.kept());
            self.write(vec![kept])?;
            self.advance(&peer, now_s)?;
        }
        Ok(())
    }

    pub(super) fn refused(&mut self, refused: &Refused, now_ms: u64) -> Result<(), Fault> {
        let said = problem(&refused.code, &refused.description, &refused.solution);
        if !self.is_here {
            if &*refused.code != "unknown_device" {
                return Err(Fault::Refused(said));
            }
            // The server was set up anew: it learns of this device again.
            self.is_registered = false;
            self.write(vec![number("registered", 0)])?;
            return Err(Fault::Lost {
                server: "the server".into(),
                reason: said.description,
            });
        }
        if &*refused.code == "device_removed" {
            return Err(Fault::Refused(said));
        }
        let Some(reference) = refused.reference else {
            let reference = None;
            self.events.push_back(Event::Refused {
                reference,
                problem: said,
            });
            return Ok(());
        };
        let now_s = now_ms / 1000;
        let later_s = now_s + refused.retry_after_s.map_or(AGAIN.as_secs(), u64::from);
        let of_pending = self.conversations.iter().find_map(|(peer, each)| {
            let pending = each.pending.as_ref()?;
            (pending.reference == reference).then(|| peer.clone())
        });
        let of_claim = self.conversations.iter().find_map(|(peer, each)| {
            let gathering = each.gathering.as_ref()?;
            gathering.asked.contains(&reference.0).then(|| peer.clone())
        });
        if self.removing.remove(&reference.0).is_some() {
            self.refuse(reference.0, said);
            return Ok(());
        }
        let row = self.outbox.iter().find(|row| row.reference == reference.0);
        let of_row = row.map(|row| (row.peer.clone(), row.id));
        if let Some(peer) = of_pending {
            self.unopened(&peer, &refused.code, later_s, now_s)
        } else if let Some((peer, id)) = of_row {
            let conversation = self.conversation(&peer, now_s);
            if !conversation.landed(id) {
                // It went behind one that was refused, and goes again after that one.
                return self.advance(&peer, now_s);
            }
            conversation.ground();
            self.unsent(&peer, id, said, later_s, now_s)
        } else if let Some(peer) = of_claim {
            let missing = self.missing(&peer, now_s);
            let conversation = self.conversation(&peer, now_s);
            conversation.gathering = None;
            if conversation.group.is_some() {
                missing
                    .into_keys()
                    .for_each(|id| conversation.shut(id, later_s));
                return self.advance(&peer, now_s);
            }
            conversation.not_before_s = later_s;
            self.note(&peer, format!("{}; what you wrote waits", said.description));
            Ok(())
        } else {
            Ok(())
        }
    }

    /// An opening or a commit was refused.
    fn unopened(&mut self, peer: &Name, code: &str, later_s: u64, now_s: u64) -> Result<(), Fault> {
        let conversation = self.conversation(peer, now_s);
        match code {
            // The one that came before ours is on its way, or has been opened already.
            "stale_epoch" => conversation.pending = None,
            "superseded" => {
                (conversation.pending, conversation.group) = (None, None);
                conversation.is_lost = false;
                conversation.not_before_s = later_s;
            }
            "no_conversation" => {
                conversation.give_up();
                conversation.group_id = None;
            }
            _ => {
                if let Some(pending) = &mut conversation.pending {
                    pending.is_sent = false;
                }
                conversation.not_before_s = later_s;
                return Ok(());
            }
        }
        let parts = vec![
            Write::Conversation(peer.clone(), conversation.kept()),
            Write::Unsealed(peer.clone()),
        ];
        self.unseal(peer);
        self.write(parts)?;
        self.advance(peer, now_s)
    }

    /// A message was refused.
    fn unsent(
        &mut self,
        peer: &Name,
        id: i64,
        said: kinora_mmp::Problem,
        later_s: u64,
        now_s: u64,
    ) -> Result<(), Fault> {
        match said.code.as_str() {
            // It was never taken, so it is encrypted anew.
            "stale_epoch" => {
                let row = self.outbox.iter_mut().find(|row| row.id == id);
                row.into_iter().for_each(|row| row.frame = None);
                self.write(vec![Write::Frame(id, None)])?;
                self.conversation(peer, now_s).not_before_s = now_s + 1;
                Ok(())
            }
            // What it followed is no longer known to have been taken; it goes first now.
            "out_of_turn" => self.advance(peer, now_s),
            "no_conversation" => {
                let conversation = self.conversation(peer, now_s);
                conversation.give_up();
                conversation.group_id = None;
                let kept = Write::Conversation(peer.clone(), conversation.kept());
                self.unseal(peer);
                self.write(vec![kept, Write::Unsealed(peer.clone())])?;
                self.advance(peer, now_s)
            }
            "unknown_user" | "not_yourself" => {
                let gone = self.outbox.iter().position(|row| row.id == id);
                let reference = gone.map(|at| self.outbox.remove(at).reference);
                self.write(vec![Write::Sent(id)])?;
                self.events.push_back(Event::Refused {
                    reference,
                    problem: said,
                });
                Ok(())
            }
            _ => {
                self.conversation(peer, now_s).not_before_s = later_s;
                let reference = None;
                self.events.push_back(Event::Refused {
                    reference,
                    problem: said,
                });
                Ok(())
            }
        }
    }

    fn unseal(&mut self, peer: &Name) {
        for row in self.outbox.iter_mut().filter(|row| row.peer == *peer) {
            row.frame = None;
        }
    }
}

fn let_in(by: &Device, device: &Device) -> String {
    format!(
        "{} let the device {:?} of {} in",
        by.name, device.label, device.name
    )
}

fn put_out(by: &Device, device: &Device) -> String {
    format!(
        "{} put the device {:?} of {} out",
        by.name, device.label, device.name
    )
}
