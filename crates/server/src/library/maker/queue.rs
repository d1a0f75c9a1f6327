//! Which title is worked on next, which have to wait, and how much there is to do.

use super::Maker;
use crate::library::made::Made;
use crate::library::title::Title;
use kinora_media::ladder::Coding;
use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Instant;

impl Maker {
    /// The title to work on, if there is one; all others that something is to be made of are told that they wait.
    pub(super) fn next(&mut self) -> Option<Arc<Title>> {
        let now = Instant::now();
        self.later.retain(|_, then| *then > now);
        let wanted = self.wanted();
        let next = wanted.iter().find(|title| self.can_begin(title)).cloned();
        self.tell(&wanted, next.as_deref());
        next
    }

    /// Tells all that wait, while one is worked on.
    pub(super) fn tell_waiting(&self, but: &Title) {
        self.tell(&self.wanted(), Some(but));
    }

    fn tell(&self, wanted: &[Arc<Title>], but: Option<&Title>) {
        let is_other = |title: &&Arc<Title>| but.is_none_or(|but| but.id != title.id);
        let waiting = wanted.iter().filter(is_other);
        let waiting = waiting.map(|title| (title.id.clone(), self.cost(title)));
        let waiting: Vec<(String, f64)> = waiting.collect();
        self.shelf.work().set_waiting(waiting.into_iter());
    }

    /// All that something is to be made of, the next one first: what cannot be played yet, then what everybody plays,
    /// then AV1; of these what is new.
    fn wanted(&self) -> Vec<Arc<Title>> {
        let titles = self.shelf.catalog.now();
        let is_wanted = |title: &&Arc<Title>| {
            let made = self.shelf.made(title);
            title.facts.damage.is_none()
                && made.failure.is_none()
                && !self.later.contains_key(&self.name(title))
                && !self.is_complete(title, &made)
        };
        let mut wanted: Vec<Arc<Title>> = titles.values().filter(is_wanted).cloned().collect();
        wanted.sort_by_cached_key(|title| {
            let made = self.shelf.made(title);
            let is_silent = title.facts.obstacle.is_some() && made.pictures.is_empty();
            Reverse((is_silent, !self.has_usual(title, &made), title.added_ms()))
        });
        wanted
    }

    /// Pictures and subtitles take little; renditions wait until a place is free.
    fn can_begin(&self, title: &Title) -> bool {
        let made = self.shelf.made(title);
        (self.workshop.aside.is_free() && !self.shelf.waiting.is_busy())
            || !made.has_looked
            || !made.has_read
    }

    fn is_complete(&self, title: &Title, made: &Made) -> bool {
        self.has_usual(title, made) && !self.lacks_av1(title, made)
    }

    /// Whether all is there that every player needs.
    fn has_usual(&self, title: &Title, made: &Made) -> bool {
        made.has_looked && made.has_read && self.missing(title, made, Coding::H264).is_empty()
    }

    /// Whether renditions in AV1 are to be made yet.
    pub(super) fn lacks_av1(&self, title: &Title, made: &Made) -> bool {
        self.shelf.has_av1
            && self.workshop.av1.is_some()
            && made.av1_failure.is_none()
            && !self.missing(title, made, Coding::Av1).is_empty()
    }

    /// Heights that are to be made yet in a coding.
    pub(super) fn missing(&self, title: &Title, made: &Made, coding: Coding) -> Vec<u32> {
        let there = match coding {
            Coding::H264 => &made.pictures,
            Coding::Av1 => &made.av1,
        };
        let is_there = |height: u32| there.iter().any(|each| each.file == coding.file(height));
        let planned = self.shelf.rungs(title).into_iter();
        planned
            .filter(|height| coding.reaches(*height) && !is_there(*height))
            .collect()
    }

    /// What is next to be made of a title, in pixels a frame times seconds of it: frames of most are as many a second.
    pub(super) fn cost(&self, title: &Title) -> f64 {
        let made = self.shelf.made(title);
        // In both codings a pixel takes about as long.
        let missing = match self.missing(title, &made, Coding::H264) {
            none if none.is_empty() => self.missing(title, &made, Coding::Av1),
            missing => missing,
        };
        let (width, height) = (f64::from(title.facts.width), f64::from(title.facts.height));
        let shape = width.max(height) / width.min(height).max(1.0);
        let pixels = missing
            .into_iter()
            .map(|lines| f64::from(lines).powi(2) * shape);
        pixels.sum::<f64>() * title.facts.duration_ms as f64 / 1000.0
    }

    /// The name of its directory.
    pub(super) fn name(&self, title: &Title) -> String {
        self.shelf.place_of(title).to_string_lossy().into_owned()
    }
}
