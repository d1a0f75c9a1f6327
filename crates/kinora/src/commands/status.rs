//! `kinora status ID`

use super::context::Context;
use super::shown;
use crate::cli::One;
use crate::exit::Exit;
use crate::report::Failure;
use crate::terminal::{printable, say};

/// Prints one job's state.
///
/// # Errors
/// When the server cannot be asked, or does not know the job.
pub(crate) fn run(arguments: &One, context: &Context) -> Result<Exit, Failure> {
    let job = context.job(&arguments.id, arguments.server.as_ref())?;
    let mut session = context.brief(&job.server, &arguments.credential)?;
    let state = session.status(&job.task_id)?;
    if context.global.json {
        say(shown::state_json(&state));
    } else {
        say(printable(&shown::state_text(&state)));
    }
    Ok(Exit::Success)
}
