//! The index of an MP4 or MOV: its tracks of picture and sound, with every sample.
//!
//! Edits are applied here, so that all times that leave count from the beginning of the presentation. One edit, with a
//! delay before it, is what cameras and muxers write; whatever is more has to be encoded anew.

mod edit;

use crate::boxes::{children, find, path};
use crate::codec::{Codec, Kind};
use crate::fault::Fault;
use crate::limits;
use crate::reader::Reader;
use crate::samples::{Frame, Samples};
use crate::tables;
use edit::Edit;

/// What is in a file.
#[derive(Debug, Clone)]
pub struct Index {
    /// Tracks that can be streamed, in the order of the file.
    pub tracks: Vec<Track>,
    /// Tracks of picture or sound that cannot, by their number, and why.
    pub refused: Vec<(u32, Fault)>,
}

/// One track of picture or sound.
#[derive(Debug, Clone)]
pub struct Track {
    /// Its number in the file.
    pub id: u32,
    /// How it is coded.
    pub codec: Codec,
    /// Ticks a second.
    pub timescale: u32,
    /// ISO 639-2 in three letters; `und` when nothing is said.
    pub language: String,
    /// Degrees that a player turns the picture by: 0, 90, 180 or 270.
    pub rotation: u16,
    /// The duration that most frames have, in ticks.
    pub frame_duration: u32,
    /// When the last of its frames ends, in ticks.
    pub end: u64,
    /// Matrix, width and height of `tkhd`, as they stand there.
    pub(crate) geometry: [u8; 44],
    /// Ticks of sound before the beginning that decoders need; hidden by an edit of the initialisation section.
    pub(crate) preroll: u64,
    /// Added to each time of decoding.
    delay: i64,
    /// Added to each composition offset: negative offsets let the picture begin at 0.
    shift: i64,
    samples: Samples,
    first: u32,
    last: u32,
}

/// A sample as it stands in a segment: times in ticks of its track, counted from the beginning of the presentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// `baseMediaDecodeTime` if it were the first of a segment.
    pub decode: u64,
    /// How much later it is shown; may be negative.
    pub composition: i32,
    /// When it is shown.
    pub shown: i64,
    /// How long.
    pub duration: u32,
    /// Bytes.
    pub size: u32,
    /// Where it begins in the file.
    pub offset: u64,
    /// Decoding can begin here.
    pub is_sync: bool,
}

const SHORT: Fault = Fault::Damaged("the index ends too early");

impl Index {
    /// Reads what is inside `moov`, of a file of this many bytes.
    pub fn read(movie: &[u8], file_length: u64) -> Result<Self, Fault> {
        if movie.len() as u64 > limits::MOVIE_BYTES {
            return Err(Fault::TooLarge("bytes of the index"));
        }
        if find(movie, b"mvex").is_some() {
            return Err(Fault::Unsupported("it is in fragments already"));
        }
        let movie_scale = header(find(movie, b"mvhd").ok_or(SHORT)?)?.timescale;
        let mut index = Self {
            tracks: Vec::new(),
            refused: Vec::new(),
        };
        let mut left = limits::SAMPLES;
        let tracks = children(movie).filter(|found| &found.kind == b"trak");
        for (number, found) in tracks.enumerate() {
            if number == limits::TRACKS {
                return Err(Fault::TooLarge("tracks"));
            }
            index.add(found.body, movie_scale, file_length, &mut left)?;
        }
        Ok(index)
    }

    /// The picture that counts: the first.
    pub fn video(&self) -> Option<&Track> {
        self.tracks.iter().find(|track| track.is_video())
    }

    /// All sound.
    pub fn audio(&self) -> impl Iterator<Item = &Track> {
        self.tracks.iter().filter(|track| !track.is_video())
    }

    /// Bytes of memory that the samples take.
    pub fn memory(&self) -> usize {
        let samples = self.tracks.iter().map(|track| track.samples.memory());
        samples.sum()
    }

    fn add(
        &mut self,
        body: &[u8],
        movie_scale: u32,
        file_length: u64,
        left: &mut u32,
    ) -> Result<(), Fault> {
        let handler = path(body, &[b"mdia", b"hdlr"]).and_then(|body| body.get(8..12));
        let is_video = match handler {
            Some(b"vide") => true,
            Some(b"soun") => false,
            _ => return Ok(()),
        };
        let (id, geometry) = track_header(find(body, b"tkhd").ok_or(SHORT)?).ok_or(SHORT)?;
        match Track::read(body, (id, geometry), is_video, movie_scale, file_length) {
            Ok(track) => {
                // A table of equal sizes is twelve bytes long, however many samples it stands for.
                *left = left
                    .checked_sub(track.samples.len())
                    .ok_or(Fault::TooLarge("samples of all tracks"))?;
                self.tracks.push(track);
            }
            Err(fault) => self.refused.push((id, fault)),
        }
        Ok(())
    }
}

