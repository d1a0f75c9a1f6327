//! `kinora chat`: talk that the server cannot read, in plain lines, for pipes and screen readers.
//!
//! What people say goes to standard output, what the program says to standard error.

use super::backup;
use super::context::Context;
use super::devices;
use super::link;
use super::talk::{open, until};
use crate::card;
use crate::cli::{Chat, ChatCommand, ChatListen, ChatPlace, ChatSave, ChatSend};
use crate::exit::Exit;
use crate::qr;
use crate::report::{Failure, Outcome, failure};
use crate::screen;
use crate::standing::{in_words, receipts_in_words};
use crate::terminal::{printable, say, tell};
use crate::typed::{self, Check, Typed};
use kinora_client::Fault;
use kinora_client::talk::{
    Arrival, Command, Content, Event, Hand, Name, Progress, Reading, Standing, Talk,
};
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal, Read};
use std::path::Path;

/// What a message may have; more would be refused later anyway.
const LONGEST: u64 = 64 * 1024;
const HELP: &str = "\
/who            who is there, and how well each is known
/open NAME      write to NAME from now on
/file PATH      send a file
/save N         keep the file that came with message N; /save N PATH in another place
/edit TEXT      put TEXT in the place of what you wrote last
/watch TITLE    send a title of the library; /watch TITLE 12:31 to be watched from there
/verify NAME    the number to compare with NAME; /verify NAME code draws it for a camera
/verify NAME yes when it is the same on both sides; /verify NAME 12345 ... compares it with what NAME sent
/accept NAME    take a new key of NAME, as /verify showed it last, without comparing
/link CODE      answer a new device of yours, which shows CODE (kinora chat link there)
/receipts off   tell nobody what came and what you have read; /receipts on
/quit           send what is left, and leave (also QUIT, or the end of the input)
//TEXT          a text that begins with a stroke";

/// Talks.
///
/// # Errors
/// When there is no name, no server, or the server refuses.
pub(crate) fn run(arguments: &Chat, context: &Context) -> Result<Exit, Failure> {
    match &arguments.command {
        None if is_full_screen(arguments, context) => {
            let (talk, hand) = open(&arguments.place, Reading::Seen, context)?;
            screen::run(talk, hand)
        }
        None => lines(&arguments.place, context),
        Some(ChatCommand::Send(send)) => send_one(send, context),
        Some(ChatCommand::Save(save)) => save_one(save, context),
        Some(ChatCommand::Listen(arguments)) => listen(arguments, context),
        Some(ChatCommand::Link(link)) => link::run(link, context),
        Some(ChatCommand::Devices(arguments)) => devices::run(arguments, context),
        Some(ChatCommand::Backup(arguments)) => backup::back_up(arguments, context),
        Some(ChatCommand::Restore(arguments)) => backup::restore(arguments, context),
    }
}

/// Somebody sits at a terminal that can, and has not asked for lines.
fn is_full_screen(arguments: &Chat, context: &Context) -> bool {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty());
    let is_plain = arguments.line || context.global.json || is_dumb;
    !is_plain && std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Lines in and lines out, until the input ends.
fn lines(place: &ChatPlace, context: &Context) -> Result<Exit, Failure> {
    let (mut talk, hand) = open(place, Reading::Told, context)?;
    read_lines(hand)?;
    follow(&mut talk, context.global.json, &mut |_| {})
}

/// The keyboard, or a pipe, on a thread of its own: it blocks, and ends with the process.
fn read_lines(mut hand: Hand) -> Outcome {
    let read = move || {
        let mut open: Option<String> = None;
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if !obey(line.trim_end(), &mut open, &mut hand) {
                break;
            }
        }
        hand.give(Command::Quit);
    };
    let thread = std::thread::Builder::new().name("lines".into()).spawn(read);
    thread.map(|_| ()).map_err(|error| {
        Failure::new(
            Exit::Internal,
            "no_thread",
            format!("cannot read the input: {error}"),
            "",
        )
    })
}

/// Does what a line says. False when it says that this is all.
fn obey(line: &str, open: &mut Option<String>, hand: &mut Hand) -> bool {
    let typed = typed::read(line);
    if typed == Typed::Quit {
        return false;
    }
    if let Typed::Open(name) = &typed {
        let shown = printable(name);
        tell(format_args!(
            "writing to {shown}; /verify {shown} shows the number to compare"
        ));
        *open = Some(name.clone());
        return true;
    }
    match deed(typed, open.as_deref(), hand) {
        Ok(None) => {}
        Ok(Some(words)) => tell(words),
        Err(fault) => failure(&fault.into(), false),
    }
    true
}

