//! The commands as a user types them: what they print where, what appears, and how they end.

use crate::harness::{Server, kinora};
use crate::wire::{clip, long_clip};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// A user with a home, a video in it, and a server.
pub(crate) struct User {
    server: Server,
    home: TempDir,
}

impl User {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("in.mp4"), clip()).unwrap();
        let server = Server::start(&home.path().join("data"), &[]);
        Self { home, server }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn command(&self, line: &str) -> Command {
        let mut command = at_home(self.home.path(), line);
        command.env("KINORA_SERVER", self.server.address.to_string());
        command
    }

    pub(crate) fn run(&self, line: &str) -> Ended {
        Ended::of(self.command(line).output().unwrap())
    }

    /// Starts it, and returns when a line of its standard output has that in it.
    fn start_until(&self, line: &str, word: &str) -> (Child, BufReader<std::process::ChildStdout>) {
        let mut child = self
            .command(line)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut told = String::new();
        while !told.contains(word) {
            told.clear();
            assert!(
                output.read_line(&mut told).unwrap() > 0,
                "it ended without {word}"
            );
        }
        (child, output)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let ours = |name: &String| !name.starts_with("data") && name != "state";
        let all = fs::read_dir(self.home.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = all
            .map(|name| name.into_string().unwrap())
            .filter(ours)
            .collect();
        names.sort();
        names
    }
}

pub(crate) fn at_home(home: &Path, line: &str) -> Command {
    let mut command = kinora();
    command
        .args(line.split(' '))
        .current_dir(home)
        .env("HOME", home)
        .stdin(Stdio::null());
    for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "STATE_DIRECTORY"] {
        command.env_remove(name);
    }
    command.env("XDG_STATE_HOME", home.join("state"));
    command
}

/// How a command ended, and what it said.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            output: String::from_utf8(output.stdout).unwrap(),
            errors: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn check(self, code: i32, output: &str) -> Self {
        assert_eq!(
            (self.code, self.output.as_str()),
            (Some(code), output),
            "{}",
            self.errors
        );
        self
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        self.output
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

#[test]
fn a_pipe_gets_the_path_and_nothing_else() {
    let user = User::new();
    let ended = user.run("compress in.mp4").check(0, "in.compressed.mp4\n");
    assert_eq!(ended.errors, "");
    assert_eq!(user.names(), ["in.compressed.mp4", "in.mp4"]);
    assert_eq!(
        user.run("jobs").check(0, "").errors,
        "",
        "what was delivered is forgotten"
    );
}

#[test]
fn an_output_is_not_overwritten_unless_forced() {
    let user = User::new();
    fs::write(user.path("in.mp3"), "mine").unwrap();
    let refused = user.run("audio in.mp4").check(3, "");
    assert!(refused.errors.contains("in.mp3 exists already") && refused.errors.contains("--force"));
    assert_eq!(fs::read(user.path("in.mp3")).unwrap(), b"mine");
    user.run("audio in.mp4 --force").check(0, "in.mp3\n");
    assert!(fs::read(user.path("in.mp3")).unwrap().len() > 1000);
    user.run("compress in.mp4 -o in.mp4 --force").check(3, "");
}

#[test]
fn a_folder_is_done_whole_and_one_bad_file_does_not_stop_the_others() {
    let user = User::new();
    fs::create_dir(user.path("many")).unwrap();
    for name in ["a.mp4", "b.mp4"] {
        fs::copy(user.path("in.mp4"), user.path("many").join(name)).unwrap();
    }
    fs::write(user.path("many/c.mp4"), "no video").unwrap();
    let ended = user.run("audio many -o made/ --format flac");
    assert_eq!(ended.code, Some(5));
    let mut paths: Vec<_> = ended.output.lines().collect();
    paths.sort_unstable();
    assert_eq!(paths, ["made/a.flac", "made/b.flac"]);
    assert!(
        ended.errors.starts_with("error: c.mp4: "),
        "{}",
        ended.errors
    );
}

#[test]
fn json_lines_tell_everything() {
    let user = User::new();
    let ended = user.run("resize in.mp4 --size 144p --json");
    assert_eq!((ended.code, ended.errors.as_str()), (Some(0), ""));
    let lines = ended.lines();
    assert!(lines.iter().any(|line| line["event"] == "accepted"));
    assert!(
        lines
            .iter()
            .any(|line| line["stage"] == "uploading" && line["progress"] == 1.0)
    );
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["event"], &last["output"]),
        (&"result".into(), &"in.resized.mp4".into())
    );
    let size = fs::metadata(user.path("in.resized.mp4")).unwrap().len();
    assert_eq!(last["size"], size);
}

#[test]
fn without_a_server_the_same_is_done_here() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("in.mp4"), clip()).unwrap();
    let run = |line| Ended::of(at_home(home.path(), line).output().unwrap());
    run("gif in.mp4 --start 1 --duration 0.5 --local").check(0, "in.gif\n");
    assert!(
        fs::read(home.path().join("in.gif"))
            .unwrap()
            .starts_with(b"GIF8")
    );
    run("gif in.mp4 --start 100 --duration 1 --local --force").check(5, "");
    assert_eq!(
        fs::read_dir(home.path()).unwrap().count(),
        2,
        "nothing else is left"
    );
}

