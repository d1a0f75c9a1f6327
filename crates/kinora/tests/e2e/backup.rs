//! What a user takes along when a machine is lost: a backup behind a passphrase, brought back as a new device.

use crate::chat::{CANARY, Person, files_with, said};
use crate::devices::lines;
use crate::harness::Server;
use crate::screen::Terminal;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const WORDS: &str = "correct horse battery";

/// Files of a test: the backup, a passphrase, another one.
fn files(place: &Path) -> [String; 3] {
    let path = |name: &str| place.join(name).to_string_lossy().into_owned();
    let [file, words, wrong] = ["asha.age", "words", "wrong"].map(path);
    fs::write(&words, format!("{WORDS}\n")).unwrap();
    fs::write(&wrong, "correct horse staple\n").unwrap();
    [file, words, wrong]
}

#[test]
fn a_backup_brings_back_who_somebody_is_and_what_was_said() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(&place.path().join("data"), &[]);
    let [asha, ravi, phone] =
        ["asha", "ravi", "phone"].map(|name| Person::new(place.path(), name, &server));
    let (mut at_ravi, mut at_asha) = (ravi.come(), asha.come());
    at_asha.type_in("/open ravi");
    at_asha.type_in(&format!("hello {CANARY}"));
    assert_eq!(at_ravi.message().1, format!("hello {CANARY}"));
    at_ravi.type_in("/open asha");
    at_ravi.type_in("hello back");
    assert_eq!(at_asha.message().1, "hello back");
    at_asha.type_in("/verify ravi");
    let number = at_asha.until("safety", |_| true)["number"].clone();
    at_asha.type_in(&format!("/verify ravi {}", number.as_str().unwrap()));
    at_asha.until("safety", |event| event["state"] == "verified");

    let [file, words, wrong] = files(place.path());
    let back_up = [
        "--json",
        "chat",
        "backup",
        &file,
        "--passphrase-file",
        &words,
    ];
    let busy = asha.output(&back_up);
    assert_eq!(busy.status.code(), Some(2), "{}", said(&busy));
    assert_eq!(at_asha.quit(), Some(0));
    let kept = lines(&asha.output(&back_up)).remove(0);
    assert_eq!(
        (&kept["name"], &kept["messages"]),
        (&"asha".into(), &2.into())
    );
    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let open = files_with(place.path(), CANARY);
    assert!(
        open.iter().all(|found| !found.ends_with("asha.age")),
        "{open:?}"
    );
    // A backup is never overwritten, nor made of nobody.
    let again = asha.output(&back_up);
    assert_eq!(again.status.code(), Some(3), "{}", said(&again));
    let none = place.path().join("none.age");
    let nobody = [
        "chat",
        "backup",
        none.to_str().unwrap(),
        "--passphrase-file",
        &words,
    ];
    let nobody = phone.output(&nobody);
    assert_eq!(nobody.status.code(), Some(2), "{}", said(&nobody));
    assert!(!none.exists());

    // The machine is lost. On another one: the wrong words, half a file, another name, and then all of it.
    refused(&phone, place.path(), &file, [&words, &wrong]);
    let restored = lines(&restore(&phone, &file, &words, "asha")).remove(0);
    assert_eq!(
        (&restored["messages"], &restored["number"]),
        (&2.into(), &kept["number"])
    );
    assert!(
        !files_with(&phone.home, CANARY).is_empty(),
        "the history is there"
    );
    let again = restore(&phone, &file, &words, "asha");
    assert_eq!(again.status.code(), Some(2), "{}", said(&again));
    let tells = |event: &Value| {
        event["text"]
            .as_str()
            .unwrap()
            .contains("asha added the device \"phone\"")
    };
    at_ravi.until("note", tells);

    // What was verified is; the conversation goes on, with keys that never were in the backup.
    let mut at_phone = phone.start_as("asha", &[]);
    at_phone.until("people", |_| true);
    at_phone.type_in("/verify ravi");
    let safety = at_phone.until("safety", |_| true);
    assert_eq!(
        (&safety["number"], &safety["state"]),
        (&number, &"verified".into())
    );
    at_phone.type_in("/open ravi");
    at_phone.type_in("from the phone");
    assert_eq!(at_ravi.message(), ("asha".into(), "from the phone".into()));
    at_ravi.type_in("to the phone");
    assert_eq!(at_phone.message(), ("ravi".into(), "to the phone".into()));
    assert_eq!(at_phone.quit(), Some(0));
    assert_eq!(at_ravi.quit(), Some(0));
}

