//! What is typed into a talk, in lines and on the whole screen: a text, or a command behind a stroke.

use crate::units::position;

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Typed {
    /// Nothing.
    Nothing,
    /// To be said.
    Text(String),
    /// `/quit`, or `QUIT`.
    Quit,
    /// `/help`
    Help,
    /// `/who`
    Who,
    /// `/open NAME`
    Open(String),
    /// `/verify [NAME] [code|yes|NUMBER]`: with whom, and what about the number.
    Verify(Option<String>, Check),
    /// `/accept [NAME]`
    Accept(Option<String>),
    /// `/link CODE`
    Link(String),
    /// `/edit TEXT`
    Edit(String),
    /// `/watch TITLE [TIME]`: words of its name, and milliseconds.
    Watch(String, u64),
    /// `/file PATH`
    File(String),
    /// `/save NUMBER [PATH]`: of which message, and where to.
    Save(i64, Option<String>),
    /// `/receipts on|off`
    Receipts(bool),
    /// No command, and what is wrong.
    Wrong(&'static str),
}

/// What is to be done with the number of two people.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Check {
    /// It is to be seen.
    Show,
    /// As a QR code, too.
    Draw,
    /// Both have seen the same.
    Yes,
    /// This is what the other one sees.
    With(String),
}

/// Reads what was typed.
#[must_use]
pub(crate) fn read(line: &str) -> Typed {
    let line = line.trim_end();
    if line.is_empty() {
        return Typed::Nothing;
    }
    if line == "QUIT" {
        return Typed::Quit;
    }
    if line.starts_with("//") {
        return Typed::Text(line[1..].to_owned());
    }
    let Some(command) = line.strip_prefix('/') else {
        return Typed::Text(line.to_owned());
    };
    let (word, rest) = command
        .split_once(char::is_whitespace)
        .unwrap_or((command, ""));
    let words: Vec<&str> = rest.split_whitespace().collect();
    let own = |word: &&str| (*word).to_owned();
    match (word, words.as_slice()) {
        ("quit", []) => Typed::Quit,
        ("help", _) => Typed::Help,
        ("who", []) => Typed::Who,
        ("open", [name]) => Typed::Open(own(name)),
        ("open", _) => Typed::Wrong("write it as /open NAME"),
        ("verify", []) => Typed::Verify(None, Check::Show),
        ("verify", [name, what @ ..]) => match check(what) {
            Some(check) => Typed::Verify(Some(own(name)), check),
            None => Typed::Wrong("write it as /verify NAME, and code, yes or a number behind it"),
        },
        ("accept", name @ ([] | [_])) => Typed::Accept(name.first().map(own)),
        ("link", [code]) => Typed::Link(own(code)),
        ("link", _) => Typed::Wrong("write it as /link CODE, with what your new device shows"),
        ("edit", []) => Typed::Wrong("write the new text behind /edit"),
        ("edit", _) => Typed::Edit(rest.trim_start().to_owned()),
        ("watch", []) => Typed::Wrong("write it as /watch TITLE, or /watch TITLE 12:31"),
        ("watch", words) => watch(words),
        ("file", []) => Typed::Wrong("write it as /file PATH"),
        ("file", _) => Typed::File(rest.trim().to_owned()),
        ("save", []) => Typed::Wrong("write it as /save NUMBER, or /save NUMBER PATH"),
        ("save", [number, ..]) => match number.parse() {
            Ok(id) => Typed::Save(id, behind(rest, number)),
            Err(_) => Typed::Wrong("write it as /save NUMBER; it stands beside the file's name"),
        },
        ("receipts", ["on"]) => Typed::Receipts(true),
        ("receipts", ["off"]) => Typed::Receipts(false),
        ("receipts", _) => Typed::Wrong("write it as /receipts on, or /receipts off"),
        _ => Typed::Wrong("that is no command; /help lists them"),
    }
}

fn check(words: &[&str]) -> Option<Check> {
    let is_number = |word: &&str| word.chars().all(char::is_numeric);
    match words {
        [] => Some(Check::Show),
        ["code"] => Some(Check::Draw),
        ["yes"] => Some(Check::Yes),
        groups => groups
            .iter()
            .all(is_number)
            .then(|| Check::With(groups.concat())),
    }
}

/// What stands behind the first word, spaces within it kept.
fn behind(rest: &str, word: &str) -> Option<String> {
    let path = rest.trim().strip_prefix(word)?.trim_start();
    (!path.is_empty()).then(|| path.to_owned())
}

/// A number without a colon belongs to the title: films are called by years.
fn watch(words: &[&str]) -> Typed {
    let time = words.split_last().filter(|(last, title)| {
        let is_time = last.contains(':') && position(last).is_ok();
        is_time && !title.is_empty()
    });
    match time {
        Some((time, title)) => Typed::Watch(title.join(" "), milliseconds(position(time).ok())),
        None => Typed::Watch(words.join(" "), 0),
    }
}

/// A time of a title, as it stands on a card.
#[must_use]
pub(crate) fn milliseconds(at_s: Option<f64>) -> u64 {
    // What is read of a time is neither negative nor beyond what a film has.
    at_s.map_or(0, |at_s| (at_s * 1000.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Typed) {
        assert_eq!(read(line), expected, "{line:?}");
    }

    #[test]
    fn what_is_no_command_is_a_text() {
        let text = |text: &str| Typed::Text(text.into());
        check("hello there ", text("hello there"));
        check("//slash", text("/slash"));
        check("a /who", text("a /who"));
        check(" \t", Typed::Nothing);
        check("QUIT", Typed::Quit);
        check("quit", text("quit"));
    }

    #[test]
    fn commands_take_what_they_need() {
        let verify = |what| Typed::Verify(Some("ravi".into()), what);
        check("/verify", Typed::Verify(None, Check::Show));
        check("/verify ravi", verify(Check::Show));
        check("/verify ravi code", verify(Check::Draw));
        check("/verify ravi yes", verify(Check::Yes));
        check(
            "/verify ravi 14241 26029",
            verify(Check::With("1424126029".into())),
        );
        check("/accept", Typed::Accept(None));
        check("/edit  two\nlines ", Typed::Edit("two\nlines".into()));
        check("/link abc", Typed::Link("abc".into()));
        check("/receipts off", Typed::Receipts(false));
        check("/file a  b.mp4 ", Typed::File("a  b.mp4".into()));
        check("/save 12", Typed::Save(12, None));
        check(
            "/save 12  my films/",
            Typed::Save(12, Some("my films/".into())),
        );
        for wrong in [
            "/open",
            "/edit",
            "/link",
            "/link two codes",
            "/watch ",
            "/receipts",
            "/file ",
            "/save",
            "/save x",
            "/verify a no",
            "/verify a 12345 yes",
            "/dance",
            "/",
        ] {
            assert!(matches!(read(wrong), Typed::Wrong(_)), "{wrong}");
        }
    }

    #[test]
    fn a_title_may_end_with_a_number() {
        let watch = |title: &str, at_ms| Typed::Watch(title.into(), at_ms);
        check("/watch Our holiday", watch("Our holiday", 0));
        check("/watch Holiday 12:31", watch("Holiday", 751_000));
        check("/watch Holiday 1:02:03.5", watch("Holiday", 3_723_500));
        check("/watch Holiday 2024", watch("Holiday 2024", 0));
        check("/watch 12:31", watch("12:31", 0));
        check("/watch Alien: Part 1:99", watch("Alien: Part 1:99", 0));
    }
}
