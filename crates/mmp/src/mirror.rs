//! How one client speaks, so that the answers to it sound the same (MMP §4, "Mirror").
//!
//! It is stored with the job, because the result may go out on another connection than the one on
//! which the job came. The stored form is the JSON of [`Mirror`]; absent members have defaults, so
//! that older records stay readable.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::media_type::{self, Style};
use crate::outside::display_name;

/// What the extension list says that this side understands (docs/protocol.md, "Extension members").
pub const EXTENSIONS: [&str; 4] = ["digest", "resume", "job", REPORT];

/// What the extension list says when the report of a compression is wanted, too. Unlike the others it counts only when
/// it is listed, because it is large.
const REPORT: &str = "report";

/// How a client speaks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Mirror {
    /// How it writes media types.
    pub style: Style,
    /// The file name that it gave, and in which member.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<FileName>,
    /// The operation exactly as it was sent: a name or a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<Value>,
    /// Whether it sent `ext`, and so gets the extension members.
    pub ext: bool,
    /// Whether its `ext` lists `report`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub report: bool,
}

/// A file name in the member in which the client expects to find it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileName {
    /// `filename`: without ending.
    Filename(String),
    /// `file_name`: with the ending.
    FileName(String),
}

impl Mirror {
    /// Reads the style, the file name and `ext` of a request. The operation is found by
    /// [`crate::alias`] and filled in by [`crate::request`].
    #[must_use]
    pub fn of(json: &Map<String, Value>, media_type: &str) -> Self {
        // Only a list is ours: some clients name a file's ending in a member `ext`.
        let ext = json.get("ext").and_then(Value::as_array);
        Self {
            style: media_type::read(media_type)
                .map(|(_, style)| style)
                .unwrap_or_default(),
            file_name: FileName::of(json),
            operation: None,
            ext: ext.is_some(),
            report: ext.is_some_and(|list| list.iter().any(|each| each == REPORT)),
        }
    }

    /// The mirror for an answer about a job: names and style of the request that brought the job
    /// (`self`), extension members as in the request that asks now.
    #[must_use]
    pub fn asked_by(&self, asking: &Self) -> Self {
        Self {
            ext: asking.ext,
            report: asking.report,
            ..self.clone()
        }
    }

    /// The operation for sentences, if it was sent as a name.
    #[must_use]
    pub fn operation_name(&self) -> Option<&str> {
        self.operation.as_ref().and_then(Value::as_str)
    }
}

impl FileName {
    fn of(json: &Map<String, Value>) -> Option<Self> {
        let name = |member| {
            json.get(member)
                .and_then(Value::as_str)
                .and_then(display_name)
        };
        let full = name("file_name").map(Self::FileName);
        full.or_else(|| name("filename").map(Self::Filename))
    }

    /// The name as shown to people.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Filename(name) | Self::FileName(name) => name,
        }
    }

    /// Member and value for an answer whose file has that ending.
    #[must_use]
    pub fn answered(&self, extension: &str) -> (&'static str, String) {
        match self {
            Self::Filename(name) => ("filename", stem(name).to_owned()),
            Self::FileName(name) => ("file_name", with_extension(name, extension)),
        }
    }
}

/// The name with another ending: `a.mp4` and `mp3` are `a.mp3`.
#[must_use]
pub fn with_extension(name: &str, extension: &str) -> String {
    format!("{}.{extension}", stem(name))
}

/// The name without its ending. Only what can be one is taken off: "Part 1. The end" and "v1.2" stay.
fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && is_ending(ending) => stem,
        _ => name,
    }
}

fn is_ending(text: &str) -> bool {
    media_type::is_safe(&text.to_ascii_lowercase()) && text.bytes().any(|b| b.is_ascii_alphabetic())
}
