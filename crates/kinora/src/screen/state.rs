//! All that is on the screen, and what events and keys change of it.

use super::room::{Entry, Fate, Room, Voice};
use crate::card;
use crate::qr;
use crate::standing::{answer_in_words, receipts_in_words};
use crate::terminal::printable;
use crate::typed::{self, Check, Typed};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use kinora_client::talk::{Arrival, Command, Event, Progress, Standing};
use std::collections::BTreeMap;
use std::time::Duration;

/// Lines that Page Up and Page Down go.
const PAGE: usize = 10;

/// How the connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// Not yet.
    Connecting,
    /// Logged in.
    Here,
    /// Gone, for this reason.
    Lost(String),
}

/// What lies over the conversation until it is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Overlay {
    /// Keys and commands.
    Help,
    /// Everybody, with how well each is known.
    Who,
    /// The number that two people compare.
    Safety {
        /// With whom.
        with: String,
        /// Twelve groups of five digits.
        number: String,
        /// Where it stands.
        word: &'static str,
        /// The same for a camera, in lines of half blocks.
        code: Vec<String>,
    },
}

/// What is to be done outside of here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// A command for the device.
    Give(Command),
    /// A message, which gets its name outside.
    Say(String, String),
    /// Another text for the last one.
    Edit(String, String),
    /// A file, by its path.
    File(String, String),
    /// A file that came is to be kept, there or here.
    Save(i64, Option<String>),
    /// A title, by words of its name, and from which millisecond on.
    Watch(String, String, u64),
    /// A text that is to be copied as it is: it stands outside of the screen until a key is pressed.
    Aside(String),
}

/// The screen.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) me: String,
    pub(super) link: Link,
    pub(super) people: Vec<Standing>,
    pub(super) rooms: BTreeMap<String, Room>,
    /// With whom the conversation is that is seen.
    pub(super) open: Option<String>,
    pub(super) overlay: Option<Overlay>,
    /// Who is writing, and until when that may be said.
    pub(super) writing: BTreeMap<String, u64>,
    /// The file that is on its way, what it is called, and how much of it is there, in per cent.
    pub(super) sending: Option<([u8; 16], String, u64)>,
    /// A sentence at the bottom, until the next key.
    pub(super) notice: Option<String>,
    /// The user has said goodbye; what is left goes out.
    pub(super) is_leaving: bool,
    began_ms: u64,
}

impl State {
    /// For this user, at this time.
    pub(super) fn new(me: &str, began_ms: u64) -> Self {
        Self {
            me: me.to_owned(),
            link: Link::Connecting,
            people: Vec::new(),
            rooms: BTreeMap::new(),
            open: None,
            overlay: None,
            writing: BTreeMap::new(),
            sending: None,
            notice: None,
            is_leaving: false,
            began_ms,
        }
    }

    /// The conversation that is seen.
    pub(super) fn room(&self) -> Option<(&str, &Room)> {
        let name = self.open.as_deref()?;
        Some((name, self.rooms.get(name)?))
    }

    /// How somebody stands.
    pub(super) fn standing(&self, name: &str) -> Option<&Standing> {
        let is_them = |person: &&Standing| person.name.as_str() == name;
        self.people.iter().find(is_them)
    }

    /// Those who can be written to.
    pub(super) fn others(&self) -> impl Iterator<Item = &Standing> {
        self.people
            .iter()
            .filter(|person| person.name.as_str() != self.me)
    }

    /// After this time something else is to be seen, though nothing happens: somebody is said to be writing no more.
    pub(super) fn next_change(&self, now_ms: u64) -> Option<Duration> {
        let until = self.open.as_ref().and_then(|open| self.writing.get(open))?;
        let left = until.checked_sub(now_ms).filter(|left| *left > 0)?;
        Some(Duration::from_millis(left))
    }

