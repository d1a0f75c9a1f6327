//! A server that is killed in the middle of its work, twenty times, on one and the same data.
//!
//! The writer is this very test binary, started again with [`ROOT`] set. It works without end and prints a line for
//! each thing that the store has acknowledged; after a number of lines that differs each time it is killed (SIGKILL)
//! while it goes on. No line may be a lie then. A lost disk cache is another matter, which only hardware can show.

use crate::scratch;
use kinora_store::TaskId;
use kinora_store::contract::{Blobs, NewUpload, Outcome, Progress, Records, Room, State};
use kinora_store::files::Tree;
use kinora_store::sqlite::Database;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Names the data directory for the writer.
const ROOT: &str = "KINORA_STORE_CRASH_ROOT";
const KILLS: usize = 20;
const LENGTH: u64 = 4_096;
const ROOM: u64 = 1 << 40;
const LATER: i64 = 1 << 50;

#[test]
fn nothing_acknowledged_is_lost_by_a_kill() {
    let directory = scratch::quick();
    let root = directory.path().join("data");
    let mut said = BTreeMap::new();
    for round in 0..KILLS {
        // 7 and 61 have no common factor: the kills fall all over the writer's cycle.
        killed_after(&root, 1 + round * 7 % 61, &mut said);
        look(&root, &said);
    }
    println!(
        "{} tasks were acknowledged through {KILLS} kills",
        said.len()
    );
}

/// Runs a writer until it has said so many things; what it said of each task last is added to `said`.
fn killed_after(root: &Path, lines: usize, said: &mut BTreeMap<String, String>) {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "crash::writer",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(ROOT, root)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(writer.stdout.take().unwrap());
    let mut heard = 0;
    for line in output.lines() {
        let line = line.unwrap();
        // The test harness begins a line of its own before the first of ours.
        let Some((_, fact)) = line.split_once("ACK ") else {
            continue;
        };
        let (id, state) = fact.split_once(' ').unwrap();
        said.insert(id.to_owned(), state.to_owned());
        heard += 1;
        if heard == lines {
            writer.kill().unwrap();
        }
    }
    assert!(heard >= lines, "the writer ended by itself");
    writer.wait().unwrap();
}

/// Takes up the store as a server does when it starts, and holds the writer to its words.
fn look(root: &Path, said: &BTreeMap<String, String>) {
    let (database, tree) = open(root);
    database.check().unwrap();
    database.reclaim_all(0).unwrap();
    let owners = database.owners().unwrap();
    tree.sweep(&owners).unwrap();
    assert_eq!(tree.sweep(&owners).unwrap(), 0, "an orphan is left");
    for (id, state) in said {
        let id = TaskId::parse(id).unwrap();
        let job = database.job(&id).unwrap();
        let now = job.as_ref().map_or("upload", |job| job.state.as_str());
        // It may have come further than it had time to say, and a running job goes back into the queue.
        let possible: &[&str] = match state.as_str() {
            "upload" => &["upload", "queued", "completed"],
            "queued" | "processing" | "kept" => &["queued", "completed"],
            "completed" => &["completed"],
            other => panic!("the writer says `{other}`"),
        };
        assert!(
            possible.contains(&now),
            "acknowledged as {state}, found as {now}"
        );
        assert_eq!(file_of(&tree, &id, job.map(|job| job.state)), LENGTH);
        if (state.as_str(), now) == ("kept", "queued") {
            let chunk = std::fs::metadata(tree.keep(&id).unwrap().join("chunk"));
            assert_eq!(chunk.unwrap().len(), LENGTH);
        }
    }
}

/// Size of the file that the task must have.
fn file_of(tree: &Tree, id: &TaskId, state: Option<State>) -> u64 {
    let file = match state {
        Some(State::Completed) => tree.open_result(id).unwrap(),
        Some(_) => File::open(tree.input_path(id)).unwrap(),
        // Committing the file comes before the row that makes it a job.
        None => tree
            .open_incoming(id)
            .unwrap_or_else(|_| File::open(tree.input_path(id)).unwrap()),
    };
    file.metadata().unwrap().len()
}

fn open(root: &Path) -> (Database, Tree) {
    let tree = Tree::open(root).unwrap();
    (Database::open(&root.join("kinora.db")).unwrap(), tree)
}

/// Not a test by itself: the process that is killed.
#[test]
fn writer() {
    let Some(root) = std::env::var_os(ROOT) else {
        return;
    };
    let (database, tree) = open(Path::new(&root));
    database.reclaim_all(0).unwrap();
    tree.sweep(&database.owners().unwrap()).unwrap();
    for n in 0_i64.. {
        upload(&database, &tree, n);
        if n % 3 != 0 {
            work(&database, &tree, n);
        }
    }
}

/// Acknowledges. Standard output is flushed with each line.
#[expect(
    clippy::print_stdout,
    reason = "how the writer speaks to the test that kills it"
)]
fn say(id: &TaskId, state: &str) {
    println!("ACK {id} {state}");
}

fn upload(database: &Database, tree: &Tree, n: i64) {
    let new = NewUpload {
        id: TaskId::random(),
        idempotency_key: Some(TaskId::random().to_string()),
        client: (n % 5).to_string(),
        owner: None,
        order: "{}".to_owned(),
        length: LENGTH,
        expires_at: LATER,
    };
    database.begin(&new, Room::shared(ROOM), n).unwrap();
    let file = tree.create_incoming(&new.id, LENGTH).unwrap();
    say(&new.id, "upload");
    file.write_all_at(&[7; LENGTH as usize], 0).unwrap();
    tree.commit_incoming(&new.id).unwrap();
    database.enqueue(&new.id, "digest", None, n).unwrap();
    say(&new.id, "queued");
}

fn work(database: &Database, tree: &Tree, n: i64) {
    let lease = database.claim("worker", LATER, n).unwrap().unwrap();
    let id = lease.job.id.clone();
    say(&id, "processing");
    database
        .heartbeat(&lease, &Progress::default(), LATER)
        .unwrap();
    let chunk = tree.keep(&id).unwrap().join("chunk");
    std::fs::write(chunk, [8; LENGTH as usize]).unwrap();
    say(&id, "kept");
    if n % 2 == 0 {
        tree.keep_input_as_result(&id).unwrap();
    } else {
        let made = tree
            .create_work(&id, lease.job.attempt)
            .unwrap()
            .join("out");
        std::fs::write(&made, [9; LENGTH as usize]).unwrap();
        tree.commit_result(&id, &made).unwrap();
    }
    let outcome = Outcome {
        size: LENGTH,
        digest: "digest".to_owned(),
        extension: "mp4".to_owned(),
        kept_original: n % 2 == 0,
        notes: Vec::new(),
        report: None,
    };
    database.complete(&lease, &outcome, n, LATER).unwrap();
    say(&id, "completed");
    tree.remove_input(&id).unwrap();
}