impl Track {
    fn read(
        body: &[u8],
        (id, geometry): (u32, [u8; 44]),
        is_video: bool,
        movie_scale: u32,
        file_length: u64,
    ) -> Result<Self, Fault> {
        let media = find(body, b"mdia").ok_or(SHORT)?;
        let Header {
            timescale,
            language,
        } = header(find(media, b"mdhd").ok_or(SHORT)?)?;
        let table = path(media, &[b"minf", b"stbl"]).ok_or(SHORT)?;
        let codec = Codec::read(find(table, b"stsd").ok_or(SHORT)?, is_video)?;
        let edit = Edit::read(path(body, &[b"edts", b"elst"]), movie_scale, timescale)?;
        let tables = tables::read(table, file_length)?;
        let mut track = Self {
            id,
            codec,
            timescale,
            language,
            rotation: rotation(&geometry),
            frame_duration: tables.usual_duration,
            end: 0,
            geometry,
            preroll: 0,
            delay: edit.delay,
            shift: 0,
            first: 0,
            last: tables.samples.len(),
            samples: tables.samples,
        };
        edit.apply(&mut track)?;
        Ok(track)
    }

    /// Pictures, not sound.
    pub fn is_video(&self) -> bool {
        matches!(self.codec.kind, Kind::Video { .. })
    }

    /// Number of samples.
    pub fn len(&self) -> u32 {
        self.last - self.first
    }

    /// Whether nothing of it is shown.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Samples in their order of decoding, from this one on.
    pub fn samples(&self, from: u32) -> impl Iterator<Item = Sample> + '_ {
        let from = from.min(self.len());
        self.samples
            .from(self.first + from)
            .take((self.len() - from) as usize)
            .map(|frame| self.sample(&frame))
    }

    /// Frames a second, as a fraction; the rate of most frames where it varies.
    pub fn frame_rate(&self) -> (u32, u32) {
        (self.timescale, self.frame_duration.max(1))
    }

    /// Size on the screen in pixels, after rotation and with square pixels, where `tkhd` says it; else as stored.
    pub fn display_size(&self) -> Option<(u32, u32)> {
        let Kind::Video { width, height, .. } = self.codec.kind else {
            return None;
        };
        let side = |at: usize| Reader(&self.geometry[at..at + 2]).u16().unwrap_or(0);
        let size = match (side(36), side(40)) {
            (0, _) | (_, 0) => (u32::from(width), u32::from(height)),
            (width, height) => (width.into(), height.into()),
        };
        let is_turned = self.rotation % 180 == 90;
        Some(if is_turned { (size.1, size.0) } else { size })
    }

    fn sample(&self, frame: &Frame) -> Sample {
        let decode = frame.decode.cast_signed() + self.delay;
        let composition = frame.composition + self.shift;
        Sample {
            decode: decode.max(0).unsigned_abs(),
            composition: composition as i32,
            shown: decode + composition - self.preroll.cast_signed(),
            duration: frame.duration,
            size: frame.size,
            offset: frame.offset,
            is_sync: frame.is_sync,
        }
    }
}

struct Header {
    timescale: u32,
    language: String,
}

/// `mvhd` and `mdhd` (ISO/IEC 14496-12, 8.2.2 and 8.4.2), which begin alike.
fn header(body: &[u8]) -> Result<Header, Fault> {
    let mut reader = Reader(body);
    let version = reader.version().ok_or(SHORT)?;
    reader.wide(version).ok_or(SHORT)?;
    reader.wide(version).ok_or(SHORT)?;
    let timescale = reader.u32().filter(|scale| *scale > 0).ok_or(SHORT)?;
    reader.wide(version).ok_or(SHORT)?;
    let packed = reader.u16().ok_or(SHORT)?;
    Ok(Header {
        timescale,
        language: language(packed),
    })
}

/// Three letters of five bits; QuickTime's old numbers have no letters.
fn language(packed: u16) -> String {
    let letter = |shift: u16| (packed >> shift & 0x1f) as u8 + 0x60;
    let letters = [letter(10), letter(5), letter(0)];
    if letters.iter().all(u8::is_ascii_lowercase) {
        letters.map(char::from).into_iter().collect()
    } else {
        "und".into()
    }
}

/// `tkhd` (8.3.2): the number, and its last 44 bytes: matrix, width, height.
fn track_header(body: &[u8]) -> Option<(u32, [u8; 44])> {
    let mut reader = Reader(body);
    let version = reader.version()?;
    reader.wide(version)?;
    reader.wide(version)?;
    let id = reader.u32()?;
    reader.u32()?;
    reader.wide(version)?;
    reader.take(16)?;
    Some((id, reader.array()?))
}

/// What the matrix turns by (6.2.2); anything but quarter turns counts as upright.
fn rotation(geometry: &[u8; 44]) -> u16 {
    let sign = |at: usize| match geometry[at..at + 4] {
        [0, 0, 0, 0] => 0,
        [high, ..] if high >= 0x80 => -1,
        _ => 1,
    };
    match [sign(0), sign(4), sign(12), sign(16)] {
        [0, 1, -1, 0] => 90,
        [-1, 0, 0, -1] => 180,
        [0, -1, 1, 0] => 270,
        _ => 0,
    }
}
