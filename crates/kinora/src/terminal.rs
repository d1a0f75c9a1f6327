//! What stands between this program's texts and a terminal: colours where they are wanted, and no control characters
//! of strangers.

use clap::builder::styling::{AnsiColor, Style};
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Errors.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Warnings.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// What to do.
pub(crate) const HELP: Style = AnsiColor::Cyan.on_default().bold();
/// What is as it should be.
pub(crate) const WORTH: Style = AnsiColor::Green.on_default();
/// Columns where nobody watches.
const USUAL_WIDTH: usize = 80;

/// A line on standard output. Who closes it early has read enough, and a job does not end because of that.
pub(crate) fn say(line: impl Display) {
    drop(writeln!(io::stdout().lock(), "{line}"));
}

/// A path on standard output, byte for byte, for the next program.
pub(crate) fn say_path(path: &Path) {
    let line = [path.as_os_str().as_bytes(), b"\n"].concat();
    drop(io::stdout().lock().write_all(&line));
}

/// A line on standard error.
pub(crate) fn tell(line: impl Display) {
    drop(writeln!(io::stderr().lock(), "{line}"));
}

/// Somebody watches standard error.
#[must_use]
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Standard error takes colours: a terminal that can, and nobody who has set `NO_COLOR`.
#[must_use]
pub(crate) fn has_colours() -> bool {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    is_watched() && !plain && !dumb
}

/// Columns of the terminal on standard error.
#[must_use]
pub(crate) fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stderr()).ok();
    let columns = size.map(|size| usize::from(size.ws_col));
    // A terminal that does not know says 0.
    columns
        .filter(|columns| *columns > 0)
        .unwrap_or(USUAL_WIDTH)
}

/// The locale writes UTF-8, so that blocks and braille appear as such. Of its variables the first one that says
/// anything decides.
#[must_use]
pub(crate) fn is_unicode(variable: impl Fn(&str) -> Option<String>) -> bool {
    let names = ["LC_ALL", "LC_CTYPE", "LANG"];
    let said = names
        .iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()));
    let said = said.unwrap_or_default().to_ascii_lowercase();
    said.contains("utf-8") || said.contains("utf8")
}

/// The text in that style, if there are colours.
#[must_use]
pub(crate) fn styled(style: Style, text: &str, colours: bool) -> String {
    if colours {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}

/// The text with every control character escaped: file names and a server's sentences must not move the cursor,
/// rename the window or paint over a line.
#[must_use]
pub(crate) fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_invisible_direction(c) {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    clean
}

/// Marks that turn the direction of writing, and so can make a name look like another one.
fn is_invisible_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_says_anything_decides() {
        let check = |said: &[(&str, &str)], expected: bool| {
            let variable = |name: &str| {
                let found = said.iter().find(|(each, _)| *each == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(is_unicode(variable), expected, "{said:?}");
        };
        check(&[("LANG", "de_DE.UTF-8")], true);
        check(&[("LANG", "C.utf8"), ("LC_ALL", "")], true);
        check(&[("LANG", "C.UTF-8"), ("LC_ALL", "C")], false);
        check(&[("LC_CTYPE", "en_US.UTF-8"), ("LANG", "C")], true);
        check(&[], false);
    }

    #[test]
    fn nothing_of_strangers_reaches_the_terminal_raw() {
        assert_eq!(
            printable("a\u{1b}[2Jb\nc\u{9b}d"),
            "a\\u{1b}[2Jb\\nc\\u{9b}d"
        );
        assert_eq!(printable("x\u{202e}4pm.exe"), "x\\u{202e}4pm.exe");
        assert_eq!(printable("Übung – 練習.mp4"), "Übung – 練習.mp4");
    }
}
