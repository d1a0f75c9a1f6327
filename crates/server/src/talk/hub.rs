//! Who is here: the connection of each device, how it is woken, and what all are told of comings and goings.

use super::limits::{AT_HAND, NEWS, SIGNALS};
use bytes::Bytes;
use kinora_store::post::Seat;
use kinora_talk::frame::Tell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, broadcast};

/// All connections that are logged in.
#[derive(Debug)]
pub(super) struct Hub {
    inner: Mutex<Inner>,
    news: broadcast::Sender<Bytes>,
    /// Something is to be announced.
    pub(super) changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    places: HashMap<Seat, Arc<Place>>,
    /// Devices that are here, by the name of their person.
    people: HashMap<String, usize>,
    /// Of whom something may have changed since it was announced last, and whether they were here then.
    moved: BTreeMap<String, bool>,
    /// Of whom the directory has something new.
    renewed: BTreeSet<String>,
    /// Whose connection was given which pass.
    passes: HashMap<Pass, Seat>,
    /// Devices that were removed since the server runs: one of them may have been on its way in.
    removed: HashSet<Seat>,
}

/// What a connection is given to show elsewhere whose it is. It is worth something as long as the connection lasts.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Pass(pub(crate) [u8; 32]);

impl Pass {
    /// One that nobody can guess; none when the system gives no random bytes.
    pub(super) fn random() -> Option<Self> {
        let mut bytes = [0; 32];
        let filled = getrandom::fill(&mut bytes);
        filled.ok().map(|()| Self(bytes))
    }
}

/// Logs show that there is one, never which.
impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass(…)")
    }
}

/// The connection of one device.
#[derive(Debug)]
pub(super) struct Place {
    name: String,
    arrivals: Mutex<Arrivals>,
    /// Something came into its queue.
    pub(super) wake: Notify,
    /// A newer connection of the same device is here.
    pub(super) replaced: Notify,
    /// The device is none any more.
    pub(super) removed: Notify,
    /// Something is in `signals`.
    pub(super) signalled: Notify,
    // No channel: one has room for 32 from the beginning, and hardly anybody gets any.
    signals: Mutex<VecDeque<Bytes>>,
}

/// What came into a device's queue while it was here. All of it lies on the disk; the newest is at hand, too, so that who
/// keeps up need not wait for a reader of the disk.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// The highest number that came.
    newest: u64,
    /// Frames with their numbers, ascending.
    at_hand: VecDeque<(u64, Bytes)>,
}

impl Arrivals {
    /// Something came: with its frame, if that is short.
    pub(super) fn add(&mut self, number: u64, frame: Option<Bytes>) {
        self.newest = self.newest.max(number);
        if let Some(frame) = frame
            && self.at_hand.len() < AT_HAND
        {
            self.at_hand.push_back((number, frame));
        }
    }

    /// What follows `sent` without a gap, at most so many; nothing when that has to be read from the disk.
    pub(super) fn following(&mut self, sent: u64, most: usize) -> Vec<Bytes> {
        let mut next = sent + 1;
        let mut found = Vec::new();
        while let Some((number, _)) = self.at_hand.front()
            && *number <= next
            && found.len() < most
        {
            let Some((number, frame)) = self.at_hand.pop_front() else {
                break;
            };
            if number == next {
                found.push(frame);
                next += 1;
            }
        }
        found
    }

    /// The highest number that came.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }
}

/// A connection that is logged in, until it is dropped.
#[derive(Debug)]
pub(super) struct Presence {
    hub: Arc<Hub>,
    seat: Seat,
    pass: Pass,
    pub(super) place: Arc<Place>,
    pub(super) news: broadcast::Receiver<Bytes>,
}

/// What has changed since it was asked last.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) joined: Vec<String>,
    pub(super) left: Vec<String>,
    pub(super) renewed: Vec<String>,
}

