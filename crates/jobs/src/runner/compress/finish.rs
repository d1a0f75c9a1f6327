//! From chunks to a result: joined, decoded whole, compared, and accounted for.

use super::film::Film;
use super::scores::{Scorer, Scores};
use super::source;
use super::studio::{Chunk, Studio};
use super::{CHECKING, Candidate, Compression, Once, WORTH, teller};
use crate::runner::report::Reporter;
use crate::runner::{Made, Stop, Watch, failed, hopeless, machine, original_extension};
use kinora_media::info::Ratio;
use kinora_media::quality::between::Density;
use kinora_media::quality::outline::concat_list;
use kinora_media::quality::report::{Effort, Encoder, Metric, Report, Status, Wish};
use kinora_media::quality::runs::Timing;
use kinora_media::quality::summary::{self, Part, Shown};
use kinora_media::{Expectation, Fault};
use std::ops::Range;
use std::path::Path;

/// The list of chunks in the kept directory.
const LIST: &str = "list.txt";

/// A frame may be shown so much earlier or later: containers round to milliseconds, and constant rates are made exact.
const LATE_US: i64 = 4_000;
/// Mean brightness, of 255, by which a frame differs from its original only when it is another picture.
const STRANGE: f32 = 6.0;

/// What a level that is said with two digits may lack.
const ROUNDED: f64 = 0.005;

/// What the last steps need.
pub(super) struct Finish<'a> {
    pub(super) compression: &'a Compression<'a>,
    pub(super) studio: &'a Studio<'a>,
    pub(super) scenes: &'a [Range<usize>],
    pub(super) input_bytes: u64,
}

