//! A device of a name is removed by another one: what the commands say, and what becomes of the one that is gone.

use crate::chat::{Person, said};
use crate::harness::Server;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Output, Stdio};

/// The lines of JSON that a command printed.
pub(crate) fn lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", said(output));
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A new place that shows a code and waits for its answer.
pub(crate) struct Asking {
    child: Child,
    code: String,
}

impl Asking {
    pub(crate) fn new(place: &Person, label: &str) -> Self {
        let mut asks = place.command(&["chat", "link", "--device", label]);
        let asks = asks.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = asks.spawn().unwrap();
        let mut shown = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut shown).unwrap();
        let code = shown.trim().strip_prefix("kinora chat link ").unwrap();
        let code = code.to_owned();
        Self { child, code }
    }

    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// It gets the answer, and is a device.
    fn answered(mut self, text: &[u8]) {
        let mut input = self.child.stdin.take().unwrap();
        input.write_all(text).unwrap();
        drop(input);
        assert!(self.child.wait().unwrap().success());
    }
}

/// Who is not answered goes.
impl Drop for Asking {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The new place becomes a device of whoever has the old one.
fn link(old: &Person, new: &Person, label: &str) {
    let asks = Asking::new(new, label);
    let answer = old.output(&["chat", "link", asks.code()]);
    assert!(answer.status.success(), "{}", said(&answer));
    asks.answered(&answer.stdout);
}

/// Nobody has to leave for it: the answer is given within a talk.
#[test]
fn a_code_is_answered_while_one_talks() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(&place.path().join("data"), &[]);
    let [asha, phone] = ["asha", "phone"].map(|name| Person::new(place.path(), name, &server));
    let mut at_asha = asha.come();
    at_asha.type_in("/link nonsense");
    let refused = at_asha.until("refused", |_| true);
    assert_eq!(refused["code"], "code_unusable", "{refused}");
    let asks = Asking::new(&phone, "phone");
    at_asha.type_in(&format!("/link {}", asks.code()));
    let answer = at_asha.until("answer", |_| true);
    assert_eq!(answer["name"], "asha");
    asks.answered(answer["text"].as_str().unwrap().as_bytes());
    at_asha.until("note", |event| {
        let text = event["text"].as_str().unwrap();
        text.contains("\"phone\" is a device of yours now")
    });
    assert_eq!(at_asha.quit(), Some(0));
}

#[test]
fn a_lost_device_is_removed_by_another_one() {
    let place = tempfile::tempdir().unwrap();
    let server = Server::start(&place.path().join("data"), &[]);
    let [asha, ravi, phone] =
        ["asha", "ravi", "phone"].map(|name| Person::new(place.path(), name, &server));
    let (mut at_ravi, mut at_asha) = (ravi.come(), asha.come());
    at_asha.type_in("/open ravi");
    at_asha.type_in("before");
    assert_eq!(at_ravi.message().1, "before");
    assert_eq!(at_asha.quit(), Some(0));
    link(&asha, &phone, "phone");
    let tells = |event: &Value, words: &str| event["text"].as_str().unwrap().contains(words);
    at_ravi.until("note", |event| {
        tells(event, "asha added the device \"phone\"")
    });

    let devices = lines(&phone.output(&["--json", "chat", "devices"]));
    let found = devices.iter().map(|device| {
        let label = device["label"].as_str().unwrap();
        (label, device["this"].as_bool().unwrap())
    });
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    assert_eq!(found, [("phone", true), ("terminal", false)]);
    for (words, exit) in [
        (&["--remove", "terminal"][..], 2),
        (&["--remove", "phone", "--yes"], 4),
        (&["--remove", "tablet", "--yes"], 4),
    ] {
        let refused = phone.output(&[&["chat", "devices"], words].concat());
        assert_eq!(refused.status.code(), Some(exit), "{}", said(&refused));
    }

    // It is there while it is removed: it is told, and goes.
    let mut at_asha = asha.come();
    let remove = ["--json", "chat", "devices", "--remove", "terminal", "--yes"];
    let removed = lines(&phone.output(&remove));
    assert_eq!(removed.last().unwrap()["label"], "terminal");
    assert_eq!(at_asha.ended(), Some(4));
    at_ravi.until("note", |event| {
        tells(event, "asha removed the device \"terminal\"")
    });
    let mut at_phone = phone.start_as("asha", &[]);
    at_phone.until("people", |_| true);
    at_ravi.type_in("/open asha");
    at_ravi.type_in("to the phone alone");
    assert_eq!(at_phone.message().1, "to the phone alone");
    let out = asha.output(&["--json", "chat", "--line"]);
    assert_eq!(out.status.code(), Some(4), "{}", said(&out));
    let told = String::from_utf8_lossy(&out.stdout).into_owned() + &said(&out);
    assert!(told.contains("device_removed"), "{told}");
    assert_eq!(at_phone.quit(), Some(0));
    assert_eq!(at_ravi.quit(), Some(0));
}
