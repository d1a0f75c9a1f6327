//! `kill -9` at any moment: what was acknowledged is done once, and nothing is left without an owner.

use crate::harness::{Server, children_in, kept, left};
use crate::wire::{Peer, clip, long_clip};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Sends orders until the `n`-th has been acknowledged; each from an address of its own, so that they run side by
/// side. One more upload is cut off in the middle.
fn acknowledge(server: &Server, n: u8) -> Vec<String> {
    let tasks = (0..n)
        .map(|k| Peer::connect_as(server.address, 10 + k).submit("audio", clip()))
        .collect();
    let mut broken = server.connect();
    broken.send_head(json!({"operation": "compress"}), "mp4", clip().len() as u64);
    broken.stream.write_all(&clip()[..1000]).unwrap();
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
    assert_eq!(kept(data), Vec::<PathBuf>::new());
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
    assert_eq!(left(&data), Vec::<PathBuf>::new());
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

/// Every program that is started is named in the log.
const TELL_ALL: &[&str] = &["--set", "log.level=debug"];

/// Six scenes that look nothing like each other, of two seconds each; fat enough that compressing pays.
fn scenes(place: &Path) -> Vec<u8> {
    const SCENES: [&str; 6] = [
        "testsrc2=size=320x180:rate=25",
        "mandelbrot=size=320x180:rate=25",
        "smptehdbars=size=320x180:rate=25",
        "life=size=320x180:rate=25:mold=10:ratio=0.1:seed=1:death_color=#C83232",
        "rgbtestsrc=size=320x180:rate=25",
        "cellauto=size=320x180:rate=25:rule=110:seed=1",
    ];
    let file = place.join("scenes.mp4");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error"]);
    for scene in SCENES {
        ffmpeg.args(["-f", "lavfi", "-t", "2", "-i", scene]);
    }
    let even = |n| format!("[{n}:v]format=yuv420p,setsar=1[s{n}];");
    let ends: String = (0..SCENES.len()).map(even).collect();
    let parts: String = (0..SCENES.len()).map(|n| format!("[s{n}]")).collect();
    let joined = format!("{ends}{parts}concat=n={}", SCENES.len());
    ffmpeg.args(["-filter_complex", &joined, "-c:v", "libx264"]);
    ffmpeg
        .args(["-preset", "ultrafast", "-crf", "5"])
        .arg(&file);
    assert!(ffmpeg.status().unwrap().success());
    std::fs::read(file).unwrap()
}

/// Chunks that are on disk with their notes, by their names.
fn chunks(data: &Path, task: &str) -> Vec<String> {
    let entries = std::fs::read_dir(data.join(format!("work/{task}.keep")));
    let paths = entries.into_iter().flatten().flatten();
    let paths: Vec<PathBuf> = paths.map(|entry| entry.path()).collect();
    let is_noted = |path: &&PathBuf| {
        path.extension().is_some_and(|end| end == "mp4") && path.with_extension("json").exists()
    };
    let names = paths.iter().filter(is_noted).map(|path| path.file_stem());
    names
        .map(|name| name.unwrap().to_str().unwrap().to_owned())
        .collect()
}

/// Sends the scenes, and looks until so many chunks are kept of what will be the result.
fn compress_until(server: &Server, data: &Path, n: usize) -> String {
    let mut peer = server.connect();
    let task = peer.submit("compress", &scenes(data.parent().unwrap()));
    loop {
        let ask = json!({"action": "status", "task_id": task, "ext": ["job"]});
        let state = peer.ask(ask, "", b"");
        let is_going_on = matches!(state.text("status"), "queued" | "processing");
        assert!(is_going_on, "it has ended too early: {:?}", state.json);
        if state
            .json
            .get("stage")
            .is_some_and(|stage| stage == "encoding")
            && chunks(data, &task).len() >= n
        {
            return task;
        }
    }
}

#[test]
fn two_servers_never_share_a_directory() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let _first = Server::start(&data, &[]);
    let second = crate::harness::kinora()
        .args(["serve", "--mmp-listen", "127.0.0.1:0"])
        .args(["--http-listen", "off", "--data"])
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

#[test]
fn a_killed_compression_goes_on_from_its_chunks() {
    check_going_on(Server::kill, 2);
}

#[test]
fn a_terminated_compression_goes_on_from_its_chunks() {
    check_going_on(|server| assert_eq!(server.terminate(), Some(0)), 1);
}

fn check_going_on(end: fn(Server), attempt: u32) {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let log = data.with_extension("log");
    let server = Server::start(&data, TELL_ALL);
    let task = compress_until(&server, &data, 3);
    end(server);
    let before = chunks(&data, &task);
    let told = std::fs::read_to_string(&log).unwrap().len();
    let server = Server::start(&data, TELL_ALL);
    let mut peer = server.connect();
    let done = peer.wait_for(&task);
    assert_eq!(done.text("status"), "completed", "{:?}", done.json);
    assert_eq!(done.json["attempt"], attempt);
    let result = peer.ask(json!({"action": "download", "task_id": task}), "", b"");
    let file = place.path().join("result.mp4");
    std::fs::write(&file, &result.payload).unwrap();
    assert_eq!(frames(&file), 300);
    assert_eq!(server.terminate(), Some(0));
    let told = std::fs::read_to_string(&log).unwrap().split_off(told);
    for chunk in &before {
        assert!(
            told.contains(&format!("known name=\"{chunk}\"")),
            "{chunk} was not found\n{told}"
        );
        assert!(
            !told.contains(&format!("{chunk}.part")),
            "{chunk} was encoded again\n{told}"
        );
    }
    assert_eq!(std::fs::read_dir(data.join("work")).unwrap().count(), 0);
}

/// Frames that decode, and not a word of complaint.
fn frames(file: &Path) -> u64 {
    let count = [
        "-v",
        "error",
        "-count_frames",
        "-of",
        "json",
        "-select_streams",
        "v",
    ];
    let mut ffprobe = Command::new("ffprobe");
    ffprobe
        .args(count)
        .args(["-show_entries", "stream=nb_read_frames"]);
    let answer = ffprobe.arg(file).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&answer.stderr), "");
    let answer: Value = serde_json::from_slice(&answer.stdout).unwrap();
    answer["streams"][0]["nb_read_frames"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn a_cancelled_compression_leaves_no_chunks() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Server::start(&data, &[]);
    let task = compress_until(&server, &data, 1);
    let mut peer = server.connect();
    let cancelled = peer.ask(json!({"action": "cancel", "task_id": task}), "", b"");
    assert_eq!(cancelled.text("status"), "cancelled");
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(left(&data), Vec::<PathBuf>::new());
}

/// Bytes that a server has set aside.
fn reserved(server: &Server) -> u64 {
    let mut stream = TcpStream::connect(server.http).unwrap();
    let request = "GET /api/status HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let status: Value = serde_json::from_str(body).unwrap();
    status["storage_reserved"].as_u64().unwrap()
}

#[test]
fn a_kill_gives_back_the_space_of_what_had_not_come() {
    const LENGTH: u64 = 50_000_000;
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Server::start(&data, &[]);
    let mut peer = server.connect();
    let order = json!({
        "action": "upload", "operation": "audio", "ext": ["resume"], "idempotency_key": "k".repeat(32),
        "offset": 0, "length": LENGTH,
    });
    peer.send_head(order, "mp4", LENGTH);
    peer.stream.write_all(&[0; 100_000]).unwrap();
    while reserved(&server) < LENGTH {}
    server.kill();
    let server = Server::start(&data, &[]);
    assert!(reserved(&server) <= 100_000);
    let sizes = kept(&data)
        .into_iter()
        .map(|path| path.metadata().unwrap().len());
    assert!(sizes.sum::<u64>() <= 100_000);
}