#[test]
fn each_kind_of_failure_has_its_code() {
    let user = User::new();
    user.run("compress in.mp4 --quality 99").check(2, "");
    user.run("compress in.mp4 --nonsense").check(2, "");
    user.run("compress none.mp4").check(3, "");
    user.run("status 0123456789abcdef0123456789abcdef")
        .check(4, "");
    fs::write(user.path("text.mp4"), "no video at all").unwrap();
    user.run("compress text.mp4").check(5, "");
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = user
        .run(&format!("compress in.mp4 --server {free}"))
        .check(6, "");
    assert!(
        nobody.errors.contains("help: check the address"),
        "{}",
        nobody.errors
    );
    let json = user.run(&format!("compress in.mp4 --json --server {free}"));
    let last = json.lines().pop().unwrap();
    assert_eq!(
        (&last["code"], &last["exit"]),
        (&"unreachable".into(), &6.into())
    );
}

#[test]
fn patience_that_ends_leaves_a_job_that_can_be_fetched() {
    let user = User::new();
    user.run("webm in.mp4 --max-wait 0s").check(7, "");
    let jobs = user.run("jobs --json").lines();
    assert_eq!((jobs.len(), &jobs[0]["operation"]), (1, &"webm".into()));
    let id = jobs[0]["task_id"].as_str().unwrap().to_owned();
    assert!(user.run("jobs").output.contains(&id));
    user.run(&format!("fetch {}", &id[..6]))
        .check(0, &format!("{}\n", user.path("in.webm").display()));
    user.run("jobs").check(0, "");
    user.run(&format!("status {id}")).check(0, "expired\n");
}

#[test]
fn an_interruption_cancels_the_job_at_the_server() {
    let user = User::new();
    fs::write(user.path("long.mp4"), long_clip()).unwrap();
    let (mut child, output) = user.start_until("webm long.mp4 --json", "encoding");
    let jobs = user.run("jobs --json").lines();
    let id = jobs[0]["task_id"].as_str().unwrap().to_owned();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let last: Value = serde_json::from_str(&output.lines().last().unwrap().unwrap()).unwrap();
    assert_eq!(last["code"], "interrupted");
    user.run(&format!("status {id}")).check(0, "cancelled\n");
    user.run("jobs").check(0, "");
    assert_eq!(user.names(), ["in.mp4", "long.mp4"]);
}

#[test]
fn a_job_can_be_cancelled_by_its_beginning() {
    let user = User::new();
    fs::write(user.path("long.mp4"), long_clip()).unwrap();
    user.run("webm long.mp4 --max-wait 0s").check(7, "");
    let id = user.run("jobs --json").lines()[0]["task_id"]
        .as_str()
        .unwrap()
        .to_owned();
    user.run(&format!("cancel {}", &id[..8]))
        .check(0, "cancelled\n");
    user.run("jobs").check(0, "");
}

#[test]
fn a_server_that_restarts_in_the_middle_is_waited_for() {
    let mut user = User::new();
    let address = user.server.address.to_string();
    let (mut child, output) = user.start_until("webm in.mp4 --json", "encoding");
    user.server.kill();
    user.server = Server::start(&user.home.path().join("data"), &["--mmp-listen", &address]);
    let last: Value = serde_json::from_str(&output.lines().last().unwrap().unwrap()).unwrap();
    assert_eq!(
        (&last["event"], child.wait().unwrap().code()),
        (&"result".into(), Some(0))
    );
}

#[test]
fn stop_ends_the_server_of_a_directory() {
    let home = tempfile::tempdir().unwrap();
    let run = |line: &str| Ended::of(at_home(home.path(), line).output().unwrap());
    let begun = run(
        "serve --detach --data d --mmp-listen 127.0.0.1:0 --http-listen off --log-dir logs --set storage.margin=0",
    );
    let second = run("serve --data d --mmp-listen 127.0.0.1:0 --http-listen off");
    // Before anything is asserted: nobody else would end it.
    run("stop --data d").check(0, "");
    assert_eq!(begun.code, Some(0), "{}", begun.errors);
    assert!(begun.output.starts_with("listening mmp 127.0.0.1:"));
    assert_eq!(second.code, Some(1));
    for component in ["server", "video", "performance", "client"] {
        let log = home.path().join(format!("logs/{component}.log"));
        assert!(log.exists(), "{component}");
    }
    let again = run("stop --data d").check(6, "");
    assert!(again.errors.contains("no server runs on d"));
}

#[test]
fn what_the_program_says_about_itself() {
    let home = tempfile::tempdir().unwrap();
    let run = |line: &str| Ended::of(at_home(home.path(), line).output().unwrap());
    assert_eq!(run("doctor").code, Some(0));
    assert!(run("config").output.contains("[storage]"));
    let effective = run("config --effective --set storage.ceiling=1TB").output;
    assert!(effective.contains("storage.ceiling = \"1TB\"") && effective.contains("# flag --set"));
    let wrong = run("config --effective --set storage.cieling=1TB").check(2, "");
    assert!(wrong.errors.contains("did you mean \"storage.ceiling\"?"));
    run("man pages").check(0, "");
    assert!(home.path().join("pages/kinora-compress.1").exists());
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            run(&format!("completions {shell}"))
                .output
                .contains("target-size")
        );
    }
    assert!(run("exit-codes").output.contains("130  interrupted"));
    assert!(run("formats").output.contains("--target-size"));
}
