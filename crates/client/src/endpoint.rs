//! One connection: frames out, frames in, on a blocking socket that still hears Ctrl-C.
//!
//! The socket's timeouts are short ticks. At each the flag is looked at, and the time since the last byte; so one
//! `read` never outlives the caller's wish, and no second thread is needed.

use crate::channel::{Channel, is_tick};
use crate::timing::Timing;
use crate::trust::{Known, Security};
use crate::verifier::Found;
use crate::{Address, Cancel, Fault, Pin, Token};
use kinora_mmp::connection::{Event, Incoming};
use kinora_mmp::frame::Head;
use kinora_mmp::reply::Reply;
use socket2::{SockRef, TcpKeepalive};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::time::{Duration, Instant};

/// How long a read or write may block before the flag is looked at again.
const TICK: Duration = Duration::from_millis(200);
/// One read. Large enough that system calls cost nothing beside hashing; two of them fit into any cache.
pub(crate) const PIECE: usize = 1 << 20;
/// A dead peer is noticed after about this, and six probes, even while nobody writes.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// What is spoken here, as handshakes call it.
const PROTOCOL: &[u8] = b"mmp";

/// How sending a payload ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// All of the piece is on its way.
    Whole,
    /// The server has begun to answer (or has closed): reading says which. What is left need not be sent.
    Answered,
}

/// A connection to a server, between or inside of frames.
pub(crate) struct Endpoint {
    server: String,
    /// Goes with the first frame, and holds for the connection.
    token: Option<Token>,
    channel: Channel,
    cancel: Cancel,
    patience: Duration,
    incoming: Incoming,
    buffer: Vec<u8>,
    unread: Range<usize>,
}

impl Endpoint {
    /// Connects to the first of the server's addresses that answers, in TLS where that has to be.
    pub(crate) fn connect(
        server: &Address,
        timing: &Timing,
        cancel: &Cancel,
        token: Option<&Token>,
        security: &Security,
    ) -> Result<Self, Fault> {
        let dialled = Dial {
            at: server,
            known_as: server,
            protocol: PROTOCOL,
            has_token: token.is_some(),
        };
        let channel = dial(&dialled, timing, cancel, security)?;
        Ok(Self {
            server: server.to_string(),
            token: token.cloned(),
            channel,
            cancel: cancel.clone(),
            patience: timing.patience,
            incoming: Incoming::new(),
            buffer: vec![0; PIECE],
            unread: 0..0,
        })
    }

    /// Sends the head of a frame; its payload follows by [`Self::send_piece`].
    pub(crate) fn send(&mut self, head: &Head) -> Result<Sent, Fault> {
        let bytes = match self.token.take() {
            Some(token) => {
                let mut head = head.clone();
                head.json.insert("token".into(), token.reveal().into());
                head.encode()
            }
            None => head.encode(),
        };
        self.send_piece(&bytes.map_err(|fault| self.strange(&fault))?)
    }

    /// Sends bytes, unless the server answers before they are all out.
    pub(crate) fn send_piece(&mut self, mut bytes: &[u8]) -> Result<Sent, Fault> {
        self.look_at_flag()?;
        let mut moved = Instant::now();
        while !bytes.is_empty() {
            match self.channel.write(bytes) {
                Ok(n) if n > 0 => {
                    bytes = &bytes[n..];
                    moved = Instant::now();
                }
                Err(error) if is_tick(&error) => self.tick(moved)?,
                // A server that refuses closes while we still write; its reason may be waiting to be read.
                Ok(_) | Err(_) => return Ok(Sent::Answered),
            }
            if self.has_answer() {
                return Ok(Sent::Answered);
            }
        }
        Ok(Sent::Whole)
    }

    /// Sends a request without a payload and reads the whole answer, which must have none either.
    pub(crate) fn ask(&mut self, head: &Head) -> Result<Reply, Fault> {
        self.send(head)?;
        self.answer()
    }

    /// Reads a frame without a payload (or ignores what it has).
    pub(crate) fn answer(&mut self) -> Result<Reply, Fault> {
        let reply = self.reply()?;
        while self.payload()?.is_some() {}
        Ok(reply)
    }

