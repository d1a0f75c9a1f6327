//! What the threads of the library and its callers share: folders, catalog, indexes, and what is kept on disk of them.

use super::catalog::Catalog;
use super::first::First;
use super::folder::{Folder, Stamp, Way, open_known};
use super::indexes::Indexes;
use super::limits;
use super::made::{Made, Piece, Words};
use super::playlists::multivariant;
use super::presentation::{Origin, Part, Presentation, Rendition};
use super::reading::{self, Unread};
use super::show::file_of;
use super::slots::{self, Waiting};
use super::subtitle::{self, Place, Subtitle};
use super::title::{Facts, Title};
use super::work::{Making, Work};
use crate::fault::Fault;
use kinora_jobs::problem;
use kinora_media::info::Video;
use kinora_media::ladder;
use kinora_stream::Index;
use kinora_stream::fragment::{self, Segment};
use kinora_stream::subtitle::Subtitles;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// The file of what was known when the server was last running.
const MEMORY_FILE: &str = "titles.json";

/// Shared by all.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) folders: Vec<Folder>,
    pub(super) catalog: Catalog,
    pub(super) key: [u8; 32],
    /// Lines of the renditions that are made, lowest first.
    heights: Vec<u32>,
    /// They are made in AV1, too.
    pub(super) has_av1: bool,
    /// Bytes that slots of all titles may take; 0: none are made.
    pub(super) slot_space: u64,
    /// Where what is made for titles lies.
    pub(super) place: PathBuf,
    indexes: Indexes,
    memory: Mutex<Memory>,
    /// What has been made, by the names of titles' directories.
    made: RwLock<BTreeMap<String, Arc<Made>>>,
    work: Mutex<Work>,
    /// Who waits for what of titles of which nothing has been made.
    pub(super) waiting: Waiting,
}

/// Facts by the ids of titles.
type Memory = BTreeMap<String, Known>;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Known {
    stamp: Stamp,
    facts: Facts,
}

impl Shelf {
    pub(super) fn new(
        folders: Vec<PathBuf>,
        (heights, has_av1, slot_space): (Vec<u32>, bool, u64),
        key: [u8; 32],
        place: PathBuf,
    ) -> Self {
        let known = fs::read(place.join(MEMORY_FILE)).ok();
        // What cannot be read is found out again.
        let memory = known.and_then(|json| serde_json::from_slice(&json).ok());
        Self {
            folders: folders.into_iter().map(Folder::new).collect(),
            catalog: Catalog::default(),
            heights,
            has_av1,
            slot_space,
            key,
            place,
            indexes: Indexes::default(),
            memory: Mutex::new(memory.unwrap_or_default()),
            made: RwLock::default(),
            work: Mutex::default(),
            waiting: Waiting::default(),
        }
    }

