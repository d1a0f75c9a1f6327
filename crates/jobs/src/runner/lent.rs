//! Work on files that are not ours: they stay where they are, and are read through a descriptor that is open already.
//!
//! The child opens it again as its own standard input. Neither it nor anybody who renames files meanwhile can make it
//! another one, and the file itself is not touched: neither its owner nor its mode.

use super::step::{Portion, StepRun};
use super::{Runner, Stop, control, diagnosed, hopeless, machine, render};
use crate::policy;
use crate::runner::lines::Complaints;
use crate::runner::report::Watch;
use crate::sandbox::cage::Duty;
use crate::sandbox::process::{self, Control, Heard, Spec};
use kinora_media::diagnosis::Ended;
use kinora_media::info::MediaInfo;
use kinora_media::operation::Context;
use kinora_media::plan::Step;
use kinora_media::quality::stills;
use kinora_media::{Argument, probe};
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// As the child knows it.
const HANDED: &str = "/proc/self/fd/0";
/// What is made ahead waits for what somebody waits for (setpriority(2)): it gets a tenth of what a job gets that runs
/// beside it. The least that there is, 19, was seen to get nothing for minutes on a busy machine.
const NICE: i32 = 10;

/// A file of somebody else, and a directory for what is made of it.
#[derive(Clone, Copy, Debug)]
pub struct Lent<'a> {
    /// Open for reading.
    pub file: &'a File,
    /// An empty directory of our own: absolute.
    pub work: &'a Path,
}

impl Lent<'_> {
    /// The way to it for who makes rules of what the child may open.
    fn path(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.file.as_raw_fd()).into()
    }
}

