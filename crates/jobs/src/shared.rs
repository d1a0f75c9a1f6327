//! What the threads of one engine share: the parts they work with, and the bell that says "look at the queue".

use crate::config::{Config, PerClient};
use crate::live::Live;
use crate::policy;
use crate::sandbox::{Share, Tools};
use crate::tally::Tally;
use kinora_store::contract::{Blobs, Millis, Records};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long things are kept, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// A result, or the record of a failure.
    pub result: Millis,
    /// The tombstone after that.
    pub tombstone: Millis,
}

/// What an engine works with.
pub struct Parts {
    /// Uploads and jobs.
    pub records: Arc<dyn Records>,
    /// Their files.
    pub blobs: Arc<dyn Blobs>,
    /// The programs.
    pub tools: Arc<Tools>,
    /// The processor's division.
    pub share: Arc<Share>,
    /// How jobs are run.
    pub config: Config,
    /// How long things are kept.
    pub keep: Keep,
    /// Bytes of disk that stay free.
    pub margin: u64,
}

/// What all threads of an engine share.
pub(crate) struct Shared {
    pub(crate) parts: Parts,
    pub(crate) live: Live,
    pub(crate) tally: Tally,
    running: Arc<AtomicUsize>,
    pub(crate) workers: usize,
    draining: AtomicBool,
    /// Counts the reasons to look at the queue.
    bell: (Mutex<u64>, Condvar),
    pub(crate) cores: usize,
}

/// A place among the workers for what nobody waits for: there is one for as long as one of them has nothing to do.
#[derive(Clone, Debug)]
pub struct Aside {
    running: Arc<AtomicUsize>,
    workers: usize,
}

impl Aside {
    /// Whether it may be taken, or has to be left: people's jobs come first.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.running.load(Ordering::Acquire) < self.workers
    }
}

impl Shared {
    pub(crate) fn new(parts: Parts, cores: usize, workers: usize) -> Self {
        Self {
            parts,
            live: Live::default(),
            tally: Tally::default(),
            running: Arc::default(),
            workers,
            draining: AtomicBool::new(false),
            bell: (Mutex::new(0), Condvar::new()),
            cores,
        }
    }

    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// What is done when nobody waits for it.
    pub(crate) fn aside(&self) -> Aside {
        Aside {
            running: Arc::clone(&self.running),
            workers: self.workers,
        }
    }

    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
        self.ring();
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// There may be work.
    pub(crate) fn ring(&self) {
        *self.bell.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.bell.1.notify_all();
    }

    /// The count of rings so far; taken before the queue is looked at, so that no ring is missed.
    pub(crate) fn rings(&self) -> u64 {
        *self.bell.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps until somebody rings after `heard`, or until retries may have come due.
    pub(crate) fn wait(&self, heard: u64) {
        let guard = self.bell.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at_most = Duration::from_millis(policy::JANITOR_MS);
        let until = |n: &mut u64| *n == heard && !self.is_draining();
        // A poisoned bell still rings: its number is all there is to it.
        drop(self.bell.1.wait_timeout_while(guard, at_most, until));
    }

    /// Counts a job that begins; the serving side's ceiling is in force from the first to the last.
    pub(crate) fn begin_running(&self) -> usize {
        let running = self.running.fetch_add(1, Ordering::AcqRel) + 1;
        if running == 1 {
            self.parts.share.set_busy(true);
        }
        running
    }

    pub(crate) fn end_running(&self) {
        if self.running.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.parts.share.set_busy(false);
        }
    }
}

impl Config {
    /// Jobs of one client that may be queued and running together.
    pub(crate) fn limit(&self) -> u64 {
        match self.per_client {
            PerClient::Queue => self.client_limit.max(1),
            PerClient::Refuse => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_waits_for_leaves_the_last_place_to_people() {
        let running = Arc::new(AtomicUsize::new(0));
        let aside = Aside {
            running: Arc::clone(&running),
            workers: 2,
        };
        let watched = aside.clone();
        for (jobs, is_free) in [(0, true), (1, true), (2, false), (3, false), (1, true)] {
            running.store(jobs, Ordering::Release);
            assert_eq!((aside.is_free(), watched.is_free()), (is_free, is_free));
        }
    }
}
