//! `compress` with a quality: look, search, encode scene by scene, join, check.
//!
//! ```text
//! look ─> scenes ─> trials (two rounds) ─> is it worth it? ─> chunks, each scored ─> join ─> decode all, compare
//!                                              └─> the original comes back
//! ```
//! Nothing of FFmpeg's word is trusted: small pictures of every frame show that the right ones were encoded, the packets
//! are counted, and the result is decoded whole before it is a result.

mod crew;
mod keep;
mod child;
mod source;
mod sampler;
mod scores;
mod studio;
mod scoring;
mod tally;
mod ceiling;
mod hunt;
mod film;
mod finish;

use super::report::Reporter;
use super::{Made, Runner, Stop, Task, Watch, Wish, hopeless, machine};
use crate::sandbox::tools::Build;
use ceiling::Ceiling;
use child::Bench;
use crew::Crew;
use film::Film;
use finish::Finish;
use hunt::Hunt;
use keep::Keep;
use kinora_media::Fault;
use kinora_media::info::MediaInfo;
use kinora_media::operation::compress::{Goal, Options, Quality};
use kinora_media::quality::between::Density;
use kinora_media::quality::classify::Class;
use kinora_media::quality::outline::{self, Codec, Outline};
use kinora_media::quality::report::Levels;
use kinora_media::quality::runs::Timing;
use kinora_media::quality::samples::{self, Sampling};
use kinora_media::quality::scenes;
use kinora_media::quality::search::{Scale, Search};
use sampler::Sampler;
use scores::Scorer;
use source::Source;
use std::ops::Range;
use std::rc::Rc;
use std::time::Instant;
use studio::Studio;
use tally::Tally;

/// Grows when the same options give other chunks: what was kept by an older Kinora is not used then.
const RECIPE: u32 = 12;
/// Up to so many frames all are scored; beyond, samples of each scene.
const SCORED_WHOLE: usize = 1500;
/// Scenes have to lie so many points over their floor where all is scored: another scorer of the same frames differs by
/// hundredths, where a deinterlacer begins elsewhere for one.
const SCORERS: f64 = 0.05;
/// Scenes of a longer video are chosen to lie so many points over their floor: samples are off by as much.
const SAMPLED: f64 = 0.15;
/// A result of this part of the original, or more, is not worth a second loss.
const WORTH: f64 = 0.98;
/// And what is predicted beyond this part is not even made.
const FUTILE: f64 = 0.95;
/// What is predicted to be so many times too large after two rounds is not searched for any further.
const HOPELESS: f64 = 1.1;
/// AV1 is taken by `auto` where it needs less than this part of the other's bytes.
const AV1_SAVES: f64 = 0.8;
/// Passes over chunks that miss what they should, beyond the first.
const CORRECTIONS: u32 = 3;

/// Where each stage begins and ends in the whole, by experience.
const LOOKING: (f64, f64) = (0.0, 0.06);
/// The kind of footage; at the end of looking.
const LOOKED: (f64, f64) = (0.055, 0.06);
const SEARCHING: (f64, f64) = (0.06, 0.3);
/// What the original itself reaches; at the end of searching.
const SEARCHED: (f64, f64) = (0.29, 0.3);
const ENCODING: (f64, f64) = (0.3, 0.95);
const CHECKING: (f64, f64) = (0.95, 1.0);

/// One compression.
pub(super) struct Compression<'a> {
    runner: &'a Runner<'a>,
    task: &'a Task<'a>,
    options: &'a Options,
    info: &'a MediaInfo,
    quality: Quality,
    began: Instant,
    crew: &'a Crew,
    keep: &'a Keep,
}

/// A codec with what the search found for it.
struct Candidate {
    codec: Codec,
    search: Search,
    tally: Tally,
    /// What is added to scores.
    ceiling: Ceiling,
    /// Predicted bytes of picture and all else.
    bytes: u64,
}

/// What is searched in, whatever the codec.
struct Material<'s> {
    source: Rc<Source<'s>>,
    class: Class,
    scenes: Vec<Range<usize>>,
    sampling: Sampling,
}