impl Runner<'_> {
    /// What runs of this runner's FFmpeg can be planned with.
    #[must_use]
    pub fn context(&self) -> Context<'_> {
        Context {
            threads: self.threads,
            capabilities: &self.tools.main().capabilities,
            file_extension: None,
        }
    }

    /// What the file is.
    ///
    /// # Errors
    /// `Failed` with the cause in words when it is no media file.
    pub fn examine(&self, lent: &Lent<'_>) -> Result<MediaInfo, Stop> {
        let arguments = probe::arguments(&self.tools.main().capabilities);
        let program = &self.tools.ffprobe;
        let (ended, answer, complaints) =
            self.look(lent, program, &arguments, policy::PROBE_BYTES)?;
        if ended != Ended::Exit(0) {
            return Err(diagnosed(&ended, &complaints));
        }
        probe::parse(&answer).map_err(hopeless)
    }

    /// The frame that is shown at this time as JPEG; `None` when there is none that can be read.
    #[must_use]
    pub fn still(&self, lent: &Lent<'_>, at_s: f64, side: u32) -> Option<Vec<u8>> {
        let capabilities = &self.tools.main().capabilities;
        let list = |lead_s| stills::arguments(at_s, lead_s, side, capabilities);
        let is_whole =
            |picture: &[u8]| picture.starts_with(&[0xff, 0xd8]) && picture.ends_with(&[0xff, 0xd9]);
        self.frame(lent, list, is_whole)
    }

    /// How much there is to see on the frame that is shown at this time, as [`stills::contrast`] has it.
    #[must_use]
    pub fn contrast(&self, lent: &Lent<'_>, at_s: f64) -> Option<f64> {
        let capabilities = &self.tools.main().capabilities;
        let list = |lead_s| stills::grey(at_s, lead_s, capabilities);
        let samples = self.frame(lent, list, |samples| samples.len() == stills::GREY)?;
        Some(stills::contrast(&samples))
    }

    fn frame(
        &self,
        lent: &Lent<'_>,
        list: impl Fn(f64) -> Option<Vec<Argument>>,
        is_whole: impl Fn(&[u8]) -> bool,
    ) -> Option<Vec<u8>> {
        let attempt = |lead_s: f64| {
            let program = &self.tools.main().path;
            let looked = self.look(lent, program, &list(lead_s)?, policy::STILL_BYTES);
            let (ended, picture, _) = looked.ok()?;
            (ended == Ended::Exit(0) && is_whole(&picture)).then_some(picture)
        };
        stills::LEADS_S.into_iter().find_map(attempt)
    }

    /// Runs one step, whose files come to lie in the work directory. `duration_us` is for progress.
    ///
    /// # Errors
    /// [`Stop`]: what lies there then is not whole.
    pub fn make(
        &self,
        lent: &Lent<'_>,
        step: &Step,
        duration_us: Option<u64>,
        watch: &mut dyn Watch,
    ) -> Result<Vec<String>, Stop> {
        self.make_as(Some(NICE), (lent, step, duration_us), watch)
    }

    /// The same for who waits: it is as important as a job.
    ///
    /// # Errors
    /// [`Stop`]: what lies there then is not whole.
    pub fn make_now(
        &self,
        lent: &Lent<'_>,
        step: &Step,
        watch: &mut dyn Watch,
    ) -> Result<Vec<String>, Stop> {
        self.make_as(None, (lent, step, None), watch)
    }

    fn make_as(
        &self,
        nice: Option<i32>,
        (lent, step, duration_us): (&Lent<'_>, &Step, Option<u64>),
        watch: &mut dyn Watch,
    ) -> Result<Vec<String>, Stop> {
        let arguments = render(&step.arguments, Path::new(HANDED), lent.work, lent.work);
        let path = lent.path();
        let output = lent.work.join("out");
        let spec = Spec {
            lent: Some(lent.file),
            ..self.spec(
                &self.tools.main().path,
                &arguments,
                (&path, &output),
                lent.work,
                self.file_size,
            )
        };
        let portion = Portion {
            before: 0.0,
            share: 1.0,
            duration_us,
        };
        let deadline = Instant::now() + self.time;
        let mut run = StepRun::new(&portion, self.stall, deadline, watch);
        tracing::debug!(step = step.label, ?arguments, "ffmpeg");
        let finished = process::run(&spec, &mut |heard| {
            if let (Heard::Started(pid), Some(nice)) = (&heard, nice) {
                // A wish: who may not become nicer stays as he is.
                let _ = rustix::process::setpriority_process(Some(*pid), nice);
            }
            run.hear(&heard)
        });
        let finished = finished.map_err(|error| machine("ffmpeg", &error))?;
        run.judge(finished.ended)
    }

    /// What a child says that makes no file: how it ended, its output, its complaints.
    fn look(
        &self,
        lent: &Lent<'_>,
        program: &Path,
        arguments: &[Argument],
        most: usize,
    ) -> Result<(Ended, Vec<u8>, Vec<String>), Stop> {
        let arguments: Vec<OsString> = render(arguments, Path::new(HANDED), lent.work, lent.work);
        let path = lent.path();
        let spec = Spec {
            lent: Some(lent.file),
            output: None,
            file_size: Some(0),
            duty: Duty::Look,
            time: policy::PROBE_TIME,
            ..self.spec(program, &arguments, (&path, &path), lent.work, None)
        };
        let mut answer = Vec::new();
        let mut complaints = Complaints::default();
        let until = Instant::now() + policy::PROBE_TIME;
        let mut is_late = false;
        let finished = process::run(&spec, &mut |heard| -> Control {
            match heard {
                Heard::Output(bytes) => answer.extend_from_slice(bytes),
                Heard::Complaint(bytes) => complaints.push(bytes),
                Heard::Started(_) | Heard::Tick => {}
            }
            is_late = Instant::now() > until || answer.len() > most;
            control(!is_late)
        });
        let finished = finished.map_err(|error| machine("ffprobe", &error))?;
        let ended = match is_late {
            true => Ended::TimedOut,
            false => finished.ended,
        };
        Ok((ended, answer, complaints.lines()))
    }
}
