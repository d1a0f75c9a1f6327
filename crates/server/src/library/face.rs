//! The face of the library: list, look, open, permit; start and stop.

use super::catalog::{Page, Wanted};
use super::demand::Demand;
use super::folder::Folder;
use super::keeper::Keeper;
use super::kept::{Keepsake, Shelter};
use super::made::Made;
use super::maker::Maker;
use super::playlists::StagedTitle;
use super::presentation::{Origin, Presentation, Rendition};
use super::shelf::{self, Shelf, unknown_title};
use super::show::NOW;
use super::subtitle::Subtitle;
use super::title::{self, Title};
use super::work::Making;
use super::workshop::Workshop;
use crate::access::{GivenLink, Links, given, key};
use crate::config::LibraryConfig;
use crate::fault::Fault;
use kinora_jobs::{clock, problem};
use kinora_store::contract::Problem;
use kinora_stream::fragment::Segment;
use kinora_stream::subtitle::Subtitles;
use kinora_stream::token::{self, Grant, Refusal, Scope};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::futures::Notified;

/// The file of the key that titles get their ids from, within the data directory.
const KEY_FILE: &str = "library.key";
/// Where what belongs to the library lies, within the data directory.
const PLACE: &str = "library";

/// A permission lasts for two to three of these, in seconds: it stays the same for one, so that what players keep by
/// its address is used again, and is good for an evening.
const WATCH_SPAN_S: u64 = 6 * 3600;
/// No link is good for longer, in seconds.
const LONGEST_S: u64 = 366 * 24 * 3600;
/// Between two looks for titles that lack something.
const IDLE: Duration = Duration::from_secs(1);

/// The service.
#[derive(Debug)]
pub(crate) struct Library {
    shelf: Arc<Shelf>,
    links: Links,
    /// Where results may be put, if they may.
    shelter: Option<Shelter>,
    stopping: Arc<Stopping>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// A title, and a permission to watch it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) title: Arc<Title>,
    pub(crate) permission: String,
    /// Seconds since 1970.
    pub(crate) expires_s: u64,
    pub(crate) is_playable: bool,
    pub(crate) is_staged: bool,
    /// What is made of it now, or will be.
    pub(crate) making: Option<Making>,
    pub(crate) subtitles: Vec<Subtitle>,
}

impl Link {
    /// The address of a file of the title.
    pub(crate) fn file(&self, name: &str) -> String {
        let Title { id, version, .. } = &*self.title;
        format!("/watch/{}/{id}/{version}/{name}", self.permission)
    }
}

/// Whether to stop, and the bell for it.
#[derive(Debug, Default)]
struct Stopping(Mutex<bool>, Condvar);

impl Library {
    /// Begins to look into the folders, if there are any.
    ///
    /// # Errors
    /// When a folder is not there, or the data directory cannot be written.
    pub(crate) fn start(
        config: &LibraryConfig,
        data: &Path,
        workshop: Workshop,
    ) -> Result<Self, Problem> {
        let key = data.join(KEY_FILE);
        let key = key::open(&key)
            .map_err(|error| problem::of_machine(&key.display().to_string(), &error))?;
        let links = Links::open(data)
            .map_err(|error| problem::of_machine(&data.display().to_string(), &error))?;
        let place = data.join(PLACE);
        std::fs::create_dir_all(&place)
            .map_err(|error| problem::of_machine(&place.display().to_string(), &error))?;
        let (folders, shelter) = folders(config, data)?;
        let shelter = shelter.map(|path| Shelter::new(Folder::new(path), workshop.margin));
        if config.av1 && workshop.av1.is_none() {
            tracing::warn!(
                "library.av1 is on, but no FFmpeg here puts the key frames of AV1 where they belong; none is made"
            );
        }
        let rungs = (config.heights.clone(), config.av1, config.slot_space);
        let shelf = Arc::new(Shelf::new(folders, rungs, key, place));
        let library = Self {
            shelf,
            links,
            shelter,
            stopping: Arc::default(),
            threads: Mutex::default(),
        };
        if !library.shelf.folders.is_empty() {
            library.look_after(workshop);
        }
        Ok(library)
    }

