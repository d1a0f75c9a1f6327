//! The source as the search sees it: every frame from afar, when it is shown, and how its spans are reached.

use super::child::Bench;
use crate::runner::{Stop, failed, hopeless, machine};
use crate::sandbox::tools::Build;
use kinora_media::info::{MediaInfo, Ratio};
use kinora_media::plan::Context;
use kinora_media::quality::footage::{Frame, Viewer};
use kinora_media::quality::runs::{self, Picture, Reach, Span, Timing};
use kinora_media::quality::samples::Piece;
use kinora_media::{diagnosis, limits};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// How far before a span reading begins, one way after the other, until its frames are the right ones. An index leads to
/// the key frame; transport streams have none, and some encoders let a picture become whole over seconds.
const REACHES: [Reach; 4] = [
    Reach::Seek(0),
    Reach::Seek(1_500_000),
    Reach::Seek(10_000_000),
    Reach::Decode,
];
/// The first of [`REACHES`] with room before a span.
const BEFORE: usize = 1;
/// Containers with an index of key frames.
const INDEXED: [&str; 3] = ["mov", "matroska", "avi"];

/// What looking at all frames has shown.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) info: &'a MediaInfo,
    /// Path of the build that looked.
    pub(super) build: PathBuf,
    /// Index of the picture's track.
    pub(super) stream: u32,
    /// All frames, in order.
    pub(super) frames: Vec<Frame>,
    /// When each is shown, in microseconds of the container.
    pub(super) times: Vec<i64>,
    /// What FFmpeg complained of.
    pub(super) damage: Vec<String>,
    /// The file holds pictures before the first frame.
    has_preroll: bool,
    /// Place in [`REACHES`] of the first that has not failed.
    reach: AtomicUsize,
}

impl<'a> Source<'a> {
    /// Decodes everything once.
    pub(super) fn look(
        bench: &Bench<'_>,
        build: &Build,
        info: &'a MediaInfo,
        stream: u32,
    ) -> Result<Self, Stop> {
        let mut seen = look(bench, build, info, stream)?;
        let has_preroll = seen.forget_preroll(info, stream);
        let is_indexed = INDEXED.iter().any(|name| info.is_format(name));
        let source = Self {
            info,
            build: build.path.clone(),
            stream,
            frames: seen.frames,
            times: seen.times,
            damage: seen.damage,
            has_preroll,
            reach: AtomicUsize::new(if is_indexed { 0 } else { BEFORE }),
        };
        if source.frames.is_empty() {
            return Err(failed(
                "corrupt_input",
                "no picture of the video can be decoded",
            ));
        }
        Ok(source)
    }

    /// Frames can be named by their times: each is later than the one before.
    pub(super) fn is_ordered(&self) -> bool {
        self.times.len() == self.frames.len() && self.times.is_sorted_by(|a, b| a < b)
    }

    /// The frames are this far apart, all of them, or it is variable.
    pub(super) fn timing(&self) -> Timing {
        let video = self.info.first_video().map(|(_, video)| video);
        let rates = video
            .into_iter()
            .flat_map(|video| [video.nominal_rate, video.average_rate]);
        let constant = rates
            .flatten()
            .filter(|rate| rate.value() <= limits::FRAME_RATE)
            .find(|rate| self.fits(*rate));
        constant.map_or(Timing::Variable, Timing::Constant)
    }

    /// Containers round to their own units, milliseconds at the coarsest; anything more is not constant.
    fn fits(&self, rate: Ratio) -> bool {
        const ROUNDED_US: f64 = 1100.0;
        let Some(first) = self.times.first() else {
            return false;
        };
        let frame_us = 1e6 / rate.value();
        let off = |(at, time): (usize, &i64)| (time - first) as f64 - at as f64 * frame_us;
        let mut all = self.times.iter().enumerate().map(off);
        self.is_ordered() && all.all(|off| off.abs() <= ROUNDED_US)
    }

    /// Frames a second, on average.
    pub(super) fn rate(&self) -> f64 {
        let length = self.length_s();
        if length > 0.0 {
            self.frames.len() as f64 / length
        } else {
            25.0
        }
    }

