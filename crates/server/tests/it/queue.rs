//! One job at a time per client, cancelling, and stopping in the middle.

use crate::peer::House;
use crate::wire::{clip, long_clip};
use kinora_jobs::PerClient;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

#[test]
fn a_clients_second_job_waits_while_anothers_runs() {
    let house = House::with(|config| config.jobs.workers = 2);
    let mut first = house.connect_as(2);
    let long = first.submit("webm", long_clip());
    first.wait_until(&long, &["processing"]);
    let waiting = house.connect_as(2).submit("audio", clip());
    let other = house.connect_as(3).submit("audio", clip());
    assert_eq!(
        house.connect_as(3).wait_for(&other).text("status"),
        "completed"
    );
    let state = house
        .connect_as(2)
        .ask(json!({"action": "status", "task_id": waiting}), "", b"");
    assert_eq!(
        state.text("status"),
        "queued",
        "status never counts, and the rule holds"
    );
    assert_eq!(state.json["place"], 1);
    let cancelled = house
        .connect_as(2)
        .ask(json!({"action": "cancel", "task_id": long}), "", b"");
    assert_eq!(
        cancelled.text("status"),
        "cancelled",
        "{:?}",
        cancelled.json
    );
    assert_eq!(
        house.connect_as(2).wait_for(&waiting).text("status"),
        "completed"
    );
}

#[test]
fn a_second_job_is_refused_where_the_operator_wants_it() {
    let house = House::with(|config| config.jobs.per_client = PerClient::Refuse);
    let mut peer = house.connect();
    let long = peer.submit("webm", long_clip());
    let refused = house
        .connect()
        .ask(json!({"operation": "audio"}), "mp4", clip());
    assert_eq!(refused.text("code"), "client_busy");
    assert_eq!(
        peer.ask(json!({"action": "cancel", "task_id": long}), "", b"")
            .text("status"),
        "cancelled"
    );
}

#[test]
fn a_cancelled_job_leaves_nothing() {
    let mut house = House::new();
    let mut peer = house.connect();
    let task = peer.submit("webm", long_clip());
    peer.wait_until(&task, &["processing"]);
    let cancelled = peer.ask(json!({"action": "cancel", "task_id": task}), "", b"");
    assert_eq!(cancelled.text("status"), "cancelled");
    drop(peer);
    house.stop();
    assert_eq!(house.kept(), Vec::<PathBuf>::new());
}

#[test]
fn a_server_that_stops_puts_its_job_back_and_does_it_later() {
    let mut house = House::new();
    let mut peer = house.connect();
    let long = peer.submit("webm", long_clip());
    peer.wait_until(&long, &["processing"]);
    let short = peer.submit("audio", clip());
    house.stop();
    house.start();
    let mut peer = house.connect();
    let again = peer.wait_until(&long, &["processing"]);
    assert_eq!(
        again.json["attempt"], 1,
        "stopping is not the job's fault: {:?}",
        again.json
    );
    peer.ask(json!({"action": "cancel", "task_id": long}), "", b"");
    assert_eq!(peer.wait_for(&short).text("status"), "completed");
}

#[test]
fn a_held_job_ends_with_its_connection() {
    let mut house = House::new();
    let mut held = house.connect_as(2);
    held.send(json!({"operation": "webm"}), "mp4", long_clip());
    // The other client's job runs to its end beside it; by then the held one has been queued.
    let mut other = house.connect_as(3);
    let task = other.submit("audio", clip());
    other.wait_for(&task);
    held.reset();
    let next = other.submit("audio", clip());
    other.wait_for(&next);
    let mut again = house.connect_as(2);
    let freed = again.submit("audio", clip());
    assert_eq!(
        again.wait_for(&freed).text("status"),
        "completed",
        "its turn came, so the first is gone"
    );
    drop((other, again));
    house.stop();
    let names: Vec<_> = [task, next, freed].to_vec();
    let strangers = house
        .kept()
        .into_iter()
        .filter(|p| !names.iter().any(|n| p.ends_with(n)));
    assert_eq!(strangers.collect::<Vec<_>>(), Vec::<PathBuf>::new());
}

#[test]
fn hopeless_input_fails_at_once_with_the_cause() {
    let house = House::new();
    let mut peer = house.connect();
    let task = peer.submit("compress", &[7; 5000]);
    let failed = peer.wait_for(&task);
    assert_eq!(failed.text("status"), "failed");
    assert_eq!(failed.json["attempt"], 1);
    assert!(!failed.text("solution").is_empty(), "{:?}", failed.json);
    assert_eq!(house.kept(), Vec::<PathBuf>::new());
}

#[test]
fn results_are_deleted_when_their_time_is_over() {
    let house = House::with(|config| config.storage.result_keep = 0);
    let mut peer = house.connect();
    let task = peer.submit("audio", clip());
    peer.wait_for(&task);
    loop {
        let state = peer.ask(json!({"action": "status", "task_id": task}), "", b"");
        if state.text("status") == "expired" {
            break;
        }
    }
    assert_eq!(house.kept(), Vec::<PathBuf>::new());
}

/// An FFmpeg that answers questions like the real one, and does `this` instead of work.
fn sham(place: &Path, this: &str) -> PathBuf {
    let file = place.join("sham-ffmpeg");
    let script =
        format!("#!/bin/sh\ncase \"$*\" in *-progress*) {this};; *) exec ffmpeg \"$@\";; esac\n");
    std::fs::write(&file, script).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    file
}

#[test]
fn an_ffmpeg_that_gets_nowhere_is_ended() {
    let place = tempfile::tempdir().unwrap();
    let mut house = House::with(|config| {
        // A script cannot be confined.
        config.sandbox.mode = kinora_jobs::SandboxMode::Off;
        config.ffmpeg.ffmpeg = sham(place.path(), "exec sleep 1000");
        config.jobs.stall = 1;
        config.jobs.attempts = 1;
    });
    let mut peer = house.connect();
    let task = peer.submit("compress", clip());
    let failed = peer.wait_for(&task);
    assert_eq!(failed.text("status"), "failed");
    assert_eq!(failed.text("code"), "stalled", "{:?}", failed.json);
    drop(peer);
    house.stop();
    assert_eq!(house.kept(), Vec::<PathBuf>::new());
}

#[test]
fn a_passing_fault_is_tried_again_later() {
    let place = tempfile::tempdir().unwrap();
    let tell = "echo 'Cannot allocate memory' >&2; exit 1";
    let house = House::with(|config| {
        // A script cannot be confined.
        config.sandbox.mode = kinora_jobs::SandboxMode::Off;
        config.ffmpeg.ffmpeg = sham(place.path(), tell);
    });
    let mut peer = house.connect();
    let task = peer.submit("compress", clip());
    // The attempt itself may be over before anybody has seen it; what stays is that it was made.
    let waiting = loop {
        let state = peer.wait_until(&task, &["queued", "failed"]);
        if state.json["attempt"] != 0 {
            break state;
        }
    };
    assert_eq!(waiting.text("status"), "queued", "{:?}", waiting.json);
    let state = peer.ask(json!({"action": "cancel", "task_id": task}), "", b"");
    assert_eq!(state.text("status"), "cancelled");
}
