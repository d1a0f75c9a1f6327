//! `kinora token`: who may use a server whose access is "tokens".

use super::context::Context;
use crate::cli::{TokenCommand, TokenCreate, TokenPlace, TokenRevoke};
use crate::config::Settings;
use crate::exit::Exit;
use crate::report::{Failure, Outcome};
use crate::terminal::{self, say, tell};
use crate::units;
use kinora_server::access::{Entry, Ledger};
use serde_json::json;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

/// Works on the file in the data directory, whether a server runs on it or not.
///
/// # Errors
/// When the file cannot be read or written, or the name is taken, or has no token.
pub(crate) fn run(command: &TokenCommand, context: &Context) -> Result<Exit, Failure> {
    match command {
        TokenCommand::Create(arguments) => create(arguments, context)?,
        TokenCommand::List(place) => list(place, context)?,
        TokenCommand::Revoke(arguments) => revoke(arguments, context)?,
    }
    Ok(Exit::Success)
}

fn create(arguments: &TokenCreate, context: &Context) -> Outcome {
    let ledger = ledger(&arguments.place, context)?;
    let (name, now) = (&arguments.name, now());
    let expires = arguments
        .expires
        .map(|span| now.saturating_add(span.as_secs()));
    let mut scopes = arguments.scope.clone();
    scopes.sort_unstable();
    scopes.dedup();
    let made = ledger.create(name, &scopes, now, expires);
    let secret = made.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::new(
            Exit::Usage,
            "name_taken",
            format!("{name} has a token already"),
            format!("choose another name, or take it back first: kinora token revoke {name}"),
        ),
        io::ErrorKind::InvalidInput => Failure::new(
            Exit::Usage,
            "invalid_name",
            format!("{name:?}: {error}"),
            "",
        ),
        _ => failed(&ledger, &error),
    })?;
    match context.global.json {
        true => say(json!({"name": name, "token": secret.reveal(), "expires": expires})),
        false => say(secret.reveal()),
    }
    if terminal::is_watched() && !context.global.json {
        tell(format_args!(
            "This is shown once. {name} gives it with KINORA_TOKEN, or signs in with it on the page."
        ));
    }
    Ok(())
}

fn list(place: &TokenPlace, context: &Context) -> Outcome {
    let ledger = ledger(place, context)?;
    let entries = ledger.list().map_err(|error| failed(&ledger, &error))?;
    let now = now();
    if context.global.json {
        for entry in &entries {
            say(json!({
                "name": entry.name, "scopes": entry.scopes, "created": entry.created,
                "expires": entry.expires, "expired": entry.is_expired(now),
                "used": ledger.used(entry),
            }));
        }
    } else {
        for entry in &entries {
            say(line(entry, ledger.used(entry), now));
        }
    }
    Ok(())
}

fn revoke(arguments: &TokenRevoke, context: &Context) -> Outcome {
    let ledger = ledger(&arguments.place, context)?;
    let revoked = ledger.revoke(&arguments.name);
    if revoked.map_err(|error| failed(&ledger, &error))? {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Usage,
        "unknown_name",
        format!("{} has no token here", arguments.name),
        "`kinora token list` shows who has one; --data names the directory of the server",
    ))
}

fn ledger(place: &TokenPlace, context: &Context) -> Outcome<Ledger> {
    let mut flags = place.settings.flags();
    if let Some(directory) = &place.data {
        let text = directory.to_string_lossy().into_owned();
        flags.set.push(("data".into(), text, "--data".into()));
    }
    let settings = Settings::load(&flags, &context.variables)?;
    Ok(Ledger::of(&settings.data()))
}

fn line(entry: &Entry, used: Option<u64>, now: u64) -> String {
    let scopes: Vec<&str> = entry.scopes.iter().map(|scope| scope.as_str()).collect();
    let end = match entry.expires {
        None => "no end".to_owned(),
        Some(_) if entry.is_expired(now) => "expired".to_owned(),
        Some(end) => format!("good for {}", units::show_span(end.saturating_sub(now))),
    };
    let used = used.map_or_else(
        || "never used".to_owned(),
        |used| format!("used {} ago", units::show_span(now.saturating_sub(used))),
    );
    format!(
        "{}  {}  made {} ago  {used}  {end}",
        entry.name,
        scopes.join(","),
        units::show_span(now.saturating_sub(entry.created))
    )
}

fn failed(ledger: &Ledger, error: &io::Error) -> Failure {
    Failure::new(
        Exit::File,
        "tokens_unusable",
        format!("{}: {error}", ledger.path().display()),
        "be the user that the server runs as, or root, and name its data directory with --data",
    )
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| time.as_secs())
}
