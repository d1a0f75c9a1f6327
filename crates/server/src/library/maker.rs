//! Makes what is missing of each title: a poster, a storyboard, its subtitles, and its renditions. One title at a time, behind all
//! other work; what is whole is kept, and renditions are gone on with where they were interrupted.

mod queue;
mod words;
mod parts;
mod growth;
mod ladder;

use super::made::{Board, Made, Piece, sheet};
use super::presentation::Origin;
use super::shelf::{Shelf, directory, make_directory};
use super::slots::DIRECTORY;
use super::title::Title;
use super::work::Making;
use super::workshop::{Workshop, words};
use kinora_jobs::Progress;
use kinora_jobs::engine::Aside;
use kinora_jobs::runner::{Lent, Runner, Stop, Watch, Wish};
use kinora_media::info::MediaInfo;
use kinora_media::ladder::Coding;
use kinora_media::storyboard::Storyboard;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// After a failure that may pass: a full disk, a program that was killed.
const AGAIN: Duration = Duration::from_secs(300);
/// What was made of a title that is gone is kept for so long: a disk may come back, and hours of work with it.
const KEEP: Duration = Duration::from_secs(7 * 24 * 3600);
/// Slots of a title that has renditions are kept for so long after the last of them was made: somebody may still watch
/// what began before.
const KEEP_SLOTS: Duration = Duration::from_secs(24 * 3600);
/// Between two looks for such.
const SWEEP: Duration = Duration::from_secs(3600);
/// Pixels of a poster's longer side.
const POSTER: u32 = 640;
/// Where in a title its poster is looked for: behind logos, before anything that one would not want to know.
const POSTER_AT: [f64; 8] = [0.1, 0.15, 0.2, 0.3, 0.05, 0.5, 0.7, 0.0];
/// A frame with less contrast shows nothing: a fade, a plain card. A face at night has 15.
const CONTRAST: f64 = 10.0;
/// Renditions that have to wait stand still for so long, so that short jobs cost them nothing; then their run is ended, its
/// memory is free, and they are gone on with later.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at which titles wait.
const TELL: Duration = Duration::from_secs(5);
/// What has to be done before it is said how long the rest takes.
const LEAST_PART: f64 = 0.005;
/// Beside what was made, since when its title is gone.
const GONE_FILE: &str = "gone";

/// One thread's state.
#[derive(Debug)]
pub(super) struct Maker {
    shelf: Arc<Shelf>,
    workshop: Workshop,
    /// When to try again, by the directories of titles.
    later: BTreeMap<String, Instant>,
    swept: Option<Instant>,
}

/// Why a title is left for now.
enum Left {
    /// The server stops, or the title is another one.
    Stopped,
    /// Trying again may help.
    Later(String),
    /// It will be the same each time.
    Never(String),
}

impl Maker {
    pub(super) fn new(shelf: Arc<Shelf>, workshop: Workshop) -> Self {
        Self {
            shelf,
            workshop,
            later: BTreeMap::new(),
            swept: None,
        }
    }

    /// Works on one title if one lacks something; whether there was one.
    pub(super) fn turn(&mut self, is_stopping: &dyn Fn() -> bool) -> bool {
        if self.swept.is_none_or(|then| then.elapsed() > SWEEP) {
            self.sweep();
            self.swept = Some(Instant::now());
        }
        let Some(title) = self.next() else {
            return false;
        };
        let name = self.name(&title);
        self.shelf.set_progress(&title, Some(Making::default()));
        let ended = self.work(&title, is_stopping);
        self.shelf.set_progress(&title, None);
        match ended {
            Ok(()) | Err(Left::Stopped) => {}
            Err(Left::Later(reason)) => {
                tracing::warn!(
                    title = title.name,
                    reason,
                    "nothing can be made of a title now"
                );
                self.later.insert(name, Instant::now() + AGAIN);
            }
            Err(Left::Never(reason)) => {
                tracing::warn!(title = title.name, reason, "a title cannot be worked on");
                let failed = Made {
                    failure: Some(reason),
                    ..(*self.shelf.made(&title)).clone()
                };
                if self.shelf.add(&title, failed).is_err() {
                    self.later.insert(name, Instant::now() + AGAIN);
                }
            }
        }
        true
    }

