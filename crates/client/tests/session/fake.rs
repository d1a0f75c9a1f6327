//! A server of a few lines on a loopback socket: it keeps what it gets, and loses connections where it is told to.

use kinora_mmp::connection::{Event, Incoming};
use kinora_mmp::frame::Head;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

/// What the server has, and how it misbehaves.
#[derive(Default)]
pub(crate) struct World {
    /// Each request: its verb, and the offset where it has one.
    pub(crate) log: Vec<String>,
    /// Uploads by their key.
    pub(crate) uploads: HashMap<String, Vec<u8>>,
    /// What every job comes to.
    pub(crate) result: Vec<u8>,
    /// The states that a watching client is told; the last one is also the answer to a plain question.
    pub(crate) states: Vec<Value>,
    /// Bytes of upload payload after which the connection is cut, one for each upload.
    pub(crate) cut_uploads: VecDeque<usize>,
    /// The same for downloads.
    pub(crate) cut_downloads: VecDeque<usize>,
    /// Verbs whose next answer is swallowed together with the connection.
    pub(crate) swallow: VecDeque<&'static str>,
    /// Errors with which the next uploads are refused before their payload has been read.
    pub(crate) refusals: VecDeque<Value>,
    /// So many downloads get a wrong byte.
    pub(crate) damage: u32,
    /// The upload's digest as the server tells it, instead of the right one.
    pub(crate) wrong_digest: bool,
    /// Watching connections stay open without a word after their first state.
    pub(crate) silent: bool,
    /// Stands in the answer that brings the result.
    pub(crate) report: Option<Value>,
    /// Uploads are forgotten at each cut.
    pub(crate) forgetful: bool,
}

/// The server; it lives as long as its process.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) address: String,
    world: Arc<Mutex<World>>,
}

impl Fake {
    pub(crate) fn start(world: World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let fake = Self {
            address: listener.local_addr().unwrap().to_string(),
            world: Arc::new(Mutex::new(world)),
        };
        let served = fake.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let served = served.clone();
                std::thread::spawn(move || Peer::new(stream.unwrap(), served).serve());
            }
        });
        fake
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.world().log.clone()
    }
}

/// One connection. `None` anywhere means that it is over.
struct Peer {
    stream: TcpStream,
    incoming: Incoming,
    unread: Vec<u8>,
    fake: Fake,
}

impl Peer {
    fn new(stream: TcpStream, fake: Fake) -> Self {
        Self {
            stream,
            incoming: Incoming::new(),
            unread: Vec::new(),
            fake,
        }
    }

    fn serve(mut self) {
        while self.request().is_some() {}
    }

