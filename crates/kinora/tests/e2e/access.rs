//! Tokens from the command line: made, shown once, used, and taken back while the server runs.

use crate::harness::{Server, kinora};
use crate::wire::{Peer, clip};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Output;

fn token(data: &Path, words: &[&str]) -> Output {
    let mut command = kinora();
    command.arg("token").args(words).arg("--data").arg(data);
    command.output().unwrap()
}

fn told(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[test]
fn a_token_is_made_used_and_taken_back() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let made = token(&data, &["create", "ann", "--expires", "30d"]);
    assert!(made.status.success(), "{}", told(&made.stderr));
    let secret = told(&made.stdout);
    assert!(secret.starts_with("kin_"), "{secret}");
    let again = token(&data, &["create", "ann"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(told(&again.stderr).contains("kinora token revoke ann"));
    let listed = told(&token(&data, &["list"]).stdout);
    assert!(
        listed.contains("ann  process") && !listed.contains(&secret[4..]),
        "{listed}"
    );
    assert!(listed.contains("never used"), "{listed}");

    let server = Server::start(&data, &["--set", "access=tokens"]);
    let order = json!({"action": "upload", "operation": "audio", "wait": false, "token": secret});
    let mut peer = Peer::connect(server.address);
    let task = peer.ask(order, "mp4", clip()).text("task_id").to_owned();
    peer.wait_for(&task);
    let status = |token: &str| {
        let mut command = kinora();
        command.args(["status", &task, "--server", &server.address.to_string()]);
        command
            .env("XDG_CONFIG_HOME", place.path())
            .env("KINORA_TOKEN", token);
        command.output().unwrap()
    };
    let refused = |output: Output, words: &str| {
        let text = told(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{text}");
        assert!(
            text.contains(words) && !text.contains(&secret[4..]),
            "{text}"
        );
    };
    assert!(status(&secret).status.success());
    let listed = told(&token(&data, &["list"]).stdout);
    assert!(
        listed.contains("  used ") && !listed.contains("never"),
        "{listed}"
    );
    refused(status(""), "no such task");
    refused(
        status(&format!("kin_{}", "a".repeat(52))),
        "kinora token create",
    );
    assert!(token(&data, &["revoke", "ann"]).status.success());
    refused(status(&secret), "was taken back");
    assert_eq!(server.terminate(), Some(0));
    let log = fs::read_to_string(data.with_extension("log")).unwrap();
    assert!(!log.contains(&secret[4..]), "{log}");
}
