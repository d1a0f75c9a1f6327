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
mod tests {
    use super::*;

    const DEVICE: DeviceId = DeviceId([1; 16]);

    fn take(ledger: &mut Ledger, counter: u64) -> bool {
        ledger.take(
            MessageId {
                device: DEVICE,
                counter,
            },
            counter * 100,
        )
    }

    fn check(ledger: &Ledger, expected: &[(u64, u64, u64, u64)]) {
        let gaps = ledger.gaps();
        let found: Vec<_> = gaps
            .iter()
            .map(|gap| (gap.first, gap.last, gap.after_ms, gap.before_ms))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn gaps_open_shrink_split_and_close() {
        let mut ledger = Ledger::default();
        assert!(take(&mut ledger, 1));
        assert!(take(&mut ledger, 6));
        check(&ledger, &[(2, 5, 100, 600)]);
        assert!(take(&mut ledger, 3));
        check(&ledger, &[(2, 2, 100, 300), (4, 5, 300, 600)]);
        assert!(!take(&mut ledger, 3));
        assert!(!take(&mut ledger, 6));
        assert!(take(&mut ledger, 2) && take(&mut ledger, 5) && take(&mut ledger, 4));
        check(&ledger, &[]);
        assert!(!take(&mut ledger, 4));
    }

    #[test]
    fn it_is_taken_up_as_it_was() {
        let mut ledger = Ledger::default();
        take(&mut ledger, 1);
        take(&mut ledger, 6);
        let bytes = ledger.export();
        assert_eq!(Ledger::import(&bytes), Ok(ledger));
        for at in 0..bytes.len() {
            assert_eq!(Ledger::import(&bytes[..at]), Err(Fault::StateDamaged));
        }
    }

    /// As the version before this one wrote it.
    #[test]
    fn an_old_one_is_taken_up() {
        let mut ledger = Ledger::default();
        take(&mut ledger, 1);
        let line = [0x83, 1, 0x18, 100, 0x80];
        let old = [&[0x81, 0xa1, 0x50][..], &DEVICE.0, &line].concat();
        assert_eq!(Ledger::import(&old), Ok(ledger));
    }

    #[test]
    fn one_that_came_in_later_misses_nothing_of_before() {
        let mut ledger = Ledger::default();
        ledger.begin(DEVICE, 4_000);
        let mut ledger = Ledger::import(&ledger.export()).unwrap();
        assert!(take(&mut ledger, 41));
        assert!(!take(&mut ledger, 40));
        check(&ledger, &[]);
        assert!(take(&mut ledger, 43));
        check(&ledger, &[(42, 42, 4_100, 4_300)]);
        // Came in again: what was written between is not missing, what was missing is.
        ledger.begin(DEVICE, 9_000);
        assert!(!take(&mut ledger, 43));
        assert!(take(&mut ledger, 50) && take(&mut ledger, 52));
        check(&ledger, &[(42, 42, 4_100, 4_300), (51, 51, 5_000, 5_200)]);
    }

    #[test]
    fn hostile_counters_make_no_long_lists() {
        let mut ledger = Ledger::default();
        for n in 0..10_000 {
            take(&mut ledger, 1 + n * 2);
        }
        assert_eq!(ledger.gaps().len(), GAPS_MAX);
        assert!(ledger.take(
            MessageId {
                device: DEVICE,
                counter: u64::MAX
            },
            0
        ));
        assert!(!ledger.take(
            MessageId {
                device: DEVICE,
                counter: u64::MAX
            },
            0
        ));
        assert_eq!(ledger.gaps().last().map(|gap| gap.last), Some(u64::MAX - 1));
    }
}
