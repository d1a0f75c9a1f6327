//! Limits of one child (getrlimit(2)): memory, processor, files.
//!
//! Memory is counted as private memory (`RLIMIT_DATA`), not as addresses, which libraries reserve by the gigabyte. Too
//! little of it makes some versions of SVT-AV1 wait for ever instead of failing (measured with two threads: at 1080p 2 GiB
//! are enough and 1 GiB is not, at 4K in ten bits 4 GiB are and 2 GiB are not), so the limit guards the machine against
//! hostile files and is not meant to save memory.

use rustix::process::{Resource, Rlimit, setrlimit};
use std::io;
use std::time::Duration;

/// What a child is there for; says how much memory it may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// To tell what a file is, or show one picture of it. With the argument list's own bounds 54 MB were measured on
    /// hostile files; a frame of 8K in 16 bits has 265 MB.
    Look,
    /// To decode and encode.
    Work,
}

/// Private memory of a child that only looks.
const LOOK_BYTES: u64 = 1 << 30;
/// The least that an encoder gets, however small the machine: below, SVT-AV1 hangs.
const WORK_BYTES: u64 = 4 << 30;
/// Open files; the most that were seen are about twenty.
const FILES: u64 = 256;
/// Threads of all children of one job's user; one encoder starts about four for each processor.
const THREADS: u64 = 4096;
/// After the first limit the child is told (SIGXCPU), after so many more seconds it is ended.
const GRACE_S: u64 = 5;

/// Bytes that one child may have: what is configured, else three quarters of the machine.
pub(super) fn memory(configured: u64) -> u64 {
    match configured {
        0 => (crate::policy::memory_bytes() / 4 * 3).max(WORK_BYTES),
        bytes => bytes,
    }
}

/// The limits of one child.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// What it is there for.
    pub duty: Duty,
    /// How long it may run; its processor time is bounded by this on all processors.
    pub time: Duration,
    /// Bytes that any file it writes may reach; `None` where nothing is written, or nothing limits it.
    pub file_size: Option<u64>,
}

/// As numbers for the kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    memory: u64,
    cpu_s: u64,
    threads: Option<u64>,
}

impl Numbers {
    /// `memory` is the most for any child, `is_alone` says that nobody else has its user.
    pub(super) fn of(limits: &Limits, memory: u64, is_alone: bool) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
        let wall_s = limits.time.as_secs().saturating_add(1);
        Self {
            memory: match limits.duty {
                Duty::Look => memory.min(LOOK_BYTES),
                Duty::Work => memory,
            },
            cpu_s: wall_s.saturating_mul(cores),
            threads: is_alone.then_some(THREADS),
        }
    }

    /// Sets them for the calling process. System calls only.
    pub(super) fn enter(&self) -> io::Result<()> {
        let set = |resource, first: u64, last: u64| {
            let limit = Rlimit {
                current: Some(first),
                maximum: Some(last),
            };
            setrlimit(resource, limit)
        };
        set(Resource::Data, self.memory, self.memory)?;
        set(
            Resource::Cpu,
            self.cpu_s,
            self.cpu_s.saturating_add(GRACE_S),
        )?;
        set(Resource::Nofile, FILES, FILES)?;
        if let Some(threads) = self.threads {
            set(Resource::Nproc, threads, threads)?;
        }
        Ok(())
    }

    /// Those that hold without a cage, too.
    pub(super) fn enter_least(file_size: Option<u64>) -> io::Result<()> {
        let limit = |value| Rlimit {
            current: Some(value),
            maximum: Some(value),
        };
        setrlimit(Resource::Core, limit(0))?;
        if let Some(bytes) = file_size {
            setrlimit(Resource::Fsize, limit(bytes))?;
        }
        Ok(())
    }
}