/// Gives the talk what was typed; or gives back what there is to be said about it.
fn deed(typed: Typed, open: Option<&str>, hand: &mut Hand) -> Result<Option<&'static str>, Fault> {
    let nobody = Ok(Some("to whom? /open NAME says"));
    let whom = |name: Option<String>| name.or_else(|| open.map(str::to_owned));
    let command = match (typed, open) {
        (Typed::Nothing | Typed::Quit | Typed::Open(_), _) => return Ok(None),
        (Typed::Help, _) => return Ok(Some(HELP)),
        (Typed::Wrong(why), _) => return Ok(Some(why)),
        (Typed::Text(text), Some(to)) => return hand.send(to, &text).map(|_| None),
        (Typed::Edit(text), Some(to)) => return hand.edit(to, &text).map(|_| None),
        (Typed::Watch(title, at_ms), Some(to)) => {
            return hand.watch(to, &title, at_ms).map(|_| None);
        }
        (Typed::File(path), Some(to)) => {
            return hand.file(to, Path::new(&path)).map(|_| None);
        }
        (Typed::Save(id, to), _) => {
            let to = to.unwrap_or_else(|| ".".into());
            return hand.save(id, Path::new(&to)).map(|_| None);
        }
        (Typed::Text(_) | Typed::Edit(_) | Typed::Watch(..) | Typed::File(_), None) => {
            return nobody;
        }
        (Typed::Who, _) => Command::Who,
        (Typed::Receipts(tells), _) => {
            hand.give(Command::Receipts(tells));
            return Ok(Some(receipts_in_words(tells)));
        }
        (Typed::Verify(name, check), _) => match (whom(name), check) {
            (None, _) => return nobody,
            (Some(name), Check::Show) => Command::Safety(name),
            (Some(name), Check::Draw) => Command::Code(name),
            (Some(name), Check::Yes) => Command::Compared(name, None),
            (Some(name), Check::With(number)) => Command::Compared(name, Some(number)),
        },
        (Typed::Accept(name), _) => match whom(name) {
            None => return nobody,
            Some(name) => Command::Accept(name, None),
        },
        (Typed::Link(code), _) => Command::Link(code),
    };
    hand.give(command);
    Ok(None)
}

/// Sends one text, title or file, and ends when it is on the server's disk.
fn send_one(send: &ChatSend, context: &Context) -> Result<Exit, Failure> {
    let text = match send.text.as_slice() {
        [only] if only == "-" => standard_input()?,
        words => words.join(" "),
    };
    let (mut talk, mut hand) = open(&send.place, Reading::Nobody, context)?;
    let reference = match (&send.title, &send.file) {
        (Some(title), _) => hand.watch(&send.to, title, typed::milliseconds(send.at))?,
        (None, Some(path)) => hand.file(&send.to, path)?,
        (None, None) => hand.send(&send.to, &text)?,
    };
    let (is_json, mut before) = (context.global.json, Said::default());
    until(&mut talk, reference, &mut |event| match event {
        Event::Sending { .. } if is_json => {
            say(as_json(event));
            false
        }
        Event::Sending { .. } => {
            print(event, &mut before);
            false
        }
        Event::Sent {
            reference: sent, ..
        } => *sent == reference,
        _ => false,
    })?;
    if is_json {
        say(json!({"event": "sent", "to": send.to}));
    }
    Ok(Exit::Success)
}

/// Keeps one file that came.
fn save_one(save: &ChatSave, context: &Context) -> Result<Exit, Failure> {
    let (mut talk, mut hand) = open(&save.place, Reading::Nobody, context)?;
    let reference = hand.save(save.id, &save.to)?;
    let is_json = context.global.json;
    until(&mut talk, reference, &mut |event| match event {
        Event::Saved {
            reference: saved,
            path,
            ..
        } if *saved == reference => {
            match is_json {
                true => say(as_json(event)),
                false => say(path.display()),
            }
            true
        }
        _ => false,
    })?;
    Ok(Exit::Success)
}