    /// Whether there is one.
    pub(crate) fn is_there(&self) -> bool {
        !self.shelf.folders.is_empty()
    }

    /// Whether results may be put into it.
    pub(crate) fn can_keep(&self) -> bool {
        self.shelter.is_some()
    }

    /// Puts a result into the folder that is meant for them: the name of its file, and the id of the title that it is
    /// as soon as it has been seen there.
    ///
    /// # Errors
    /// `keeping_is_off`, `not_a_video`, `disk_full`, `too_many_requests`, or what the disk says.
    pub(crate) fn keep(&self, keepsake: Keepsake<'_>) -> Result<(String, String), Fault> {
        let shelter = self.shelter.as_ref().ok_or_else(|| {
            Fault::new(
                "keeping_is_off",
                "this server puts no results into its library",
                "download the result; the server's operator can set library.keep_in",
            )
        })?;
        let name = shelter.keep(keepsake)?;
        let place = shelter.path().join(&name);
        let mut folders = self.shelf.folders.iter();
        let id = folders.find_map(|folder| {
            let below = place.strip_prefix(folder.path()).ok()?;
            Some(title::id(&self.shelf.key, folder.path(), below))
        });
        Ok((name, id.unwrap_or_default()))
    }

    /// Some of the titles.
    pub(crate) fn list(&self, wanted: &Wanted) -> Page {
        self.shelf.catalog.list(wanted)
    }

    /// One title.
    ///
    /// # Errors
    /// `unknown_title`.
    pub(crate) fn title(&self, id: &str) -> Result<Arc<Title>, Fault> {
        let titles = self.shelf.catalog.now();
        titles.get(id).cloned().ok_or_else(unknown_title)
    }

    /// What is played of it. Reads the file's index when it is not in memory.
    ///
    /// # Errors
    /// `unknown_title` when the file is gone or another one, `not_playable`.
    pub(crate) fn presentation(&self, title: &Title) -> Result<Arc<Presentation>, Fault> {
        self.shelf.presentation(title)
    }

    /// The playlist that players begin with.
    ///
    /// # Errors
    /// As [`Self::presentation`].
    pub(crate) fn first(&self, title: &Title) -> Result<String, Fault> {
        self.shelf.first(title)
    }

    /// The playlist of a rendition, as it was kept for a title whose index is not in memory.
    ///
    /// # Errors
    /// `unknown_title` when the file is gone or another one.
    pub(crate) fn media(&self, title: &Title, rendition: &str) -> Result<Option<String>, Fault> {
        self.shelf.media(title, rendition)
    }

    /// What is played of it, if segments can be found without reading an index. Never waits for a disk.
    pub(crate) fn ready(&self, title: &Title) -> Option<Arc<Presentation>> {
        self.shelf.ready(title)
    }

    /// A file that a rendition is cut out of.
    ///
    /// # Errors
    /// `unknown_title` when it is gone or another one.
    pub(crate) fn open(&self, title: &Title, origin: &Origin) -> Result<File, Fault> {
        self.shelf.open(title, origin)
    }

    /// The same, if the kernel finds it without asking a disk. Never waits.
    pub(crate) fn at_hand(&self, title: &Title, origin: &Origin) -> Option<File> {
        self.shelf.at_hand(title, origin)
    }

    /// Whether players can begin with it now.
    pub(crate) fn is_playable(&self, title: &Title) -> bool {
        if title.facts.damage.is_some() {
            return false;
        }
        title.facts.obstacle.is_none()
            || !self.shelf.made(title).pictures.is_empty()
            || self.is_made_for_who_waits(title)
    }

    fn is_made_for_who_waits(&self, title: &Title) -> bool {
        self.shelf.has_slots(title) && self.shelf.waiting.is_hopeful(&shelf::directory(title))
    }

    /// Whether what is asked of a title may have to be made first: a rendition of this name, or any.
    pub(crate) fn is_made_first(&self, id: &str, part: &str) -> bool {
        let titles = self.shelf.catalog.now();
        titles.get(id).is_some_and(|title| {
            self.shelf.has_slots(title)
                && (part.starts_with(NOW) || self.shelf.made(title).pictures.is_empty())
        })
    }

