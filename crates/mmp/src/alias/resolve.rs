//! From a request's JSON to the canonical operation and its parameters.

use serde_json::{Map, Value};

use super::parameter::{invalid, shown, translate};
use super::table::{self, OPERATION_KEYS, Operation, PARAMETER_KEYS, plain};
use super::value;
use crate::fault::Fault;
use crate::media_type;

/// Formats without a picture: converting to one of them is the operation `audio`.
const AUDIO_FORMATS: [&str; 5] = ["mp3", "opus", "aac", "flac", "wav"];

/// What a request asks for, in the words of docs/protocol.md.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The canonical name.
    pub operation: &'static str,
    /// Canonical names and JSON types.
    pub parameters: Map<String, Value>,
    /// The operation exactly as it was sent.
    pub sent: Value,
}

/// Finds the operation and its parameters. `is_verb` tells which values of the operation's keys are
/// verbs (`upload`), not operations. With `ext` the client is one of ours: it means exactly what it
/// says, and nothing is guessed for it.
///
/// # Errors
/// A missing or unknown operation, or a value that can't be translated.
pub fn resolve(
    json: &Map<String, Value>,
    is_verb: fn(&str) -> bool,
    ext: bool,
) -> Result<Resolved, Fault> {
    let members = Members::of(json);
    let (target, sent) = operation(&members, is_verb)?;
    let operation = match target {
        Target::Named(operation) => operation,
        Target::Clip { default } => container(&members, default, sent)?,
    };
    let mut parameters = parameters(operation, &members)?;
    if matches!(target, Target::Clip { .. }) || is_redundant(operation, &parameters) {
        table::CONTAINER_KEYS
            .iter()
            .for_each(|key| drop(parameters.remove(*key)));
    }
    let operation = complete(operation.name, &mut parameters, ext);
    Ok(Resolved {
        operation,
        parameters,
        sent: sent.clone(),
    })
}

/// The two places in which members stand.
struct Members<'a> {
    top: &'a Map<String, Value>,
    inner: Map<String, Value>,
}

impl<'a> Members<'a> {
    fn of(top: &'a Map<String, Value>) -> Self {
        let objects = PARAMETER_KEYS
            .iter()
            .filter_map(|key| top.get(*key)?.as_object());
        // A null is a member that wasn't given.
        let given = objects.flatten().filter(|(_, value)| !value.is_null());
        Self {
            top,
            inner: given
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        }
    }

    /// A member by name; the parameters' own place comes first.
    fn get(&self, name: &str) -> Option<&Value> {
        self.inner
            .get(name)
            .or_else(|| self.top.get(name).filter(|value| !value.is_null()))
    }
}

/// What an operation's key says.
#[derive(Clone, Copy)]
enum Target {
    Named(&'static Operation),
    /// GIF or WebM, the container stands in another member.
    Clip {
        default: Option<&'static str>,
    },
}

fn operation<'a>(
    members: &Members<'a>,
    is_verb: fn(&str) -> bool,
) -> Result<(Target, &'a Value), Fault> {
    let mut unknown = None;
    for key in OPERATION_KEYS {
        let Some(sent) = members.top.get(key).filter(|value| !value.is_null()) else {
            continue;
        };
        if sent.as_str().is_some_and(is_verb) {
            continue;
        }
        if let Some(target) = target(sent, members) {
            return Ok((target, sent));
        }
        unknown = unknown.or(Some(sent));
    }
    Err(match unknown {
        Some(sent) => Fault::UnknownOperation { sent: shown(sent) },
        None => Fault::MissingOperation,
    })
}

fn target(sent: &Value, members: &Members<'_>) -> Option<Target> {
    if let Some(number) = value::integer(sent) {
        return numbered(number, members);
    }
    let name = sent.as_str()?;
    if table::CLIP.contains(&plain(name).as_str()) {
        return Some(Target::Clip { default: None });
    }
    Operation::named(name).map(Target::Named)
}

