//! A client that speaks bare frames, and clips to send. The process-level tests use this file too.

use kinora_mmp::connection::{Event, Incoming};
use kinora_mmp::frame::Head;
use serde_json::{Map, Value};
use std::fs;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// No answer takes longer than this on any machine; a test that waits for one fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
}

/// An answer with its payload.
pub(crate) struct Answer {
    pub(crate) json: Map<String, Value>,
    pub(crate) media_type: String,
    pub(crate) payload: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self, member: &str) -> &str {
        self.json
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no {member} in {:?}", self.json))
    }
}

impl Peer {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).unwrap())
    }

    /// A client with an address of its own: all of 127.0.0.0/8 is loopback on Linux.
    pub(crate) fn connect_as(address: SocketAddr, last: u8) -> Self {
        let (domain, kind) = (socket2::Domain::IPV4, socket2::Type::STREAM);
        let socket = socket2::Socket::new(domain, kind, None).unwrap();
        let from = SocketAddr::new(IpAddr::from([127, 0, 0, last]), 0);
        socket.bind(&from.into()).unwrap();
        socket.connect(&address.into()).unwrap();
        Self::new(socket.into())
    }

    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream }
    }

    pub(crate) fn send(&mut self, json: Value, media_type: &str, payload: &[u8]) {
        self.send_head(json, media_type, payload.len() as u64);
        self.stream.write_all(payload).unwrap();
    }

    pub(crate) fn send_head(&mut self, json: Value, media_type: &str, payload_len: u64) {
        let head = Head {
            json: json.as_object().unwrap().clone(),
            media_type: media_type.to_owned(),
            payload_len,
        };
        self.stream.write_all(&head.encode().unwrap()).unwrap();
    }

    pub(crate) fn answer(&mut self) -> Answer {
        self.try_answer().expect("an answer")
    }

    pub(crate) fn try_answer(&mut self) -> io::Result<Answer> {
        let mut incoming = Incoming::new();
        let mut answer = Answer {
            json: Map::new(),
            media_type: String::new(),
            payload: Vec::new(),
        };
        let mut buffer = vec![0u8; 1 << 16];
        loop {
            let room = usize::try_from(incoming.wanted())
                .unwrap()
                .min(buffer.len());
            let n = match room {
                0 => 0,
                _ => match self.stream.read(&mut buffer[..room])? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    n => n,
                },
            };
            let mut bytes = &buffer[..n];
            loop {
                let step = incoming.advance(bytes).expect("a sound frame");
                match step.event {
                    Some(Event::Head(head)) => {
                        answer.json = head.json;
                        answer.media_type = head.media_type;
                    }
                    Some(Event::Payload(n)) => answer
                        .payload
                        .extend_from_slice(&bytes[step.used - n..step.used]),
                    Some(Event::End) => return Ok(answer),
                    None => {}
                }
                bytes = &bytes[step.used..];
                if bytes.is_empty() && incoming.wanted() > 0 {
                    break;
                }
            }
        }
    }

    pub(crate) fn ask(&mut self, json: Value, media_type: &str, payload: &[u8]) -> Answer {
        self.send(json, media_type, payload);
        self.answer()
    }

    /// Sends an order in the way that is answered at once, and returns its task.
    pub(crate) fn submit(&mut self, operation: &str, payload: &[u8]) -> String {
        let order = serde_json::json!({"action": "upload", "operation": operation, "wait": false});
        let accepted = self.ask(order, "mp4", payload);
        assert_eq!(accepted.text("status"), "accepted", "{:?}", accepted.json);
        accepted.text("task_id").to_owned()
    }

    /// Watches a job until it has reached one of these states.
    pub(crate) fn wait_until(&mut self, task: &str, states: &[&str]) -> Answer {
        self.send(
            serde_json::json!({"action": "status", "task_id": task, "watch": true, "ext": ["job"]}),
            "",
            b"",
        );
        loop {
            let answer = self.answer();
            if states.contains(&answer.text("status")) {
                self.end_watch(&answer);
                return answer;
            }
        }
    }

    /// Another request ends a watch; states that were on their way before it are passed over.
    fn end_watch(&mut self, last: &Answer) {
        if matches!(last.text("status"), "queued" | "processing") {
            self.send(serde_json::json!({"action": "ping"}), "", b"");
            while !self.answer().json.contains_key("version") {}
        }
    }

    /// Watches a job to its end.
    pub(crate) fn wait_for(&mut self, task: &str) -> Answer {
        self.wait_until(task, &["completed", "failed", "cancelled", "expired"])
    }

    /// Ends the connection with a reset, as a machine does that knows nothing of it any more.
    pub(crate) fn reset(self) {
        let socket = socket2::SockRef::from(&self.stream);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }
}

/// A clip of three seconds with sound, made once by FFmpeg's generators. Fat enough that compressing pays.
pub(crate) fn clip() -> &'static [u8] {
    static CLIP: OnceLock<Vec<u8>> = OnceLock::new();
    CLIP.get_or_init(|| {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("clip.mp4");
        make(&file, "3", "5");
        fs::read(file).unwrap()
    })
}

/// A clip that VP9 needs minutes for: what is stopped in the middle must not be done by accident.
pub(crate) fn long_clip() -> &'static [u8] {
    static CLIP: OnceLock<Vec<u8>> = OnceLock::new();
    CLIP.get_or_init(|| {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("clip.mp4");
        make(&file, "120", "30");
        fs::read(file).unwrap()
    })
}

fn make(file: &Path, seconds: &str, crf: &str) {
    let source = format!("testsrc2=size=320x180:rate=25:duration={seconds}");
    let tone = format!("sine=frequency=440:duration={seconds}");
    let status = Command::new("ffmpeg")
        .args([
            "-v", "error", "-f", "lavfi", "-i", &source, "-f", "lavfi", "-i", &tone,
        ])
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-crf",
            crf,
            "-c:a",
            "aac",
        ])
        .args(["-pix_fmt", "yuv420p"])
        .arg(file)
        .status()
        .unwrap();
    assert!(status.success());
}
