//! `kill -9` at any moment: what was acknowledged is done once, and nothing is left without an owner.

use crate::harness::{Server, children_in, kept};
use crate::wire::{Peer, clip, long_clip};
use serde_json::json;
use std::path::Path;

/// Sends orders until the `n`-th has been acknowledged; each from an address of its own, so that they run side by
/// side. One more upload is cut off in the middle.
fn acknowledge(server: &Server, n: u8) -> Vec<String> {
    let tasks = (0..n)
        .map(|k| Peer::connect_as(server.address, 10 + k).submit("audio", clip()))
        .collect();
    let mut broken = server.connect();
    broken.send_head(json!({"operation": "compress"}), "mp4", clip().len() as u64);
    std::io::Write::write_all(&mut broken.stream, &clip()[..1000]).unwrap();
    tasks
}

fn check_recovery(data: &Path, kill_at: u8) {
    let server = Server::start(data, &[]);
    let tasks = acknowledge(&server, kill_at);
    server.kill();
    let server = Server::start(data, &[]);
    for task in &tasks {
        let mut peer = server.connect();
        assert_eq!(peer.wait_for(task).text("status"), "completed");
        let result = peer.ask(
            json!({"action": "download", "task_id": task, "ext": ["job"]}),
            "",
            b"",
        );
        assert_eq!(result.media_type, "mp3");
        let confirmed = peer.ask(
            json!({"action": "confirm", "task_id": task, "ext": ["job"]}),
            "",
            b"",
        );
        assert_eq!(confirmed.text("status"), "success");
        let again = peer.ask(json!({"action": "download", "task_id": task}), "", b"");
        assert_eq!(again.text("code"), "result_expired", "once, not twice");
    }
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(kept(data), Vec::<std::path::PathBuf>::new());
}

#[test]
fn what_was_acknowledged_is_done_once() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    for kill_at in [1, 2, 5] {
        check_recovery(&data, kill_at);
    }
}

#[test]
fn a_killed_server_takes_its_ffmpeg_with_it_and_begins_anew() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Server::start(&data, &[]);
    let mut peer = server.connect();
    let task = peer.submit("webm", long_clip());
    peer.wait_until(&task, &["processing"]);
    server.kill();
    // The kernel delivers the death signal when the parent's thread is reaped, which `kill` has waited for.
    let mut looks = 0;
    while !children_in(&data).is_empty() {
        looks += 1;
        assert!(looks < 100_000, "an FFmpeg outlives its server");
    }
    let server = Server::start(&data, &[]);
    let mut peer = server.connect();
    let again = peer.wait_until(&task, &["processing"]);
    assert_eq!(
        again.json["attempt"], 2,
        "it was begun twice: {:?}",
        again.json
    );
    let cancelled = peer.ask(json!({"action": "cancel", "task_id": task}), "", b"");
    assert_eq!(cancelled.text("status"), "cancelled");
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(kept(&data), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_job_that_takes_the_server_with_it_is_given_up() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let mut server = Server::start(&data, &[]);
    let task = server.connect().submit("webm", long_clip());
    for _ in 0..3 {
        server.connect().wait_until(&task, &["processing"]);
        server.kill();
        server = Server::start(&data, &[]);
    }
    let failed = server.connect().wait_for(&task);
    assert_eq!(
        (failed.text("status"), failed.text("code")),
        ("failed", "gave_up")
    );
}

#[test]
fn a_terminated_server_puts_its_job_back() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Server::start(&data, &[]);
    let mut peer = server.connect();
    let task = peer.submit("webm", long_clip());
    peer.wait_until(&task, &["processing"]);
    assert_eq!(server.terminate(), Some(0));
    assert!(children_in(&data).is_empty());
    let server = Server::start(&data, &[]);
    let again = server.connect().wait_until(&task, &["processing"]);
    assert_eq!(again.json["attempt"], 1, "stopping is not the job's fault");
}

#[test]
fn two_servers_never_share_a_directory() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let _first = Server::start(&data, &[]);
    let second = crate::harness::kinora()
        .args(["serve", "--mmp-listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success());
    assert!(
        told.contains("another server") && told.contains("--data"),
        "{told}"
    );
}
