//! One data directory and the many short lives of its servers: each is visited by clients that misbehave, meets a
//! fault, and is killed. In the end a last one has to make good on everything that any of them has promised.

use super::ledger::Ledger;
use super::media::File;
use super::tally::Tally;
use super::verdict;
use super::victim::{Victim, Wrap};
use super::visitor::{Visitor, connect};
use crate::bench::child;
use anyhow::{Context, Result};
use fastrand::Rng;
use rustix::process::Signal;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Clients at the same time, each with an address of its own.
const VISITORS: u8 = 4;
/// Lives of one data directory; and in a long run, where the jobs that are left in the end, which are never more than so
/// many, take less of the time then.
const LIVES: Range<usize> = 6..30;
const MORE_LIVES: Range<usize> = 40..160;
const LONG: Duration = Duration::from_secs(15 * 60);
/// When nobody disturbs any more, one of the jobs that were promised has to end in each such time. How many there are
/// depends on the lives before, how long one takes on the machine.
const SETTLE: Duration = Duration::from_secs(180);
const TICK: Duration = Duration::from_millis(500);
/// Settings of all servers: what is stopped is noticed soon, and results stay until they are asked for.
const SETTINGS: [&str; 8] = [
    "jobs.stall=5s",
    "jobs.client_limit=40",
    "ffmpeg.second=none",
    "storage.margin=0",
    "storage.delivered_keep=90d",
    "storage.result_keep=90d",
    "storage.upload_keep=90d",
    "storage.tombstone_keep=200d",
];
/// A disk that a few uploads fill.
const SMALL: &str = "size=3m";
const LARGE: &str = "remount,size=256m";

/// What the lives of one data directory are given.
#[derive(Debug)]
pub(crate) struct Lives<'a> {
    pub(crate) program: &'a Path,
    pub(crate) files: &'a [File],
    pub(crate) tally: &'a Tally,
    pub(crate) dice: Rng,
    pub(crate) until: Instant,
}

