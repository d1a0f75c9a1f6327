//! People who talk through a server that cannot read it, each a process of its own; processes that are killed; and what
//! the server keeps of it.

use crate::harness::{Server, kinora, own_addresses};
use crate::library::film;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

/// Stands in everything that is said, and must stand nowhere at the server.
pub(crate) const CANARY: &str = "canary-7f3a91";

/// Somebody, with files of their own.
pub(crate) struct Person {
    name: &'static str,
    pub(crate) home: PathBuf,
    server: String,
}

/// A client that is running.
pub(crate) struct Client {
    child: Child,
    /// Where it says what is wrong.
    errors: PathBuf,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Person {
    pub(crate) fn new(place: &Path, name: &'static str, server: &Server) -> Self {
        let home = place.join(name);
        fs::create_dir(&home).unwrap();
        Self {
            name,
            home,
            server: server.address.to_string(),
        }
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = kinora();
        command.args(words);
        command
            .env("KINORA_SERVER", &self.server)
            .env("HOME", &self.home)
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME");
        command
    }

    pub(crate) fn output(&self, words: &[&str]) -> Output {
        self.command(words).stdin(Stdio::null()).output().unwrap()
    }

    /// Starts a client.
    fn start(&self) -> Client {
        self.start_with(&[])
    }

    /// Starts a client with more flags.
    fn start_with(&self, more: &[&str]) -> Client {
        self.start_as(self.name, more)
    }

    /// Starts a client under another name than the place has.
    pub(crate) fn start_as(&self, name: &str, more: &[&str]) -> Client {
        let told = self.home.join("stderr");
        let mut errors = fs::File::options();
        let errors = errors.create(true).append(true).open(&told);
        let mut command = self.command(&["chat", "--line", "--json", "--name", name]);
        let mut child = command
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors.unwrap())
            .spawn()
            .unwrap();
        Client {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()),
            errors: told,
            child,
        }
    }

    /// Comes online, and waits until the whole directory is there.
    pub(crate) fn come(&self) -> Client {
        let mut client = self.start();
        client.until("people", |_| true);
        client
    }
}

impl Client {
    pub(crate) fn type_in(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
    }

    fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        let n = self.output.read_line(&mut line).unwrap();
        (n > 0).then(|| serde_json::from_str(&line).unwrap())
    }

    /// The next event of this kind for which it holds.
    pub(crate) fn until(&mut self, kind: &str, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            let Some(event) = self.next() else {
                let told = fs::read_to_string(&self.errors).unwrap_or_default();
                panic!("it ended before it told of {kind:?}:\n{told}");
            };
            if event["event"] == kind && holds(&event) {
                return event;
            }
        }
    }

    pub(crate) fn message(&mut self) -> (String, String) {
        let event = self.until("message", |_| true);
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        (text("from"), text("text"))
    }

    pub(crate) fn quit(mut self) -> Option<i32> {
        self.type_in("QUIT");
        self.child.wait().unwrap().code()
    }

    /// How it ends by itself.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        while self.next().is_some() {}
        self.child.wait().unwrap().code()
    }

    /// `kill -9`; the messages that it had told of by then.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut told = Vec::new();
        let mut line = String::new();
        // The last line may be a half.
        while self.output.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["event"] == "message" {
                told.push(event["text"].as_str().unwrap().to_owned());
            }
            line.clear();
        }
        told
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A server that can be killed and started again on the same ports, which nobody else is given meanwhile.
pub(crate) fn start_with_own_ports(data: &Path) -> Server {
    let [mmp, http] = own_addresses(data);
    Server::start_at(data, &mmp, &http, &[])
}

/// Files below, whose bytes contain this.
pub(crate) fn files_with(place: &Path, needle: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(place).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, needle));
        } else if let Ok(bytes) = fs::read(&path)
            && bytes
                .windows(needle.len())
                .any(|window| window == needle.as_bytes())
        {
            found.push(path);
        }
    }
    found
}

/// How often a process has this in what is its own: all that a core dump would show.
fn memory_with(process: u32, needle: &str) -> std::io::Result<usize> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps"))?;
    let memory = fs::File::open(format!("/proc/{process}/mem"))?;
    let mut found = 0;
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let (range, access) = (fields.next().unwrap(), fields.next().unwrap());
        let (from, to) = range.split_once('-').unwrap();
        let number = |text| u64::from_str_radix(text, 16).unwrap();
        if !access.starts_with("rw") {
            continue;
        }
        let mut bytes = vec![0; usize::try_from(number(to) - number(from)).unwrap()];
        // Given back meanwhile, or never there: nothing can stand in it.
        let Ok(read) = memory.read_at(&mut bytes, number(from)) else {
            continue;
        };
        let windows = bytes[..read].windows(needle.len());
        found += windows
            .filter(|window| *window == needle.as_bytes())
            .count();
    }
    Ok(found)
}

