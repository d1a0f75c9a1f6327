//! What goes out: opening a conversation, letting devices in, renewing keys, and messages, several of them at a time.
//!
//! Whatever changes a group waits until no message is on its way, so that what is sent in an epoch has its answer in it.

use super::{Core, random, reference};
use crate::Fault;
use crate::talk::conversation::{Flight, Gathering, Pending};
use crate::talk::limits::{AGAIN, WINDOW};
use crate::talk::store::{Outgoing, Write};
use kinora_chat::Name;
use kinora_chat::certificate::{Device, DeviceId};
use kinora_chat::contact::Sending;
use kinora_chat::engine::{self, Group, Keys};
use kinora_talk::field::{Bytes, Few, Fixed, GroupId};
use kinora_talk::frame::{Ask, Claim, Claimed, Commit, Open, Send};
use kinora_talk::limits::GRACE_EPOCHS;
use std::collections::{BTreeMap, BTreeSet};

impl Core {
    /// Does the next thing that a conversation needs, if anything can be done now.
    pub(super) fn advance(&mut self, peer: &Name, now_s: u64) -> Result<(), Fault> {
        let has_mail = self.outbox.iter().any(|row| row.peer == *peer);
        let is_blocked = self
            .people
            .0
            .get(peer)
            .is_none_or(|person| person.contact.sending() == Sending::Blocked);
        let Some(conversation) = self.conversations.get_mut(peer).filter(|_| self.is_here) else {
            return Ok(());
        };
        if now_s < conversation.not_before_s {
            return Ok(());
        }
        if let Some(pending) = &mut conversation.pending {
            if !pending.is_sent {
                pending.is_sent = true;
                self.asks.push(pending.frame.clone());
            }
            return Ok(());
        }
        if is_blocked || conversation.is_grounded() {
            return Ok(());
        }
        let is_quiet = conversation.flying.is_empty();
        let is_due = conversation.pace.is_due(now_s);
        let is_wanted = has_mail || conversation.is_lost;
        let has_pending = conversation.group.as_ref().map(Group::has_pending);
        let gone = self.gone(peer);
        let missing = self.missing(peer, now_s);
        match has_pending {
            // The commit that came before ours is on its way.
            Some(true) => Ok(()),
            Some(false) if !is_quiet && (is_due || !gone.is_empty() || !missing.is_empty()) => {
                Ok(())
            }
            Some(false) if !gone.is_empty() => self.put_out(peer, &gone),
            Some(false) if !missing.is_empty() => {
                self.gather(peer, missing.into_values().collect(), now_s)
            }
            _ if !is_wanted => Ok(()),
            None => {
                let own = self.people.0.get(self.name());
                let has_others = own.is_some_and(|own| own.devices.len() > 1);
                let own = has_others.then(|| self.name().clone());
                self.gather(peer, own.into_iter().chain([peer.clone()]).collect(), now_s)
            }
            // None of their devices is there, nor known: what would be said now, nobody could ever read.
            Some(false) if self.is_alone(peer) => Ok(()),
            Some(false) if is_due => self.renew(peer),
            Some(false) => self.post(peer, now_s),
        }
    }

    /// Members of the group that were removed since.
    fn gone(&self, peer: &Name) -> Vec<Device> {
        let has_removed = |name| {
            let person = self.people.0.get(name);
            person.is_some_and(|person| !person.removed.is_empty())
        };
        let conversation = self.conversations.get(peer);
        let group = conversation.and_then(|conversation| conversation.group.as_ref());
        let group = group.filter(|_| has_removed(peer) || has_removed(self.name()));
        self.people
            .gone(group.map(Group::members).unwrap_or_default())
    }

    /// Whether the other one has no device in the group.
    fn is_alone(&self, peer: &Name) -> bool {
        let conversation = self.conversations.get(peer);
        let group = conversation.and_then(|conversation| conversation.group.as_ref());
        group.is_some_and(|group| group.members().iter().all(|device| device.name != *peer))
    }

    /// Puts removed devices out: from the next epoch on they can read nothing.
    fn put_out(&mut self, peer: &Name, gone: &[Device]) -> Result<(), Fault> {
        let view = self.admitted(peer);
        let conversation = self.conversations.get_mut(peer);
        let Some(group) = conversation.and_then(|conversation| conversation.group.as_mut()) else {
            return Ok(());
        };
        // This device itself cannot: the server has told it, or will.
        let own = self.client.device().id;
        let others: Vec<Device> = gone
            .iter()
            .filter(|device| device.id != own)
            .cloned()
            .collect();
        if others.len() < gone.len() {
            return Ok(());
        }
        let made = group.change(self.client.keys(), &others, &[], &view)?;
        self.commit(peer, made, Vec::new())
    }

