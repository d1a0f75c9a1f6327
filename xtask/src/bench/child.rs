//! Programs that are started and measured: ended for certain, with their processor time read before they are gone.

use super::process;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a program may take to listen.
const START: Duration = Duration::from_secs(20);
/// How long one run of a peer may take: 1 GiB at 10 MB/s, with room.
const RUN: Duration = Duration::from_secs(150);
const TICK: Duration = Duration::from_millis(1);

/// A running program; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) child: Child,
    name: String,
}

impl Running {
    /// Starts it without input; output goes where the command says.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).spawn();
        let child = child.with_context(|| format!("{name} cannot be started"))?;
        Ok(Self { child, name })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it listens on the port.
    pub(crate) fn listens(&mut self, port: u16) -> Result<()> {
        let until = Instant::now() + START;
        while !process::is_listening(port) {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended at once: {status}", self.name);
            }
            if Instant::now() > until {
                bail!("{} does not listen", self.name);
            }
            std::thread::sleep(TICK);
        }
        Ok(())
    }

    /// Waits for its end, which must be a success, and returns the processor seconds of it and its children.
    pub(crate) fn finish(mut self) -> Result<f64> {
        let until = Instant::now() + RUN;
        // The dead whom nobody has asked for yet still have their numbers.
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        while waitid(WaitId::Pid(Pid::from_child(&self.child)), look)?.is_none() {
            if Instant::now() > until {
                bail!("{} takes too long", self.name);
            }
            std::thread::sleep(TICK);
        }
        let seconds = process::cpu_of_family(self.id())?;
        let status = self.child.wait()?;
        if status.success() {
            Ok(seconds)
        } else {
            bail!("{} ended with {status}", self.name)
        }
    }

    /// Asks it to end, and waits for that so long; then it is killed.
    pub(crate) fn end(&mut self, patience: Duration) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        // It has not been waited for, so the id is still its own.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(TICK);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A loopback address whose port was free a moment ago.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}

/// Whether a program can be found.
pub(crate) fn is_installed(program: &str) -> bool {
    find(program).is_some()
}

/// Where a program lies; some of the peers are for administrators.
pub(crate) fn find(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<_> = std::env::split_paths(&path).collect();
    places.push("/usr/sbin".into());
    places
        .into_iter()
        .map(|place| place.join(program))
        .find(|file| file.is_file())
}
