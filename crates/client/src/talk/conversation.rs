//! One conversation as this device has it: the group, what came, what was written, and a commit without an answer.

use super::limits::{AGAIN, SHUT_MAX_S};
use super::store::KeptConversation;
use crate::Fault;
use kinora_chat::certificate::DeviceId;
use kinora_chat::conversation::{Ledger, Pace, Receipts};
use kinora_chat::engine::Group;
use kinora_talk::field::Reference;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

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
    /// Messages that wait for their answers, in their order and all of one epoch; each names the one in front of it, so
    /// that none overtakes another.
    pub(super) flying: VecDeque<Flight>,
    /// Rows of the outbox whose answers count only if they were taken: what was in front of them was refused, or their
    /// group is over. Nothing is sent before they have come.
    void: BTreeSet<i64>,
    /// Nothing is sent before, in seconds.
    pub(super) not_before_s: u64,
    /// What the other side is to be told of its messages.
    pub(super) receipts: Receipts,
    /// When this device said last that its user is writing, in milliseconds.
    pub(super) signalled_ms: u64,
    /// The number of the last signal of each device.
    pub(super) signals: BTreeMap<DeviceId, u64>,
    /// Devices that could not be let in: when to try again, in seconds, and after how long the next time.
    pub(super) shut: BTreeMap<DeviceId, (u64, u64)>,
    /// A new group has to be opened, whether or not something is to be sent.
    pub(super) is_lost: bool,
}

/// A message that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flight {
    /// Its row in the outbox.
    pub(super) id: i64,
    pub(super) reference: Reference,
    pub(super) epoch: u64,
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
    pub(super) packages: Vec<(DeviceId, Vec<u8>)>,
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
            flying: VecDeque::new(),
            void: BTreeSet::new(),
            not_before_s: 0,
            receipts: Receipts::default(),
            signalled_ms: 0,
            signals: BTreeMap::new(),
            shut: BTreeMap::new(),
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
            ..Self::new(0)
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
    pub(super) fn begin(&mut self, group: Group, own: DeviceId, now_s: u64) -> Result<(), Fault> {
        for device in group.members().iter().filter(|device| device.id != own) {
            self.ledger.begin(device.id, now_s * 1000);
        }
        let id = group.id().try_into();
        self.group_id = Some(id.map_err(|_| kinora_chat::Fault::WelcomeUnusable)?);
        self.group = Some(group);
        self.pace = Pace::joined(now_s);
        (self.pending, self.gathering) = (None, None);
        self.is_lost = false;
        self.ground();
        Ok(())
    }

    /// Whether it may be tried to let this device in.
    pub(super) fn is_open(&self, device: &DeviceId, now_s: u64) -> bool {
        let shut = self.shut.get(device);
        shut.is_none_or(|(until_s, _)| now_s >= *until_s)
    }

    /// This device could not be let in: it left no package, or a bad one. After each time it is tried later.
    pub(super) fn shut(&mut self, device: DeviceId, now_s: u64) {
        let (until_s, pause_s) = self.shut.entry(device).or_insert((0, AGAIN.as_secs()));
        *until_s = now_s + *pause_s;
        *pause_s = (*pause_s * 2).min(SHUT_MAX_S);
    }

    /// It is worth another try at once. How long the next pause is stays as it is.
    pub(super) fn reopen(&mut self, device: &DeviceId) {
        if let Some((until_s, _)) = self.shut.get_mut(device) {
            *until_s = 0;
        }
    }

    /// Gives the group up; the next one names it.
    pub(super) fn give_up(&mut self) {
        (self.group, self.pending, self.gathering) = (None, None, None);
        self.is_lost = true;
        self.ground();
    }

    /// What is on its way is not counted on any more.
    pub(super) fn ground(&mut self) {
        let grounded = self.flying.drain(..);
        self.void.extend(grounded.map(|flight| flight.id));
    }

    /// The answer to a message has come. False when it was not counted on.
    pub(super) fn landed(&mut self, id: i64) -> bool {
        self.void.remove(&id);
        let before = self.flying.len();
        self.flying.retain(|flight| flight.id != id);
        self.flying.len() < before
    }

    /// Answers are to come without which it is not known what to send.
    pub(super) fn is_grounded(&self) -> bool {
        !self.void.is_empty()
    }

    /// A connection was lost: what had no answer goes again.
    pub(super) fn disconnected(&mut self) {
        self.gathering = None;
        self.flying.clear();
        self.void.clear();
        self.not_before_s = 0;
        self.shut.clear();
        if let Some(pending) = &mut self.pending {
            pending.is_sent = false;
        }
    }
}
