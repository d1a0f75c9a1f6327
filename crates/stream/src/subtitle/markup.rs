//! What a cue says, without anything that is not text: of tags only bold, italic and underline stay, and every sign that
//! has a meaning is written so that it has none.

use crate::limits;

/// Tags that stay, with their ends.
const TAGS: [&str; 6] = ["b", "i", "u", "/b", "/i", "/u"];
/// What may follow an ampersand as it is (WebVTT, 6.4); any other ampersand is one.
const ENTITIES: [&str; 6] = ["amp;", "lt;", "gt;", "nbsp;", "lrm;", "rlm;"];

/// The lines as cue text, without those of which nothing is left.
pub(super) fn cleaned(lines: &[&str]) -> String {
    let mut left = limits::CUE_LETTERS;
    let mut cleaned: Vec<String> = Vec::new();
    for line in lines {
        let line = clean(line);
        let line = shortened(&line, &mut left);
        if !line.trim().is_empty() {
            cleaned.push(line.trim().to_owned());
        }
    }
    cleaned.join("\n")
}

/// As much of cue text as may be: what is cut is not cut again when it is read again, so a tag or an entity counts as one
/// letter, and stays whole.
fn shortened<'a>(text: &'a str, left: &mut usize) -> &'a str {
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next().filter(|_| *left > 0) {
        let end = match letter {
            '<' => text[at..].find('>'),
            '&' => text[at..].find(';'),
            _ => None,
        };
        at += end.map_or_else(|| letter.len_utf8(), |end| end + 1);
        *left -= 1;
    }
    &text[..at]
}

fn clean(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(letter) = rest.chars().next() {
        rest = match letter {
            '<' => tag(rest, &mut text),
            '&' => ampersand(rest, &mut text),
            // Commands of ASS, which some write into SubRip: `{\an8}`.
            '{' if rest.starts_with("{\\") => match rest.split_once('}') {
                Some((_, after)) => after,
                None => "",
            },
            '>' => {
                text.push_str("&gt;");
                &rest[1..]
            }
            // No command may come of what stood around a tag.
            '\\' if text.ends_with('{') => &rest[1..],
            letter if letter.is_control() => &rest[letter.len_utf8()..],
            letter => {
                text.push(letter);
                &rest[letter.len_utf8()..]
            }
        };
    }
    text
}

/// `rest` begins with `<`; returns what follows the tag.
fn tag<'a>(rest: &'a str, text: &mut String) -> &'a str {
    let Some((tag, after)) = rest[1..].split_once('>') else {
        text.push_str("&lt;");
        return &rest[1..];
    };
    // A heart, or a comparison, that somebody closes much later.
    if tag.starts_with([' ', '3', '=', '<']) {
        text.push_str("&lt;");
        return &rest[1..];
    }
    let name = tag.split(['.', ' ', '\t']).next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    if TAGS.contains(&name.as_str()) {
        text.push('<');
        text.push_str(&name);
        text.push('>');
    }
    after
}

/// `rest` begins with `&`.
fn ampersand<'a>(rest: &'a str, text: &mut String) -> &'a str {
    let after = &rest[1..];
    let entity = ENTITIES.iter().find(|entity| after.starts_with(**entity));
    match entity {
        Some(entity) => {
            text.push('&');
            text.push_str(entity);
            &after[entity.len()..]
        }
        None => {
            text.push_str("&amp;");
            after
        }
    }
}