#[test]
fn two_people_talk_and_the_server_knows_nothing_of_it() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = start_with_own_ports(&data);
    let asha = Person::new(place.path(), "asha", &server);
    let ravi = Person::new(place.path(), "ravi", &server);
    let nameless = asha.output(&["chat", "--line"]);
    assert_eq!(nameless.status.code(), Some(2), "{}", said(&nameless));
    let mut at_asha = asha.come();
    let mut at_ravi = ravi.come();
    at_asha.until("joined", |event| event["name"] == "ravi");

    // The name is bound: a stranger with it is told what to do, and is out.
    let stranger = Person {
        home: place.path().join("stranger"),
        ..Person::new(place.path(), "mallory", &server)
    };
    let taken = stranger.output(&["chat", "--line", "--name", "ASHA"]);
    assert_eq!(taken.status.code(), Some(4), "{}", said(&taken));
    assert!(
        said(&taken).contains("pick another name"),
        "{}",
        said(&taken)
    );

    at_asha.type_in("/open ravi");
    at_asha.type_in(&format!("hello {CANARY}"));
    let hello = ("asha".to_owned(), format!("hello {CANARY}"));
    assert_eq!(at_ravi.message(), hello);
    at_ravi.type_in("/open Asha");
    at_ravi.type_in(&format!("{CANARY} back"));
    assert_eq!(at_asha.message().1, format!("{CANARY} back"));

    // Both see one number; who has compared it, says so.
    at_asha.type_in("/verify ravi");
    let number = at_asha.until("safety", |event| event["state"] == "pinned")["number"].clone();
    at_ravi.type_in("/verify asha");
    assert_eq!(at_ravi.until("safety", |_| true)["number"], number);
    at_asha.type_in("/verify ravi yes");
    at_asha.until("safety", |event| event["state"] == "verified");

    // Away, and the server stops and comes back: what was said meanwhile waits.
    assert_eq!(at_ravi.quit(), Some(0));
    at_asha.until("left", |event| event["name"] == "ravi");
    for n in 1..=3 {
        at_asha.type_in(&format!("{CANARY} {n}"));
        at_asha.until("sent", |_| true);
    }
    assert_eq!(server.terminate(), Some(0));
    at_asha.until("lost", |_| true);
    at_asha.type_in(&format!("{CANARY} 4"));
    let server = start_with_own_ports(&data);
    at_asha.until("sent", |_| true);
    let mut at_ravi = ravi.start();
    for n in 1..=4 {
        assert_eq!(at_ravi.message().1, format!("{CANARY} {n}"));
    }
    let sent = asha.output(&["chat", "send", "ravi", "x"]);
    assert_eq!(
        sent.status.code(),
        Some(2),
        "one process has the keys: {}",
        said(&sent)
    );
    assert_eq!(at_asha.quit(), Some(0));
    let mut send = asha.command(&["chat", "send", "ravi", "-"]);
    let mut send = send.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = send.stdin.take().unwrap();
    write!(input, "{CANARY} and\nthe rest").unwrap();
    drop(input);
    assert!(send.wait().unwrap().success());
    assert_eq!(at_ravi.message().1, format!("{CANARY} and\nthe rest"));
    let unknown = asha.output(&["chat", "send", "nobody", "x"]);
    assert_eq!(unknown.status.code(), Some(4), "{}", said(&unknown));
    assert!(said(&unknown).contains("nobody"), "{}", said(&unknown));
    let long = "x".repeat(64 * 1024 + 1);
    let mut send = asha.command(&["chat", "send", "ravi", "-"]);
    let send = send.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut send = send.spawn().unwrap();
    send.stdin
        .take()
        .unwrap()
        .write_all(long.as_bytes())
        .unwrap();
    let refused = send.wait_with_output().unwrap();
    assert!(said(&refused).contains("64 KiB"), "{}", said(&refused));
    assert_eq!(at_ravi.quit(), Some(0));

    // At the people's own places it is, at the server's it is not: neither while it runs nor after.
    assert!(!files_with(&asha.home, CANARY).is_empty());
    assert_eq!(files_with(&data, CANARY), Vec::<PathBuf>::new());
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(files_with(&data, CANARY), Vec::<PathBuf>::new());
    let log = fs::read_to_string(data.with_extension("log")).unwrap();
    for word in [CANARY, "asha", "ravi"] {
        assert!(!log.contains(word), "{word} stands in the log:\n{log}");
    }
}

