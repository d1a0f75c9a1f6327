//! `kinora formats`: the operations, their options, and what each may be.

use super::context::Context;
use crate::exit::Exit;
use crate::report::Failure;
use crate::terminal::say;
use kinora_media::operation::table::Value as Kind;
use kinora_media::operation::{Parameter, Row, TABLE};
use serde_json::{Value, json};

/// Prints the table, which is the one that requests are checked with.
///
/// # Errors
/// None.
pub(crate) fn run(context: &Context) -> Result<Exit, Failure> {
    for row in TABLE {
        if context.global.json {
            say(members(row));
        } else {
            say(format_args!("{}: {}", row.name, row.summary));
            for parameter in row.parameters {
                say(format_args!(
                    "  --{:<12} {} ({})",
                    parameter.name.replace('_', "-"),
                    parameter.help,
                    allowed(parameter)
                ));
            }
            say("");
        }
    }
    if !context.global.json {
        say(
            "Inputs: whatever the server's FFmpeg reads. `kinora doctor` shows what it writes there.",
        );
    }
    Ok(Exit::Success)
}

fn members(row: &Row) -> Value {
    let parameters: Vec<_> = row
        .parameters
        .iter()
        .map(|parameter| json!({"name": parameter.name, "help": parameter.help, "allowed": allowed(parameter)}))
        .collect();
    let example: Value = serde_json::from_str(row.example).unwrap_or_default();
    json!({"operation": row.name, "summary": row.summary, "parameters": parameters, "example": example})
}

fn allowed(parameter: &Parameter) -> String {
    match parameter.kind {
        Kind::Integer(from, to) => format!("{from} to {to}"),
        Kind::Number(from, to) => format!("{from} to {to}"),
        Kind::Seconds => "12.5 or 00:01:30".into(),
        Kind::Bytes => "25MB, 2GiB".into(),
        Kind::Flag => "a switch".into(),
        Kind::Choice(words) => words.join(", "),
        Kind::WordOrInteger(words, from, to) => format!("{}, or {from} to {to}", words.join(", ")),
        Kind::Text(shape) => shape.into(),
    }
}
