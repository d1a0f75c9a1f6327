//! Hostile media against the real server: what each file tries, that it fails, that its sender is told why, that nothing
//! is left of it, and that the next job runs.

mod files;
mod programs;
mod bombs;
mod mutants;
mod owner;
mod proof;

use crate::harness::{Server, children_in, left};
use crate::wire::{Answer, Peer};
use serde_json::{Value, json};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A server, and things that no file may reach: another user's video, and a service on this machine.
struct Den {
    server: Server,
    data: PathBuf,
    place: tempfile::TempDir,
    service: TcpListener,
}

/// How a job ended, with its result if there is one.
struct Fate {
    case: String,
    answer: Answer,
    result: Option<PathBuf>,
}

impl Den {
    fn new(more: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        let all = [
            &["--set", "jobs.max_duration=60s", "--set", "jobs.attempts=1"],
            more,
        ]
        .concat();
        let service = TcpListener::bind("127.0.0.1:0").unwrap();
        service.set_nonblocking(true).unwrap();
        fs::write(place.path().join("private.ts"), files::private()).unwrap();
        Self {
            server: Server::start(&data, &all),
            data,
            place,
            service,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Another user's video, by its absolute name.
    fn private(&self) -> String {
        self.path("private.ts").display().to_string()
    }

    /// An address on this machine at which nobody may call.
    fn address(&self) -> String {
        format!("http://{}/x.ts", self.service.local_addr().unwrap())
    }

    /// Resizes this file; the case's name is for who reads a failure.
    fn resize(&self, case: &str, bytes: &[u8]) -> Fate {
        let order = json!({"operation": "resize", "height": 64, "fit": "stretch", "width": 64, "upscale": true});
        self.order(case, order, "mp4", bytes)
    }

    /// Runs an order to its end, then one that has to work, and looks for what is left of both.
    fn order(&self, case: &str, order: Value, ending: &str, bytes: &[u8]) -> Fate {
        let mut order = order;
        order["action"] = "upload".into();
        order["wait"] = false.into();
        let mut peer = self.server.connect();
        let answer = peer.ask(order, ending, bytes);
        let fate = match answer.json.get("task_id").and_then(Value::as_str) {
            Some(task) if answer.text("status") == "accepted" => {
                let task = task.to_owned();
                let answer = peer.wait_for(&task);
                let made = self.fetch(&mut peer, &task, &answer);
                let result = made.map(|bytes| {
                    let path = self.path("result");
                    fs::write(&path, bytes).unwrap();
                    path
                });
                Fate {
                    case: case.into(),
                    answer,
                    result,
                }
            }
            _ => Fate {
                case: case.into(),
                answer,
                result: None,
            },
        };
        self.is_well(case);
        fate
    }

    /// Takes a result.
    fn fetch(&self, peer: &mut Peer, task: &str, answer: &Answer) -> Option<Vec<u8>> {
        if answer.text("status") != "completed" {
            return None;
        }
        let ask = |action: &str| json!({"action": action, "task_id": task, "ext": ["job"]});
        let file = peer.ask(ask("download"), "", b"");
        assert_eq!(peer.ask(ask("confirm"), "", b"").text("status"), "success");
        Some(file.payload)
    }

    /// No process, no file, no call at the service; and the server still works.
    fn is_well(&self, case: &str) {
        assert_eq!(
            children_in(&self.data),
            Vec::<PathBuf>::new(),
            "{case}: a process is left"
        );
        assert_eq!(
            left(&self.data),
            Vec::<PathBuf>::new(),
            "{case}: a file is left"
        );
        assert!(self.service.accept().is_err(), "{case}: somebody called");
        let mut names: Vec<_> = fs::read_dir(self.place.path()).unwrap().flatten().collect();
        names.retain(|entry| {
            !matches!(
                entry.file_name().to_str(),
                Some("data" | "data.log" | "private.ts" | "result")
            )
        });
        assert!(names.is_empty(), "{case}: {names:?}");
        let mut peer = self.server.connect();
        let task = peer.submit("audio", files::beep());
        let answer = peer.wait_for(&task);
        assert_eq!(
            answer.text("status"),
            "completed",
            "{case}: the next job: {:?}",
            answer.json
        );
        self.fetch(&mut peer, &task, &answer);
    }
}

impl Fate {
    /// It failed with one of these codes; the words that its sender read.
    fn refused(&self, codes: &[&str]) -> String {
        let (case, json) = (&self.case, &self.answer.json);
        assert!(
            matches!(self.answer.text("status"), "failed" | "error"),
            "{case}: {json:?}"
        );
        let code = self.answer.text("code");
        assert!(codes.contains(&code), "{case}: {json:?}");
        let words = self.answer.text("description");
        assert!(
            !words.is_empty() && !self.answer.text("solution").is_empty(),
            "{case}"
        );
        assert!(
            !words.contains("/data/"),
            "{case} tells where files are: {words}"
        );
        words.to_owned()
    }

    /// It became something; where.
    fn served(&self) -> &Path {
        let (case, json) = (&self.case, &self.answer.json);
        assert_eq!(self.answer.text("status"), "completed", "{case}: {json:?}");
        self.result
            .as_deref()
            .expect("a completed job has a result")
    }

    /// Either is right: it ended, and the server is well.
    fn ended(&self) {
        assert!(
            matches!(self.answer.text("status"), "completed" | "failed" | "error"),
            "{}: {:?}",
            self.case,
            self.answer.json
        );
    }

    /// Whatever came of it, it is not the private picture, which is all of one colour.
    fn shows_nothing_private(&self) {
        self.ended();
        if let Some(result) = &self.result {
            assert!(
                !files::is_private(result),
                "{} shows another user's video",
                self.case
            );
        }
    }
}

/// Bytes that are made once for all tests.
fn once(cell: &'static OnceLock<Vec<u8>>, make: impl FnOnce() -> Vec<u8>) -> &'static [u8] {
    cell.get_or_init(make)
}