/// A thousand strings that two people tell each other, looked for wherever the server could have it: on its disk while it runs, in
/// the log of its database, in its own log, and in its memory.
#[test]
fn a_thousand_secrets_are_nowhere_at_the_server() {
    const MESSAGES: usize = 40;
    const IN_EACH: usize = 25;
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Server::start(&data, &[]);
    let asha = Person::new(place.path(), "asha", &server);
    let ravi = Person::new(place.path(), "ravi", &server);
    let mut at_ravi = ravi.come();
    let mut at_asha = asha.come();
    at_asha.type_in("/open ravi");
    let secrets = |message: usize| -> String {
        let each = (0..IN_EACH).map(|n| format!("{CANARY}-{}", message * IN_EACH + n));
        each.collect::<Vec<_>>().join(" ")
    };
    for message in 0..MESSAGES {
        at_asha.type_in(&secrets(message));
    }
    for message in 0..MESSAGES {
        assert_eq!(at_ravi.message().1, secrets(message));
    }
    assert_eq!(files_with(&data, CANARY), Vec::<PathBuf>::new());
    let log = fs::read_to_string(data.with_extension("log")).unwrap();
    assert!(!log.contains(CANARY), "{log}");
    // The writer's own memory shows that this look would find it.
    match (
        memory_with(at_asha.child.id(), CANARY),
        memory_with(server.id(), CANARY),
    ) {
        (Ok(at_asha), Ok(at_server)) => {
            assert!(at_asha > 0, "it is not even where it was typed");
            assert_eq!(at_server, 0, "places in the server's memory");
        }
        (Err(error), _) | (_, Err(error)) => {
            println!("skipped: the memory of a process cannot be read here: {error}");
        }
    }
    assert_eq!(at_asha.quit(), Some(0));
    assert_eq!(at_ravi.quit(), Some(0));
    assert_eq!(server.terminate(), Some(0));
}

/// Readers that are killed at any moment: what was shown goes on where it stood.
#[test]
fn a_killed_reader_loses_nothing() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Server::start(&data, &[]);
    let asha = Person::new(place.path(), "asha", &server);
    let ravi = Person::new(place.path(), "ravi", &server);
    let mut at_ravi = ravi.come();
    let mut at_asha = asha.come();
    at_asha.type_in("/open ravi");
    const COUNT: u64 = 40;
    for n in 1..=COUNT {
        at_asha.type_in(&n.to_string());
    }
    let mut seen: Vec<u64> = Vec::new();
    let mut kills = 0;
    while !seen.contains(&COUNT) {
        // 7 and 5 have no common factor: the kills fall on every part of a step.
        for _ in 0..1 + kills * 7 % 5 {
            seen.push(at_ravi.message().1.parse().unwrap());
            if seen.last() == Some(&COUNT) {
                break;
            }
        }
        // What was on its way to this test has been shown.
        seen.extend(at_ravi.kill().iter().map(|n| n.parse::<u64>().unwrap()));
        kills += 1;
        at_ravi = ravi.start();
    }
    assert!(kills >= 8, "{kills}");
    let distinct: BTreeSet<u64> = seen.iter().copied().collect();
    assert_eq!(distinct, (1..=COUNT).collect(), "all of it came");
    // Between the screen and the disk nothing can be atomic: one that was on the screen when the process was killed may
    // come again, but never out of order, and never another one.
    assert!(
        seen.windows(2)
            .all(|pair| pair[1] == pair[0] + 1 || pair[1] <= pair[0]),
        "{seen:?}"
    );
    assert!(seen.windows(2).filter(|pair| pair[1] <= pair[0]).count() <= kills);
    assert_eq!(at_ravi.quit(), Some(0));
    assert_eq!(at_asha.quit(), Some(0));
}

