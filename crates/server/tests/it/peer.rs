//! A server on a free port with its own directory, and a client that speaks bare frames.

use kinora_mmp::connection::{Event, Incoming};
use kinora_mmp::frame::Head;
use kinora_server::{Config, Server};
use serde_json::{Map, Value};
use std::fs;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// No answer takes longer than this on any machine; a test that waits for one fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct House {
    pub(crate) server: Option<Server>,
    pub(crate) config: Config,
    _root: tempfile::TempDir,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut config = Config {
            data: root.path().join("data"),
            ..Config::default()
        };
        config.mmp.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
        config.share.mode = kinora_jobs::ShareMode::Priority;
        config.storage.margin = 0;
        change(&mut config);
        let mut house = Self {
            server: None,
            config,
            _root: root,
        };
        house.start();
        house
    }

    pub(crate) fn start(&mut self) {
        self.server = Some(Server::start(self.config.clone()).expect("the server starts"));
    }

    pub(crate) fn stop(&mut self) {
        self.server.take().expect("it runs").stop();
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.as_ref().expect("it runs").addresses()[0]
    }

    pub(crate) fn connect(&self) -> Peer {
        Peer::new(TcpStream::connect(self.address()).unwrap())
    }

    /// A client with an address of its own: all of 127.0.0.0/8 is loopback on Linux.
    pub(crate) fn connect_as(&self, last: u8) -> Peer {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let from = SocketAddr::new(IpAddr::from([127, 0, 0, last]), 0);
        socket.bind(&from.into()).unwrap();
        socket.connect(&self.address().into()).unwrap();
        Peer::new(socket.into())
    }

    /// Files that are kept, the database aside.
    pub(crate) fn kept(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for room in ["incoming", "inputs", "work", "results"] {
            let entries = fs::read_dir(self.config.data.join(room))
                .into_iter()
                .flatten();
            files.extend(entries.map(|e| e.unwrap().path()));
        }
        files
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}

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
                return answer;
            }
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
