//! A configuration file as a list of settings with their lines; unknown keys are errors that say what was meant.

use super::keys::{self, Key};
use super::value;
use toml::de::{DeTable, DeValue};

/// One setting of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its key's path.
    pub(crate) path: &'static str,
    /// Its value as text.
    pub(crate) text: String,
    /// Where it stands, from 1.
    pub(crate) line: usize,
}

/// What is wrong with a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Where, from 1.
    pub(crate) line: usize,
    /// What.
    pub(crate) description: String,
    /// What to do.
    pub(crate) solution: String,
}

/// Reads the text of a file.
///
/// # Errors
/// The first mistake.
pub(crate) fn parse(text: &str) -> Result<Vec<Entry>, Mistake> {
    let table = DeTable::parse(text).map_err(|error| Mistake {
        line: line(text, error.span().map_or(0, |span| span.start)),
        description: error.message().to_owned(),
        solution: "see `kinora config` for a file that is right".into(),
    })?;
    let mut entries = Vec::new();
    walk(text, "", table.get_ref(), &mut entries)?;
    Ok(entries)
}

fn walk(
    text: &str,
    section: &str,
    table: &DeTable<'_>,
    entries: &mut Vec<Entry>,
) -> Result<(), Mistake> {
    for (name, value) in table {
        let path = match section {
            "" => name.get_ref().to_string(),
            _ => format!("{section}.{}", name.get_ref()),
        };
        let line = line(text, name.span().start);
        match (keys::find(&path), value.get_ref()) {
            (Some(key), value) => entries.push(entry(key, value, line)?),
            (None, DeValue::Table(inner)) if is_section(&path) => {
                walk(text, &path, inner, entries)?
            }
            (None, value) => return Err(unknown(&path, value.is_table(), line)),
        }
    }
    Ok(())
}

fn entry(key: &'static Key, value: &DeValue<'_>, line: usize) -> Result<Entry, Mistake> {
    match value::from_toml(key.kind, value) {
        Ok(text) => Ok(Entry {
            path: key.path,
            text,
            line,
        }),
        Err(reason) => Err(Mistake {
            line,
            description: format!("{}: {reason}", key.path),
            solution: "see `kinora config` for how each value is written".into(),
        }),
    }
}

fn unknown(path: &str, is_table: bool, line: usize) -> Mistake {
    let (what, near) = match is_table {
        true => ("section", keys::closest(path, sections())),
        false => ("key", keys::nearest(path)),
    };
    Mistake {
        line,
        description: format!("unknown {what} \"{path}\""),
        solution: match near {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "see `kinora config` for all that there are".into(),
        },
    }
}

fn sections() -> impl Iterator<Item = &'static str> {
    keys::KEYS
        .iter()
        .filter_map(|key| key.path.split_once('.'))
        .map(|(section, _)| section)
}

fn is_section(path: &str) -> bool {
    sections().any(|section| section == path)
}

/// The line of a byte, from 1.
fn line(text: &str, at: usize) -> usize {
    1 + text
        .as_bytes()
        .iter()
        .take(at)
        .filter(|byte| **byte == b'\n')
        .count()
}
