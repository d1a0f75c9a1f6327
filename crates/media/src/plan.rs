//! A plan: the steps that make the result, what they share, and what the result must be.
//!
//! Data only. `argument` is one item of an argument list, `command` builds the list of one step, `graph` the picture's
//! filters, `encode` the settings of each encoder, `picture` what `compress` makes of a frame, `tracks` what becomes of
//! sound, subtitles and covers, `location` which tags tell a place, and `expectation` compares the finished file with
//! the plan.

pub mod argument;
pub(crate) mod command;
pub(crate) mod graph;
pub(crate) mod encode;
pub(crate) mod codec;
pub(crate) mod color;
pub(crate) mod picture;
pub(crate) mod tracks;
pub(crate) mod location;
pub mod expectation;

pub use argument::Argument;
pub use codec::Codec;
pub use expectation::Expectation;

use crate::capability::Capabilities;

/// What a plan depends on besides the file and the options.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Threads that the job may use.
    pub threads: u32,
    /// The FFmpeg that will run it.
    pub capabilities: &'a Capabilities,
    /// The ending of the uploaded file's name, without the dot. A hint only.
    pub file_extension: Option<&'a str>,
}

/// One run of ffmpeg.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What it does, for a progress line.
    pub label: &'static str,
    /// Everything after the program's name.
    pub arguments: Vec<Argument>,
    /// Part of the whole work, all steps together 1.
    pub share: f64,
}

/// What to run, one step after the other, and what must come out.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// At least one; the last writes the output.
    pub steps: Vec<Step>,
    /// Ending of the result's name, without the dot.
    pub extension: String,
    /// Length of the result, for the progress; `None` when the source does not tell.
    pub duration_us: Option<u64>,
    /// Sentences for the user about what was decided.
    pub notes: Vec<String>,
    /// The caller gives back the original when the result is not smaller.
    pub never_larger: bool,
    /// What the finished file is checked against.
    pub expect: Expectation,
}
