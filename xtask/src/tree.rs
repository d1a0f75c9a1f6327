//! The checkout: where it is, which files belong to it, and what cargo knows of it.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace's root directory.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The checkout that this program was built from.
    pub(crate) fn open() -> Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.parent().context("xtask stands in the workspace")?;
        ensure!(
            root.join("Cargo.lock").exists(),
            "{} is not there any more: build xtask again",
            root.display()
        );
        Ok(Self { root: root.into() })
    }

    /// An absolute path from one that is relative to the root.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The text of a file.
    pub(crate) fn read(&self, relative: &str) -> Result<String> {
        std::fs::read_to_string(self.path(relative))
            .with_context(|| format!("{relative} cannot be read"))
    }

    /// A command that runs in the root.
    pub(crate) fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(&self.root);
        command
    }

    /// The cargo that runs us.
    pub(crate) fn cargo(&self) -> Command {
        self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    /// Every file that is tracked or would be: relative, in order.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let mut git = self.command("git");
        git.args(["ls-files", "-z", "--cached", "--others"]);
        git.arg("--exclude-standard");
        let listed = output(git, "git ls-files")?;
        let is_there = |path: &&str| !path.is_empty() && self.path(path).is_file();
        let names = listed.split('\0').filter(is_there);
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// `cargo metadata`: packages, their dependencies and licences, for the platform that we run on.
    pub(crate) fn metadata(&self) -> Result<Value> {
        let mut cargo = self.cargo();
        cargo.args(["metadata", "--format-version=1", "--locked"]);
        cargo.arg(format!("--filter-platform={}", self.host()?));
        let text = output(cargo, "cargo metadata")?;
        serde_json::from_str(&text).context("cargo metadata printed something else than JSON")
    }

    fn host(&self) -> Result<String> {
        let mut rustc = self.command(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.arg("-vV");
        let text = output(rustc, "rustc -vV")?;
        let host = text.lines().find_map(|line| line.strip_prefix("host: "));
        Ok(host.context("rustc does not say its host")?.to_owned())
    }
}

fn output(mut command: Command, name: &str) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("{name} cannot be started"))?;
    ensure!(
        output.status.success(),
        "{name} failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    String::from_utf8(output.stdout).with_context(|| format!("{name} printed something odd"))
}