    /// Wakes who waits for slots, with each that is made. To be held before one looks.
    pub(crate) fn told(&self) -> Notified<'_> {
        self.shelf.waiting.told()
    }

    /// Whether a slot can be fetched; else it is made. Without a number: whether playlists can be written.
    ///
    /// # Errors
    /// `not_playable` when none can be made, `no_page` when there is none of that number.
    pub(crate) fn want(&self, title: &Arc<Title>, slot: Option<u32>) -> Result<bool, Fault> {
        self.shelf.want(title, slot)
    }

    /// The rendition of this name that is made slot by slot.
    pub(crate) fn slots(&self, title: &Title, name: &str) -> Option<Rendition> {
        self.shelf.slots(title, name)
    }

    /// A segment of it by its number, counted from 1, and the file that it lies in.
    ///
    /// # Errors
    /// `unknown_title` when it is gone, `not_playable` when it cannot be read.
    pub(crate) fn slot(
        &self,
        title: &Title,
        rendition: &Rendition,
        number: u32,
    ) -> Result<(Segment, File), Fault> {
        match rendition.origin {
            Origin::Slots(part) => self.shelf.slot(title, part, number),
            _ => Err(unknown_title()),
        }
    }

    /// A picture that was made of it, if there is one of that name.
    ///
    /// # Errors
    /// `unknown_title` when it is gone.
    pub(crate) fn picture(&self, title: &Title, file: &str) -> Result<Option<File>, Fault> {
        let made = self.shelf.made(title);
        let is_poster = made
            .poster
            .as_ref()
            .is_some_and(|poster| poster.file == file);
        match is_poster || made.is_sheet(file) {
            true => self
                .shelf
                .open(title, &Origin::Made(file.to_owned()))
                .map(Some),
            false => Ok(None),
        }
    }

    /// What subtitles of it say.
    ///
    /// # Errors
    /// `unknown_title` when they are gone or others, `not_playable` when nobody can read them.
    pub(crate) fn words(&self, title: &Title, subtitle: &Subtitle) -> Result<Subtitles, Fault> {
        self.shelf.words(title, subtitle)
    }

    /// Its subtitles.
    pub(crate) fn subtitles(&self, title: &Title) -> Vec<Subtitle> {
        self.shelf.subtitles(title, &self.shelf.made(title))
    }

    /// What has been made of it.
    pub(crate) fn made(&self, title: &Title) -> Arc<Made> {
        self.shelf.made(title)
    }

    /// The staged title.
    ///
    /// # Errors
    /// `missing_renditions`, which are named.
    pub(crate) fn staged<'a>(
        &self,
        title: &Title,
        played: &'a Presentation,
    ) -> Result<StagedTitle<'a>, Fault> {
        StagedTitle::new(played, self.stages(title)).map_err(|refusal| {
            Fault::new(
                "missing_renditions",
                refusal.to_string(),
                "wait until it has been made, or watch the title at one height",
            )
        })
    }

    /// Whether there is a staged title: all that it takes has been made.
    pub(crate) fn is_staged(&self, title: &Title) -> bool {
        let made = self.shelf.made(title);
        let has = |height: u32| {
            made.pictures
                .iter()
                .any(|piece| piece.file == format!("{height}.mp4"))
        };
        self.stages(title).into_iter().all(has)
    }

    /// The lowest, the middle and the highest of the heights that are made of a title.
    fn stages(&self, title: &Title) -> [u32; 3] {
        let rungs = self.shelf.rungs(title);
        let at = |place: usize| rungs.get(place).copied().unwrap_or(0);
        let last = rungs.len().saturating_sub(1);
        [at(0), at(last.div_ceil(2)), at(last)]
    }

    /// A link to a title for a holder, good for so many seconds; without a wish for an evening.
    pub(crate) fn link(&self, title: &Arc<Title>, lasts_s: Option<u64>, holder: u64) -> Link {
        let now_s = now_s();
        let expires_s = match lasts_s {
            Some(lasts_s) => now_s.saturating_add(lasts_s.min(LONGEST_S)),
            None => (now_s / WATCH_SPAN_S + 3) * WATCH_SPAN_S,
        };
        Link {
            title: Arc::clone(title),
            permission: self.permit(title, expires_s, holder),
            expires_s,
            is_playable: self.is_playable(title),
            is_staged: self.is_staged(title),
            making: self.progress(title),
            subtitles: self.subtitles(title),
        }
    }

    /// Writes down links that are about to be given to this holder of a token, or to nobody in particular.
    ///
    /// # Errors
    /// `too_many_links`, or what the disk says.
    pub(crate) fn note(&self, links: &[Link], holder: &str) -> Result<(), Fault> {
        let now_s = now_s();
        let given = links.iter().filter_map(|link| {
            Some(GivenLink {
                id: given::id(&link.permission)?.to_owned(),
                name: link.title.name.clone(),
                holder: holder.to_owned(),
                made_s: now_s,
                expires_s: link.expires_s,
                is_revoked: false,
            })
        });
        let noted = self.links.note(given.collect(), now_s);
        noted.map_err(|error| match error.kind() {
            std::io::ErrorKind::QuotaExceeded => Fault::new(
                "too_many_links",
                "there are as many links as this server keeps a list of",
                "ask for one that is good for a shorter time later on; the operator can take others back (kinora share --list)",
            ),
            _ => problem::of_machine("the list of links", &error).into(),
        })
    }

    /// Links that were written down and are good.
    ///
    /// # Errors
    /// What the disk says.
    pub(crate) fn given(&self) -> Result<Vec<GivenLink>, Fault> {
        let given = self.links.given(now_s());
        given.map_err(|error| problem::of_machine("the list of links", &error).into())
    }

    /// Takes one of them back.
    ///
    /// # Errors
    /// `unknown_link`, or what the disk says.
    pub(crate) fn revoke(&self, id: &str) -> Result<(), Fault> {
        match self.links.revoke(id, now_s()) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Fault::new(
                "unknown_link",
                "there is no such link",
                "look into the list again; links that have ended leave it",
            )),
            Err(error) => Err(problem::of_machine("the list of links", &error).into()),
        }
    }

    /// A permission to watch a title until a time in seconds since 1970. Without a key it is one that nobody takes.
    fn permit(&self, title: &Title, expires_s: u64, holder: u64) -> String {
        let grant = Grant {
            scope: Scope::Watch,
            expires_s,
            holder,
        };
        let key = self.links.key();
        key.map_or_else(String::new, |key| token::sign(&key, &title.id, &grant))
    }

    /// Looks at a permission, and says whose it is.
    ///
    /// # Errors
    /// `invalid_link`, `link_expired`.
    pub(crate) fn check(&self, id: &str, permission: &str) -> Result<u64, Fault> {
        let now_s = now_s();
        let checked = match self.links.key() {
            Some(key) => token::verify(&key, id, permission, now_s),
            None => Err(Refusal::Invalid),
        };
        if checked.is_ok() && self.links.is_revoked(permission) {
            return Err(Fault::new(
                "link_expired",
                "the link was taken back",
                "ask for another one",
            ));
        }
        checked
            .map(|grant| grant.holder)
            .map_err(|refusal| match refusal {
                Refusal::Invalid => Fault::new(
                    "invalid_link",
                    refusal.to_string(),
                    "copy it whole, or ask for another one",
                ),
                Refusal::Expired => Fault::new(
                    "link_expired",
                    refusal.to_string(),
                    "ask for another one, or open the title in the library again",
                ),
            })
    }

    /// Ends all threads.
    pub(crate) fn stop(&self) {
        *self
            .stopping
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = true;
        self.stopping.1.notify_all();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the library had panicked");
            }
        }
    }

    fn look_after(&self, workshop: Workshop) {
        let mut keeper = Keeper::new(Arc::clone(&self.shelf), workshop.clone());
        let stopping = Arc::clone(&self.stopping);
        self.spawn("library", move || while !stopping.after(keeper.scan()) {});
        let mut demand = Demand::new(Arc::clone(&self.shelf), workshop.clone());
        let stopping = Arc::clone(&self.stopping);
        self.spawn("slots", move || {
            let is_stopping = || stopping.after(Duration::ZERO);
            while !is_stopping() {
                demand.turn(&is_stopping);
            }
        });
        let mut maker = Maker::new(Arc::clone(&self.shelf), workshop);
        let stopping = Arc::clone(&self.stopping);
        self.spawn("renditions", move || {
            let is_stopping = || stopping.after(Duration::ZERO);
            loop {
                let pause = match maker.turn(&is_stopping) {
                    true => Duration::ZERO,
                    false => IDLE,
                };
                if stopping.after(pause) {
                    break;
                }
            }
        });
    }

    fn spawn(&self, name: &str, body: impl FnOnce() + Send + 'static) {
        let thread = std::thread::Builder::new().name(name.to_owned());
        let thread = thread
            .spawn(body)
            .expect("a thread can be started while the server starts");
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.push(thread);
    }

    /// How far what is made of it is, or when its turn comes; `None` when there is nothing to be made.
    pub(crate) fn progress(&self, title: &Title) -> Option<Making> {
        self.shelf.work().of(&title.id)
    }

    /// How far what is made of any title is.
    pub(crate) fn making(&self) -> Option<Making> {
        self.shelf.work().now()
    }

    /// Titles that can be watched or will be.
    pub(crate) fn count(&self) -> usize {
        self.shelf.catalog.now().len()
    }
}

