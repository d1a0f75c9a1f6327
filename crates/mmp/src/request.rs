//! What a client asks for: a frame's head as a typed request (MMP §2, docs/protocol.md).

use serde_json::{Map, Value};

use crate::alias::{self, table::OPERATION_KEYS, value};
use crate::fault::Fault;
use crate::frame::Head;
use crate::limits::{MAX_KEY, MAX_SEARCH, MAX_TASK_ID, MIN_KEY};
use crate::media_type::{self, Style};
pub use crate::mirror::Mirror;
use crate::outside::{display_name, echo};

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// Is anybody there, and what can it do?
    Ping(Mirror),
    /// A job and its file.
    Submit(Box<Submit>),
    /// How is the job?
    Status {
        /// The job.
        task_id: String,
        /// Keep telling until it has ended.
        watch: bool,
        /// How the client speaks.
        mirror: Mirror,
    },
    /// Send the result.
    Download {
        /// The job.
        task_id: String,
        /// Where to begin, bytes.
        offset: u64,
        /// How the client speaks.
        mirror: Mirror,
    },
    /// Stop the job.
    Cancel {
        /// The job.
        task_id: String,
        /// How the client speaks.
        mirror: Mirror,
    },
    /// A file has arrived whole.
    Confirm {
        /// Which one.
        what: Confirmed,
        /// How the client speaks.
        mirror: Mirror,
    },
    /// Where does the upload go on?
    Resume {
        /// The upload.
        idempotency_key: String,
        /// How the client speaks.
        mirror: Mirror,
    },
    /// Put the result into the library.
    Keep {
        /// The job.
        task_id: String,
        /// What it is to be called, made harmless for display.
        name: Option<String>,
        /// How the client speaks.
        mirror: Mirror,
    },
    /// Which titles are there to be watched, and where?
    Library {
        /// Words that have to stand in a title's name; at most [`MAX_SEARCH`] letters.
        search: String,
        /// The one title that is meant, by its id, whatever its name.
        title: Option<String>,
        /// Seconds for which the addresses are good; `None` leaves it to the server.
        expires: Option<u64>,
        /// How the client speaks.
        mirror: Mirror,
    },
    /// Client A's `-1`: ends this connection, unanswered, and nothing else. It comes with a whole file,
    /// which needs no reading.
    Goodbye,
}

/// What is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// The client has the result of this job.
    Task(String),
    /// The server may start the job of this upload.
    Upload {
        /// The upload.
        idempotency_key: String,
        /// What it must hash to.
        digest: Option<Digest>,
    },
}

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct Submit {
    /// Canonical: `compress`, `resize`, `aspect`, `audio`, `gif`, `webm`, `convert`.
    pub operation: String,
    /// Canonical names and types; unknown ones as they were sent.
    pub parameters: Map<String, Value>,
    /// When the client expects its answer.
    pub reply: ReplyMode,
    /// For people only, never a path.
    pub file_name: Option<String>,
    /// The file's ending, bare and safe; empty if neither media type nor file name tell.
    pub media_type: String,
    /// The upload's own name, if it can be resumed.
    pub idempotency_key: Option<String>,
    /// Where this payload begins in the file, bytes.
    pub offset: u64,
    /// The whole file, bytes.
    pub length: u64,
    /// What the whole file must hash to.
    pub digest: Option<Digest>,
    /// The job waits for [`Request::Confirm`].
    pub confirm: bool,
    /// How the client speaks.
    pub mirror: Mirror,
}

/// When a client expects the answer to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyMode {
    /// At once, with a task id; it asks again.
    Accepted,
    /// When the job has ended, with the result, on this connection.
    Held,
}

/// A checksum: 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Digest {
    /// BLAKE3, 256 bits.
    Blake3(String),
    /// SHA-256.
    Sha256(String),
}

/// How every token begins. A member `token` that does not is somebody else's, and means nothing here.
pub const TOKEN_PREFIX: &str = "kin_";

/// The token that a request carries. Read apart from the request, so that it is never kept or answered with it.
#[must_use]
pub fn token(json: &Map<String, Value>) -> Option<&str> {
    let sent = json.get("token")?.as_str()?;
    sent.starts_with(TOKEN_PREFIX).then_some(sent)
}

impl Request {
    /// How the client speaks; unknown of one that only says goodbye.
    #[must_use]
    pub fn mirror(&self) -> Option<&Mirror> {
        match self {
            Self::Submit(submit) => Some(&submit.mirror),
            Self::Ping(mirror)
            | Self::Status { mirror, .. }
            | Self::Download { mirror, .. }
            | Self::Cancel { mirror, .. }
            | Self::Confirm { mirror, .. }
            | Self::Resume { mirror, .. }
            | Self::Keep { mirror, .. }
            | Self::Library { mirror, .. } => Some(mirror),
            Self::Goodbye => None,
        }
    }

