//! The client's side: a server's answer as a typed reply.
//!
//! It reads other MMP servers' answers too, as far as they follow the specification: an error is any
//! JSON with the member `error` or the status `error`, a result any answer with a media type or a payload.

use serde_json::{Map, Value};

use crate::alias::value;
use crate::answer::Problem;
use crate::fault::Fault;
use crate::frame::Head;
use crate::media_type;
use crate::outside::display_name;

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The job was taken.
    Accepted {
        /// Ask for it by this.
        task_id: String,
    },
    /// The upload is whole and waits for `confirm`.
    Received {
        /// BLAKE3 of the whole file, hex.
        digest: String,
        /// Of the whole file, bytes.
        size: u64,
    },
    /// The upload goes on.
    Resumed {
        /// What the server has, bytes.
        have: u64,
        /// The whole file, bytes.
        length: u64,
    },
    /// How the job is.
    State(State),
    /// A result; its payload follows.
    Result(Delivery),
    /// Any other success.
    Success(Map<String, Value>),
    /// The server's version and limits.
    Pong(Map<String, Value>),
    /// It didn't work.
    Error {
        /// For programs.
        code: String,
        /// What failed.
        description: String,
        /// What to do.
        solution: String,
        /// All members, `have` among them.
        extra: Map<String, Value>,
    },
}

/// How a job is. What the server didn't say is `None` or empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    /// The job.
    pub task_id: String,
    /// `queued`, `processing`, `completed`, `failed`, `cancelled`, `expired`.
    pub status: String,
    /// 0 to 1.
    pub progress: f64,
    /// What it is doing.
    pub stage: String,
    /// Times real time.
    pub speed: Option<f64>,
    /// Until the end, seconds.
    pub remaining_seconds: Option<f64>,
    /// In the queue, 1 = next.
    pub place: Option<u64>,
    /// 1 = the first try.
    pub attempt: u64,
    /// Sentences for the person who waits.
    pub notes: Vec<String>,
    /// Why it ended badly.
    pub problem: Option<Problem>,
    /// The result, bytes.
    pub size: Option<u64>,
    /// The file that was sent, bytes.
    pub original_size: Option<u64>,
    /// No smaller file could be made.
    pub kept_original: bool,
    /// The result's ending, bare.
    pub extension: Option<String>,
    /// When to ask again, milliseconds.
    pub poll_after_ms: Option<u64>,
    /// BLAKE3 of the result, hex.
    pub digest: Option<String>,
    /// How the result was made and what it measures, as the server wrote it.
    pub report: Option<Map<String, Value>>,
}

/// A result, or the rest of one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Delivery {
    /// The job.
    pub task_id: Option<String>,
    /// The file's ending, bare and safe.
    pub extension: Option<String>,
    /// The payload that follows, bytes.
    pub payload_len: u64,
    /// Where it begins, bytes.
    pub offset: u64,
    /// The whole file, bytes.
    pub size: u64,
    /// BLAKE3 of the whole file, hex.
    pub digest: Option<String>,
    /// The file that was sent, bytes.
    pub original_size: Option<u64>,
    /// No smaller file could be made.
    pub kept_original: bool,
    /// Sentences for the person who waits.
    pub notes: Vec<String>,
    /// A display name, never a path.
    pub file_name: Option<String>,
    /// How the result was made and what it measures, as the server wrote it.
    pub report: Option<Map<String, Value>>,
}

impl Reply {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`Fault::Answer`] if it is none of the known ones.
    pub fn parse(head: &Head) -> Result<Self, Fault> {
        let json = &head.json;
        let status = text(json, "status").unwrap_or_default();
        if is_state(&status) && json.contains_key("progress") {
            return Ok(Self::State(State::parse(json, status)));
        }
        if status == "error" || is_given(json, "error") {
            return Ok(Self::error(json));
        }
        if head.payload_len > 0 || !head.media_type.is_empty() {
            return Ok(Self::Result(Delivery::parse(head)));
        }
        match status.as_str() {
            "accepted" => Ok(Self::Accepted {
                task_id: text(json, "task_id").ok_or_else(|| lacks("task_id"))?,
            }),
            "received" => {
                let digest = text(json, "digest").ok_or_else(|| lacks("digest"))?;
                Ok(Self::Received {
                    digest,
                    size: bytes(json, "size").ok_or_else(|| lacks("size"))?,
                })
            }
            "success" => Ok(Self::success(json)),
            status if is_state(status) => Ok(Self::State(State::parse(json, status.to_owned()))),
            _ => Err(lacks("status")),
        }
    }

    fn success(json: &Map<String, Value>) -> Self {
        match (bytes(json, "have"), bytes(json, "length")) {
            (Some(have), Some(length)) => Self::Resumed { have, length },
            _ if json.contains_key("version") => Self::Pong(json.clone()),
            _ => Self::Success(json.clone()),
        }
    }

    fn error(json: &Map<String, Value>) -> Self {
        let Problem {
            code,
            description,
            solution,
        } = problem(json).unwrap_or_else(|| Problem::new("", "", ""));
        Self::Error {
            code,
            description,
            solution,
            extra: json.clone(),
        }
    }
}

