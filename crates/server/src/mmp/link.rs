//! One connection's socket with the receiving state machine: heads, and payload in bursts.

use super::secure::Secure;
use super::socket;
use crate::listen::{self, gate::Channel};
use kinora_mmp::connection::{Event, Incoming};
use kinora_mmp::frame::Head;
use kinora_mmp::pace::{Pace, PaceLimits};
use rustix::net::RecvFlags;
use std::cell::RefCell;
use std::io;
use std::time::{Duration, Instant};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::TcpStream;

/// What one read takes at most: measured fastest, because every wake-up is dear.
const BURST: usize = 1 << 20;
/// A peer that does not take a byte of an answer for this long is given up.
const WRITE_STALL: Duration = Duration::from_secs(60);

thread_local! {
    /// One for each thread of the runtime, not for each connection: nothing waits while it is in use.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; BURST]);
}

/// Why a connection is over.
#[derive(Debug, thiserror::Error)]
pub(super) enum Gone {
    /// The peer closed it, between two frames or in the middle of one.
    #[error("the peer closed the connection")]
    Closed {
        /// In the middle of a frame.
        midway: bool,
    },
    /// Too slow, or silent for too long.
    #[error("{0}")]
    Slow(kinora_mmp::Fault),
    /// Not our protocol; nothing more can be read.
    #[error("{0}")]
    Lost(kinora_mmp::Fault),
    /// The network.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// What a burst of payload ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Burst {
    /// There is more to come.
    More,
    /// The frame is over.
    End,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) stream: TcpStream,
    secure: Option<Secure>,
    incoming: Incoming,
    pace: Pace,
    began: Instant,
    pub(super) write_patience: Duration,
    /// The low-water mark that is set; setting it costs a system call.
    low_water: u64,
}

impl Link {
    pub(super) fn new(channel: Channel, patience: Option<Duration>) -> Self {
        let (stream, secure) = match channel {
            Channel::Plain(stream) => (stream, None),
            Channel::Tls(stream) => {
                let (stream, connection) = stream.into_inner();
                (stream, Some(Secure::new(connection)))
            }
        };
        listen::prepare(&stream);
        let usual = PaceLimits::default();
        let pace = patience.map_or(usual, |patience| {
            let ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
            PaceLimits {
                head_ms: ms,
                payload_grace_ms: ms,
                payload_window_ms: ms,
                idle_ms: ms,
                ..usual
            }
        });
        Self {
            stream,
            secure,
            incoming: Incoming::new(),
            pace: Pace::with_limits(0, pace),
            began: Instant::now(),
            write_patience: patience.unwrap_or(WRITE_STALL),
            low_water: 1,
        }
    }

