//! A result is there: what is said of it, and the report in the form that was asked for.

use super::context::{Context, tools};
use super::shown::Result as Shown;
use crate::cli;
use crate::config;
use crate::exit::Exit;
use crate::output::{Place, write_page};
use crate::progress::Display;
use crate::proof::{self, Files, Form, Look, Pair, Pictures};
use crate::report::{Failure, Outcome};
use crate::terminal;
use kinora_jobs::sandbox::{Share, Tools};
use kinora_jobs::stills::stills;
use kinora_media::quality::Report;
use kinora_media::quality::report::Status;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Pixels of the longer side of the frames on a page: wide enough to see what is wrong, a few hundred kB for a page.
const SIDE: u32 = 960;
/// Places whose frames are shown; a report names at most so many.
const PLACES: usize = 6;

/// How results of one command are shown.
#[derive(Debug)]
pub(crate) struct Delivery<'a> {
    /// In which form reports are wanted.
    pub(crate) form: Option<Form>,
    /// Overwrite a page that exists.
    pub(crate) force: bool,
    /// Where to find FFmpeg, for the frames on a page.
    pub(crate) programs: Programs<'a>,
}

/// The FFmpeg of this machine, looked for when it is needed first.
#[derive(Debug)]
pub(crate) struct Programs<'a> {
    context: &'a Context,
    settings: cli::Settings,
    found: OnceLock<Result<Tools, String>>,
}

impl<'a> Programs<'a> {
    /// As these settings say.
    pub(crate) fn new(context: &'a Context, settings: cli::Settings) -> Self {
        Self {
            context,
            settings,
            found: OnceLock::new(),
        }
    }

    fn tools(&self) -> Result<&Tools, &str> {
        let found = self.found.get_or_init(|| {
            let layers = config::Settings::load(&self.settings.flags(), &self.context.variables);
            let config = layers.and_then(|layers| layers.server());
            let config = config.map_err(|mistake| mistake.description)?;
            tools(&config).map_err(|problem| problem.description)
        });
        found.as_ref().map_err(String::as_str)
    }
}

impl Delivery<'_> {
    /// Says before the work begins what would fail at its end.
    ///
    /// # Errors
    /// When a page is wanted, and its name is taken.
    pub(crate) fn check(&self, place: &Place) -> Outcome {
        // The result's ending is not part of the page's name.
        let path = page_path(&place.path("bin"));
        if self.form != Some(Form::Html) || self.force || path.symlink_metadata().is_err() {
            return Ok(());
        }
        Err(Failure::new(
            Exit::File,
            "output_exists",
            format!("{} exists already", path.display()),
            "choose another name with -o, or overwrite it with --force",
        ))
    }

    /// Tells of a result, and shows its report.
    ///
    /// # Errors
    /// When a page was wanted and could not be written; the result is there nevertheless.
    pub(crate) fn show(&self, display: &Display, shown: &Shown<'_>) -> Outcome {
        let page = match (self.form, shown.report) {
            (Some(Form::Html), Some(report)) => Some(self.write(report, shown)),
            _ => None,
        };
        let mut line = shown.json();
        if let Some(Ok(path)) = &page {
            line["report_file"] = path.to_string_lossy().into();
        }
        match (self.form, shown.report) {
            (Some(Form::Json), Some(report)) if !display.is_json() => {
                display.report(&serde_json::json!(report), &shown.summary());
            }
            _ => display.result(shown.output, &line, &shown.summary()),
        }
        match (self.form, shown.report) {
            (Some(Form::Text), Some(report)) if !display.is_json() => {
                display.text(&proof::text(report, self.look()));
            }
            (Some(_), None) => display.warning(&without_report(shown)),
            _ => {}
        }
        page.transpose().map(drop)
    }

    fn look(&self) -> Look {
        let variables = &self.programs.context.variables;
        let unicode = terminal::is_unicode(|name| variables.get(name).cloned());
        Look::new(terminal::width(), unicode, terminal::has_colours())
    }

    fn write(&self, report: &Report, shown: &Shown<'_>) -> Outcome<PathBuf> {
        let pictures = self.pictures(report, shown);
        let name = |path: &Path| {
            let name = path.file_name().unwrap_or(path.as_os_str());
            name.to_string_lossy().into_owned()
        };
        let files = Files {
            original: &name(shown.input),
            result: &name(shown.output),
        };
        let page = proof::page(report, files, &pictures);
        let path = page_path(shown.output);
        write_page(&path, &page, self.force).map_err(|error| unwritable(&path, &error))?;
        Ok(path)
    }

    /// The worst places as they were and as they are, read from the two files on this machine.
    fn pictures(&self, report: &Report, shown: &Shown<'_>) -> Pictures {
        if report.status == Status::KeptOriginal {
            let reason = "the original came back, so there is nothing to compare";
            return Pictures::Without(reason.into());
        }
        if !shown.input.is_file() {
            let reason =
                "the original is not on this machine any more, so there is nothing to compare with";
            return Pictures::Without(reason.into());
        }
        let tools = match self.programs.tools() {
            Ok(tools) => tools,
            Err(reason) => {
                return Pictures::Without(format!(
                    "there are no frames to look at, because FFmpeg does not run on this machine: {reason}"
                ));
            }
        };
        let places = report.worst.iter().take(PLACES);
        let times: Vec<f64> = places.map(|place| place.at_s).collect();
        let frames = |file: &Path| frames(tools, file, &times);
        let pairs = frames(shown.input).into_iter().zip(frames(shown.output));
        let pair = |(original, result)| Pair { original, result };
        Pictures::Pairs(pairs.map(pair).collect())
    }
}

/// Where the page of a result belongs: `a.compressed.mp4` has `a.compressed.report.html`.
fn page_path(result: &Path) -> PathBuf {
    result.with_extension("report.html")
}

/// One picture for each time; absent where there is none.
fn frames(tools: &Tools, file: &Path, times: &[f64]) -> Vec<Option<Vec<u8>>> {
    let share = Share::off();
    let made = std::path::absolute(file).and_then(|file| {
        let work = tempfile::tempdir()?;
        Ok(stills(tools, &share, work.path(), &file, times, SIDE))
    });
    made.unwrap_or_else(|_| times.iter().map(|_| None).collect())
}

fn without_report(shown: &Shown<'_>) -> String {
    let name = shown.input.display();
    match shown.task_id {
        Some(_) => format!("{name}: the server sent no report of this job"),
        None => format!("{name}: there is no report, because nothing was searched for or measured"),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::File,
        "unwritable_report",
        format!(
            "the result is there, but {} cannot be written: {error}",
            path.display()
        ),
        "check the space and the permissions of its directory",
    )
}
