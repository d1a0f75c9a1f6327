//! Makes slots of titles that somebody waits for: the one that is waited for longest first, then what follows it, in one
//! run of FFmpeg until somebody else waits or enough is there in advance. What was made is kept, and not made again.

use super::presentation::{Origin, Part};
use super::reading;
use super::shelf::Shelf;
use super::show::{Show, Sizes, file_of};
use super::slots::{AHEAD, DIRECTORY};
use super::stock::Stock;
use super::title::Title;
use super::workshop::{Bench, Workshop, words};
use kinora_jobs::Progress;
use kinora_jobs::runner::{Stop, Watch, Wish};
use kinora_media::info::MediaInfo;
use kinora_media::ladder::{Coding, Ladder, Slots};
use kinora_stream::fragment;
use kinora_stream::index::Track;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Between two looks whether the server stops.
const IDLE: Duration = Duration::from_secs(1);
/// Slots that one run makes at most, so that lists of times stay short: ten minutes.
const LONGEST: u32 = 300;

/// One thread's state.
#[derive(Debug)]
pub(super) struct Demand {
    shelf: Arc<Shelf>,
    workshop: Workshop,
    /// What the title is that was worked on last.
    known: Option<(String, Plan)>,
    /// What slots of all titles take.
    stock: Stock,
}

/// What does not change while a title is what it is.
#[derive(Clone, Debug)]
struct Plan {
    info: Arc<MediaInfo>,
    ladder: Ladder,
    slots: Slots,
}

impl Demand {
    pub(super) fn new(shelf: Arc<Shelf>, workshop: Workshop) -> Self {
        let stock = Stock::new(shelf.place.clone(), shelf.slot_space);
        Self {
            shelf,
            workshop,
            known: None,
            stock,
        }
    }

    /// Makes what somebody waits for, if anybody does.
    pub(super) fn turn(&mut self, is_stopping: &dyn Fn() -> bool) {
        let waiting = &self.shelf.waiting;
        let Some((title, name, slot)) = waiting.next(IDLE) else {
            return;
        };
        waiting.set_busy(true);
        let ended = self.serve(&title, &name, slot, is_stopping);
        self.shelf.waiting.set_busy(false);
        if let Err(reason) = ended {
            tracing::warn!(title = title.name, reason, "a title cannot be made at once");
            self.shelf.waiting.fail(&name, reason);
        }
    }

    fn serve(
        &mut self,
        title: &Title,
        name: &str,
        slot: u32,
        is_stopping: &dyn Fn() -> bool,
    ) -> Result<(), String> {
        let file = self.shelf.open(title, &Origin::Source);
        let file = file.map_err(|_| "its file is gone, or another one".to_owned())?;
        let plan = self.plan(title, name, &file)?;
        let show = match self.shelf.waiting.show(name) {
            Some(show) => show,
            None => {
                let show = self.show(title, &plan, &file).map_err(in_words)?;
                self.shelf.waiting.open(name, show);
                self.shelf.waiting.show(name).ok_or("it is forgotten")?
            }
        };
        let end = show.end_of_gap(slot).min(slot.saturating_add(LONGEST));
        match end > slot {
            true => {
                let room = self.room(&show, end - slot)?;
                let part = (slot, end - slot);
                let bytes = self.make((title, name), &file, (&plan, room), part, is_stopping)?;
                self.stock.add(bytes);
                Ok(())
            }
            // It is there, or no such slot was ever meant.
            false => {
                self.shelf.waiting.withdraw(name, slot);
                Ok(())
            }
        }
    }

    /// Bytes that may be written now, at least those of what is made in advance: older slots go for them.
    fn room(&mut self, show: &Show, slots: u32) -> Result<u64, String> {
        let wanted = show.most_bytes(slots.min(AHEAD));
        let waiting = &self.shelf.waiting;
        let is_watched = |name: &str| waiting.is_watched(name);
        let free = || self.workshop.room();
        let (room, gone) = self.stock.room(wanted, &free, &is_watched);
        for name in gone {
            waiting.close(&name);
            tracing::info!(name, "slots that nobody watches make room for others");
        }
        match room >= wanted {
            true => Ok(room),
            false => Err("there is no room for it (library.slot_space, storage.margin)".into()),
        }
    }