/// Prints what comes, until it is interrupted.
fn listen(arguments: &ChatListen, context: &Context) -> Result<Exit, Failure> {
    let (mut talk, mut hand) = open(&arguments.place, Reading::Told, context)?;
    follow(&mut talk, context.global.json, &mut |event| {
        if let (Event::Message(arrival), Some(to)) = (event, &arguments.save)
            && matches!(arrival.content, Some(Content::File(_)))
            && let Err(fault) = hand.save(arrival.id, to)
        {
            failure(&fault.into(), false);
        }
    })
}

/// Prints what comes, until the talk ends.
fn follow(talk: &mut Talk, is_json: bool, also: &mut dyn FnMut(&Event)) -> Result<Exit, Failure> {
    let mut before = Said::default();
    talk.run(&mut |event| {
        if is_json {
            say(as_json(event));
        } else {
            print(event, &mut before);
        }
        also(event);
        true
    })?;
    Ok(Exit::Success)
}

fn standard_input() -> Outcome<String> {
    let mut text = String::new();
    // One byte more tells that it is too long.
    let read = std::io::stdin()
        .lock()
        .take(LONGEST + 1)
        .read_to_string(&mut text);
    read.map_err(|error| {
        Failure::new(
            Exit::File,
            "unreadable_input",
            format!("cannot read the message: {error}"),
            "give it as UTF-8",
        )
    })?;
    Ok(text.trim_end_matches('\n').to_owned())
}

/// What lines have said before.
#[derive(Default)]
struct Said {
    was_here: bool,
    /// Quarters of the file that is on its way.
    quarters: u64,
}

fn print(event: &Event, before: &mut Said) {
    match event {
        Event::Here(name) if before.was_here => tell(format_args!("connected again as {name}")),
        Event::Here(name) => {
            before.was_here = true;
            tell(format_args!(
                "you are {name}; /help lists what can be typed"
            ));
        }
        Event::Directory {
            people,
            is_asked: true,
        } => {
            people.iter().for_each(|person| say(standing(person)));
        }
        Event::Directory { people, .. } => {
            let here = people.iter().filter(|person| person.is_here).count();
            tell(format_args!(
                "{} people, {here} here; /who lists them",
                people.len()
            ));
        }
        Event::Message(arrival) => message(arrival, ""),
        Event::Edited(arrival) => message(arrival, " (edited)"),
        Event::Joined(name) => tell(format_args!("* {name} is here")),
        Event::Left(name) => tell(format_args!("* {name} has left")),
        Event::Past { .. } | Event::Writing { .. } => {}
        Event::Sending {
            to,
            name,
            done,
            size,
            ..
        } => {
            // Whoever listens is not told every moment.
            let quarters = done * 4 / size.max(&1);
            if quarters != before.quarters && (1..4).contains(&quarters) {
                let percent = quarters * 25;
                tell(format_args!(
                    "* {percent} % of {} is sent to {to}",
                    printable(name)
                ));
            }
            before.quarters = quarters;
        }
        Event::Saved { path, .. } => tell(format_args!("* saved as {}", path.display())),
        Event::Devices(devices) => devices.iter().for_each(|device| say(devices::line(device))),
        Event::Removed { label, .. } => tell(format_args!("* {} is removed", printable(label))),
        Event::Sent { to, .. } => tell(format_args!("* sent to {to}")),
        Event::Came {
            to,
            progress,
            messages,
        } => tell(format_args!("* {}", came(to, *progress, messages.len()))),
        Event::Note { with, text } => tell(format_args!("* {with}: {}", printable(text))),
        Event::Refused { problem, .. } => failure(&Fault::Refused(problem.clone()).into(), false),
        Event::Safety {
            with,
            number,
            word,
            is_drawn,
        } => {
            say(format_args!("{with}: {}", in_words(word)));
            say(format_args!("{number}"));
            if *is_drawn {
                qr::drawn(&number.replace(' ', "")).iter().for_each(tell);
            }
            if *word != "verified" {
                tell(format_args!(
                    "read it to {with} over another way (a call, in person); if both see the same: /verify {with} yes"
                ));
            }
        }
        Event::Answer { text, name, .. } => link::answered(text, name),
        Event::Lost { reason, pause } => tell(format_args!(
            "* {}; trying again in {} s",
            printable(reason),
            pause.as_secs_f32().ceil()
        )),
    }
}

fn message(arrival: &Arrival, mark: &str) {
    let (from, with) = (&arrival.from, &arrival.with);
    let text = card::shown(arrival.id, &arrival.text, arrival.content.as_ref());
    let mut lines = text.lines();
    let first = printable(lines.next().unwrap_or_default());
    // Of this user, on another device.
    match from == with {
        true => say(format_args!("{from}{mark}: {first}")),
        false => say(format_args!("{from} to {with}{mark}: {first}")),
    }
    lines.for_each(|line| say(format_args!("  {}", printable(line))));
}