    /// Something has happened.
    pub(super) fn told(&mut self, event: &Event) -> Vec<Deed> {
        match event {
            Event::Here(_) => self.link = Link::Here,
            Event::Lost { reason, .. } => self.link = Link::Lost(reason.clone()),
            Event::Directory { people, .. } => return self.directory(people),
            Event::Joined(name) => {
                self.presence(name.as_str(), true);
                return self.look_up(name.as_str());
            }
            Event::Left(name) => self.presence(name.as_str(), false),
            Event::Message(arrival) => return self.arrived(arrival),
            Event::Edited(arrival) => {
                let room = self.rooms.entry(arrival.with.to_string()).or_default();
                let is_own = arrival.from.as_str() == self.me;
                room.edit(arrival.id, is_own, arrival.text.clone());
            }
            Event::Writing { from, until_ms } => {
                self.writing.insert(from.to_string(), *until_ms);
            }
            Event::Past { with, said } => {
                let room = self.rooms.entry(with.to_string()).or_default();
                room.recall(said, self.began_ms);
            }
            Event::Sent {
                reference,
                to,
                message,
                content,
            } => {
                self.has_sent(*reference);
                let room = self.rooms.entry(to.to_string()).or_default();
                let title = content.as_ref().and_then(card::sent);
                if let Some(entry) = room.waiting(*reference).zip(title) {
                    entry.0.text = entry.1;
                }
                room.settle(*reference, Fate::Sent, message.id);
                return self.look_up(to.as_str());
            }
            Event::Came {
                to,
                progress,
                messages,
            } => {
                let fate = match progress {
                    Progress::Delivered => Fate::Delivered,
                    Progress::Read => Fate::Read,
                };
                let room = self.rooms.entry(to.to_string()).or_default();
                let ids = messages.iter().filter_map(|own| own.id);
                ids.for_each(|id| room.came(id, fate));
            }
            // About this user's own devices: no conversation is with oneself.
            Event::Note { with, text } if with.as_str() == self.me => {
                self.notice = Some(text.clone());
            }
            Event::Sending {
                reference,
                name,
                done,
                size,
                ..
            } => {
                let percent = done * 100 / size.max(&1);
                self.sending = Some((*reference, name.clone(), percent));
            }
            Event::Saved { path, .. } => {
                self.notice = Some(format!("saved as {}", path.display()));
            }
            // Nobody asks for them here.
            Event::Devices(_) | Event::Removed { .. } => {}
            Event::Answer { text, name, .. } => {
                let [who, what] = answer_in_words(name);
                return vec![Deed::Aside(format!("{who}\n{what}\n\n{text}"))];
            }
            Event::Note { with, text } => {
                self.note(with.as_str(), text.clone());
                // It may be about a key.
                return vec![Deed::Give(Command::Who)];
            }
            Event::Refused { reference, problem } => {
                if let Some(reference) = reference {
                    self.has_sent(*reference);
                }
                let sentence = format!("{}: {}", problem.description, problem.solution);
                self.refused(*reference, sentence);
            }
            Event::Safety {
                with, number, word, ..
            } => {
                let code = qr::lines(&number.replace(' ', ""));
                self.overlay = Some(Overlay::Safety {
                    with: with.to_string(),
                    number: number.clone(),
                    word,
                    code: code.unwrap_or_default(),
                });
            }
        }
        Vec::new()
    }

    /// This file is not on its way any more.
    fn has_sent(&mut self, reference: [u8; 16]) {
        self.sending.take_if(|(of, ..)| *of == reference);
    }

    fn arrived(&mut self, arrival: &Arrival) -> Vec<Deed> {
        let with = arrival.with.as_str();
        let voice = match arrival.from.as_str() == self.me {
            true => Voice::Own(Fate::Sent),
            false => Voice::Theirs,
        };
        self.writing.remove(arrival.from.as_str());
        self.add(
            with,
            Entry {
                voice,
                text: card::shown(arrival.id, &arrival.text, arrival.content.as_ref()),
                at_ms: Some(arrival.written_ms),
                id: Some(arrival.id),
                is_edited: arrival.is_edited,
            },
        );
        let mut deeds = self.look_up(with);
        if self.open.as_deref() == Some(with) {
            deeds.push(Deed::Give(Command::Seen(with.to_owned())));
        }
        deeds
    }

    /// A message has got its name, and is on its way.
    pub(super) fn said(&mut self, to: &str, text: String, reference: [u8; 16], now_ms: u64) {
        let room = self.rooms.entry(to.to_owned()).or_default();
        room.scrolled = 0;
        room.push(Entry {
            voice: Voice::Own(Fate::Waiting(reference)),
            text,
            at_ms: Some(now_ms),
            id: None,
            is_edited: false,
        });
    }

    /// Text that was pasted.
    pub(super) fn pasted(&mut self, text: &str) {
        if let Some(room) = self.open.as_ref().and_then(|name| self.rooms.get_mut(name)) {
            room.draft
                .insert_str(text.replace("\r\n", "\n").replace('\r', "\n"));
        }
    }