    /// Reads a request. The payload, if any, is still to come.
    ///
    /// # Errors
    /// What is missing or wrong, for [`crate::answer::error`].
    pub fn parse(head: &Head) -> Result<Self, Fault> {
        let json = &head.json;
        let mirror = Mirror::of(json, &head.media_type);
        if OPERATION_KEYS
            .iter()
            .any(|key| json.get(*key).and_then(value::integer) == Some(-1))
        {
            return Ok(Self::Goodbye);
        }
        Ok(match verb(json) {
            Some("ping") => Self::Ping(mirror),
            Some("status") => Self::Status {
                task_id: task_id(json)?,
                watch: is_set(json, "watch"),
                mirror,
            },
            Some("download") => Self::Download {
                task_id: task_id(json)?,
                offset: bytes(json, "offset")?.unwrap_or(0),
                mirror,
            },
            Some("cancel") => Self::Cancel {
                task_id: task_id(json)?,
                mirror,
            },
            Some("confirm") => Self::Confirm {
                what: confirmed(json)?,
                mirror,
            },
            Some("resume") => Self::Resume {
                idempotency_key: required_key(json)?,
                mirror,
            },
            Some("keep") => Self::Keep {
                task_id: task_id(json)?,
                name: json
                    .get("name")
                    .and_then(Value::as_str)
                    .and_then(display_name),
                mirror,
            },
            Some("library") => Self::Library {
                search: search(json),
                title: title(json)?,
                expires: bytes(json, "expires")?,
                mirror,
            },
            verb => Self::Submit(Box::new(Submit::parse(head, mirror, verb.is_some())?)),
        })
    }
}

impl Submit {
    fn parse(head: &Head, mut mirror: Mirror, has_verb: bool) -> Result<Self, Fault> {
        let json = &head.json;
        alias::raw::refuse(json)?;
        let resolved = alias::resolve(json, is_verb, mirror.ext)?;
        mirror.operation = Some(resolved.sent);
        let idempotency_key = key(json)?;
        let (offset, length) = span(head, idempotency_key.is_some())?;
        Ok(Self {
            operation: resolved.operation.to_owned(),
            parameters: resolved.parameters,
            reply: reply_mode(json, &mirror, has_verb),
            file_name: mirror.file_name.as_ref().map(|name| name.text().to_owned()),
            media_type: ending(head, &mirror)?,
            idempotency_key,
            offset,
            length,
            digest: digest(json)?,
            confirm: json.get("commit").and_then(Value::as_str) == Some("confirm"),
            mirror,
        })
    }
}

impl Digest {
    /// The digits.
    #[must_use]
    pub fn hex(&self) -> &str {
        match self {
            Self::Blake3(hex) | Self::Sha256(hex) => hex,
        }
    }
}

const VERBS: [&str; 9] = [
    "ping", "upload", "status", "download", "cancel", "confirm", "resume", "keep", "library",
];

fn is_verb(text: &str) -> bool {
    VERBS
        .iter()
        .any(|verb| verb.eq_ignore_ascii_case(text.trim()))
}

/// The verb stands in `action`; clients that use another key for the operation may use it for the
/// verbs too. `upload` counts wherever it stands.
fn verb(json: &Map<String, Value>) -> Option<&'static str> {
    let keys = std::iter::once(&"action").chain(&OPERATION_KEYS);
    let sent = keys
        .filter_map(|key| json.get(*key)?.as_str())
        .find(|text| is_verb(text))?;
    VERBS
        .into_iter()
        .find(|verb| verb.eq_ignore_ascii_case(sent.trim()))
}

fn reply_mode(json: &Map<String, Value>, mirror: &Mirror, has_verb: bool) -> ReplyMode {
    if let Some(wait) = json.get("wait").and_then(value::flag) {
        return if wait {
            ReplyMode::Held
        } else {
            ReplyMode::Accepted
        };
    }
    // Client C says `upload` like a client that polls, but waits for the result.
    let is_c = json.contains_key("operation")
        && json.contains_key("file_name")
        && mirror.style == Style::Mime;
    match has_verb {
        _ if mirror.ext => ReplyMode::Accepted,
        true if !is_c => ReplyMode::Accepted,
        _ => ReplyMode::Held,
    }
}

/// The file's ending: by its media type, else by its name.
fn ending(head: &Head, mirror: &Mirror) -> Result<String, Fault> {
    let (ending, _) = media_type::read(&head.media_type)?;
    let by_name = || media_type::of_file_name(mirror.file_name.as_ref()?.text());
    Ok(ending.or_else(by_name).unwrap_or_default())
}