/// A server and a writer that are killed while messages are on their way.
#[test]
fn a_killed_server_and_a_killed_writer_lose_nothing_and_repeat_nothing() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let mut server = start_with_own_ports(&data);
    let asha = Person::new(place.path(), "asha", &server);
    let ravi = Person::new(place.path(), "ravi", &server);
    let mut at_ravi = ravi.come();
    let mut at_asha = asha.come();
    at_asha.type_in("/open ravi");
    let mut written = 0;
    let mut write = |client: &mut Client, count: u64| {
        for _ in 0..count {
            written += 1;
            client.type_in(&written.to_string());
        }
        written
    };
    for round in 1..=3 {
        write(&mut at_asha, 10);
        for _ in 0..round * 2 {
            at_asha.until("sent", |_| true);
        }
        server.kill();
        server = start_with_own_ports(&data);
    }
    // All that was typed is in the file once one that was typed later was sent; then the writer is killed, too.
    let all = write(&mut at_asha, 5);
    for n in 1..=all {
        assert_eq!(at_ravi.message().1, n.to_string());
    }
    at_asha.kill();
    let mut at_asha = asha.come();
    at_asha.type_in("/open ravi");
    at_asha.type_in("the last");
    assert_eq!(at_ravi.message().1, "the last");
    assert_eq!(at_asha.quit(), Some(0));
    assert_eq!(at_ravi.quit(), Some(0));
    assert_eq!(server.terminate(), Some(0));
}

/// The files of a client are put back to an older copy: it is noticed before anything is encrypted, and both go on.
#[test]
fn a_client_that_is_put_back_begins_anew() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Server::start(&data, &[]);
    let asha = Person::new(place.path(), "asha", &server);
    let ravi = Person::new(place.path(), "ravi", &server);
    let (mut at_ravi, mut at_asha) = (ravi.come(), asha.come());
    at_asha.type_in("/open ravi");
    at_asha.type_in("one");
    assert_eq!(at_ravi.message().1, "one");
    assert_eq!(at_asha.quit(), Some(0));
    let kept = asha
        .home
        .join(".local/share/kinora/talk")
        .join(&asha.server);
    let copy = place.path().join("copy.db");
    fs::copy(kept.join("talk.db"), &copy).unwrap();
    for text in ["two", "three"] {
        assert!(
            asha.output(&["chat", "send", "ravi", text])
                .status
                .success()
        );
        assert_eq!(at_ravi.message().1, text);
    }
    fs::copy(&copy, kept.join("talk.db")).unwrap();
    let mut at_asha = asha.start();
    let note = at_asha.until("note", |_| true);
    assert!(
        note["text"].as_str().unwrap().contains("put back"),
        "{note}"
    );
    at_asha.until("people", |_| true);
    at_asha.type_in("/open ravi");
    at_asha.type_in("four");
    let note = at_ravi.until("note", |_| true);
    assert!(
        note["text"].as_str().unwrap().contains("started anew"),
        "{note}"
    );
    assert_eq!(at_ravi.message().1, "four");
    at_ravi.type_in("/open asha");
    at_ravi.type_in("five");
    assert_eq!(at_asha.message().1, "five");
    assert_eq!(at_ravi.quit(), Some(0));
    assert_eq!(at_asha.quit(), Some(0));
}

/// Over TLS, where a token is asked for: the same key and the same token as for everything else.
#[test]
fn tokens_and_keys_are_those_of_the_server() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let mut make = kinora();
    make.args(["token", "create", "asha", "--scope", "watch", "--data"]);
    let made = make.arg(&data).output().unwrap();
    let token = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    let server = Server::start(&data, &["--set", "access=tokens", "--set", "tls.mode=on"]);
    let asha = Person::new(place.path(), "asha", &server);
    let trusted = asha.output(&["trust", &asha.server]);
    assert!(trusted.status.success(), "{}", said(&trusted));
    let without = asha.output(&["chat", "--line", "--name", "asha"]);
    assert_eq!(without.status.code(), Some(4), "{}", said(&without));
    let mut with = asha.command(&["chat", "--line", "--name", "asha"]);
    let with = with.stdin(Stdio::null()).env("KINORA_TOKEN", &token);
    let with = with.output().unwrap();
    assert!(with.status.success(), "{}", said(&with));
    assert!(said(&with).contains("you are asha"), "{}", said(&with));
    assert_eq!(server.terminate(), Some(0));
}

/// The numbers of the messages that an event names.
fn counters(event: &Value) -> Vec<u64> {
    let messages = event["messages"].as_array().unwrap().iter();
    messages
        .map(|each| each["counter"].as_u64().unwrap())
        .collect()
}

