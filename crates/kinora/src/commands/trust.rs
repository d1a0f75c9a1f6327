//! `kinora trust ADDRESS`: by which key a server is known from now on.

use super::context::Context;
use crate::cli::Trust;
use crate::exit::Exit;
use crate::report::{Failure, Outcome};
use crate::terminal::say;
use kinora_client::{Cancel, Known, Pin, Session, Timing, Trust as _};
use serde_json::json;

/// Asks the server for its key, and keeps it; nothing else is sent.
///
/// # Errors
/// When the server cannot be reached, shows another key than the one that was given, or the file cannot be written.
pub(crate) fn run(arguments: &Trust, context: &Context) -> Result<Exit, Failure> {
    let server = &arguments.server;
    let servers = &context.servers;
    let before = servers.known(server).unwrap_or_default();
    let known = match arguments.plain {
        true => Known::Plain,
        false => Known::Key(shown(arguments)?),
    };
    servers.set(server, &known).map_err(|error| {
        Failure::new(
            Exit::File,
            "server_not_kept",
            format!("{server} cannot be kept: {error}"),
            "make kinora/known-servers in your configuration directory writable for you alone",
        )
    })?;
    let word = |known: &Known| match known {
        Known::Key(pin) => pin.to_string(),
        Known::Plain => "plain".to_owned(),
    };
    if context.global.json {
        say(json!({
            "server": server.to_string(), "known": word(&known), "before": before.as_ref().map(word),
        }));
        return Ok(Exit::Success);
    }
    if let Some(before) = before.filter(|before| *before != known) {
        say(format_args!("before  {server} {}", word(&before)));
    }
    say(format_args!("now     {server} {}", word(&known)));
    Ok(Exit::Success)
}

fn shown(arguments: &Trust) -> Outcome<Pin> {
    let session = Session::new(arguments.server.clone(), Timing::default(), Cancel::new());
    let shown = session.meet()?;
    match &arguments.key {
        Some(wanted) if *wanted != shown => Err(Failure::new(
            Exit::Untrusted,
            "server_changed",
            format!("{} shows the key {shown}, not {wanted}", arguments.server),
            "somebody may stand between you and the server: ask its operator which key `kinora doctor` shows there",
        )),
        _ => Ok(shown),
    }
}
