//! Decodes a few samples of the source, to know what kind of footage it is.

use super::child::Bench;
use super::crew::Work;
use super::source::{Source, context};
use crate::runner::{Stop, Wish};
use crate::sandbox::tools::Build;
use kinora_media::info::Size;
use kinora_media::quality::classify::fields::Votes;
use kinora_media::quality::classify::texture::Viewer;
use kinora_media::quality::classify::{self, Class, FRAMES, Sample, run};
use kinora_media::quality::runs::{Reach, Span};
use std::path::Path;

/// Where samples come from.
#[derive(Debug)]
pub(super) struct Sampler<'a> {
    pub(super) bench: Bench<'a>,
    pub(super) build: &'a Build,
    pub(super) source: &'a Source<'a>,
}

impl Sampler<'_> {
    /// Takes samples, `width` at the same time, and concludes. Places that cannot be decoded say nothing.
    ///
    /// # Errors
    /// That the crew has to stop.
    pub(super) fn class(
        &self,
        width: usize,
        tell: &mut dyn FnMut(f64) -> Wish,
    ) -> Result<Class, Stop> {
        let info = self.source.info;
        let Some(size) = run::size(info) else {
            return Ok(Class::of(&[], info));
        };
        let mut round = Round {
            waiting: self.places(),
            done: Vec::new(),
        };
        let act = |place| match self.sample(&place, size) {
            Err(Stop::Failed { .. }) => Ok(Sample::default()),
            other => other,
        };
        self.bench.crew.work(width, &mut round, &act, tell)?;
        let class = Class::of(&round.done, info);
        tracing::debug!(?class, samples = ?round.done, "classified");
        Ok(class)
    }

    fn places(&self) -> Vec<Place> {
        let span = |frame: usize| Span {
            from_us: self.source.times.get(frame).copied().filter(|_| frame > 0),
            until_us: None,
            reach: Reach::Seek(0),
            runs: None,
        };
        // Frames without a time of their own can be had only from the beginning.
        let frames = if self.source.is_ordered() {
            classify::places(self.source.frames.len())
        } else {
            vec![0]
        };
        let from = |(number, frame)| Place {
            number,
            span: span(frame),
        };
        frames.into_iter().enumerate().map(from).collect()
    }

    fn sample(&self, place: &Place, size: Size) -> Result<Sample, Stop> {
        let context = context(self.build, 1);
        let log = format!("fields-{}.txt", place.number);
        let (info, stream) = (self.source.info, self.source.stream);
        let arguments = run::sample(info, stream, &place.span, size, &log, &context);
        let mut viewer = Viewer::new(size);
        let nowhere = Path::new("-");
        let ran = self
            .bench
            .run(&self.build.path, &arguments, nowhere, &mut |bytes| {
                viewer.push(bytes);
            });
        let log = self.bench.scratch.join(log);
        // Absent where fields are impossible.
        let printed = std::fs::read_to_string(&log).unwrap_or_default();
        let _ = std::fs::remove_file(&log);
        let cpu_s = ran?.cpu_s;
        self.bench.crew.advance(FRAMES as u64);
        tracing::debug!(target: "performance", cpu_s, "sampled");
        Ok(Sample {
            texture: viewer.finish(),
            votes: Votes::read(&printed),
        })
    }
}

/// Where a sample is taken.
struct Place {
    number: usize,
    span: Span,
}

/// All samples of a video.
struct Round {
    waiting: Vec<Place>,
    done: Vec<Sample>,
}

impl Work for Round {
    type Task = Place;
    type Done = Sample;

    fn next(&mut self) -> Option<Place> {
        self.waiting.pop()
    }

    fn done(&mut self, done: Sample) {
        self.done.push(done);
    }

    fn fraction(&self, _frames: u64) -> f64 {
        let done = self.done.len();
        done as f64 / (done + self.waiting.len()).max(1) as f64
    }
}
