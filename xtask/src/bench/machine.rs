//! The machine that is measured on, in general terms, and how quiet it is.

use super::process;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::process::Command;
use std::time::{Duration, Instant};

/// Others may take so much of the machine before it counts as busy, per cent.
const QUIET: f64 = 10.0;
/// One look.
const LOOK: Duration = Duration::from_secs(3);
/// How long a quiet moment is waited for.
const PATIENCE: Duration = Duration::from_secs(180);

/// The right to measure: two measurements at once would measure each other. Ends with the file.
pub(crate) fn alone() -> Result<File> {
    let path = std::env::temp_dir().join("kinora-bench.lock");
    let file = File::create(&path).with_context(|| format!("{} cannot be made", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => bail!("another measurement runs on this machine: wait for its end"),
    }
}

/// Cores, memory, kernel and FFmpeg: what the numbers depend on.
pub(crate) fn describe() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel: Vec<&str> = kernel.trim().split(['.', '-']).take(2).collect();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory
        .split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse::<u64>().ok());
    format!(
        "{} cores, {} GiB of memory, Linux {}, FFmpeg {}",
        process::cores(),
        kib.unwrap_or(0).div_ceil(1 << 20),
        kernel.join("."),
        ffmpeg_version()
    )
}

fn ffmpeg_version() -> String {
    let output = Command::new("ffmpeg").arg("-version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = text.unwrap_or_default();
    let version = version.split_whitespace().nth(2).unwrap_or("missing");
    // What a distribution adds to the number says nothing here.
    version.split('-').next().unwrap_or_default().to_owned()
}

/// Waits for a quiet moment, not for ever. Per cent of the machine that others take.
pub(crate) fn settle() -> f64 {
    let until = Instant::now() + PATIENCE;
    let mut said = false;
    loop {
        let (busy, began) = (process::machine_busy(), Instant::now());
        std::thread::sleep(LOOK);
        let seconds = began.elapsed().as_secs_f64() * process::cores() as f64;
        let share = (process::machine_busy() - busy) / seconds * 100.0;
        if share < QUIET || Instant::now() > until {
            return share;
        }
        if !said {
            said = true;
            println!("    others take {share:.0} % of this machine: waiting for a quiet moment");
        }
    }
}

/// What the machine did that was not ours, over a stretch of time.
#[derive(Debug)]
pub(crate) struct Others {
    began: Instant,
    busy: f64,
    ours: f64,
}

impl Others {
    /// Begins to look. Children count when they have been waited for, so none may run at either end.
    pub(crate) fn begin() -> Self {
        Self {
            began: Instant::now(),
            busy: process::machine_busy(),
            ours: process::cpu_of_family(std::process::id()).unwrap_or(0.0),
        }
    }

    /// Per cent of the machine that others took.
    pub(crate) fn share(&self) -> f64 {
        let ours = process::cpu_of_family(std::process::id()).unwrap_or(0.0) - self.ours;
        let others = process::machine_busy() - self.busy - ours;
        let seconds = self.began.elapsed().as_secs_f64() * process::cores() as f64;
        (others / seconds * 100.0).max(0.0)
    }
}
