//! Server-sent events: each change once, an end, and no more streams than one client needs.

use super::client::{Caller, read_head};
use crate::peer::House;
use crate::wire::long_clip;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;

/// A stream of events.
struct Events {
    lines: BufReader<Box<dyn Read>>,
}

#[derive(Debug)]
struct Event {
    id: Option<String>,
    name: String,
    data: Value,
}

impl Events {
    fn open(caller: &Caller, path: &str) -> Self {
        let mut stream = caller.begin("GET", path, &[], 0);
        let (answer, rest) = read_head(&mut stream).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.field("content-type"), Some("text/event-stream"));
        let all: Box<dyn Read> = Box::new(std::io::Cursor::new(rest).chain(stream));
        Self {
            lines: BufReader::new(Box::new(Dechunked::new(all))),
        }
    }

    /// The next event; none at the end.
    fn next(&mut self) -> Option<Event> {
        let (mut id, mut name, mut data) = (None, String::new(), String::new());
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("id", value)) => id = Some(value.to_owned()),
                Some(("event", value)) => name = value.to_owned(),
                Some(("data", value)) => data = value.to_owned(),
                _ if line == "\n" && !data.is_empty() => {
                    let data = serde_json::from_str(&data).unwrap();
                    return Some(Event { id, name, data });
                }
                _ => {}
            }
        }
    }
}

/// Takes the chunks of HTTP/1.1 off.
struct Dechunked {
    inner: BufReader<Box<dyn Read>>,
    left: usize,
}

impl Dechunked {
    fn new(inner: Box<dyn Read>) -> Self {
        Self {
            inner: BufReader::new(inner),
            left: 0,
        }
    }
}

impl Read for Dechunked {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            let mut line = String::new();
            while line.trim().is_empty() {
                line.clear();
                if self.inner.read_line(&mut line)? == 0 {
                    return Ok(0);
                }
            }
            self.left = usize::from_str_radix(line.trim(), 16).unwrap();
            if self.left == 0 {
                return Ok(0);
            }
        }
        let room = buffer.len().min(self.left);
        let n = self.inner.read(&mut buffer[..room])?;
        self.left -= n;
        Ok(n)
    }
}

#[test]
fn a_job_is_followed_to_its_end() {
    let house = House::new();
    let caller = Caller::new(house.http());
    let id = caller.submit(&[("operation", "audio")]).text("id");
    let path = format!("/api/jobs/{id}/events");
    let mut events = Events::open(&caller, &path);
    let mut last = events.next().expect("how it stands");
    while let Some(event) = events.next() {
        assert_eq!(
            (event.name.as_str(), &event.data["id"]),
            ("job", &Value::from(id.as_str()))
        );
        assert_ne!(event.data, last.data, "nothing is told twice");
        last = event;
    }
    assert_eq!(
        last.data["state"], "completed",
        "the stream ends with the job"
    );
    let told = caller.with("last-event-id", last.id.as_deref().unwrap());
    assert_eq!(told.get(&path).status, 204, "an EventSource stops");
    assert_eq!(Events::open(&caller, &path).next().unwrap().data, last.data);
    assert_eq!(Caller::new(house.http()).get(&path).code(), "unknown_task");
}

#[test]
fn all_jobs_of_a_session_are_followed_at_once() {
    let house = House::new();
    let caller = Caller::new(house.http());
    let long = caller
        .form(&[("operation", "webm")], Some(("long.mp4", long_clip())))
        .text("id");
    let mut events = Events::open(&caller, "/api/events");
    let first = events.next().unwrap();
    assert_eq!(first.data["id"], long.as_str());
    let second = caller.submit(&[("operation", "audio")]).text("id");
    Caller::new(house.http()).submit(&[("operation", "audio")]);
    let mut seen = Vec::new();
    while !seen.contains(&second) {
        seen.push(
            events.next().unwrap().data["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    caller.ask("DELETE", &format!("/api/jobs/{long}"), &[], b"");
    let ended = |events: &mut Events, id: &str| loop {
        let event = events.next().unwrap();
        let is_ours = event.data["id"] == id
            || event.data["id"] == long.as_str()
            || event.data["id"] == second.as_str();
        assert!(is_ours, "nobody else's: {event:?}");
        if event.data["id"] == id
            && !matches!(event.data["state"].as_str(), Some("queued" | "processing"))
        {
            return event;
        }
    };
    let last = ended(&mut events, &second);
    assert_eq!(last.data["state"], "completed");
    caller.ask("DELETE", &format!("/api/jobs/{second}"), &[], b"");
    assert_eq!(ended(&mut events, &second).data["state"], "expired");
    assert_eq!(
        Caller::nobody(house.http()).get("/api/events").code(),
        "no_session"
    );
}

#[test]
fn one_client_has_a_few_streams() {
    let mut house = House::new();
    let caller = Caller::new(house.http());
    let open: Vec<TcpStream> = (0..16)
        .map(|_| {
            let mut stream = caller.begin("GET", "/api/events", &[], 0);
            assert_eq!(read_head(&mut stream).unwrap().0.status, 200);
            stream
        })
        .collect();
    let refused = caller.get("/api/events");
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (429, "too_many_requests")
    );
    assert_eq!(
        caller.get("/api/jobs").status,
        200,
        "everything else goes on"
    );
    // A server that stops does not wait for them.
    house.stop();
    drop(open);
}
