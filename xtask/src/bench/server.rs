//! The real server as a process of its own, with a data directory that goes with it.

use super::child::Running;
use super::load::Connection;
use super::place::Place;
use super::process::{self, Memory};
use crate::tree::Tree;
use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What the server prints when it is ready, followed by its address.
const READY: &str = "listening mmp ";
/// And then this.
const READY_HTTP: &str = "listening http ";
/// The server gives its own connections ten seconds.
const STOP: Duration = Duration::from_secs(20);
/// A server that does nothing for so long has nothing to do.
const STILL: Duration = Duration::from_millis(500);
/// How long it is waited for.
const SETTLE: Duration = Duration::from_secs(30);

/// Builds the program as it is delivered, and says where it lies.
pub(crate) fn build(tree: &Tree) -> Result<PathBuf> {
    let mut cargo = tree.cargo();
    cargo.args([
        "build",
        "--release",
        "--package",
        "kinora",
        "--message-format=json",
    ]);
    let output = cargo.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the server cannot be built");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut built = text.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_ours = message["target"]["name"] == "kinora";
        is_ours.then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    built
        .next_back()
        .context("cargo does not say where the server lies")
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    running: Running,
    address: SocketAddr,
    /// Where it listens for HTTP, if it does.
    pub(crate) http: Option<SocketAddr>,
    start: Start,
    /// Also a place for files beside the server's data: the same file system.
    pub(crate) directory: TempDir,
}

/// How it is started.
#[derive(Debug)]
struct Start {
    program: PathBuf,
    share: String,
    settings: Vec<(String, String)>,
}

impl Server {
    /// Starts `program` on a new directory, dividing the processor by these means.
    pub(crate) fn start(program: &Path, place: &Place, share: &str) -> Result<Self> {
        Self::start_with(program, place, share, "off", &[])
    }

    /// The same, with an HTTP door.
    pub(crate) fn start_with_http(program: &Path, place: &Place, share: &str) -> Result<Self> {
        Self::start_with(program, place, share, "127.0.0.1:0", &[])
    }

    /// The same, listening for HTTP there, with more settings as variables.
    pub(crate) fn start_with(
        program: &Path,
        place: &Place,
        share: &str,
        http: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self> {
        let directory = place.directory()?;
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        let start = Start {
            program: program.to_owned(),
            share: share.to_owned(),
            settings: settings.iter().map(owned).collect(),
        };
        let (running, address, http) = start.run(directory.path(), "127.0.0.1:0", http)?;
        Ok(Self {
            running,
            address,
            http,
            start,
            directory,
        })
    }

    /// Kills it, and starts it again on the same data and the same addresses.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.running.child.kill()?;
        self.running.child.wait()?;
        let mmp = self.address.to_string();
        let http = self
            .http
            .map_or_else(|| "off".to_owned(), |http| http.to_string());
        (self.running, self.address, self.http) =
            self.start.run(self.directory.path(), &mmp, &http)?;
        Ok(())
    }

    /// A new connection; a server that is gone says why.
    pub(crate) fn connect(&self) -> Result<Connection> {
        Connection::open(self.address).with_context(|| {
            let log = std::fs::read_to_string(self.directory.path().join("log"));
            let lines = log.unwrap_or_default();
            let last: Vec<&str> = lines.lines().rev().take(5).collect();
            format!("its last lines, newest first:\n{}", last.join("\n"))
        })
    }

    /// Where it listens for MMP.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn id(&self) -> u32 {
        self.running.id()
    }

    /// Processor seconds of the server itself, FFmpeg not counted.
    pub(crate) fn cpu(&self) -> Result<f64> {
        process::cpu(self.id())
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        process::memory(self.id())
    }

    /// Processor seconds and wall seconds that `act` takes.
    pub(crate) fn measure<T>(&self, act: impl FnOnce() -> Result<T>) -> Result<(T, f64, f64)> {
        let before = self.cpu()?;
        let began = Instant::now();
        let done = act()?;
        let seconds = began.elapsed().as_secs_f64();
        Ok((done, seconds, self.cpu()? - before))
    }

    /// Waits until it has nothing more to do: reserving space goes on after a head has been taken.
    pub(crate) fn settle(&self) -> Result<()> {
        let until = Instant::now() + SETTLE;
        let mut before = self.cpu()?;
        loop {
            std::thread::sleep(STILL);
            let now = self.cpu()?;
            if now == before || Instant::now() > until {
                return Ok(());
            }
            before = now;
        }
    }

    /// What it wrote into its log, with the word in it.
    pub(crate) fn said(&self, word: &str) -> Option<String> {
        let log = std::fs::read_to_string(self.directory.path().join("log")).ok()?;
        log.lines()
            .find(|line| line.contains(word))
            .map(str::to_owned)
    }
}

impl Start {
    /// Starts it, and waits until it listens.
    fn run(
        &self,
        directory: &Path,
        mmp: &str,
        http: &str,
    ) -> Result<(Running, SocketAddr, Option<SocketAddr>)> {
        let log = directory.join("log");
        let mut command = Command::new(&self.program);
        command
            .args(["serve", "--http-listen", http, "--data"])
            .arg(directory.join("data"));
        command.args(["--mmp-listen", mmp]);
        command.env("KINORA_SHARE_MODE", &self.share);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        // Settings of whoever measures would make two measurements two different things.
        command.env("XDG_CONFIG_HOME", directory);
        command.stdout(Stdio::piped()).stderr(File::create(&log)?);
        let mut running = Running::start(&mut command)?;
        let output = running.child.stdout.take().context("no output")?;
        let mut ready = BufReader::new(output).lines().map_while(Result::ok);
        let mut told =
            |what: &str| ready.find_map(|line| line.strip_prefix(what)?.trim().parse().ok());
        let address = told(READY);
        let http = (http != "off").then(|| told(READY_HTTP)).flatten();
        let address = address.with_context(|| {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            format!("the server did not start:\n{said}")
        })?;
        Ok((running, address, http))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.running.end(STOP);
    }
}