    fn set_low_water(&mut self, missing: u64) {
        let bytes = missing.clamp(1, socket::LOW_WATER);
        // What of an encrypted payload is still to come on the socket nobody knows.
        if bytes != self.low_water && self.secure.is_none() {
            self.low_water = bytes;
            socket::set_low_water(&self.stream, bytes);
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The next head. The inner error is the peer's fault; its payload can still be passed over.
    pub(super) async fn head(&mut self) -> Result<Result<Head, kinora_mmp::Fault>, Gone> {
        self.set_low_water(1);
        self.pace.on_idle(self.now_ms());
        loop {
            match self.read(&mut |_| {}).await? {
                Ok(Some(Event::Head(head))) => return Ok(Ok(head)),
                Ok(_) => {}
                Err(fault) if fault.is_fatal() => return Err(Gone::Lost(fault)),
                Err(fault) => return Ok(Err(fault)),
            }
        }
    }

    /// Waits until payload is there and hands what is there to `sink`, at most [`BURST`] bytes.
    pub(super) async fn payload(
        &mut self,
        sink: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<Burst, Gone> {
        self.set_low_water(self.incoming.wanted());
        match self.read(sink).await? {
            Ok(Some(Event::End)) => Ok(Burst::End),
            Ok(_) => Ok(Burst::More),
            Err(fault) => Err(Gone::Lost(fault)),
        }
    }

    /// One read, never beyond what the frame still lacks, so that nothing of the next request is taken along.
    /// Returns the last event.
    async fn read(
        &mut self,
        sink: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<Result<Option<Event>, kinora_mmp::Fault>, Gone> {
        if self.incoming.wanted() == 0 {
            return Ok(self.incoming.advance(&[]).map(|step| step.event));
        }
        // What has been decrypted already wakes nobody.
        let mut late = match self.secure {
            Some(_) => false,
            None => self.wait_readable().await?,
        };
        loop {
            let read = BUFFER.with_borrow_mut(|buffer| self.take(buffer, late, sink));
            match read {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    late = self.wait_readable().await?;
                }
                Err(error) => return Err(error.into()),
                Ok(Taken::Nothing) => {
                    let midway = !self.incoming.is_between_frames();
                    return Err(Gone::Closed { midway });
                }
                Ok(Taken::Bytes(event)) => return Ok(event),
            }
        }
    }

    fn take(
        &mut self,
        buffer: &mut [u8],
        late: bool,
        sink: &mut (dyn FnMut(&[u8]) + Send),
    ) -> io::Result<Taken> {
        let wanted = usize::try_from(self.incoming.wanted()).unwrap_or(usize::MAX);
        let room = wanted.min(buffer.len());
        let n = if let Some(secure) = &mut self.secure {
            secure.read(&self.stream, &mut buffer[..room])?
        } else if late {
            // Fewer bytes than the low-water mark wake nobody, but they are there.
            let flags = RecvFlags::DONTWAIT;
            rustix::net::recv(&self.stream, &mut buffer[..room], flags).map(|(n, _)| n)?
        } else {
            self.stream.try_read(&mut buffer[..room])?
        };
        if n == 0 {
            return Ok(Taken::Nothing);
        }
        self.pace.on_bytes(self.now_ms(), n as u64);
        Ok(Taken::Bytes(self.feed(&buffer[..n], sink)))
    }

    fn feed(
        &mut self,
        mut bytes: &[u8],
        sink: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<Option<Event>, kinora_mmp::Fault> {
        let (mut last, mut refused) = (None, None);
        loop {
            let step = match self.incoming.advance(bytes) {
                Ok(step) => step,
                Err(fault) if fault.is_fatal() => return Err(fault),
                Err(fault) => {
                    // The machine now passes over the rest of the head, which is still in our hands.
                    self.pace.on_head(self.now_ms());
                    refused = Some(fault);
                    continue;
                }
            };
            match &step.event {
                Some(Event::Payload(n)) => sink(&bytes[step.used - n..step.used]),
                Some(Event::Head(_)) => self.pace.on_head(self.now_ms()),
                Some(Event::End) | None => {}
            }
            bytes = &bytes[step.used..];
            let is_head = matches!(step.event, Some(Event::Head(_)));
            last = step.event.or(last);
            if bytes.is_empty() && (is_head || self.incoming.wanted() > 0) {
                return refused.map_or(Ok(last), Err);
            }
        }
    }

    /// Whether a frame has begun whose end has not come yet.
    pub(super) fn is_midway(&self) -> bool {
        !self.incoming.is_between_frames()
    }

    /// Whether the connection is still in order: a peer that gave up early has reset it.
    pub(super) fn is_sound(&self) -> bool {
        matches!(self.stream.take_error(), Ok(None)) && self.stream.peer_addr().is_ok()
    }

    /// Waits until there is something to read. True when the low-water mark may hold back what is there.
    async fn wait_readable(&mut self) -> Result<bool, Gone> {
        let left = self.pace.deadline_ms().saturating_sub(self.now_ms());
        let patience = Duration::from_millis(left.clamp(1, 5_000));
        match tokio::time::timeout(patience, self.stream.readable()).await {
            Ok(ready) => ready.map(|()| false).map_err(Gone::Io),
            Err(_) if self.pace.is_too_slow(self.now_ms()) && !self.has_bytes() => {
                Err(if self.is_midway() {
                    Gone::Slow(self.pace.fault())
                } else {
                    Gone::Closed { midway: false }
                })
            }
            Err(_) => Ok(true),
        }
    }

    fn has_bytes(&self) -> bool {
        let mut one = [0u8; 1];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        matches!(rustix::net::recv(&self.stream, &mut one, flags), Ok((n, _)) if n > 0)
    }

    /// This side was busy with its disk: not the peer's fault.
    pub(super) fn excuse(&mut self, since: Instant) {
        let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.pace.excuse(ms);
    }

    /// Writes a head in one piece: a client was seen that takes every read for full.
    pub(super) async fn write(&mut self, head: &Head) -> Result<(), Gone> {
        let bytes = head.encode().map_err(Gone::Lost)?;
        if self.secure.is_some() {
            return self.write_encrypted(&bytes).await;
        }
        let written =
            tokio::time::timeout(self.write_patience, self.stream.write_all(&bytes)).await;
        written
            .map_err(|_| Gone::Io(io::ErrorKind::TimedOut.into()))?
            .map_err(Gone::Io)
    }

    /// Whether this link is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.secure.is_some()
    }

    /// Encrypts bytes, and sends them all.
    pub(super) async fn write_encrypted(&mut self, mut bytes: &[u8]) -> Result<(), Gone> {
        loop {
            let Some(secure) = &mut self.secure else {
                return Ok(());
            };
            let taken = secure.write(bytes)?;
            bytes = &bytes[taken..];
            while secure.has_unsent() {
                let ready = tokio::time::timeout(self.write_patience, self.stream.writable());
                ready
                    .await
                    .map_err(|_| Gone::Io(io::ErrorKind::TimedOut.into()))??;
                match secure.push(&self.stream) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    pushed => pushed?,
                }
            }
            if bytes.is_empty() {
                return Ok(());
            }
        }
    }

    /// Says that nothing more comes, where that is said.
    pub(super) fn end(&mut self) {
        if let Some(secure) = &mut self.secure {
            secure.end(&self.stream);
        }
    }

    /// Waits until the peer speaks (true) or has ended its side (false).
    pub(super) async fn speaks(&mut self) -> bool {
        loop {
            match self.look() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(speaks) => return speaks,
                Err(_) => return false,
            }
            if self.stream.readable().await.is_err() {
                return false;
            }
        }
    }

    fn look(&mut self) -> io::Result<bool> {
        if let Some(secure) = &mut self.secure {
            return secure.speaks(&self.stream);
        }
        let mut one = [0u8; 1];
        self.stream.try_io(Interest::READABLE, || {
            let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
            Ok(rustix::net::recv(&self.stream, &mut one, flags)?.0 > 0)
        })
    }

    /// Waits until the connection is dead: a peer that has only ended its sending side still listens.
    pub(super) async fn dies(&mut self) {
        if self.speaks().await {
            // Further requests wait until this one is answered; they say that the peer is alive.
            std::future::pending::<()>().await;
        }
        while self.is_sound() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

enum Taken {
    /// The peer has ended its side.
    Nothing,
    Bytes(Result<Option<Event>, kinora_mmp::Fault>),
}
