//! Requests to the server's HTTP door, one after the other over one connection: as much of HTTP/1.1 (RFC 9112) as parcels
//! need. Answers have to say how long they are.

use super::limits::ANSWER_BYTES;
use super::line::{Way, said};
use crate::channel::{Channel, is_tick};
use crate::{Address, Cancel, Fault};
use std::io;
use std::time::{Duration, Instant};

/// Bytes of an answer's head; a server of ours sends less than one.
const HEAD_BYTES: usize = 16 * 1024;
/// Fields of it.
const FIELDS: usize = 64;
/// What is read at once.
const PIECE: usize = 64 * 1024;

/// An open connection.
pub(super) struct Door {
    channel: Channel,
    at: Address,
    token: Option<String>,
    cancel: Cancel,
    patience: Duration,
    /// Read, and not taken yet.
    unread: Vec<u8>,
    /// Bytes of the last answer's body that are still to come.
    left: u64,
    closes: bool,
}

/// What is asked for.
pub(super) struct Question<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) fields: &'a [(&'a str, String)],
    pub(super) body: &'a [u8],
}

/// The head of an answer; its body is read next.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `Upload-Offset`, where there is one.
    pub(super) offset: Option<u64>,
    /// Bytes of the body.
    pub(super) length: u64,
}

impl Door {
    /// Connects to the door on this port.
    ///
    /// # Errors
    /// Those of every connection.
    pub(super) fn open(way: &Way, port: u16) -> Result<Self, Fault> {
        let (at, channel) = way.dial(port)?;
        Ok(Self {
            channel,
            token: way.token.as_ref().map(|token| token.reveal().to_owned()),
            cancel: way.cancel.clone(),
            patience: way.timing.patience,
            at,
            unread: Vec::new(),
            left: 0,
            closes: false,
        })
    }

    /// Another question can be asked here.
    pub(super) fn is_open(&self) -> bool {
        !self.closes && self.left == 0
    }

    /// Asks, and reads the head of the answer.
    ///
    /// # Errors
    /// [`Fault::Lost`], [`Fault::Strange`]; [`Fault::Refused`] with what the server says.
    pub(super) fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Fault> {
        self.write(self.head(question).as_bytes())?;
        // Whoever refuses may close before all is out; the reason waits to be read then.
        let written = self.write(question.body);
        let answer = match self.answer(question.method) {
            Ok(answer) => answer,
            Err(fault) => return Err(written.err().unwrap_or(fault)),
        };
        match answer.status {
            200..=299 => Ok(answer),
            status => Err(self.refusal(status)),
        }
    }

    fn head(&self, question: &Question<'_>) -> String {
        let Question {
            method,
            path,
            fields,
            body,
        } = question;
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.at);
        if let Some(token) = &self.token {
            head += &format!("Authorization: Bearer {token}\r\n");
        }
        for (name, value) in *fields {
            head += &format!("{name}: {value}\r\n");
        }
        head + &format!("Content-Length: {}\r\n\r\n", body.len())
    }

    /// The next bytes of the body, at most so many; none at its end.
    ///
    /// # Errors
    /// [`Fault::Lost`].
    pub(super) fn body(&mut self, most: usize) -> Result<Vec<u8>, Fault> {
        let most = usize::try_from(self.left).map_or(most, |left| left.min(most));
        if most == 0 {
            return Ok(Vec::new());
        }
        if self.unread.is_empty() {
            self.fill()?;
        }
        let rest = self.unread.split_off(most.min(self.unread.len()));
        let bytes = std::mem::replace(&mut self.unread, rest);
        self.left -= bytes.len() as u64;
        Ok(bytes)
    }

    /// The whole of a small body.
    ///
    /// # Errors
    /// [`Fault::Lost`]; [`Fault::Strange`] for a long one.
    pub(super) fn small(&mut self) -> Result<Vec<u8>, Fault> {
        let mut all = Vec::new();
        loop {
            let some = self.body(ANSWER_BYTES)?;
            if some.is_empty() {
                return Ok(all);
            }
            all.extend(some);
            if all.len() > ANSWER_BYTES {
                return Err(self.strange("its answer is too long"));
            }
        }
    }

    /// The server's own words.
    fn refusal(&mut self, status: u16) -> Fault {
        let body = self.small().unwrap_or_default();
        Fault::Refused(said(&body, status, "refused"))
    }

    fn answer(&mut self, method: &str) -> Result<Answer, Fault> {
        loop {
            if let Some((used, answer)) = self.parsed()? {
                self.unread.drain(..used);
                let has_body = method != "HEAD" && answer.status != 204;
                self.left = if has_body { answer.length } else { 0 };
                return Ok(answer);
            }
            if self.unread.len() > HEAD_BYTES {
                return Err(self.strange("the head of its answer is too long"));
            }
            self.fill()?;
        }
    }

    /// The head, if all of it is here, and how long it is.
    fn parsed(&mut self) -> Result<Option<(usize, Answer)>, Fault> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let used = match response.parse(&self.unread) {
            Ok(httparse::Status::Complete(used)) => used,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(error) => return Err(self.strange(&error.to_string())),
        };
        let field = |name: &str| {
            let mut all = response.headers.iter();
            let found = all.find(|field| field.name.eq_ignore_ascii_case(name))?;
            std::str::from_utf8(found.value).ok()
        };
        if field("transfer-encoding").is_some() {
            return Err(self.strange("its answer does not say how long it is"));
        }
        let number = |name: &str| field(name).and_then(|text| text.parse().ok());
        let answer = Answer {
            status: response.code.unwrap_or_default(),
            offset: number("upload-offset"),
            length: number("content-length").unwrap_or(0),
        };
        let closes = field("connection").is_some_and(|word| word.eq_ignore_ascii_case("close"));
        self.closes |= closes;
        Ok(Some((used, answer)))
    }

    fn fill(&mut self) -> Result<(), Fault> {
        let mut buffer = vec![0; PIECE];
        let end = Instant::now() + self.patience;
        loop {
            match self.channel.read(&mut buffer) {
                Ok(0) => return Err(self.lost("the server closed it")),
                Ok(read) => {
                    self.unread.extend_from_slice(&buffer[..read]);
                    return Ok(());
                }
                Err(error) => self.wait(&error, end)?,
            }
        }
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        let mut end = Instant::now() + self.patience;
        while !bytes.is_empty() || self.channel.wants_write() {
            let done = match bytes.is_empty() {
                true => self.channel.flush().map(|()| 0),
                false => self.channel.write(bytes),
            };
            match done {
                Ok(0) if !bytes.is_empty() => return Err(self.lost("the server closed it")),
                Ok(written) => {
                    bytes = &bytes[written..];
                    end = Instant::now() + self.patience;
                }
                Err(error) => self.wait(&error, end)?,
            }
        }
        Ok(())
    }

    /// Nothing moved for a tick.
    fn wait(&self, error: &io::Error, end: Instant) -> Result<(), Fault> {
        if !is_tick(error) {
            return Err(self.lost(&error.to_string()));
        }
        if self.cancel.is_set() {
            return Err(Fault::Interrupted {
                task_id: None,
                cancelled: false,
            });
        }
        match Instant::now() < end {
            true => Ok(()),
            false => Err(self.lost("it did not answer in time")),
        }
    }

    fn lost(&self, reason: &str) -> Fault {
        Fault::Lost {
            server: self.at.to_string(),
            reason: reason.to_owned(),
        }
    }

    fn strange(&self, detail: &str) -> Fault {
        Fault::Strange {
            server: self.at.to_string(),
            detail: detail.to_owned(),
        }
    }
}
