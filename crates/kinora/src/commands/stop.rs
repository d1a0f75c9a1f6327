//! `kinora stop`: ends the server of a data directory.

use super::context::Context;
use crate::cli::Stop;
use crate::config::Settings;
use crate::exit::Exit;
use crate::pidfile::Serving;
use crate::report::Failure;
use crate::terminal::{self, say, tell};
use serde_json::json;
use std::io;

/// Returns when the server is gone.
///
/// # Errors
/// When none serves there, or it may not be told.
pub(crate) fn run(arguments: &Stop, context: &Context) -> Result<Exit, Failure> {
    let mut flags = arguments.settings.flags();
    if let Some(directory) = &arguments.data {
        flags.set.push((
            "data".into(),
            directory.to_string_lossy().into_owned(),
            "--data".into(),
        ));
    }
    let data = Settings::load(&flags, &context.variables)?.data();
    let refused = |error: io::Error| {
        Failure::new(
            Exit::File,
            "cannot_stop",
            format!("cannot stop the server of {}: {error}", data.display()),
            "be the user that it runs as",
        )
    };
    let Some(serving) = Serving::find(&data).map_err(refused)? else {
        return Err(Failure::new(
            Exit::Connection,
            "not_running",
            format!("no server runs on {}", data.display()),
            "name the directory that it keeps its data in with --data",
        ));
    };
    serving.stop().map_err(refused)?;
    if context.global.json {
        say(json!({"event": "stopped", "data": data.to_string_lossy()}));
    } else if terminal::is_watched() {
        tell("stopped");
    }
    Ok(Exit::Success)
}
