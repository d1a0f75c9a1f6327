//! Titles that browsers do not play, and of which nothing has been made yet: which slots of them there are, and which are
//! waited for. What is said here is made by `demand`.

use super::presentation::{Origin, Rendition, size};
use super::title::Title;
use crate::fault::Fault;
use kinora_media::ladder::Slots;
use kinora_media::ladder::slots::PACKET;
use kinora_stream::cut::Cut;
use kinora_stream::index::Track;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// What the names of renditions begin with that are made slot by slot.
pub(crate) const NOW: &str = "now-";
/// The directory of all slots, within that of what was made of a title.
pub(super) const DIRECTORY: &str = "slots";
/// Slots behind one that was fetched which are wanted as well: what a player has in advance lasts for some of them.
const SOON: u32 = 8;
/// Slots that are made in advance while nobody else waits: a minute, so that renditions get their turn between.
const AHEAD: u32 = 30;
/// Slots that are made for one viewer before another one's turn.
const TURN: u32 = 4;
/// A wish that nobody has repeated for so long is none any more; who waits repeats it with each slot that is made.
const WISH: Duration = Duration::from_secs(40);
/// Wishes that are kept; each is an address and a number.
const WISHES: usize = 256;
/// Titles whose slots are known; each takes some kilobytes.
const SHOWS: usize = 64;
/// After a failure it is not tried again for so long.
const AGAIN: Duration = Duration::from_secs(300);
/// Bits a second of the sound, and what its packets take beside them.
const SOUND_BITS: u64 = 131_000;

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    state: Mutex<State>,
    bell: Condvar,
    told: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// By the names of titles' directories.
    shows: BTreeMap<String, Show>,
    wishes: BTreeMap<(String, u32), Wish>,
    /// Why none can be made of a title, and since when that is known.
    failures: BTreeMap<String, (String, Instant)>,
    is_busy: bool,
}

#[derive(Debug)]
struct Wish {
    title: Arc<Title>,
    since: Instant,
    last: Instant,
}

/// What is known of a title's slots.
#[derive(Clone, Debug)]
pub(super) struct Show {
    pub(super) slots: Slots,
    /// Another one for another way of making them.
    pub(super) tag: String,
    /// The lowest of the heights that are made of it.
    pub(super) height: u32,
    /// The most that its picture takes.
    pub(super) largest_kbit: u32,
    /// Tracks of any slot, which are alike in all.
    pub(super) tracks: Option<(Track, Option<Track>)>,
    pub(super) made: BTreeSet<u32>,
    /// What was fetched last.
    pub(super) fetched: u32,
}

