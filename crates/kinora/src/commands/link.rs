//! `kinora chat link`: a further device for a name. The new one shows a code and waits; an older one gives the answer.

use super::context::Context;
use super::talk;
use crate::cli::ChatLink;
use crate::exit::Exit;
use crate::qr;
use crate::report::{Failure, Outcome};
use crate::standing::answer_in_words;
use crate::terminal::{is_watched, say, tell};
use kinora_client::talk::{Link, Name, Owner, answer, is_end};
use serde_json::{Value, json};
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
    match context.global.json {
        true => say(as_json(&text, &owner.name, &owner.number)),
        false => answered(&text, &owner.name),
    }
    Ok(Exit::Success)
}

/// The answer, as a line of JSON.
pub(super) fn as_json(text: &str, name: &Name, number: &str) -> Value {
    json!({"event": "answer", "name": name.as_str(), "number": number, "text": text})
}

/// The answer, and what it is good for.
pub(super) fn answered(text: &str, name: &Name) {
    answer_in_words(name).iter().for_each(tell);
    say(text.trim_end());
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
    tell("on a device that has your name already (in `kinora chat` there: /link and the code):");
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