    fn work(&self, title: &Title, is_stopping: &dyn Fn() -> bool) -> Result<(), Left> {
        let place = self.shelf.place_of(title);
        make_directory(&place).map_err(later)?;
        let _ = fs::remove_file(place.join(GONE_FILE));
        let file = self.shelf.open(title, &Origin::Source);
        let file = file.map_err(|_| Left::Stopped)?;
        let bench = self.workshop.bench().map_err(later)?;
        let info = self
            .workshop
            .runner(&file)
            .examine(&bench.lent(&file))
            .map_err(left)?;
        drop(bench);
        let mut watch = Watching {
            maker: self,
            title,
            cost: self.cost(title),
            is_stopping,
            aside: None,
            before: 0.0,
            share: 0.02,
            pace: None,
            waits: None,
            told: Instant::now(),
        };
        let job = Job {
            maker: self,
            title,
            file: &file,
            info: &info,
        };
        job.pictures(&mut watch)?;
        // Trying again later is no reason to do without a picture until then.
        let has_read = job.words(&mut watch);
        if matches!(has_read, Err(Left::Stopped)) {
            return has_read;
        }
        (watch.before, watch.share) = (0.02, 0.98);
        // How fast pictures were made says nothing of renditions.
        watch.pace = None;
        watch.aside = Some(&self.workshop.aside);
        let made = self.shelf.made(title);
        let missing = self.missing(title, &made, Coding::H264);
        let is_silent = title.facts.obstacle.is_some() && made.pictures.is_empty();
        match (missing.split_first(), is_silent) {
            (None, _) => job.advanced(&mut watch)?,
            (Some((lowest, others)), true) => {
                watch.share = 0.25;
                job.ladder(&[*lowest], Coding::H264, &mut watch)?;
                (watch.before, watch.share) = (0.27, 0.73);
                if !others.is_empty() {
                    job.ladder(others, Coding::H264, &mut watch)?;
                }
            }
            (Some(_), false) => job.ladder(&missing, Coding::H264, &mut watch)?,
        }
        has_read
    }

    /// Removes slots of titles that have renditions, when nobody has wanted any for long.
    fn sweep_slots(&self) {
        for title in self.shelf.catalog.now().values() {
            let all = self.shelf.place_of(title).join(DIRECTORY);
            if self.shelf.made(title).pictures.is_empty() || !all.exists() {
                continue;
            }
            let ways = fs::read_dir(&all).into_iter().flatten().flatten();
            let grown = ways.filter_map(|way| way.metadata().and_then(|way| way.modified()).ok());
            let last = grown.max().unwrap_or(SystemTime::UNIX_EPOCH);
            let age = SystemTime::now().duration_since(last).unwrap_or_default();
            if age > KEEP_SLOTS {
                self.shelf.waiting.close(&directory(title));
                let removed = fs::remove_dir_all(&all);
                tracing::info!(
                    title = title.name,
                    ?removed,
                    "slots of a title that has renditions"
                );
            }
        }
    }

