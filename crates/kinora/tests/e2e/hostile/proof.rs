//! What is said of the sandbox: by `doctor`, at a start without it, and where it cannot be had.

use super::files::clip;
use crate::cli::at_home;
use crate::harness::{Server, kinora};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// The finding of this name.
fn finding(name: &str, more: &[&str]) -> Value {
    let answer = kinora()
        .args(["doctor", "--json"])
        .args(more)
        .output()
        .unwrap();
    let lines = String::from_utf8(answer.stdout).unwrap();
    let mut findings = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found = findings.find(|finding| finding["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {lines}"))
}

#[test]
fn doctor_tries_to_get_out() {
    let found = finding("attempts to get out", &[]);
    assert_eq!(found["state"], "good", "{found}");
    let detail = found["detail"].as_str().unwrap();
    let (held, rest) = detail.split_once(" of ").unwrap();
    let (all, _) = rest.split_once(' ').unwrap();
    assert_eq!(held, all);
    assert!(held.parse::<u32>().unwrap() >= 40, "{detail}");
    let off = finding("sandbox", &["--sandbox=off"]);
    assert_eq!(off["state"], "degraded", "{off}");
}

#[test]
fn a_server_without_it_says_so() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Server::start(&data, &["--sandbox=off"]);
    let mut peer = server.connect();
    let task = peer.submit("audio", clip());
    assert_eq!(peer.wait_for(&task).text("status"), "completed");
    let log = fs::read_to_string(data.with_extension("log")).unwrap();
    assert!(log.contains("the sandbox is off"), "{log}");
}

#[test]
fn work_at_home_is_confined_too() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("in.mp4"), clip()).unwrap();
    // A script needs a shell, which nothing in the sandbox can start.
    let script = home.path().join("script");
    fs::write(&script, "#!/bin/sh\nexec ffmpeg \"$@\"\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let line = format!(
        "audio in.mp4 --local --json --set ffmpeg.ffmpeg={}",
        script.display()
    );
    let refused = at_home(home.path(), &line).output().unwrap();
    assert!(!refused.status.success());
    let told = String::from_utf8_lossy(&refused.stdout).into_owned()
        + &String::from_utf8_lossy(&refused.stderr);
    assert!(
        told.contains("cannot be confined") && told.contains("--sandbox=off"),
        "{told}"
    );
    let served = at_home(home.path(), "audio in.mp4 --local")
        .output()
        .unwrap();
    assert!(
        served.status.success(),
        "{}",
        String::from_utf8_lossy(&served.stderr)
    );
}
