//! `kinora cancel ID`

use super::context::Context;
use crate::cli::One;
use crate::exit::Exit;
use crate::report::Failure;
use crate::terminal::{printable, say};
use serde_json::json;

/// Asks the server to end a job; prints how it stands then.
///
/// # Errors
/// When the server cannot be asked, or does not know the job.
pub(crate) fn run(arguments: &One, context: &Context) -> Result<Exit, Failure> {
    let job = context.job(&arguments.id, arguments.server.as_ref())?;
    let mut session = context.brief(&job.server, &arguments.credential)?;
    let status = session.cancel(&job.task_id)?;
    // A job that was done before can still be fetched.
    if status != "completed" {
        context.journal.remove(&job.task_id);
    }
    if context.global.json {
        say(json!({"event": "state", "task_id": job.task_id, "status": status}));
    } else {
        say(printable(&status));
    }
    Ok(Exit::Success)
}