/// Runs it.
pub(super) fn run(
    runner: &Runner<'_>,
    task: &Task<'_>,
    options: &Options,
    info: &MediaInfo,
    deadline: Instant,
    watch: &mut dyn Watch,
) -> Result<Made, Stop> {
    let quality = match options.goal {
        Goal::Near(quality) => quality,
        _ => Quality::default(),
    };
    let (name, parameters) = task.operation.form();
    let parameters = serde_json::Value::Object(parameters);
    let recipe = format!("{RECIPE} {name} {parameters} {}", runner.tools.digest());
    let directory = task.keep.unwrap_or(task.work);
    let keep = Keep::open(directory, &recipe).map_err(|e| machine("the work directory", &e))?;
    let compression = Compression {
        crew: &Crew::new(deadline),
        keep: &keep,
        began: Instant::now(),
        runner,
        task,
        options,
        info,
        quality,
    };
    let made = compression.run(watch).map_err(|stop| keep.after(stop))?;
    if let Some(report) = &made.report {
        let report = serde_json::to_string(report).unwrap_or_default();
        tracing::debug!(target: "performance", report, "compressed");
    }
    Ok(made)
}

impl Compression<'_> {
    fn run(&self, watch: &mut dyn Watch) -> Result<Made, Stop> {
        let codecs = outline::codecs(self.options, self.info).map_err(hopeless)?;
        let first = self.build(codecs[0])?;
        let material = self.material(first, watch)?;
        let mut best: Option<Candidate> = None;
        for codec in codecs {
            let found = self.hunt(codec, &material, Ceiling::default(), watch)?;
            best = Some(match best {
                Some(best) if found.bytes as f64 > best.bytes as f64 * AV1_SAVES => {
                    best.after(&found)
                }
                Some(best) => found.after(&best),
                None => found,
            });
        }
        let Some(chosen) = best else {
            return Err(hopeless(Fault::NoVideo));
        };
        let chosen = self.second_chance(chosen, &material, watch)?;
        self.make(chosen, &material, watch)
    }

    fn material(&self, build: &Build, watch: &mut dyn Watch) -> Result<Material<'_>, Stop> {
        let source = Rc::new(self.look(build, watch)?);
        self.check_whole(&source)?;
        let class = self.class(&source, build, watch)?;
        let scenes = self.scenes(&source);
        let sampling = samples::choose(&source.frames, &scenes);
        Ok(Material {
            source,
            class,
            scenes,
            sampling,
        })
    }

    /// Where the original itself is marked down so far that nothing smaller can reach the goal, what is lost against it
    /// is searched for instead. The trials that were made are not made again.
    fn second_chance(
        &self,
        chosen: Candidate,
        material: &Material<'_>,
        watch: &mut dyn Watch,
    ) -> Result<Candidate, Stop> {
        if !self.is_futile(&chosen)? {
            return Ok(chosen);
        }
        let Material {
            scenes, sampling, ..
        } = material;
        let build = self.build(chosen.codec)?;
        let source = self.seen_by(build, &material.source, watch)?;
        let outline = self.outline(chosen.codec, &material.class, build)?;
        let pieces = sampling.samples.len();
        let studio = Studio {
            density: Density::Trial,
            ..self.studio(&source, build, &outline, &material.class, pieces)
        };
        let width = self.width(pieces);
        let mut tell = teller("searching", SEARCHED, watch);
        let ceiling = Ceiling::measure(&studio, scenes, sampling, width, &mut tell)?;
        drop(tell);
        let Some(ceiling) = ceiling else {
            return Ok(chosen);
        };
        tracing::debug!(?ceiling, "a second chance");
        let found = self.hunt(chosen.codec, material, ceiling, watch)?;
        Ok(found.after(&chosen))
    }

    /// Encodes what was chosen, unless it is not worth it.
    fn make(
        &self,
        chosen: Candidate,
        material: &Material<'_>,
        watch: &mut dyn Watch,
    ) -> Result<Made, Stop> {
        let Material { class, scenes, .. } = material;
        let build = self.build(chosen.codec)?;
        let source = &*self.seen_by(build, &material.source, watch)?;
        let outline = self.outline(chosen.codec, class, build)?;
        let studio = self.studio(source, build, &outline, class, scenes.len());
        let input_bytes = self.input_bytes()?;
        let other = outline.sound_bytes(self.info);
        let finish = Finish {
            compression: self,
            studio: &studio,
            scenes,
            input_bytes,
        };
        if self.is_futile(&chosen)? {
            return Ok(finish.keep_original(&chosen));
        }
        let limit = self
            .options
            .max_size
            .map(|bytes| bytes.saturating_sub(other));
        let Candidate {
            search,
            tally,
            ceiling,
            ..
        } = chosen;
        let known = (tally, ceiling);
        let mut film = Film::new(&studio, scenes, search, self.goal(), limit, known);
        film.tally.search_s = self.began.elapsed().as_secs_f64();
        film.tally.search_cpu_s = self.crew.spent_s();
        let width = self.width(scenes.len());
        for pass in 0..=CORRECTIONS {
            film.shoot(width, &mut teller("encoding", ENCODING, watch))?;
            if pass == CORRECTIONS || !film.needs_another(limit) {
                break;
            }
        }
        finish.run(&film, watch)
    }

    /// What is predicted to be hardly smaller is not made: the second loss would be for nothing.
    fn is_futile(&self, chosen: &Candidate) -> Result<bool, Stop> {
        let most = self.worth()?;
        Ok(most.is_some_and(|most| chosen.bytes >= most))
    }

    /// From how many bytes on a result is not made; `None` when it has to become smaller in any case.
    fn worth(&self) -> Result<Option<u64>, Stop> {
        let input_bytes = self.input_bytes()?;
        let wanted = self.options.max_size;
        let is_wanted_smaller = wanted.is_some_and(|bytes| bytes < input_bytes);
        Ok((!is_wanted_smaller).then_some((input_bytes as f64 * FUTILE) as u64))
    }

    /// The source as this build sees it: two builds decode to the same pictures but scale them to other small ones.
    fn seen_by<'s>(
        &'s self,
        build: &Build,
        source: &Rc<Source<'s>>,
        watch: &mut dyn Watch,
    ) -> Result<Rc<Source<'s>>, Stop> {
        if build.path == source.build {
            return Ok(Rc::clone(source));
        }
        self.look(build, watch).map(Rc::new)
    }

    fn look(&self, build: &Build, watch: &mut dyn Watch) -> Result<Source<'_>, Stop> {
        let stream = self
            .info
            .first_video()
            .ok_or(Fault::NoVideo)
            .map_err(hopeless)?
            .0
            .index;
        let total = self.info.duration_us.unwrap_or(0) as f64 / 1e6;
        let rate = self
            .info
            .first_video()
            .and_then(|(_, video)| video.frames_per_second());
        let expected = total * rate.unwrap_or(25.0);
        let bench = self.bench(self.task.input);
        let mut once = Once::new(expected);
        let act = |()| Source::look(&bench, build, self.info, stream);
        let mut tell = teller("looking", LOOKING, watch);
        self.crew.work(1, &mut once, &act, &mut tell)?;
        once.done
            .ok_or_else(|| super::failed("corrupt_input", "the video could not be looked at"))
    }

    /// A file that FFmpeg complains of, and that is shorter than it says, was cut off; so was one that has fewer bytes and
    /// fewer pictures than it says. Half a video must not take the place of a whole one.
    fn check_whole(&self, source: &Source<'_>) -> Result<(), Stop> {
        let said = self
            .info
            .first_video()
            .and_then(|(stream, _)| stream.duration_us);
        let said = said.or(self.info.duration_us).unwrap_or(0) as f64 / 1e6;
        let found = source.length_s();
        let short = |what: &str, counts: &str| {
            let what = format!("the video is damaged ({what}): {counts} can be decoded");
            Err(super::failed("corrupt_input", &what))
        };
        if let Some(line) = source.damage.first()
            && said - found > (said * 0.02).max(0.5)
        {
            return short(line, &format!("{found:.1} s of {said:.1} s"));
        }
        let frames = source.frames.len() as u64;
        match super::cut_off(self.task.input) {
            Some(part) if frames < part.frames - part.frames / 50 => {
                short(&part.told, &format!("{frames} pictures of {}", part.frames))
            }
            _ => Ok(()),
        }
    }

    fn hunt(
        &self,
        codec: Codec,
        material: &Material<'_>,
        ceiling: Ceiling,
        watch: &mut dyn Watch,
    ) -> Result<Candidate, Stop> {
        let Material {
            class,
            scenes,
            sampling,
            ..
        } = material;
        let build = self.build(codec)?;
        let source = &*self.seen_by(build, &material.source, watch)?;
        let outline = self.outline(codec, class, build)?;
        let studio = Studio {
            density: Density::Trial,
            ..self.studio(source, build, &outline, class, sampling.samples.len())
        };
        let scale = scale(&outline, self.quality, build.tried.svt_quarter_crf);
        let lengths: Vec<usize> = scenes.iter().map(ExactSizeIterator::len).collect();
        let gop = (source.rate() * 10.0) as usize;
        let mut hunt = Hunt {
            search: Search::new(scale, self.aim(source), &lengths, &sampling.source, gop),
            tally: Tally::default(),
            studio: &studio,
            scenes,
            sampling,
            ceiling: &ceiling,
            most: self.worth()?.map(|most| {
                ((most as f64 * HOPELESS) as u64).saturating_sub(outline.sound_bytes(self.info))
            }),
        };
        let width = self.width(sampling.samples.len());
        hunt.run(width, &mut teller("searching", SEARCHING, watch))?;
        let picture = hunt.search.allocate(None).bytes;
        Ok(Candidate {
            codec,
            bytes: picture + outline.sound_bytes(self.info),
            search: hunt.search,
            tally: hunt.tally,
            ceiling,
        })
    }

    fn scenes(&self, source: &Source<'_>) -> Vec<Range<usize>> {
        if source.is_ordered() {
            scenes::cut(&source.frames, source.rate())
        } else {
            // Frames that have no time of their own cannot be asked for.
            vec![Range {
                start: 0,
                end: source.frames.len(),
            }]
        }
    }

    /// What kind of footage it is.
    fn class(
        &self,
        source: &Source<'_>,
        build: &Build,
        watch: &mut dyn Watch,
    ) -> Result<Class, Stop> {
        let sampler = Sampler {
            bench: self.bench(self.task.input),
            build,
            source,
        };
        let width = self.runner.threads as usize;
        sampler.class(width, &mut teller("looking", LOOKED, watch))
    }

    /// What is worth saying about the footage.
    fn footage(&self, studio: &Studio<'_>) -> Vec<String> {
        let video = self.info.first_video().map(|(_, video)| video);
        let is = |what: fn(&kinora_media::info::Video) -> bool| video.is_some_and(what);
        let found = [
            ("variable_rate", studio.timing == Timing::Variable),
            ("hdr", is(kinora_media::info::Video::is_hdr)),
            ("ten_bit", is(|video| video.bit_depth > 8)),
            ("rotated", is(|video| video.rotation != 0)),
        ];
        let found = found.into_iter().filter(|(_, is)| *is);
        let words = studio.class.words().chain(found.map(|(word, _)| word));
        words.map(str::to_owned).collect()
    }

    fn goal(&self) -> Levels {
        Levels::of(self.quality)
    }

    /// What is aimed at so that the goal is reached.
    fn aim(&self, source: &Source<'_>) -> Levels {
        let goal = self.goal();
        let more = match density(source) {
            Density::All => SCORERS,
            _ => SAMPLED,
        };
        Levels {
            scene: goal.scene + more,
            ..goal
        }
    }

    /// The build that encodes this codec best.
    fn build(&self, codec: Codec) -> Result<&Build, Stop> {
        let missing = || {
            hopeless(Fault::Missing {
                kind: "encoder",
                name: codec.encoder().into(),
            })
        };
        self.runner
            .tools
            .encoder(codec.encoder())
            .ok_or_else(missing)
    }

    fn outline(&self, codec: Codec, class: &Class, build: &Build) -> Result<Outline, Stop> {
        let context = source::context(build, self.runner.threads);
        Outline::new(self.options, codec, class.found(), self.info, &context).map_err(hopeless)
    }

    fn studio<'s>(
        &'s self,
        source: &'s Source<'s>,
        build: &'s Build,
        outline: &'s Outline,
        class: &'s Class,
        pieces: usize,
    ) -> Studio<'s> {
        let size = outline.size();
        let vmaf = self.runner.tools.vmaf_for(size.width, size.height);
        let width = u32::try_from(self.width(pieces)).unwrap_or(1);
        if class.is_interlaced() {
            source.needs_more_before();
        }
        Studio {
            bench: self.bench(self.task.input),
            keep: self.keep,
            scorer: vmaf.map_or(Scorer::Xpsnr(build), |(build, model)| {
                Scorer::Vmaf(build, model)
            }),
            timing: source.timing(),
            density: density(source),
            least: self.goal().worst5,
            threads: (self.runner.threads / width).max(1),
            source,
            build,
            outline,
            class,
            has_memory: class.is_interlaced(),
        }
    }

    fn bench<'s>(&'s self, input: &'s std::path::Path) -> Bench<'s> {
        Bench {
            runner: self.runner,
            crew: self.crew,
            keep: self.keep,
            scratch: self.keep.directory(),
            input,
        }
    }

    /// Children at the same time: an encoder feeds four cores well, and large pictures need memory.
    fn width(&self, pieces: usize) -> usize {
        let threads = self.runner.threads.max(1) as usize;
        let each = (threads / 4).clamp(1, 4);
        let pixels = self.info.display_size().map_or(0, |size| size.pixels());
        let most = match pixels {
            0..=4_000_000 => 8,
            4_000_001..=9_000_000 => 2,
            _ => 1,
        };
        (threads / each).min(most).min(pieces).max(1)
    }

    fn input_bytes(&self) -> Result<u64, Stop> {
        let size = std::fs::metadata(self.task.input).map(|metadata| metadata.len());
        size.map_err(|error| machine("the input", &error))
    }
}

