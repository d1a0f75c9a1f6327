//! Requests that carry FFmpeg arguments are refused (MMP §4): options are values that the server
//! checks, never pieces of a command line.

use serde_json::{Map, Value};

use super::table::{OPERATION_KEYS, Operation, PARAMETER_KEYS, plain};
use super::value::integer;
use crate::fault::Fault;
use crate::outside::echo;

/// Members that can only mean arguments, besides all that begin with `ffmpeg` or `-`.
const MEMBERS: [&str; 36] = [
    "arguments",
    "extra_args",
    "extra_arguments",
    "extra_options",
    "extra_params",
    "extra_flags",
    "raw_args",
    "raw_arguments",
    "custom_args",
    "custom_arguments",
    "additional_args",
    "additional_arguments",
    "input_args",
    "input_options",
    "output_args",
    "output_options",
    "cli_args",
    "cmd",
    "cmdline",
    "cmd_line",
    "commandline",
    "command_line",
    "argv",
    "shell",
    "exec",
    "script",
    "filter",
    "filters",
    "filter_complex",
    "filtergraph",
    "filter_graph",
    "video_filter",
    "video_filters",
    "audio_filter",
    "vf",
    "af",
];

/// Looks through the top level and the parameters.
///
/// # Errors
/// [`Fault::RawArguments`] with the first member that carries arguments.
pub fn refuse(json: &Map<String, Value>) -> Result<(), Fault> {
    refuse_members(json)?;
    for key in PARAMETER_KEYS {
        if let Some(Value::Object(inner)) = json.get(key) {
            refuse_members(inner)?;
        }
    }
    let free_text = OPERATION_KEYS
        .iter()
        .find(|key| json.get(**key).is_some_and(is_command_line));
    free_text.map_or(Ok(()), |key| refused(key))
}

fn refuse_members(members: &Map<String, Value>) -> Result<(), Fault> {
    let raw = members
        .iter()
        .find(|(name, value)| is_given(value) && is_raw(name, value));
    raw.map_or(Ok(()), |(name, _)| refused(name))
}

fn refused(member: &str) -> Result<(), Fault> {
    Err(Fault::RawArguments {
        member: echo(member),
    })
}

/// A client that knows of the member but leaves it empty is served.
fn is_given(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

fn is_raw(name: &str, value: &Value) -> bool {
    if name.trim_start().starts_with('-') {
        return true;
    }
    let name = plain(name);
    // As an object these hold parameters; as a list or a text, arguments.
    let is_arguments = PARAMETER_KEYS.contains(&name.as_str()) && !value.is_object();
    is_arguments || name.starts_with("ffmpeg") || MEMBERS.contains(&name.as_str())
}

/// An operation that is a list, or a text that no operation's name could be.
fn is_command_line(value: &Value) -> bool {
    let text = match value {
        Value::Array(items) => return !items.is_empty(),
        Value::String(text) => text.trim(),
        _ => return false,
    };
    let is_name = Operation::named(text).is_some() || integer(value).is_some();
    !is_name
        && (text.starts_with('-')
            || text.contains(" -")
            || text.to_ascii_lowercase().starts_with("ffmpeg"))
}
