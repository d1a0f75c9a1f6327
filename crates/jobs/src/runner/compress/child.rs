//! One FFmpeg of a crew: fed from files, heard through its pipes, ended when the crew is.

use super::crew::Crew;
use super::keep::Keep;
use crate::runner::lines::Complaints;
use crate::runner::{Runner, Stop, Wish, control, diagnosed, machine, render};
use crate::sandbox::process::{self, Heard};
use crate::stall::{Position, Stall};
use kinora_media::diagnosis::Ended;
use kinora_media::plan::Argument;
use std::path::Path;

/// Where children read and write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bench<'a> {
    pub(super) runner: &'a Runner<'a>,
    pub(super) crew: &'a Crew,
    /// The source.
    pub(super) input: &'a Path,
    /// Knows how much room is left.
    pub(super) keep: &'a Keep,
    /// Their working directory.
    pub(super) scratch: &'a Path,
}

/// A child that ended well.
#[derive(Debug, Default)]
pub(super) struct Ran {
    /// What it complained of nevertheless.
    pub(super) complaints: Vec<String>,
    /// Seconds of the processor.
    pub(super) cpu_s: f64,
}

impl Bench<'_> {
    /// Runs a program to its end.
    ///
    /// # Errors
    /// What its failure means, or that the crew has to stop.
    pub(super) fn run(
        &self,
        program: &Path,
        arguments: &[Argument],
        output: &Path,
        hear: &mut dyn FnMut(&[u8]),
    ) -> Result<Ran, Stop> {
        let arguments = render(arguments, self.input, output, self.scratch);
        let file_size = self.keep.room(self.runner.file_size);
        let files = (self.input, output);
        let spec = self
            .runner
            .spec(program, &arguments, files, self.scratch, file_size);
        let mut stall = Stall::new(self.runner.stall);
        let mut complaints = Complaints::default();
        let (mut heard, mut is_stuck) = (0u64, false);
        let finished = process::run(&spec, &mut |event| {
            match event {
                Heard::Started(pid) => stall.started(pid),
                Heard::Complaint(bytes) => complaints.push(bytes),
                Heard::Output(bytes) => {
                    heard += bytes.len() as u64;
                    hear(bytes);
                }
                Heard::Tick => is_stuck |= stall.is_over(),
            }
            stall.moved(Position {
                size: Some(heard),
                ..Position::default()
            });
            control(!is_stuck && !self.crew.is_over())
        });
        let finished = finished.map_err(|error| machine("ffmpeg", &error))?;
        self.crew.spend(finished.cpu_s);
        tracing::debug!(target: "performance", cpu_s = finished.cpu_s, ?arguments, "child ended");
        let lines = complaints.lines();
        let ended = match finished.ended {
            Ended::Exit(0) => {
                return Ok(Ran {
                    complaints: lines,
                    cpu_s: finished.cpu_s,
                });
            }
            _ if is_stuck => Ended::Stalled,
            _ if self.crew.is_late() => Ended::TimedOut,
            _ if finished.killed => return Err(Stop::Asked(Wish::Continue)),
            ended => ended,
        };
        Err(diagnosed(&ended, &lines))
    }
}