    /// Reads the next frame's head as an answer; its payload follows by [`Self::payload`].
    pub(crate) fn reply(&mut self) -> Result<Reply, Fault> {
        loop {
            match self.step()? {
                Some(Event::Head(head)) => {
                    return Reply::parse(&head).map_err(|fault| self.strange(&fault));
                }
                Some(_) => return Err(self.lost("a payload came without its head")),
                None => self.fill()?,
            }
        }
    }

    /// Waits until the next frame begins to arrive; false when `limit` is over first.
    pub(crate) fn is_heard_within(&mut self, limit: Duration) -> Result<bool, Fault> {
        Ok(!self.unread.is_empty() || self.fill_until(Instant::now() + limit)?)
    }

    /// The next piece of the payload; `None` when the frame is over.
    pub(crate) fn payload(&mut self) -> Result<Option<&[u8]>, Fault> {
        loop {
            match self.step()? {
                Some(Event::Payload(n)) => {
                    let end = self.unread.start;
                    return Ok(Some(&self.buffer[end - n..end]));
                }
                Some(Event::End) => return Ok(None),
                Some(Event::Head(_)) => return Err(self.lost("a head came inside of a payload")),
                None => self.fill()?,
            }
        }
    }

    /// What this connection's loss looks like to the caller.
    pub(crate) fn lost(&self, reason: impl Into<String>) -> Fault {
        Fault::Lost {
            server: self.server.clone(),
            reason: reason.into(),
        }
    }

    /// What an answer looks like that does not fit the question.
    pub(crate) fn strange(&self, detail: &dyn std::fmt::Display) -> Fault {
        Fault::Strange {
            server: self.server.clone(),
            detail: detail.to_string(),
        }
    }

    /// Lets the state machine look at what has been read; `None` when it needs more.
    fn step(&mut self) -> Result<Option<Event>, Fault> {
        loop {
            let step = self.incoming.advance(&self.buffer[self.unread.clone()]);
            let step = step.map_err(|fault| self.strange(&fault))?;
            self.unread.start += step.used;
            if step.event.is_some() || step.used == 0 {
                return Ok(step.event);
            }
        }
    }

    fn fill(&mut self) -> Result<(), Fault> {
        let end = Instant::now() + self.patience;
        if self.fill_until(end)? {
            return Ok(());
        }
        Err(self.lost(format!("no byte came for {} s", self.patience.as_secs())))
    }

    /// Reads what is there; false when nothing came until `end`.
    fn fill_until(&mut self, end: Instant) -> Result<bool, Fault> {
        self.look_at_flag()?;
        if self.unread.is_empty() {
            self.unread = 0..0;
        } else if self.unread.end == self.buffer.len() {
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
        }
        loop {
            match self.channel.read(&mut self.buffer[self.unread.end..]) {
                Ok(0) => return Err(self.lost("the server closed it")),
                Ok(n) => {
                    self.unread.end += n;
                    return Ok(true);
                }
                Err(error) if is_tick(&error) => {
                    self.look_at_flag()?;
                    if Instant::now() >= end {
                        return Ok(false);
                    }
                }
                Err(error) => return Err(self.lost(plain(&error))),
            }
        }
    }

    /// A write has waited for a tick.
    fn tick(&self, moved: Instant) -> Result<(), Fault> {
        self.look_at_flag()?;
        if moved.elapsed() >= self.patience {
            return Err(self.lost(format!("no byte went for {} s", self.patience.as_secs())));
        }
        Ok(())
    }

    fn look_at_flag(&self) -> Result<(), Fault> {
        if self.cancel.is_set() {
            return Err(Fault::Interrupted {
                task_id: None,
                cancelled: false,
            });
        }
        Ok(())
    }

    /// Bytes wait to be read, or the connection's end does.
    fn has_answer(&mut self) -> bool {
        !self.unread.is_empty() || self.channel.has_answer()
    }
}

