//! The receiving half of a connection as a state machine without a socket.
//!
//! ```text
//!   Header ──8 bytes──> Head ──JSON + media type──> Payload ──all of it──> Over ──End──> Header
//!                         └────── bad bytes: Err ──> Refused ──┘
//! ```
//!
//! Bytes go in by [`Incoming::advance`], events come out. It keeps the bytes of an unfinished head
//! (at most 8 + 65,535 + 255, and never more than have arrived, times two for growth); the payload is
//! only counted, the caller takes it from its own buffer.
//!
//! The caller's loop is the same for every input: call `advance` with what it has not yet given,
//! drop `used` bytes, handle the event, and read more only when there was no event.

use crate::fault::Fault;
use crate::frame::{Head, Header};
use crate::limits::HEADER;

/// What one call of [`Incoming::advance`] did.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Bytes taken from the front of the input.
    pub used: usize,
    /// What they meant. `None`: the whole input was used and more is needed.
    pub event: Option<Event>,
}

/// What has arrived.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Everything before the payload; its `payload_len` may be 0.
    Head(Head),
    /// The last `n` of the used bytes are payload, `n >= 1`.
    Payload(usize),
    /// The frame is over. Comes after every frame, also after one without payload and after one
    /// whose head was refused. Uses no bytes unless a refused head still has to be passed over.
    End,
}

/// The state machine. One for each connection and direction.
#[derive(Debug, Default)]
pub struct Incoming {
    state: State,
}

#[derive(Debug)]
enum State {
    /// Collecting the eight bytes of sizes.
    Header { bytes: [u8; HEADER], have: usize },
    /// Collecting JSON and media type.
    Head { header: Header, bytes: Vec<u8> },
    /// The head was bad. Its last `pass_over` bytes have been looked at but not yet used.
    Refused { pass_over: usize, payload: u64 },
    /// Counting payload, at least one byte is still to come.
    Payload { left: u64 },
    /// All bytes of the frame were used, `End` has not been told yet.
    Over,
    /// The peer speaks something else; nothing can follow.
    Lost { protocol: &'static str },
}

impl Default for State {
    fn default() -> Self {
        Self::Header {
            bytes: [0; HEADER],
            have: 0,
        }
    }
}

impl Incoming {
    /// A connection before its first byte.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes from the front of `input`, up to the next event. Call it until it returns no event.
    ///
    /// # Errors
    /// What is wrong with the head. An error uses no bytes: after one that isn't fatal, go on with the
    /// same input; the rest of the frame comes as `Payload` events and `End`, and the next frame can
    /// be read. A fatal one is repeated by every further call.
    pub fn advance(&mut self, input: &[u8]) -> Result<Step, Fault> {
        let mut used = 0;
        loop {
            let (state, step) = std::mem::take(&mut self.state).step(&input[used..]);
            self.state = state;
            let Step { used: more, event } = step.inspect_err(|_| self.state.give_back(used))?;
            used += more;
            if event.is_some() || used == input.len() && !self.state.is_ready() {
                return Ok(Step { used, event });
            }
        }
    }

    /// Bytes that may be read before anything else begins: what the header, or JSON and media type,
    /// or the payload still lack. 0 while `End` has not been taken.
    #[must_use]
    pub fn wanted(&self) -> u64 {
        match &self.state {
            State::Header { have, .. } => (HEADER - have) as u64,
            State::Head { header, bytes } => (header.head_len() - bytes.len()) as u64,
            State::Refused { pass_over, payload } => *pass_over as u64 + payload,
            State::Payload { left } => *left,
            State::Over | State::Lost { .. } => 0,
        }
    }

