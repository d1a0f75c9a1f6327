//! Jobs and results as lines: members for programs, words for people.

use crate::journal::Entry;
use crate::proof;
use crate::terminal::printable;
use crate::units::{show_seconds, show_size};
use kinora_client::State;
use kinora_media::quality::Report;
use serde_json::{Map, Value, json};
use std::path::Path;

/// A result that has appeared.
#[derive(Debug)]
pub(crate) struct Result<'a> {
    /// What it was made of.
    pub(crate) input: &'a Path,
    /// Where it is.
    pub(crate) output: &'a Path,
    /// The job, unless it was made here.
    pub(crate) task_id: Option<&'a str>,
    /// Bytes.
    pub(crate) size: u64,
    /// Bytes of the input.
    pub(crate) original_size: Option<u64>,
    /// The original came back.
    pub(crate) kept_original: bool,
    /// BLAKE3, hex.
    pub(crate) digest: Option<&'a str>,
    /// What it is called in the server's library, if it is there.
    pub(crate) kept_as: Option<&'a str>,
    /// Sentences.
    pub(crate) notes: &'a [String],
    /// How it was made and what it measures.
    pub(crate) report: Option<&'a Report>,
}

impl Result<'_> {
    /// Members for programs.
    #[must_use]
    pub(crate) fn json(&self) -> Value {
        let mut line = json!({
            "event": "result",
            "file": self.input.to_string_lossy(),
            "output": self.output.to_string_lossy(),
            "task_id": self.task_id,
            "size": self.size,
            "original_size": self.original_size,
            "kept_original": self.kept_original,
            "blake3": self.digest,
            "notes": self.notes,
        });
        if let Some(name) = self.kept_as {
            line["kept_as"] = name.into();
        }
        if let Some(report) = self.report {
            line["report"] = json!(report);
        }
        line
    }

    /// One line for people.
    #[must_use]
    pub(crate) fn summary(&self) -> String {
        let sizes = match self.original_size {
            Some(before) if self.report.is_some() => self.measured(before),
            Some(before) if before > 0 => {
                let percent = self.size as f64 / before as f64 * 100.0;
                format!(
                    "{} -> {} ({percent:.0} %)",
                    show_size(before),
                    show_size(self.size)
                )
            }
            _ => show_size(self.size),
        };
        let kept = if self.kept_original {
            "; the original, nothing smaller could be made"
        } else {
            ""
        };
        let notes = match self.kept_original {
            true => String::new(),
            false => self.new_notes().map(|note| format!("; {note}")).collect(),
        };
        let shelved = self
            .kept_as
            .map(|name| format!("; in the library as {}", printable(name)));
        format!("  {sizes}{kept}{notes}{}", shelved.unwrap_or_default())
    }

    /// What the report does not say already.
    fn new_notes(&self) -> impl Iterator<Item = &String> {
        let reason = self.report.map(|report| report.reason.as_str());
        let notes = self.notes.iter();
        notes.filter(move |note| Some(note.as_str()) != reason)
    }

    /// File, sizes and quality of a compression.
    fn measured(&self, before: u64) -> String {
        let name = self.input.file_name().unwrap_or(self.input.as_os_str());
        let sizes = match self.kept_original {
            true => show_size(before),
            false => proof::sizes(before, self.size),
        };
        let quality = self.report.and_then(proof::quality);
        let quality = quality.map(|quality| format!(", {quality}"));
        format!(
            "{}: {sizes}{}",
            name.to_string_lossy(),
            quality.unwrap_or_default()
        )
    }
}

/// A state's members for programs; what is not known is left out.
#[must_use]
pub(crate) fn state_json(state: &State) -> Value {
    let all = json!({
        "event": "state",
        "task_id": state.task_id,
        "status": state.status,
        "progress": state.progress,
        "stage": some(&state.stage),
        "speed": state.speed,
        "remaining_seconds": state.remaining_seconds,
        "place": state.place,
        "size": state.size,
        "original_size": state.original_size,
        "notes": state.notes,
        "error": state.problem.as_ref().map(|problem| json!({
            "code": problem.code, "description": problem.description, "solution": problem.solution,
        })),
    });
    let Value::Object(members) = all else {
        return all;
    };
    Value::Object(
        members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect::<Map<_, _>>(),
    )
}

/// A state in a few words.
#[must_use]
pub(crate) fn state_text(state: &State) -> String {
    match state.status.as_str() {
        "queued" => match state.place {
            Some(place) => format!("queued, place {place}"),
            None => "queued".into(),
        },
        "processing" => {
            let left = state
                .remaining_seconds
                .map(|s| format!(", {} left", show_seconds(s.max(0.0) as u64)));
            format!(
                "{:.0} % {}{}",
                state.progress * 100.0,
                state.stage,
                left.unwrap_or_default()
            )
            .trim()
            .into()
        }
        "completed" => match state.size {
            Some(size) => format!("completed, {}", show_size(size)),
            None => "completed".into(),
        },
        "failed" => match &state.problem {
            Some(problem) => format!("failed: {}", problem.description),
            None => "failed".into(),
        },
        other => other.into(),
    }
}

/// What the journal knows, as members.
#[must_use]
pub(crate) fn entry_json(entry: &Entry) -> Value {
    json!({
        "event": "job",
        "task_id": entry.task_id,
        "server": entry.server,
        "operation": entry.operation,
        "file": entry.input.to_string_lossy(),
        "accepted_at": entry.accepted_at,
    })
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;
