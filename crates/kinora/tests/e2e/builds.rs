//! The second FFmpeg in its usual place: beside the directory that the program lies in.

use crate::harness::kinora;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An installation of its own.
struct Installed(tempfile::TempDir);

impl Installed {
    /// With a program of this text as second FFmpeg. The binary is a link, for which both have to be on one file system.
    fn with(second: &str) -> Self {
        let made = Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
        std::fs::create_dir(made.path("bin")).unwrap();
        std::fs::hard_link(env!("CARGO_BIN_EXE_kinora"), made.path("bin/kinora")).unwrap();
        made.install("lib/kinora/ffmpeg", second);
        made
    }

    /// Another process writes it: what is open for writing here is so in each child that another test is just starting,
    /// and then does not run.
    fn install(&self, name: &str, script: &str) {
        std::fs::write(self.path("text"), format!("#!/bin/sh\n{script}\n")).unwrap();
        let mut install = Command::new("install");
        install.args(["-D", "-m", "755"]);
        install.args([self.path("text"), self.path(name)]);
        assert!(install.status().unwrap().success());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What doctor says of these things, and its exit code.
    fn doctor(&self, names: &[&str], more: &[&str]) -> (Option<i32>, Vec<Value>) {
        let program = self.path("bin/kinora");
        let mut command = kinora_at(&program, self.0.path());
        command.args(["doctor", "--json"]).args(more);
        // The stand-ins are scripts, and what they start is forbidden in a cage.
        let answer = command.args(["--set", "sandbox.mode=off"]).output();
        let answer = answer.unwrap();
        let lines = String::from_utf8(answer.stdout).unwrap();
        let findings = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let wanted = |finding: &Value| names.iter().any(|name| finding["name"] == *name);
        (answer.status.code(), findings.filter(wanted).collect())
    }
}

/// The harness's command with another program.
fn kinora_at(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, value) in kinora().get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("HOME", home).env("XDG_CONFIG_HOME", home);
    command
}

#[test]
fn a_broken_one_is_left_out() {
    let installed = Installed::with("exit 1");
    let (code, found) = installed.doctor(&["second ffmpeg", "everyday work"], &[]);
    assert_eq!(code, Some(0));
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0]["state"], "degraded");
    assert_eq!(found[1]["detail"], "ffmpeg");
}

#[test]
fn a_sound_one_takes_what_the_main_one_cannot() {
    let found = Command::new("sh")
        .args(["-c", "command -v ffmpeg"])
        .output();
    let real = String::from_utf8(found.unwrap().stdout).unwrap();
    let run = format!("exec {} \"$@\"", real.trim());
    let installed = Installed::with(&run);
    let weak = format!("case \"$*\" in *libx264*) exit 1 ;; esac; {run}");
    installed.install("weak", &weak);
    let main = format!("ffmpeg.ffmpeg={}", installed.path("weak").display());
    let (code, found) = installed.doctor(&["compress to H.264", "libx264"], &["--set", &main]);
    assert_eq!(code, Some(0));
    assert_eq!(found[0]["detail"], "second ffmpeg (libx264)");
    assert_eq!(found[1]["state"], "degraded");
}