    fn plan(&mut self, title: &Title, name: &str, file: &File) -> Result<Plan, String> {
        if let Some((_, plan)) = self.known.as_ref().filter(|(known, _)| known == name) {
            return Ok(plan.clone());
        }
        let bench = self.workshop.bench().map_err(in_words)?;
        let runner = self.workshop.runner(file);
        let info = runner.examine(&bench.lent(file)).map_err(words)?;
        let lowest = self.shelf.rungs(title).into_iter().next();
        let lowest = lowest.ok_or("nothing is made of it")?;
        let ladder = Ladder::new(&[lowest], Coding::H264, &info, &runner.context());
        let plan = Plan {
            ladder: ladder.map_err(in_words)?,
            slots: Slots::new(&info, title.facts.duration_ms).map_err(in_words)?,
            info: Arc::new(info),
        };
        self.known = Some((name.to_owned(), plan.clone()));
        Ok(plan)
    }

    /// What lies on the disk of a title; what was made in another way is removed.
    fn show(&self, title: &Title, plan: &Plan, file: &File) -> io::Result<Show> {
        let runner = self.workshop.runner(file);
        let step = plan
            .ladder
            .slots(&plan.slots, (0, 1), &plan.info, &runner.context());
        let step = step.ok_or(io::ErrorKind::InvalidInput)?;
        let mut recipe = runner.tools.main().version.clone();
        for argument in &step.arguments {
            recipe.push('\n');
            recipe.push_str(&argument.to_string());
        }
        let tag = blake3::hash(recipe.as_bytes()).to_hex()[..8].to_owned();
        let all = self.shelf.place_of(title).join(DIRECTORY);
        let place = all.join(&tag);
        let mut builder = DirBuilder::new();
        builder.mode(0o700).recursive(true).create(&place)?;
        for entry in fs::read_dir(&all)? {
            let path = entry?.path();
            if path != place {
                fs::remove_dir_all(path)?;
            }
        }
        let rung = plan.ladder.rungs.first().map(|(rung, _)| rung);
        let mut show = Show {
            slots: plan.slots.clone(),
            tag,
            height: rung.map_or(0, |rung| rung.height),
            largest_kbit: rung.map_or(0, |rung| rung.largest_kbit),
            tracks: Vec::new(),
            sizes: Sizes::new(plan.slots.count(), plan.slots.sounds.len()),
        };
        for slot in slots_in(&place)? {
            // After a power cut it may be another thing than its name says.
            let found = found(&show, slot, |part| place.join(file_of(slot, part)));
            if let Some((tracks, sizes)) = found {
                show.sizes.set(slot, &sizes);
                show.tracks = tracks;
            }
        }
        Ok(show)
    }

    /// Bytes that were made.
    fn make(
        &self,
        (title, name): (&Title, &str),
        file: &File,
        (plan, room): (&Plan, u64),
        (first, count): (u32, u32),
        is_stopping: &dyn Fn() -> bool,
    ) -> Result<u64, String> {
        let runner = self.workshop.runner(file);
        let step = plan
            .ladder
            .slots(&plan.slots, (first, count), &plan.info, &runner.context());
        let step = step.ok_or("nothing is made of it")?;
        let bench = self.workshop.bench().map_err(in_words)?;
        let show = self.shelf.waiting.show(name).ok_or("it is forgotten")?;
        let mut making = Making {
            demand: self,
            title,
            name,
            place: self.shelf.place_of(title).join(DIRECTORY).join(&show.tag),
            tracks: show.tracks.clone(),
            show: &show,
            bench: &bench,
            first,
            next: first,
            end: first + count,
            room,
            bytes: 0,
            is_stopping,
            trouble: None,
        };
        tracing::debug!(title = title.name, first, count, "slots are waited for");
        let ended = runner.make_now(&bench.lent(file), &step, &mut making);
        if ended.is_ok() {
            making.take(true);
        }
        match (making.trouble.take(), ended) {
            (Some(trouble), _) => Err(trouble),
            (None, Ok(_)) if making.next < making.end => Err("some of it is missing".into()),
            (None, Ok(_) | Err(Stop::Asked(_))) => Ok(making.bytes),
            (None, Err(stop)) => Err(words(stop)),
        }
    }
}

/// A run of FFmpeg that makes some slots, one after the other.
struct Making<'a> {
    demand: &'a Demand,
    title: &'a Title,
    name: &'a str,
    show: &'a Show,
    /// Where slots stay.
    place: PathBuf,
    /// What all slots have to be like, as soon as there is one.
    tracks: Vec<Track>,
    bench: &'a Bench,
    first: u32,
    next: u32,
    end: u32,
    /// Bytes that may be made, and those that were.
    room: u64,
    bytes: u64,
    is_stopping: &'a dyn Fn() -> bool,
    trouble: Option<String>,
}