/// What was read is told, unless its reader does not want that; what was changed is shown in its new words.
#[test]
fn receipts_and_changes_reach_the_other_one() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Server::start(&data, &[]);
    let asha = Person::new(place.path(), "asha", &server);
    let ravi = Person::new(place.path(), "ravi", &server);
    let mut at_ravi = ravi.start_with(&["--no-receipts"]);
    at_ravi.until("people", |_| true);
    let mut at_asha = asha.come();
    at_asha.type_in("/edit nothing");
    at_asha.type_in("/open ravi");
    at_asha.type_in("/edit nothing");
    at_asha.until("refused", |event| event["code"] == "nothing_to_edit");
    at_asha.type_in("not told of");
    assert_eq!(at_asha.until("sent", |_| true)["counter"], 1);
    assert_eq!(at_ravi.message().1, "not told of");
    assert_eq!(at_ravi.quit(), Some(0));

    // With receipts again, those of before are not made up for.
    let mut at_ravi = ravi.come();
    at_asha.type_in("at seven");
    assert_eq!(at_ravi.message().1, "at seven");
    let read = at_asha.until("read", |_| true);
    assert_eq!((counters(&read), &read["to"]), (vec![2], &"ravi".into()));
    at_asha.type_in("/edit at eight");
    let edited = at_ravi.until("edited", |_| true);
    assert_eq!(
        (&edited["text"], &edited["counter"]),
        (&"at eight".into(), &2.into())
    );

    // Switched off it stays, over the end of the program, until it is switched on.
    at_ravi.type_in("/receipts off");
    at_ravi.type_in("/who");
    at_ravi.until("people", |_| true);
    assert_eq!(at_ravi.quit(), Some(0));
    let mut at_ravi = ravi.come();
    at_asha.type_in("four");
    assert_eq!(at_ravi.message().1, "four");
    at_ravi.type_in("/receipts on");
    at_ravi.type_in("/who");
    at_ravi.until("people", |_| true);
    at_asha.type_in("five");
    assert_eq!(at_ravi.message().1, "five");
    assert_eq!(counters(&at_asha.until("read", |_| true)), [5]);

    // Read by nobody: what comes while one message is sent is told to whoever looks later.
    assert_eq!(at_ravi.quit(), Some(0));
    at_asha.type_in("later");
    at_asha.until("sent", |event| event["counter"] == 6);
    assert!(
        ravi.output(&["chat", "send", "asha", "hi"])
            .status
            .success()
    );
    assert_eq!(at_asha.message().1, "hi");
    let mut at_ravi = ravi.start();
    assert_eq!(at_ravi.message().1, "later");
    assert_eq!(counters(&at_asha.until("read", |_| true)), [6]);
    assert_eq!(at_ravi.quit(), Some(0));
    assert_eq!(at_asha.quit(), Some(0));
}