impl Waiting {
    /// Wakes who waits for slots, with each that is made. To be held before one looks.
    pub(super) fn told(&self) -> Notified<'_> {
        self.told.notified()
    }

    /// Whether a slot can be fetched; else it is made. Without a number: whether playlists can be written.
    ///
    /// # Errors
    /// `not_playable` when none can be made, `no_page` when there is none of that number.
    pub(super) fn want(
        &self,
        name: &str,
        title: &Arc<Title>,
        slot: Option<u32>,
    ) -> Result<bool, Fault> {
        let mut state = self.state();
        if let Some(reason) = state.failed(name) {
            return Err(Fault::new(
                "not_playable",
                format!("it cannot be made for you at once: {reason}"),
                "wait until a rendition of it has been made",
            ));
        }
        let wanted = match state.shows.get_mut(name) {
            None => slot.unwrap_or(0),
            Some(show) => match show.look(slot)? {
                (is_there, None) => return Ok(is_there),
                (true, Some(soon)) => {
                    state.wish(name, title, soon);
                    self.bell.notify_all();
                    return Ok(true);
                }
                (false, Some(slot)) => slot,
            },
        };
        state.wish(name, title, wanted);
        self.bell.notify_all();
        Ok(false)
    }

    /// Waits so long for a wish: the oldest.
    pub(super) fn next(&self, pause: Duration) -> Option<(Arc<Title>, String, u32)> {
        let mut state = self.state();
        state.forget();
        if state.wishes.is_empty() {
            let waited = self.bell.wait_timeout(state, pause);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let oldest = state.wishes.iter().min_by_key(|(_, wish)| wish.since)?;
        let ((name, slot), wish) = oldest;
        Some((Arc::clone(&wish.title), name.clone(), *slot))
    }

    /// Somebody waits at this moment: renditions stand still.
    pub(super) fn is_busy(&self) -> bool {
        self.state().is_busy
    }

    pub(super) fn set_busy(&self, is_busy: bool) {
        self.state().is_busy = is_busy;
    }

    /// Takes in what is known of a title.
    pub(super) fn open(&self, name: &str, show: Show) {
        let mut state = self.state();
        if state.shows.len() >= SHOWS {
            let is_idle = |other: &&String| !state.wishes.keys().any(|(name, _)| name == *other);
            let idle = state.shows.keys().find(is_idle).cloned();
            idle.map(|idle| state.shows.remove(&idle));
        }
        for slot in &show.made {
            state.wishes.remove(&(name.to_owned(), *slot));
        }
        state.shows.insert(name.to_owned(), show);
        drop(state);
        self.told.notify_waiters();
    }

    /// What tells the way that slots of a title are made from others.
    pub(super) fn tag(&self, name: &str) -> Option<String> {
        let state = self.state();
        state.shows.get(name).map(|show| show.tag.clone())
    }

    /// Nobody waits for it.
    pub(super) fn withdraw(&self, name: &str, slot: u32) {
        self.state().wishes.remove(&(name.to_owned(), slot));
    }

    /// Forgets a title.
    pub(super) fn close(&self, name: &str) {
        self.state().shows.remove(name);
    }

    /// What is known of a title.
    pub(super) fn show(&self, name: &str) -> Option<Show> {
        self.state().shows.get(name).cloned()
    }

    /// Whether nobody has failed to make slots of it lately.
    pub(super) fn is_hopeful(&self, name: &str) -> bool {
        self.state().failed(name).is_none()
    }

    /// A slot is there.
    pub(super) fn add(&self, name: &str, slot: u32, tracks: (Track, Option<Track>)) {
        let mut state = self.state();
        state.wishes.remove(&(name.to_owned(), slot));
        if let Some(show) = state.shows.get_mut(name) {
            show.made.insert(slot);
            show.tracks.get_or_insert(tracks);
        }
        drop(state);
        self.told.notify_waiters();
    }

    /// None can be made.
    pub(super) fn fail(&self, name: &str, reason: String) {
        let mut state = self.state();
        state.wishes.retain(|(other, _), _| other != name);
        state.failures.retain(|_, (_, then)| then.elapsed() < AGAIN);
        if state.failures.len() < WISHES {
            let now = Instant::now();
            state.failures.insert(name.to_owned(), (reason, now));
        }
        drop(state);
        self.told.notify_waiters();
    }

    /// Whether a run is to go on that has made so many slots of a title, and makes `next` now.
    pub(super) fn goes_on(&self, name: &str, next: u32, made: u32) -> bool {
        let mut state = self.state();
        state.forget();
        let soon = next..next.saturating_add(SOON);
        let is_mine = |(other, slot): &(String, u32)| other == name && soon.contains(slot);
        let mine = state.wishes.keys().filter(|wish| is_mine(wish)).count();
        let others = state.wishes.len() - mine;
        let fetched = state.shows.get(name).map_or(0, |show| show.fetched);
        match (mine > 0, others > 0) {
            (true, true) => made < TURN,
            (true, false) => true,
            (false, true) => false,
            (false, false) => next <= fetched.saturating_add(AHEAD),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wish(&mut self, name: &str, title: &Arc<Title>, slot: u32) {
        let now = Instant::now();
        let key = (name.to_owned(), slot);
        if self.wishes.len() >= WISHES && !self.wishes.contains_key(&key) {
            return;
        }
        let wish = self.wishes.entry(key).or_insert_with(|| Wish {
            title: Arc::clone(title),
            since: now,
            last: now,
        });
        wish.last = now;
    }

    fn failed(&self, name: &str) -> Option<&str> {
        let (reason, then) = self.failures.get(name)?;
        (then.elapsed() < AGAIN).then_some(reason)
    }

    fn forget(&mut self) {
        self.wishes.retain(|_, wish| wish.last.elapsed() < WISH);
    }
}

impl Show {
    /// Whether a slot can be fetched, or what is asked about all; and which one is to be made.
    fn look(&mut self, slot: Option<u32>) -> Result<(bool, Option<u32>), Fault> {
        let Some(slot) = slot else {
            let is_there = self.tracks.is_some();
            return Ok((is_there, (!is_there).then_some(0)));
        };
        if slot >= self.slots.count() {
            return Err(Fault::new(
                "no_page",
                "there is nothing at this address",
                "begin with the playlist of the title; its addresses change when its file does",
            ));
        }
        if !self.made.contains(&slot) {
            return Ok((false, Some(slot)));
        }
        self.fetched = slot;
        let soon = slot..slot.saturating_add(SOON).min(self.slots.count());
        Ok((
            true,
            soon.into_iter().find(|next| !self.made.contains(next)),
        ))
    }

    /// The first slot from this one on that is there, or the end.
    pub(super) fn end_of_gap(&self, slot: u32) -> u32 {
        let next = self.made.range(slot..).next();
        next.copied().unwrap_or_else(|| self.slots.count())
    }

    /// When the first sample of a slot is decoded, in ticks of its track, for pictures and for sound.
    pub(super) fn begin(&self, slot: u32, track: &Track) -> u64 {
        match track.is_video() {
            true => self.slots.frame(slot) * u64::from(track.frame_duration),
            false => self.slots.packet(slot) * u64::from(PACKET),
        }
    }

    /// How many samples a slot has.
    pub(super) fn samples(&self, slot: u32, track: &Track) -> u64 {
        match track.is_video() {
            true => self.slots.frame(slot + 1) - self.slots.frame(slot),
            false => self.slots.packet(slot + 1) - self.slots.packet(slot),
        }
    }

    /// Picture and sound as players see them. Nobody knows what slots take that have not been made: what is said of
    /// them is the most.
    pub(super) fn renditions(&self) -> Option<(Rendition, Option<Rendition>)> {
        let (picture, sound) = self.tracks.as_ref()?;
        let picture = self.rendition(picture, u64::from(self.largest_kbit) * 1000);
        let sound = sound.as_ref();
        Some((
            picture,
            sound.map(|track| self.rendition(track, SOUND_BITS)),
        ))
    }

    fn rendition(&self, track: &Track, bits: u64) -> Rendition {
        let is_video = track.is_video();
        let cuts = (0..self.slots.count()).map(|slot| {
            let (first, count) = (0, self.samples(slot, track) as u32);
            let tick = match is_video {
                true => track.frame_duration,
                false => PACKET,
            };
            let duration = u64::from(count) * u64::from(tick);
            Cut {
                first,
                count,
                start: self.begin(slot, track),
                duration,
                bytes: duration * bits / 8 / u64::from(track.timescale.max(1)),
            }
        });
        let (width, height) = size(track);
        Rendition {
            name: match is_video {
                true => format!("{NOW}{}", self.tag),
                false => format!("{NOW}{}-sound", self.tag),
            },
            origin: Origin::Slots,
            height: match is_video {
                true => self.height.max(width.min(height)),
                false => 0,
            },
            cuts: cuts.collect(),
            pictures: Vec::new(),
            track: track.clone(),
        }
    }
}

/// The file of a slot, within the directory of all.
pub(super) fn file_of(slot: u32, is_video: bool) -> String {
    match is_video {
        true => format!("{slot}.mp4"),
        false => format!("s{slot}.mp4"),
    }
}
