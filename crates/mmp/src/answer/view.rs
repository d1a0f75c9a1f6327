//! What the caller of an answer knows, without its form on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fault::Fault;

/// What went wrong, for the one error object (MMP §4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable, snake_case, for programs.
    pub code: String,
    /// What failed, and where.
    pub description: String,
    /// What to do about it.
    pub solution: String,
}

impl Problem {
    /// A problem in the words of another room.
    pub fn new(
        code: impl Into<String>,
        description: impl Into<String>,
        solution: impl Into<String>,
    ) -> Self {
        Self {
            code: code.into(),
            description: description.into(),
            solution: solution.into(),
        }
    }
}

impl From<&Fault> for Problem {
    fn from(fault: &Fault) -> Self {
        Self::new(fault.code(), fault.to_string(), fault.solution())
    }
}

/// How a job is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StateView<'a> {
    /// Its id.
    pub task_id: &'a str,
    /// `queued`, `processing`, `completed`, `failed`, `cancelled`, `expired`.
    pub status: &'a str,
    /// 0 to 1.
    pub progress: f64,
    /// `waiting`, `probing`, `encoding`, `verifying`, `done`.
    pub stage: &'a str,
    /// Times real time.
    pub speed: Option<f64>,
    /// Until the end, seconds.
    pub remaining_seconds: Option<f64>,
    /// In the queue, 1 = next.
    pub place: Option<u64>,
    /// 1 = the first try.
    pub attempt: u32,
    /// Sentences for the person who waits.
    pub notes: &'a [String],
    /// Why it failed.
    pub problem: Option<&'a Problem>,
    /// The result, bytes.
    pub size: Option<u64>,
    /// The file that was sent, bytes.
    pub original_size: u64,
    /// The result is the file that was sent, because no smaller one could be made.
    pub kept_original: bool,
    /// The result's ending, bare.
    pub extension: Option<&'a str>,
    /// When to ask again, milliseconds. *ext*
    pub poll_after_ms: Option<u64>,
    /// BLAKE3 of the result, hex. *ext*
    pub digest: Option<&'a str>,
    /// How the result was made and what it measures. *ext `report`*
    pub report: Option<&'a Map<String, Value>>,
}

/// A result, or the rest of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResultView<'a> {
    /// The job.
    pub task_id: &'a str,
    /// The file's ending, bare: `mp4`.
    pub extension: &'a str,
    /// The whole file, bytes.
    pub size: u64,
    /// Where the payload begins, bytes.
    pub offset: u64,
    /// BLAKE3 of the whole file, hex. *ext*
    pub digest: &'a str,
    /// The file that was sent, bytes.
    pub original_size: u64,
    /// The result is the file that was sent, because no smaller one could be made.
    pub kept_original: bool,
    /// Sentences for the person who waits.
    pub notes: &'a [String],
    /// A display name, for a client that gave none itself. *ext*
    pub file_name: Option<&'a str>,
    /// How the result was made and what it measures. *ext `report`*
    pub report: Option<&'a Map<String, Value>>,
}