/// A title goes with its time; who gets it plays it with a command, by rights of their own.
#[test]
fn a_title_is_sent_to_be_watched() {
    let place = tempfile::tempdir().unwrap();
    let films = place.path().join("films");
    fs::create_dir(&films).unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    film(&films.join("Our_holiday.mp4"), 4);
    let films = films.to_string_lossy().into_owned();
    let data = place.path().join("data");
    let more = ["--library", &films, "--set", "library.heights="];
    let server = Server::start(&data, &more);
    let asha = Person::new(place.path(), "asha", &server);
    let ravi = Person::new(place.path(), "ravi", &server);
    let mut at_ravi = ravi.come();
    let listed = |words: &[&str]| String::from_utf8(asha.output(words).stdout).unwrap();
    while !listed(&["library"]).contains("Our holiday") {
        std::thread::yield_now();
    }
    let name = asha.output(&["chat", "--line", "--name", "asha"]);
    assert!(name.status.success(), "{}", said(&name));
    let sent = asha.output(&["chat", "send", "ravi", "--title", "holiday", "--at", "0:02"]);
    assert!(sent.status.success(), "{}", said(&sent));
    let message = at_ravi.until("message", |_| true);
    let title = &message["title"];
    assert_eq!(title["name"], "Our holiday");
    assert_eq!(title["at_ms"], 2_000);
    assert_eq!(title["command"], "kinora play 'Our holiday' --at 0:02");
    let nothing = asha.output(&["chat", "send", "ravi", "--title", "nothing"]);
    assert_eq!(nothing.status.code(), Some(4), "{}", said(&nothing));
    assert!(
        said(&nothing).contains("kinora library"),
        "{}",
        said(&nothing)
    );
    at_ravi.type_in("/open asha");
    at_ravi.type_in("/watch our holiday");
    at_ravi.until("sent", |_| true);
    assert_eq!(at_ravi.quit(), Some(0));
    // A line for people, with the command below it.
    let mut ravi_reads = asha.command(&["chat", "--line"]);
    let read = ravi_reads.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut read = read.spawn().unwrap();
    let mut lines = BufReader::new(read.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ravi: Our holiday");
    assert_eq!(
        lines.next().unwrap().unwrap(),
        "  kinora play 'Our holiday'"
    );
    drop(read.stdin.take());
    assert!(read.wait().unwrap().success());
}

/// A second device of a name: it gets the keys from the first one, and is let into what goes on there.
#[test]
fn a_second_device_is_let_in() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let server = Server::start(&data, &[]);
    let asha = Person::new(place.path(), "asha", &server);
    let ravi = Person::new(place.path(), "ravi", &server);
    let laptop = Person::new(place.path(), "laptop", &server);
    let (mut at_ravi, mut at_asha) = (ravi.come(), asha.come());
    at_asha.type_in("/open ravi");
    at_asha.type_in("before");
    assert_eq!(at_ravi.message().1, "before");
    at_asha.type_in("/verify ravi");
    let number = at_asha.until("safety", |_| true)["number"].clone();
    at_asha.type_in("/verify ravi yes");
    at_asha.until("safety", |event| event["state"] == "verified");
    assert_eq!(at_asha.quit(), Some(0));

    // The new one shows a code and waits; the old one answers it; the lines go over.
    let mut link = laptop.command(&["chat", "link", "--device", "laptop"]);
    let link = link.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut link = link.stderr(Stdio::piped()).spawn().unwrap();
    let mut shown = String::new();
    let mut output = BufReader::new(link.stdout.take().unwrap());
    output.read_line(&mut shown).unwrap();
    let code = shown.trim().strip_prefix("kinora chat link ").unwrap();
    let wrong = asha.output(&["chat", "link", &code[..code.len() - 4]]);
    assert_eq!(wrong.status.code(), Some(2), "{}", said(&wrong));
    let answer = asha.output(&["chat", "link", code]);
    assert!(answer.status.success(), "{}", said(&answer));
    let mut at_asha = asha.come();
    link.stdin
        .take()
        .unwrap()
        .write_all(&answer.stdout)
        .unwrap();
    let told = link.wait_with_output().unwrap();
    assert!(told.status.success(), "{}", said(&told));
    assert!(
        said(&told).contains("a device of asha now"),
        "{}",
        said(&told)
    );
    let told = |event: &Value, words: &str| event["text"].as_str().unwrap().contains(words);
    at_ravi.until("note", |event| {
        told(event, "asha added the device \"laptop\"")
    });
    at_asha.until("note", |event| told(event, "is a device of yours now"));
    let again = laptop.output(&["chat", "link"]);
    assert_eq!(again.status.code(), Some(2), "{}", said(&again));

    // What is said from now on all three have, whoever says it; the number is the same, and its comparing has gone over.
    let mut at_laptop = laptop.start_as("asha", &[]);
    at_laptop.until("people", |_| true);
    at_laptop.type_in("/verify ravi");
    let safety = at_laptop.until("safety", |_| true);
    assert_eq!(
        (&safety["number"], &safety["state"]),
        (&number, &"verified".into())
    );
    at_laptop.type_in("/open ravi");
    at_laptop.type_in("from the laptop");
    assert_eq!(at_ravi.message(), ("asha".into(), "from the laptop".into()));
    assert_eq!(at_asha.message(), ("asha".into(), "from the laptop".into()));
    at_ravi.type_in("/open asha");
    at_ravi.type_in("to both");
    assert_eq!(at_laptop.message(), ("ravi".into(), "to both".into()));
    assert_eq!(at_asha.message(), ("ravi".into(), "to both".into()));
    at_asha.type_in("/open ravi");
    at_asha.type_in("from the first");
    assert_eq!(at_ravi.message().1, "from the first");
    assert_eq!(
        at_laptop.message(),
        ("asha".into(), "from the first".into())
    );
    at_laptop.type_in("/edit from the other");
    assert_eq!(at_ravi.until("edited", |_| true)["text"], "from the other");
    assert_eq!(at_asha.until("edited", |_| true)["text"], "from the other");
    for client in [at_ravi, at_asha, at_laptop] {
        assert_eq!(client.quit(), Some(0));
    }
}