    /// What was known of a file before the server was started again.
    pub(super) fn recall(&self, id: &str, stamp: Stamp) -> Option<Facts> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let known = memory.get(id).filter(|known| known.stamp == stamp)?;
        Some(known.facts.clone())
    }

    /// Writes down what is known of all titles. A failure costs the next start some time, and nothing else.
    pub(super) fn remember(&self) {
        let titles = self.catalog.now();
        let known = |title: &Arc<Title>| Known {
            stamp: title.stamp,
            facts: title.facts.clone(),
        };
        let fresh: Memory = titles
            .iter()
            .map(|(id, title)| (id.clone(), known(title)))
            .collect();
        let written = serde_json::to_vec(&fresh)
            .map_err(io::Error::other)
            .and_then(|json| self.write(MEMORY_FILE, &json));
        if let Err(error) = written {
            tracing::warn!(%error, "what is known of the library cannot be written down");
        }
        *self.memory.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    /// A file of this room, which appears whole or not at all.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let half = self.place.join(format!("{name}.new"));
        let mut file = File::create(&half)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(half, self.place.join(name))
    }

    /// How far what is made of a title now is.
    pub(super) fn set_progress(&self, title: &Title, making: Option<Making>) {
        let now = making.map(|making| (title.id.clone(), making));
        self.work().set_now(now);
    }

    /// The work on all titles.
    pub(super) fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Heights of the renditions that a title gets, lowest first.
    pub(super) fn rungs(&self, title: &Title) -> Vec<u32> {
        let heights = &self.heights;
        let Facts { width, height, .. } = title.facts;
        if heights.is_empty() || width == 0 || height == 0 {
            return Vec::new();
        }
        let video = Video {
            width,
            height,
            ..Video::default()
        };
        let rungs = ladder::rungs(heights, &video);
        rungs.into_iter().map(|rung| rung.height).collect()
    }

    /// What is played of a title.
    pub(super) fn presentation(&self, title: &Title) -> Result<Arc<Presentation>, Fault> {
        let made = self.made(title);
        let state = self.state(title, &made);
        self.indexes.get(&state, || {
            let played = self.present(title, &made)?;
            // Where nothing has been made yet, there is no place for it either.
            let _ = First::new(&state, &played).write(&self.place_of(title));
            Ok(played)
        })
    }

    /// The playlist that players begin with; of a title that nobody has watched lately no index is read for it.
    pub(super) fn first(&self, title: &Title) -> Result<String, Fault> {
        let state = self.state(title, &self.made(title));
        if let Some(played) = self.indexes.find(&state) {
            return Ok(multivariant(&played));
        }
        match self.kept(title, &state)? {
            Some(first) => Ok(first.text),
            None => Ok(multivariant(&*self.presentation(title)?)),
        }
    }

    /// The playlist of a rendition, if it was kept and its index is not there; it is read for none.
    pub(super) fn media(&self, title: &Title, rendition: &str) -> Result<Option<String>, Fault> {
        let state = self.state(title, &self.made(title));
        if self.indexes.find(&state).is_some() {
            return Ok(None);
        }
        let kept = self.kept(title, &state)?;
        Ok(kept.and_then(|mut first| first.media.remove(rendition)))
    }

    /// What is played of a title, if that is in memory. Waits for no disk.
    pub(super) fn ready(&self, title: &Title) -> Option<Arc<Presentation>> {
        let known = self.made.read().unwrap_or_else(PoisonError::into_inner);
        let made = Arc::clone(known.get(&directory(title))?);
        drop(known);
        self.indexes.find(&self.state(title, &made))
    }

    fn kept(&self, title: &Title, state: &str) -> Result<Option<First>, Fault> {
        // Only of the file that it was written for.
        self.open(title, &Origin::Source)?;
        Ok(First::read(&self.place_of(title), state))
    }

    /// What a title is and what has been made of it, as a name.
    fn state(&self, title: &Title, made: &Made) -> String {
        let words = self.subtitles(title, made);
        let words: Vec<&str> = words.iter().map(|each| each.name.as_str()).collect();
        let (name, mut state) = (directory(title), made.state());
        if made.pictures.is_empty() {
            state.extend(self.waiting.state_of(&name));
        }
        format!("{name}.{state}.{}", words.join("."))
    }

    /// Keeps the playlists of a title that was just found, as long as its index is at hand: who watches it first does not
    /// wait for it to be read. Without them he does.
    pub(super) fn prepare(&self, title: &Title, source: Presentation) {
        if title.facts.obstacle.is_some() {
            return;
        }
        let made = self.made(title);
        let place = self.place_of(title);
        let prepared = self.complete(title, &made, source).and_then(|played| {
            make_directory(&place)
                .and_then(|()| First::new(&self.state(title, &made), &played).write(&place))
                .map_err(|error| problem::of_machine("playlists", &error).into())
        });
        if let Err(fault) = prepared {
            tracing::debug!(
                title = title.name,
                reason = fault.problem.description,
                "no playlists are kept of a new title"
            );
        }
    }

    fn present(&self, title: &Title, made: &Made) -> Result<Presentation, Fault> {
        let file = self.open(title, &Origin::Source)?;
        let source = match title.facts.obstacle {
            None => reading::index(&file)
                .and_then(|index| Ok(Presentation::of_source(index)?))
                .map_err(unread)?,
            // Only what was made of it is played, but no longer than it is there itself.
            Some(_) => Presentation::default(),
        };
        self.complete(title, made, source)
    }

    /// What is played of a title: what its own file has, and what was made of it.
    fn complete(
        &self,
        title: &Title,
        made: &Made,
        mut presentation: Presentation,
    ) -> Result<Presentation, Fault> {
        let damaged = |fault: kinora_stream::Fault| unread(fault.into());
        let of = |piece: &Piece| -> Result<Index, Fault> {
            let file = self.open(title, &Origin::Made(piece.file.clone()))?;
            reading::index(&file).map_err(unread)
        };
        for piece in &made.pictures {
            let added = presentation.add_picture(&piece.file, &piece.tag, of(piece)?);
            added.map_err(damaged)?;
        }
        if presentation.videos.is_empty() {
            presentation.duration_ms = title.facts.duration_ms;
            let show = self.waiting.show(&directory(title));
            for part in show.iter().flat_map(|show| show.renditions()) {
                match part.height {
                    0 => presentation.sounds.push(part),
                    _ => presentation.videos.push(part),
                }
            }
        }
        if presentation.videos.is_empty() {
            return Err(unread(
                kinora_stream::Fault::Unsupported("nothing has been made of it yet").into(),
            ));
        }
        for piece in &made.av1 {
            let added = presentation.add_av1(&piece.file, &piece.tag, of(piece)?);
            added.map_err(damaged)?;
        }
        if presentation.sounds.is_empty() {
            for piece in &made.sounds {
                let added = presentation.add_sound(&piece.file, &piece.tag, of(piece)?);
                added.map_err(damaged)?;
            }
        }
        presentation.stage_sound().map_err(damaged)?;
        let board = made.board.as_ref();
        presentation.storyboard = board.map(|board| board.storyboard("sheets/"));
        presentation.subtitles = self.subtitles(title, made);
        Ok(presentation)
    }

    /// Whether slots of a title are made for who waits for them, as long as it has no rendition.
    pub(super) fn has_slots(&self, title: &Title) -> bool {
        let facts = &title.facts;
        let is_wanted = facts.obstacle.is_some() && facts.damage.is_none();
        let has_length = (1..=limits::SLOTS_MS).contains(&facts.duration_ms);
        is_wanted && self.slot_space > 0 && has_length && !self.rungs(title).is_empty()
    }

    /// The rendition of this name that is made slot by slot, when a slot has been made.
    pub(super) fn slots(&self, title: &Title, name: &str) -> Option<Rendition> {
        self.waiting.show(&directory(title))?.find(name)
    }

    /// A segment of a part of them by its number, counted from 1.
    ///
    /// # Errors
    /// `unknown_title` when it is gone, `not_playable` when it cannot be read.
    pub(super) fn slot(
        &self,
        title: &Title,
        part: Part,
        number: u32,
    ) -> Result<(Segment, File), Fault> {
        let show = self.waiting.show(&directory(title));
        let show = show.ok_or_else(unknown_title)?;
        let slot = number.saturating_sub(1);
        let place = self.place_of(title).join(slots::DIRECTORY).join(&show.tag);
        let file = File::open(place.join(file_of(slot, part)));
        let file = file.map_err(|_| unknown_title())?;
        let index = reading::index(&file).map_err(unread)?;
        let track = index.tracks.first().ok_or_else(unknown_title)?;
        let segment = fragment::alone(track, show.begin(slot, track), number);
        Ok((segment.map_err(|fault| unread(fault.into()))?, file))
    }

    /// Whether a slot can be fetched; else it is made.
    ///
    /// # Errors
    /// `not_playable`, `no_page`.
    pub(super) fn want(&self, title: &Arc<Title>, slot: Option<u32>) -> Result<bool, Fault> {
        self.waiting.want(&directory(title), title, slot)
    }

    /// The subtitles of a title: those within its file, then those beside it.
    pub(super) fn subtitles(&self, title: &Title, made: &Made) -> Vec<Subtitle> {
        let within = made.words.iter().map(Words::subtitle);
        let mut all: Vec<Subtitle> = within.chain(title.subtitles(&self.key)).collect();
        subtitle::tell_apart(&mut all);
        all
    }

    /// What they say.
    ///
    /// # Errors
    /// `unknown_title` when they are gone or others, `not_playable` when nobody can read them.
    pub(super) fn words(&self, title: &Title, subtitle: &Subtitle) -> Result<Subtitles, Fault> {
        let file = match &subtitle.place {
            Place::Made(name) => self.open(title, &Origin::Made(name.clone()))?,
            Place::Beside(beside) => {
                let folder = self.folders.get(title.folder).ok_or_else(unknown_title)?;
                let file = folder
                    .open(&beside.path, Way::Any)
                    .map_err(|_| unknown_title())?;
                match Stamp::of(&file) {
                    Ok(now) if now == beside.stamp => file,
                    _ => return Err(unknown_title()),
                }
            }
        };
        reading::words(&file).map_err(|error| match error {
            Unread::Io(error) => problem::of_machine("the subtitles", &error).into(),
            Unread::Fault(fault) => Fault::new(
                "not_playable",
                fault.to_string(),
                "check that the subtitles are SubRip or WebVTT",
            ),
        })
    }

    /// What has been made of a title.
    pub(super) fn made(&self, title: &Title) -> Arc<Made> {
        let name = directory(title);
        let known = self.made.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = known.get(&name) {
            return Arc::clone(made);
        }
        drop(known);
        let read = Arc::new(Made::read(&self.place.join(&name)));
        let mut known = self.made.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(name).or_insert(read))
    }

    /// Takes what has been added, when it is on disk.
    ///
    /// # Errors
    /// When the list cannot be written.
    pub(super) fn add(&self, title: &Title, made: Made) -> io::Result<()> {
        let name = directory(title);
        made.write(&self.place.join(&name))?;
        let mut known = self.made.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(name, Arc::new(made));
        Ok(())
    }

    /// Where what is made of a title lies.
    pub(super) fn place_of(&self, title: &Title) -> PathBuf {
        self.place.join(directory(title))
    }

    /// A file of a title; of its own only as long as it is the one that was indexed.
    pub(super) fn open(&self, title: &Title, origin: &Origin) -> Result<File, Fault> {
        let file = self.find(title, origin, Way::Any);
        let file = file.map_err(|_| unknown_title())?;
        if *origin == Origin::Source {
            let now = Stamp::of(&file);
            let now = now.map_err(|error| problem::of_machine("the title", &error))?;
            if now != title.stamp {
                return Err(unknown_title());
            }
        }
        Ok(file)
    }

    /// The same, if the kernel knows the way to it by heart: waits for no disk and no other machine.
    pub(super) fn at_hand(&self, title: &Title, origin: &Origin) -> Option<File> {
        let file = self.find(title, origin, Way::Known).ok()?;
        let is_same = *origin != Origin::Source || Stamp::of(&file).ok() == Some(title.stamp);
        is_same.then_some(file)
    }

    fn find(&self, title: &Title, origin: &Origin, way: Way) -> io::Result<File> {
        match origin {
            Origin::Source => match self.folders.get(title.folder) {
                Some(folder) => folder.open(&title.path, way),
                None => Err(io::ErrorKind::NotFound.into()),
            },
            Origin::Made(name) => match way {
                Way::Any => File::open(self.place_of(title).join(name)),
                Way::Known => open_known(&self.place_of(title).join(name)),
            },
            Origin::Slots(_) => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// A place for what is made of a title, which is nobody else's business.
pub(super) fn make_directory(place: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).recursive(true).create(place)
}

/// The name of a title's directory.
pub(super) fn directory(title: &Title) -> String {
    format!("{}.{}", title.id, title.version)
}

/// There is no such title, or no longer.
pub(super) fn unknown_title() -> Fault {
    Fault::new(
        "unknown_title",
        "the library has no such title",
        "look into the list again; files that are changed or removed leave it",
    )
}

fn unread(error: Unread) -> Fault {
    match error {
        Unread::Io(error) => problem::of_machine("the title", &error).into(),
        Unread::Fault(fault) => Fault::new(
            "not_playable",
            format!("{fault}"),
            "wait until a rendition of it has been made",
        ),
    }
}