impl Lives<'_> {
    /// One data directory from its first server to its verdict.
    pub(crate) fn run(&mut self) -> Result<()> {
        let before = self.tally.violations();
        let place = tempfile::tempdir()?;
        let disk = self.disk(place.path());
        let data = disk
            .as_ref()
            .map_or_else(|| place.path(), |disk| &disk.path)
            .join("data");
        let ledger = Ledger::new(self.tally);
        let mut visitors: Vec<_> = (1..=VISITORS)
            .map(|n| Visitor::new(n, self.tally, &ledger, self.files, self.dice.u64(..)))
            .collect();
        for _ in 0..self.lives() {
            if Instant::now() > self.until {
                break;
            }
            self.life(&data, &mut visitors)?;
        }
        if let Some(disk) = &disk {
            disk.grow()?;
        }
        self.settle(&data, &mut visitors[0], &ledger)?;
        verdict::check(&data, self.tally, &ledger)?;
        if self.tally.violations() > before {
            eprintln!("what it left: {}", keep(place, &data)?.display());
        }
        Ok(())
    }

    fn lives(&mut self) -> usize {
        let left = self.until.saturating_duration_since(Instant::now());
        let range = if left > LONG { MORE_LIVES } else { LIVES };
        self.dice.usize(range)
    }

    /// One round in six lives on a disk that fills up, where a file system can be mounted.
    fn disk(&mut self, place: &Path) -> Option<Disk> {
        if self.dice.u8(..6) > 0 {
            return None;
        }
        let disk = Disk::mount(&place.join("disk"));
        self.tally.count(if disk.is_some() {
            "faults: disk full"
        } else {
            "left out: disk full (nothing can be mounted)"
        });
        disk
    }

    fn life(&mut self, data: &Path, visitors: &mut [Visitor<'_>]) -> Result<()> {
        let wrap = self.wrap();
        let Some(victim) = Victim::start(self.program, data, &wrap, &SETTINGS)? else {
            self.tally.count("servers that a fault kept from starting");
            if wrap == Wrap::None {
                self.tally.count("servers that did not start by themselves");
            }
            return Ok(());
        };
        self.tally.count("servers started");
        let lasts = Duration::from_millis(self.dice.u64(50..2500));
        let until = Instant::now() + lasts;
        let address = victim.address;
        std::thread::scope(|threads| {
            for visitor in visitors.iter_mut() {
                threads.spawn(move || visitor.visit(address, until));
            }
            while Instant::now() < until {
                self.strike(&victim);
                std::thread::sleep(Duration::from_millis(self.dice.u64(20..200)));
            }
            // In the middle of what the visitors are doing.
            let killed = victim.kill();
            self.tally.count("kills");
            if let Err(error) = killed {
                self.tally.violation(format!("{error:#}"));
            }
        });
        Ok(())
    }

    /// Sometimes system calls fail, sometimes the clock is wrong.
    fn wrap(&mut self) -> Wrap {
        match self.dice.u8(..10) {
            0 | 1 if child::is_installed("strace") => {
                let call = *self
                    .dice
                    .choice(&["fsync,fdatasync", "pwrite64", "rename,renameat2", "openat"])
                    .unwrap_or(&"fsync,fdatasync");
                let fault = if self.dice.bool() { "EIO" } else { "ENOSPC" };
                self.tally.count(&format!("faults: {call} fails"));
                // Once, or from then on.
                let more = if self.dice.bool() { "" } else { "+" };
                let when = self.dice.u32(1..120);
                Wrap::Faults(format!("{call}:error={fault}:when={when}{more}"))
            }
            2 if child::is_installed("faketime") => {
                self.tally.count("faults: clock turned");
                let days = self.dice.i32(-40..40);
                Wrap::Clock(format!("{days:+}d"))
            }
            _ => Wrap::None,
        }
    }

    fn strike(&mut self, victim: &Victim) {
        let (signal, what) = match self.dice.u8(..8) {
            0 => (Signal::KILL, "faults: ffmpeg killed"),
            1 => (Signal::STOP, "faults: ffmpeg stopped"),
            2 => (Signal::SEGV, "faults: ffmpeg crashed"),
            _ => return,
        };
        if victim.strike(signal, self.dice.usize(..8)) {
            self.tally.count(what);
        }
    }

    /// The last server, which nobody disturbs: every job ends, every result can be had.
    fn settle(
        &mut self,
        data: &Path,
        visitor: &mut Visitor<'_>,
        ledger: &Ledger<'_>,
    ) -> Result<()> {
        let victim = Victim::start(self.program, data, &Wrap::None, &SETTINGS)?;
        let Some(mut victim) = victim else {
            self.tally
                .violation("a server does not start on what another has left".into());
            return Ok(());
        };
        self.tally.count("servers started");
        let mut open = ledger.jobs();
        let mut until = Instant::now() + SETTLE;
        while !open.is_empty() {
            let before = open.len();
            self.finish(&victim, visitor, ledger, &mut open)?;
            if !victim.is_alive() {
                self.tally
                    .violation("an undisturbed server has ended".into());
                return Ok(());
            }
            if open.len() < before {
                until = Instant::now() + SETTLE;
            } else if Instant::now() > until {
                let some = &open[0];
                self.tally.violation(format!("job {some} does not end"));
                break;
            }
            std::thread::sleep(TICK);
        }
        if !victim.stop()? {
            self.tally
                .violation("a server did not end well when asked to".into());
        }
        Ok(())
    }

    /// Asks for all jobs that are open; of those that have ended it fetches what they made.
    fn finish(
        &self,
        victim: &Victim,
        visitor: &mut Visitor<'_>,
        ledger: &Ledger<'_>,
        open: &mut Vec<String>,
    ) -> Result<()> {
        let mut connection = connect(visitor.number, victim.address)?;
        let mut left = Vec::new();
        for id in open.drain(..) {
            let has_ended = visitor.ask_state(&mut connection, &id);
            if !has_ended.with_context(|| format!("asking for {id}"))? {
                left.push(id);
                continue;
            }
            let came = visitor.fetch(&mut connection, &id, false)?;
            if !came && ledger.ended(&id).as_deref() == Some("completed") {
                let what = format!("job {id} is completed and its result is not delivered");
                self.tally.violation(what);
            }
        }
        *open = left;
        Ok(())
    }
}

/// Keeps what a person has to look at: records, files and the servers' log.
fn keep(place: TempDir, data: &Path) -> Result<PathBuf> {
    let kept = place.keep();
    let log = data.with_extension("log");
    if !data.starts_with(kept.join("disk")) {
        return Ok(kept);
    }
    // Its disk goes away with the memory that it is in.
    let copy = kept.join("kept");
    std::fs::create_dir(&copy)?;
    for path in [data, &log] {
        Command::new("cp").arg("-a").arg(path).arg(&copy).status()?;
    }
    Ok(copy)
}

/// A file system of its own in memory, small at first.
#[derive(Debug)]
struct Disk {
    path: PathBuf,
}

impl Disk {
    fn mount(path: &Path) -> Option<Self> {
        std::fs::create_dir(path).ok()?;
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", SMALL, "kinora-torture"])
            .arg(path);
        let done = mount.stderr(std::process::Stdio::null()).status().ok()?;
        done.success().then(|| Self {
            path: path.to_owned(),
        })
    }

    fn grow(&self) -> Result<()> {
        Command::new("mount")
            .args(["-o", LARGE])
            .arg(&self.path)
            .status()?;
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a server that is just dying may still have it open.
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}