impl Watch for Making<'_> {
    fn report(&mut self, _: &Progress) -> Wish {
        self.take(false);
        let shelf = &self.demand.shelf;
        let titles = shelf.catalog.now();
        let now = titles.get(&self.title.id);
        let is_same = now.is_some_and(|now| now.version == self.title.version);
        let made = self.next - self.first;
        match () {
            () if (self.is_stopping)() => Wish::Drain,
            () if self.trouble.is_some() || !is_same => Wish::Cancel,
            // The next run begins by making room.
            () if self.bytes >= self.room => Wish::Cancel,
            () if shelf.waiting.goes_on(self.name, self.next, made) => Wish::Continue,
            () => Wish::Cancel,
        }
    }
}

impl Making<'_> {
    /// Takes over all slots that are whole; when the run has ended, those that are there.
    fn take(&mut self, has_ended: bool) {
        while self.trouble.is_none() && self.next < self.end && (has_ended || self.is_whole()) {
            if let Err(trouble) = self.take_next() {
                self.trouble = Some(trouble);
            }
        }
    }

    /// A file is whole when the one behind it has begun.
    fn is_whole(&self) -> bool {
        let is_last = self.next + 1 == self.end;
        let mut parts = self.show.parts();
        !is_last && parts.all(|part| self.bench.file(&made(self.next + 1, part)).exists())
    }

    fn take_next(&mut self) -> Result<(), String> {
        let slot = self.next;
        let found = found(self.show, slot, |part| self.bench.file(&made(slot, part)));
        let (tracks, sizes) = found.ok_or("a part of it has not the frames that it should have")?;
        let before = self.tracks.first().or_else(|| tracks.first());
        let is_alike = before.zip(tracks.first()).is_some_and(is_alike);
        if !is_alike {
            return Err("its parts have other parameter sets".into());
        }
        if self.tracks.is_empty() {
            self.tracks.clone_from(&tracks);
        }
        for part in self.show.parts() {
            let path = self.bench.file(&made(slot, part));
            let stays = self.place.join(file_of(slot, part));
            self.bytes += keep(&path, &stays).map_err(in_words)?;
        }
        let waiting = &self.demand.shelf.waiting;
        waiting.add(self.name, slot, (&tracks, &sizes));
        self.next += 1;
        Ok(())
    }
}

/// The file that a run makes for a part of a slot. The first file of sound is thrown away.
fn made(slot: u32, part: Part) -> String {
    match part {
        Part::Picture => file_of(slot, part),
        Part::Sound(_) => file_of(slot + 1, part),
    }
}

/// Moves a file to where it stays, when it is on disk; the bytes that it takes.
fn keep(path: &Path, stays: &Path) -> io::Result<u64> {
    let file = File::open(path)?;
    file.sync_all()?;
    fs::rename(path, stays)?;
    Ok(file.metadata()?.len())
}

/// The tracks of a slot out of its files, and what is sent of each, if they have all that they should.
fn found(show: &Show, slot: u32, path: impl Fn(Part) -> PathBuf) -> Option<(Vec<Track>, Vec<u32>)> {
    let part = |part: Part| {
        let file = File::open(path(part)).ok()?;
        let index = reading::index(&file).ok()?;
        let track = index.tracks.into_iter().next()?;
        let is_whole = u64::from(track.len()) == show.samples(slot, &track);
        let is_right = is_whole && track.is_video() == (part == Part::Picture);
        let number = slot.saturating_add(1);
        let sent = fragment::alone(&track, show.begin(slot, &track), number).ok()?;
        let bytes = u32::try_from(sent.length()).ok()?;
        is_right.then_some((track, bytes))
    };
    show.parts().map(part).collect()
}

/// Whether pictures of one slot can be decoded with what was said of another.
fn is_alike((one, other): (&Track, &Track)) -> bool {
    let about = |track: &Track| (track.timescale, track.frame_duration, track.codec.kind);
    about(one) == about(other)
        && one.codec.name == other.codec.name
        && one.codec.parameter_sets() == other.codec.parameter_sets()
}

/// Slots of which there is a picture.
fn slots_in(place: &Path) -> io::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(place)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".mp4"));
        found.extend(number.and_then(|digits| digits.parse::<u32>().ok()));
    }
    Ok(found)
}

fn in_words(error: impl ToString) -> String {
    error.to_string()
}