impl Candidate {
    /// With what another candidate's search has cost.
    fn after(mut self, other: &Self) -> Self {
        self.tally.probe_frames += other.tally.probe_frames;
        if self.codec == other.codec {
            // A second search of the same: its first round was known.
            self.tally.probes = other.tally.probes + self.tally.probes.saturating_sub(1);
        }
        self
    }
}

/// How densely chunks of this video are scored.
fn density(source: &Source<'_>) -> Density {
    if source.frames.len() <= SCORED_WHOLE {
        Density::All
    } else {
        Density::Sparse
    }
}

/// How an encoder's CRF works: measured slopes of whole clips.
fn scale(outline: &Outline, quality: Quality, is_quarter: bool) -> Scale {
    let (slope, size_slope) = match outline.codec() {
        Codec::H264 => (0.115, -0.125),
        Codec::Hevc => (0.115, -0.135),
        Codec::Av1 => (0.048, -0.06),
    };
    Scale {
        range: outline.crf_range(),
        step: outline.crf_step(is_quarter),
        first: outline.first_crf(quality),
        slope,
        size_slope,
    }
}

/// Tells the watcher how far a stage is.
fn teller<'w>(
    stage: &'static str,
    (from, to): (f64, f64),
    watch: &'w mut dyn Watch,
) -> impl FnMut(f64) -> Wish + 'w {
    let mut reporter = Reporter::new(stage, watch);
    let began = Instant::now();
    move |fraction| {
        let whole = from + (to - from) * fraction.clamp(0.0, 1.0);
        let pace = began.elapsed().as_secs_f64() / (to - from) / fraction;
        let remaining = (fraction > 0.02).then_some(pace * (1.0 - whole));
        reporter.report(whole, None, remaining)
    }
}

/// One piece of work for a crew.
struct Once<T> {
    waiting: Option<()>,
    done: Option<T>,
    frames: f64,
}

impl<T> Once<T> {
    fn new(frames: f64) -> Self {
        Self {
            waiting: Some(()),
            done: None,
            frames,
        }
    }
}

impl<T: Send> crew::Work for Once<T> {
    type Task = ();
    type Done = T;

    fn next(&mut self) -> Option<()> {
        self.waiting.take()
    }

    fn done(&mut self, done: T) {
        self.done = Some(done);
    }

    fn fraction(&self, frames: u64) -> f64 {
        (frames as f64 / self.frames.max(1.0)).min(1.0)
    }
}
