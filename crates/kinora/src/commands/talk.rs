//! The way to this user's talk at a server.

use super::context::Context;
use crate::cli::{ChatPlace, Shelf};
use crate::config::layers::home_directory;
use crate::exit::Exit;
use crate::output::Leftovers;
use crate::report::{Failure, Outcome, warning};
use crate::signals;
use kinora_client::talk::{Event, Hand, Options, Reading, Talk};
use kinora_client::{Cancel, Fault, Problem, Timing};
use std::path::PathBuf;

/// How others see this device called, unless its user says another name.
pub(super) const LABEL: &str = "terminal";

/// Where the keys and messages of this user at that server lie.
pub(super) fn directory(shelf: &Shelf, context: &Context) -> Outcome<PathBuf> {
    let server = context.server(shelf.server.as_ref())?;
    let data = home_directory(&context.variables, "XDG_DATA_HOME", ".local/share");
    let data = data.ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "no_home",
            "neither HOME nor XDG_DATA_HOME is set, so there is no place for your keys",
            "set one of them",
        )
    })?;
    Ok(data.join("kinora/talk").join(server.to_string()))
}

/// The device of this user there, and the way to it once it runs.
pub(super) fn open(
    place: &ChatPlace,
    reading: Reading,
    context: &Context,
) -> Outcome<(Talk, Hand)> {
    let server = context.server(place.shelf.server.as_ref())?;
    let cancel = Cancel::new();
    signals::listen(cancel.clone(), Leftovers::default()).map_err(|error| {
        Failure::new(
            Exit::Internal,
            "no_signals",
            format!("cannot listen for signals: {error}"),
            "",
        )
    })?;
    let options = Options {
        directory: directory(&place.shelf, context)?,
        token: context.token(&place.shelf.credential, &server)?,
        security: context.security(&place.shelf.credential),
        timing: Timing::default(),
        name: place.name.clone(),
        label: LABEL.to_owned(),
        reading,
        is_mute: place.no_receipts,
        server,
        cancel,
    };
    Ok(Talk::open(options)?)
}

/// Comes in once with a new device, so that a refusal is heard here and others learn of it.
pub(super) fn register(shelf: &Shelf, context: &Context) -> Outcome {
    let (mut device, _hand) = open(&quiet(shelf), Reading::Nobody, context)?;
    let done = device.run(&mut |event| match event {
        Event::Directory { .. } => false,
        Event::Note { text, .. } => {
            warning(text);
            true
        }
        _ => true,
    });
    Ok(done?)
}

/// As whoever has the keys, and telling nobody what came.
pub(super) fn quiet(shelf: &Shelf) -> ChatPlace {
    ChatPlace {
        name: None,
        no_receipts: true,
        shelf: shelf.clone(),
    }
}

/// What was refused, and by whom: a file on this side is no matter of the server's.
fn refusal(problem: Problem) -> Failure {
    let ours = ["unreadable_input", "input_changed", "unwritable_output"];
    if !ours.contains(&problem.code.as_str()) {
        return Fault::Refused(problem).into();
    }
    Failure::new(
        Exit::File,
        &problem.code,
        problem.description,
        problem.solution,
    )
}

/// Talks until this event is there, or what was wished by this name is refused.
pub(super) fn until(
    talk: &mut Talk,
    reference: [u8; 16],
    is_it: &mut dyn FnMut(&Event) -> bool,
) -> Outcome {
    let mut refused = None;
    let done = talk.run(&mut |event| match event {
        Event::Refused {
            reference: of,
            problem,
        } if of.is_none_or(|of| of == reference) => {
            refused = Some(problem.clone());
            false
        }
        Event::Note { text, .. } => {
            warning(text);
            true
        }
        event => !is_it(event),
    });
    if let Some(problem) = refused {
        return Err(refusal(problem));
    }
    Ok(done?)
}
