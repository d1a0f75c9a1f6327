//! When a receipt goes out: what came is collected, and told after a while that nobody can foresee.
//!
//! Instant receipts would show whoever watches the server's lines when a device is on, and when its user looks at it.

use crate::limits::{RECEIPTS_DELAY_MS, RECEIPTS_EVERY_MS};

/// The receipts of one conversation. Times are milliseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Receipts {
    due_at: Option<u64>,
    told_at: u64,
}

impl Receipts {
    /// There is something to be told. `chance` is any random number.
    pub fn owe(&mut self, now_ms: u64, chance: u32) {
        let earliest = now_ms.max(self.told_at.saturating_add(RECEIPTS_EVERY_MS));
        let delay = u64::from(chance) % (RECEIPTS_DELAY_MS + 1);
        let due_at = earliest.saturating_add(delay);
        self.due_at.get_or_insert(due_at);
    }

    /// Whether it is to be told now.
    pub fn is_due(&self, now_ms: u64) -> bool {
        // A clock that was set back must not keep it for ever.
        let longest = RECEIPTS_EVERY_MS + RECEIPTS_DELAY_MS;
        self.due_at
            .is_some_and(|due| now_ms >= due || due - now_ms > longest)
    }

    /// It was told, or there was nothing.
    pub fn told(&mut self, now_ms: u64) {
        *self = Self {
            due_at: None,
            told_at: now_ms,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_wait_for_each_other_and_for_chance() {
        let mut receipts = Receipts::default();
        assert!(!receipts.is_due(1_000_000));
        receipts.owe(1_000_000, 700);
        // What comes later goes along.
        receipts.owe(1_000_600, 0);
        assert!(!receipts.is_due(1_000_699));
        assert!(receipts.is_due(1_000_700));
        receipts.told(1_000_700);
        assert!(!receipts.is_due(u64::MAX));
        receipts.owe(1_000_800, 0);
        assert!(!receipts.is_due(1_002_699));
        assert!(receipts.is_due(1_002_700));
    }

    #[test]
    fn no_chance_delays_for_longer_than_it_may() {
        for chance in [0, 1, 3_000, 3_001, u32::MAX] {
            let mut receipts = Receipts::default();
            receipts.owe(1_000_000, chance);
            assert!(receipts.is_due(1_000_000 + RECEIPTS_DELAY_MS), "{chance}");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nothing() {
        let mut receipts = Receipts::default();
        receipts.owe(1_000_000, 3_000);
        assert!(receipts.is_due(900_000));
        receipts.told(900_000);
        receipts.owe(900_000, 0);
        assert!(receipts.is_due(902_000));
    }
}
