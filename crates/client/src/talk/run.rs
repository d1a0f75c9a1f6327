//! The loop of one device: connects, hears, says, and comes back after a loss.

use super::core::{Core, Reading, random};
use super::couriers::{Couriers, Done};
use super::event::Event;
use super::limits::{PAUSE, SILENCE, TICK};
use super::line::{Line, Way};
use crate::retry::{self, Policy};
use crate::{Address, Cancel, Fault, Security, Session, Timing, Token};
use kinora_chat::Name;
use kinora_chat::payload::Content;
use kinora_mmp::Problem;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// What a device needs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where what is kept of this server's talk lies.
    pub directory: PathBuf,
    /// The server.
    pub server: Address,
    /// What it asks for.
    pub token: Option<Token>,
    /// How it is known.
    pub security: Security,
    /// How long things may take.
    pub timing: Timing,
    /// The name, at the first use; the same one or none later.
    pub name: Option<String>,
    /// What other people see this device called.
    pub label: String,
    /// When a message counts as read.
    pub reading: Reading,
    /// Nobody is told what came, what was read, and that this user is writing.
    pub is_mute: bool,
    /// Ends everything.
    pub cancel: Cancel,
}

/// What the user wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A message: to whom, what, and a name for it that nobody else gives.
    Send(String, String, [u8; 16]),
    /// Another text for the last message: to whom, what, and a name as for a message.
    Edit(String, String, [u8; 16]),
    /// A title of the library: to whom, words of its name, from which millisecond on, and a name as for a message.
    Watch(String, String, u64, [u8; 16]),
    /// A conversation is before the user's eyes.
    Seen(String),
    /// The user is writing to somebody.
    Writing(String),
    /// A file: to whom, where it is, and a name as for a message.
    File(String, PathBuf, [u8; 16]),
    /// A file that came with this message is to be kept: in a directory, or under a name; and a name as for a message.
    Save(i64, PathBuf, [u8; 16]),
    /// Whether others are told what came, what was read, and that this user is writing; it is remembered.
    Receipts(bool),
    /// Who is there?
    Who,
    /// The number to compare with somebody.
    Safety(String),
    /// The same, to be drawn for a camera.
    Code(String),
    /// It was compared with this one, or with the other one's eyes, and is equal.
    Compared(String, Option<String>),
    /// A new key is taken without: that of this number, or the one whose number was shown last.
    Accept(String, Option<String>),
    /// A new device of this user shows this code.
    Link(String),
    /// What was said with somebody before.
    Past(String),
    /// Which devices does this user have?
    Devices,
    /// A device of this user is to be none any more: its id or its label, and a name as for a message.
    Remove(String, [u8; 16]),
    /// Everything that was written goes out, then goodbye.
    Quit,
}

/// The way to a running device, from any thread.
#[derive(Debug)]
pub struct Hand {
    commands: Sender<Command>,
    wake: UnixStream,
}

impl Hand {
    /// Gives a command. False when the device is not running any more.
    pub fn give(&mut self, command: Command) -> bool {
        let given = self.commands.send(command).is_ok();
        // Full means that it is awake enough.
        let _ = self.wake.write(&[0]);
        given
    }

    /// Sends a message, and names it as [`Event::Sent`] will.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn send(&mut self, to: &str, text: &str) -> Result<[u8; 16], Fault> {
        let reference = random()?;
        self.give(Command::Send(to.to_owned(), text.to_owned(), reference));
        Ok(reference)
    }

    /// Gives the last message another text, named as a message is.
    ///
    /// # Errors
    /// As [`Hand::send`].
    pub fn edit(&mut self, to: &str, text: &str) -> Result<[u8; 16], Fault> {
        let reference = random()?;
        self.give(Command::Edit(to.to_owned(), text.to_owned(), reference));
        Ok(reference)
    }

    /// Sends a title of the library by words of its name, to be watched from this time on.
    ///
    /// # Errors
    /// As [`Hand::send`].
    pub fn watch(&mut self, to: &str, title: &str, at_ms: u64) -> Result<[u8; 16], Fault> {
        let reference = random()?;
        let (to, title) = (to.to_owned(), title.to_owned());
        self.give(Command::Watch(to, title, at_ms, reference));
        Ok(reference)
    }
}

