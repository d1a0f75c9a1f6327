//! Peers that are too slow, told from those that are only far away.
//!
//! Pure: the caller says what time it is (milliseconds of any clock that never goes back) and feeds
//! each [`Step`] of its [`crate::connection::Incoming`]; [`Pace::deadline_ms`] is when to look
//! again, [`Pace::is_too_slow`] the verdict.
//!
//! ```text
//!   Idle ──first byte──> Head ──Event::Head──> Payload ──Event::End──> Idle
//! ```

use crate::connection::{Event, Step};
use crate::fault::Fault;
use crate::limits;

/// How long a peer may take. The defaults stand in [`crate::limits`] with their reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceLimits {
    /// From a head's first byte to its last, milliseconds.
    pub head_ms: u64,
    /// Not measured at the beginning of a payload, milliseconds.
    pub payload_grace_ms: u64,
    /// After the grace: in each such time, milliseconds, ...
    pub payload_window_ms: u64,
    /// ... at least so many bytes.
    pub payload_window_bytes: u64,
    /// Between two frames, milliseconds.
    pub idle_ms: u64,
}

impl Default for PaceLimits {
    fn default() -> Self {
        Self {
            head_ms: limits::HEAD_MS,
            payload_grace_ms: limits::PAYLOAD_GRACE_MS,
            payload_window_ms: limits::PAYLOAD_WINDOW_MS,
            payload_window_bytes: limits::PAYLOAD_WINDOW_BYTES,
            idle_ms: limits::IDLE_MS,
        }
    }
}

/// The pace of one connection's receiving direction.
#[derive(Debug, Clone)]
pub struct Pace {
    limits: PaceLimits,
    phase: Phase,
    deadline_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Head,
    /// `bytes` came since the window began.
    Payload {
        bytes: u64,
    },
}

impl Pace {
    /// A connection that was opened now, with the usual limits.
    #[must_use]
    pub fn new(now_ms: u64) -> Self {
        Self::with_limits(now_ms, PaceLimits::default())
    }

    /// A connection that was opened now.
    #[must_use]
    pub fn with_limits(now_ms: u64, limits: PaceLimits) -> Self {
        Self {
            limits,
            phase: Phase::Idle,
            deadline_ms: now_ms.saturating_add(limits.idle_ms),
        }
    }

    /// Takes note of a step of the receiving half: its bytes and what they ended.
    pub fn on_step(&mut self, now_ms: u64, step: &Step) {
        self.on_bytes(now_ms, step.used as u64);
        match step.event {
            Some(Event::Head(_)) => self.on_head(now_ms),
            Some(Event::End) => self.on_idle(now_ms),
            Some(Event::Payload(_)) | None => {}
        }
    }

    /// `n` bytes have come.
    pub fn on_bytes(&mut self, now_ms: u64, n: u64) {
        match &mut self.phase {
            _ if n == 0 => {}
            Phase::Idle => {
                self.phase = Phase::Head;
                self.deadline_ms = now_ms.saturating_add(self.limits.head_ms);
            }
            Phase::Head => {}
            Phase::Payload { bytes } => {
                *bytes = bytes.saturating_add(n);
                // A full window opens the next one; trickling bytes don't move the deadline.
                if *bytes >= self.limits.payload_window_bytes {
                    *bytes = 0;
                    let window_end = now_ms.saturating_add(self.limits.payload_window_ms);
                    self.deadline_ms = self.deadline_ms.max(window_end);
                }
            }
        }
    }

    /// The head is complete (or was refused), payload follows.
    pub fn on_head(&mut self, now_ms: u64) {
        self.phase = Phase::Payload { bytes: 0 };
        let first_window = self
            .limits
            .payload_grace_ms
            .saturating_add(self.limits.payload_window_ms);
        self.deadline_ms = now_ms.saturating_add(first_window);
    }

    /// The frame is over, or its answer has been sent: the peer may think until the idle time ends.
    pub fn on_idle(&mut self, now_ms: u64) {
        self.phase = Phase::Idle;
        self.deadline_ms = now_ms.saturating_add(self.limits.idle_ms);
    }

    /// This side itself didn't read for `ms` (its disk was slow): not the peer's fault.
    pub fn excuse(&mut self, ms: u64) {
        self.deadline_ms = self.deadline_ms.saturating_add(ms);
    }

    /// When the peer becomes too slow unless bytes come.
    #[must_use]
    pub fn deadline_ms(&self) -> u64 {
        self.deadline_ms
    }

    /// Whether the deadline has passed.
    #[must_use]
    pub fn is_too_slow(&self, now_ms: u64) -> bool {
        now_ms >= self.deadline_ms
    }

    /// The fault to answer with. In the phase between frames nobody waits for an answer: just close.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let phase = match self.phase {
            Phase::Idle => "no request came",
            Phase::Head => "the request's JSON didn't arrive in time",
            Phase::Payload { .. } => "the file arrives at less than the lowest rate",
        };
        Fault::TooSlow { phase }
    }
}
