//! `kinora chat backup` and `kinora chat restore`: identity, people and history in one file, and back on another machine.

use super::context::Context;
use super::talk::{LABEL, directory, register};
use crate::cli::{ChatBackup, ChatRestore};
use crate::exit::Exit;
use crate::output::directory_of;
use crate::passphrase;
use crate::report::Failure;
use crate::terminal::{say, tell};
use kinora_client::talk::{self, Backup};
use serde_json::json;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

/// Writes a backup: it appears whole, for its owner alone, and in the place of nothing.
///
/// # Errors
/// When the file exists or cannot be written, when there is no name, when the passphrase is too short.
pub(crate) fn back_up(arguments: &ChatBackup, context: &Context) -> Result<Exit, Failure> {
    let path = &arguments.file;
    if path.symlink_metadata().is_ok() {
        return Err(exists(path));
    }
    let directory = directory(&arguments.shelf, context)?;
    let passphrase = passphrase::new(arguments.passphrase_file.as_deref())?;
    // A temporary file is readable by its owner only, and keeps that under its name.
    let part = tempfile::Builder::new()
        .prefix(".backup.part-")
        .tempfile_in(directory_of(path));
    let mut part = part.map_err(|error| unwritable(path, &error))?;
    let backup = talk::back_up(&directory, &passphrase, part.as_file_mut())?;
    let synced = part.as_file().sync_all();
    synced.map_err(|error| unwritable(path, &error))?;
    part.persist_noclobber(path)
        .map_err(|refused| match refused.error.kind() {
            io::ErrorKind::AlreadyExists => exists(path),
            _ => unwritable(path, &refused.error),
        })?;
    // The name itself is durable when its directory is.
    let synced = File::open(directory_of(path)).and_then(|directory| directory.sync_all());
    synced.map_err(|error| unwritable(path, &error))?;
    finish("backup", &backup, context);
    Ok(Exit::Success)
}

/// Brings one back.
///
/// # Errors
/// When the file is none, or another passphrase opens it; when there is a name here already; when the server refuses.
pub(crate) fn restore(arguments: &ChatRestore, context: &Context) -> Result<Exit, Failure> {
    let path = &arguments.file;
    let file = File::open(path).map_err(|error| {
        Failure::new(
            Exit::File,
            "unreadable_input",
            format!("cannot read {}: {error}", path.display()),
            "give the path of a backup (kinora chat backup)",
        )
    })?;
    let directory = directory(&arguments.shelf, context)?;
    let passphrase = passphrase::known(arguments.passphrase_file.as_deref())?;
    let label = arguments.device.as_deref().unwrap_or(LABEL);
    let name = arguments.name.as_deref();
    let backup = talk::restore(
        &directory,
        &passphrase,
        &mut BufReader::new(file),
        name,
        label,
    )?;
    register(&arguments.shelf, context)?;
    finish("restored", &backup, context);
    Ok(Exit::Success)
}

fn finish(event: &str, backup: &Backup, context: &Context) {
    let Backup {
        owner,
        contacts,
        messages,
    } = backup;
    if context.global.json {
        say(json!({
            "event": event, "name": owner.name.as_str(), "number": owner.number, "contacts": contacts,
            "messages": messages,
        }));
        return;
    }
    let what = format!(
        "{} and {} of {}",
        counted(*contacts, "person", "people"),
        counted(*messages, "message", "messages"),
        owner.name
    );
    tell(match event {
        "backup" => format!(
            "in it: {what}, and the key {}; who has the file and the passphrase is {}",
            owner.number, owner.name
        ),
        _ => format!(
            "this is a new device of {} now, with {what}; `kinora chat devices` lists all, and removes one that is lost",
            owner.name
        ),
    });
}

fn counted(count: u64, one: &str, several: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {several}"),
    }
}

fn exists(path: &Path) -> Failure {
    Failure::new(
        Exit::File,
        "output_exists",
        format!("{} exists already", path.display()),
        "choose another name; a backup is never overwritten",
    )
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::File,
        "unwritable_output",
        format!("cannot write {}: {error}", path.display()),
        "check the space and the permissions of its directory",
    )
}
