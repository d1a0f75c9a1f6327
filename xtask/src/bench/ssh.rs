//! `scp` against an `sshd` of our own: loopback, keys that are made for it and thrown away.

use super::child::{self, Running};
use super::peers::Run;
use super::process;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A session's processes end a moment after its client.
const SESSION_END: Duration = Duration::from_secs(5);

/// A running `sshd`.
#[derive(Debug)]
pub(crate) struct Ssh {
    server: Running,
    port: u16,
    directory: TempDir,
}

impl Ssh {
    /// Starts one.
    ///
    /// # Errors
    /// Why it cannot be had on this machine.
    pub(crate) fn start() -> Result<Self> {
        ensure!(child::is_installed("scp"), "scp is not installed");
        let sshd = child::find("sshd").context("sshd is not installed")?;
        ensure!(
            Path::new("/run/sshd").is_dir(),
            "sshd wants a directory /run/sshd, which is not there"
        );
        let directory = tempfile::tempdir()?;
        for name in ["host", "user"] {
            let mut command = Command::new("ssh-keygen");
            command
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(directory.path().join(name));
            Running::start(&mut command)?.finish()?;
        }
        let port = child::free_address()?.port();
        let config = directory.path().join("config");
        fs::write(&config, settings(directory.path(), port))?;
        let mut command = Command::new(sshd);
        command.args(["-D", "-e", "-f"]).arg(&config);
        command.stderr(fs::File::create(directory.path().join("log"))?);
        let mut server = Running::start(&mut command)?;
        server.listens(port)?;
        let this = Self {
            server,
            port,
            directory,
        };
        this.copy(&this.path("config"), &this.remote("probe"))
            .context("sshd lets nobody in")?;
        Ok(this)
    }

    /// Sends a file to the server. Making the connection is part of what is measured.
    pub(crate) fn up(&self, file: &Path, to: &Path) -> Result<Run> {
        self.measure(|| self.copy(file, &format!("127.0.0.1:{}", to.display())))
    }

    /// Fetches a file from the server.
    pub(crate) fn down(&self, file: &Path, to: &Path) -> Result<Run> {
        let from = PathBuf::from(format!("127.0.0.1:{}", file.display()));
        self.measure(|| self.copy(&from, &to.display().to_string()))
    }

    fn measure(&self, act: impl FnOnce() -> Result<()>) -> Result<Run> {
        let before = process::cpu_of_family(self.server.id())?;
        let began = Instant::now();
        act()?;
        let seconds = began.elapsed().as_secs_f64();
        let until = Instant::now() + SESSION_END;
        while !process::children(self.server.id()).is_empty() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        let cpu = process::cpu_of_family(self.server.id())? - before;
        Ok(Run { seconds, cpu })
    }

    fn copy(&self, from: &Path, to: &str) -> Result<()> {
        let mut command = Command::new("scp");
        command
            .args(["-q", "-P", &self.port.to_string(), "-i"])
            .arg(self.path("user"));
        command.args(["-F", "none", "-o", "BatchMode=yes"]);
        command.args([
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ]);
        command.arg(from).arg(to);
        command.stderr(Stdio::null());
        Running::start(&mut command)?.finish()?;
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn remote(&self, name: &str) -> String {
        format!("127.0.0.1:{}", self.path(name).display())
    }
}

fn settings(directory: &Path, port: u16) -> String {
    let directory = directory.display();
    format!(
        "Port {port}\n\
         ListenAddress 127.0.0.1\n\
         HostKey {directory}/host\n\
         AuthorizedKeysFile {directory}/user.pub\n\
         PidFile none\n\
         StrictModes no\n\
         PasswordAuthentication no\n\
         PermitRootLogin prohibit-password\n\
         UsePAM no\n\
         Subsystem sftp internal-sftp\n"
    )
}
