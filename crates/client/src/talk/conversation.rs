//! One conversation as this device has it: the group, what came, what was written, and a commit without an answer.

use super::store::KeptConversation;
use crate::Fault;
use kinora_chat::conversation::{Ledger, Pace};
use kinora_chat::engine::Group;
use kinora_talk::field::Reference;
use std::collections::BTreeSet;

/// One conversation.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) group: Option<Group>,
    /// The group that the server has of this pair, as far as is known: it is named when it is given up.
    pub(super) group_id: Option<[u8; 32]>,
    pub(super) ledger: Ledger,
    pub(super) pace: Pace,
    /// Messages that this device wrote.
    pub(super) written: u64,
    /// A frame that opens or commits.
    pub(super) pending: Option<Pending>,
    /// Key packages are being asked for.
    pub(super) gathering: Option<Gathering>,
    /// The row of the outbox that waits for its answer. One at a time, so that none overtakes another.
    pub(super) flying: Option<i64>,
    /// Nothing is sent before, in seconds.
    pub(super) not_before_s: u64,
    /// Nobody has written in this group yet: what is missing in front of the first message was said to be.
    pub(super) is_fresh: bool,
    /// A new group has to be opened, whether or not something is to be sent.
    pub(super) is_lost: bool,
}

/// A frame that opens or commits, and waits for its answer, or for what was taken before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) frame: Vec<u8>,
    pub(super) reference: Reference,
    /// It was taken, and lies behind this number of our queue.
    pub(super) behind: Option<u64>,
    /// It went out over this connection.
    pub(super) is_sent: bool,
}

/// Packages of the devices that are to come in.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathering {
    /// Questions without an answer.
    pub(super) asked: BTreeSet<[u8; 16]>,
    pub(super) packages: Vec<Vec<u8>>,
}

impl Conversation {
    /// One that begins.
    pub(super) fn new(now_s: u64) -> Self {
        Self {
            group: None,
            group_id: None,
            ledger: Ledger::default(),
            pace: Pace::joined(now_s),
            written: 0,
            pending: None,
            gathering: None,
            flying: None,
            not_before_s: 0,
            is_fresh: false,
            is_lost: false,
        }
    }

    /// As it was kept. A state that cannot be taken up is given up, and the conversation opened anew.
    pub(super) fn of(kept: KeptConversation) -> Self {
        let group = kept.state.as_deref().map(Group::import).transpose();
        let ledger = match kept.ledger.is_empty() {
            true => Ok(Ledger::default()),
            false => Ledger::import(&kept.ledger),
        };
        let pending = kept.pending.zip(kept.reference);
        Self {
            is_lost: group.is_err(),
            group: group.unwrap_or(None),
            group_id: kept.group,
            ledger: ledger.unwrap_or_default(),
            pace: Pace {
                updated_at: kept.updated_s,
                active_at: kept.active_s,
                messages: kept.since,
                has_received: kept.has_received,
            },
            written: kept.written,
            pending: pending.map(|(frame, reference)| Pending {
                frame,
                reference: kinora_talk::field::Fixed(reference),
                behind: kept.behind,
                is_sent: false,
            }),
            gathering: None,
            flying: None,
            not_before_s: 0,
            is_fresh: false,
        }
    }

    /// As it is to be kept.
    pub(super) fn kept(&self) -> KeptConversation {
        let pending = self.pending.as_ref();
        KeptConversation {
            group: self.group_id,
            state: self.group.as_ref().map(Group::export),
            ledger: self.ledger.export(),
            updated_s: self.pace.updated_at,
            active_s: self.pace.active_at,
            since: self.pace.messages,
            has_received: self.pace.has_received,
            written: self.written,
            pending: pending.map(|pending| pending.frame.clone()),
            reference: pending.map(|pending| pending.reference.0),
            behind: pending.and_then(|pending| pending.behind),
        }
    }

    /// Takes a group up in the place of what was there.
    pub(super) fn begin(&mut self, group: Group, now_s: u64) -> Result<(), Fault> {
        let id = group.id().try_into();
        self.group_id = Some(id.map_err(|_| kinora_chat::Fault::WelcomeUnusable)?);
        self.group = Some(group);
        self.pace = Pace::joined(now_s);
        (self.pending, self.gathering) = (None, None);
        (self.flying, self.is_lost) = (None, false);
        self.is_fresh = true;
        Ok(())
    }

    /// Gives the group up; the next one names it.
    pub(super) fn give_up(&mut self) {
        (self.group, self.pending, self.gathering) = (None, None, None);
        (self.flying, self.is_lost) = (None, true);
    }

    /// A connection was lost: what had no answer goes again.
    pub(super) fn disconnected(&mut self) {
        (self.gathering, self.flying) = (None, None);
        self.not_before_s = 0;
        if let Some(pending) = &mut self.pending {
            pending.is_sent = false;
        }
    }
}
