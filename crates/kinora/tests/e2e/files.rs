//! Files that people send each other through a server that cannot read them, with processes that are killed, time that is
//! over, and a server that lies.

use crate::chat::{CANARY, Client, Person, files_with, said, start_with_own_ports};
use crate::harness::Server;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread;

const FIVE_MB: usize = 5_000_000;

/// Bytes that look random, with the canary in them.
fn content(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes: Vec<u8> = (0..size)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect();
    for at in [0, size / 2, size - CANARY.len()] {
        bytes[at..at + CANARY.len()].copy_from_slice(CANARY.as_bytes());
    }
    bytes
}

struct Scene {
    place: tempfile::TempDir,
    data: PathBuf,
    asha: Person,
    ravi: Person,
}

impl Scene {
    fn new(server: impl FnOnce(&Path) -> Server) -> (Self, Server) {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        let server = server(&data);
        let asha = Person::new(place.path(), "asha", &server);
        let ravi = Person::new(place.path(), "ravi", &server);
        let scene = Self {
            place,
            data,
            asha,
            ravi,
        };
        (scene, server)
    }

    /// Both, of whom the one writes to the other.
    fn come(&self) -> (Client, Client) {
        let (at_ravi, mut at_asha) = (self.ravi.come(), self.asha.come());
        at_asha.type_in("/open ravi");
        (at_asha, at_ravi)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.place.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn directory(&self, name: &str) -> PathBuf {
        let path = self.place.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    }

    /// The names under which the server keeps sealed files.
    fn parcels(&self) -> Vec<PathBuf> {
        let list = fs::read_dir(self.data.join("parcels")).unwrap();
        list.map(|entry| entry.unwrap().path()).collect()
    }
}

fn names(directory: &Path) -> Vec<String> {
    let list = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = list
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// What the server says to who asks with this pass.
fn asked(server: &Server, path: &str, pass: &str) -> String {
    let mut stream = TcpStream::connect(server.http).unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nTalk-Pass: {pass}\r\nConnection: close\r\n\r\n",
        server.http
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The next message that brings a file, and the number by which it is saved.
fn file_of(client: &mut Client) -> (Value, u64) {
    let event = client.until("message", |event| !event["file"].is_null());
    let id = event["id"].as_u64().unwrap();
    (event["file"].clone(), id)
}

#[test]
fn a_file_arrives_as_it_was_and_the_server_knows_nothing_of_it() {
    let (scene, server) = Scene::new(start_with_own_ports);
    let (mut at_asha, mut at_ravi) = scene.come();
    let bytes = content(FIVE_MB);
    let name = format!("{CANARY} holiday.mp4");
    let path = scene.file(&name, &bytes);
    at_asha.type_in(&format!("/file {}", path.display()));
    at_asha.until("sent", |_| true);
    let (file, id) = file_of(&mut at_ravi);
    assert_eq!(file["name"], name.as_str());
    assert_eq!(file["size"], FIVE_MB);
    assert_eq!(file["media_type"], "video/mp4");

    // It lies there sealed, and a stranger with its address has nothing of it.
    let parcels = scene.parcels();
    assert_eq!(parcels.len(), 1);
    let sealed = fs::read(&parcels[0]).unwrap();
    assert!(sealed.len() > FIVE_MB && sealed.len() < FIVE_MB + FIVE_MB / 15);
    let address = parcels[0].file_name().unwrap().to_str().unwrap();
    for pass in ["00".to_owned(), "0".repeat(64)] {
        let answer = asked(&server, &format!("/api/talk/parcels/{address}"), &pass);
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert!(answer.contains("pass_required"), "{answer}");
    }
    assert_eq!(files_with(&scene.data, CANARY), Vec::<PathBuf>::new());

    let into = scene.directory("into");
    at_ravi.type_in(&format!("/save {id} {}", into.display()));
    let saved = at_ravi.until("saved", |_| true);
    assert_eq!(saved["path"], into.join(&name).to_str().unwrap());
    assert!(fs::read(into.join(&name)).unwrap() == bytes);
    assert_eq!(names(&into), std::slice::from_ref(&name));
    // The only device that it was for has it.
    assert_eq!(scene.parcels(), Vec::<PathBuf>::new());
    at_ravi.type_in(&format!("/save {id} {}", into.display()));
    let gone = at_ravi.until("refused", |_| true);
    assert_eq!(gone["code"], "unknown_parcel");

    // Another one of that name takes nobody's place.
    let small = scene.file("small.txt", b"small");
    at_asha.type_in(&format!("/file {}", small.display()));
    let (_, id) = file_of(&mut at_ravi);
    let taken = into.join(&name);
    at_ravi.type_in(&format!("/save {id} {}", taken.display()));
    let refused = at_ravi.until("refused", |_| true);
    assert_eq!(refused["code"], "unwritable_output");
    fs::write(into.join("small.txt"), "mine").unwrap();
    at_ravi.type_in(&format!("/save {id} {}", into.display()));
    at_ravi.until("saved", |_| true);
    assert_eq!(fs::read(into.join("small.txt")).unwrap(), b"mine");
    assert_eq!(fs::read(into.join("small (2).txt")).unwrap(), b"small");
    assert!(fs::read(&taken).unwrap() == bytes);

    at_asha.type_in("/file /nowhere/at-all");
    let nothing = at_asha.until("refused", |_| true);
    assert_eq!(nothing["code"], "unreadable_input");
    assert_eq!(at_asha.quit(), Some(0));
    assert_eq!(at_ravi.quit(), Some(0));
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(files_with(&scene.data, CANARY), Vec::<PathBuf>::new());
    let log = fs::read_to_string(scene.data.with_extension("log")).unwrap();
    for word in [CANARY, "asha", "ravi", "holiday", address] {
        assert!(!log.contains(word), "{word} stands in the log:\n{log}");
    }
}

/// One command each, as a script has it.
#[test]
fn scripts_send_and_save_files() {
    let (scene, server) = Scene::new(|data| Server::start(data, &[]));
    let bytes = content(200_000);
    let path = scene.file("report.pdf", &bytes);
    let path = path.to_str().unwrap();
    assert_eq!(scene.ravi.come().quit(), Some(0));
    assert_eq!(scene.asha.come().quit(), Some(0));
    let sent = scene
        .asha
        .output(&["chat", "send", "ravi", "--file", path, "--json"]);
    assert_eq!(sent.status.code(), Some(0), "{}", said(&sent));
    let lines = String::from_utf8(sent.stdout).unwrap();
    let events = lines.lines().map(|line| {
        let event: Value = serde_json::from_str(line).unwrap();
        (
            event["event"].as_str().unwrap().to_owned(),
            event["done"].as_u64(),
        )
    });
    assert_eq!(
        events.collect::<Vec<_>>(),
        [
            ("sending".to_owned(), Some(200_000)),
            ("sent".to_owned(), None)
        ]
    );
    let mut at_ravi = scene.ravi.come();
    let (file, id) = file_of(&mut at_ravi);
    assert_eq!(
        (&file["name"], &file["size"]),
        (&"report.pdf".into(), &200_000.into())
    );
    assert_eq!(at_ravi.quit(), Some(0));
    let to = scene.place.path().join("there.pdf");
    let words = ["chat", "save", &id.to_string(), to.to_str().unwrap()];
    let saved = scene.ravi.output(&words);
    assert_eq!(saved.status.code(), Some(0), "{}", said(&saved));
    assert!(fs::read(&to).unwrap() == bytes);
    let exists = scene.ravi.output(&words);
    assert_eq!(exists.status.code(), Some(3), "{}", said(&exists));
    let none = scene
        .asha
        .output(&["chat", "send", "ravi", "--file", "/nowhere.pdf"]);
    assert_eq!(none.status.code(), Some(3), "{}", said(&none));
    let again = scene.ravi.output(&["chat", "save", "999"]);
    assert_eq!(again.status.code(), Some(4), "{}", said(&again));
    assert!(said(&again).contains("no file"), "{}", said(&again));
    assert_eq!(server.terminate(), Some(0));
}

/// Waits until the server has something of a file on its disk.
fn begun(scene: &Scene) -> PathBuf {
    loop {
        if let [path] = scene.parcels().as_slice()
            && fs::File::open(path).is_ok_and(|file| {
                let mut first = [0; 64];
                file.read_exact_at(&mut first, 0).is_ok() && first != [0; 64]
            })
        {
            return path.clone();
        }
        thread::yield_now();
    }
}

#[test]
fn a_file_goes_on_when_the_server_is_killed_in_the_middle() {
    let (scene, server) = Scene::new(start_with_own_ports);
    let (mut at_asha, mut at_ravi) = scene.come();
    let bytes = content(12 * FIVE_MB);
    let path = scene.file("long.mkv", &bytes);
    at_asha.type_in(&format!("/file {}", path.display()));
    let parcel = begun(&scene);
    server.kill();
    at_asha.until("lost", |_| true);
    let server = start_with_own_ports(&scene.data);
    at_asha.until("sent", |_| true);
    // The same one: it was not begun anew.
    assert_eq!(scene.parcels(), [parcel]);
    let (_, id) = file_of(&mut at_ravi);
    let into = scene.directory("into");
    at_ravi.type_in(&format!("/save {id} {}", into.display()));
    at_ravi.until("saved", |_| true);
    assert!(fs::read(into.join("long.mkv")).unwrap() == bytes);
    assert_eq!(at_asha.quit(), Some(0));
    assert_eq!(at_ravi.quit(), Some(0));
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_file_comes_once_when_its_sender_is_killed_in_the_middle() {
    let (scene, server) = Scene::new(|data| Server::start(data, &[]));
    let (mut at_asha, mut at_ravi) = scene.come();
    let bytes = content(12 * FIVE_MB);
    let path = scene.file("long.mkv", &bytes);
    at_asha.type_in(&format!("/file {}", path.display()));
    let parcel = begun(&scene);
    at_asha.kill();
    let mut at_asha = scene.asha.come();
    let on_its_way = at_asha.until("sending", |_| true);
    assert_eq!(
        (&on_its_way["name"], &on_its_way["size"]),
        (&"long.mkv".into(), &(12 * FIVE_MB).into())
    );
    at_asha.until("sent", |_| true);
    // The same one: it was not begun anew.
    assert_eq!(scene.parcels(), [parcel]);
    let (_, id) = file_of(&mut at_ravi);
    at_asha.type_in("/open ravi");
    at_asha.type_in("that was all");
    assert_eq!(at_ravi.message().1, "that was all");
    let into = scene.directory("into");
    at_ravi.type_in(&format!("/save {id} {}", into.display()));
    at_ravi.until("saved", |_| true);
    assert!(fs::read(into.join("long.mkv")).unwrap() == bytes);
    assert_eq!(at_asha.quit(), Some(0));
    assert_eq!(at_ravi.quit(), Some(0));
    assert_eq!(server.terminate(), Some(0));
}

/// Another content under the same key would open both.
#[test]
fn a_file_that_was_changed_while_its_sender_was_away_is_sent_anew() {
    let (scene, server) = Scene::new(|data| Server::start(data, &[]));
    let (mut at_asha, mut at_ravi) = scene.come();
    let mut bytes = content(12 * FIVE_MB);
    let path = scene.file("long.mkv", &bytes);
    at_asha.type_in(&format!("/file {}", path.display()));
    let parcel = begun(&scene);
    at_asha.kill();
    bytes.iter_mut().for_each(|byte| *byte ^= 1);
    fs::write(&path, &bytes).unwrap();
    let mut at_asha = scene.asha.come();
    at_asha.until("sent", |_| true);
    // That one was taken back.
    let parcels = scene.parcels();
    assert_eq!(parcels.len(), 1);
    assert_ne!(parcels, [parcel]);
    let (_, id) = file_of(&mut at_ravi);
    let into = scene.directory("into");
    at_ravi.type_in(&format!("/save {id} {}", into.display()));
    at_ravi.until("saved", |_| true);
    assert!(fs::read(into.join("long.mkv")).unwrap() == bytes);
    assert_eq!(at_asha.quit(), Some(0));
    assert_eq!(at_ravi.quit(), Some(0));
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_file_that_has_expired_is_a_clear_error() {
    let settings = ["--set", "talk.file_keep=0s", "--set", "talk.file_size=1MB"];
    let (scene, server) = Scene::new(|data| Server::start(data, &settings));
    let (mut at_asha, mut at_ravi) = scene.come();
    let path = scene.file("a.txt", b"short");
    at_asha.type_in(&format!("/file {}", path.display()));
    let (_, id) = file_of(&mut at_ravi);
    let into = scene.directory("into");
    at_ravi.type_in(&format!("/save {id} {}", into.display()));
    let refused = at_ravi.until("refused", |_| true);
    assert_eq!(refused["code"], "unknown_parcel");
    let solution = refused["solution"].as_str().unwrap();
    assert!(solution.contains("sent again"), "{refused}");
    assert_eq!(names(&into), Vec::<String>::new());
    // What is too large is refused before a byte has gone.
    let path = scene.file("large", &content(2_000_000));
    at_asha.type_in(&format!("/file {}", path.display()));
    let refused = at_asha.until("refused", |_| true);
    assert_eq!(refused["code"], "file_too_large");
    assert!(
        refused["description"].as_str().unwrap().contains("1000000"),
        "{refused}"
    );
    assert_eq!(at_asha.quit(), Some(0));
    assert_eq!(at_ravi.quit(), Some(0));
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_server_that_changes_a_byte_is_noticed() {
    let (scene, server) = Scene::new(|data| Server::start(data, &[]));
    let (mut at_asha, mut at_ravi) = scene.come();
    let path = scene.file("a.bin", &content(FIVE_MB));
    at_asha.type_in(&format!("/file {}", path.display()));
    let (_, id) = file_of(&mut at_ravi);
    let parcels = scene.parcels();
    let parcel = fs::File::options()
        .read(true)
        .write(true)
        .open(&parcels[0])
        .unwrap();
    let mut byte = [0];
    parcel.read_exact_at(&mut byte, 3_000_000).unwrap();
    parcel.write_all_at(&[byte[0] ^ 1], 3_000_000).unwrap();
    let into = scene.directory("into");
    at_ravi.type_in(&format!("/save {id} {}", into.display()));
    let refused = at_ravi.until("refused", |_| true);
    assert_eq!(refused["code"], "file_damaged");
    assert_eq!(
        names(&into),
        Vec::<String>::new(),
        "nothing appears, and nothing is left"
    );
    // As it was sent it opens.
    parcel.write_all_at(&byte, 3_000_000).unwrap();
    at_ravi.type_in(&format!("/save {id} {}", into.display()));
    at_ravi.until("saved", |_| true);
    assert_eq!(names(&into), ["a.bin"]);
    assert_eq!(at_asha.quit(), Some(0));
    assert_eq!(at_ravi.quit(), Some(0));
    assert_eq!(server.terminate(), Some(0));
}