    /// A key was pressed.
    pub(super) fn pressed(&mut self, key: KeyEvent) -> Vec<Deed> {
        if key.kind == KeyEventKind::Release {
            return Vec::new();
        }
        self.notice = None;
        if self.overlay.is_some() && !is_control(key, 'c') {
            return self.over(key);
        }
        let is_newline = key
            .modifiers
            .intersects(KeyModifiers::ALT | KeyModifiers::SHIFT);
        match key.code {
            KeyCode::Char('c' | 'q') if key.modifiers == KeyModifiers::CONTROL => self.leave(),
            KeyCode::F(1) => self.show(Overlay::Help),
            KeyCode::Tab => self.go(1),
            KeyCode::BackTab => self.go(-1),
            KeyCode::Char('n') if key.modifiers == KeyModifiers::CONTROL => self.go_to_unread(),
            KeyCode::PageUp => self.scroll(PAGE as isize),
            KeyCode::PageDown => self.scroll(-(PAGE as isize)),
            KeyCode::Enter if !is_newline => self.enter(),
            KeyCode::Char('j') if key.modifiers == KeyModifiers::CONTROL => {
                self.write(|draft| draft.insert_newline())
            }
            KeyCode::Enter => self.write(|draft| draft.insert_newline()),
            _ => self.write(|draft| {
                draft.input(key);
            }),
        }
    }

    fn over(&mut self, key: KeyEvent) -> Vec<Deed> {
        let Some(Overlay::Safety {
            with, number, word, ..
        }) = self.overlay.take()
        else {
            return Vec::new();
        };
        // With the number that is seen, whatever the key is by now.
        let command = match key.code {
            KeyCode::Char('y') => Command::Compared(with, Some(number)),
            KeyCode::Char('a') if word == "changed" => Command::Accept(with, Some(number)),
            _ => return Vec::new(),
        };
        // How they stand now is seen in the title.
        vec![Deed::Give(command), Deed::Give(Command::Who)]
    }

    fn show(&mut self, overlay: Overlay) -> Vec<Deed> {
        self.overlay = Some(overlay);
        Vec::new()
    }

    fn leave(&mut self) -> Vec<Deed> {
        self.is_leaving = true;
        vec![Deed::Give(Command::Quit)]
    }

