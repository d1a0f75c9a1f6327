//! Several children at the same time, one thread each: the kernel ends a child together with the thread that started
//! it, so a thread stays until its child is gone.

use crate::runner::{Stop, Wish};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often the watcher is asked while children work.
const TICK: Duration = Duration::from_millis(200);

/// What is to be done, piece by piece.
pub(super) trait Work {
    /// A piece.
    type Task: Send;
    /// What became of it.
    type Done: Send;
    /// The next piece, if there is one to be begun now.
    fn next(&mut self) -> Option<Self::Task>;
    /// A piece is done.
    fn done(&mut self, done: Self::Done);
    /// How much of the whole is done, given the frames that went through children since the work began.
    fn fraction(&self, frames: u64) -> f64;
}

/// What the threads share.
#[derive(Debug)]
pub(super) struct Crew {
    stop: AtomicBool,
    frames: AtomicU64,
    /// Processor time of all children so far, in microseconds.
    cpu_us: AtomicU64,
    deadline: Instant,
}

impl Crew {
    pub(super) fn new(deadline: Instant) -> Self {
        Self {
            stop: AtomicBool::new(false),
            frames: AtomicU64::new(0),
            cpu_us: AtomicU64::new(0),
            deadline,
        }
    }

    /// A child must not go on.
    pub(super) fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.is_late()
    }

    /// The attempt's time is over.
    pub(super) fn is_late(&self) -> bool {
        Instant::now() > self.deadline
    }

    /// A child has used the processor for so many seconds.
    pub(super) fn spend(&self, cpu_s: f64) {
        self.cpu_us
            .fetch_add((cpu_s * 1e6) as u64, Ordering::Relaxed);
    }

    /// Seconds of the processor that all children have used.
    pub(super) fn spent_s(&self) -> f64 {
        self.cpu_us.load(Ordering::Relaxed) as f64 / 1e6
    }

    /// Frames have gone through a child.
    pub(super) fn advance(&self, frames: u64) {
        self.frames.fetch_add(frames, Ordering::Relaxed);
    }

    /// Works on at most `width` pieces at a time until there are no more. `tell` hears how far it is.
    ///
    /// # Errors
    /// The first piece that failed, or what the watcher wanted; all children are gone by then.
    pub(super) fn work<W: Work>(
        &self,
        width: usize,
        work: &mut W,
        act: &(dyn Fn(W::Task) -> Result<W::Done, Stop> + Sync),
        tell: &mut dyn FnMut(f64) -> Wish,
    ) -> Result<(), Stop> {
        self.frames.store(0, Ordering::Relaxed);
        let (sender, results) = mpsc::channel();
        let mut ended = Ok(());
        std::thread::scope(|threads| {
            let mut running = 0;
            loop {
                while ended.is_ok() && running < width.max(1) {
                    let Some(task) = work.next() else { break };
                    let sender = sender.clone();
                    threads.spawn(move || sender.send(act(task)));
                    running += 1;
                }
                if running == 0 {
                    break;
                }
                match results.recv_timeout(TICK) {
                    Ok(Ok(done)) => {
                        running -= 1;
                        work.done(done);
                    }
                    Ok(Err(stop)) => {
                        running -= 1;
                        self.end(&mut ended, stop);
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    // A thread that panicked; the scope passes it on.
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                let frames = self.frames.load(Ordering::Relaxed);
                let wish = tell(work.fraction(frames));
                if wish != Wish::Continue {
                    self.end(&mut ended, Stop::Asked(wish));
                }
            }
        });
        ended
    }

    /// The first reason counts: children that are ended because of it fail, too.
    fn end(&self, ended: &mut Result<(), Stop>, stop: Stop) {
        self.stop.store(true, Ordering::Relaxed);
        if ended.is_ok() {
            *ended = Err(stop);
        }
    }
}
