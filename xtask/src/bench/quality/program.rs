//! One run of a program: bounded in time, with the processor time of everything that it started.

use crate::bench::machine::Others;
use crate::bench::process;
use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(5);

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    /// With the status, in words.
    Badly(String),
    OverTime,
}

/// What a run took, and what it said.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) ended: Ended,
    /// Seconds of processor, user and system, of the program and all whom it waited for.
    pub(crate) cpu_s: f64,
    /// Seconds on the clock.
    pub(crate) wall_s: f64,
    /// Per cent of the machine that others took meanwhile.
    pub(crate) others: f64,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Ran {
    /// The last thing that it complained of.
    pub(crate) fn last_words(&self) -> String {
        let lines = self.errors.split(['\n', '\r']);
        let mut said = lines.map(str::trim).filter(|line| !line.is_empty());
        let last = said.next_back().unwrap_or("it said nothing");
        last.chars().take(160).collect()
    }
}

/// Runs it to its end, or to the limit. What it prints goes through files in `scratch`, so that it never waits for us.
pub(crate) fn run(command: &mut Command, limit: Duration, scratch: &Path) -> Result<Ran> {
    let (output, errors) = (scratch.join("stdout"), scratch.join("stderr"));
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).process_group(0);
    command
        .stdout(File::create(&output)?)
        .stderr(File::create(&errors)?);
    let (others, began) = (Others::begin(), Instant::now());
    let child = command.spawn();
    let mut child = child.with_context(|| format!("{name} cannot be started"))?;
    let is_late = !wait(&child, began + limit)?;
    let wall_s = began.elapsed().as_secs_f64();
    if is_late {
        // It has not been waited for, so the group is still its own.
        let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    }
    let cpu_s = process::cpu_of_family(child.id())?;
    let status = child.wait()?;
    let ended = match status.success() {
        _ if is_late => Ended::OverTime,
        true => Ended::Well,
        false => Ended::Badly(status.to_string()),
    };
    let said = |path: &Path| -> Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())
    };
    Ok(Ran {
        ended,
        cpu_s,
        wall_s,
        others: others.share(),
        output: said(&output)?,
        errors: said(&errors)?,
    })
}

/// Whether it ended in time. The dead whom nobody has asked for yet still have their numbers.
fn wait(child: &Child, until: Instant) -> Result<bool> {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    while waitid(WaitId::Pid(Pid::from_child(child)), look)?.is_none() {
        if Instant::now() > until {
            return Ok(false);
        }
        std::thread::sleep(TICK);
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Ran {
        let scratch = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        run(command.args(["-c", script]), limit, scratch.path()).unwrap()
    }

    #[test]
    fn what_is_said_and_how_it_ended_are_told() {
        let ran = shell(
            "echo one; echo two >&2; echo three >&2",
            Duration::from_secs(60),
        );
        assert_eq!(
            (ran.ended.clone(), ran.output.as_str()),
            (Ended::Well, "one\n")
        );
        assert_eq!(ran.last_words(), "three");
        let ran = shell("exit 3", Duration::from_secs(60));
        assert!(matches!(ran.ended, Ended::Badly(_)), "{ran:?}");
        assert_eq!(ran.last_words(), "it said nothing");
    }

    #[test]
    fn a_program_and_its_children_are_ended_at_the_limit() {
        // Without an end of the whole group this would wait for the child's hour.
        let ran = shell("cat /dev/zero >/dev/null & wait", Duration::ZERO);
        assert_eq!(ran.ended, Ended::OverTime);
    }

    #[test]
    fn children_count() {
        let ran = shell(
            "head -c 400000000 /dev/zero | cksum",
            Duration::from_secs(60),
        );
        assert!(ran.cpu_s > 0.0, "{ran:?}");
    }
}