impl Hand {
    /// Sends a file, named as a message is.
    ///
    /// # Errors
    /// As [`Hand::send`].
    pub fn file(&mut self, to: &str, path: &Path) -> Result<[u8; 16], Fault> {
        let reference = random()?;
        self.give(Command::File(to.to_owned(), path.to_owned(), reference));
        Ok(reference)
    }

    /// Removes a device of this user by its id or its label, for good.
    ///
    /// # Errors
    /// As [`Hand::send`].
    pub fn remove(&mut self, which: &str) -> Result<[u8; 16], Fault> {
        let reference = random()?;
        self.give(Command::Remove(which.to_owned(), reference));
        Ok(reference)
    }

    /// Keeps the file that came with this message, and names it as [`Event::Saved`] will. In a directory it gets the
    /// name that its sender gave it, made harmless; nothing is overwritten.
    ///
    /// # Errors
    /// As [`Hand::send`].
    pub fn save(&mut self, id: i64, to: &Path) -> Result<[u8; 16], Fault> {
        let reference = random()?;
        self.give(Command::Save(id, to.to_owned(), reference));
        Ok(reference)
    }
}

/// One device of one user at one server.
pub struct Talk {
    core: Core,
    way: Way,
    commands: Receiver<Command>,
    couriers: Couriers,
    wake: UnixStream,
    is_leaving: bool,
    /// Where HTTP is served, once it is known.
    port: Option<u16>,
    was_connected: bool,
}

impl Talk {
    /// Takes up what is kept, or begins.
    ///
    /// # Errors
    /// [`Fault::TalkNameless`], [`Fault::TalkNamed`], [`Fault::TalkInUse`], [`Fault::TalkFile`]; a name that breaks a rule.
    pub fn open(options: Options) -> Result<(Self, Hand), Fault> {
        let name = options.name.as_deref().map(Name::new).transpose();
        let name = name.map_err(kinora_chat::Fault::from)?;
        let now_s = now_ms() / 1000;
        let mut core = Core::open(&options.directory, name.as_ref(), &options.label, now_s)?;
        (core.reading, core.is_mute) = (options.reading, options.is_mute);
        let no_wake = |error: std::io::Error| Fault::Random(error.to_string());
        let (wake, waker) = UnixStream::pair().map_err(no_wake)?;
        for end in [&wake, &waker] {
            end.set_nonblocking(true).map_err(no_wake)?;
        }
        let (sender, commands) = channel();
        let way = Way {
            server: options.server,
            token: options.token,
            security: options.security,
            timing: options.timing,
            cancel: options.cancel,
        };
        let couriers = Couriers::start(&way, &waker).map_err(no_wake)?;
        // What an earlier process has not brought.
        core.sendings
            .iter()
            .cloned()
            .for_each(|sending| couriers.send(sending));
        let talk = Self {
            core,
            way,
            couriers,
            commands,
            wake,
            is_leaving: false,
            port: None,
            was_connected: false,
        };
        let hand = Hand {
            commands: sender,
            wake: waker,
        };
        Ok((talk, hand))
    }

