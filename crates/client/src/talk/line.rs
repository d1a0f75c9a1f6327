//! The connection: a WebSocket over the same bytes as every other connection to a server, read and written as far as it
//! goes without waiting.

use super::limits::{READ_BYTES, WRITE_BYTES};
use crate::channel::{Channel, is_tick};
use crate::endpoint::{self, Dial};
use crate::{Address, Cancel, Fault, Security, Timing, Token};
use kinora_mmp::Problem;
use kinora_talk::frame::{PROTOCOL, Tell};
use kinora_talk::limits::FRAME_BYTES_MAX;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use tungstenite::client::{ClientRequestBuilder, client_with_config};
use tungstenite::handshake::HandshakeError;
use tungstenite::http::{Response, Uri};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, Message, WebSocket};

/// Where and how to connect.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// Where the server speaks MMP: under this address it is known.
    pub(super) server: Address,
    pub(super) token: Option<Token>,
    pub(super) security: Security,
    pub(super) timing: Timing,
    pub(super) cancel: Cancel,
}

impl Way {
    /// Connects to the HTTP door on this port, which is known as the server is.
    ///
    /// # Errors
    /// Those of every connection.
    pub(super) fn dial(&self, port: u16) -> Result<(Address, Channel), Fault> {
        let at = self.server.with_port(port);
        let dial = Dial {
            at: &at,
            known_as: &self.server,
            protocol: b"http/1.1",
            has_token: self.token.is_some(),
        };
        let channel = endpoint::dial(&dial, &self.timing, &self.cancel, &self.security)?;
        Ok((at, channel))
    }
}

/// An open connection.
pub(super) struct Line {
    socket: WebSocket<Bytes>,
    server: String,
    /// The name under which the server was called.
    pub(super) host: String,
    /// Something was written and is not out.
    is_behind: bool,
    /// When anything came last.
    pub(super) heard: Instant,
}

