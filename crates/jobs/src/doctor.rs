//! What was found on this machine, and what each missing thing costs.

mod builds;
mod cage;

use crate::config::{Programs, SandboxConfig, ShareConfig};
use crate::policy;
use crate::sandbox::{Cage, Escapes, Share, Tools};
use serde::Serialize;
use std::io;
use std::path::Path;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `sandbox`, `ffmpeg`, `use`, `encoders`, `filters`, `formats`, `kernel`, `machine`, `tls`.
    pub area: &'static str,
    /// What was looked for.
    pub name: String,
    /// How it stands.
    pub state: Verdict,
    /// What was found.
    pub detail: String,
    /// What it costs that it is missing; empty when all is well.
    pub cost: String,
}

/// How a thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// The server works, with less.
    Degraded,
    /// The server does not start without it.
    Missing,
}

/// Looks at everything that jobs need. Starts FFmpeg a few times, changes nothing. `prove` tries a cage from inside.
#[must_use]
pub fn report(
    programs: &Programs,
    share: &ShareConfig,
    sandbox: &SandboxConfig,
    prove: &dyn Fn(&Cage) -> io::Result<Escapes>,
) -> Vec<Finding> {
    let cage = Cage::establish(sandbox, false);
    let mut findings = cage::findings(cage.as_ref(), prove);
    let tools = Tools::find(programs, cage.unwrap_or_else(|_| Cage::off()));
    findings.extend(match tools {
        Ok(tools) => builds::findings(&tools),
        Err(problem) => vec![Finding {
            area: "ffmpeg",
            name: "programs".into(),
            state: Verdict::Missing,
            detail: problem.description,
            cost: format!("nothing works; {}", problem.solution),
        }],
    });
    findings.push(of_share(share));
    findings.extend(of_kernel());
    findings.push(of_machine());
    findings
}

fn of_share(config: &ShareConfig) -> Finding {
    let (state, detail, cost) = match Share::establish(config) {
        Ok(share) if share.is_guaranteed() => (Verdict::Good, share.describe(), ""),
        Ok(share) => (
            Verdict::Degraded,
            share.describe(),
            "video's part of the processor is best effort under a flood of uploads; run as a systemd service with \
             Delegate=yes for a guarantee",
        ),
        Err(reason) => (
            Verdict::Missing,
            reason,
            "the settings insist on control groups, so the server does not start",
        ),
    };
    Finding {
        area: "kernel",
        name: "processor share".into(),
        state,
        detail,
        cost: cost.into(),
    }
}

/// Features that are used where they are there.
fn of_kernel() -> Vec<Finding> {
    let version = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let pidfd = rustix::process::pidfd_open(
        rustix::process::getpid(),
        rustix::process::PidfdFlags::empty(),
    );
    let has_proc = Path::new("/proc/self/stat").exists();
    vec![
        Finding {
            area: "kernel",
            name: "pidfd".into(),
            state: if pidfd.is_ok() {
                Verdict::Good
            } else {
                Verdict::Missing
            },
            detail: format!("Linux {}", version.trim()),
            cost: if pidfd.is_ok() {
                ""
            } else {
                "FFmpeg cannot be watched: Linux 5.3 or newer is needed"
            }
            .into(),
        },
        Finding {
            area: "kernel",
            name: "/proc".into(),
            state: if has_proc {
                Verdict::Good
            } else {
                Verdict::Degraded
            },
            detail: if has_proc { "mounted" } else { "not mounted" }.into(),
            cost: if has_proc {
                ""
            } else {
                "an FFmpeg that works without progress is taken for a stuck one"
            }
            .into(),
        },
    ]
}

fn of_machine() -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = policy::memory_bytes();
    let workers = policy::workers(0, cores, memory);
    Finding {
        area: "machine",
        name: "size".into(),
        state: Verdict::Good,
        detail: format!(
            "{cores} cores, {:.1} GiB of memory: {workers} jobs at the same time",
            memory as f64 / (1u64 << 30) as f64
        ),
        cost: String::new(),
    }
}