    /// Seconds that all frames together are shown.
    pub(super) fn length_s(&self) -> f64 {
        self.end_ns(self.frames.len()) as f64 / 1e9
    }

    /// Seconds from the first frame to this one.
    pub(super) fn at_s(&self, frame: usize) -> f64 {
        self.end_ns(frame) as f64 / 1e9
    }

    /// Nanoseconds from the first frame to this one, or to the end of the last.
    pub(super) fn end_ns(&self, frame: usize) -> u64 {
        let Some((first, last)) = self.times.first().zip(self.times.last()) else {
            return 0;
        };
        let us = match self.times.get(frame) {
            Some(time) => time - first,
            None => last - first + self.last_us(),
        };
        u64::try_from(us).unwrap_or(0) * 1000
    }

    /// How long the last frame stands: as long as the one before it.
    fn last_us(&self) -> i64 {
        let usual = self
            .info
            .first_video()
            .and_then(|(_, video)| video.frames_per_second());
        match self.times.as_slice() {
            [.., before, last] => last - before,
            _ => (1e6 / usual.unwrap_or(25.0)) as i64,
        }
    }

    /// The frames as a span that can be asked for.
    fn span(&self, piece: &Piece, reach: Reach) -> Span {
        // A list of times that a full disk cut short must not end the worker: what is missing is decoded from the
        // beginning, and then not taken for the right frames.
        let time = |frame: usize| self.times.get(frame).copied();
        let Range { start, end } = piece.stretch;
        Span {
            from_us: time(start).filter(|_| start > 0 || self.has_preroll),
            until_us: time(end),
            reach,
            runs: piece.runs,
        }
    }

    /// Tries one reach after the other until `act` finds its frames to be the right ones; later spans begin with the
    /// one that worked.
    pub(super) fn reached<T>(
        &self,
        piece: &Piece,
        mut act: impl FnMut(&Span) -> Result<Option<T>, Stop>,
    ) -> Result<T, Stop> {
        let begin = self.reach.load(Ordering::Relaxed);
        for (at, reach) in REACHES.iter().enumerate().skip(begin) {
            if let Some(done) = act(&self.span(piece, *reach))? {
                return Ok(done);
            }
            tracing::debug!(?reach, ?piece, "the frames were not the right ones");
            self.reach.fetch_max(at + 1, Ordering::Relaxed);
        }
        // So that a later span of the same file does not fall through.
        self.reach.store(REACHES.len() - 1, Ordering::Relaxed);
        Err(failed(
            "result_unsound",
            "decoding the video twice gives another number of pictures",
        ))
    }

    /// Filters look at the frames before a span, too: reading begins before it from now on.
    pub(super) fn needs_more_before(&self) {
        self.reach.fetch_max(BEFORE, Ordering::Relaxed);
    }

    /// The span as it was reached last.
    pub(super) fn known_span(&self, piece: &Piece) -> Span {
        let at = self.reach.load(Ordering::Relaxed).min(REACHES.len() - 1);
        self.span(piece, REACHES[at])
    }

    /// Whether these are the frames. What was decoded from the beginning is, if it is as many: of a damaged picture each
    /// run may make something else.
    pub(super) fn are(&self, piece: &Piece, seen: &[u64], reach: Reach) -> bool {
        let known = piece.frames().map(|at| self.frames[at].fingerprint);
        let is_decoded = reach == Reach::Decode && seen.len() == piece.count();
        is_decoded || known.eq(seen.iter().copied())
    }

    /// The source's picture behind these filters.
    pub(super) fn picture<'s>(&'s self, filters: &'s str, has_memory: bool) -> Picture<'s> {
        Picture {
            info: self.info,
            stream: self.stream,
            filters,
            has_memory,
        }
    }
}

/// All frames of a file, seen from afar.
pub(super) struct Seen {
    pub(super) frames: Vec<Frame>,
    pub(super) times: Vec<i64>,
    pub(super) damage: Vec<String>,
}

