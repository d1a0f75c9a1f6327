//! The server that is tortured: the real program on a data directory that outlives it.

use crate::bench::process;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// What it prints when it can be reached.
const READY: &str = "listening mmp ";
/// A child outlives its server no longer; a machine at its limits takes its time.
const GONE: Duration = Duration::from_secs(20);
const TICK: Duration = Duration::from_millis(5);

/// What stands between us and the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrap {
    /// Nothing.
    None,
    /// System calls fail: strace(1) with these words for `-e inject=`.
    Faults(String),
    /// Another time, in the words of faketime(1).
    Clock(String),
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Victim {
    child: Child,
    /// Keeps its standard output open.
    _output: BufReader<ChildStdout>,
    /// The server itself, where something is wrapped around it.
    pid: u32,
    data: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Victim {
    /// Starts it; `None` when it ended before it could be reached, which a fault may cause.
    pub(crate) fn start(
        program: &Path,
        data: &Path,
        wrap: &Wrap,
        settings: &[&str],
    ) -> Result<Option<Self>> {
        let log = data.with_extension("log");
        let log = fs::File::options().create(true).append(true).open(log)?;
        let mut words: Vec<OsString> = wrap.words();
        words.push(program.into());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command.args([
            "serve",
            "--http-listen",
            "off",
            "--mmp-listen",
            "127.0.0.1:0",
        ]);
        command.arg("--data").arg(data);
        for setting in settings {
            command.args(["--set", setting]);
        }
        let home = data.parent().unwrap_or(data);
        command.env("HOME", home).env("XDG_CONFIG_HOME", home);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut child = command.spawn().context("the server cannot be started")?;
        let mut output = BufReader::new(child.stdout.take().context("no output")?);
        let mut line = String::new();
        loop {
            line.clear();
            if output.read_line(&mut line)? == 0 {
                child.wait()?;
                return Ok(None);
            }
            if let Some(address) = line.strip_prefix(READY) {
                let address = address.trim().parse()?;
                let pid = server_within(child.id(), program);
                return Ok(Some(Self {
                    child,
                    _output: output,
                    pid,
                    data: data.to_owned(),
                    address,
                }));
            }
        }
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal to one of its children that work on a video, if there is one.
    pub(crate) fn strike(&self, signal: Signal, which: usize) -> bool {
        let mut children = process::children(self.pid);
        // A child that has not become FFmpeg yet is the server still, in the middle of preparing itself.
        let exe = |pid: u32| fs::read_link(format!("/proc/{pid}/exe")).ok();
        let own = exe(self.pid);
        children.retain(|child| exe(*child) != own);
        let Some(child) = children.get(which % children.len().max(1)) else {
            return false;
        };
        let pid = i32::try_from(*child).ok().and_then(Pid::from_raw);
        pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
    }

    /// `kill -9`. What it had started must be gone soon.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.end(Signal::KILL)?;
        self.child.wait()?;
        let until = Instant::now() + GONE;
        while let Some(left) = processes_in(&self.data).first() {
            if Instant::now() > until {
                bail!("process {left} has outlived its server");
            }
            std::thread::sleep(TICK);
        }
        Ok(())
    }

    /// SIGTERM, and whether it ended well.
    pub(crate) fn stop(mut self) -> Result<bool> {
        self.end(Signal::TERM)?;
        Ok(self.child.wait()?.success())
    }

    fn end(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.pid)?;
        let pid = Pid::from_raw(pid).context("no process")?;
        // It may have ended by itself, which is seen elsewhere.
        let _ = kill_process(pid, signal);
        Ok(())
    }

    /// Open descriptors, and bytes of memory of its own.
    pub(crate) fn holds(&self) -> (usize, u64) {
        let descriptors = fs::read_dir(format!("/proc/{}/fd", self.pid)).map_or(0, Iterator::count);
        let memory = process::memory(self.pid).map_or(0, |memory| memory.own);
        (descriptors, memory)
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.end(Signal::KILL);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Wrap {
    fn words(&self) -> Vec<OsString> {
        let words: Vec<&str> = match self {
            Self::None => Vec::new(),
            Self::Faults(inject) => {
                let calls = inject.split(':').next().unwrap_or_default();
                let trace = format!("trace={calls}");
                let inject = format!("inject={inject}");
                let all = [
                    "strace",
                    "-f",
                    "-qqq",
                    "-o",
                    "/dev/null",
                    "-e",
                    &trace,
                    "-e",
                    &inject,
                ];
                return all.iter().map(OsString::from).collect();
            }
            Self::Clock(offset) => vec!["faketime", "-f", offset],
        };
        words.into_iter().map(OsString::from).collect()
    }
}

/// The server among the descendants of what was started, or that itself.
fn server_within(pid: u32, program: &Path) -> u32 {
    let is_it =
        |pid: &u32| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == program);
    if is_it(&pid) {
        return pid;
    }
    process::children(pid)
        .into_iter()
        .find(is_it)
        .unwrap_or(pid)
}

/// Processes that work in a directory.
fn processes_in(data: &Path) -> Vec<String> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let inside = all.filter(|entry| {
        fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(data))
    });
    inside
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}
