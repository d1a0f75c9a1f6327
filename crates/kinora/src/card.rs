//! A title or a file that somebody sent, in the same words everywhere, with the command that plays or keeps it.

use crate::units::show_size;
use kinora_client::talk::{Content, card, clock};

/// What is shown of a message: its text, and how to play the title or to keep the file, if it is one.
#[must_use]
pub(crate) fn shown(id: i64, text: &str, content: Option<&Content>) -> String {
    if let Some(Content::File(file)) = content {
        return format!("{}\n/save {id}", named(text, file.size));
    }
    match command(content) {
        Some(command) => format!("{text}\n{command}"),
        None => text.to_owned(),
    }
}

/// A file's name and size.
#[must_use]
pub(crate) fn named(name: &str, size: u64) -> String {
    format!("{name} ({})", show_size(size))
}

/// What is shown of a title that this user sends.
#[must_use]
pub(crate) fn sent(content: &Content) -> Option<String> {
    match content {
        Content::Card(_, title, at_ms) => Some(shown(0, &card(title, *at_ms), Some(content))),
        _ => None,
    }
}

/// The command that plays a title. What it is called comes from somebody else, so that a shell must not read it.
#[must_use]
pub(crate) fn command(content: Option<&Content>) -> Option<String> {
    let Some(Content::Card(_, title, at_ms)) = content else {
        return None;
    };
    let at = match at_ms {
        0 => String::new(),
        at_ms => format!(" --at {}", clock(*at_ms)),
    };
    Some(match title.starts_with('-') {
        true => format!("kinora play{at} -- {}", quoted(title)),
        false => format!("kinora play {}{at}", quoted(title)),
    })
}

/// For a POSIX shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "._-".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_quoted_for_a_shell() {
        let check = |title: &str, at_ms, expected: &str| {
            let card = Content::Card("id".into(), title.into(), at_ms);
            assert_eq!(command(Some(&card)).as_deref(), Some(expected));
        };
        check("Holiday", 751_000, "kinora play Holiday --at 12:31");
        check("Our holiday", 0, "kinora play 'Our holiday'");
        check("a$(rm x)'b", 0, r"kinora play 'a$(rm x)'\''b'");
        check("-x", 3_723_000, "kinora play --at 1:02:03 -- -x");
        assert_eq!(command(Some(&Content::Text("x".into()))), None);
        assert_eq!(command(None), None);
    }
}