/// Whom to connect to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dial<'a> {
    /// Where.
    pub(crate) at: &'a Address,
    /// Under which address the server is known: its key is the same at all its doors.
    pub(crate) known_as: &'a Address,
    /// What is to be spoken, as handshakes call it.
    pub(crate) protocol: &'a [u8],
    /// A token will be sent.
    pub(crate) has_token: bool,
}

/// Connects to the first of the addresses that answers, in TLS where that has to be.
pub(crate) fn dial(
    dial: &Dial<'_>,
    timing: &Timing,
    cancel: &Cancel,
    security: &Security,
) -> Result<Channel, Fault> {
    let (at, server) = (dial.at, dial.known_as);
    let unreachable = |error: io::Error| unreachable(at, &error);
    let stream = open(&at.resolve().map_err(unreachable)?, timing.connect).map_err(unreachable)?;
    prepare(&stream).map_err(unreachable)?;
    let peer = stream.peer_addr().map_err(unreachable)?;
    let is_near = peer.ip().to_canonical().is_loopback();
    let known = security.trust.known(server);
    let known = known.map_err(|error| unkept(server, &error))?;
    match way(security, known, is_near) {
        Way::Plain if dial.has_token && !is_near => Err(Fault::PlainToken {
            server: server.to_string(),
        }),
        Way::Plain => Ok(Channel::plain(stream)),
        Way::Tls(known) => {
            let limit = timing.connect;
            let (channel, found) =
                Channel::encrypted(stream, server, dial.protocol, known, limit, cancel)?;
            if let Found::New(pin) = found {
                let kept = security.trust.meet(server, &pin);
                kept.map_err(|error| unkept(server, &error))?;
            }
            Ok(channel)
        }
    }
}

/// How a server is spoken to.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    Plain,
    /// With the key that it is known by.
    Tls(Option<Pin>),
}

fn way(security: &Security, known: Option<Known>, is_near: bool) -> Way {
    match known {
        _ if security.is_plain => Way::Plain,
        Some(Known::Key(pin)) => Way::Tls(Some(pin)),
        Some(Known::Plain) => Way::Plain,
        None if is_near => Way::Plain,
        None => Way::Tls(None),
    }
}

/// Shakes hands with a server, whoever it is, and says by which key it is known from now on. Nothing is sent to it.
pub(crate) fn meet(server: &Address, timing: &Timing, cancel: &Cancel) -> Result<Pin, Fault> {
    let unreachable = |error: io::Error| unreachable(server, &error);
    let stream =
        open(&server.resolve().map_err(unreachable)?, timing.connect).map_err(unreachable)?;
    prepare(&stream).map_err(unreachable)?;
    let (_, found) = Channel::encrypted(stream, server, PROTOCOL, None, timing.connect, cancel)?;
    match found {
        Found::Vouched(pin) | Found::Known(pin) | Found::New(pin) | Found::Changed(pin) => Ok(pin),
    }
}

fn unreachable(server: &Address, error: &io::Error) -> Fault {
    Fault::Unreachable {
        server: server.to_string(),
        reason: plain(error),
    }
}

fn unkept(server: &Address, error: &io::Error) -> Fault {
    Fault::Unkept {
        server: server.to_string(),
        reason: plain(error),
    }
}

fn open(addresses: &[SocketAddr], limit: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::from(ErrorKind::NotFound);
    for address in addresses {
        match TcpStream::connect_timeout(address, limit) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TICK))?;
    stream.set_write_timeout(Some(TICK))?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE / 3);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

/// The system's words without its error number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_this_machine_it_is_tls_unless_somebody_decided_otherwise() {
        let pin = Pin::of(b"key");
        let key = || Some(Known::Key(pin.clone()));
        let check = |is_plain, known, is_near, expected: Way| {
            let security = Security {
                is_plain,
                ..Security::default()
            };
            assert_eq!(way(&security, known, is_near), expected);
        };
        check(false, None, true, Way::Plain);
        check(false, None, false, Way::Tls(None));
        check(false, key(), true, Way::Tls(Some(pin.clone())));
        check(false, key(), false, Way::Tls(Some(pin.clone())));
        check(false, Some(Known::Plain), false, Way::Plain);
        check(true, key(), false, Way::Plain);
    }
}