    /// Devices of the two that the directory lists and the group lacks, with whose they are; not those that could not be let
    /// in a while ago.
    pub(super) fn missing(&self, peer: &Name, now_s: u64) -> BTreeMap<DeviceId, Name> {
        let conversation = self.conversations.get(peer);
        let group = conversation.and_then(|conversation| conversation.group.as_ref());
        // Before the directory has come nobody can be checked.
        let (Some(conversation), Some(group), usize::MAX) = (conversation, group, self.pages)
        else {
            return BTreeMap::new();
        };
        let members = group.members().into_iter().map(|device| device.id);
        let members: BTreeSet<DeviceId> = members.collect();
        let devices = [peer, self.name()].into_iter().flat_map(|name| {
            let person = self.people.0.get(name);
            let ids = person.into_iter().flat_map(|person| person.devices.keys());
            ids.map(|id| (*id, name.clone()))
        });
        let is_missing = |id: &DeviceId| !members.contains(id) && conversation.is_open(id, now_s);
        devices.filter(|(id, _)| is_missing(id)).collect()
    }

    /// Asks for packages of all devices of these people.
    fn gather(&mut self, peer: &Name, names: BTreeSet<Name>, now_s: u64) -> Result<(), Fault> {
        if self.pages != usize::MAX {
            return Ok(());
        }
        let conversation = self.conversation(peer, now_s);
        if conversation.gathering.is_some() {
            return Ok(());
        }
        let mut gathering = Gathering::default();
        let mut claims = Vec::new();
        for name in names {
            let reference = reference()?;
            gathering.asked.insert(reference.0);
            claims.push(Claim { reference, name });
        }
        conversation.gathering = Some(gathering);
        claims.into_iter().for_each(|claim| self.ask(claim));
        Ok(())
    }

    pub(super) fn claimed(&mut self, claimed: &Claimed, now_s: u64) -> Result<(), Fault> {
        let found = self.conversations.iter_mut().find_map(|(peer, each)| {
            let gathering = each.gathering.as_mut()?;
            gathering
                .asked
                .remove(&claimed.reference.0)
                .then_some((peer.clone(), gathering))
        });
        let Some((peer, gathering)) = found else {
            return Ok(());
        };
        let packages = claimed.packages.iter();
        gathering
            .packages
            .extend(packages.map(|package| (package.device, package.bytes.to_vec())));
        if !gathering.asked.is_empty() {
            return Ok(());
        }
        let packages = std::mem::take(&mut gathering.packages);
        let conversation = self.conversation(&peer, now_s);
        conversation.gathering = None;
        if conversation.group.is_some() {
            return self.admit(&peer, packages, now_s);
        }
        // A server that gives out packages of a removed device keeps nobody from talking.
        let view = self.admitted(&peer);
        let is_let_in = |id: &DeviceId| view.users.values().any(|user| user.devices.contains(id));
        let packages = packages.into_iter().filter(|(id, _)| is_let_in(id));
        let packages: Vec<Vec<u8>> = packages.map(|(_, bytes)| bytes).collect();
        self.begin(&peer, &packages, now_s)
    }

    /// Lets devices in. Those that cannot be, keep nobody from talking.
    fn admit(
        &mut self,
        peer: &Name,
        packages: Vec<(DeviceId, Vec<u8>)>,
        now_s: u64,
    ) -> Result<(), Fault> {
        let missing = self.missing(peer, now_s);
        let view = self.admitted(peer);
        let wanted = packages
            .into_iter()
            .filter(|(id, _)| missing.contains_key(id));
        let (ids, packages): (Vec<DeviceId>, Vec<Vec<u8>>) = wanted.unzip();
        let Some(conversation) = self.conversations.get_mut(peer) else {
            return Ok(());
        };
        let Some(group) = conversation
            .group
            .as_mut()
            .filter(|group| !group.has_pending())
        else {
            return Ok(());
        };
        let made = match packages.is_empty() {
            true => None,
            false => group.change(self.client.keys(), &[], &packages, &view).ok(),
        };
        let is_in = |id: &DeviceId| made.is_some() && ids.contains(id);
        for id in missing.keys().filter(|id| !is_in(id)) {
            conversation.shut(*id, now_s);
        }
        match made {
            Some(made) => self.commit(peer, made, ids),
            None => self.advance(peer, now_s),
        }
    }

    /// Makes the group; it counts when the server took it.
    fn begin(&mut self, peer: &Name, packages: &[Vec<u8>], now_s: u64) -> Result<(), Fault> {
        let person = self.people.pin(peer).map(Write::Person);
        let view = self.admitted(peer);
        let id: [u8; 32] = random()?;
        let opened = self.client.open(id, packages, now_s, &view);
        let reference = reference()?;
        let step = self.step + 1;
        let conversation = self.conversation(peer, now_s);
        let (group, pending) = match opened {
            Ok(opened) => opened,
            Err(fault) => {
                conversation.not_before_s = now_s + AGAIN.as_secs();
                let text =
                    format!("{peer} cannot be written to yet ({fault}); what you wrote waits");
                self.note(peer, text);
                return Ok(());
            }
        };
        let welcome = pending.welcome.unwrap_or_default();
        let open = Open {
            reference,
            peer: peer.clone(),
            group: Fixed(id),
            welcome: Bytes::new(welcome).map_err(kinora_chat::Fault::from)?,
            replaces: conversation.group_id.map(Fixed),
            step,
        };
        conversation.group = Some(group);
        conversation.pending = Some(Pending {
            frame: Ask::from(open).to_bytes(),
            reference,
            behind: None,
            is_sent: false,
        });
        let kept = Write::Conversation(peer.clone(), conversation.kept());
        self.write(person.into_iter().chain([kept]).collect())?;
        self.advance(peer, now_s)
    }

