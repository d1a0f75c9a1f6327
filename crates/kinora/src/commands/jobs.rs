//! `kinora jobs`: what the journal knows, with the servers' word on each.

use super::context::Context;
use super::shown;
use crate::cli::{Credential, Jobs};
use crate::exit::Exit;
use crate::journal::{Entry, now};
use crate::report::{Failure, Outcome};
use crate::terminal::{printable, say};
use crate::units::show_seconds;
use kinora_client::{Address, Fault, State};
use serde_json::json;
use std::collections::HashSet;

/// Lists the jobs, and forgets those that nobody can fetch any more.
///
/// # Errors
/// When the tokens cannot be read; a server that cannot be asked is a line of its own.
pub(crate) fn run(arguments: &Jobs, context: &Context) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    let mut silent = HashSet::new();
    for entry in wanted(arguments, context) {
        let state = ask(&entry, context, &mut silent)?;
        match &state {
            Err(Fault::Refused(problem)) if problem.code == "unknown_task" => {
                context.journal.remove(&entry.task_id);
                continue;
            }
            Ok(state) if state.is_final() && state.status != "completed" => {
                context.journal.remove(&entry.task_id)
            }
            _ => {}
        }
        if context.global.json {
            say(line(&entry, &state));
        } else {
            rows.push(row(&entry, &state));
        }
    }
    if !rows.is_empty() {
        say(table(&rows).trim_end());
    }
    Ok(Exit::Success)
}

fn wanted(arguments: &Jobs, context: &Context) -> Vec<Entry> {
    let mut entries = context.journal.entries();
    if let Some(server) = &arguments.server {
        entries.retain(|entry| entry.server == server.to_string());
    }
    entries
}

/// Asks, but a server that did not answer for one job is not asked for the next.
fn ask(
    entry: &Entry,
    context: &Context,
    silent: &mut HashSet<String>,
) -> Outcome<Result<State, Fault>> {
    let unreachable = || Fault::Unreachable {
        server: entry.server.clone(),
        reason: "it did not answer".into(),
    };
    if silent.contains(&entry.server) {
        return Ok(Err(unreachable()));
    }
    let server: Address = match entry.server.parse() {
        Ok(server) => server,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut session = context.brief(&server, &Credential::default())?;
    let answer = session.status(&entry.task_id);
    if let Err(Fault::Unreachable { server, .. } | Fault::Lost { server, .. }) = &answer {
        silent.insert(server.clone());
    }
    Ok(answer)
}

fn line(entry: &Entry, state: &Result<State, Fault>) -> serde_json::Value {
    let mut line = shown::entry_json(entry);
    match state {
        Ok(state) => line["state"] = shown::state_json(state),
        Err(fault) => {
            line["error"] = json!({"code": fault.code(), "description": fault.to_string()})
        }
    }
    line
}

fn row(entry: &Entry, state: &Result<State, Fault>) -> [String; 5] {
    let state = match state {
        Ok(state) => shown::state_text(state),
        Err(Fault::Unreachable { server, .. } | Fault::Lost { server, .. }) => {
            format!("{server} does not answer")
        }
        Err(fault) => fault.to_string(),
    };
    let input = entry
        .input
        .file_name()
        .unwrap_or(entry.input.as_os_str())
        .to_string_lossy();
    let age = show_seconds(now().saturating_sub(entry.accepted_at));
    [
        &entry.task_id,
        &entry.operation,
        &input.into_owned(),
        &age,
        &state,
    ]
    .map(|text| printable(text))
}

/// Columns as wide as their widest cell; the last one ends where it ends.
fn table(rows: &[[String; 5]]) -> String {
    let head = ["ID", "OPERATION", "INPUT", "AGE", "STATE"].map(str::to_owned);
    let all: Vec<_> = [&head].into_iter().chain(rows).collect();
    let width = |column: usize| {
        all.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<_> = (0..4).map(width).collect();
    let mut text = String::new();
    for row in all {
        for (cell, width) in row.iter().zip(&widths) {
            text.push_str(&format!("{cell:width$}  "));
        }
        text.push_str(&row[4]);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let row = |id: &str| [id, "gif", "ü.mp4", "0:05", "queued, place 1"].map(str::to_owned);
        let expected = "ID    OPERATION  INPUT  AGE   STATE\n\
                        ab    gif        ü.mp4  0:05  queued, place 1\n\
                        abcd  gif        ü.mp4  0:05  queued, place 1\n";
        assert_eq!(table(&[row("ab"), row("abcd")]), expected);
    }
}