    /// Under which name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.core.name()
    }

    /// Talks until it is told to quit, and everything is out. The observer says whether to go on.
    ///
    /// # Errors
    /// What another attempt cannot mend, or the first connection's failure.
    pub fn run(&mut self, observer: &mut dyn FnMut(&Event) -> bool) -> Result<(), Fault> {
        let policy = Policy {
            first: PAUSE.0,
            cap: PAUSE.1,
            ..self.way.timing.retry
        };
        let mut failures = 0;
        loop {
            self.tell(observer)?;
            let fault = match self.connection(observer) {
                Ok(()) => return Ok(()),
                Err(fault) => fault,
            };
            self.core.disconnected();
            self.couriers.go();
            self.tell(observer)?;
            let is_final = !fault.is_transient() && !matches!(fault, Fault::Unreachable { .. });
            if is_final || !self.was_connected || self.way.cancel.is_set() {
                return Err(fault);
            }
            failures = if self.port.is_some() { 1 } else { failures + 1 };
            // The port may be another one after a restart.
            self.port = None;
            if self.is_leaving && failures >= policy.attempts {
                return Err(fault);
            }
            let pause = policy.pause(failures, retry::chance());
            let lost = Event::Lost {
                reason: fault.to_string(),
                pause,
            };
            if !observer(&lost) || self.pause(pause)? {
                return Err(fault);
            }
        }
    }

    /// Waits before the next attempt. What is written meanwhile is kept already; true when it is to end.
    fn pause(&mut self, pause: Duration) -> Result<bool, Fault> {
        let end = Instant::now() + pause;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.obey()?;
            if self.way.cancel.pause(left.min(TICK)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// One connection, to its end. `Ok` when the user has left.
    fn connection(&mut self, observer: &mut dyn FnMut(&Event) -> bool) -> Result<(), Fault> {
        let port = self.door()?;
        let mut line = Line::open(&self.way, port)?;
        self.port = Some(port);
        let mut goes_on = true;
        loop {
            while let Some(tell) = line.hear()? {
                let host = line.host.clone();
                self.core.hear(tell, &host, now_ms())?;
                if let Some(pass) = self.core.pass.take() {
                    self.couriers.come(port, pass);
                }
                self.was_connected = true;
                goes_on &= self.flow(&mut line, observer)?;
            }
            self.obey()?;
            self.core.tick(now_ms())?;
            goes_on &= self.flow(&mut line, observer)?;
            if !goes_on || (self.is_leaving && self.core.is_done() && self.couriers.is_done()) {
                self.core.leave();
                let said = self.flow(&mut line, observer);
                line.close(GOODBYE);
                return said.map(|_| ());
            }
            if self.way.cancel.is_set() {
                return Err(Fault::Interrupted {
                    task_id: None,
                    cancelled: false,
                });
            }
            if line.heard.elapsed() > SILENCE {
                return Err(line.lost("the server was silent for a minute"));
            }
            line.wait(&self.wake, TICK);
            self.drain();
        }
    }

    /// Asks the server where it serves HTTP.
    fn door(&self) -> Result<u16, Fault> {
        let found = self.session().http_port()?;
        found.ok_or_else(|| Fault::NoHttp {
            server: self.way.server.to_string(),
        })
    }

    /// Looks a title up, and sends it. Its name is what the library calls it; the rights of whoever plays it are looked at
    /// then.
    fn watch(
        &mut self,
        to: &str,
        words: &str,
        at_ms: u64,
        reference: [u8; 16],
    ) -> Result<(), Fault> {
        let refused = |code: &str, description: String, solution: &str| Problem {
            code: code.into(),
            description,
            solution: solution.into(),
        };
        let problem = match self.session().library(words, None) {
            Ok(library) => match library.only(words) {
                Ok(title) => {
                    let content = Content::Card(title.id.clone(), title.name.clone(), at_ms);
                    return self.core.say(to, content, reference, now_ms());
                }
                Err(names) if names.is_empty() => refused(
                    "unknown_title",
                    format!("the library has nothing that is called {words:?}"),
                    "`kinora library` lists what it has",
                ),
                Err(names) => refused(
                    "several_titles",
                    format!(
                        "{words:?} may be {}",
                        names[..names.len().min(5)].join(", or ")
                    ),
                    "say more of its name",
                ),
            },
            Err(Fault::Refused(problem)) => problem,
            Err(fault) => refused("library_unreachable", fault.to_string(), "try again"),
        };
        self.core.refuse(reference, problem);
        Ok(())
    }

    fn session(&self) -> Session {
        let way = &self.way;
        let session = Session::new(way.server.clone(), way.timing.clone(), way.cancel.clone());
        session
            .with_token(way.token.clone())
            .with_security(way.security.clone())
    }

    /// Frames go out, events are told. False when the observer wants no more.
    fn flow(
        &mut self,
        line: &mut Line,
        observer: &mut dyn FnMut(&Event) -> bool,
    ) -> Result<bool, Fault> {
        for frame in std::mem::take(&mut self.core.asks) {
            line.say(frame)?;
        }
        line.push()?;
        self.tell(observer)
    }

    fn tell(&mut self, observer: &mut dyn FnMut(&Event) -> bool) -> Result<bool, Fault> {
        let mut goes_on = true;
        while let Some(event) = self.core.events.pop_front() {
            goes_on &= observer(&event);
            // Only now it counts as shown: a crash before shows it again rather than never.
            if let Event::Message(arrival) | Event::Edited(arrival) = &event {
                self.core.shown(arrival, now_ms())?;
            }
        }
        Ok(goes_on)
    }

    fn obey(&mut self) -> Result<(), Fault> {
        // Before the directory has come no name is known.
        if !self.core.is_oriented {
            return Ok(());
        }
        while let Some(done) = self.couriers.next() {
            match done {
                Done::Begun(reference, begun, kept) => {
                    self.core.begun(reference, begun)?;
                    // Whoever does not wait any more sends nothing of it.
                    let _ = kept.send(());
                }
                Done::Brings(reference, done, size) => self.core.brings(reference, done, size),
                Done::Brought(reference, done) => self.core.brought(reference, done, now_ms())?,
                Done::Fetched(saving, done) => self.core.fetched(&saving, done),
            }
        }
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Send(to, text, reference) => {
                    let content = Content::Text(text);
                    self.core.say(&to, content, reference, now_ms())?;
                }
                Command::Edit(to, text, reference) => {
                    self.core.edit(&to, &text, reference, now_ms())?;
                }
                Command::Watch(to, title, at_ms, reference) => {
                    self.watch(&to, &title, at_ms, reference)?;
                }
                Command::File(to, path, reference) => {
                    let sending = self.core.send_file(&to, &path, reference)?;
                    sending
                        .into_iter()
                        .for_each(|sending| self.couriers.send(sending));
                }
                Command::Save(id, to, reference) => {
                    let saving = self.core.save(id, to, reference)?;
                    saving
                        .into_iter()
                        .for_each(|saving| self.couriers.save(saving));
                }
                Command::Seen(with) => self.core.seen(&with, now_ms())?,
                Command::Writing(to) => self.core.writing(&to, now_ms())?,
                Command::Receipts(tells) => self.core.set_telling(tells)?,
                Command::Who => self.core.who(true),
                Command::Safety(with) => self.core.safety(&with, false),
                Command::Code(with) => self.core.safety(&with, true),
                Command::Compared(name, number) => {
                    self.core.compared(&name, number.as_deref())?;
                }
                Command::Accept(name, number) => {
                    self.core.accepted(&name, number.as_deref())?;
                }
                Command::Link(code) => self.core.link(&code)?,
                Command::Past(with) => self.core.past(&with)?,
                Command::Devices => self.core.devices(),
                Command::Remove(which, reference) => self.core.remove(&which, reference, now_ms()),
                Command::Quit => self.is_leaving = true,
            }
        }
        Ok(())
    }

    fn drain(&mut self) {
        let mut bytes = [0; 64];
        while matches!(self.wake.read(&mut bytes), Ok(n) if n > 0) {}
    }
}

impl std::fmt::Debug for Talk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Talk")
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}

pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(0))
}
