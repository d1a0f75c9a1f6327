//! That somebody is writing. Nothing of it is kept, and nothing of the messages' keys moves.

use super::{Core, random};
use crate::Fault;
use crate::talk::event::Event;
use kinora_chat::Name;
use kinora_chat::limits::{SIGNAL_SHOWN_MS, SIGNALS_EVERY_MS};
use kinora_talk::field::Bytes;
use kinora_talk::frame::Signal;

impl Core {
    /// The user is writing to somebody, who is told if they are there: not too often, and not where others are told nothing.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(in crate::talk) fn writing(&mut self, to: &str, now_ms: u64) -> Result<(), Fault> {
        let Ok(to) = Name::new(to) else {
            return Ok(());
        };
        let is_there = self.people.0.get(&to).is_some_and(|person| person.is_here);
        if !self.tells() || !self.is_here || !is_there {
            return Ok(());
        }
        let nonce = random()?;
        let Some(conversation) = self.conversations.get_mut(&to) else {
            return Ok(());
        };
        let is_soon = now_ms.abs_diff(conversation.signalled_ms) < SIGNALS_EVERY_MS;
        let Some(group) = conversation.group.as_ref().filter(|_| !is_soon) else {
            return Ok(());
        };
        // One that cannot be sealed is not missed.
        let Ok(sealed) = group.seal_signal(now_ms, nonce) else {
            return Ok(());
        };
        conversation.signalled_ms = now_ms;
        let bytes = Bytes::new(sealed).map_err(kinora_chat::Fault::from)?;
        self.ask(Signal { peer: to, bytes });
        Ok(())
    }

    /// A signal came. What does not open, or came before, is passed over; who does not tell is not told either.
    pub(super) fn signalled(&mut self, signal: &Signal, now_ms: u64) {
        let from = &signal.peer;
        if !self.tells() {
            return;
        }
        let Some(conversation) = self.conversations.get_mut(from) else {
            return;
        };
        let Some(group) = &conversation.group else {
            return;
        };
        let Ok((device, opened)) = group.open_signal(&signal.bytes) else {
            return;
        };
        let last = conversation.signals.entry(device.id).or_insert(0);
        if device.name != *from || opened.number <= *last {
            return;
        }
        *last = opened.number;
        self.events.push_back(Event::Writing {
            from: from.clone(),
            until_ms: now_ms + SIGNAL_SHOWN_MS,
        });
    }
}
