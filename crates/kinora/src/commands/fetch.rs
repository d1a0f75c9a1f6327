//! `kinora fetch ID`

use super::context::{Context, Job, timing};
use super::delivery::{Delivery, Programs};
use super::shown::Result as Shown;
use crate::cli::{Fetch, Settings};
use crate::exit::Exit;
use crate::naming::Word;
use crate::output::{Input, Leftovers, Output, Place, Target};
use crate::progress::Display;
use crate::report::{Failure, Outcome};
use crate::signals;
use kinora_client::{Cancel, Fault, Session};
use std::path::{Path, PathBuf};

/// Waits for a job of earlier and fetches its result to where it was to go, or to where this command says.
///
/// # Errors
/// Whatever keeps the result from appearing; it stays at the server then.
pub(crate) fn run(arguments: &Fetch, context: &Context) -> Result<Exit, Failure> {
    let job = context.job(&arguments.id, arguments.connection.server.as_ref())?;
    let leftovers = Leftovers::default();
    let delivery = Delivery {
        form: arguments.report.form,
        force: arguments.force,
        programs: Programs::new(context, Settings::default()),
    };
    let place = place(arguments, &job)?;
    delivery.check(&place)?;
    let mut output = Output::new(place, arguments.force, leftovers.clone());
    output.check(None)?;
    let cancel = Cancel::new();
    signals::listen(cancel.clone(), leftovers).map_err(|error| {
        Failure::new(
            Exit::Internal,
            "no_signals",
            format!("cannot listen to signals: {error}"),
            "",
        )
    })?;
    let input = job
        .entry
        .as_ref()
        .map_or_else(|| PathBuf::from(&job.task_id), |entry| entry.input.clone());
    let display = Display::new(context.global.json, context.global.quiet);
    let mut progress = display.file(
        &input
            .file_name()
            .unwrap_or(input.as_os_str())
            .to_string_lossy(),
    );
    let token = context.token(&arguments.connection.credential, &job.server)?;
    let timing = timing(&arguments.connection);
    let mut session = Session::new(job.server, timing, cancel)
        .with_token(token)
        .with_security(context.security(&arguments.connection.credential));
    let done = session.fetch(&job.task_id, &mut output, &mut progress);
    drop(progress);
    let delivered = done.inspect_err(|fault| {
        // It has ended without a result, or its server has forgotten it.
        if matches!(fault, Fault::Failed(_)) || fault.code() == "unknown_task" {
            context.journal.remove(&job.task_id);
        }
    })?;
    context.journal.remove(&job.task_id);
    let shown = Shown {
        input: &input,
        output: output.path(),
        task_id: Some(&delivered.task_id),
        size: delivered.size,
        original_size: delivered.original_size,
        kept_original: delivered.kept_original,
        digest: delivered.digest.as_deref(),
        kept_as: None,
        notes: &delivered.notes,
        report: delivered.report.as_deref(),
    };
    delivery.show(&display, &shown)?;
    Ok(Exit::Success)
}

/// Where `-o` says, else where the command that began the job said, else beside its input; a job that nobody has
/// written down goes into this directory under its id.
fn place(arguments: &Fetch, job: &Job) -> Outcome<Place> {
    let known = job.entry.as_ref();
    let output = arguments
        .output
        .as_deref()
        .or_else(|| known?.output.as_deref());
    let path = match known {
        Some(entry) => entry.input.clone(),
        None => harmless(&job.task_id).into(),
    };
    Ok(Place {
        target: Target::of(output, false)?,
        input: Input {
            path,
            ambiguous: false,
        },
        word: known.map_or(Word("result"), |entry| Word::of(&entry.operation)),
    })
}

/// The id as a file name: what was typed may hold anything.
fn harmless(task_id: &str) -> &Path {
    Path::new(task_id)
        .file_name()
        .map_or_else(|| Path::new("result"), Path::new)
}