    /// Whether no frame has begun: the end of the stream is orderly here, and a cut anywhere else.
    #[must_use]
    pub fn is_between_frames(&self) -> bool {
        matches!(self.state, State::Header { have: 0, .. })
    }
}

impl State {
    /// One move of the machine. `Ok` without event and without bytes means that more input is needed,
    /// unless the state [`is_ready`](Self::is_ready).
    fn step(self, input: &[u8]) -> (Self, Result<Step, Fault>) {
        match self {
            Self::Header { bytes, have } => collect_header(bytes, have, input),
            Self::Head { header, bytes } => collect_head(header, bytes, input),
            Self::Refused { pass_over, payload } => {
                let used = input.len().min(pass_over);
                let state = match pass_over - used {
                    0 => Self::after_head(payload),
                    pass_over => Self::Refused { pass_over, payload },
                };
                (state, silent(used))
            }
            Self::Payload { left } => {
                let used = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
                let event = (used > 0).then_some(Event::Payload(used));
                (
                    Self::after_head(left - used as u64),
                    Ok(Step { used, event }),
                )
            }
            Self::Over => (
                Self::default(),
                Ok(Step {
                    used: 0,
                    event: Some(Event::End),
                }),
            ),
            Self::Lost { protocol } => (self, Err(Fault::OtherProtocol { protocol })),
        }
    }

    fn after_head(payload: u64) -> Self {
        match payload {
            0 => Self::Over,
            left => Self::Payload { left },
        }
    }

    /// Whether the state moves on without any input.
    fn is_ready(&self) -> bool {
        match self {
            Self::Head { header, bytes } => header.head_len() == bytes.len(),
            Self::Over => true,
            _ => false,
        }
    }

    /// The call that found a head bad reports an error instead of used bytes, so the `used` bytes of
    /// its earlier moves come a second time.
    fn give_back(&mut self, used: usize) {
        if let Self::Refused { pass_over, .. } = self {
            *pass_over += used;
        }
    }
}

fn silent(used: usize) -> Result<Step, Fault> {
    Ok(Step { used, event: None })
}

fn collect_header(
    mut bytes: [u8; HEADER],
    have: usize,
    input: &[u8],
) -> (State, Result<Step, Fault>) {
    let used = input.len().min(HEADER - have);
    let have = have + used;
    bytes[have - used..have].copy_from_slice(&input[..used]);
    if let Some(protocol) = other_protocol(&bytes[..have]) {
        return (
            State::Lost { protocol },
            Err(Fault::OtherProtocol { protocol }),
        );
    }
    let state = match have {
        HEADER => State::Head {
            header: Header::decode(&bytes),
            bytes: Vec::new(),
        },
        have => State::Header { bytes, have },
    };
    (state, silent(used))
}

fn collect_head(header: Header, mut bytes: Vec<u8>, input: &[u8]) -> (State, Result<Step, Fault>) {
    let used = input.len().min(header.head_len() - bytes.len());
    bytes.extend_from_slice(&input[..used]);
    if bytes.len() < header.head_len() {
        return (State::Head { header, bytes }, silent(used));
    }
    let payload = header.payload_len;
    match Head::decode(header, &bytes) {
        Ok(head) => (
            State::after_head(payload),
            Ok(Step {
                used,
                event: Some(Event::Head(head)),
            }),
        ),
        Err(fault) => (
            State::Refused {
                pass_over: used,
                payload,
            },
            Err(fault),
        ),
    }
}

/// Names the protocol of somebody who knocked at the wrong door, so that he is turned away at once
/// instead of after the time for a head. No real frame begins so: as a header these letters
/// mean a media type of more than 64 bytes and a payload of more than 130 GB.
fn other_protocol(bytes: &[u8]) -> Option<&'static str> {
    const HTTP: [&[u8]; 9] = [
        b"GET /",
        b"HEAD /",
        b"POST /",
        b"PUT /",
        b"DELETE /",
        b"OPTIONS ",
        b"PATCH /",
        b"CONNECT ",
        b"PRI * H",
    ];
    HTTP.iter()
        .any(|method| bytes.starts_with(method))
        .then_some("HTTP")
}
