//! What this user says: texts, cards of titles, and changes of what was said. Each goes out as soon as it can, and survives
//! until then.

use super::{Core, of_chat, problem};
use crate::Fault;
use crate::talk::event::Event;
use crate::talk::store::{KeptMessage, Write};
use kinora_chat::Name;
use kinora_chat::attachment::harmless_name;
use kinora_chat::contact::Sending;
use kinora_chat::payload::{Content, Message, MessageId};
use kinora_mmp::Problem;

impl Core {
    /// Writes a message.
    ///
    /// # Errors
    /// Those of the file; what is wrong with the message itself is an event.
    pub(in crate::talk) fn say(
        &mut self,
        to: &str,
        content: Content,
        reference: [u8; 16],
        now_ms: u64,
    ) -> Result<(), Fault> {
        self.say_with(to, content, reference, Vec::new(), now_ms)
    }

    /// Writes a message, and something else in the same step, which is done whether the message is or not.
    pub(super) fn say_with(
        &mut self,
        to: &str,
        content: Content,
        reference: [u8; 16],
        mut parts: Vec<Write>,
        now_ms: u64,
    ) -> Result<(), Fault> {
        let (peer, message, payload) = match self.composed(to, content, now_ms) {
            Ok(composed) => composed,
            Err(problem) => {
                self.refuse(reference, problem);
                return match parts.is_empty() {
                    true => Ok(()),
                    false => self.write(parts),
                };
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
            text: text_of(&message.content).unwrap_or_default(),
            content: beyond_text(message.content),
            is_edited: false,
            progress: None,
            was_shown: false,
        };
        parts.push(Write::Written(kept, reference, payload));
        self.put(&peer, parts, now_ms)
    }

    /// Changes what this user wrote last to somebody.
    ///
    /// # Errors
    /// As [`Core::say`].
    pub(in crate::talk) fn edit(
        &mut self,
        to: &str,
        text: &str,
        reference: [u8; 16],
        now_ms: u64,
    ) -> Result<(), Fault> {
        let last = match Name::new(to) {
            Ok(name) => self.store.last_own(&name)?,
            Err(_) => None,
        };
        let Some(last) = last.filter(|last| last.content.is_none()) else {
            let problem = problem(
                "nothing_to_edit",
                "the last message to this person is no text of yours",
                "write a new one",
            );
            self.refuse(reference, problem);
            return Ok(());
        };
        let of = MessageId {
            device: kinora_chat::certificate::DeviceId(last.device),
            counter: last.counter,
        };
        let content = Content::Edit(of, text.to_owned());
        let (peer, _, payload) = match self.composed(to, content, now_ms) {
            Ok(composed) => composed,
            Err(problem) => {
                self.refuse(reference, problem);
                return Ok(());
            }
        };
        let parts = vec![
            Write::Edited(last.id, text.to_owned()),
            Write::Aside(peer.clone(), reference, payload),
        ];
        self.put(&peer, parts, now_ms)?;
        self.show_new()
    }

    /// What the user wants to say by this name is not said, for this reason.
    pub(in crate::talk) fn refuse(&mut self, reference: [u8; 16], problem: Problem) {
        let reference = Some(reference);
        self.events.push_back(Event::Refused { reference, problem });
    }

    /// What was written is in the file, with its number taken, and goes out as soon as it can.
    pub(super) fn put(
        &mut self,
        peer: &Name,
        mut parts: Vec<Write>,
        now_ms: u64,
    ) -> Result<(), Fault> {
        let conversation = self.conversation(peer, now_ms / 1000);
        conversation.written += 1;
        parts.push(Write::Conversation(peer.clone(), conversation.kept()));
        self.write(parts)?;
        self.outbox.extend(self.store.last_outgoing()?);
        self.advance(peer, now_ms / 1000)
    }

    /// The message as it is to be encrypted, or why it is not written.
    fn composed(
        &mut self,
        to: &str,
        content: Content,
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
        match self.people.0[&peer].contact.sending() {
            Sending::Blocked => {
                return Err(problem(
                    "key_changed",
                    &format!("the key of {peer} is another one than the one that you compared"),
                    "look at the new safety number (/verify), and compare it or take the new key without (/accept)",
                ));
            }
            Sending::Advised => self.note(
                &peer,
                format!(
                    "the key of {peer} has changed: a new start on their side, or somebody between you; /verify {peer} tells"
                ),
            ),
            Sending::Free => {}
        }
        let message = self.numbered(&peer, content, now_ms);
        let payload = message.to_bytes().map_err(|fault| of_chat(&fault))?;
        Ok((peer, message, payload))
    }

    /// A message with the next number.
    pub(super) fn numbered(&mut self, peer: &Name, content: Content, now_ms: u64) -> Message {
        let counter = self.conversation(peer, now_ms / 1000).written + 1;
        Message::new(counter, now_ms, None, content)
    }
}

/// What there is to be read of it.
pub(super) fn text_of(content: &Content) -> Option<String> {
    match content {
        Content::Text(text) | Content::Edit(_, text) => Some(text.clone()),
        Content::Card(_, title, at_ms) => Some(card(title, *at_ms)),
        Content::File(file) => Some(harmless_name(&file.name)),
        Content::Receipt(..) => None,
    }
}

/// What a text does not say.
pub(super) fn beyond_text(content: Content) -> Option<Content> {
    Some(content).filter(|content| !matches!(content, Content::Text(_)))
}

/// A title and from when to watch it.
pub fn card(title: &str, at_ms: u64) -> String {
    match at_ms {
        0 => title.to_owned(),
        _ => format!("{title}, from {}", clock(at_ms)),
    }
}

/// Hours, minutes and seconds, as they are written for a title: `12:31`, `1:02:03`.
pub fn clock(at_ms: u64) -> String {
    let seconds = at_ms / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}
