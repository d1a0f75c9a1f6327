//! A part of a ladder while it is made: what FFmpeg has written so far is looked at, compared with what is known, and
//! vouched for now and then.

use super::parts::{Held, Part, Parts, open, step};
use crate::library::second::Second;
use crate::library::workshop::Bench;
use kinora_media::info::Ratio;
use kinora_media::ladder::record::{self, Frame, Line};
use kinora_media::ladder::{Ladder, Way};
use kinora_stream::growing::Growing;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Groups that are vouched for at once, at least: so many times two seconds are made again after a power loss.
const GROUPS: usize = 10;
/// What vouching takes is followed by so many times as long a pause, so that it takes no more than a fiftieth of the time.
const REST_FACTOR: u32 = 50;
/// Bytes of a file that are read at once.
const PIECE: usize = 1 << 20;
/// Bytes of a line of a record.
const LINE: usize = 500;

/// Why a part is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The disk refuses.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The run did not begin where it should have.
    #[error("a run that went on did not find the frames that were there before")]
    Astray,
    /// Renditions, or their record, have different frames.
    #[error("a rendition is not sound: {0}")]
    Unsound(&'static str),
}

/// The part.
#[derive(Debug)]
pub(super) struct Growth<'a> {
    parts: &'a mut Parts,
    number: usize,
    tick: Ratio,
    /// What the record has to begin with, the first wanted frame among it.
    known: Vec<Frame>,
    compared: usize,
    pictures: Vec<Picture>,
    record: Record,
    /// Groups and frames that are vouched for.
    noted: (usize, usize),
    /// When that was, and how long it took.
    at: Instant,
    cost: Duration,
}

/// A file of pictures.
#[derive(Debug)]
struct Picture {
    file: Written,
    walk: Growing,
    /// Where each group ends, and how many frames there are up to there.
    groups: Vec<(u64, usize)>,
}

#[derive(Debug)]
struct Record {
    file: Written,
    read: u64,
    /// The beginning of a line.
    half: Vec<u8>,
    frames: Vec<Frame>,
    /// Where the line of each ends.
    ends: Vec<u64>,
}

/// A file that a child writes to.
#[derive(Debug)]
struct Written {
    name: String,
    path: PathBuf,
    /// As soon as it is there.
    file: Option<File>,
    hasher: blake3::Hasher,
    /// Bytes that have been hashed.
    hashed: u64,
    second: Second,
}

impl<'a> Growth<'a> {
    /// A part that is about to be made on a bench: its number, and what its files' names begin with.
    pub(super) fn new(parts: &'a mut Parts, plan: &Ladder, way: Way, bench: &Bench) -> Self {
        let number = parts.count();
        let prefix = prefix(number);
        let written = |name: &str| Written::new(format!("{prefix}{name}"), bench);
        let pictures = plan.rungs.iter().map(|(_, name)| Picture {
            file: written(name),
            walk: Growing::default(),
            groups: Vec::new(),
        });
        Self {
            number,
            tick: plan.tick,
            known: parts.known(way),
            compared: 0,
            pictures: pictures.collect(),
            record: Record {
                file: written("record"),
                read: 0,
                half: Vec::new(),
                frames: Vec::new(),
                ends: Vec::new(),
            },
            noted: (0, 0),
            at: Instant::now(),
            cost: Duration::ZERO,
            parts,
        }
    }

    /// Looks at what has been written, and vouches for it when that is due.
    ///
    /// # Errors
    /// When the run is of no use.
    pub(super) fn look(&mut self) -> Result<(), Trouble> {
        self.read()?;
        let groups = self.groups();
        let is_due =
            groups >= self.noted.0 + GROUPS && self.at.elapsed() >= self.cost * REST_FACTOR;
        match is_due {
            true => self.note(groups, false),
            false => Ok(()),
        }
    }

    /// The run was ended: vouches for all groups that are whole.
    ///
    /// # Errors
    /// When the run is of no use.
    pub(super) fn save(&mut self) -> Result<(), Trouble> {
        self.read()?;
        match self.groups() {
            groups if groups > self.noted.0 => self.note(groups, false),
            _ => Ok(()),
        }
    }

    /// The run has made all that it should.
    ///
    /// # Errors
    /// When it did not.
    pub(super) fn finish(&mut self) -> Result<(), Trouble> {
        self.read()?;
        if self.compared < self.known.len() {
            return Err(Trouble::Astray);
        }
        let groups = self.pictures.iter().map(|each| each.groups.len());
        let groups = groups.min().filter(|groups| *groups > 0);
        self.note(groups.ok_or(Trouble::Unsound("it has no frames"))?, true)
    }

    /// Groups that are there of all renditions. Whether the last one is whole is known when another one has begun.
    fn groups(&self) -> usize {
        let whole = self.pictures.iter();
        let whole = whole.map(|each| each.groups.len().saturating_sub(1));
        whole.min().unwrap_or(0)
    }

    fn read(&mut self) -> Result<(), Trouble> {
        for picture in &mut self.pictures {
            picture.read()?;
        }
        self.record.read(self.tick)?;
        let found = self.record.frames.iter().skip(self.compared);
        for (found, known) in found.zip(self.known.iter().skip(self.compared)) {
            if found != known {
                return Err(Trouble::Astray);
            }
            self.compared += 1;
        }
        Ok(())
    }