impl Hub {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::default(),
            news: broadcast::Sender::new(NEWS),
            changed: Notify::new(),
        })
    }

    /// A device has logged in, and is given a pass. An older connection of it is told to go.
    pub(super) fn enter(self: &Arc<Self>, seat: Seat, name: &str, pass: Pass) -> Presence {
        let place = Arc::new(Place {
            name: name.to_owned(),
            arrivals: Mutex::default(),
            wake: Notify::new(),
            replaced: Notify::new(),
            removed: Notify::new(),
            signalled: Notify::new(),
            signals: Mutex::default(),
        });
        let mut inner = self.lock();
        inner.count(name, 1);
        inner.passes.insert(pass, seat);
        if let Some(old) = inner.places.insert(seat, Arc::clone(&place)) {
            old.replaced.notify_one();
        }
        if inner.removed.contains(&seat) {
            place.removed.notify_one();
        }
        drop(inner);
        self.changed.notify_one();
        Presence {
            hub: Arc::clone(self),
            seat,
            pass,
            place,
            news: self.news.subscribe(),
        }
    }

    /// A device is none any more: its connection is told to go, as is one that is just being made.
    pub(super) fn remove(&self, seat: Seat) {
        let mut inner = self.lock();
        inner.removed.insert(seat);
        inner.passes.retain(|_, holder| *holder != seat);
        if let Some(place) = inner.places.get(&seat) {
            place.removed.notify_one();
        }
    }

    /// Whose pass it is.
    pub(super) fn holder(&self, pass: &Pass) -> Option<Seat> {
        self.lock().passes.get(pass).copied()
    }

    /// Something came into a queue. The frame is asked for only when somebody is there to get it.
    pub(super) fn arrived(&self, seat: Seat, number: u64, frame: impl FnOnce() -> Option<Bytes>) {
        let place = self.lock().places.get(&seat).cloned();
        if let Some(place) = place {
            place.arrivals().add(number, frame());
            place.wake.notify_one();
        }
    }

    /// Passes something on to whatever devices of a person are here, but for one; what has no room is dropped.
    pub(super) fn signal(&self, name: &str, frame: &Bytes) {
        let inner = self.lock();
        for place in inner.places.values().filter(|place| place.name == name) {
            place.signal(frame.clone());
        }
    }

    /// Whether a device of this person is here.
    pub(super) fn is_here(&self, name: &str) -> bool {
        self.lock().people.contains_key(name)
    }

    /// The directory has something new of a person.
    pub(super) fn renew(&self, name: &str) {
        self.lock().renewed.insert(name.to_owned());
        self.changed.notify_one();
    }

    /// What there is to be announced.
    pub(super) fn changes(&self) -> Changes {
        let mut inner = self.lock();
        let renewed: Vec<String> = std::mem::take(&mut inner.renewed).into_iter().collect();
        let mut changes = Changes {
            renewed,
            ..Changes::default()
        };
        for (name, was_here) in std::mem::take(&mut inner.moved) {
            match (was_here, inner.people.contains_key(&name)) {
                (false, true) => changes.joined.push(name),
                (true, false) => changes.left.push(name),
                _ => {}
            }
        }
        changes
    }

    /// Tells everybody.
    pub(super) fn announce(&self, frame: Bytes) {
        // Nobody is here: nobody has to be told.
        let _ = self.news.send(frame);
    }

    /// How many devices are here.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.lock().places.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn signal(&self, frame: Bytes) {
        let mut signals = self.signals.lock().unwrap_or_else(PoisonError::into_inner);
        if signals.len() < SIGNALS {
            signals.push_back(frame);
            self.signalled.notify_one();
        }
    }

    /// The signals that came since they were asked for last.
    pub(super) fn signals(&self) -> VecDeque<Bytes> {
        std::mem::take(&mut *self.signals.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What came since it is here.
    pub(super) fn arrivals(&self) -> MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Presence {
    /// Hears what is announced from now on, and nothing of before.
    pub(super) fn listen(&mut self) {
        self.news = self.hub.news.subscribe();
    }
}

impl Inner {
    fn count(&mut self, name: &str, change: isize) {
        let before = self.people.get(name).copied().unwrap_or(0);
        self.moved.entry(name.to_owned()).or_insert(before > 0);
        match before.saturating_add_signed(change) {
            0 => self.people.remove(name),
            now => self.people.insert(name.to_owned(), now),
        };
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut inner = self.hub.lock();
        let is_ours = |place: &Arc<Place>| Arc::ptr_eq(place, &self.place);
        if inner.places.get(&self.seat).is_some_and(is_ours) {
            inner.places.remove(&self.seat);
        }
        inner.passes.remove(&self.pass);
        inner.count(&self.place.name, -1);
        drop(inner);
        self.hub.changed.notify_one();
    }
}

/// A frame as it goes out.
pub(super) fn frame(tell: impl Into<Tell>) -> Bytes {
    tell.into().to_bytes().into()
}

#[cfg(test)]
mod tests;
