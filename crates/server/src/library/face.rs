//! The face of the library: list, look, open, permit; start and stop.

use super::catalog::{Page, Wanted};
use super::keeper::Keeper;
use super::made::Made;
use super::maker::Maker;
use super::playlists::StagedTitle;
use super::presentation::{Origin, Presentation};
use super::shelf::{Shelf, unknown_title};
use super::title::Title;
use super::workshop::Workshop;
use crate::access::key;
use crate::config::LibraryConfig;
use crate::fault::Fault;
use kinora_jobs::{clock, problem};
use kinora_store::contract::Problem;
use kinora_stream::token::{self, Refusal, Scope};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The file of the key that permissions are signed with, within the data directory.
const KEY_FILE: &str = "library.key";
/// Where what belongs to the library lies, within the data directory.
const PLACE: &str = "library";

/// A permission lasts for two to three of these, in seconds: it stays the same for one, so that what players keep by
/// its address is used again, and is good for an evening.
const WATCH_SPAN_S: u64 = 6 * 3600;
/// No link is good for longer, in seconds: there is no way to take one back.
const LONGEST_S: u64 = 366 * 24 * 3600;
/// Between two looks for titles that lack something.
const IDLE: Duration = Duration::from_secs(1);

/// The service.
#[derive(Debug)]
pub(crate) struct Library {
    shelf: Arc<Shelf>,
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
        let place = data.join(PLACE);
        std::fs::create_dir_all(&place)
            .map_err(|error| problem::of_machine(&place.display().to_string(), &error))?;
        let folders: Result<Vec<PathBuf>, Problem> =
            config.directories.iter().map(|each| folder(each)).collect();
        let shelf = Arc::new(Shelf::new(folders?, config.heights.clone(), key, place));
        let library = Self {
            shelf,
            stopping: Arc::default(),
            threads: Mutex::default(),
        };
        if !library.shelf.folders.is_empty() {
            library.keep(workshop);
        }
        Ok(library)
    }

    /// Whether there is one.
    pub(crate) fn is_there(&self) -> bool {
        !self.shelf.folders.is_empty()
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

    /// A file that a rendition is cut out of.
    ///
    /// # Errors
    /// `unknown_title` when it is gone or another one.
    pub(crate) fn open(&self, title: &Title, origin: &Origin) -> Result<File, Fault> {
        self.shelf.open(title, origin)
    }

    /// Whether players can begin with it now.
    pub(crate) fn is_playable(&self, title: &Title) -> bool {
        if title.facts.damage.is_some() {
            return false;
        }
        title.facts.obstacle.is_none() || !self.shelf.made(title).pictures.is_empty()
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

    /// A link to a title, good for so many seconds; without a wish for an evening.
    pub(crate) fn link(&self, title: &Arc<Title>, lasts_s: Option<u64>) -> Link {
        let now_s = u64::try_from(clock::now() / 1000).unwrap_or(0);
        let expires_s = match lasts_s {
            Some(lasts_s) => now_s.saturating_add(lasts_s.min(LONGEST_S)),
            None => (now_s / WATCH_SPAN_S + 3) * WATCH_SPAN_S,
        };
        Link {
            title: Arc::clone(title),
            permission: self.permit(title, expires_s),
            expires_s,
            is_playable: self.is_playable(title),
            is_staged: self.is_staged(title),
        }
    }

    /// A permission to watch a title until a time in seconds since 1970.
    fn permit(&self, title: &Title, expires_s: u64) -> String {
        token::sign(&self.shelf.key, &title.id, Scope::Watch, expires_s)
    }

    /// Looks at a permission.
    ///
    /// # Errors
    /// `invalid_link`, `link_expired`.
    pub(crate) fn check(&self, id: &str, permission: &str) -> Result<(), Fault> {
        let now_s = u64::try_from(clock::now() / 1000).unwrap_or(0);
        let checked = token::verify(&self.shelf.key, id, permission, now_s);
        checked.map(|_| ()).map_err(|refusal| match refusal {
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

    fn keep(&self, workshop: Workshop) {
        let mut keeper = Keeper::new(Arc::clone(&self.shelf), workshop.clone());
        let stopping = Arc::clone(&self.stopping);
        self.spawn("library", move || while !stopping.after(keeper.scan()) {});
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

    /// How much of what is made of it now is done, 0 to 1; `None` while nothing is.
    pub(crate) fn progress(&self, title: &Title) -> Option<f64> {
        self.shelf.progress(title)
    }
}

impl Stopping {
    /// Waits so long, or until everything stops; whether it does.
    fn after(&self, pause: Duration) -> bool {
        let stopping = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.1.wait_timeout_while(stopping, pause, |is| !*is);
        *waited.unwrap_or_else(PoisonError::into_inner).0
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
