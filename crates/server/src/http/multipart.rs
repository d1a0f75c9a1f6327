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
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"b-1\"";

    type Parts = Vec<(Part, Vec<u8>)>;

    /// Parts with their content, whichever way the bytes came.
    fn parts(pieces: &[&[u8]]) -> Result<(Parts, bool), Malformed> {
        let mut splitter = Splitter::new(TYPE)?;
        let (mut parts, mut ended, mut open) = (Vec::new(), false, false);
        for piece in pieces {
            splitter.feed(piece);
            while let Some(event) = splitter.next()? {
                match event {
                    Event::Part(part) => {
                        assert!(!open);
                        open = true;
                        parts.push((part, Vec::new()));
                    }
                    Event::Content(bytes) => parts.last_mut().unwrap().1.extend_from_slice(&bytes),
                    Event::PartEnd => open = false,
                    Event::End => ended = true,
                }
            }
        }
        Ok((parts, ended))
    }

    const FORM: &[u8] = b"preamble\r\n--b-1\r\nContent-Disposition: form-data; name=\"operation\"\r\n\r\ncompress\r\n\
        --b-1\r\ncontent-disposition: form-data; name=file; filename=\"a \\\"b\\\".mp4\"\r\nContent-Type: video/mp4\r\n\r\n\
        \r\n--b-\r\n--b-1x\x00\r\n--b-1\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--b-1--\r\nepilogue";

    #[test]
    fn every_split_gives_the_same_parts() {
        let form = FORM.to_vec();
        let form = form.as_slice();
        // A boundary with more behind it is not one, so this form is taken apart up to there.
        assert_eq!(parts(&[form]), Err(Malformed::NoPart));
        let form: Vec<u8> = String::from_utf8_lossy(form)
            .replace("\r\n--b-1x", "\r\n--b-x")
            .into();
        let (whole, ended) = parts(&[&form]).unwrap();
        assert!(ended);
        let names: Vec<&str> = whole.iter().map(|(part, _)| part.name.as_str()).collect();
        assert_eq!(names, ["operation", "file", "empty"]);
        assert_eq!(whole[0].1, b"compress");
        assert_eq!(whole[1].0.file_name.as_deref(), Some("a \"b\".mp4"));
        assert_eq!(whole[1].1, b"\r\n--b-\r\n--b-x\x00");
        assert_eq!(whole[2].1, b"");
        for at in 0..form.len() {
            let (first, second) = form.split_at(at);
            assert_eq!(parts(&[first, second]).unwrap().0, whole, "{at}");
        }
        let bytes: Vec<&[u8]> = form.chunks(1).collect();
        assert_eq!(parts(&bytes).unwrap().0, whole);
    }

    #[test]
    fn a_form_that_breaks_off_has_no_end() {
        let form = b"--b-1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--b-1";
        for length in 0..form.len() {
            assert!(!parts(&[&form[..length]]).unwrap().1, "{length}");
        }
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let check = |form: &[u8], expected| assert_eq!(parts(&[form]).err(), Some(expected));
        check(b"--b-1xx", Malformed::NoPart);
        check(b"--b-1\r\nContent-Type: a/b\r\n\r\n", Malformed::NoName);
        check(b"--b-1\r\n\r\n", Malformed::NoName);
        let long = [b"--b-1\r\n".as_slice(), &[b'a'; PART_HEAD_BYTES + 9]].concat();
        check(&long, Malformed::HeadTooLong);
        for content_type in [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; x=y",
        ] {
            assert_eq!(
                Splitter::new(content_type).err(),
                Some(Malformed::NoBoundary)
            );
        }
    }

    #[test]
    fn what_waits_for_more_stays_small() {
        let mut splitter = Splitter::new(TYPE).unwrap();
        splitter.feed(b"--b-1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n");
        for _ in 0..1000 {
            splitter.feed(&[b'\r'; 1000]);
            while splitter.next().unwrap().is_some() {}
            assert!(splitter.buffer.len() < 10);
        }
    }

    #[test]
    fn names_are_read_as_they_were_meant() {
        let check = |field: &str, name: &str| {
            let head = format!("Content-Disposition: form-data; name=\"file\"; {field}\r\n");
            assert_eq!(
                part(&head).unwrap().file_name.as_deref(),
                Some(name),
                "{field}"
            );
        };
        check("filename=\"a%22b.mp4\"", "a\"b.mp4");
        check("filename=\"C:\\Videos\\a.mp4\"", "C:\\Videos\\a.mp4");
        check("filename=\"x\"; filename*=UTF-8''caf%C3%A9.mp4", "café.mp4");
        check("filename=\"x; y=z\"", "x; y=z");
        check("filename=plain.mp4", "plain.mp4");
    }
}