fn restore(person: &Person, file: &str, words: &str, name: &str) -> std::process::Output {
    person.output(&[
        "--json",
        "chat",
        "restore",
        file,
        "--passphrase-file",
        words,
        "--device",
        "phone",
        "--name",
        name,
    ])
}

/// What does not come back, with which code and which exit.
fn refused(phone: &Person, place: &Path, file: &str, [words, wrong]: [&str; 2]) {
    let bytes = fs::read(file).unwrap();
    let made = |name: &str, bytes: &[u8]| {
        let path = place.join(name);
        fs::write(&path, bytes).unwrap();
        path.to_string_lossy().into_owned()
    };
    let mut changed = bytes.clone();
    let last = changed.len() - 20;
    changed[last] ^= 1;
    let [cut, changed] = [
        ("cut.age", &bytes[..bytes.len() - 1]),
        ("changed.age", &changed),
    ]
    .map(|(name, bytes)| made(name, bytes));
    let newer = made(
        "newer.age",
        &[b"age-encryption.org/v7\n", &bytes[22..]].concat(),
    );
    // Larger than any memory, and nothing in it.
    let huge = place.join("huge.age");
    fs::File::create(&huge).unwrap().set_len(1 << 40).unwrap();
    let huge = huge.to_string_lossy().into_owned();
    let missing = place.join("missing.age").to_string_lossy().into_owned();
    for (file, words, name, code, exit) in [
        (file, wrong, "asha", "wrong_passphrase", 2),
        (&cut, words, "asha", "backup_damaged", 3),
        (&changed, words, "asha", "backup_damaged", 3),
        (&newer, words, "asha", "backup_newer", 3),
        (&huge, words, "asha", "backup_damaged", 3),
        (&missing, words, "asha", "unreadable_input", 3),
        (file, words, "ravi", "other_name", 2),
    ] {
        let refused = restore(phone, file, words, name);
        assert_eq!(refused.status.code(), Some(exit), "{}", said(&refused));
        let told = String::from_utf8_lossy(&refused.stdout).into_owned() + &said(&refused);
        assert!(told.contains(code), "{told}");
        assert!(files_with(&phone.home, CANARY).is_empty());
    }
}

#[test]
fn a_passphrase_is_typed_unseen() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(&place.path().join("data"), &[]);
    let asha = Person::new(place.path(), "asha", &server);
    assert_eq!(asha.come().quit(), Some(0));
    let [file, ..] = files(place.path());
    let back_up = asha.command(&["chat", "backup", &file]);
    let mut screen = Terminal::new(&back_up);
    screen.until(|seen| seen.contains("A passphrase"));
    screen.press(&format!("{WORDS}\r"));
    screen.until(|seen| seen.contains("once more"));
    screen.press(&format!("{WORDS}\r"));
    let seen = screen.until(|seen| seen.contains("who has the file and the passphrase is asha"));
    assert!(!seen.contains("horse"), "{seen}");
    assert_eq!(screen.end(), Some(0));

    let phone = Person::new(place.path(), "phone", &server);
    let mut screen = Terminal::new(&phone.command(&["chat", "restore", &file]));
    screen.until(|seen| seen.contains("The passphrase"));
    screen.press(&format!("{WORDS}\r"));
    screen.until(|seen| seen.contains("this is a new device of asha"));
    assert_eq!(screen.end(), Some(0));

    // Broken off, and nobody to be asked.
    let other = place.path().join("other.age");
    let back_up = asha.command(&["chat", "backup", other.to_str().unwrap()]);
    let mut screen = Terminal::new(&back_up);
    screen.until(|seen| seen.contains("A passphrase"));
    screen.press("\u{3}");
    assert_eq!(screen.end(), Some(130));
    let unasked = asha.output(&["chat", "backup", other.to_str().unwrap()]);
    assert_eq!(unasked.status.code(), Some(2), "{}", said(&unasked));
    assert!(
        said(&unasked).contains("--passphrase-file"),
        "{}",
        said(&unasked)
    );
    assert!(!other.exists());
}
