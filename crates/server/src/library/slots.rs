//! Titles that browsers do not play, and of which nothing has been made yet: which slots of them there are, and which are
//! waited for. What is said here is made by `demand`.

use super::show::Show;
use super::title::Title;
use crate::fault::Fault;
use kinora_stream::index::Track;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// The directory of all slots, within that of what was made of a title.
pub(super) const DIRECTORY: &str = "slots";
/// Slots behind one that was fetched which are wanted as well: what a player has in advance lasts for some of them.
const SOON: u32 = 8;
/// Slots that are made in advance while nobody else waits: a minute, so that renditions get their turn between.
pub(super) const AHEAD: u32 = 30;
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
/// Who has fetched nothing for so long does not watch any more; who comes back has made anew what has gone.
const WATCHED: Duration = Duration::from_secs(600);

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
    shows: BTreeMap<String, Shown>,
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

/// What is known of a title's slots, and what of them was wanted last.
#[derive(Debug)]
struct Shown {
    show: Arc<Show>,
    fetched: u32,
    since: Instant,
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
        let refusal = state.failed(name).map(|reason| {
            Fault::new(
                "not_playable",
                format!("it cannot be made for you at once: {reason}"),
                "wait until a rendition of it has been made",
            )
        });
        let looked = match state.shows.get_mut(name) {
            None => (false, Some(slot.unwrap_or(0))),
            Some(shown) => shown.look(slot)?,
        };
        match (looked, refusal) {
            ((false, Some(_)), Some(refusal)) => return Err(refusal),
            // What was made before is still there.
            ((_, Some(wanted)), None) => {
                state.wish(name, title, wanted);
                self.bell.notify_all();
            }
            ((_, None), _) | ((true, Some(_)), Some(_)) => {}
        }
        Ok(looked.0)
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
            let is_idle = |other: &&String| !state.is_wanted(other);
            let idle = state.shows.keys().find(is_idle).cloned();
            idle.map(|idle| state.shows.remove(&idle));
        }
        for slot in show.sizes.made() {
            state.wishes.remove(&(name.to_owned(), slot));
        }
        let shown = Shown {
            show: Arc::new(show),
            fetched: 0,
            since: Instant::now(),
        };
        state.shows.insert(name.to_owned(), shown);
        drop(state);
        self.told.notify_waiters();
    }

    /// What playlists of a title's slots were written for: others say something else.
    pub(super) fn state_of(&self, name: &str) -> Option<String> {
        self.show(name).map(|show| show.state())
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
    pub(super) fn show(&self, name: &str) -> Option<Arc<Show>> {
        let state = self.state();
        state.shows.get(name).map(|shown| Arc::clone(&shown.show))
    }

    /// Whether somebody watches slots of it, or waits for some.
    pub(super) fn is_watched(&self, name: &str) -> bool {
        let state = self.state();
        let shown = state.shows.get(name);
        state.is_wanted(name) || shown.is_some_and(|shown| shown.since.elapsed() < WATCHED)
    }

    /// Whether nobody has failed to make slots of it lately.
    pub(super) fn is_hopeful(&self, name: &str) -> bool {
        self.state().failed(name).is_none()
    }

    /// A slot is there: bytes that are sent of each part of it.
    pub(super) fn add(&self, name: &str, slot: u32, (tracks, sizes): (&[Track], &[u32])) {
        let mut state = self.state();
        state.wishes.remove(&(name.to_owned(), slot));
        if let Some(shown) = state.shows.get_mut(name) {
            let show = Arc::make_mut(&mut shown.show);
            show.sizes.set(slot, sizes);
            if show.tracks.is_empty() {
                show.tracks = tracks.to_vec();
            }
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

    fn is_wanted(&self, name: &str) -> bool {
        self.wishes.keys().any(|(wanted, _)| wanted == name)
    }

    fn failed(&self, name: &str) -> Option<&str> {
        let (reason, then) = self.failures.get(name)?;
        (then.elapsed() < AGAIN).then_some(reason)
    }

    fn forget(&mut self) {
        self.wishes.retain(|_, wish| wish.last.elapsed() < WISH);
    }
}

impl Shown {
    /// Whether a slot can be fetched, or what is asked about all; and which one is to be made.
    fn look(&mut self, slot: Option<u32>) -> Result<(bool, Option<u32>), Fault> {
        self.since = Instant::now();
        let Some(slot) = slot else {
            let is_there = !self.show.tracks.is_empty();
            return Ok((is_there, (!is_there).then_some(0)));
        };
        let (show, count) = (&self.show, self.show.slots.count());
        if slot >= count {
            return Err(Fault::new(
                "no_page",
                "there is nothing at this address",
                "begin with the playlist of the title; its addresses change when its file does",
            ));
        }
        if !show.sizes.has(slot) {
            return Ok((false, Some(slot)));
        }
        self.fetched = slot;
        let mut soon = slot..slot.saturating_add(SOON).min(count);
        Ok((true, soon.find(|next| !show.sizes.has(*next))))
    }
}
