//! The way to this user's talk at a server.

use super::context::Context;
use crate::cli::{ChatPlace, Shelf};
use crate::config::layers::home_directory;
use crate::exit::Exit;
use crate::output::Leftovers;
use crate::report::{Failure, Outcome};
use crate::signals;
use kinora_client::talk::{Hand, Options, Reading, Talk};
use kinora_client::{Cancel, Timing};
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
