//! What must be true of a data directory whose server has stopped, whatever was done to it.

use super::ledger::Ledger;
use super::tally::Tally;
use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// A row of the table of tasks, as far as files depend on it.
#[derive(Debug)]
struct Row {
    state: String,
    input_size: u64,
    input_digest: Option<String>,
    result: Option<(u64, String)>,
    reserved: u64,
}

/// Looks at database and files and reports what is wrong.
pub(crate) fn check(data: &Path, tally: &Tally, ledger: &Ledger<'_>) -> Result<()> {
    tally.count("data directories examined");
    let rows = rows(data, tally)?;
    for id in ledger.jobs() {
        if !rows.contains_key(&id) {
            tally.violation(format!("job {id} was acknowledged and has no row"));
        }
    }
    let mut on_disk = 0;
    for room in ["incoming", "inputs", "results", "work"] {
        for (name, path) in files(&data.join(room)) {
            let id: String = name.chars().take(32).collect();
            let Some(row) = rows.get(&id) else {
                tally.violation(format!("{room}/{name} belongs to nobody"));
                continue;
            };
            on_disk += belongs(room, &name, &path, row, tally)?;
        }
    }
    for (id, row) in &rows {
        is_there(data, id, row, tally);
    }
    let reserved: u64 = rows.values().map(|row| row.reserved).sum();
    if on_disk > reserved {
        tally.violation(format!(
            "{on_disk} bytes lie on disk, {reserved} are accounted for"
        ));
    }
    Ok(())
}

fn rows(data: &Path, tally: &Tally) -> Result<HashMap<String, Row>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let database = Connection::open_with_flags(data.join("kinora.db"), flags);
    let database = database.context("the database cannot be opened")?;
    let sound: String = database.query_row("pragma integrity_check", [], |row| row.get(0))?;
    if sound != "ok" {
        tally.violation(format!("the database is damaged: {sound}"));
    }
    let mut query = database.prepare(
        "select id, state, input_size, input_digest, result_size, result_digest, reserved from tasks",
    )?;
    let rows = query.query_map([], |row| {
        let size = |at: usize| -> rusqlite::Result<u64> {
            Ok(u64::try_from(row.get::<_, i64>(at)?).unwrap_or(0))
        };
        let made: Option<i64> = row.get(4)?;
        let made = made.and_then(|made| u64::try_from(made).ok());
        Ok((
            row.get::<_, String>(0)?,
            Row {
                state: row.get(1)?,
                input_size: size(2)?,
                input_digest: row.get(3)?,
                result: made.zip(row.get(5)?),
                reserved: size(6)?,
            },
        ))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn files(room: &Path) -> Vec<(String, std::path::PathBuf)> {
    let entries = fs::read_dir(room).into_iter().flatten().flatten();
    entries
        .map(|entry| {
            (
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            )
        })
        .collect()
}

/// A file's owner is in a state that has it, and it is what the row says. Returns its bytes.
fn belongs(room: &str, name: &str, path: &Path, row: &Row, tally: &Tally) -> Result<u64> {
    let state = row.state.as_str();
    let is_right = match room {
        "incoming" => state == "uploading",
        // An upload that a kill met between its file's last step and its row's is gone on with from there.
        "inputs" => matches!(state, "uploading" | "queued" | "processing"),
        "results" => state == "completed",
        // What an interrupted compression goes on from.
        _ => name.ends_with(".keep") && matches!(state, "queued" | "processing"),
    };
    if !is_right {
        tally.violation(format!("{room}/{name} is left of a job that is {state}"));
    }
    if path.is_dir() {
        return Ok(0);
    }
    let bytes = fs::read(path)?;
    let digest = blake3::hash(&bytes).to_hex().to_string();
    let expected = match room {
        "inputs" => row
            .input_digest
            .as_ref()
            .map(|digest| (row.input_size, digest.clone())),
        "results" => row.result.clone(),
        _ => None,
    };
    if let Some((size, told)) = expected
        && (size != bytes.len() as u64 || told != digest)
    {
        tally.violation(format!("{room}/{name} is not what was stored"));
    }
    Ok(bytes.len() as u64)
}

/// A job that needs a file has it.
fn is_there(data: &Path, id: &str, row: &Row, tally: &Tally) {
    let room = match row.state.as_str() {
        "queued" | "processing" => "inputs",
        "completed" => "results",
        _ => return,
    };
    if !data.join(room).join(id).exists() {
        tally.violation(format!(
            "job {id} is {} and {room}/{id} is missing",
            row.state
        ));
    }
}
