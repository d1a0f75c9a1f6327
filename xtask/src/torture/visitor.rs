//! A client that is not to be relied upon: it breaks off, repeats itself, asks for what it never had, and writes down
//! what it was promised.

use super::ledger::Ledger;
use super::line;
use super::media::{self, File};
use super::tally::Tally;
use crate::bench::load::{Connection, drain, new_key};
use anyhow::{Result, bail};
use fastrand::Rng;
use kinora_mmp::frame::Head;
use kinora_mmp::reply::Reply;
use serde_json::{Value, json};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// Longer than a server that is well waits with any answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a client that wants everything from a server names.
const EXT: [&str; 3] = ["digest", "resume", "job"];

/// One client with an address of its own, which the server takes for one person.
#[derive(Debug)]
pub(crate) struct Visitor<'a> {
    pub(crate) number: u8,
    pub(crate) tally: &'a Tally,
    pub(crate) ledger: &'a Ledger<'a>,
    pub(crate) files: &'a [File],
    pub(crate) dice: Rng,
    /// Uploads that were begun: key, file.
    begun: Vec<(String, usize)>,
}

/// Opens a connection from the visitor's own address.
pub(crate) fn connect(number: u8, to: SocketAddr) -> Result<Connection> {
    Connection::open_from(Ipv4Addr::new(127, 0, 1, number), to, PATIENCE)
}

/// What to do with a video, quick and slow.
pub(crate) fn order(dice: &mut Rng) -> (&'static str, Value) {
    match dice.u8(..8) {
        0 => ("compress", json!({})),
        1 => ("compress", json!({"quality": 35, "speed": "fast"})),
        2 => ("gif", json!({"width": 64})),
        3 => ("resize", json!({"height": 48})),
        4 => ("webm", json!({"width": 64, "duration": 0.5})),
        5 => (
            "convert",
            json!({"format": "mkv", "video": "copy", "audio": "copy"}),
        ),
        6 => ("aspect", json!({"ratio": "1:1"})),
        _ => ("audio", json!({"format": "mp3"})),
    }
}

impl<'a> Visitor<'a> {
    pub(crate) fn new(
        number: u8,
        tally: &'a Tally,
        ledger: &'a Ledger<'a>,
        files: &'a [File],
        seed: u64,
    ) -> Self {
        Self {
            number,
            tally,
            ledger,
            files,
            dice: Rng::with_seed(seed),
            begun: Vec::new(),
        }
    }

    /// Visits until the time is over, or the server is. What the server refuses is no fault.
    pub(crate) fn visit(&mut self, to: SocketAddr, until: Instant) {
        while Instant::now() < until {
            let Ok(mut connection) = self.connect(to) else {
                return;
            };
            for _ in 0..self.dice.usize(1..5) {
                self.tally.count("requests");
                if self.act(&mut connection).is_err() {
                    break;
                }
                if Instant::now() > until {
                    return;
                }
            }
        }
    }

    /// One visit in four comes over a bad line.
    fn connect(&mut self, to: SocketAddr) -> Result<Connection> {
        if self.dice.u8(..4) > 0 {
            return connect(self.number, to);
        }
        let line = line::lay(self.number, to, self.dice.u64(..), self.tally)?;
        Connection::open_from(Ipv4Addr::LOCALHOST, line, PATIENCE)
    }

    fn act(&mut self, to: &mut Connection) -> Result<()> {
        match self.dice.u8(..12) {
            0..=2 => self.upload(to, None),
            3 => self.go_on(to),
            4..=5 => self.status(to),
            6..=7 => self.download(to),
            8 => self.replay(to),
            9 => self.cancel(to),
            10 => self.stranger(to),
            _ => self.cut(to),
        }
    }

    /// Sends a file, whole or cut off at any byte.
    fn upload(&mut self, to: &mut Connection, known: Option<(String, usize)>) -> Result<()> {
        let (key, file) = known.unwrap_or_else(|| (new_key(), self.dice.usize(..self.files.len())));
        let (operation, parameters) = order(&mut self.dice);
        let bytes = &self.files[file].bytes;
        let request = json!({
            "action": "upload", "operation": operation, "parameters": parameters,
            "idempotency_key": key, "offset": 0, "length": bytes.len(), "ext": EXT,
            "digest": {"blake3": blake3::hash(bytes).to_hex().to_string()},
        });
        self.begun.push((key.clone(), file));
        to.send(&request, self.files[file].ending, bytes.len() as u64)?;
        if self.dice.u8(..4) == 0 {
            self.tally.count("faults: upload cut off");
            to.stream
                .write_all(&bytes[..self.dice.usize(..bytes.len())])?;
            bail!("cut off");
        }
        to.stream.write_all(bytes)?;
        self.accepted(to, &key)
    }

    /// Takes up an upload that was begun, wherever the server is with it.
    fn go_on(&mut self, to: &mut Connection) -> Result<()> {
        let Some((key, file)) = self.dice.choice(&self.begun).cloned() else {
            return Ok(());
        };
        match to.ask(&json!({"action": "resume", "idempotency_key": key, "ext": EXT}))? {
            Reply::Resumed { have, length } => self.rest(to, &key, file, have, length),
            Reply::Accepted { task_id } => {
                self.ledger.accepted(&task_id, &key);
                Ok(())
            }
            Reply::Error { code, .. } if code == "unknown_upload" => {
                self.upload(to, Some((key, file)))
            }
            _ => Ok(()),
        }
    }

