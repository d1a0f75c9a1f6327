//! How far the queue of one device has been sent over one connection. What waits stays on the disk until then.

use super::hub::{Place, frame};
use super::limits::{PAGE, PAGE_BYTES};
use super::service::Talk;
use crate::fault::Fault;
use bytes::Bytes;
use kinora_store::post::{self, Seat, Waiting};
use kinora_talk::field::{Bytes as Bounded, Fixed};
use kinora_talk::frame::{Deliver, Kind};
use kinora_talk::limits::AHEAD_MAX;
use kinora_talk::name::Name;
use std::sync::Arc;

/// The window of one connection.
#[derive(Debug)]
pub(super) struct Delivery {
    seat: Seat,
    /// The number up to which all was sent.
    sent: u64,
    /// The number up to which all is on the device's disk.
    acknowledged: u64,
    /// There may be more.
    has_more: bool,
}

impl Delivery {
    /// Begins with this number.
    pub(super) fn from(seat: Seat, first: u64) -> Self {
        Self {
            seat,
            sent: first.saturating_sub(1),
            acknowledged: first.saturating_sub(1),
            has_more: true,
        }
    }

    /// Something came.
    pub(super) fn wake(&mut self) {
        self.has_more = true;
    }

    /// All up to there is on the device's disk, also what an earlier connection brought.
    pub(super) fn acknowledge(&mut self, number: u64) {
        self.acknowledged = self.acknowledged.max(number);
        self.sent = self.sent.max(number);
    }

    /// Whether to read on.
    pub(super) fn is_due(&self) -> bool {
        self.has_more && self.room() > 0
    }

    fn room(&self) -> usize {
        let ahead = self.sent.saturating_sub(self.acknowledged);
        usize::try_from(AHEAD_MAX.saturating_sub(ahead)).unwrap_or(0)
    }

    /// The next envelopes, as frames.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn next(
        &mut self,
        talk: &Arc<Talk>,
        place: &Place,
    ) -> Result<Vec<Bytes>, Fault> {
        if let Some(frames) = self.at_hand(place) {
            return Ok(frames);
        }
        let (seat, after, most) = (self.seat, self.sent, self.room().min(PAGE));
        let waiting =
            talk.blocking(move |talk| Ok(talk.post.waiting(seat, after, most, PAGE_BYTES)?));
        let waiting = waiting.await?;
        self.has_more = !waiting.is_empty();
        self.sent = waiting.last().map_or(self.sent, |last| last.number);
        waiting.into_iter().map(deliver).collect()
    }
}

impl Delivery {
    /// What need not be read, if the next one is among it.
    fn at_hand(&mut self, place: &Place) -> Option<Vec<Bytes>> {
        let mut arrivals = place.arrivals();
        let frames = arrivals.following(self.sent, self.room());
        if frames.is_empty() {
            return None;
        }
        self.sent += frames.len() as u64;
        // What comes later wakes again.
        self.has_more = self.sent < arrivals.newest();
        Some(frames)
    }
}

fn deliver(waiting: Waiting) -> Result<Bytes, Fault> {
    let damaged = |what: String| Fault::from(kinora_store::Fault::Corrupt(what));
    let name = |name: &str| {
        Name::folded(name).map_err(|_| damaged("a name in a queue is none".to_owned()))
    };
    let envelope = Bounded::new(waiting.bytes);
    Ok(frame(Deliver {
        number: waiting.number,
        kind: match waiting.kind {
            post::Kind::Message => Kind::Message,
            post::Kind::Commit => Kind::Commit,
            post::Kind::Welcome => Kind::Welcome,
        },
        from: name(&waiting.from)?,
        with: name(&waiting.with)?,
        group: Fixed(waiting.group),
        epoch: waiting.epoch,
        envelope: envelope.map_err(|fault| damaged(fault.to_string()))?,
        at_ms: waiting.at_ms,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_sent_ahead_than_the_window() {
        let mut delivery = Delivery::from(Seat(1), 5);
        assert!(delivery.is_due());
        delivery.sent += AHEAD_MAX - 1;
        assert_eq!(delivery.room(), 1);
        delivery.sent += 1;
        assert!(!delivery.is_due());
        delivery.acknowledge(10);
        assert_eq!(delivery.room(), 6);
        // What an earlier connection brought is not sent again.
        delivery.acknowledge(1_000);
        assert_eq!((delivery.sent, delivery.room()), (1_000, 256));
        delivery.acknowledge(u64::MAX);
        assert!(delivery.is_due());
    }
}
