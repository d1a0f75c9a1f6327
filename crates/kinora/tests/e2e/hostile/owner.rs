//! As root, each job's FFmpeg is a user of its own, who may enter nothing but its own.

use super::files::clip;
use crate::harness::{Server, children_in, left};
use crate::wire::{Peer, long_clip};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The users and the groups of a running child, and whether it has a capability.
fn identity(cwd: &Path) -> (u32, String, bool) {
    let status = fs::read_to_string(cwd.with_file_name("status")).unwrap();
    let line = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    let user = line("Uid:")
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    (
        user,
        line("Groups:"),
        !line("CapPrm:").trim_start_matches('0').is_empty(),
    )
}

fn is_ffmpeg(cwd: &Path) -> bool {
    let program = fs::read_link(cwd.with_file_name("exe"));
    program.is_ok_and(|path| path.ends_with("ffmpeg"))
}

fn installed(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let places = std::env::split_paths(&path).map(|place| place.join(name));
    places
        .into_iter()
        .find(|program| program.is_file())
        .unwrap()
}

#[test]
fn each_job_has_its_own_user() {
    if !rustix::process::geteuid().is_root() {
        return println!("skipped, only root can make others of its children");
    }
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), Permissions::from_mode(0o711)).unwrap();
    let data = place.path().join("data");
    // Nobody but root gets to the program.
    let home = place.path().join("home");
    fs::create_dir(&home).unwrap();
    fs::set_permissions(&home, Permissions::from_mode(0o700)).unwrap();
    let program = home.join("ffmpeg");
    fs::copy(installed("ffmpeg"), &program).unwrap();
    let setting = format!("ffmpeg.ffmpeg={}", program.display());
    let server = Server::start(&data, &["--set", "jobs.workers=2", "--set", &setting]);
    // Two clients, for one client's jobs wait for each other.
    let mut peers = [
        Peer::connect_as(server.address, 2),
        Peer::connect_as(server.address, 3),
    ];
    let tasks = peers
        .each_mut()
        .map(|peer| peer.submit("webm", long_clip()));
    for (peer, task) in peers.iter_mut().zip(&tasks) {
        peer.wait_until(task, &["processing"]);
    }
    let (mut running, mut looks) = (Vec::new(), 0);
    while running.len() < 2 {
        looks += 1;
        assert!(looks < 100_000, "no two of them run");
        // What has begun to be FFmpeg has put on its cage; ffprobe comes and goes, both encoders stay.
        running = children_in(&data);
        running.retain(|cwd| is_ffmpeg(cwd));
    }
    let users: BTreeSet<u32> = running
        .iter()
        .map(|child| {
            let (user, groups, is_able) = identity(child);
            assert!(
                user != 0 && groups.split_whitespace().count() == 1 && !is_able,
                "{user} {groups}"
            );
            user
        })
        .collect();
    assert_eq!(users.len(), 2, "they share a user");
    for directory in fs::read_dir(data.join("work")).unwrap().flatten() {
        let known = directory.metadata().unwrap();
        assert!(users.contains(&known.uid()) && known.mode() & 0o077 == 0);
    }
    for input in fs::read_dir(data.join("inputs")).unwrap().flatten() {
        let known = input.metadata().unwrap();
        assert_eq!((known.uid(), known.mode() & 0o777), (0, 0o640));
        assert!(users.contains(&known.gid()));
    }
    for (place, mode) in [
        ("", 0o710),
        ("inputs", 0o710),
        ("results", 0o700),
        ("kinora.db", 0o600),
    ] {
        assert_eq!(
            fs::metadata(data.join(place)).unwrap().mode() & 0o777,
            mode,
            "{place}"
        );
    }
    for (peer, task) in peers.iter_mut().zip(&tasks) {
        peer.ask(json!({"action": "cancel", "task_id": task}), "", b"");
        peer.wait_for(task);
    }
    // Searches keep chunks in a directory that outlives attempts.
    let mut peer = server.connect();
    for operation in ["compress", "audio", "gif"] {
        let task = peer.submit(operation, clip());
        let answer = peer.wait_for(&task);
        assert_eq!(
            answer.text("status"),
            "completed",
            "{operation}: {:?}",
            answer.json
        );
        for action in ["download", "confirm"] {
            peer.ask(
                json!({"action": action, "task_id": task, "ext": ["job"]}),
                "",
                b"",
            );
        }
    }
    assert_eq!(left(&data), Vec::<PathBuf>::new());
    // The wish to die with the parent outlives the change of user.
    let task = peer.submit("webm", long_clip());
    peer.wait_until(&task, &["processing"]);
    server.kill();
    let mut looks = 0;
    while !children_in(&data).is_empty() {
        looks += 1;
        assert!(looks < 100_000, "an FFmpeg outlives its server");
    }
}