/// A channel as the WebSocket takes it.
struct Bytes(Channel);

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Line {
    /// Connects to the HTTP door on this port.
    ///
    /// # Errors
    /// Those of every connection; [`Fault::Refused`] with what the server says.
    pub(super) fn open(way: &Way, port: u16) -> Result<Self, Fault> {
        let (at, channel) = way.dial(port)?;
        let host = at.to_string().to_ascii_lowercase();
        let uri: Uri = format!("ws://{host}/chat")
            .parse()
            .map_err(|_| Fault::Strange {
                server: at.to_string(),
                detail: "its name cannot stand in an address of the web".into(),
            })?;
        let mut request = ClientRequestBuilder::new(uri).with_sub_protocol(PROTOCOL);
        if let Some(token) = &way.token {
            request = request.with_header("Authorization", format!("Bearer {}", token.reveal()));
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(WRITE_BYTES)
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let end = Instant::now() + way.timing.connect;
        let mut shaken = client_with_config(request, Bytes(channel), Some(config));
        let socket = loop {
            match shaken {
                Ok((socket, _)) => break socket,
                Err(HandshakeError::Interrupted(half)) => {
                    if way.cancel.is_set() {
                        return Err(interrupted());
                    }
                    if Instant::now() >= end {
                        return Err(lost(&at, "it did not answer in time"));
                    }
                    shaken = half.handshake();
                }
                Err(HandshakeError::Failure(Error::Http(response))) => {
                    return Err(Fault::Refused(refusal(&response)));
                }
                Err(HandshakeError::Failure(error)) => return Err(lost(&at, &error.to_string())),
            }
        };
        let unblocked = socket.get_ref().0.unblock();
        unblocked.map_err(|error| lost(&at, &error.to_string()))?;
        Ok(Self {
            socket,
            server: at.to_string(),
            host,
            is_behind: false,
            heard: Instant::now(),
        })
    }

    /// Hands a frame over; it goes as far as it can without waiting.
    ///
    /// # Errors
    /// [`Fault::Lost`].
    pub(super) fn say(&mut self, frame: Vec<u8>) -> Result<(), Fault> {
        let written = self.socket.write(Message::binary(frame));
        self.judge(written)?;
        self.push()
    }

    /// Sends on what could not go before.
    ///
    /// # Errors
    /// [`Fault::Lost`].
    pub(super) fn push(&mut self) -> Result<(), Fault> {
        let flushed = self.socket.flush();
        self.is_behind = matches!(&flushed, Err(Error::Io(error)) if is_tick(error));
        self.judge(flushed)
    }

    /// The next frame, if one is there.
    ///
    /// # Errors
    /// [`Fault::Lost`] when there will be none any more, [`Fault::Refused`] when the server said why.
    pub(super) fn hear(&mut self) -> Result<Option<Tell>, Fault> {
        loop {
            match self.socket.read() {
                Ok(Message::Binary(bytes)) => {
                    self.heard = Instant::now();
                    match Tell::from_bytes(&bytes) {
                        Ok(tell) => return Ok(Some(tell)),
                        // Of a later version.
                        Err(kinora_talk::Fault::FrameUnknown) => {}
                        Err(fault) => return Err(self.lost(&fault.to_string())),
                    }
                }
                Ok(Message::Close(frame)) => {
                    let code = frame.map_or(1005, |frame| u16::from(frame.code));
                    return Err(self.closed(code));
                }
                Ok(_) => self.heard = Instant::now(),
                Err(Error::Io(error)) if is_tick(&error) => return Ok(None),
                Err(error) => return Err(self.lost(&error.to_string())),
            }
        }
    }

    /// Waits until something came, something can go, or the other end of `wake` was written to; no longer than `limit`.
    pub(super) fn wait(&self, wake: &UnixStream, limit: Duration) {
        let channel = &self.socket.get_ref().0;
        let mut events = PollFlags::IN;
        if self.is_behind || channel.wants_write() {
            events |= PollFlags::OUT;
        }
        let mut sources = [
            PollFd::new(channel.stream(), events),
            PollFd::new(wake, PollFlags::IN),
        ];
        let limit = Timespec {
            tv_sec: limit.as_secs().try_into().unwrap_or(1),
            tv_nsec: limit.subsec_nanos().into(),
        };
        // A signal ends it early, which is as good as a tick.
        let _ = poll(&mut sources, Some(&limit));
    }

    /// Says that nothing more comes, and waits a little for the other side's word.
    pub(super) fn close(mut self, limit: Duration) {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            match self.hear() {
                Ok(None) => {
                    let mut sources =
                        [PollFd::new(self.socket.get_ref().0.stream(), PollFlags::IN)];
                    let tick = Timespec {
                        tv_sec: 0,
                        tv_nsec: 50_000_000,
                    };
                    let _ = poll(&mut sources, Some(&tick));
                }
                Ok(Some(_)) => {}
                Err(_) => return,
            }
        }
    }

    pub(super) fn lost(&self, reason: &str) -> Fault {
        Fault::Lost {
            server: self.server.clone(),
            reason: reason.to_owned(),
        }
    }

    fn judge(&self, done: Result<(), Error>) -> Result<(), Fault> {
        match done {
            Ok(()) => Ok(()),
            Err(Error::Io(error)) if is_tick(&error) => Ok(()),
            Err(error) => Err(self.lost(&error.to_string())),
        }
    }

    fn closed(&self, code: u16) -> Fault {
        let said = |code: &str, description: &str, solution: &str| {
            Fault::Refused(Problem {
                code: code.into(),
                description: description.into(),
                solution: solution.into(),
            })
        };
        match code {
            4410 => said(
                "replaced",
                "this device has connected from somewhere else",
                "use one of the two",
            ),
            4403 => said(
                "invalid_token",
                "the token was taken back, or its time is over",
                "ask the server's operator for another one (kinora token create NAME)",
            ),
            1012 => self.lost("the server stops"),
            code => self.lost(&format!("the server closed it ({code})")),
        }
    }
}

fn lost(at: &Address, reason: &str) -> Fault {
    Fault::Lost {
        server: at.to_string(),
        reason: reason.to_owned(),
    }
}

fn interrupted() -> Fault {
    Fault::Interrupted {
        task_id: None,
        cancelled: false,
    }
}

fn refusal(response: &Response<Option<Vec<u8>>>) -> Problem {
    let status = response.status().as_u16();
    let code = match status {
        401 => "token_required",
        403 => "wrong_scope",
        404 => "no_talk",
        _ => "refused",
    };
    said(response.body().as_deref().unwrap_or_default(), status, code)
}

/// The server's own words (problem+json), or ours where it has none.
pub(super) fn said(body: &[u8], status: u16, code: &str) -> Problem {
    let said: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str, other: &str| said[name].as_str().unwrap_or(other).to_owned();
    Problem {
        code: text("code", code),
        description: text("description", &format!("the server answers {status}")),
        solution: text(
            "solution",
            "check that a Kinora server of this version listens there",
        ),
    }
}
