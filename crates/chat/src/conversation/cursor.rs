//! The order of what the server brings: each envelope once, and none before the one in front of it.
//!
//! The server numbers a device's envelopes without gaps. What comes early waits; what came before is dropped. So a commit
//! is never taken before the messages of its epoch, whatever the network does.

use crate::limits::EARLY_MAX;
use std::collections::BTreeMap;

/// How far a device has come in its queue, and what came early.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cursor<T> {
    next: u64,
    early: BTreeMap<u64, T>,
}

impl<T> Cursor<T> {
    /// Goes on behind what is stored already.
    pub fn after(stored: u64) -> Self {
        Self {
            next: stored + 1,
            early: BTreeMap::new(),
        }
    }

    /// The highest number up to which nothing is missing: what may be acknowledged once it is stored.
    pub fn taken(&self) -> u64 {
        self.next - 1
    }

    /// An envelope came. False when it was not kept: it is old, came twice, or too much waits already and it has to be
    /// fetched again.
    pub fn offer(&mut self, number: u64, envelope: T) -> bool {
        let is_near = number >= self.next && number - self.next < EARLY_MAX;
        let is_new = is_near && !self.early.contains_key(&number);
        if is_new {
            self.early.insert(number, envelope);
        }
        is_new
    }

    /// The envelope that is next. It stays until [`Cursor::advance`], so that it can be tried again.
    pub fn peek(&self) -> Option<&T> {
        self.early.get(&self.next)
    }

    /// What was next is stored, or given up.
    pub fn advance(&mut self) {
        if self.early.remove(&self.next).is_some() {
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn early_ones_wait_and_old_ones_go() {
        let mut cursor = Cursor::after(4);
        assert!(cursor.offer(6, 'b'));
        assert!(!cursor.offer(4, 'x'));
        assert!(!cursor.offer(6, 'x'));
        assert_eq!(cursor.peek(), None);
        cursor.advance();
        assert_eq!(cursor.taken(), 4);
        assert!(cursor.offer(5, 'a'));
        assert_eq!(cursor.peek(), Some(&'a'));
        cursor.advance();
        assert_eq!(cursor.peek(), Some(&'b'));
        cursor.advance();
        assert_eq!((cursor.taken(), cursor.peek()), (6, None));
        assert!(!cursor.offer(7 + EARLY_MAX, 'z'));
        assert!(!cursor.offer(u64::MAX, 'z'));
    }
}
