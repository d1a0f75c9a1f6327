//! The only loop that tries again.
//!
//! A step is repeated when its connection was lost, with pauses that double up to a cap and vary, so that many clients
//! of a server that restarts do not come back in one moment. Attempts are counted since the step last came further
//! than ever before: a long upload over a bad line goes on, a server that fails at the same byte each time does not
//! get it for ever.

use crate::{Cancel, Event, Fault, Observer};
use std::time::{Duration, Instant};

/// How often, and with which pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The first pause; each further one is twice as long.
    pub first: Duration,
    /// No pause is longer.
    pub cap: Duration,
    /// Attempts in a row that came no further before the fault is final.
    pub attempts: u32,
}

impl Default for Policy {
    /// Ten attempts: about two minutes, in which a server restarts and a router changes its address.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(250),
            cap: Duration::from_secs(30),
            attempts: 10,
        }
    }
}

impl Policy {
    /// The pause before attempt `failures + 1`: between a half and the whole of the doubled time. `chance` is any
    /// random number.
    #[must_use]
    pub fn pause(&self, failures: u32, chance: u32) -> Duration {
        let doubled = self
            .first
            .saturating_mul(1 << failures.saturating_sub(1).min(20));
        let whole = doubled.min(self.cap);
        let part = f64::from(chance) / f64::from(u32::MAX);
        whole.mul_f64(0.5 + part / 2.0)
    }
}

/// What an attempt tells the loop about itself.
#[derive(Debug, Default)]
pub(crate) struct Attempt {
    further: bool,
}

impl Attempt {
    /// It came further than any attempt before it: the next failure counts as the first.
    pub(crate) fn came_further(&mut self) {
        self.further = true;
    }
}

/// Repeats `step` until it succeeds, fails for good, or `until` is over (the step itself then says so).
pub(crate) fn persist<T>(
    policy: &Policy,
    cancel: &Cancel,
    until: Option<Instant>,
    observer: &mut dyn Observer,
    mut step: impl FnMut(&mut Attempt, &mut dyn Observer) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut failures = 0;
    loop {
        let mut attempt = Attempt::default();
        let fault = match step(&mut attempt, observer) {
            Ok(done) => return Ok(done),
            Err(fault) => fault,
        };
        failures = if attempt.further { 1 } else { failures + 1 };
        if !fault.is_transient() || failures >= policy.attempts {
            return Err(fault);
        }
        let pause = policy.pause(failures, chance());
        let pause = until.map_or(pause, |end| {
            pause.min(end.saturating_duration_since(Instant::now()))
        });
        observer.event(&Event::Lost {
            fault: &fault,
            pause,
        });
        if cancel.pause(pause) {
            return Err(Fault::Interrupted {
                task_id: None,
                cancelled: false,
            });
        }
    }
}

/// Without randomness the pauses are merely equal for all clients.
pub(crate) fn chance() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