impl Finish<'_> {
    /// Joins the chunks, checks the result and writes the report.
    pub(super) fn run(&self, film: &Film<'_>, watch: &mut dyn Watch) -> Result<Made, Stop> {
        let extension = self.studio.outline.extension().to_owned();
        let output = self.compression.task.work.join(format!("out.{extension}"));
        self.join(film, &output, watch)?;
        self.check(&output, watch)?;
        let metadata = std::fs::metadata(&output);
        let size = metadata.map_err(|e| machine("the result", &e))?.len();
        let mut report = self.report(film);
        if size as f64 >= self.input_bytes as f64 * WORTH {
            return Ok(self.original(report, size));
        }
        report.output_bytes = size;
        self.judge(film, &mut report, size)?;
        Ok(Made {
            path: output,
            extension,
            kept_original: false,
            notes: self.notes(&report),
            report: Some(Box::new(report)),
        })
    }

    /// Puts the chunks end to end, beside everything else of the original.
    fn join(&self, film: &Film<'_>, output: &Path, watch: &mut dyn Watch) -> Result<(), Stop> {
        let Compression {
            info,
            keep,
            task,
            crew,
            ..
        } = self.compression;
        let source = self.studio.source;
        let chunks = self.scenes.iter().zip(film.chunks.iter().flatten());
        let chunks: Vec<_> = chunks
            .map(|(scene, (chunk, _))| (chunk.file.clone(), self.length_ns(scene)))
            .collect();
        let list = keep.path(LIST);
        std::fs::write(&list, concat_list(&chunks)).map_err(|e| machine("the list", &e))?;
        let offset_us = source.times.first().unwrap_or(&0) - info.start_us.unwrap_or(0);
        let rate = self.rate();
        let context = source::context(self.studio.build, self.compression.runner.threads);
        let outline = self.studio.outline;
        let before = outline.before_join(info, &context);
        let join = outline.join(LIST, rate, offset_us, info, &context);
        let bench = self.compression.bench(task.input);
        let program = &self.studio.build.path;
        let act = |()| {
            for step in before.iter().chain([&join]) {
                bench.run(program, &step.arguments, output, &mut |_| {})?;
            }
            Ok(())
        };
        let mut once = Once::new(1.0);
        crew.work(1, &mut once, &act, &mut teller("joining", CHECKING, watch))
    }

    /// The result has what the original has, decodes without a complaint, and shows the same pictures at the same times.
    fn check(&self, output: &Path, watch: &mut dyn Watch) -> Result<(), Stop> {
        let Compression { runner, task, .. } = self.compression;
        let unsound = |stop| match stop {
            Stop::Failed {
                problem,
                transient: false,
            } => failed("result_unsound", &problem.description),
            // A full disk is not the result's fault.
            other => other,
        };
        let mut reporter = Reporter::new("verifying", watch);
        let made = runner
            .probe(output, task.work, &mut reporter)
            .map_err(unsound)?;
        let source = self.studio.source;
        let length_us = (source.length_s() * 1e6) as u64;
        let expect = Expectation {
            // What was decoded is known better than what a header says.
            video_us: Some(length_us),
            ..self
                .studio
                .outline
                .expect(source.frames.len() as u64, Some(self.whole_us(length_us)))
        };
        expect.check(&made).map_err(hopeless)?;
        let stream = made.first_video().map_or(0, |(stream, _)| stream.index);
        let bench = self.compression.bench(output);
        let act = |()| source::look(&bench, self.studio.build, &made, stream);
        let mut once = Once::new(source.frames.len() as f64);
        let mut tell = teller("verifying", CHECKING, watch);
        self.compression
            .crew
            .work(1, &mut once, &act, &mut tell)
            .map_err(unsound)?;
        let seen = once
            .done
            .ok_or_else(|| failed("result_unsound", "the result could not be looked at"))?;
        self.compare(&seen)
    }

    /// From the beginning of picture or sound, whichever is first, to the end of the last. Broadcasts begin with a second
    /// of sound before the first picture that can be decoded.
    fn whole_us(&self, picture_us: u64) -> u64 {
        let first = self.studio.source.times.first().copied().unwrap_or(0);
        let picture = (first, first + picture_us as i64);
        let sounds = self.compression.info.audio().filter_map(|(stream, _)| {
            let from = stream.start_us.unwrap_or(first);
            Some((from, from + i64::try_from(stream.duration_us?).ok()?))
        });
        let join = |a: (i64, i64), b: (i64, i64)| (a.0.min(b.0), a.1.max(b.1));
        let (from, to) = sounds.fold(picture, join);
        u64::try_from(to - from).unwrap_or(picture_us)
    }

    fn compare(&self, seen: &source::Seen) -> Result<(), Stop> {
        let wrong = |what: &str| Err(failed("result_unsound", what));
        let source = self.studio.source;
        if let Some(line) = seen.damage.first() {
            return wrong(&format!("the result does not decode: {line}"));
        }
        if seen.frames.len() != source.frames.len() || seen.times.len() != source.times.len() {
            return wrong("the result has not as many frames as the original");
        }
        let begin = |times: &[i64]| times.first().copied().unwrap_or(0);
        let (here, there) = (begin(&seen.times), begin(&source.times));
        let off = seen.times.iter().zip(&source.times);
        let off = off.map(|(a, b)| ((a - here) - (b - there)).abs()).max();
        if source.is_ordered() && off > Some(LATE_US) {
            return wrong("the result shows its frames at other times than the original");
        }
        // Colours that were mapped are another picture.
        let is_mapped = self.compression.options.tone_map;
        let pairs = seen.frames.iter().zip(&source.frames);
        let strange = pairs
            .filter(|(a, b)| (a.light - b.light).abs() > STRANGE)
            .count();
        if !is_mapped && strange > source.frames.len() / 50 {
            return wrong("the result shows other pictures than the original");
        }
        Ok(())
    }

    /// Says whether the goal was held; a size that was not held is an error.
    fn judge(&self, film: &Film<'_>, report: &mut Report, size: u64) -> Result<(), Stop> {
        if let Some(most) = self.compression.options.max_size
            && size > most
        {
            return Err(hopeless(Fault::TargetTooSmall {
                asked: most,
                smallest: size,
            }));
        }
        let (Some(goal), Some(measured)) = (report.goal, report.measured) else {
            return Ok(());
        };
        let is = measured.levels;
        // Of all frames that were scored the worst are known, of samples about.
        let slack = match self.studio.density {
            Density::All => ROUNDED,
            _ => 0.5,
        };
        let lacks = [
            ("mean", goal.mean - 0.3, is.mean, goal.mean),
            ("worst scene", goal.scene - ROUNDED, is.scene, goal.scene),
            (
                "worst twentieth of the frames",
                goal.worst5 - slack,
                is.worst5,
                goal.worst5,
            ),
        ];
        let missed = lacks.iter().find(|(_, least, is, _)| is < least);
        if let Some((what, _, is, goal)) = missed {
            report.status = Status::BestEffort;
            let why = match self.compression.options.max_size {
                Some(most) => format!("This is the best quality possible within {most} bytes"),
                None if film.search.is_spent() => {
                    "This is the best quality possible with this encoder".into()
                }
                None => "Scenes were made better, and it is not enough yet".into(),
            };
            report.reason = format!("{why}: the {what} is {is:.2}, {goal:.0} was wanted.");
        }
        Ok(())
    }

    fn notes(&self, report: &Report) -> Vec<String> {
        let source = self.studio.source;
        let mut notes = self.studio.outline.notes().to_vec();
        let damage = source.damage.first();
        notes.extend(damage.map(|line| format!("The input is damaged: {line}")));
        if !report.reason.is_empty() {
            notes.push(report.reason.clone());
        }
        notes
    }

    fn report(&self, film: &Film<'_>) -> Report {
        let parts = self.parts(film);
        let source = self.studio.source;
        let tally = &film.tally;
        let head = self.head();
        Report {
            ceiling: film.ceiling.mean,
            metric: Metric {
                caveat: caveat(&head.metric.caveat, film.ceiling.mean),
                ..head.metric.clone()
            },
            measured: summary::measure(&parts, source.rate()),
            scenes: summary::scenes(&parts),
            timeline: summary::timeline(&parts),
            worst: summary::worst(&parts),
            effort: Effort {
                probes: tally.probes,
                probe_frames: tally.probe_frames,
                search_s: tally.search_s,
                search_cpu_s: tally.search_cpu_s,
                encode_s: self.compression.began.elapsed().as_secs_f64() - tally.search_s,
                encode_cpu_s: self.compression.crew.spent_s() - tally.search_cpu_s,
                again: tally.again,
            },
            ..head
        }
    }

    fn parts(&self, film: &Film<'_>) -> Vec<Part> {
        let source = self.studio.source;
        let scenes = self.scenes.iter().zip(film.chunks.iter().flatten());
        let part =
            |(number, (scene, (chunk, scores))): (usize, (&Range<usize>, &(Chunk, Scores)))| {
                let frames = film.ceiling.lift(number, scores.frames(scene.len()));
                let frames = frames.into_iter().enumerate();
                let shown = |(at, score): (usize, f32)| Shown {
                    at_s: source.at_s(scene.start + at),
                    score,
                    is_measured: scores.is_measured(at as u32),
                };
                Part {
                    span_s: (source.at_s(scene.start), source.at_s(scene.end)),
                    crf: chunk.crf,
                    bytes: chunk.bytes,
                    frames: scene.len(),
                    shown: frames.map(shown).collect(),
                    db: self.xpsnr(scores),
                }
            };
        scenes.enumerate().map(part).collect()
    }

    /// XPSNR, where that is what the decibels are.
    fn xpsnr(&self, scores: &Scores) -> Vec<f32> {
        match self.studio.scorer {
            Scorer::Xpsnr(_) => scores.db.clone(),
            Scorer::Vmaf(..) => Vec::new(),
        }
    }

    /// What is known before anything is made.
    fn head(&self) -> Report {
        let Compression {
            options, quality, ..
        } = self.compression;
        let (outline, source) = (self.studio.outline, self.studio.source);
        Report {
            version: 1,
            wish: Wish {
                r#for: options.target.word().into(),
                quality: quality.word().into(),
                speed: options.speed.word().into(),
                max_size: options.max_size,
            },
            encoder: Encoder {
                codec: outline.codec().name().into(),
                name: outline.codec().encoder().into(),
                preset: outline.preset().into(),
                ffmpeg: self.studio.build.version.clone(),
            },
            input_bytes: self.input_bytes,
            duration_s: source.length_s(),
            frames: source.frames.len() as u64,
            metric: self.metric(),
            goal: Some(self.compression.goal()),
            footage: self.compression.footage(self.studio),
            ..Report::default()
        }
    }

    fn metric(&self) -> Metric {
        let size = self.studio.outline.size();
        let pixels = format!("{}x{}", size.width, size.height);
        let is_hdr = self.compression.info.is_hdr() && !self.compression.options.tone_map;
        let hdr = if is_hdr {
            "The picture is HDR, for which the scale is not calibrated."
        } else {
            ""
        };
        let sampled = match self.studio.density {
            Density::All => "",
            _ => {
                "Every seventh frame was scored; twice as many or more where a scene lies near its floor, a third of them \
                 where it lies far over it. PSNR of all others was compared with theirs, and those that may be broken were \
                 scored, too."
            }
        };
        match self.studio.scorer {
            Scorer::Vmaf(_, model) => Metric {
                name: "vmaf".into(),
                model: model.name().into(),
                condition: format!("{}, compared at {pixels}", model.condition()),
                caveat: format!("{sampled} {hdr}").trim().into(),
            },
            Scorer::Xpsnr(_) => Metric {
                name: "xpsnr".into(),
                model: String::new(),
                condition: format!("compared at {pixels}"),
                caveat: format!(
                    "No FFmpeg here has VMAF: the scores are careful estimates from XPSNR. {hdr}"
                )
                .trim_end()
                .into(),
            },
        }
    }

    fn rate(&self) -> Option<Ratio> {
        match self.studio.timing {
            Timing::Constant(rate) => Some(rate),
            Timing::Variable => None,
        }
    }

    fn length_ns(&self, scene: &Range<usize>) -> u64 {
        let source = self.studio.source;
        let at = |frame: usize| match self.rate() {
            Some(Ratio { num, den }) => {
                (frame as u128 * u128::from(den) * 1_000_000_000 / u128::from(num)) as u64
            }
            None => source.end_ns(frame),
        };
        at(scene.end) - at(scene.start)
    }

    /// Nothing smaller would be as good.
    pub(super) fn keep_original(&self, chosen: &Candidate) -> Made {
        let mut report = self.head();
        report.effort = Effort {
            probes: chosen.tally.probes,
            probe_frames: chosen.tally.probe_frames,
            search_cpu_s: self.compression.crew.spent_s(),
            search_s: self.compression.began.elapsed().as_secs_f64(),
            ..Effort::default()
        };
        self.original(report, chosen.bytes)
    }

    fn original(&self, report: Report, bytes: u64) -> Made {
        let Compression { task, info, .. } = self.compression;
        let reason = format!(
            "The original came back: at this quality the result would have about {bytes} bytes, the original has {}.",
            self.input_bytes
        );
        Made {
            path: task.input.to_owned(),
            extension: original_extension(task.extension, info),
            kept_original: true,
            notes: vec![reason.clone()],
            report: Some(Box::new(Report {
                status: Status::KeptOriginal,
                output_bytes: self.input_bytes,
                measured: None,
                reason,
                ..report
            })),
        }
    }
}

/// What must be known of the scores, with what is given back of them.
fn caveat(told: &str, ceiling: Option<f64>) -> String {
    let lifted = ceiling.map(|mean| {
        format!(
            "The original itself reaches only {mean:.1} by this model, which takes points off for bands that it has: \
             what was lost against the original is what counts."
        )
    });
    [lifted.unwrap_or_default().as_str(), told]
        .join(" ")
        .trim()
        .into()
}