    /// Removes what was made of titles that have been gone for long.
    fn sweep(&self) {
        self.sweep_slots();
        let titles = self.shelf.catalog.now();
        let known = |name: &str| {
            titles
                .values()
                .any(|title| self.shelf.place_of(title).ends_with(name))
        };
        for entry in fs::read_dir(&self.shelf.place)
            .into_iter()
            .flatten()
            .flatten()
        {
            let path = entry.path();
            let name = entry.file_name();
            if !path.is_dir() || name.to_str().is_some_and(known) {
                continue;
            }
            let mark = path.join(GONE_FILE);
            let since = fs::metadata(&mark).and_then(|known| known.modified());
            match since.map(|since| SystemTime::now().duration_since(since).unwrap_or_default()) {
                Ok(gone) if gone > KEEP => {
                    let removed = fs::remove_dir_all(&path);
                    tracing::info!(?path, ?removed, "what was made of a title that is gone");
                }
                Ok(_) => {}
                Err(_) => drop(File::create(mark)),
            }
        }
    }
}

/// The work on one title.
struct Job<'a> {
    maker: &'a Maker,
    title: &'a Title,
    file: &'a File,
    info: &'a MediaInfo,
}

impl Job<'_> {
    fn made(&self) -> Made {
        (*self.maker.shelf.made(self.title)).clone()
    }

    fn add(&self, made: Made) -> Result<(), Left> {
        self.maker.shelf.add(self.title, made).map_err(later)?;
        // Who watches it next shall not wait for its indexes. What cannot be played says so then.
        drop(self.maker.shelf.presentation(self.title));
        Ok(())
    }

    /// Poster and storyboard. A title without them is still one.
    fn pictures(&self, watch: &mut Watching<'_>) -> Result<(), Left> {
        if self.made().has_looked {
            return Ok(());
        }
        self.poster()?;
        match self.board(watch) {
            Err(Left::Never(reason)) => {
                tracing::info!(
                    title = self.title.name,
                    reason,
                    "a title without a storyboard"
                );
            }
            ended => ended?,
        }
        self.add(Made {
            has_looked: true,
            ..self.made()
        })
    }

    fn poster(&self) -> Result<(), Left> {
        let bench = self.maker.workshop.bench().map_err(later)?;
        let runner = self.maker.workshop.runner(self.file);
        let lent = bench.lent(self.file);
        let picture = runner.still(&lent, self.best_frame(&runner, &lent), POSTER);
        let Some(picture) = picture.or_else(|| runner.still(&lent, 0.0, POSTER)) else {
            return Ok(());
        };
        let mut made = self.made();
        let name = "poster.jpg";
        let mut file = File::create(bench.file(name)).map_err(later)?;
        file.write_all(&picture).map_err(later)?;
        bench
            .hand_over(name, &self.maker.shelf.place_of(self.title))
            .map_err(later)?;
        made.poster = Some(piece(name));
        self.add(made)
    }

    /// When the first frame is shown that has something on it, in seconds; of none that has, the one with the most.
    fn best_frame(&self, runner: &Runner<'_>, lent: &Lent<'_>) -> f64 {
        let length_s = self.title.facts.duration_ms as f64 / 1000.0;
        let mut best = (0.0, 0.0);
        for part in POSTER_AT {
            let at_s = length_s * part;
            let contrast = runner.contrast(lent, at_s).unwrap_or(0.0);
            if contrast >= CONTRAST {
                return at_s;
            }
            if contrast > best.1 {
                best = (at_s, contrast);
            }
        }
        best.0
    }

    fn board(&self, watch: &mut Watching<'_>) -> Result<(), Left> {
        let runner = self.maker.workshop.runner(self.file);
        let duration_ms = self.title.facts.duration_ms.max(1);
        let plan = Storyboard::new(self.info, duration_ms, &runner.context());
        let plan = plan.map_err(|fault| Left::Never(fault.to_string()))?;
        let bench = self.maker.workshop.bench().map_err(later)?;
        // A sheet ends long after its last picture, so that its time says nothing.
        let ended = runner.make(&bench.lent(self.file), &plan.step, None, watch);
        ended.map_err(left)?;
        let place = self.maker.shelf.place_of(self.title);
        let mut board = Board {
            interval_ms: plan.interval_ms,
            duration_ms,
            tile: (plan.tile.width, plan.tile.height),
            layout: plan.layout,
            sheets: 0,
            largest_sheet: 0,
            tag: piece("").tag,
        };
        for number in 1..=plan.sheets {
            let name = sheet(number);
            let Ok(known) = fs::metadata(bench.file(&name)) else {
                break;
            };
            bench.hand_over(&name, &place).map_err(later)?;
            board.sheets = number;
            board.largest_sheet = board.largest_sheet.max(known.len());
        }
        if board.sheets == 0 {
            return Ok(());
        }
        // A picture that the last key frame stands for may be missing at the end.
        let shown =
            u64::from(board.sheets * plan.layout.0 * plan.layout.1) * u64::from(plan.interval_ms);
        board.duration_ms = duration_ms.min(shown);
        let mut made = self.made();
        made.board = Some(board);
        self.add(made)
    }
}

