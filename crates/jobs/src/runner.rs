//! One job on one thread: probe, plan, run each step, verify what came out.
//!
//! Knows nothing of queues and leases: who runs it hears of progress and answers whether to go on.

mod lines;
mod report;
mod step;
mod compress;
mod lent;

use crate::policy;
use crate::sandbox::cage::Duty;
use crate::sandbox::process::{self, Control, Heard, Spec};
use crate::sandbox::{Share, Tools};
use kinora_media::diagnosis::{self, Ended, Part};
use kinora_media::info::MediaInfo;
use kinora_media::operation::{Context, Operation};
use kinora_media::plan::{Argument, Plan, Step};
use kinora_media::probe;
use kinora_store::contract::Problem;
use lines::Complaints;
use report::Reporter;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use step::{Portion, StepRun};

pub use lent::Lent;
pub use report::{Watch, Wish};

/// Everything that a job needs of this machine.
#[derive(Clone, Copy, Debug)]
pub struct Runner<'a> {
    /// The programs and what they can do.
    pub tools: &'a Tools,
    /// The children's part of the processor.
    pub share: &'a Share,
    /// Threads that one FFmpeg may use.
    pub threads: u32,
    /// No progress for this long ends the attempt.
    pub stall: Duration,
    /// The attempt as a whole may take this long.
    pub time: Duration,
    /// Bytes that the result may reach.
    pub file_size: Option<u64>,
}

/// What to run on what.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// What to do.
    pub operation: &'a Operation,
    /// The ending that the client's file had, without a dot.
    pub extension: Option<&'a str>,
    /// The input: absolute, named by us.
    pub input: &'a Path,
    /// An empty directory for this attempt alone: absolute.
    pub work: &'a Path,
    /// A directory that outlives the attempt, for what the next one can go on from; else `work` serves.
    pub keep: Option<&'a Path>,
}

/// A result that has been verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Where it lies; the input itself when `kept_original`.
    pub path: PathBuf,
    /// Its ending, without a dot.
    pub extension: String,
    /// Nothing smaller could be made.
    pub kept_original: bool,
    /// Sentences for the user.
    pub notes: Vec<String>,
    /// How a compression was chosen and what it measures.
    pub report: Option<Box<kinora_media::quality::Report>>,
}

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Something is wrong with the input, the order or the machine.
    Failed {
        /// In the words for everyone.
        problem: Problem,
        /// Trying again may help.
        transient: bool,
    },
    /// The watcher wanted it so.
    Asked(Wish),
}