    /// Vouches for so many groups, if what is known was found again.
    fn note(&mut self, groups: usize, is_whole: bool) -> Result<(), Trouble> {
        let began = Instant::now();
        let at = |picture: &Picture, groups: usize| match groups.checked_sub(1) {
            Some(place) => picture.groups.get(place).copied().unwrap_or_default(),
            None => (0, 0),
        };
        let mut counts = self.pictures.iter().map(|each| at(each, groups).1);
        let frames = counts.next().unwrap_or(0);
        if counts.any(|count| count != frames) {
            return Err(Trouble::Unsound("its groups of pictures differ"));
        }
        // The last of what is known is the first that is wanted.
        let known = self.known.len().saturating_sub(1);
        let there = self.record.frames.len();
        if is_whole && there != known + frames {
            return Err(Trouble::Unsound("frames were lost"));
        }
        if !is_whole && (there <= known + frames || self.compared < self.known.len()) {
            return Ok(());
        }
        let pictures = self.pictures.iter_mut();
        let pictures = pictures.map(|each| each.file.hold(at(each, groups).0, self.parts));
        let pictures = pictures.collect::<io::Result<Vec<Held>>>()?;
        let next = self.record.frames.get(known + frames).copied();
        let lines = known + frames + usize::from(next.is_some());
        let end = self.record.ends.get(lines.saturating_sub(1));
        let record = self
            .record
            .file
            .hold(end.copied().unwrap_or(0), self.parts)?;
        let part = Part {
            frames,
            known,
            pictures,
            record,
        };
        let more = known + self.noted.1..known + frames;
        let more = self.record.frames.get(more).unwrap_or_default();
        let before = self
            .pictures
            .first()
            .map_or(0, |each| at(each, groups - 1).1);
        self.parts
            .grow(self.number, part, more, frames - before, next)?;
        self.noted = (groups, frames);
        (self.at, self.cost) = (Instant::now(), began.elapsed());
        Ok(())
    }
}

fn is_same(a: Ratio, b: Ratio) -> bool {
    u64::from(a.num) * u64::from(b.den) == u64::from(b.num) * u64::from(a.den)
}

/// What the names of a part's files begin with.
pub(super) fn prefix(number: usize) -> String {
    format!("{}.", number + 1)
}

impl Picture {
    fn read(&mut self) -> io::Result<()> {
        let Some((file, length)) = self.file.open()? else {
            return Ok(());
        };
        while let Some(found) = step(&mut self.walk, file, length)? {
            let before = self.groups.last().map_or(0, |(_, frames)| *frames);
            let found = found.map(|each| (each.end, before + each.frames as usize));
            self.groups.extend(found);
        }
        Ok(())
    }
}

impl Record {
    fn read(&mut self, tick: Ratio) -> Result<(), Trouble> {
        while self.read_piece(tick)? == PIECE {}
        Ok(())
    }

    /// Takes what has been written since, and says how many bytes that were.
    fn read_piece(&mut self, tick: Ratio) -> Result<usize, Trouble> {
        let read = self.read;
        let Some((file, length)) = self.file.open()? else {
            return Ok(0);
        };
        let length = usize::try_from(length.saturating_sub(read)).unwrap_or(PIECE);
        let mut piece = vec![0; length.min(PIECE)];
        let count = file.read_at(&mut piece, read)?;
        for byte in piece.iter().take(count) {
            self.read += 1;
            match byte {
                b'\n' => self.line(tick)?,
                _ if self.half.len() < LINE => self.half.push(*byte),
                _ => return Err(Trouble::Unsound("its record is none")),
            }
        }
        Ok(count)
    }

    fn line(&mut self, tick: Ratio) -> Result<(), Trouble> {
        let text = String::from_utf8_lossy(&self.half).into_owned();
        self.half.clear();
        match record::line(&text) {
            Some(Line::Frame(frame)) => {
                self.frames.push(frame);
                self.ends.push(self.read);
                Ok(())
            }
            Some(Line::Tick(found)) if !is_same(found, tick) => {
                Err(Trouble::Unsound("its record counts in other ticks"))
            }
            Some(_) => Ok(()),
            None => Err(Trouble::Unsound("its record is none")),
        }
    }
}

impl Written {
    fn new(name: String, bench: &Bench) -> Self {
        Self {
            path: bench.file(&name),
            name,
            file: None,
            hasher: blake3::Hasher::new(),
            hashed: 0,
            second: Second::default(),
        }
    }

    /// The file and its length, if there is one yet.
    fn open(&mut self) -> io::Result<Option<(&File, u64)>> {
        if self.file.is_none() {
            self.file = match open(&self.path) {
                Ok(file) => Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
        }
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let length = file.metadata()?.len();
        Ok(Some((file, length)))
    }

    /// Makes its first bytes durable, under the same name among the parts.
    fn hold(&mut self, bytes: u64, parts: &Parts) -> io::Result<Held> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let mut piece = vec![0; PIECE];
        while self.hashed < bytes {
            let wanted = usize::try_from(bytes - self.hashed).map_or(PIECE, |n| n.min(PIECE));
            file.read_exact_at(&mut piece[..wanted], self.hashed)?;
            self.hasher.update(&piece[..wanted]);
            self.hashed += wanted as u64;
        }
        let second = parts.path(&self.name);
        self.second.hold((&self.path, file), bytes, &second)?;
        Ok(Held {
            name: self.name.clone(),
            bytes,
            digest: self.hasher.finalize().to_hex().to_string(),
        })
    }
}
