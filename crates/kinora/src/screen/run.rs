//! The terminal: keys and news come in on threads of their own, and one loop draws.

use super::state::{Deed, State};
use super::view::{Look, draw};
use crate::exit::Exit;
use crate::report::{Failure, Outcome};
use crate::terminal::{has_colours, is_unicode};
use crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kinora_client::Fault;
use kinora_client::talk::{Command, Event, Hand, Talk, card};
use ratatui::backend::CrosstermBackend;
use ratatui::{DefaultTerminal, Terminal};
use std::io::{self, Write, stdout};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;

/// News that wait to be drawn; then whoever brings more waits.
const NEWS: usize = 256;

/// What happens.
enum News {
    Key(event::Event),
    Told(Event),
    Ended(Result<(), Fault>),
}

/// Talks until the user leaves.
///
/// # Errors
/// What ends the talk, or the terminal's own.
pub(crate) fn run(talk: Talk, hand: Hand) -> Outcome<Exit> {
    let state = State::new(talk.name().as_str(), now_ms());
    let (sender, news) = sync_channel(NEWS);
    let terminal = ratatui::try_init().map_err(|error| terminal_failure(&error))?;
    // Where this is not known, a paste is keys.
    drop(execute!(stdout(), EnableBracketedPaste));
    let ended = watch(sender, talk).and_then(|()| {
        show(terminal, state, hand, &news).map_err(|error| terminal_failure(&error))
    });
    drop(execute!(stdout(), DisableBracketedPaste));
    ratatui::restore();
    ended?.map(|()| Exit::Success).map_err(Failure::from)
}

fn watch(sender: SyncSender<News>, mut talk: Talk) -> Outcome {
    let keys = sender.clone();
    start("keys", move || {
        while let Ok(event) = event::read() {
            if keys.send(News::Key(event)).is_err() {
                break;
            }
        }
    })?;
    start("talk", move || {
        let ended = talk.run(&mut |event| sender.send(News::Told(event.clone())).is_ok());
        // Nobody listens when the screen is gone already.
        drop(sender.send(News::Ended(ended)));
    })
}

fn start(name: &str, act: impl FnOnce() + Send + 'static) -> Outcome {
    let thread = thread::Builder::new().name(name.into()).spawn(act);
    thread.map(|_| ()).map_err(|error| terminal_failure(&error))
}

/// Draws and obeys. What ended the talk comes out.
fn show(
    mut terminal: DefaultTerminal,
    mut state: State,
    mut hand: Hand,
    news: &Receiver<News>,
) -> io::Result<Result<(), Fault>> {
    let variable = |name: &str| std::env::var(name).ok();
    let mut look = Look {
        zone: TimeZone::system(),
        now_ms: now_ms(),
        has_colours: has_colours(),
        is_unicode: is_unicode(variable),
    };
    let mut is_aside = false;
    loop {
        look.now_ms = now_ms();
        if !is_aside {
            terminal.draw(|frame| draw(frame, &mut state, &look))?;
        }
        let first = match state.next_change(look.now_ms) {
            None => news.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(pause) => news.recv_timeout(pause),
        };
        let first = match first {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return Ok(Ok(())),
        };
        // All that has come is one picture.
        for one in std::iter::once(first).chain(news.try_iter()) {
            match one {
                News::Ended(ended) => return Ok(ended),
                News::Told(event) => {
                    for deed in state.told(&event) {
                        match deed {
                            Deed::Aside(text) => is_aside = aside(&text).map(|()| true)?,
                            deed => act(deed, &mut state, &mut hand),
                        }
                    }
                }
                News::Key(event::Event::Key(_)) if is_aside => {
                    execute!(stdout(), EnterAlternateScreen, Clear(ClearType::All))?;
                    // One that knows of nothing on it draws all. To be cleared it would ask where the cursor is, and
                    // the thread of the keys would take the answer.
                    terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
                    is_aside = false;
                }
                News::Key(event::Event::Key(key)) => {
                    for deed in state.pressed(key) {
                        act(deed, &mut state, &mut hand);
                    }
                }
                News::Key(event::Event::Paste(text)) => state.pasted(&text),
                News::Key(_) => {}
            }
        }
    }
}

/// Shows a text outside of the screen, where it can be marked and copied whole. The terminal is as raw as before.
fn aside(text: &str) -> io::Result<()> {
    let mut out = stdout().lock();
    execute!(out, LeaveAlternateScreen)?;
    for line in text.lines().chain(["", "any key goes back"]) {
        write!(out, "{line}\r\n")?;
    }
    out.flush()
}

fn act(deed: Deed, state: &mut State, hand: &mut Hand) {
    match deed {
        Deed::Give(command) => {
            let is_goodbye = command == Command::Quit;
            if !hand.give(command) && !is_goodbye {
                state.notice = Some("the talk has ended".into());
            }
        }
        Deed::Say(to, text) => match hand.send(&to, &text) {
            Ok(reference) => state.said(&to, text, reference, now_ms()),
            Err(fault) => state.notice = Some(fault.to_string()),
        },
        // What becomes of these is told by events.
        Deed::Edit(to, text) => {
            if let Err(fault) = hand.edit(&to, &text) {
                state.notice = Some(fault.to_string());
            }
        }
        Deed::File(to, path) => match hand.file(&to, Path::new(&path)) {
            Ok(reference) => {
                let words = format!("the file {path}");
                state.said(&to, words, reference, now_ms());
            }
            Err(fault) => state.notice = Some(fault.to_string()),
        },
        Deed::Save(id, to) => {
            let to = to.unwrap_or_else(|| ".".into());
            match hand.save(id, Path::new(&to)) {
                Ok(_) => state.notice = Some(format!("saving the file of message {id}")),
                Err(fault) => state.notice = Some(fault.to_string()),
            }
        }
        Deed::Watch(to, title, at_ms) => match hand.watch(&to, &title, at_ms) {
            Ok(reference) => {
                state.said(&to, card(&title, at_ms), reference, now_ms());
            }
            Err(fault) => state.notice = Some(fault.to_string()),
        },
        // Only what was told brings one.
        Deed::Aside(_) => {}
    }
}

fn now_ms() -> u64 {
    u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0)
}

fn terminal_failure(error: &io::Error) -> Failure {
    Failure::new(
        Exit::Internal,
        "terminal",
        format!("the terminal cannot be used: {error}"),
        "use --line for plain lines",
    )
}