/// Where the payload lies in the whole file. Only an upload with a key has parts.
fn span(head: &Head, has_key: bool) -> Result<(u64, u64), Fault> {
    let payload = head.payload_len;
    let (offset, length) = match has_key {
        true => (
            bytes(&head.json, "offset")?.unwrap_or(0),
            bytes(&head.json, "length")?,
        ),
        false => (0, None),
    };
    let length = length.unwrap_or_else(|| offset.saturating_add(payload));
    if length.checked_sub(offset) != Some(payload) {
        return Err(Fault::Length {
            offset,
            payload,
            length,
        });
    }
    if length == 0 {
        Err(Fault::MissingPayload)
    } else {
        Ok((offset, length))
    }
}

fn confirmed(json: &Map<String, Value>) -> Result<Confirmed, Fault> {
    match key(json)? {
        Some(idempotency_key) => Ok(Confirmed::Upload {
            idempotency_key,
            digest: digest(json)?,
        }),
        None => Ok(Confirmed::Task(task_id(json)?)),
    }
}

fn task_id(json: &Map<String, Value>) -> Result<String, Fault> {
    const MEMBER: &str = "task_id";
    let sent = given(json, MEMBER).or_else(|| given(json, "job_id"));
    let sent = sent.ok_or(Fault::MissingMember {
        member: MEMBER,
        meaning: "the id from the answer to the upload",
    })?;
    let id = sent
        .as_str()
        .map_or_else(|| sent.to_string(), |text| text.trim().to_owned());
    let is_id = (1..=MAX_TASK_ID).contains(&id.len()) && id.bytes().all(is_id_byte);
    if is_id {
        Ok(id)
    } else {
        Err(invalid(MEMBER, sent, "an id from this server"))
    }
}

fn search(json: &Map<String, Value>) -> String {
    let sent = json.get("search").and_then(Value::as_str);
    sent.unwrap_or_default().chars().take(MAX_SEARCH).collect()
}

fn title(json: &Map<String, Value>) -> Result<Option<String>, Fault> {
    const MEMBER: &str = "title";
    let Some(sent) = given(json, MEMBER) else {
        return Ok(None);
    };
    let id = sent.as_str().unwrap_or_default();
    match (1..=MAX_TASK_ID).contains(&id.len()) && id.bytes().all(is_id_byte) {
        true => Ok(Some(id.to_owned())),
        false => Err(invalid(MEMBER, sent, "an id of a title of this server")),
    }
}

fn key(json: &Map<String, Value>) -> Result<Option<String>, Fault> {
    const MEMBER: &str = "idempotency_key";
    let Some(sent) = given(json, MEMBER) else {
        return Ok(None);
    };
    let key = sent.as_str().unwrap_or_default();
    let is_key = (MIN_KEY..=MAX_KEY).contains(&key.len()) && key.bytes().all(is_id_byte);
    if is_key {
        Ok(Some(key.to_owned()))
    } else {
        Err(invalid(MEMBER, sent, "16 to 64 characters of A-Za-z0-9_-"))
    }
}

fn required_key(json: &Map<String, Value>) -> Result<String, Fault> {
    let missing = Fault::MissingMember {
        member: "idempotency_key",
        meaning: "the key of the interrupted upload",
    };
    key(json)?.ok_or(missing)
}

/// A digest in any other form is refused, not ignored: the client would believe its file was checked.
fn digest(json: &Map<String, Value>) -> Result<Option<Digest>, Fault> {
    const MEMBER: &str = "digest";
    let Some(sent) = given(json, MEMBER) else {
        return Ok(None);
    };
    let hex = |name| {
        sent.get(name)
            .and_then(Value::as_str)
            .map(str::to_ascii_lowercase)
    };
    let found = hex("blake3")
        .map(Digest::Blake3)
        .or_else(|| hex("sha256").map(Digest::Sha256));
    let is_hex = |digest: &Digest| {
        digest.hex().len() == 64 && digest.hex().bytes().all(|b| b.is_ascii_hexdigit())
    };
    let wrong = || {
        invalid(
            MEMBER,
            sent,
            "{\"blake3\": ...} or {\"sha256\": ...} with 64 hexadecimal digits",
        )
    };
    found.filter(is_hex).map(Some).ok_or_else(wrong)
}

fn bytes(json: &Map<String, Value>, member: &'static str) -> Result<Option<u64>, Fault> {
    let Some(sent) = given(json, member) else {
        return Ok(None);
    };
    value::unsigned(sent)
        .map(Some)
        .ok_or_else(|| invalid(member, sent, "a number of bytes"))
}

fn given<'a>(json: &'a Map<String, Value>, member: &str) -> Option<&'a Value> {
    json.get(member).filter(|value| !value.is_null())
}

fn is_set(json: &Map<String, Value>, member: &str) -> bool {
    json.get(member).and_then(value::flag).unwrap_or(false)
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn invalid(member: &'static str, sent: &Value, allowed: &'static str) -> Fault {
    let sent = sent.as_str().map_or_else(|| echo(&sent.to_string()), echo);
    Fault::InvalidMember {
        member,
        sent,
        allowed,
    }
}
