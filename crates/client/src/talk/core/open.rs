//! What goes out: opening a conversation, renewing its keys, and messages, one at a time.

use super::{Core, random, reference};
use crate::Fault;
use crate::talk::conversation::{Gathering, Pending};
use crate::talk::limits::AGAIN;
use crate::talk::store::Write;
use kinora_chat::Name;
use kinora_chat::contact::Sending;
use kinora_talk::field::{Bytes, Few, Fixed};
use kinora_talk::frame::{Ask, Claim, Claimed, Commit, Open, Send};
use kinora_talk::limits::GRACE_EPOCHS;

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
        let is_wanted = has_mail || conversation.is_lost;
        if !is_wanted || is_blocked || conversation.flying.is_some() {
            return Ok(());
        }
        match &conversation.group {
            None => self.gather(peer, now_s),
            // The commit that came before ours is on its way.
            Some(group) if group.has_pending() => Ok(()),
            Some(_) if conversation.pace.is_due(now_s) => self.renew(peer),
            Some(_) => self.post(peer, now_s),
        }
    }

    /// Asks for packages of all devices that are to come in.
    fn gather(&mut self, peer: &Name, now_s: u64) -> Result<(), Fault> {
        // Before the directory has come nobody can be checked.
        if self.pages != usize::MAX {
            return Ok(());
        }
        let has_others = self
            .people
            .0
            .get(self.name())
            .is_some_and(|own| own.devices.len() > 1);
        let names = [Some(peer.clone()), has_others.then(|| self.name().clone())];
        let conversation = self.conversation(peer, now_s);
        if conversation.gathering.is_some() {
            return Ok(());
        }
        let mut gathering = Gathering::default();
        let mut claims = Vec::new();
        for name in names.into_iter().flatten() {
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
            .extend(packages.map(|package| package.bytes.to_vec()));
        if !gathering.asked.is_empty() {
            return Ok(());
        }
        let packages = std::mem::take(&mut gathering.packages);
        self.begin(&peer, &packages, now_s)
    }

    /// Makes the group; it counts when the server took it.
    fn begin(&mut self, peer: &Name, packages: &[Vec<u8>], now_s: u64) -> Result<(), Fault> {
        let person = self.people.pin(peer).map(Write::Person);
        let view = self.view(peer);
        let id: [u8; 32] = random()?;
        let opened = self.client.open(id, packages, now_s, &view);
        let reference = reference()?;
        let step = self.step + 1;
        let conversation = self.conversation(peer, now_s);
        conversation.gathering = None;
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
        let (step, reference) = (self.step + 1, reference()?);
        let Some(conversation) = self.conversations.get_mut(peer) else {
            return Ok(());
        };
        let (Some(group), Some(id)) = (&mut conversation.group, conversation.group_id) else {
            return Ok(());
        };
        let pending = group.update(self.client.keys())?;
        let commit = Commit {
            reference,
            peer: peer.clone(),
            group: Fixed(id),
            epoch: pending.epoch,
            commit: Bytes::new(pending.commit).map_err(kinora_chat::Fault::from)?,
            welcome: None,
            welcomed: Few::default(),
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

    /// Sends the oldest message that has no answer: the same bytes as before, unless they are too old to be taken.
    fn post(&mut self, peer: &Name, now_s: u64) -> Result<(), Fault> {
        let step = self.step + 1;
        let Some(conversation) = self.conversations.get_mut(peer) else {
            return Ok(());
        };
        let (Some(group), Some(id)) = (&mut conversation.group, conversation.group_id) else {
            return Ok(());
        };
        let Some(row) = self.outbox.iter_mut().find(|row| row.peer == *peer) else {
            return Ok(());
        };
        let epoch = group.epoch();
        let is_good = |frame: &Vec<u8>| match Ask::from_bytes(frame) {
            Ok(Ask::Send(send)) => send.group.0 == id && send.epoch + GRACE_EPOCHS >= epoch,
            _ => false,
        };
        conversation.flying = Some(row.id);
        if let Some(frame) = row.frame.as_ref().filter(|frame| is_good(frame)) {
            self.asks.push(frame.clone());
            return Ok(());
        }
        let sealed = group.seal(self.client.keys(), &row.payload)?;
        let send = Send {
            reference: Fixed(row.reference),
            peer: peer.clone(),
            group: Fixed(id),
            epoch,
            message: Bytes::new(sealed).map_err(kinora_chat::Fault::from)?,
            step,
        };
        let frame = Ask::from(send).to_bytes();
        row.frame = Some(frame.clone());
        conversation.pace.sent(now_s);
        let parts = vec![
            Write::Frame(row.id, Some(frame.clone())),
            Write::Conversation(peer.clone(), conversation.kept()),
        ];
        self.write(parts)?;
        self.asks.push(frame);
        Ok(())
    }
}
