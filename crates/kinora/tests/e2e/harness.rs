//! A server process with its own directory, waited for by what it prints and never by the clock.

use crate::wire::Peer;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// What a server prints on standard output when it can be reached; see `kinora serve`.
const READY: &str = "listening mmp ";
/// And then this.
const READY_HTTP: &str = "listening http ";

/// What is still there after this stays.
const PATIENCE: Duration = Duration::from_secs(10);

/// The program, without the settings of whoever runs the tests.
pub(crate) fn kinora() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kinora"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KINORA_")) {
        command.env_remove(name);
    }
    command
}

pub(crate) struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
    /// Where it listens for HTTP.
    pub(crate) http: SocketAddr,
}

/// Two addresses for the server of this directory, the same each time, which nobody else is given while it is away: below
/// the ports that the system gives away (32768 and up by default), by the directory's name, which is like no other's.
pub(crate) fn own_addresses(data: &Path) -> [String; 2] {
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    let first = 10_000 + hasher.finish() % 11_000 * 2;
    [first, first + 1].map(|port| format!("127.0.0.1:{port}"))
}

impl Server {
    pub(crate) fn start(data: &Path, more: &[&str]) -> Self {
        Self::start_at(data, "127.0.0.1:0", "127.0.0.1:0", more)
    }

    /// One that listens elsewhere.
    pub(crate) fn start_at(data: &Path, mmp: &str, http: &str, more: &[&str]) -> Self {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(data.with_extension("log"))
            .unwrap();
        let mut child = kinora()
            .args(["serve", "--mmp-listen", mmp])
            .args(["--http-listen", http, "--data"])
            .arg(data)
            .args(["--set", "storage.margin=0"])
            .args(more)
            .env("HOME", data.parent().unwrap())
            .env("XDG_CONFIG_HOME", data.parent().unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let mut told = |what: &str| loop {
            line.clear();
            let n = output.read_line(&mut line).unwrap();
            let told = fs::read_to_string(data.with_extension("log")).unwrap_or_default();
            assert!(n > 0, "the server ended before it was ready:\n{told}");
            if let Some(address) = line.strip_prefix(what) {
                break address.trim().parse().unwrap();
            }
        };
        let (address, http) = (told(READY), told(READY_HTTP));
        Self {
            child,
            output,
            address,
            http,
        }
    }

    /// What follows on the next line that it prints with this beginning.
    pub(crate) fn told(&mut self, beginning: &str) -> String {
        let mut lines = self.output.by_ref().lines().map(Result::unwrap);
        let found = lines.find_map(|line| Some(line.strip_prefix(beginning)?.to_owned()));
        found.expect("it prints such a line")
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    pub(crate) fn connect(&self) -> Peer {
        Peer::connect(self.address)
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and its exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        self.signal(rustix::process::Signal::TERM);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has been waited for already, or the test fails and nothing else matters.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything that a server keeps under its data directory, the database aside.
pub(crate) fn kept(data: &Path) -> Vec<PathBuf> {
    let rooms = ["incoming", "inputs", "work", "results"];
    let entries = rooms
        .iter()
        .flat_map(|room| fs::read_dir(data.join(room)).into_iter().flatten());
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// What stays of that. How a job ended is written down before its files are deleted, so that none is ever without an owner;
/// so nothing may be what comes a moment later.
pub(crate) fn left(data: &Path) -> Vec<PathBuf> {
    let until = Instant::now() + PATIENCE;
    loop {
        let kept = kept(data);
        if kept.is_empty() || Instant::now() > until {
            return kept;
        }
        std::thread::yield_now();
    }
}

/// Processes whose working directory lies under `data`: the children of its server.
pub(crate) fn children_in(data: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .map(|entry| entry.path().join("cwd"));
    all.filter(|cwd| fs::read_link(cwd).is_ok_and(|to| to.starts_with(data)))
        .collect()
}
