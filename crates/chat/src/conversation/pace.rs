//! When a device renews its keys: within an epoch each message has its own key, but only a commit heals.

use crate::limits::{IDLE_S, UPDATE_EVERY_MESSAGES, UPDATE_EVERY_S};

/// What a device remembers of one conversation to know when to commit. Times are seconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// When this device last committed; never, right after it joined.
    pub updated_at: Option<u64>,
    /// When anything last happened.
    pub active_at: u64,
    /// Messages sent or received since the last commit of its own.
    pub messages: u32,
    /// Whether the other side said something since this device last wrote.
    pub has_received: bool,
}

impl Pace {
    /// A device that has just joined: it commits before it writes, so that its keys are its own.
    pub fn joined(now: u64) -> Self {
        Self {
            updated_at: None,
            active_at: now,
            messages: 0,
            has_received: false,
        }
    }

    /// A device that has just opened the group, which is a commit.
    pub fn opened(now: u64) -> Self {
        Self {
            updated_at: Some(now),
            ..Self::joined(now)
        }
    }

    /// Whether to commit before the next message is written.
    pub fn is_due(&self, now: u64) -> bool {
        let Some(updated_at) = self.updated_at else {
            return true;
        };
        let is_old = now.saturating_sub(updated_at) > UPDATE_EVERY_S
            || self.messages >= UPDATE_EVERY_MESSAGES;
        let was_idle = now.saturating_sub(self.active_at) > IDLE_S;
        was_idle || (self.has_received && is_old)
    }

    /// A message went out.
    pub fn sent(&mut self, now: u64) {
        self.has_received = false;
        self.count(now);
    }

    /// A message came.
    pub fn received(&mut self, now: u64) {
        self.has_received = true;
        self.count(now);
    }

    /// A commit of this device counts.
    pub fn updated(&mut self, now: u64) {
        (self.updated_at, self.active_at, self.messages) = (Some(now), now, 0);
    }

    fn count(&mut self, now: u64) {
        self.messages = self.messages.saturating_add(1);
        self.active_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_commits_after_joining_and_in_its_turn() {
        let mut pace = Pace::joined(1000);
        assert!(pace.is_due(1000));
        pace.updated(1000);
        assert!(!pace.is_due(1000 + UPDATE_EVERY_S + 1));
        pace.received(1001);
        assert!(!pace.is_due(1000 + UPDATE_EVERY_S));
        assert!(pace.is_due(1000 + UPDATE_EVERY_S + 1));
        pace.sent(1700);
        assert!(!pace.is_due(1701), "only the first message after receiving");
    }

    #[test]
    fn many_messages_and_long_silence_count_too() {
        let mut pace = Pace::opened(0);
        for _ in 0..UPDATE_EVERY_MESSAGES {
            pace.sent(1);
        }
        assert!(!pace.is_due(1));
        pace.received(1);
        assert!(pace.is_due(1));
        pace.updated(1);
        assert!(!pace.is_due(1));
        assert!(pace.is_due(2 + IDLE_S));
    }
}