/// Seconds since 1970.
fn now_s() -> u64 {
    u64::try_from(clock::now() / 1000).unwrap_or(0)
}

impl Stopping {
    /// Waits so long, or until everything stops; whether it does.
    fn after(&self, pause: Duration) -> bool {
        let stopping = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.1.wait_timeout_while(stopping, pause, |is| !*is);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The folders that are looked into, and the one of them that results may be put into.
fn folders(
    config: &LibraryConfig,
    data: &Path,
) -> Result<(Vec<PathBuf>, Option<PathBuf>), Problem> {
    let all: Result<Vec<PathBuf>, Problem> =
        config.directories.iter().map(|each| folder(each)).collect();
    let mut all = all?;
    let shelter = match config.keep_in.as_os_str().is_empty() {
        true => None,
        false => Some(folder(&config.keep_in)?),
    };
    if let Some(shelter) = &shelter {
        let writable = Folder::new(shelter.clone()).is_writable();
        writable.map_err(|error| Problem {
            code: "no_library".into(),
            description: format!("{}: {error}", shelter.display()),
            solution: "let the server's user write there, or set library.keep_in to another folder"
                .into(),
        })?;
        if !all.iter().any(|each| shelter.starts_with(each)) {
            all.push(shelter.clone());
        }
    }
    let data = std::fs::canonicalize(data)
        .map_err(|error| problem::of_machine(&data.display().to_string(), &error))?;
    let is_mixed = |folder: &&PathBuf| folder.starts_with(&data) || data.starts_with(folder);
    match all.iter().find(is_mixed) {
        None => Ok((all, shelter)),
        Some(folder) => Err(Problem {
            code: "library_holds_data".into(),
            description: format!(
                "the library's folder {} and the data directory {} lie within each other",
                folder.display(),
                data.display()
            ),
            solution: "what the server keeps for itself must not be shown: choose another folder, or another data directory with --data"
                .into(),
        }),
    }
}

/// As the kernel knows it, so that ids do not depend on how the operator spells it.
fn folder(path: &Path) -> Result<PathBuf, Problem> {
    let known = std::fs::canonicalize(path).and_then(|path| match path.is_dir() {
        true => Ok(path),
        false => Err(std::io::ErrorKind::NotADirectory.into()),
    });
    known.map_err(|error| Problem {
        code: "no_library".into(),
        description: format!("{}: {error}", path.display()),
        solution: "make the folder, or name another one with --library".into(),
    })
}
