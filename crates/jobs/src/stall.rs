//! Whether a child still gets anywhere.
//!
//! A stuck encoder can sit in a futex for ever without using the processor (measured with an encoder short of
//! memory), so neither a processor limit nor a deadline for the whole is enough.

use crate::policy::BUSY_STALL_FACTOR;
use crate::sandbox::process;
use rustix::process::Pid;
use std::time::{Duration, Instant};

/// What moves when there is progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// Frames written.
    pub(crate) frame: Option<u64>,
    /// Time reached in the output, in microseconds.
    pub(crate) out_time_us: Option<u64>,
    /// Bytes written.
    pub(crate) size: Option<u64>,
}

/// Watches one child.
#[derive(Debug)]
pub(crate) struct Stall {
    limit: Duration,
    pid: Option<Pid>,
    position: Position,
    since: Instant,
    /// Processor ticks that the child had used at `since`.
    ticks: u64,
}

impl Stall {
    /// `limit`: how long nothing may move.
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            pid: None,
            position: Position::default(),
            since: Instant::now(),
            ticks: 0,
        }
    }

    /// The child lives.
    pub(crate) fn started(&mut self, pid: Pid) {
        self.pid = Some(pid);
        self.since = Instant::now();
    }

    /// The child says where it is.
    pub(crate) fn moved(&mut self, position: Position) {
        if position != self.position {
            self.position = position;
            self.since = Instant::now();
            self.ticks = self.used();
        }
    }

    /// It had to stand still: the time begins anew.
    pub(crate) fn rest(&mut self) {
        self.since = Instant::now();
        self.ticks = self.used();
    }

    /// Nothing has moved for too long. Work without progress lines (building a palette) is given more time than
    /// sitting still.
    pub(crate) fn is_over(&self) -> bool {
        let still = self.since.elapsed();
        if still <= self.limit {
            return false;
        }
        // USER_HZ is 100 on Linux; a tenth of one core counts as working.
        let used = Duration::from_millis(self.used().saturating_sub(self.ticks) * 10);
        used < still / 10 || still > self.limit * BUSY_STALL_FACTOR
    }

    /// Ticks of processor time.
    fn used(&self) -> u64 {
        self.pid.and_then(process::used_ticks).unwrap_or(0)
    }
}
