//! `kinora chat link`: a further device for a name. The new one shows a code and waits; an older one gives the answer.

use super::context::Context;
use super::talk;
use crate::cli::ChatLink;
use crate::exit::Exit;
use crate::qr;
use crate::report::{Failure, Outcome};
use crate::terminal::{is_watched, say, tell};
use kinora_client::talk::{Link, Owner, answer, is_end};
use serde_json::json;
use std::io::{BufRead, Read};

/// More than any answer has.
const LONGEST: u64 = 4 * 1024 * 1024;

/// Asks for an identity, or gives it.
///
/// # Errors
/// When there is a name already, or none to give; when the code or the answer is none; when the server refuses the device.
pub(crate) fn run(arguments: &ChatLink, context: &Context) -> Result<Exit, Failure> {
    match &arguments.code {
        Some(code) => give(code, arguments, context),
        None => ask(arguments, context),
    }
}

/// On the older device.
fn give(code: &str, arguments: &ChatLink, context: &Context) -> Result<Exit, Failure> {
    let directory = talk::directory(&arguments.shelf, context)?;
    let (text, owner) = answer(&directory, code)?;
    if context.global.json {
        say(
            json!({"event": "answer", "name": owner.name.as_str(), "number": owner.number, "text": text}),
        );
        return Ok(Exit::Success);
    }
    tell(format_args!(
        "the device that shows this code becomes one of {}: it can read and write all that {} can from now on",
        owner.name, owner.name
    ));
    tell("paste these lines there; they may go over any way, for nobody else can open them:");
    say(text.trim_end());
    Ok(Exit::Success)
}

/// On the new device.
fn ask(arguments: &ChatLink, context: &Context) -> Result<Exit, Failure> {
    let link = Link::new(&talk::directory(&arguments.shelf, context)?)?;
    show(&link.code(), context);
    let text = standard_input()?;
    let owner = link.take(&text, arguments.device.as_deref().unwrap_or(talk::LABEL))?;
    talk::register(&arguments.shelf, context)?;
    finish(&owner, context);
    Ok(Exit::Success)
}

fn show(code: &str, context: &Context) {
    if context.global.json {
        say(json!({"event": "code", "code": code}));
        return;
    }
    if is_watched() {
        qr::drawn(code).iter().for_each(tell);
    }
    tell("on a device that has your name already (end `kinora chat` there for a moment):");
    say(format_args!("kinora chat link {code}"));
    tell("then paste here what it prints; the code is good until this program ends");
}

fn finish(owner: &Owner, context: &Context) {
    if context.global.json {
        say(json!({"event": "linked", "name": owner.name.as_str(), "number": owner.number}));
        return;
    }
    tell(format_args!(
        "this is a device of {} now, with the key {}; what was said before stays where it was",
        owner.name, owner.number
    ));
    tell(
        "`kinora chat` begins; conversations go on here as soon as one of your devices or the other one's lets this one in",
    );
}

/// As far as the line that ends an answer, so that nobody has to end the input.
fn standard_input() -> Outcome<String> {
    let mut text = String::new();
    for line in std::io::stdin().lock().take(LONGEST).lines() {
        let line = line.map_err(|error| {
            Failure::new(
                Exit::File,
                "unreadable_input",
                format!("cannot read the answer: {error}"),
                "paste the lines as they were printed",
            )
        })?;
        text.push_str(&line);
        text.push('\n');
        if is_end(&line) {
            break;
        }
    }
    Ok(text)
}
