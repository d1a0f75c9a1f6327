//! `multipart/form-data` (RFC 7578) taken apart piece by piece. Pure: bytes go in, events come out, and what is held is
//! never more than a part's head or a boundary, beside the piece that came last.
//!
//! ```text
//!   Preamble ──delimiter──> After ──CRLF──> Head ──empty line──> Content ──delimiter──> After ──"--"──> End
//! ```

use super::limits::{BOUNDARY, PART_HEAD_BYTES};
use bytes::{Bytes, BytesMut};
use memchr::memmem;

/// What comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A part begins.
    Part(Part),
    /// Some of its content.
    Content(Bytes),
    /// It is whole.
    PartEnd,
    /// The form is whole. What follows means nothing.
    End,
}

/// What stands before a part's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The field's name.
    pub(super) name: String,
    /// The file's name, as it was sent; what makes a part a file.
    pub(super) file_name: Option<String>,
}

/// Why this is no form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    /// The content type lacks a sound boundary.
    #[error("the content type names no boundary")]
    NoBoundary,
    /// More than a form may have before its content.
    #[error("the head of a part is longer than {PART_HEAD_BYTES} bytes")]
    HeadTooLong,
    /// A part without a name.
    #[error("a part of the form has no name")]
    NoName,
    /// Something else than a part or the end after a boundary.
    #[error("a boundary is followed by something else than a part")]
    NoPart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Preamble,
    After,
    Head,
    Content,
    End,
}

/// Takes one form apart.
#[derive(Debug)]
pub(super) struct Splitter {
    delimiter: Vec<u8>,
    buffer: BytesMut,
    state: State,
}

impl Splitter {
    /// For the form that this content type announces.
    pub(super) fn new(content_type: &str) -> Result<Self, Malformed> {
        let boundary = parameter(content_type, "boundary").ok_or(Malformed::NoBoundary)?;
        if boundary.is_empty() || boundary.len() > BOUNDARY {
            return Err(Malformed::NoBoundary);
        }
        Ok(Self {
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            // The first boundary stands at the beginning of a line like all others.
            buffer: BytesMut::from(&b"\r\n"[..]),
            state: State::Preamble,
        })
    }

    /// Bytes that have come.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if self.state != State::End {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Bytes that have come and are in no event yet. At first there is a line break that has not come.
    pub(super) fn waiting(&self) -> u64 {
        self.buffer.len() as u64
    }

    /// The next event; `None` until more bytes have come.
    pub(super) fn next(&mut self) -> Result<Option<Event>, Malformed> {
        loop {
            let event = match self.state {
                State::Preamble => match self.content() {
                    Some(Event::PartEnd) => continue,
                    Some(_) => continue,
                    None => return Ok(None),
                },
                State::Content => self.content(),
                State::After => match self.after()? {
                    Some(true) => Some(Event::End),
                    Some(false) => continue,
                    None => None,
                },
                State::Head => self.head()?.map(Event::Part),
                State::End => None,
            };
            return Ok(event);
        }
    }

    fn content(&mut self) -> Option<Event> {
        match memmem::find(&self.buffer, &self.delimiter) {
            Some(0) => {
                let _ = self.buffer.split_to(self.delimiter.len());
                self.state = State::After;
                Some(Event::PartEnd)
            }
            Some(end) => Some(Event::Content(self.buffer.split_to(end).freeze())),
            None => {
                // The end of what is here may be the beginning of a delimiter.
                let sure = self.buffer.len().checked_sub(self.delimiter.len() - 1)?;
                (sure > 0).then(|| Event::Content(self.buffer.split_to(sure).freeze()))
            }
        }
    }

    /// True at the end of the form, false before another part.
    fn after(&mut self) -> Result<Option<bool>, Malformed> {
        if self.buffer.len() < 2 {
            return Ok(None);
        }
        let is_end = match &self.buffer[..2] {
            b"--" => true,
            b"\r\n" => false,
            _ => return Err(Malformed::NoPart),
        };
        if is_end {
            self.buffer.clear();
            self.state = State::End;
        } else {
            // The line break stays: a head may be empty, and then this is half of its end.
            self.state = State::Head;
        }
        Ok(Some(is_end))
    }

    fn head(&mut self) -> Result<Option<Part>, Malformed> {
        let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") else {
            let is_too_long = self.buffer.len() > PART_HEAD_BYTES;
            return if is_too_long {
                Err(Malformed::HeadTooLong)
            } else {
                Ok(None)
            };
        };
        if end > PART_HEAD_BYTES {
            return Err(Malformed::HeadTooLong);
        }
        let head = self.buffer.split_to(end + 4);
        self.state = State::Content;
        // Content that is empty begins with the delimiter, whose line break must be its own.
        part(&String::from_utf8_lossy(&head)).map(Some)
    }
}

fn part(head: &str) -> Result<Part, Malformed> {
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    });
    let disposition = disposition.ok_or(Malformed::NoName)?;
    let name = parameter(disposition, "name").ok_or(Malformed::NoName)?;
    let extended = parameter(disposition, "filename*").and_then(|text| decoded(&text));
    Ok(Part {
        name,
        file_name: extended.or_else(|| parameter(disposition, "filename")),
    })
}

/// The value of `; name=value` or `; name="value"`. Browsers write a quote within as `%22`, curl as `\"`.
fn parameter(field: &str, wanted: &str) -> Option<String> {
    let mut rest = &field[field.find(';')?..];
    while let Some(after) = rest.strip_prefix(';') {
        let (name, value) = after.split_once('=')?;
        let (text, end) = match value.strip_prefix('"') {
            Some(quoted) => quoted_text(quoted)?,
            None => {
                let end = value.find(';').unwrap_or(value.len());
                (value[..end].trim().to_owned(), &value[end..])
            }
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(text);
        }
        rest = end.trim_start();
    }
    None
}

fn quoted_text(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((text.replace("%22", "\""), &quoted[at + 1..])),
            // Old browsers send whole Windows paths, whose backslashes escape nothing.
            '\\' => match quoted[at + 1..].chars().next()? {
                next @ ('"' | '\\') => {
                    characters.next();
                    text.push(next);
                }
                _ => text.push(c),
            },
            _ => text.push(c),
        }
    }
    None
}

/// `UTF-8''caf%C3%A9` (RFC 8187).
fn decoded(text: &str) -> Option<String> {
    let (charset, rest) = text.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let mut bytes = Vec::new();
    let mut input = encoded.bytes();
    while let Some(byte) = input.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |b: Option<u8>| char::from(b?).to_digit(16);
        let value = digit(input.next())? * 16 + digit(input.next())?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