impl Runner<'_> {
    /// Runs the task to its end.
    ///
    /// # Errors
    /// [`Stop`]: nothing that was begun is usable; the work directory may be removed.
    pub fn run(&self, task: &Task<'_>, watch: &mut dyn Watch) -> Result<Made, Stop> {
        let deadline = Instant::now() + self.time;
        let info = self.probe(task.input, task.work, &mut Reporter::new("probing", watch))?;
        let mut lapse = None;
        if let Some(options) = task.operation.search() {
            match compress::run(self, task, options, &info, deadline, watch) {
                // A file that cannot be taken apart and put together again can still be encoded in one piece.
                Err(Stop::Failed { problem, transient })
                    if problem.code == UNSOUND && !transient && options.max_size.is_none() =>
                {
                    tracing::warn!(description = ?problem.description, "no search");
                    lapse = Some(problem.description);
                }
                ended => return ended,
            }
        }
        let context = Context {
            threads: self.threads,
            capabilities: &self.tools.main().capabilities,
            file_extension: task.extension,
        };
        let mut plan = task.operation.plan(&info, &context).map_err(hopeless)?;
        let output = task.work.join(format!("out.{}", plan.extension));
        let (mut before, mut damage) = (0.0, Vec::new());
        for step in &plan.steps {
            let portion = Portion {
                before,
                share: step.share,
                duration_us: plan.duration_us,
            };
            damage.extend(self.step(step, task, &output, &portion, deadline, watch)?);
            before += step.share;
        }
        self.verify(&plan, &output, task, &damage, watch)?;
        plan.notes.extend(
            damage
                .first()
                .map(|line| format!("the input is damaged: {line}")),
        );
        plan.notes.extend(lapse.map(|reason| {
            format!("Encoded at the usual quality, without a search and without a proof: {reason}.")
        }));
        choose(plan, output, task, &info)
    }

    /// What a file is, found out by ffprobe under the same confinement.
    ///
    /// # Errors
    /// `Failed` with the cause in words when it is no media file.
    fn probe(
        &self,
        file: &Path,
        work: &Path,
        reporter: &mut Reporter<'_>,
    ) -> Result<MediaInfo, Stop> {
        let capabilities = &self.tools.main().capabilities;
        // What was made here may be of a kind that is not taken from outside.
        let arguments = match file.starts_with(work) {
            true => probe::arguments_of_result(capabilities),
            false => probe::arguments(capabilities),
        };
        let arguments = render(&arguments, file, file, work);
        let mut answer = Vec::new();
        let mut complaints = Complaints::default();
        let until = Instant::now() + policy::PROBE_TIME;
        let (mut wish, mut late) = (Wish::Continue, false);
        let spec = Spec {
            output: None,
            file_size: Some(0),
            duty: Duty::Look,
            time: policy::PROBE_TIME,
            ..self.spec(&self.tools.ffprobe, &arguments, (file, file), work, None)
        };
        let finished = process::run(&spec, &mut |heard| {
            match heard {
                Heard::Output(bytes) => answer.extend_from_slice(bytes),
                Heard::Complaint(bytes) => complaints.push(bytes),
                Heard::Started(_) | Heard::Tick => wish = reporter.report(0.0, None, None),
            }
            late = Instant::now() > until || answer.len() > policy::PROBE_BYTES;
            control(wish == Wish::Continue && !late)
        });
        let finished = finished.map_err(|error| machine("ffprobe", &error))?;
        if wish != Wish::Continue {
            return Err(Stop::Asked(wish));
        }
        if late {
            return Err(diagnosed(&Ended::TimedOut, &complaints.lines()));
        }
        if finished.ended != Ended::Exit(0) {
            return Err(diagnosed(&finished.ended, &complaints.lines()));
        }
        probe::parse(&answer).map_err(hopeless)
    }

    fn step(
        &self,
        step: &Step,
        task: &Task<'_>,
        output: &Path,
        portion: &Portion,
        deadline: Instant,
        watch: &mut dyn Watch,
    ) -> Result<Vec<String>, Stop> {
        let arguments = render(&step.arguments, task.input, output, task.work);
        let spec = self.spec(
            &self.tools.main().path,
            &arguments,
            (task.input, output),
            task.work,
            self.file_size,
        );
        let mut run = StepRun::new(portion, self.stall, deadline, watch);
        tracing::debug!(step = step.label, ?arguments, "ffmpeg");
        let finished = process::run(&spec, &mut |heard| run.hear(&heard))
            .map_err(|error| machine("ffmpeg", &error))?;
        run.judge(finished.ended)
    }

    fn verify(
        &self,
        plan: &Plan,
        output: &Path,
        task: &Task<'_>,
        damage: &[String],
        watch: &mut dyn Watch,
    ) -> Result<(), Stop> {
        let mut reporter = Reporter::new("verifying", watch);
        reporter.report(1.0, None, Some(0.0));
        if plan.expect.headerless {
            let has_content = std::fs::metadata(output).is_ok_and(|m| m.len() > 0);
            return has_content
                .then_some(())
                .ok_or_else(|| failed(UNSOUND, "nothing was written"));
        }
        let made = self.probe(output, task.work, &mut reporter);
        let made = made.map_err(|stop| match stop {
            Stop::Failed { problem, .. } => failed(UNSOUND, &problem.description),
            asked @ Stop::Asked(_) => asked,
        })?;
        let sound = plan.expect.check(&made);
        // FFmpeg ends with 0 on a file that was cut in half; what it complained of is then the cause.
        let told = || {
            let told = || cut_off(task.input).map(|part| part.told);
            damage.first().cloned().or_else(told)
        };
        sound.map_err(|fault| match told() {
            Some(line) => failed(
                "corrupt_input",
                &format!("the video is damaged ({line}): {fault}"),
            ),
            None => hopeless(fault),
        })
    }

    fn spec<'s>(
        &'s self,
        program: &'s Path,
        arguments: &'s [OsString],
        (input, output): (&'s Path, &'s Path),
        work: &'s Path,
        file_size: Option<u64>,
    ) -> Spec<'s> {
        Spec {
            program,
            arguments,
            directory: work,
            input: Some(input),
            lent: None,
            output: Some(output),
            file_size,
            duty: Duty::Work,
            time: self.time,
            share: self.share,
            cage: &self.tools.cage,
        }
    }
}

