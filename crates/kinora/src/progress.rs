//! How a job looks while it is on its way: bars on a terminal, JSON lines for programs, nothing for a pipe.

use crate::report::{self, Failure};
use crate::terminal::{self, printable, say, say_path, tell};
use crate::units;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use kinora_client::{Event, Observer, State};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Between two JSON lines of one stage; as often as a server tells states.
const PACE: Duration = Duration::from_millis(250);
/// Steps of a bar whose progress is a fraction.
const STEPS: u64 = 1000;
const TRANSFER: &str = "{prefix} {msg} [{bar:24}] {percent:>3}% {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}";
const WORK: &str = "{prefix} [{bar:24}] {percent:>3}% {msg}";
const WAIT: &str = "{prefix} {spinner} {msg}";

/// Everything that one command shows.
#[derive(Debug)]
pub(crate) struct Display {
    json: bool,
    bars: Option<MultiProgress>,
}

impl Display {
    /// Bars only where somebody watches.
    #[must_use]
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        let watched = terminal::is_watched() && !json && !quiet;
        let bars = watched.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr()));
        Self { json, bars }
    }

    /// The progress of one file.
    #[must_use]
    pub(crate) fn file(&self, name: &str) -> FileProgress {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new(STEPS));
            bar.set_prefix(printable(name));
            bar
        });
        FileProgress {
            name: name.into(),
            json: self.json,
            bar,
            stage: String::new(),
            told: None,
        }
    }

    /// A result is there: its path for the next program, and for people what it came to.
    pub(crate) fn result(&self, output: &Path, line: &Value, summary: &str) {
        self.above_bars(|| {
            if self.json {
                say(line);
            } else {
                say_path(output);
            }
            if self.bars.is_some() && !summary.is_empty() {
                tell(printable(summary));
            }
        });
    }

    /// A result is there, and its report is wanted instead of its path.
    pub(crate) fn report(&self, report: &Value, summary: &str) {
        self.above_bars(|| {
            say(report);
            if self.bars.is_some() {
                tell(printable(summary));
            }
        });
    }

    /// Lines for people, harmless already.
    pub(crate) fn text(&self, lines: &str) {
        self.above_bars(|| tell(lines));
    }

    /// A program reads.
    #[must_use]
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Something failed.
    pub(crate) fn failure(&self, failure: &Failure) {
        self.above_bars(|| report::failure(failure, self.json));
    }

    /// Something that the user should know.
    pub(crate) fn warning(&self, text: &str) {
        self.above_bars(|| report::warning(text));
    }

    fn above_bars(&self, print: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.suspend(print),
            None => print(),
        }
    }
}

/// One file's.
#[derive(Debug)]
pub(crate) struct FileProgress {
    name: String,
    json: bool,
    bar: Option<ProgressBar>,
    stage: String,
    told: Option<Instant>,
}

impl FileProgress {
    /// Bytes of a transfer.
    pub(crate) fn transfer(&mut self, stage: &str, done: u64, size: u64) {
        let begins = self.enter(stage, TRANSFER);
        if let Some(bar) = &self.bar {
            bar.set_length(size);
            bar.set_position(done);
            if begins {
                // What was sent before a loss is not this connection's speed.
                bar.reset_eta();
            }
            bar.set_message(stage.to_owned());
        }
        self.line(begins || done == size, || {
            json!({"event": "progress", "stage": stage, "progress": fraction(done, size), "bytes": done, "size": size})
        });
    }

    /// Work whose progress is a fraction.
    pub(crate) fn work(
        &mut self,
        stage: &str,
        progress: f64,
        speed: Option<f64>,
        remaining_s: Option<f64>,
    ) {
        let begins = self.enter(stage, WORK);
        if let Some(bar) = &self.bar {
            bar.set_length(STEPS);
            bar.set_position((progress.clamp(0.0, 1.0) * STEPS as f64) as u64);
            bar.set_message(work_text(stage, speed, remaining_s));
        }
        self.line(begins, || {
            json!({"event": "progress", "stage": stage, "progress": progress, "speed": speed,
                "remaining_seconds": remaining_s})
        });
    }

    /// Nothing moves.
    pub(crate) fn wait(&mut self, stage: &str, text: String) {
        let begins = self.enter(stage, WAIT);
        if let Some(bar) = &self.bar {
            if begins {
                bar.enable_steady_tick(PACE);
            }
            bar.set_message(text.clone());
        }
        self.line(
            begins,
            || json!({"event": "progress", "stage": stage, "description": text}),
        );
    }

    fn state(&mut self, state: &State) {
        match (state.status.as_str(), state.place) {
            ("queued", Some(place)) => self.wait("queued", format!("queued, place {place}")),
            ("queued", None) => self.wait("queued", "queued".into()),
            ("processing", _) => {
                let stage = if state.stage.is_empty() {
                    "processing"
                } else {
                    &printable(&state.stage)
                };
                self.work(stage, state.progress, state.speed, state.remaining_seconds);
            }
            _ => {}
        }
    }

    /// Changes the bar's shape with the stage; true when it did.
    fn enter(&mut self, stage: &str, template: &str) -> bool {
        if self.stage == stage {
            return false;
        }
        stage.clone_into(&mut self.stage);
        if let Some(bar) = &self.bar {
            bar.disable_steady_tick();
            let style = ProgressStyle::with_template(template);
            // The templates are constants; a wrong one would only look plain.
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        }
        true
    }

    /// Prints a JSON line, unless it is too soon.
    fn line(&mut self, always: bool, line: impl FnOnce() -> Value) {
        let soon = self.told.is_some_and(|told| told.elapsed() < PACE);
        if !self.json || (soon && !always) {
            return;
        }
        self.told = Some(Instant::now());
        let mut line = line();
        line["file"] = self.name.as_str().into();
        say(line);
    }
}

impl Observer for FileProgress {
    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Uploading { sent, size } => self.transfer("uploading", *sent, *size),
            Event::Accepted { task_id } => {
                self.line(true, || json!({"event": "accepted", "task_id": task_id}))
            }
            Event::State(state) => self.state(state),
            Event::Downloading { received, size } => self.transfer("downloading", *received, *size),
            Event::Lost { fault, pause } => {
                let text = format!("{fault}; trying again in {:.1} s", pause.as_secs_f64());
                self.wait("lost", printable(&text));
            }
        }
    }
}

impl Drop for FileProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn fraction(done: u64, size: u64) -> f64 {
    if size == 0 {
        1.0
    } else {
        done as f64 / size as f64
    }
}

fn work_text(stage: &str, speed: Option<f64>, remaining_s: Option<f64>) -> String {
    let speed = speed.map(|speed| format!(" {speed:.1}x"));
    let left = remaining_s
        .map(|seconds| format!(", {} left", units::show_seconds(seconds.max(0.0) as u64)));
    format!(
        "{stage}{}{}",
        speed.unwrap_or_default(),
        left.unwrap_or_default()
    )
}