    /// Renews this device's keys before it writes on.
    fn renew(&mut self, peer: &Name) -> Result<(), Fault> {
        let conversation = self.conversations.get_mut(peer);
        let Some(group) = conversation.and_then(|conversation| conversation.group.as_mut()) else {
            return Ok(());
        };
        let made = group.update(self.client.keys())?;
        self.commit(peer, made, Vec::new())
    }

    /// Sends a commit that was made, and that lets these devices in.
    fn commit(
        &mut self,
        peer: &Name,
        made: engine::Pending,
        welcomed: Vec<DeviceId>,
    ) -> Result<(), Fault> {
        let (step, reference) = (self.step + 1, reference()?);
        let Some(conversation) = self.conversations.get_mut(peer) else {
            return Ok(());
        };
        let Some(id) = conversation.group_id else {
            return Ok(());
        };
        let bounded = |bytes| Bytes::new(bytes).map_err(kinora_chat::Fault::from);
        let commit = Commit {
            reference,
            peer: peer.clone(),
            group: Fixed(id),
            epoch: made.epoch,
            commit: bounded(made.commit)?,
            welcome: made.welcome.map(bounded).transpose()?,
            welcomed: Few::new(welcomed).map_err(kinora_chat::Fault::from)?,
            step,
        };
        let frame = Ask::from(commit).to_bytes();
        conversation.pending = Some(Pending {
            frame: frame.clone(),
            reference,
            behind: None,
            is_sent: true,
        });
        let kept = Write::Conversation(peer.clone(), conversation.kept());
        self.write(vec![kept])?;
        self.asks.push(frame);
        Ok(())
    }

    /// Sends what waits, the oldest first and as much as may be on its way: the same bytes as before, unless they are too
    /// old to be taken. What is sealed is on the disk before anything of it goes.
    fn post(&mut self, peer: &Name, now_s: u64) -> Result<(), Fault> {
        let step = self.step + 1;
        let Some(conversation) = self.conversations.get_mut(peer) else {
            return Ok(());
        };
        let (Some(group), Some(id)) = (&mut conversation.group, conversation.group_id) else {
            return Ok(());
        };
        let (current, flying) = (group.epoch(), &mut conversation.flying);
        let (mut parts, mut frames) = (Vec::new(), Vec::new());
        let is_waiting = |row: &&mut Outgoing| row.peer == *peer;
        for row in self.outbox.iter_mut().filter(is_waiting) {
            if flying.iter().any(|flight| flight.id == row.id) {
                continue;
            }
            let kept = row
                .frame
                .as_deref()
                .and_then(|frame| good(frame, id, current));
            let epoch = kept.as_ref().map_or(current, |send| send.epoch);
            let before = flying.back().copied();
            if flying.len() >= WINDOW || before.is_some_and(|before| before.epoch != epoch) {
                break;
            }
            let follows = before.map(|before| before.reference);
            let send = match kept {
                Some(send) => send,
                None => {
                    let send = seal(row, group, self.client.keys(), Fixed(id), step)?;
                    let frame = Ask::from(send.clone()).to_bytes();
                    parts.push(Write::Frame(row.id, Some(frame.clone())));
                    row.frame = Some(frame);
                    conversation.pace.sent(now_s);
                    send
                }
            };
            flying.push_back(Flight {
                id: row.id,
                reference: send.reference,
                epoch,
            });
            frames.push(Ask::from(Send { follows, ..send }).to_bytes());
        }
        if !parts.is_empty() {
            parts.push(Write::Conversation(peer.clone(), conversation.kept()));
            self.write(parts)?;
        }
        self.asks.extend(frames);
        Ok(())
    }
}

/// What was sealed before, if it may still be taken in this group, whose epoch is the one given.
fn good(frame: &[u8], group: [u8; 32], epoch: u64) -> Option<Send> {
    match Ask::from_bytes(frame) {
        Ok(Ask::Send(send)) if send.group.0 == group && send.epoch + GRACE_EPOCHS >= epoch => {
            Some(send)
        }
        _ => None,
    }
}

fn seal(
    row: &Outgoing,
    group: &mut Group,
    keys: &Keys,
    id: GroupId,
    step: u64,
) -> Result<Send, Fault> {
    let epoch = group.epoch();
    let sealed = group.seal(keys, &row.payload)?;
    Ok(Send {
        reference: Fixed(row.reference),
        peer: row.peer.clone(),
        group: id,
        epoch,
        message: Bytes::new(sealed).map_err(kinora_chat::Fault::from)?,
        step,
        follows: None,
    })
}
