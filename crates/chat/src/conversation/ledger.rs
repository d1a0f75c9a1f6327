//! Which messages of each device came, by the counters inside them: what is missing is named, not guessed.

use crate::certificate::DeviceId;
use crate::fault::Fault;
use crate::limits::GAPS_MAX;
use crate::payload::MessageId;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Messages of one device that are missing: "3 messages between 13:50 and 14:02".
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(array)]
pub struct Gap {
    /// Whose messages.
    #[n(0)]
    pub device: DeviceId,
    /// The first that is missing.
    #[n(1)]
    pub first: u64,
    /// The last that is missing.
    #[n(2)]
    pub last: u64,
    /// When the one before was written, in milliseconds; the beginning of the conversation as this device knows it, else.
    #[n(3)]
    pub after_ms: u64,
    /// When the one after was written.
    #[n(4)]
    pub before_ms: u64,
}

/// What came of one device.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[cbor(array)]
struct Line {
    #[n(0)]
    newest: u64,
    #[n(1)]
    newest_ms: u64,
    #[n(2)]
    gaps: Vec<Gap>,
    /// Whatever number comes next, nothing is missing in front of it.
    #[n(3)]
    is_open: Option<bool>,
}

/// What came of each device of a conversation.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
#[cbor(array)]
pub struct Ledger {
    #[n(0)]
    lines: BTreeMap<DeviceId, Line>,
}

impl Ledger {
    /// As bytes, to be stored.
    pub fn export(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("a vector takes all that is written to it")
    }

    /// Takes up what [`Ledger::export`] gave.
    ///
    /// # Errors
    /// [`Fault::StateDamaged`].
    pub fn import(bytes: &[u8]) -> Result<Self, Fault> {
        minicbor::decode(bytes).map_err(|_| Fault::StateDamaged)
    }

    /// This device came in beside that one, which may have written before: what could not be read here is not missing.
    pub fn begin(&mut self, device: DeviceId, now_ms: u64) {
        let line = Line::new(now_ms);
        self.lines.entry(device).or_insert(line).is_open = Some(true);
    }

    /// An authentic message came. False when it came before: it must not be shown again.
    pub fn take(&mut self, id: MessageId, written_at_ms: u64) -> bool {
        let first = Line::new(written_at_ms);
        let line = self.lines.entry(id.device).or_insert(first);
        if id.counter <= line.newest {
            return line.fill(id.counter, written_at_ms);
        }
        if line.is_open.take().is_some() {
            line.newest = id.counter - 1;
        }
        if id.counter > line.newest + 1 {
            line.gaps.push(Gap {
                device: id.device,
                first: line.newest + 1,
                last: id.counter - 1,
                after_ms: line.newest_ms,
                before_ms: written_at_ms,
            });
            line.join();
        }
        (line.newest, line.newest_ms) = (id.counter, written_at_ms);
        true
    }

    /// What is missing now, in the order of devices and counters.
    pub fn gaps(&self) -> Vec<Gap> {
        self.lines
            .values()
            .flat_map(|line| line.gaps.clone())
            .collect()
    }
}

impl Line {
    fn new(newest_ms: u64) -> Self {
        Self {
            newest: 0,
            newest_ms,
            gaps: Vec::new(),
            is_open: None,
        }
    }

    /// A late one: it makes a gap smaller, or two of it.
    fn fill(&mut self, counter: u64, written_at_ms: u64) -> bool {
        let Some(at) = self
            .gaps
            .iter()
            .position(|gap| (gap.first..=gap.last).contains(&counter))
        else {
            return false;
        };
        let gap = self.gaps[at];
        let before = Gap {
            last: counter - 1,
            before_ms: written_at_ms,
            ..gap
        };
        let after = Gap {
            first: counter + 1,
            after_ms: written_at_ms,
            ..gap
        };
        let left = [before, after]
            .into_iter()
            .filter(|gap| gap.first <= gap.last);
        self.gaps.splice(at..=at, left);
        self.join();
        true
    }

    /// Keeps the list short: the two oldest become one. A message that lies between them would then be shown twice, were
    /// it not that MLS refuses what was opened before.
    fn join(&mut self) {
        if self.gaps.len() > GAPS_MAX {
            let oldest = self.gaps.remove(0);
            (self.gaps[0].first, self.gaps[0].after_ms) = (oldest.first, oldest.after_ms);
        }
    }
}

#[cfg(test)]
mod tests;