impl Seen {
    /// Forgets frames that an edit list hides: a clip that a phone has cut begins with what its first visible picture
    /// is made from. Whether FFmpeg gives those out depends on where key frames lie.
    fn forget_preroll(&mut self, info: &MediaInfo, stream: u32) -> bool {
        let track = info.streams.iter().find(|track| track.index == stream);
        let begin = track.and_then(|track| track.start_us);
        let Some(begin) = begin.filter(|_| info.is_format("mov")) else {
            return false;
        };
        let hidden = self.times.partition_point(|time| *time < begin);
        let is_usual = hidden == 0 || hidden == self.frames.len();
        if is_usual || self.times.len() != self.frames.len() {
            return false;
        }
        self.times.drain(..hidden);
        self.frames.drain(..hidden);
        true
    }
}

/// Decodes a file whole.
pub(super) fn look(
    bench: &Bench<'_>,
    build: &Build,
    info: &MediaInfo,
    stream: u32,
) -> Result<Seen, Stop> {
    let context = context(build, bench.runner.threads);
    let picture = Picture {
        info,
        stream,
        filters: "null",
        has_memory: false,
    };
    let arguments = runs::look(&picture, &context);
    let (mut viewer, mut frames) = (Viewer::default(), Vec::new());
    let ran = bench.run(&build.path, &arguments, Path::new("-"), &mut |bytes| {
        let before = frames.len();
        viewer.push(bytes, |frame| {
            if frames.len() <= limits::FRAMES {
                frames.push(frame);
            }
        });
        bench.crew.advance((frames.len() - before) as u64);
    })?;
    if frames.len() > limits::FRAMES {
        return Err(hopeless(kinora_media::Fault::TooLarge {
            what: "the video",
            found: frames.len() as u64 / 1_000_000,
            allowed: limits::FRAMES as u64 / 1_000_000,
            advice: "Cut it into parts first.".into(),
        }));
    }
    let listed = |name: &str| {
        let times = times(&bench.scratch.join(name));
        times.map_err(|error| machine("the list of frames", &error))
    };
    let (times, keys) = (listed(runs::TIMES)?, listed(runs::KEYS)?);
    for (frame, time) in frames.iter_mut().zip(&times) {
        frame.is_key = keys.binary_search(time).is_ok();
    }
    Ok(Seen {
        frames,
        times,
        damage: diagnosis::severe_warnings(&ran.complaints),
    })
}

fn times(list: &Path) -> io::Result<Vec<i64>> {
    let mut times = Vec::new();
    for line in BufReader::new(File::open(list)?)
        .lines()
        .take(limits::FRAMES + 100)
    {
        times.extend(runs::time(&line?));
    }
    Ok(times)
}

/// What argument lists need to know of a build.
pub(super) fn context(build: &Build, threads: u32) -> Context<'_> {
    Context {
        threads,
        capabilities: &build.capabilities,
        file_extension: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kinora_media::info::Stream;

    fn hidden(format: &str, begin: Option<i64>, times: &[i64]) -> (bool, Vec<i64>) {
        let info = MediaInfo {
            format_name: format.into(),
            streams: vec![Stream {
                start_us: begin,
                ..Stream::default()
            }],
            ..MediaInfo::default()
        };
        let mut seen = Seen {
            frames: vec![Frame::default(); times.len()],
            times: times.to_vec(),
            damage: Vec::new(),
        };
        let has_preroll = seen.forget_preroll(&info, 0);
        assert_eq!(seen.frames.len(), seen.times.len());
        (has_preroll, seen.times)
    }

    #[test]
    fn what_an_edit_list_hides_is_no_part_of_the_video() {
        let times = [-80, -40, 0, 40];
        assert_eq!(hidden("mov,mp4", Some(0), &times), (true, vec![0, 40]));
        // Others begin where their first picture is; and never is everything hidden.
        for (format, begin) in [
            ("mpegts", Some(0)),
            ("mov", Some(-80)),
            ("mov", Some(99)),
            ("mov", None),
        ] {
            assert_eq!(
                hidden(format, begin, &times),
                (false, times.to_vec()),
                "{format} {begin:?}"
            );
        }
    }
}
