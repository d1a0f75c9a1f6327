//! Passphrases: typed without being shown, or taken from a file.

use crate::exit::Exit;
use crate::report::{Failure, Outcome};
use crate::terminal::tell;
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use kinora_client::Fault;
use kinora_client::talk::Passphrase;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// What was typed. It is wiped when it goes.
type Text = Zeroizing<String>;

/// More than anybody types.
const LONGEST: u64 = 4 * 1024;

/// A new one, typed twice.
///
/// # Errors
/// When it is too short, when the two differ, when nobody can be asked.
pub(crate) fn new(file: Option<&Path>) -> Outcome<Passphrase> {
    let made = |text: &Text| Passphrase::new(text.to_string()).map_err(Fault::from);
    let Some(path) = file else {
        let text = ask("A passphrase for the backup, of several words:")?;
        let passphrase = made(&text)?;
        return match ask("The same once more:")? == text {
            true => Ok(passphrase),
            false => Err(Failure::new(
                Exit::Usage,
                "passphrases_differ",
                "the two passphrases are not the same".to_owned(),
                "try again",
            )),
        };
    };
    Ok(made(&first_line(path)?)?)
}

/// One that exists.
///
/// # Errors
/// When nobody can be asked.
pub(crate) fn known(file: Option<&Path>) -> Outcome<Passphrase> {
    let text = match file {
        Some(path) => first_line(path)?,
        None => ask("The passphrase of the backup:")?,
    };
    Ok(Passphrase::known(text.to_string()))
}

fn first_line(path: &Path) -> Outcome<Text> {
    let failed = |error: &std::io::Error| {
        Failure::new(
            Exit::File,
            "unreadable_input",
            format!("cannot read {}: {error}", path.display()),
            "put the passphrase into its first line",
        )
    };
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    let mut line = Text::default();
    let read = BufReader::new(file.take(LONGEST)).read_line(&mut line);
    read.map_err(|error| failed(&error))?;
    Ok(Text::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The terminal as it was before.
struct Raw;

impl Raw {
    fn new() -> std::io::Result<Self> {
        enable_raw_mode().map(|()| Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // What cannot be put back now can never be.
        let _ = disable_raw_mode();
    }
}

fn ask(question: &str) -> Outcome<Text> {
    let nobody = || {
        Failure::new(
            Exit::Usage,
            "no_terminal",
            "there is no terminal on which a passphrase could be typed".to_owned(),
            "give --passphrase-file",
        )
    };
    if !std::io::stdin().is_terminal() {
        return Err(nobody());
    }
    // Whoever types as soon as they are asked is not shown either.
    let raw = Raw::new().map_err(|_| nobody())?;
    tell(format_args!("{question}\r"));
    let typed = type_in(&mut || read().ok());
    drop(raw);
    typed.ok_or_else(|| {
        Failure::new(
            Exit::Interrupted,
            "interrupted",
            "interrupted".to_owned(),
            "nothing was done",
        )
    })
}

/// What was typed, when it is ended; nothing when it is broken off.
fn type_in(next: &mut dyn FnMut() -> Option<Event>) -> Option<Text> {
    let mut text = Text::default();
    loop {
        let key = match next()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => key,
            Event::Paste(pasted) => {
                text.push_str(pasted.trim_end());
                continue;
            }
            _ => continue,
        };
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => return Some(text),
            // What was typed before the terminal was quiet ends with a line feed.
            KeyCode::Char('j') if is_control => return Some(text),
            KeyCode::Char('c' | 'd') if is_control => return None,
            KeyCode::Char('u') if is_control => text.clear(),
            KeyCode::Char(letter) if !is_control => text.push(letter),
            KeyCode::Backspace => {
                text.pop();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEvent;

    fn typed(keys: &[(KeyCode, KeyModifiers)]) -> Option<Text> {
        let mut keys = keys.iter();
        type_in(&mut || {
            keys.next()
                .map(|(code, with)| Event::Key(KeyEvent::new(*code, *with)))
        })
    }

    #[test]
    fn keys_become_a_passphrase() {
        let plain = |letter| (KeyCode::Char(letter), KeyModifiers::NONE);
        let control = |letter| (KeyCode::Char(letter), KeyModifiers::CONTROL);
        let (enter, back) = (
            (KeyCode::Enter, KeyModifiers::NONE),
            (KeyCode::Backspace, KeyModifiers::NONE),
        );
        let text = typed(&[
            plain('x'),
            control('u'),
            plain('é'),
            plain('b'),
            back,
            plain(' '),
            plain('C'),
            enter,
        ]);
        assert_eq!(text.unwrap().as_str(), "é C");
        assert_eq!(typed(&[plain('a'), control('c'), enter]), None);
        assert_eq!(typed(&[plain('a')]), None, "the terminal is gone");
    }
}
