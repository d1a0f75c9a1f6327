//! `--local`: the server's own engine in this process, for one file after the other.

use super::context::{Context, tools};
use crate::cli;
use crate::config;
use crate::exit::Exit;
use crate::output::{Leftovers, Output};
use crate::progress::FileProgress;
use crate::report::{Failure, Outcome};
use kinora_client::Cancel;
use kinora_jobs::runner::{Made, Runner, Stop, Task, Watch, Wish};
use kinora_jobs::sandbox::{Share, Tools};
use kinora_jobs::{Problem, Progress};
use kinora_media::operation::Operation;
use kinora_media::quality::Report;
use std::io;
use std::path::Path;
use std::time::Duration;

/// The programs of this machine, found once.
#[derive(Debug)]
pub(crate) struct Engine {
    tools: Tools,
    share: Share,
    stall: Duration,
    time: Duration,
}

/// A result that has appeared.
#[derive(Debug)]
pub(crate) struct Here {
    /// Bytes.
    pub(crate) size: u64,
    /// Bytes of the input.
    pub(crate) original_size: u64,
    /// The original came back.
    pub(crate) kept_original: bool,
    /// Sentences.
    pub(crate) notes: Vec<String>,
    /// How it was made and what it measures.
    pub(crate) report: Option<Box<Report>>,
}

impl Engine {
    /// Finds FFmpeg as the settings say.
    ///
    /// # Errors
    /// When the settings are wrong or it is not there.
    pub(crate) fn find(settings: &cli::Settings, context: &Context) -> Outcome<Self> {
        let config = config::Settings::load(&settings.flags(), &context.variables)?.server()?;
        Ok(Self {
            tools: tools(&config).map_err(|problem| failed(problem, Exit::Failed))?,
            share: Share::off(),
            stall: Duration::from_secs(config.jobs.stall),
            time: Duration::from_secs(config.jobs.max_duration),
        })
    }

    /// Makes one result and gives it its name.
    ///
    /// # Errors
    /// What failed; nothing of it is left then.
    pub(crate) fn run(
        &self,
        operation: &Operation,
        input: &Path,
        output: &mut Output,
        progress: FileProgress,
        cancel: &Cancel,
        leftovers: &Leftovers,
    ) -> Outcome<Here> {
        let input = std::path::absolute(input).map_err(|error| unwritable(&error))?;
        let original_size = input.metadata().map_err(|error| unwritable(&error))?.len();
        // Beside the output, so that the result only needs another name in the end.
        let work = output
            .work_directory()
            .map_err(|error| unwritable(&error))?;
        leftovers.add(work.path());
        let made = self.make(operation, &input, work.path(), progress, cancel);
        let placed = made.and_then(|made| {
            output
                .adopt(&made.path, &made.extension, made.kept_original)
                .map_err(|error| unwritable(&error))?;
            Ok(made)
        });
        leftovers.forget(work.path());
        let made = placed?;
        Ok(Here {
            size: output
                .path()
                .metadata()
                .map_err(|error| unwritable(&error))?
                .len(),
            original_size,
            kept_original: made.kept_original,
            notes: made.notes,
            report: made.report,
        })
    }

    fn make(
        &self,
        operation: &Operation,
        input: &Path,
        work: &Path,
        progress: FileProgress,
        cancel: &Cancel,
    ) -> Outcome<Made> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let runner = Runner {
            tools: &self.tools,
            share: &self.share,
            threads: u32::try_from(cores).unwrap_or(1),
            stall: self.stall,
            time: self.time,
            file_size: None,
        };
        let task = Task {
            operation,
            extension: input.extension().and_then(|ending| ending.to_str()),
            input,
            work,
            keep: None,
        };
        runner
            .run(&task, &mut Shown { progress, cancel })
            .map_err(|stop| match stop {
                Stop::Failed { problem, .. } => failed(problem, Exit::Failed),
                Stop::Asked(_) => Failure::new(
                    Exit::Interrupted,
                    "interrupted",
                    "interrupted",
                    "nothing is left of it",
                ),
            })
    }
}

/// Passes progress to the display and Ctrl-C to the engine.
struct Shown<'a> {
    progress: FileProgress,
    cancel: &'a Cancel,
}

impl Watch for Shown<'_> {
    fn report(&mut self, progress: &Progress) -> Wish {
        self.progress.work(
            &progress.stage,
            progress.fraction,
            progress.speed,
            progress.remaining_s,
        );
        if self.cancel.is_set() {
            Wish::Cancel
        } else {
            Wish::Continue
        }
    }
}

/// A problem in the engine's words.
pub(super) fn failed(problem: Problem, exit: Exit) -> Failure {
    Failure::new(exit, &problem.code, problem.description, problem.solution)
}

fn unwritable(error: &io::Error) -> Failure {
    Failure::new(
        Exit::File,
        "unwritable_output",
        format!("cannot write the result: {error}"),
        "check the space and the permissions of the output's directory",
    )
}
