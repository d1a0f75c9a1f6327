//! What becomes of a message once it is decrypted: it is kept, it changes another one, or it says how far one came.

use super::Core;
use super::say::{beyond_text, text_of};
use crate::Fault;
use crate::talk::store::{KeptMessage, Write};
use kinora_chat::Name;
use kinora_chat::certificate::Device;
use kinora_chat::payload::{Content, Message, MessageId, Progress};
use kinora_talk::frame::Deliver;

impl Core {
    /// Takes a message of somebody, and says what is to be kept of it.
    pub(super) fn read(
        &mut self,
        deliver: &Deliver,
        from: &Device,
        payload: &[u8],
        now_ms: u64,
    ) -> Result<Vec<Write>, Fault> {
        let peer = &deliver.with;
        let message = match Message::from_bytes(payload) {
            Ok(message) => message,
            // Its key is used up, so it comes no second time; but it was there, and that is said.
            Err(fault) => {
                self.note(
                    peer,
                    format!("{}: {fault}; {}", from.name, fault.solution()),
                );
                return Ok(Vec::new());
            }
        };
        let id = MessageId {
            device: from.id,
            counter: message.counter,
        };
        if !self.count(peer, from, id, message.written_at_ms, now_ms) {
            return Ok(Vec::new());
        }
        let is_own = from.name == *self.name();
        match message.content {
            Content::Receipt(..) if is_own => Ok(Vec::new()),
            Content::Receipt(progress, ids) => self.came(peer, progress, &ids),
            Content::Edit(of, text) => self.changed(peer, &from.name, of, text),
            content => {
                if !is_own {
                    self.owe(peer, now_ms);
                }
                // Who is told nothing now is told nothing later.
                let progress = (!is_own && !self.tells()).then_some(Progress::Read);
                Ok(vec![Write::Received(KeptMessage {
                    id: 0,
                    peer: peer.clone(),
                    is_own,
                    device: from.id.0,
                    counter: id.counter,
                    written_ms: message.written_at_ms,
                    at_ms: deliver.at_ms,
                    text: text_of(&content).unwrap_or_default(),
                    content: beyond_text(content),
                    is_edited: false,
                    progress,
                    was_shown: false,
                })])
            }
        }
    }

    /// Counts a message, and says which are missing in front of it. False when it came before.
    fn count(
        &mut self,
        peer: &Name,
        from: &Device,
        id: MessageId,
        written_ms: u64,
        now_ms: u64,
    ) -> bool {
        let conversation = self.conversation(peer, now_ms / 1000);
        let before = conversation.ledger.gaps().len();
        let is_new = conversation.ledger.take(id, written_ms);
        let gaps = conversation.ledger.gaps();
        conversation.pace.received(now_ms / 1000);
        let gap = gaps.iter().find(|gap| gap.last + 1 == id.counter);
        if let Some(gap) = gap.filter(|_| gaps.len() > before) {
            let count = gap.last - gap.first + 1;
            let text = format!("{count} messages of {} have not arrived", from.name);
            self.note(peer, text);
        }
        is_new
    }

    /// Somebody changes a text: one of their own, or nothing happens but a note.
    fn changed(
        &mut self,
        peer: &Name,
        by: &Name,
        of: MessageId,
        text: String,
    ) -> Result<Vec<Write>, Fault> {
        let found = self.store.message(peer, of)?;
        let Some(message) = found else {
            self.note(peer, format!("{by} changed a message that is not here"));
            return Ok(Vec::new());
        };
        let is_theirs = message.is_own == (*by == *self.name());
        if !is_theirs || message.content.is_some() {
            let text = format!(
                "{by} tried to change a message that is no text of theirs; it stays as it was"
            );
            self.note(peer, text);
            return Ok(Vec::new());
        }
        Ok(vec![Write::Edited(message.id, text)])
    }
}
