//! `kinora chat devices`: which devices a name has, and how one is removed.

use super::context::Context;
use super::talk::{open, quiet, until};
use crate::cli::ChatDevices;
use crate::exit::Exit;
use crate::report::{Failure, Outcome};
use crate::terminal::{printable, say, tell};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kinora_client::talk::{Command, Event, OwnDevice, Reading};
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal};

/// Lists them, or removes one.
///
/// # Errors
/// When there is no name or no such device, when nobody says yes, or when the server refuses.
pub(crate) fn run(arguments: &ChatDevices, context: &Context) -> Result<Exit, Failure> {
    match &arguments.remove {
        Some(which) => remove(which, arguments, context),
        None => list(arguments, context),
    }
}

fn list(arguments: &ChatDevices, context: &Context) -> Result<Exit, Failure> {
    let (mut talk, mut hand) = open(&quiet(&arguments.shelf), Reading::Nobody, context)?;
    hand.give(Command::Devices);
    talk.run(&mut |event| {
        let Event::Devices(devices) = event else {
            return true;
        };
        for device in devices {
            match context.global.json {
                true => say(as_json(device)),
                false => say(line(device)),
            }
        }
        false
    })?;
    Ok(Exit::Success)
}

fn remove(which: &str, arguments: &ChatDevices, context: &Context) -> Result<Exit, Failure> {
    if !arguments.yes {
        confirm(which)?;
    }
    let (mut talk, mut hand) = open(&quiet(&arguments.shelf), Reading::Nobody, context)?;
    let reference = hand.remove(which)?;
    until(&mut talk, reference, &mut |event| {
        let Event::Removed {
            reference: of,
            id,
            label,
        } = event
        else {
            return false;
        };
        if *of == reference {
            match context.global.json {
                true => say(json!({"event": "removed", "id": id, "label": label})),
                false => tell(format_args!(
                    "{} is removed: it is let in no more, and reads nothing of what is said from now on; what it has read it has",
                    printable(label)
                )),
            }
        }
        *of == reference
    })?;
    Ok(Exit::Success)
}

/// A removal is for good, so somebody has to say yes.
fn confirm(which: &str) -> Outcome {
    let refused = |code: &str, description: &str| {
        let solution = "say yes, or --yes";
        Err(Failure::new(
            Exit::Usage,
            code,
            description.to_owned(),
            solution,
        ))
    };
    if !std::io::stdin().is_terminal() {
        return refused(
            "not_confirmed",
            "a device is removed for good, and nobody is here to be asked",
        );
    }
    tell(format_args!(
        "Remove the device {} for good? It is let in no more, and its id never comes back. [y/N]",
        printable(which)
    ));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    match answer.trim() {
        "y" | "Y" | "yes" if read.is_ok() => Ok(()),
        _ => refused("not_confirmed", "nothing was removed"),
    }
}

/// One of them, for people.
pub(super) fn line(device: &OwnDevice) -> String {
    let since = i64::try_from(device.since_s).ok();
    let since = since.and_then(|since| Timestamp::from_second(since).ok());
    let since = since.map_or_else(String::new, |since| {
        let day = since.to_zoned(TimeZone::system()).date();
        format!("  since {day}")
    });
    let this = if device.is_this { "  (this one)" } else { "" };
    format!("{}  {}{since}{this}", device.id, printable(&device.label))
}

/// One of them, for programs.
pub(super) fn as_json(device: &OwnDevice) -> Value {
    json!({
        "event": "device", "id": device.id, "label": device.label, "since_s": device.since_s, "this": device.is_this,
    })
}