/// Clients count in two ways. What stands beside the number tells them apart: a choice of a ratio or of
/// a size says what is meant whatever the number, and only client A sends `extention`.
fn numbered(number: i64, members: &Members<'_>) -> Option<Target> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    let has = |name| members.get(name).is_some();
    let chosen = match (has("ratio_choice"), has("resolution_choice")) {
        (true, false) => Some("aspect"),
        (false, true) => Some("resize"),
        _ => None,
    };
    let name = match chosen {
        Some(name) if matches!(number, 2 | 3) => name,
        _ if chosen.is_some() || has("extention") => table::NUMBERS_OF_A.get(index)?,
        _ => table::NUMBERS.get(index)?,
    };
    match Operation::named(name) {
        Some(operation) => Some(Target::Named(operation)),
        // A bare 5 without a container is what client A would mean by it.
        None => Some(Target::Clip {
            default: Some("gif"),
        }),
    }
}

fn container(
    members: &Members<'_>,
    default: Option<&'static str>,
    sent: &Value,
) -> Result<&'static Operation, Fault> {
    // A key whose value is the operation itself (`"type": "trim"`) names no container.
    let named = table::CONTAINER_KEYS
        .iter()
        .filter_map(|key| Some((*key, members.get(key)?)))
        .filter(|(_, value)| *value != sent);
    if let Some(operation) = named.clone().find_map(|(_, value)| clip(value)) {
        return Ok(operation);
    }
    if let Some((member, value)) = named.clone().next() {
        return Err(invalid(member, value, "gif or webm"));
    }
    default
        .and_then(Operation::named)
        .ok_or(Fault::MissingMember {
            member: "type",
            meaning: "the container, gif or webm",
        })
}

/// The operation that makes clips in the container of that name.
fn clip(container: &Value) -> Option<&'static Operation> {
    let (format, _) = media_type::read(container.as_str()?).ok()?;
    format
        .filter(|name| matches!(name.as_str(), "gif" | "webm"))
        .and_then(|name| Operation::named(&name))
}

/// `create_gif` with `format: "gif"` says the same thing twice.
fn is_redundant(operation: &Operation, parameters: &Map<String, Value>) -> bool {
    let mut containers = table::CONTAINER_KEYS
        .iter()
        .filter_map(|key| parameters.get(*key));
    matches!(operation.name, "gif" | "webm") && containers.all(|value| value == operation.name)
}

fn parameters(operation: &Operation, members: &Members<'_>) -> Result<Map<String, Value>, Fault> {
    let mut canonical = Map::new();
    for row in operation.parameters {
        let found = row
            .names()
            .find_map(|name| Some((name, members.inner.get(name)?)));
        let found = found.or_else(|| {
            row.names()
                .find_map(|name| Some((name, members.get(name)?)))
        });
        // A name that is the operation's own key here (`"type"`, `"mode"`) is no parameter of any row.
        if let Some((name, sent)) = found.filter(|_| !canonical.contains_key(row.name)) {
            translate(row, name, sent, &mut canonical)?;
        }
    }
    let is_known = |name: &str| {
        operation
            .parameters
            .iter()
            .any(|row| row.names().any(|known| known == name))
    };
    let others = members.inner.iter().filter(|(name, _)| !is_known(name));
    canonical.extend(others.map(|(name, value)| (name.clone(), value.clone())));
    Ok(canonical)
}

/// What clients leave unsaid because for them it goes without saying.
fn complete(
    operation: &'static str,
    parameters: &mut Map<String, Value>,
    ext: bool,
) -> &'static str {
    match operation {
        // Both numbers are an exact size: the picture gets it, also when it was smaller.
        "resize"
            if !ext && parameters.contains_key("width") && parameters.contains_key("height") =>
        {
            parameters
                .entry("fit")
                .or_insert_with(|| "letterbox".into());
            parameters.entry("upscale").or_insert(Value::Bool(true));
        }
        // Nothing of the picture is lost or bent unless somebody asks for it.
        "aspect" if !ext => drop(
            parameters
                .entry("fit")
                .or_insert_with(|| "letterbox".into()),
        ),
        "audio" => drop(parameters.entry("format").or_insert_with(|| "mp3".into())),
        "convert" => return convert(parameters, ext),
        _ => {}
    }
    operation
}

/// Client C's `convert` without a format is MP3, and nobody who converts to an audio format
/// expects a picture in it.
fn convert(parameters: &mut Map<String, Value>, ext: bool) -> &'static str {
    if parameters.is_empty() && !ext {
        parameters.insert("format".into(), "mp3".into());
    }
    let format = parameters
        .get("format")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let has_codecs = parameters.contains_key("video") || parameters.contains_key("audio");
    if AUDIO_FORMATS.contains(&format) && !has_codecs {
        "audio"
    } else {
        "convert"
    }
}
