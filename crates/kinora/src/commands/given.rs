//! `kinora share --list`, `--revoke`, `--revoke-all`: links that were given, on the files of a data directory, whether a
//! server runs on it or not.

use super::context::Context;
use crate::cli::Share;
use crate::config::{Flags, Settings};
use crate::exit::Exit;
use crate::report::{Failure, Outcome};
use crate::terminal::{printable, say, tell};
use crate::units;
use kinora_server::access::{Given, GivenLink, revoke_links};
use serde_json::json;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Lists those that are good.
///
/// # Errors
/// When the list cannot be read.
pub(super) fn list(arguments: &Share, context: &Context) -> Result<Exit, Failure> {
    let data = data(arguments, context)?;
    let links = Given::of(&data).list(now_s());
    for link in links.map_err(|error| failed(&data, &error))? {
        match context.global.json {
            true => say(json!({
                "id": link.id, "name": link.name, "for": link.holder, "made": link.made_s, "expires": link.expires_s,
            })),
            false => say(printable(&line(&link))),
        }
    }
    Ok(Exit::Success)
}

/// Takes back one, by its id or its address.
///
/// # Errors
/// `unknown_link`, or when the list cannot be written.
pub(super) fn revoke(link: &str, arguments: &Share, context: &Context) -> Result<Exit, Failure> {
    let data = data(arguments, context)?;
    let revoked = Given::of(&data).revoke(link, now_s());
    match revoked.map_err(|error| failed(&data, &error))? {
        true => {
            tell("the link is worth nothing now");
            Ok(Exit::Success)
        }
        false => Err(Failure::new(
            Exit::Usage,
            "unknown_link",
            format!("{} has no link {link:?}", data.display()),
            "`kinora share --list` shows which there are; --data names the directory of the server",
        )),
    }
}

/// Takes back all of them.
///
/// # Errors
/// When the key cannot be written.
pub(super) fn revoke_all(arguments: &Share, context: &Context) -> Result<Exit, Failure> {
    let data = data(arguments, context)?;
    revoke_links(&data).map_err(|error| failed(&data, &error))?;
    tell("all links that were given before are worth nothing now");
    Ok(Exit::Success)
}

fn data(arguments: &Share, context: &Context) -> Outcome<PathBuf> {
    let mut flags = Flags::default();
    if let Some(directory) = &arguments.data {
        let text = directory.to_string_lossy().into_owned();
        flags.set.push(("data".into(), text, "--data".into()));
    }
    Ok(Settings::load(&flags, &context.variables)?.data())
}

fn line(link: &GivenLink) -> String {
    let left = units::show_span(link.expires_s.saturating_sub(now_s()));
    let holder = match link.holder.as_str() {
        "" => String::new(),
        holder => format!("  for {holder}"),
    };
    format!("{}  {}{holder}  good for {left}", link.id, link.name)
}

fn failed(data: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::File,
        "links_unusable",
        format!("{}: {error}", data.display()),
        "be the user that the server runs as, or root, and name its data directory with --data",
    )
}

fn now_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| time.as_secs())
}