impl State {
    /// Whether the job has ended, one way or another.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self.status.as_str(), "queued" | "processing")
    }

    fn parse(json: &Map<String, Value>, status: String) -> Self {
        Self {
            task_id: text(json, "task_id").unwrap_or_default(),
            status,
            progress: decimal(json, "progress").unwrap_or(0.0).clamp(0.0, 1.0),
            stage: text(json, "stage").unwrap_or_default(),
            speed: decimal(json, "speed"),
            remaining_seconds: decimal(json, "remaining_seconds"),
            place: bytes(json, "place"),
            attempt: bytes(json, "attempt").unwrap_or(1),
            notes: notes(json),
            problem: problem(json),
            size: bytes(json, "size"),
            original_size: bytes(json, "original_size"),
            kept_original: is_set(json, "kept_original"),
            extension: text(json, "media_type").and_then(|sent| media_type::read(&sent).ok()?.0),
            poll_after_ms: bytes(json, "poll_after_ms"),
            digest: text(json, "digest"),
            report: report(json),
        }
    }
}

impl Delivery {
    fn parse(head: &Head) -> Self {
        let json = &head.json;
        let offset = bytes(json, "offset").unwrap_or(0);
        let name = text(json, "file_name").or_else(|| text(json, "filename"));
        Self {
            task_id: text(json, "task_id"),
            extension: media_type::read(&head.media_type)
                .ok()
                .and_then(|(ending, _)| ending),
            payload_len: head.payload_len,
            offset,
            size: bytes(json, "size").unwrap_or_else(|| offset.saturating_add(head.payload_len)),
            digest: text(json, "digest"),
            original_size: bytes(json, "original_size"),
            kept_original: is_set(json, "kept_original"),
            notes: notes(json),
            file_name: name.and_then(|name| display_name(&name)),
            report: report(json),
        }
    }
}

fn is_state(status: &str) -> bool {
    matches!(
        status,
        "queued" | "processing" | "completed" | "failed" | "cancelled" | "expired"
    )
}

/// The error object, in whichever of its forms it came: members of its own, an `error` object, or an
/// `error` that is only a sentence.
fn problem(json: &Map<String, Value>) -> Option<Problem> {
    let error = json.get("error").filter(|error| !error.is_null());
    let is_error = error.is_some() || text(json, "status").as_deref() == Some("error");
    let find = |names: [&str; 2]| {
        let inner = |name: &&str| {
            error
                .and_then(|error| error.get(*name)?.as_str())
                .map(str::to_owned)
        };
        names
            .iter()
            .find_map(inner)
            .or_else(|| names.iter().find_map(|name| text(json, name)))
    };
    let sentence = || error.and_then(Value::as_str).map(str::to_owned);
    is_error.then(|| Problem {
        code: find(["code", "error_code"]).unwrap_or_else(|| "unknown".into()),
        description: find(["description", "message"])
            .or_else(sentence)
            .unwrap_or_default(),
        solution: find(["solution", "hint"]).unwrap_or_default(),
    })
}

fn lacks(member: &'static str) -> Fault {
    Fault::Answer { lacks: member }
}

fn is_given(json: &Map<String, Value>, member: &str) -> bool {
    json.get(member).is_some_and(|value| !value.is_null())
}

fn text(json: &Map<String, Value>, member: &str) -> Option<String> {
    match json.get(member)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn bytes(json: &Map<String, Value>, member: &str) -> Option<u64> {
    json.get(member).and_then(value::unsigned)
}

fn decimal(json: &Map<String, Value>, member: &str) -> Option<f64> {
    json.get(member).and_then(value::number)?.as_f64()
}

fn report(json: &Map<String, Value>) -> Option<Map<String, Value>> {
    json.get("report").and_then(Value::as_object).cloned()
}

fn is_set(json: &Map<String, Value>, member: &str) -> bool {
    json.get(member).and_then(value::flag).unwrap_or(false)
}

fn notes(json: &Map<String, Value>) -> Vec<String> {
    let list = json.get("notes").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
