//! The ladder: one title at several heights, out of one decode.
//!
//! Each rung is an MP4 of its own without sound, each sound track another; segments are cut out of them later. A key
//! frame stands at every multiple of [`GROUP_SECONDS`] and nothing reaches across it, so that all rungs can be cut at
//! the same times. Quality is constant up to a cap: easy videos become small, hard ones stay playable.
//!
//! Pictures are first written as *parts*, in fragments of one group each, so that a run that was ended leaves all of its
//! whole groups behind; the next run makes what follows them. Beside them runs a *record*: when each frame is shown that
//! went in, and what it looks like from afar. By it the next run is known to begin where the last one ended. The parts of
//! a rung are joined without encoding. Sound is encoded in one piece, for its encoder would be heard beginning anew.

mod coding;
mod run;
pub mod record;
pub mod slots;

use crate::fault::Fault;
use crate::info::{MediaInfo, Ratio, Size, Video};
use crate::limits;
use crate::operation::fit;
use crate::plan::Context;
use crate::plan::color::{Tags, conversion};
use crate::plan::encode;
use crate::plan::graph::Graph;

pub use coding::Coding;
pub use run::{Rest, Way};
pub use slots::Slots;

/// What is made when nothing else is configured, in lines.
pub const HEIGHTS: [u32; 3] = [144, 720, 1440];

/// Seconds from one key frame to the next: the length of the shortest segment.
pub const GROUP_SECONDS: u32 = 2;

/// One rendition of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// Lines as people call it: the shorter side, so that portrait has the same names.
    pub height: u32,
    /// Pixels, both sides even.
    pub size: Size,
    /// The constant rate factor, in the encoder's own steps.
    pub crf: u32,
    /// The most that it may take for long, kbit/s; the decoder's buffer is twice as many kbit.
    pub largest_kbit: u32,
}

/// What is made of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder {
    /// The renditions, lowest first, with the name of the file of each.
    pub rungs: Vec<(Rung, String)>,
    /// Index in the source of each track of sound, with the name of its file.
    pub sounds: Vec<(u32, String)>,
    /// Seconds of one tick, in which the record counts.
    pub tick: Ratio,
    /// The container has an index, so that runs can begin in the middle.
    pub is_seekable: bool,
    /// How its pictures are coded.
    pub coding: Coding,
    /// Sentences for the user about what was decided.
    pub notes: Vec<String>,
    /// Index of the picture in the source.
    picture: u32,
    /// Filters that all rungs have in common.
    before: String,
    /// What is appended to the scaler's options, for other colours.
    convert: &'static str,
    tags: Tags,
    /// A usual rate of frames where that of the source is none.
    instead: Option<Ratio>,
}

/// The renditions of a picture: those of the wanted heights that it has, and its own where that lies between.
pub fn rungs(heights: &[u32], video: &Video) -> Vec<Rung> {
    let source = video.display_size();
    let own = source.width.min(source.height);
    let mut chosen: Vec<u32> = heights
        .iter()
        .copied()
        .filter(|each| *each <= own)
        .collect();
    if heights.iter().any(|each| *each > own) || chosen.is_empty() {
        chosen.push(own);
    }
    chosen.sort_unstable();
    chosen.dedup();
    let frames = video.frames_per_second().unwrap_or(30.0);
    let rung = |height: u32| {
        let factor = f64::from(height) / f64::from(own.max(1));
        // Rounding to even must not enlarge an odd picture.
        let side = |side: u32| fit::even(f64::from(side) * factor).min((side & !1).max(2));
        let size = Size {
            width: side(source.width),
            height: side(source.height),
        };
        Rung {
            height,
            size,
            crf: Coding::H264.crf(),
            largest_kbit: largest_kbit(size, frames),
        }
    };
    chosen.into_iter().map(rung).collect()
}