/// What tells that a file lacks its end, although FFmpeg does not complain of it.
fn cut_off(file: &Path) -> Option<Part> {
    let mut head = [0; diagnosis::HEAD_BYTES];
    let mut file = File::open(file).ok()?;
    file.read_exact(&mut head).ok()?;
    diagnosis::cut_off(&head, file.metadata().ok()?.len())
}

/// The code of results that are not what they should be.
const UNSOUND: &str = "result_unsound";

/// The argument list with our own names in it. `file:` keeps FFmpeg from reading a protocol into a name.
fn render(arguments: &[Argument], input: &Path, output: &Path, work: &Path) -> Vec<OsString> {
    let file = |path: &Path| {
        let mut name = OsString::from("file:");
        name.push(path);
        name
    };
    let one = |argument: &Argument| match argument {
        Argument::Text(text) => text.into(),
        Argument::Input => file(input),
        Argument::Output => file(output),
        Argument::Scratch(name) => work.join(name).into_os_string(),
    };
    arguments.iter().map(one).collect()
}

/// The result, or the original where that is not larger and the operation promises so.
fn choose(plan: Plan, output: PathBuf, task: &Task<'_>, info: &MediaInfo) -> Result<Made, Stop> {
    let size = |path: &Path| std::fs::metadata(path).map(|m| m.len());
    let made = size(&output).map_err(|error| machine("the result", &error))?;
    let given = size(task.input).map_err(|error| machine("the input", &error))?;
    let mut notes = plan.notes;
    if !plan.never_larger || made < given {
        return Ok(Made {
            path: output,
            extension: plan.extension,
            kept_original: false,
            notes,
            report: None,
        });
    }
    notes.push(format!(
        "the original came back: the best result had {made} bytes, the original has {given}"
    ));
    Ok(Made {
        path: task.input.to_owned(),
        extension: original_extension(task.extension, info),
        kept_original: true,
        notes,
        report: None,
    })
}

/// What the original is called when it comes back: as the client named it, else by its container.
fn original_extension(named: Option<&str>, info: &MediaInfo) -> String {
    let is_plain = |text: &&str| {
        (1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let format = info.format_name.as_str();
    let by_format = match format {
        _ if format.contains("mp4") => "mp4",
        _ if format.contains("webm") => "mkv",
        _ if format == "mpegts" => "ts",
        _ => format.split(',').next().unwrap_or("bin"),
    };
    named
        .filter(is_plain)
        .or_else(|| Some(by_format).filter(is_plain))
        .unwrap_or("bin")
        .to_ascii_lowercase()
}

fn control(go_on: bool) -> Control {
    if go_on {
        Control::Continue
    } else {
        Control::Kill
    }
}

fn hopeless(fault: kinora_media::Fault) -> Stop {
    Stop::Failed {
        problem: crate::problem::of_media(&fault),
        transient: false,
    }
}

fn diagnosed(ended: &Ended, lines: &[String]) -> Stop {
    let cause = diagnosis::diagnose(ended, lines);
    tracing::debug!(?ended, ?lines, code = cause.code, "a child failed");
    Stop::Failed {
        transient: cause.transient,
        problem: Problem {
            code: cause.code.into(),
            description: cause.description,
            solution: cause.solution,
        },
    }
}

fn failed(code: &str, description: &str) -> Stop {
    Stop::Failed {
        problem: Problem {
            code: code.into(),
            description: description.into(),
            solution: "check that the file plays from beginning to end, or make a fresh copy of it"
                .into(),
        },
        transient: false,
    }
}

fn machine(what: &str, error: &std::io::Error) -> Stop {
    Stop::Failed {
        problem: crate::problem::of_machine(what, error),
        transient: true,
    }
}