/// Passes progress on, and ends the work when nobody wants it any more.
struct Watching<'a> {
    maker: &'a Maker,
    title: &'a Title,
    /// What all of the work costs.
    cost: f64,
    is_stopping: &'a dyn Fn() -> bool,
    /// For what waits until people's jobs leave a place.
    aside: Option<&'a Aside>,
    before: f64,
    share: f64,
    /// Since when it has been working without a pause, and how much was done then.
    pace: Option<(Instant, f64)>,
    /// Since when it has been waiting.
    waits: Option<Instant>,
    /// When those were told that wait for it.
    told: Instant,
}

impl Watch for Watching<'_> {
    fn report(&mut self, progress: &Progress) -> Wish {
        let done = self.before + self.share * progress.fraction;
        let is_kept_waiting =
            |aside: &Aside| !aside.is_free() || self.maker.shelf.waiting.is_busy();
        let is_waiting = self.aside.is_some_and(is_kept_waiting);
        let making = Making {
            done,
            remaining_s: self.remaining_s(done, is_waiting),
            is_waiting,
            ahead: None,
        };
        let shelf = &self.maker.shelf;
        shelf.set_progress(self.title, Some(making));
        if self.told.elapsed() > TELL {
            self.maker.tell_waiting(self.title);
            self.told = Instant::now();
        }
        let titles = shelf.catalog.now();
        let now = titles.get(&self.title.id);
        match () {
            () if (self.is_stopping)() => Wish::Drain,
            () if now.is_none_or(|now| now.version != self.title.version) => Wish::Cancel,
            () if !is_waiting => Wish::Continue,
            () if self.waits.is_some_and(|since| since.elapsed() > PATIENCE) => Wish::Drain,
            () => Wish::Wait,
        }
    }
}

impl Watching<'_> {
    /// How long the rest takes at the pace since the last pause.
    fn remaining_s(&mut self, done: f64, is_waiting: bool) -> Option<f64> {
        if is_waiting {
            self.pace = None;
            self.waits.get_or_insert_with(Instant::now);
            return None;
        }
        self.waits = None;
        let (since, before) = *self.pace.get_or_insert_with(|| (Instant::now(), done));
        let part = (done - before) / (1.0 - before).max(f64::EPSILON);
        let spent_s = since.elapsed().as_secs_f64();
        if part <= LEAST_PART {
            return None;
        }
        let cost = self.cost * (done - before);
        self.maker.shelf.work().set_pace(spent_s, cost);
        Some(spent_s * (1.0 - part) / part)
    }
}

fn piece(file: &str) -> Piece {
    let random = kinora_store::TaskId::random();
    Piece {
        file: file.to_owned(),
        tag: random.as_str()[..8].to_owned(),
    }
}

fn later(error: io::Error) -> Left {
    Left::Later(error.to_string())
}

fn left(stop: Stop) -> Left {
    match stop {
        Stop::Asked(_) => Left::Stopped,
        Stop::Failed {
            transient: true, ..
        } => Left::Later(words(stop)),
        Stop::Failed { .. } => Left::Never(words(stop)),
    }
}