/// 3.5 Mbit/s for 720p at 30 frames a second; four times the pixels need less than four times the bits, and twice the
/// frames less than twice.
fn largest_kbit(size: Size, frames: f64) -> u32 {
    let pixels = size.pixels() as f64 / 921_600.0;
    let rate = 3500.0 * pixels.powf(0.75) * (frames / 30.0).max(1.0).sqrt();
    (rate.round() as u32).max(100)
}

/// Containers whose files say where each frame is.
const INDEXED: [&str; 2] = ["mp4", "matroska"];

impl Ladder {
    /// Plans all renditions of a file.
    ///
    /// # Errors
    /// When it has no picture, or this FFmpeg lacks something.
    pub fn new(
        heights: &[u32],
        coding: Coding,
        info: &MediaInfo,
        context: &Context<'_>,
    ) -> Result<Self, Fault> {
        let (stream, video) = fit::picture(info)?;
        encode::require(context, coding.encoder())?;
        let mut notes = Vec::new();
        let mut graph = Graph::new(video, None, &mut notes);
        let mut tags = Tags::of(video);
        // What was mapped to the standard range needs no other conversion.
        let mut convert = conversion(video);
        if video.is_hdr() {
            graph.tone_map(video, context, &mut notes)?;
            (tags, convert) = (Tags::standard(), "");
        }
        let rungs = rungs(heights, video).into_iter();
        let rungs = rungs.map(|rung| {
            let name = coding.file(rung.height);
            (coding.rung(rung), name)
        });
        let indexes = info.audio().map(|(stream, _)| stream.index);
        Ok(Self {
            rungs: rungs.collect(),
            sounds: indexes
                .map(|index| (index, format!("sound-{index}.mp4")))
                .collect(),
            tick: tick(video),
            is_seekable: INDEXED.iter().any(|name| info.is_format(name)),
            notes,
            coding,
            picture: stream.index,
            before: graph.render(),
            convert,
            tags,
            instead: encode::has_false_rate(video).then(|| usual_rate(video)),
        })
    }
}

/// A constant rate for who needs one: what the container calls its rate, if frames come at it; else the next usual one
/// above what they come at.
fn usual_rate(video: &Video) -> Ratio {
    /// Fewer frames would make slots of odd lengths, and more are seen on no small picture.
    const SOUND: std::ops::RangeInclusive<f64> = 8.0..=60.0;
    const USUAL: [u32; 5] = [10, 24, 25, 30, 50];
    const FASTEST: u32 = 60;
    let nominal = video.nominal_rate.filter(|_| !video.is_vfr());
    let nominal = nominal.filter(|rate| rate.den > 0 && SOUND.contains(&rate.value()));
    let usual = || {
        let measured = video.frames_per_second().unwrap_or(30.0);
        // A few frames may be missing of a rate.
        let is_enough = |rate: &u32| f64::from(*rate) > measured * 0.98;
        Ratio {
            num: USUAL.into_iter().find(is_enough).unwrap_or(FASTEST),
            den: 1,
        }
    };
    nominal.unwrap_or_else(usual)
}

/// Seconds from one of the times that frames may have to the next. At a constant rate a whole number of them makes a
/// frame, so that times which a container has rounded to milliseconds become even again; and they are so short that
/// frames which come early or late keep their times, and none is dropped.
fn tick(video: &Video) -> Ratio {
    const FINE: Ratio = Ratio {
        num: 1,
        den: 90_000,
    };
    /// Four times what rounding to milliseconds moves a frame by.
    const SHORTEST_S: f64 = 0.002;
    let rate = video.nominal_rate.filter(|_| !video.is_vfr());
    let is_rate = |rate: &Ratio| rate.num > 0 && rate.value() <= limits::FRAME_RATE;
    let Some(rate) = rate.filter(is_rate).filter(|rate| rate.num <= 1_000_000) else {
        return FINE;
    };
    let parts = (1.0 / rate.value() / SHORTEST_S).clamp(1.0, 16.0) as u32;
    Ratio {
        num: rate.den,
        den: rate.num * parts,
    }
}
