//! `kinora keep ID`

use super::context::Context;
use crate::cli::Keep;
use crate::exit::Exit;
use crate::report::Failure;
use crate::terminal::{printable, say};
use serde_json::json;

/// Has the server put a job's result into its library, and prints what it is called there. The result itself stays to
/// be fetched.
///
/// # Errors
/// When the server cannot be asked, has no such result, or puts none there.
pub(crate) fn run(arguments: &Keep, context: &Context) -> Result<Exit, Failure> {
    let job = context.job(&arguments.job.id, arguments.job.server.as_ref())?;
    let mut session = context.brief(&job.server, &arguments.job.credential)?;
    let original = || {
        let entry = job.entry.as_ref()?;
        Some(entry.input.file_name()?.to_string_lossy().into_owned())
    };
    let name = arguments.name.clone().or_else(original);
    let name = session.keep(&job.task_id, name.as_deref())?;
    match context.global.json {
        true => say(json!({"event": "kept", "task_id": job.task_id, "name": name})),
        false => say(printable(&name)),
    }
    Ok(Exit::Success)
}
