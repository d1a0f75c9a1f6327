//! A setting's value: as written, and as the rooms' structs take it.

use super::keys::{Kind, closest};
use crate::units;
use serde_json::{Value, json};

/// Reads what somebody wrote in a variable or a flag; bytes and seconds become numbers.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub(crate) fn read(kind: Kind, text: &str) -> Result<Value, String> {
    match kind {
        Kind::Text => Ok(json!(text)),
        Kind::List => {
            let items = text
                .split(',')
                .map(str::trim)
                // A variable cannot be empty, for empty ones are taken for unset.
                .filter(|item| !item.is_empty() && *item != "off");
            Ok(items.collect())
        }
        Kind::Numbers => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty() && *item != "off");
            items.map(|item| read(Kind::Integer, item)).collect()
        }
        Kind::Integer => match text.trim().parse::<u64>() {
            Ok(number) => Ok(json!(number)),
            Err(_) => Err(format!("{text:?} is no whole number")),
        },
        Kind::Size => units::size(text).map(|bytes| json!(bytes)),
        Kind::Span => whole_seconds(text).map(|seconds| json!(seconds)),
        Kind::Switch => choose(&["true", "false"], text).map(|word| json!(word == "true")),
        Kind::Choice(words) => choose(words, text),
    }
}

/// The file's value as the text that [`read`] takes: a TOML number may stand where a number is meant, a list only
/// where a list is.
///
/// # Errors
/// When the TOML type cannot mean this kind.
pub(crate) fn from_toml(kind: Kind, value: &toml::de::DeValue<'_>) -> Result<String, String> {
    use toml::de::DeValue;
    match (kind, value) {
        (Kind::List, DeValue::Array(items)) => {
            let texts = items
                .iter()
                .map(|item| item.get_ref().as_str().ok_or("a list of texts is needed"));
            Ok(texts.collect::<Result<Vec<_>, _>>()?.join(", "))
        }
        (Kind::Numbers, DeValue::Array(items)) => {
            let numbers = items
                .iter()
                .map(|item| from_toml(Kind::Integer, item.get_ref()));
            Ok(numbers.collect::<Result<Vec<_>, _>>()?.join(", "))
        }
        (_, DeValue::String(text)) => Ok(text.to_string()),
        (Kind::Integer | Kind::Size | Kind::Span, DeValue::Integer(number))
            if number.radix() == 10 =>
        {
            Ok(number.as_str().replace('_', ""))
        }
        (Kind::Switch, DeValue::Boolean(is)) => Ok(is.to_string()),
        (_, other) => Err(format!(
            "{} is not possible here, write {}",
            other.type_str(),
            wanted(kind)
        )),
    }
}

/// What is expected, for error texts.
fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Choice(_) => "a text in quotes",
        Kind::List => "a list of texts, [\"...\"]",
        Kind::Numbers => "a list of whole numbers, [720, 1080]",
        Kind::Integer => "a whole number",
        Kind::Size => "a size like \"25MB\"",
        Kind::Span => "a span of time like \"15m\"",
        Kind::Switch => "true or false",
    }
}

fn whole_seconds(text: &str) -> Result<u64, String> {
    let span = units::span(text)?;
    if span.subsec_nanos() > 0 {
        return Err(format!("{text:?} is not a whole number of seconds"));
    }
    Ok(span.as_secs())
}

fn choose(words: &'static [&'static str], text: &str) -> Result<Value, String> {
    let lower = text.trim().to_lowercase();
    if words.contains(&lower.as_str()) {
        return Ok(json!(lower));
    }
    let hint =
        closest(&lower, words.iter().copied()).map(|word| format!(" (did you mean {word:?}?)"));
    Err(format!(
        "{text:?} is none of {}{}",
        words.join(", "),
        hint.unwrap_or_default()
    ))
}
