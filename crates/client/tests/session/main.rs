//! Sessions against a server on a loopback socket that cuts, swallows and damages at every stage.
//!
//! A new test belongs to the stage that it disturbs: `upload`, `waiting`, `download`.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod fake;
mod upload;
mod waiting;
mod download;

use fake::{Fake, SIZE, World};
use kinora_client::retry::Policy;
use kinora_client::{
    Cancel, Delivered, Destination, Event, Fault, Found, Observer, Session, Timing,
};
use kinora_media::operation::Operation;
use serde_json::{Map, json};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// One client with an input of [`SIZE`] bytes.
struct Client {
    dir: TempDir,
    fake: Fake,
    timing: Timing,
    cancel: Cancel,
}

impl Client {
    fn new(world: World) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("in.mp4"), bytes(SIZE)).unwrap();
        Self {
            dir,
            fake: Fake::start(world),
            timing: quick(),
            cancel: Cancel::new(),
        }
    }

    fn input(&self) -> PathBuf {
        self.dir.path().join("in.mp4")
    }

    fn session(&self) -> Session {
        Session::new(
            self.fake.address.parse().unwrap(),
            self.timing.clone(),
            self.cancel.clone(),
        )
    }

    fn run(&self, mut seen: impl FnMut(&Event<'_>)) -> Result<Delivered, Fault> {
        let mut place = Place(self.dir.path().into());
        self.session()
            .run(&compress(), &self.input(), &mut place, &mut Seen(&mut seen))
    }

    /// Runs, and the result must be the server's.
    fn check(&self) -> Vec<String> {
        let delivered = self.run(|_| {}).unwrap();
        assert_eq!(delivered.task_id, "t1");
        assert!(
            self.result() == self.fake.world().result,
            "the result is another one"
        );
        let upload = self.fake.world().uploads.values().next().cloned().unwrap();
        assert!(upload == bytes(SIZE), "the upload is another one");
        self.fake.log()
    }

    fn result(&self) -> Vec<u8> {
        std::fs::read(self.dir.path().join("out.mp4")).unwrap()
    }
}

/// A world in which all goes well.
fn fair() -> World {
    World {
        result: bytes(SIZE + 99),
        states: vec![state("queued"), state("processing"), state("completed")],
        ..World::default()
    }
}

fn state(status: &str) -> serde_json::Value {
    json!({"status": status, "task_id": "t1", "progress": 0.5, "stage": "encoding", "media_type": "mp4"})
}

fn quick() -> Timing {
    Timing {
        patience: Duration::from_secs(20),
        check_interval: Duration::from_secs(20),
        retry: Policy {
            first: Duration::from_millis(1),
            cap: Duration::from_millis(1),
            attempts: 3,
        },
        ..Timing::default()
    }
}

fn compress() -> Operation {
    Operation::from_form("compress", &Map::new()).unwrap()
}

/// Bytes that differ from piece to piece.
fn bytes(n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes
}

struct Place(PathBuf);

impl Destination for Place {
    fn open(&mut self, found: &Found) -> io::Result<File> {
        assert_eq!(
            (found.task_id.as_str(), found.extension.as_str()),
            ("t1", "mp4")
        );
        File::create(self.0.join("part"))
    }

    fn appear(&mut self) -> io::Result<()> {
        std::fs::rename(self.0.join("part"), self.0.join("out.mp4"))
    }
}

struct Seen<'a>(&'a mut dyn FnMut(&Event<'_>));

impl Observer for Seen<'_> {
    fn event(&mut self, event: &Event<'_>) {
        (self.0)(event);
    }
}
