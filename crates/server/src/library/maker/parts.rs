//! What is kept of a ladder until it is whole, so that the next run goes on where the last one ended.
//!
//! ```text
//! parts.json     the note: what all of it was made for, and which bytes of which files are vouched for
//! N.HEIGHT.mp4   part N of a rendition, in fragments
//! N.record       the frames that went into it, and at first those that it has to go on from
//! ```
//! Files are named here while they are still written to. A note comes after the bytes that it tells of are on disk, and
//! has their BLAKE3: after a power loss what follows them is cut off, and what is not as it was is made again.

use kinora_media::info::Ratio;
use kinora_media::ladder::record::{self, Frame, Line};
use kinora_media::ladder::{Rest, Way};
use kinora_stream::growing::{Fragment, Growing};
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const NOTE: &str = "parts.json";

/// The directory.
#[derive(Debug)]
pub(super) struct Parts {
    directory: PathBuf,
    note: Note,
    /// All frames that there are, in the order of time.
    frames: Vec<Frame>,
    /// Where among them each part begins.
    begins: Vec<usize>,
    /// Where among them the last group begins.
    group: usize,
    /// The first frame that is not there.
    next: Option<Frame>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Note {
    recipe: String,
    /// Nothing is left to be made.
    is_whole: bool,
    parts: Vec<Part>,
}

/// What is vouched for of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// Its frames, the same for each rendition.
    pub(super) frames: usize,
    /// Frames of those before that its record begins with.
    pub(super) known: usize,
    pub(super) pictures: Vec<Held>,
    pub(super) record: Held,
}

/// The beginning of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// BLAKE3 in hex.
    pub(super) digest: String,
}

/// What is in a part.
struct Found {
    own: Vec<Frame>,
    /// The frame that follows.
    next: Option<Frame>,
    /// Frames in its last group.
    last_group: usize,
}