    fn request(&mut self) -> Option<()> {
        let (head, _) = self.next()?;
        let Event::Head(head) = head else {
            panic!("no head")
        };
        let text = |name: &str| {
            head.json
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        let verb = text("action");
        let offset = head.json.get("offset").and_then(Value::as_u64);
        let named = offset.map_or_else(|| verb.clone(), |offset| format!("{verb} {offset}"));
        self.fake.world().log.push(named);
        if verb == "upload" {
            return self.upload(&text("idempotency_key"), &head, offset.unwrap_or(0));
        }
        self.next()?;
        let swallowed = self.swallows(&verb);
        match verb.as_str() {
            _ if swallowed && verb != "confirm" => None,
            "resume" => self.resume(&text("idempotency_key")),
            "confirm" => self.confirm(&head, swallowed),
            "status" => self.status(head.json.contains_key("watch")),
            "download" => self.download(offset.unwrap_or(0)),
            "cancel" => self.answer(json!({"status": "cancelled", "task_id": "t1"})),
            other => panic!("{other}"),
        }
    }

    fn upload(&mut self, key: &str, head: &Head, offset: u64) -> Option<()> {
        let refusal = self.fake.world().refusals.pop_front();
        if let Some(error) = refusal {
            self.answer(error)?;
            // As a server does that will not read the rest: it says so, and waits until the client has gone.
            self.stream.shutdown(std::net::Shutdown::Write).unwrap();
            let _ = std::io::copy(&mut self.stream, &mut std::io::sink());
            return None;
        }
        let cut = self.fake.world().cut_uploads.pop_front();
        let mut data = self
            .fake
            .world()
            .uploads
            .get(key)
            .cloned()
            .unwrap_or_default();
        let before = data.len();
        assert_eq!(before as u64, offset, "the client goes on elsewhere");
        loop {
            let (event, bytes) = match cut {
                Some(cut) if data.len() - before >= cut => break,
                _ => match self.next() {
                    Some(next) => next,
                    None => break,
                },
            };
            match event {
                Event::Payload(_) => data.extend_from_slice(&bytes),
                Event::End => {
                    self.fake.world().uploads.insert(key.into(), data.clone());
                    assert_eq!(data.len() as u64, head.json["length"].as_u64().unwrap());
                    return if self.swallows("upload") {
                        None
                    } else {
                        self.received(&data)
                    };
                }
                Event::Head(_) => panic!("a head inside of a payload"),
            }
        }
        if let Some(cut) = cut {
            data.truncate(before + cut);
        }
        let mut world = self.fake.world();
        if !world.forgetful {
            world.uploads.insert(key.into(), data);
        }
        None
    }

    fn received(&mut self, data: &[u8]) -> Option<()> {
        let mut digest = blake3::hash(data).to_hex().to_string();
        if self.fake.world().wrong_digest {
            digest = blake3::hash(b"something else").to_hex().to_string();
        }
        self.answer(json!({"status": "received", "digest": digest, "size": data.len()}))
    }

    fn resume(&mut self, key: &str) -> Option<()> {
        let data = self.fake.world().uploads.get(key).cloned();
        let accepted = self
            .fake
            .world()
            .log
            .iter()
            .any(|line| line == "(accepted)");
        match data {
            None => self.answer(error("unknown_upload")),
            Some(_) if accepted => self.accepted(),
            // The client knows how long it is; a server that has it all says so.
            Some(data) if data.len() == SIZE => self.received(&data),
            Some(data) => {
                self.answer(json!({"status": "success", "have": data.len(), "length": SIZE}))
            }
        }
    }

    fn confirm(&mut self, head: &Head, swallowed: bool) -> Option<()> {
        if head.json.contains_key("task_id") {
            self.fake.world().log.push("(deleted)".into());
            return if swallowed {
                None
            } else {
                self.answer(json!({"status": "success"}))
            };
        }
        if self.fake.world().wrong_digest {
            return self.answer(error("digest_mismatch"));
        }
        self.fake.world().log.push("(accepted)".into());
        if swallowed { None } else { self.accepted() }
    }

    fn accepted(&mut self) -> Option<()> {
        self.answer(json!({"status": "accepted", "task_id": "t1"}))
    }

    fn status(&mut self, watch: bool) -> Option<()> {
        let states = self.fake.world().states.clone();
        let silent = self.fake.world().silent;
        if !watch {
            return self.answer(states.last()?.clone());
        }
        for state in states {
            self.answer(state)?;
            if silent {
                break;
            }
        }
        Some(())
    }

    fn download(&mut self, offset: u64) -> Option<()> {
        let cut = self.fake.world().cut_downloads.pop_front();
        let mut result = self.fake.world().result.clone();
        let mut json = json!({"status": "success", "offset": offset, "size": result.len(),
            "digest": blake3::hash(&result).to_hex().as_str(), "original_size": SIZE});
        if let Some(report) = self.fake.world().report.clone() {
            json["report"] = report;
        }
        let damage = self.fake.world().damage;
        if damage > 0 {
            self.fake.world().damage = damage - 1;
            result[7] ^= 1;
        }
        let rest = &result[usize::try_from(offset).unwrap()..];
        let head = object(json).with_payload("mp4", rest.len() as u64);
        self.stream.write_all(&head.encode().unwrap()).ok()?;
        let sent = cut.map_or(rest.len(), |cut| cut.min(rest.len()));
        self.stream.write_all(&rest[..sent]).ok()?;
        if cut.is_some() { None } else { Some(()) }
    }

    fn answer(&mut self, json: Value) -> Option<()> {
        self.stream.write_all(&object(json).encode().unwrap()).ok()
    }

    fn swallows(&mut self, verb: &str) -> bool {
        let mut world = self.fake.world();
        let hit = world.swallow.front() == Some(&verb);
        if hit {
            world.swallow.pop_front();
        }
        hit
    }

    /// The next event, and its bytes when it is payload.
    fn next(&mut self) -> Option<(Event, Vec<u8>)> {
        loop {
            let step = self.incoming.advance(&self.unread).unwrap();
            let used: Vec<u8> = self.unread.drain(..step.used).collect();
            match step.event {
                Some(Event::Payload(n)) => {
                    return Some((Event::Payload(n), used[used.len() - n..].to_vec()));
                }
                Some(event) => return Some((event, Vec::new())),
                None => {}
            }
            let mut buffer = vec![0; 1 << 16];
            match self.stream.read(&mut buffer) {
                Ok(n) if n > 0 => self.unread.extend_from_slice(&buffer[..n]),
                _ => return None,
            }
        }
    }
}

/// Size of every input of these tests: more than two of the client's pieces, and no multiple of anything.
pub(crate) const SIZE: usize = 2 * (1 << 20) + 12_345;

pub(crate) fn error(code: &str) -> Value {
    json!({"status": "error", "code": code, "description": format!("it is {code}"), "solution": "do better"})
}

fn object(json: Value) -> Head {
    match json {
        Value::Object(members) => Head::new(members),
        _ => panic!("no object"),
    }
}