    fn rest(
        &mut self,
        to: &mut Connection,
        key: &str,
        file: usize,
        have: u64,
        length: u64,
    ) -> Result<()> {
        let bytes = &self.files[file].bytes;
        let rest = bytes.get(usize::try_from(have)?..).unwrap_or_default();
        if length != bytes.len() as u64 {
            self.tally.violation(format!(
                "upload {key} has {length} bytes, {} were announced",
                bytes.len()
            ));
            return Ok(());
        }
        self.tally.count("uploads gone on with");
        let (operation, parameters) = order(&mut self.dice);
        let request = json!({
            "action": "upload", "operation": operation, "parameters": parameters,
            "idempotency_key": key, "offset": have, "length": length, "ext": EXT,
        });
        to.send(&request, self.files[file].ending, rest.len() as u64)?;
        to.stream.write_all(rest)?;
        self.accepted(to, key)
    }

    fn accepted(&mut self, to: &mut Connection, key: &str) -> Result<()> {
        match Reply::parse(&to.answer()?)? {
            Reply::Accepted { task_id } => self.ledger.accepted(&task_id, key),
            Reply::Error { code, .. } => self.tally.count(&format!("refused: {code}")),
            _ => {}
        }
        Ok(())
    }

    /// The same request twice, on this connection and on another.
    fn replay(&mut self, to: &mut Connection) -> Result<()> {
        let Some((key, file)) = self.dice.choice(&self.begun).cloned() else {
            return Ok(());
        };
        self.tally.count("faults: request repeated");
        self.upload(to, Some((key, file)))
    }

    fn any_job(&mut self) -> Option<String> {
        let jobs = self.ledger.jobs();
        self.dice.choice(&jobs).cloned()
    }

    fn status(&mut self, to: &mut Connection) -> Result<()> {
        let Some(id) = self.any_job() else {
            return Ok(());
        };
        self.ask_state(to, &id).map(|_| ())
    }

    /// The state of a job that was promised; not to know it is a broken promise.
    pub(crate) fn ask_state(&mut self, to: &mut Connection, id: &str) -> Result<bool> {
        let before = self.ledger.ended(id);
        match to.ask(&json!({"action": "status", "task_id": id, "ext": EXT}))? {
            Reply::State(state) => Ok(self.ledger.told(id, &state.status, before.as_deref())),
            Reply::Error { code, .. } if code == "unknown_task" => {
                self.tally
                    .violation(format!("job {id} was acknowledged and is not known"));
                Ok(true)
            }
            Reply::Error { code, .. } => {
                self.tally.count(&format!("refused: {code}"));
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    fn download(&mut self, to: &mut Connection) -> Result<()> {
        let Some(id) = self.any_job() else {
            return Ok(());
        };
        let cut = self.dice.u8(..4) == 0;
        self.fetch(to, &id, cut)?;
        if self.dice.u8(..3) == 0 && self.ledger.ended(&id).as_deref() == Some("completed") {
            to.ask(&json!({"action": "confirm", "task_id": id, "ext": EXT}))?;
        }
        Ok(())
    }

    /// Fetches a result, or breaks off in its middle. Whether there was one, and it came whole.
    pub(crate) fn fetch(&mut self, to: &mut Connection, id: &str, cut: bool) -> Result<bool> {
        to.send(
            &json!({"action": "download", "task_id": id, "ext": EXT}),
            "",
            0,
        )?;
        let Reply::Result(delivery) = Reply::parse(&to.answer()?)? else {
            return Ok(false);
        };
        let length = delivery.payload_len;
        if cut {
            self.tally.count("faults: download cut off");
            drain(&mut to.stream, self.dice.u64(..length.max(1)), |_| {})?;
            bail!("cut off");
        }
        let mut hasher = blake3::Hasher::new();
        let whole = drain(&mut to.stream, length, |bytes| {
            hasher.update(bytes);
        })?;
        if whole == length {
            let found = hasher.finalize().to_hex().to_string();
            self.ledger
                .delivered(id, &found, delivery.digest.as_deref());
        }
        Ok(whole == length)
    }

    fn cancel(&mut self, to: &mut Connection) -> Result<()> {
        let Some(id) = self.any_job().filter(|_| self.dice.bool()) else {
            return Ok(());
        };
        self.tally.count("faults: job cancelled");
        let before = self.ledger.ended(&id);
        if let Reply::State(state) =
            to.ask(&json!({"action": "cancel", "task_id": id, "ext": EXT}))?
        {
            self.ledger.told(&id, &state.status, before.as_deref());
        }
        Ok(())
    }

    /// Asks for what is not its own, in an order that makes no sense.
    fn stranger(&mut self, to: &mut Connection) -> Result<()> {
        self.tally.count("faults: asked for what is nobody's");
        let id = format!("{:032x}", self.dice.u128(..));
        let action = *self
            .dice
            .choice(&["status", "download", "cancel", "confirm"])
            .unwrap_or(&"status");
        match to.ask(&json!({"action": action, "task_id": id, "ext": EXT}))? {
            Reply::Error { .. } => Ok(()),
            other => {
                self.tally
                    .violation(format!("{action} of nobody's job was answered {other:?}"));
                Ok(())
            }
        }
    }

    /// A frame that ends at any byte, or is none.
    fn cut(&mut self, to: &mut Connection) -> Result<()> {
        self.tally.count("faults: frame cut off or damaged");
        let request = json!({"action": "status", "task_id": "0", "ext": EXT});
        let head = Head::new(request.as_object().cloned().unwrap_or_default());
        let file = File {
            ending: "mmp",
            bytes: head.encode()?,
        };
        let sent = if self.dice.bool() {
            media::mutate(&file, &file, &mut self.dice).bytes
        } else {
            file.bytes[..self.dice.usize(..file.bytes.len())].to_vec()
        };
        to.stream.write_all(&sent)?;
        bail!("cut off");
    }
}