    fn write(&mut self, act: impl FnOnce(&mut ratatui_textarea::TextArea<'static>)) -> Vec<Deed> {
        match self.open.as_ref().and_then(|name| self.rooms.get_mut(name)) {
            Some(room) => act(&mut room.draft),
            None => self.notice = Some("nobody else is registered here yet".into()),
        }
        self.signal()
    }

    /// A text is being written; a command is nobody's business.
    fn signal(&self) -> Vec<Deed> {
        let Some((name, room)) = self.room() else {
            return Vec::new();
        };
        let first = room.draft.lines().first().map_or("", String::as_str);
        let is_text = !first.is_empty() && (!first.starts_with('/') || first.starts_with("//"));
        let writing = is_text.then(|| Deed::Give(Command::Writing(name.to_owned())));
        writing.into_iter().collect()
    }

    fn scroll(&mut self, lines: isize) -> Vec<Deed> {
        if let Some(room) = self.open.as_ref().and_then(|name| self.rooms.get_mut(name)) {
            room.scrolled = room.scrolled.saturating_add_signed(lines);
        }
        Vec::new()
    }

    /// Who is seen next, in the order of the list.
    fn go(&mut self, by: isize) -> Vec<Deed> {
        let names: Vec<String> = self
            .others()
            .map(|person| person.name.to_string())
            .collect();
        if names.is_empty() {
            return Vec::new();
        }
        let now = self
            .open
            .as_ref()
            .and_then(|open| names.iter().position(|name| name == open));
        let next = match now {
            None => 0,
            Some(now) => (now as isize + by).rem_euclid(names.len() as isize) as usize,
        };
        self.enter_room(&names[next])
    }

    fn go_to_unread(&mut self) -> Vec<Deed> {
        let unread = self.rooms.iter().find(|(_, room)| room.unread > 0);
        match unread.map(|(name, _)| name.clone()) {
            Some(name) => self.enter_room(&name),
            None => Vec::new(),
        }
    }

    fn enter_room(&mut self, name: &str) -> Vec<Deed> {
        self.open = Some(name.to_owned());
        let room = self.rooms.entry(name.to_owned()).or_default();
        room.unread = 0;
        let seen = Deed::Give(Command::Seen(name.to_owned()));
        if std::mem::replace(&mut room.is_opened, true) {
            return vec![seen];
        }
        vec![Deed::Give(Command::Past(name.to_owned())), seen]
    }

    /// What was written is a message, or a command.
    fn enter(&mut self) -> Vec<Deed> {
        let Some(name) = self.open.clone() else {
            return self.write(|_| {});
        };
        let room = self.rooms.entry(name.clone()).or_default();
        let typed = typed::read(&room.take_draft());
        self.command(typed, name)
    }

    fn command(&mut self, typed: Typed, open: String) -> Vec<Deed> {
        let give = |command| vec![Deed::Give(command), Deed::Give(Command::Who)];
        match typed {
            Typed::Nothing => Vec::new(),
            Typed::Text(text) => vec![Deed::Say(open, text)],
            Typed::Edit(text) => vec![Deed::Edit(open, text)],
            Typed::File(path) => vec![Deed::File(open, path)],
            Typed::Save(id, to) => vec![Deed::Save(id, to)],
            Typed::Watch(title, at_ms) => vec![Deed::Watch(open, title, at_ms)],
            Typed::Quit => self.leave(),
            Typed::Help => self.show(Overlay::Help),
            Typed::Who => self.show(Overlay::Who),
            Typed::Open(name) if self.standing(&name).is_some() && name != self.me => {
                self.enter_room(&name)
            }
            Typed::Open(name) => {
                self.notice = Some(format!("nobody here is called {}", printable(&name)));
                Vec::new()
            }
            Typed::Verify(name, Check::Yes) => give(Command::Compared(name.unwrap_or(open), None)),
            Typed::Verify(name, Check::With(number)) => {
                give(Command::Compared(name.unwrap_or(open), Some(number)))
            }
            Typed::Verify(name, Check::Show | Check::Draw) => {
                vec![Deed::Give(Command::Safety(name.unwrap_or(open)))]
            }
            Typed::Link(code) => vec![Deed::Give(Command::Link(code))],
            Typed::Accept(name) => give(Command::Accept(name.unwrap_or(open), None)),
            Typed::Receipts(tells) => {
                self.notice = Some(receipts_in_words(tells).into());
                vec![Deed::Give(Command::Receipts(tells))]
            }
            Typed::Wrong(why) => {
                self.notice = Some(why.replace("/help", "F1"));
                Vec::new()
            }
        }
    }

    fn directory(&mut self, people: &[Standing]) -> Vec<Deed> {
        self.people = people.to_vec();
        match self.open {
            Some(_) => Vec::new(),
            None => self.go(1),
        }
    }

    /// Whoever is not known, or has just been, is looked up.
    fn look_up(&self, name: &str) -> Vec<Deed> {
        match self.standing(name).map(|person| person.word) {
            None | Some("new") => vec![Deed::Give(Command::Who)],
            Some(_) => Vec::new(),
        }
    }

    fn presence(&mut self, name: &str, is_here: bool) {
        let person = self
            .people
            .iter_mut()
            .find(|person| person.name.as_str() == name);
        if let Some(person) = person {
            person.is_here = is_here;
        }
    }

    fn add(&mut self, with: &str, entry: Entry) {
        let is_seen = self.open.as_deref() == Some(with);
        let room = self.rooms.entry(with.to_owned()).or_default();
        if !is_seen && entry.voice == Voice::Theirs {
            room.unread += 1;
        }
        room.push(entry);
    }

    fn note(&mut self, with: &str, text: String) {
        self.add(
            with,
            Entry {
                voice: Voice::Note,
                text,
                at_ms: None,
                id: None,
                is_edited: false,
            },
        );
    }

    fn refused(&mut self, reference: Option<[u8; 16]>, sentence: String) {
        let fate = Fate::Refused;
        let settled = reference.and_then(|reference| {
            let mut rooms = self.rooms.iter_mut();
            rooms.find_map(|(name, room)| room.settle(reference, fate, None).then(|| name.clone()))
        });
        match settled {
            Some(name) => self.note(&name, sentence),
            None => self.notice = Some(sentence),
        }
    }
}

fn is_control(key: KeyEvent, letter: char) -> bool {
    key.modifiers == KeyModifiers::CONTROL && key.code == KeyCode::Char(letter)
}