fn came(to: &Name, progress: Progress, count: usize) -> String {
    let messages = match count {
        1 => "your message".to_owned(),
        several => format!("{several} messages"),
    };
    match progress {
        Progress::Delivered => format!("{to} has {messages}"),
        Progress::Read => format!("{to} has read {messages}"),
    }
}

fn standing(person: &Standing) -> String {
    let here = if person.is_here { "here" } else { "away" };
    let devices = match person.devices {
        1 => "1 device".to_owned(),
        several => format!("{several} devices"),
    };
    format!(
        "{}  {here}  {devices}  {}",
        person.name,
        in_words(person.word)
    )
}

fn as_json(event: &Event) -> Value {
    match event {
        Event::Here(name) => json!({"event": "here", "name": name.as_str()}),
        Event::Directory { people, .. } => {
            let people: Vec<Value> = people
                .iter()
                .map(|person| {
                    json!({"name": person.name.as_str(), "here": person.is_here, "state": person.word,
                        "devices": person.devices})
                })
                .collect();
            json!({"event": "people", "people": people})
        }
        Event::Message(arrival) => arrival_as_json("message", arrival),
        Event::Edited(arrival) => arrival_as_json("edited", arrival),
        Event::Writing { from, .. } => json!({"event": "writing", "from": from.as_str()}),
        Event::Came {
            to,
            progress,
            messages,
        } => {
            let event = match progress {
                Progress::Delivered => "delivered",
                Progress::Read => "read",
            };
            let messages = messages
                .iter()
                .map(|own| json!({"device": own.device, "counter": own.counter}));
            json!({"event": event, "to": to.as_str(), "messages": messages.collect::<Vec<_>>()})
        }
        Event::Joined(name) => json!({"event": "joined", "name": name.as_str()}),
        Event::Left(name) => json!({"event": "left", "name": name.as_str()}),
        Event::Past { with, .. } => json!({"event": "past", "with": with.as_str()}),
        Event::Sent { to, message, .. } => json!({
            "event": "sent", "to": to.as_str(), "device": message.device, "counter": message.counter,
        }),
        Event::Sending {
            to,
            name,
            done,
            size,
            ..
        } => {
            json!({"event": "sending", "to": to.as_str(), "name": name, "done": done, "size": size})
        }
        Event::Saved { id, path, .. } => json!({"event": "saved", "id": id, "path": path}),
        Event::Devices(devices) => {
            let devices: Vec<Value> = devices.iter().map(devices::as_json).collect();
            json!({"event": "devices", "devices": devices})
        }
        Event::Answer { text, name, number } => link::as_json(text, name, number),
        Event::Removed { id, label, .. } => json!({"event": "removed", "id": id, "label": label}),
        Event::Note { with, text } => json!({"event": "note", "with": with.as_str(), "text": text}),
        Event::Refused { problem, .. } => json!({
            "event": "refused", "code": problem.code, "description": problem.description,
            "solution": problem.solution,
        }),
        Event::Safety {
            with, number, word, ..
        } => {
            json!({"event": "safety", "with": with.as_str(), "number": number, "state": word})
        }
        Event::Lost { reason, pause } => {
            json!({"event": "lost", "reason": reason, "pause_s": pause.as_secs_f32()})
        }
    }
}

fn arrival_as_json(event: &str, arrival: &Arrival) -> Value {
    let title = match &arrival.content {
        Some(Content::Card(id, name, at_ms)) => json!({
            "id": id, "name": name, "at_ms": at_ms, "command": card::command(arrival.content.as_ref()),
        }),
        _ => Value::Null,
    };
    let file = match &arrival.content {
        // The key stays where it is.
        Some(Content::File(file)) => json!({
            "name": arrival.text, "size": file.size, "media_type": file.media_type,
        }),
        _ => Value::Null,
    };
    json!({
        "event": event, "id": arrival.id, "from": arrival.from.as_str(), "with": arrival.with.as_str(), "text": arrival.text,
        "title": title, "file": file, "edited": arrival.is_edited, "device": arrival.device, "counter": arrival.counter,
        "written_ms": arrival.written_ms, "at_ms": arrival.at_ms,
    })
}