impl Parts {
    /// Opens it for this recipe; what belongs to another one is removed, and what is not vouched for.
    pub(super) fn open(directory: &Path, recipe: &str) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.mode(0o700).recursive(true).create(directory)?;
        let mut parts = Self {
            directory: directory.to_owned(),
            note: Note {
                recipe: recipe.to_owned(),
                ..Note::default()
            },
            frames: Vec::new(),
            begins: Vec::new(),
            group: 0,
            next: None,
        };
        let read = fs::read(parts.path(NOTE)).ok();
        let note = read.and_then(|json| serde_json::from_slice::<Note>(&json).ok());
        if let Some(note) = note.filter(|note| note.recipe == recipe) {
            let noted = note.parts.len();
            for part in note.parts {
                if !parts.readmit(part) {
                    break;
                }
            }
            parts.note.is_whole = note.is_whole && parts.count() == noted;
        }
        if !parts.is_whole() && parts.next.is_none() {
            // Nothing says where to go on.
            parts.clear()?;
        }
        parts.tidy()?;
        Ok(parts)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.note.parts.len()
    }

    /// Whether nothing is left to be made.
    pub(super) fn is_whole(&self) -> bool {
        self.note.is_whole
    }

    /// All frames that there are.
    pub(super) fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Where a file of this name is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// What is left; `None` when that is all.
    pub(super) fn rest(&self, way: Way) -> Option<Rest> {
        let at = |frame: Option<&Frame>| frame.map(|frame| frame.shown);
        Some(Rest {
            first: at(self.frames.first())?,
            group: at(self.frames.get(self.group))?,
            last: at(self.frames.last())?,
            next: at(self.next.as_ref())?,
            way,
        })
    }

    /// What the record of a run begins with that goes on from here: the frames from where it begins to look, and the
    /// first that is wanted.
    pub(super) fn known(&self, way: Way) -> Vec<Frame> {
        let from = match way {
            Way::Index => self.group,
            Way::Decoding => 0,
        };
        let known = self.frames.get(from..).unwrap_or_default().iter();
        known.chain(&self.next).copied().collect()
    }

    /// The parts of a rendition, by its place in the ladder: the name of each, and its length in nanoseconds.
    pub(super) fn list(&self, place: usize, tick: Ratio) -> Vec<(String, u64)> {
        let at = |number: usize| self.frames.get(number).map(|frame| frame.shown);
        let end = self.frames.last().map_or(0, |frame| frame.shown + 1);
        let begins = self.begins.iter().map(|begin| at(*begin).unwrap_or(end));
        let begins: Vec<i64> = begins.chain([end]).collect();
        let length_ns = |ticks: i64| {
            let exact = i128::from(ticks) * i128::from(tick.num) * 1_000_000_000;
            u64::try_from(exact / i128::from(tick.den)).unwrap_or(0)
        };
        let lengths = begins.iter().zip(begins.iter().skip(1));
        let lengths = lengths.map(|(from, to)| length_ns(to - from));
        let names = self.note.parts.iter();
        let names = names.filter_map(|part| Some(part.pictures.get(place)?.name.clone()));
        names.zip(lengths).collect()
    }

    /// Whether all parts of a rendition have the same parameter sets, byte for byte.
    pub(super) fn is_uniform(&self, place: usize) -> io::Result<bool> {
        let mut heads = Vec::new();
        for part in &self.note.parts {
            let Some(held) = part.pictures.get(place) else {
                return Ok(false);
            };
            heads.push(head(&open(&self.path(&held.name))?)?);
        }
        let is_same = heads.iter().all(|head| Some(head) == heads.first());
        Ok(is_same)
    }

    /// Notes that a part has grown, or begun: `number` counts from 0, `more` are its frames that are new, the last group
    /// has `last_group` of them. Without a next frame nothing is left.
    pub(super) fn grow(
        &mut self,
        number: usize,
        part: Part,
        more: &[Frame],
        last_group: usize,
        next: Option<Frame>,
    ) -> io::Result<()> {
        self.note.parts.truncate(number);
        if self.begins.len() == number {
            self.begins.push(self.frames.len());
        }
        self.note.parts.push(part);
        self.frames.extend_from_slice(more);
        self.group = self.frames.len().saturating_sub(last_group);
        self.next = next;
        self.write(next.is_none())
    }

    fn write(&mut self, is_whole: bool) -> io::Result<()> {
        self.note.is_whole = is_whole;
        let json = serde_json::to_vec(&self.note).map_err(io::Error::other)?;
        let half = self.path("parts.new");
        let mut file = File::create(&half)?;
        file.write_all(&json)?;
        file.sync_all()?;
        // The names of the parts, before the note that has them.
        File::open(&self.directory)?.sync_all()?;
        fs::rename(half, self.path(NOTE))?;
        File::open(&self.directory)?.sync_all()
    }

    /// Forgets everything; the note first, so that a half-cleared directory is cleared again.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.note.parts.clear();
        self.note.is_whole = false;
        (self.frames, self.begins) = (Vec::new(), Vec::new());
        (self.group, self.next) = (0, None);
        match fs::remove_file(self.path(NOTE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.tidy()
    }

    /// Removes the directory.
    pub(super) fn remove(directory: &Path) {
        // What cannot be removed goes with the title.
        let _ = fs::remove_dir_all(directory);
    }

    /// Takes a part up again, if it is what was vouched for.
    fn readmit(&mut self, part: Part) -> bool {
        let found = match self.read(&part) {
            Ok(Some(found)) => found,
            not => {
                let error = not.err();
                tracing::warn!(directory = ?self.directory, ?error, "a part of a rendition is made again");
                return false;
            }
        };
        self.begins.push(self.frames.len());
        self.frames.extend(found.own);
        self.group = self.frames.len().saturating_sub(found.last_group);
        self.next = found.next;
        self.note.parts.push(part);
        true
    }

    /// What is in a part; `None` when it is not as it was.
    fn read(&self, part: &Part) -> io::Result<Option<Found>> {
        for held in part.pictures.iter().chain([&part.record]) {
            let file = open(&self.path(&held.name))?;
            if file.metadata()?.len() < held.bytes || digest(&file, held.bytes)? != held.digest {
                return Ok(None);
            }
            file.set_len(held.bytes)?;
        }
        let mut last_group = 0;
        for held in &part.pictures {
            let groups = fragments(&open(&self.path(&held.name))?, held.bytes)?;
            let frames: usize = groups.iter().map(|each| each.frames as usize).sum();
            if frames != part.frames {
                return Ok(None);
            }
            last_group = groups.last().map_or(0, |each| each.frames as usize);
        }
        let lines = BufReader::new(open(&self.path(&part.record.name))?).lines();
        let mut frames = Vec::new();
        for line in lines {
            match record::line(&line?) {
                Some(Line::Frame(frame)) => frames.push(frame),
                Some(_) => {}
                None => return Ok(None),
            }
        }
        let end = part.known + part.frames;
        let next = frames.get(end).copied();
        let own = frames.get(part.known..end).map(<[Frame]>::to_vec);
        Ok(own.map(|own| Found {
            own,
            next,
            last_group,
        }))
    }

    /// Removes what the note does not have.
    fn tidy(&self) -> io::Result<()> {
        let held = |name: &str| {
            let parts = self.note.parts.iter();
            let mut all = parts.flat_map(|part| part.pictures.iter().chain([&part.record]));
            name == NOTE || all.any(|held| held.name == name)
        };
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            if !entry.file_name().to_str().is_some_and(held) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// A file that a child has written: never through a link.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = flags.bits().cast_signed();
    let file = File::options()
        .read(true)
        .write(true)
        .custom_flags(flags)
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn digest(file: &File, bytes: u64) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file.take(bytes))?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Takes the next step of a walk; `None` when the file has not grown enough.
pub(super) fn step(
    walk: &mut Growing,
    file: &File,
    length: u64,
) -> io::Result<Option<Option<Fragment>>> {
    let wanted = walk.wanted();
    if wanted.offset.saturating_add(wanted.length) > length {
        return Ok(None);
    }
    // At most `stream::limits::FRAGMENT_TABLE_BYTES`.
    let mut bytes = vec![0; usize::try_from(wanted.length).unwrap_or(0)];
    file.read_exact_at(&mut bytes, wanted.offset)?;
    walk.feed(&bytes).map(Some).map_err(io::Error::other)
}

fn fragments(file: &File, length: u64) -> io::Result<Vec<Fragment>> {
    let (mut walk, mut found) = (Growing::default(), Vec::new());
    while let Some(fragment) = step(&mut walk, file, length)? {
        found.extend(fragment);
    }
    Ok(found)
}

/// What lies before the first fragment.
fn head(file: &File) -> io::Result<Vec<u8>> {
    /// Some kilobytes of parameter sets, and nothing else.
    const MOST: u64 = 1 << 20;
    let length = file.metadata()?.len();
    let mut walk = Growing::default();
    while walk.begin().is_none() && step(&mut walk, file, length)?.is_some() {}
    let length = walk.begin().unwrap_or(0).min(MOST);
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
