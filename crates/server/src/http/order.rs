//! From what a request says to an order: options as text or JSON, and what this door keeps with it.

use crate::fault::Fault;
use crate::mmp::outside::display_name;
use kinora_jobs::Order;
use kinora_media::operation::table::Value as Kind;
use kinora_media::operation::{Operation, TABLE};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::names;

/// What this door keeps with an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Note {
    /// The file's name, for display.
    pub(super) file_name: Option<String>,
}

impl Note {
    /// With a name that came from outside.
    pub(super) fn named(sent: Option<&str>) -> Self {
        Self {
            file_name: sent.and_then(display_name),
        }
    }

    /// The written form, for an upload whose order comes later.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a note is plain data")
    }

    /// What was kept with this task, which may be an order by now.
    pub(super) fn of(text: &str) -> Self {
        let door = Order::from_json(text).map(|order| order.door);
        match door {
            Ok(door) => serde_json::from_value(door).unwrap_or_default(),
            Err(_) => serde_json::from_str(text).unwrap_or_default(),
        }
    }
}

/// A checked order.
///
/// # Errors
/// What the operation says of its options.
pub(super) fn make(
    operation: &str,
    options: &Map<String, Value>,
    note: &Note,
) -> Result<Order, Fault> {
    Ok(Order {
        operation: Operation::from_form(operation, options)?,
        extension: note.file_name.as_deref().and_then(names::ending),
        door: serde_json::to_value(note).unwrap_or_default(),
    })
}

/// An option that came as text, as the kind of value that the operation wants. What cannot be one stays text, and the
/// operation says what is allowed.
pub(super) fn option(operation: &str, name: &str, text: &str) -> Value {
    let row = TABLE.iter().find(|row| row.name == operation);
    let parameter = row.and_then(|row| row.parameters.iter().find(|each| each.name == name));
    let value = match parameter.map(|parameter| parameter.kind) {
        Some(Kind::Integer(..) | Kind::Number(..) | Kind::Seconds | Kind::Bytes) => number(text),
        Some(Kind::Flag) => match text {
            "true" | "1" | "on" | "yes" => Some(Value::Bool(true)),
            "false" | "0" | "off" | "no" | "" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    };
    value.unwrap_or_else(|| Value::from(text))
}

fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    let whole = text.parse::<u64>().ok().map(Value::from);
    whole.or_else(|| text.parse::<f64>().ok().map(Value::from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_becomes_what_the_operation_wants() {
        let check = |operation: &str, name: &str, text: &str, expected: Value| {
            assert_eq!(option(operation, name, text), expected, "{name}={text}");
        };
        check("gif", "start", "1.5", json!(1.5));
        check("gif", "start", "2", json!(2));
        check("gif", "start", "soon", json!("soon"));
        check("resize", "size", "720p", json!("720p"));
        check("compress", "remove_location", "true", json!(true));
        check("compress", "nonsense", "1", json!("1"));
        check("nonsense", "start", "1", json!("1"));
    }

    #[test]
    fn notes_are_found_in_either_form() {
        let note = Note::named(Some("C:\\Videos\\a b.MP4"));
        assert_eq!(note.file_name.as_deref(), Some("a b.MP4"));
        assert_eq!(Note::of(&note.to_json()), note);
        let order = make("compress", &Map::new(), &note).unwrap();
        assert_eq!(order.extension.as_deref(), Some("mp4"));
        assert_eq!(Note::of(&order.to_json()), note);
        assert_eq!(Note::of("rubbish"), Note::default());
    }
}
