//! What others are told of their messages, and what this user is told of their own. A receipt is never told of.

use super::{Core, number, random};
use crate::Fault;
use crate::retry;
use crate::talk::event::{Event, Own};
use crate::talk::store::Write;
use kinora_chat::Name;
use kinora_chat::contact::Sending;
use kinora_chat::limits::RECEIPTS_MAX;
use kinora_chat::payload::{Content, MessageId, Progress};

impl Core {
    /// Whether others are told anything.
    pub(super) fn tells(&self) -> bool {
        self.tells && !self.is_mute
    }

    /// Somebody is to be told soon what became of their messages.
    pub(super) fn owe(&mut self, peer: &Name, now_ms: u64) {
        if self.tells() {
            let conversation = self.conversation(peer, now_ms / 1000);
            conversation.receipts.owe(now_ms, retry::chance());
        }
    }

    /// The user looks at a conversation.
    ///
    /// # Errors
    /// Those of the file.
    pub(in crate::talk) fn seen(&mut self, with: &str, now_ms: u64) -> Result<(), Fault> {
        let Ok(with) = Name::new(with) else {
            return Ok(());
        };
        self.store.read(&with)?;
        if self.conversations.contains_key(&with) {
            self.owe(&with, now_ms);
        }
        Ok(())
    }

    /// Whether others are to be told from now on. What was not told until then never is.
    ///
    /// # Errors
    /// Those of the file.
    pub(in crate::talk) fn set_telling(&mut self, tells: bool) -> Result<(), Fault> {
        self.tells = tells;
        let hush = (!tells).then_some(Write::Hushed);
        let setting = number("mute", u64::from(!tells));
        self.write(hush.into_iter().chain([setting]).collect())
    }

    /// Tells what there is to tell, when it is time. It is a message like every other, but none of its own.
    pub(super) fn receipt(&mut self, peer: &Name, now_ms: u64) -> Result<(), Fault> {
        let is_due = self.conversations.get(peer).is_some_and(|conversation| {
            conversation.group.is_some() && conversation.receipts.is_due(now_ms)
        });
        if !is_due || !self.is_here || !self.may_write(peer) {
            return Ok(());
        }
        let mut told = Vec::new();
        for progress in [Progress::Read, Progress::Delivered] {
            told = self.store.untold(peer, progress, RECEIPTS_MAX)?;
            if !told.is_empty() {
                self.tell(peer, progress, &told, now_ms)?;
                break;
            }
        }
        let conversation = self.conversation(peer, now_ms / 1000);
        conversation.receipts.told(now_ms);
        if !told.is_empty() {
            // There may be more than one receipt names.
            self.owe(peer, now_ms);
        }
        Ok(())
    }

    fn may_write(&self, peer: &Name) -> bool {
        let person = self.people.0.get(peer);
        person.is_some_and(|person| person.contact.sending() == Sending::Free)
    }

    fn tell(
        &mut self,
        peer: &Name,
        progress: Progress,
        told: &[(i64, MessageId)],
        now_ms: u64,
    ) -> Result<(), Fault> {
        let ids = told.iter().map(|(_, id)| *id).collect();
        let message = self.numbered(peer, Content::Receipt(progress, ids), now_ms);
        let aside = Write::Aside(peer.clone(), random()?, message.to_bytes()?);
        let progress = told.iter().map(|(id, _)| Write::Progress(*id, progress));
        self.put(peer, progress.chain([aside]).collect(), now_ms)
    }

    /// Somebody says how far messages of this user came. Who does not tell is not told either.
    pub(super) fn came(
        &mut self,
        to: &Name,
        progress: Progress,
        ids: &[MessageId],
    ) -> Result<Vec<Write>, Fault> {
        let mut parts = Vec::new();
        let mut messages = Vec::new();
        let ids = if self.tells() { ids } else { &[] };
        for id in ids {
            let Some(message) = self.store.message(to, *id)? else {
                continue;
            };
            if message.is_own && message.progress < Some(progress) {
                parts.push(Write::Progress(message.id, progress));
                messages.push(Own {
                    id: Some(message.id),
                    device: id.device.to_string(),
                    counter: id.counter,
                });
            }
        }
        if !messages.is_empty() {
            let to = to.clone();
            self.events.push_back(Event::Came {
                to,
                progress,
                messages,
            });
        }
        Ok(parts)
    }
}
