//! An input on its way to the server: hashed while it is sent, taken up again where the server stands, confirmed by
//! both sides' digests.
//!
//! `Send(offset)` → `Confirm` → `Accepted`; after a loss the server says at which of them it goes on.

use crate::endpoint::{Endpoint, PIECE, Sent};
use crate::retry::Attempt;
use crate::{Event, Fault, Observer, Problem};
use blake3::Hasher;
use kinora_media::operation::Operation;
use kinora_mmp::frame::Head;
use kinora_mmp::reply::Reply;
use serde_json::{Map, Value, json};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The members that this client understands, as it names them in each request.
pub(crate) const EXT: [&str; 4] = ["digest", "resume", "job", "report"];

/// One upload, over as many connections as it takes.
pub(crate) struct Upload {
    path: PathBuf,
    file: File,
    opened: Metadata,
    request: Map<String, Value>,
    media_type: String,
    key: String,
    hasher: Hasher,
    hashed: u64,
    kept: u64,
    begun: bool,
    confirming: bool,
    piece: Vec<u8>,
}

/// Where an upload stands.
enum Standing {
    Send(u64),
    Confirm,
    Accepted(String),
}

impl Standing {
    /// Bytes that are at the server for good.
    fn kept(&self, size: u64) -> u64 {
        match self {
            Self::Send(offset) => *offset,
            Self::Confirm | Self::Accepted(_) => size,
        }
    }
}

impl Upload {
    /// Opens the input and prepares the request.
    pub(crate) fn new(operation: &Operation, path: &Path) -> Result<Self, Fault> {
        let (file, opened) = open(path).map_err(|reason| Fault::Input {
            path: path.into(),
            reason,
        })?;
        let key = random_key()?;
        let (operation, parameters) = operation.form();
        let request = json!({
            "action": "upload",
            "operation": operation,
            "parameters": parameters,
            "file_name": path.file_name().map(|name| name.to_string_lossy()),
            "idempotency_key": key,
            "length": opened.len(),
            "commit": "confirm",
            "wait": false,
        });
        Ok(Self {
            path: path.into(),
            file,
            opened,
            request: object(request),
            media_type: media_type(path),
            key,
            hasher: Hasher::new(),
            hashed: 0,
            kept: 0,
            begun: false,
            confirming: false,
            piece: vec![0; PIECE],
        })
    }

    /// One attempt on one connection; the task's id when the server has made it a job.
    pub(crate) fn attempt(
        &mut self,
        peer: &mut Endpoint,
        attempt: &mut Attempt,
        observer: &mut dyn Observer,
    ) -> Result<String, Fault> {
        let mut standing = match self.begun {
            true => self.ask(peer)?,
            false => Standing::Send(0),
        };
        // What counts is what the server has kept, not what has gone into the network.
        let kept = standing.kept(self.opened.len());
        if kept > self.kept {
            self.kept = kept;
            attempt.came_further();
        }
        let mut sent = false;
        loop {
            standing = match standing {
                Standing::Accepted(task_id) => return Ok(task_id),
                Standing::Confirm => self.confirm(peer)?,
                // The server had another offset in mind twice: the next attempt asks for it on a fresh connection.
                Standing::Send(_) if std::mem::replace(&mut sent, true) => {
                    return Err(peer.lost("the offsets of both sides do not meet"));
                }
                Standing::Send(offset) => self.send(peer, offset, observer)?,
            }
        }
    }

    /// The job that the server has made of it, if this client gave up between its confirmation and the answer.
    pub(crate) fn unheard_job(
        &self,
        peer: impl FnOnce() -> Result<Endpoint, Fault>,
    ) -> Option<String> {
        if !self.confirming {
            return None;
        }
        match self.ask(&mut peer().ok()?) {
            Ok(Standing::Accepted(task_id)) => Some(task_id),
            _ => None,
        }
    }

    /// Asks where an interrupted upload goes on.
    fn ask(&self, peer: &mut Endpoint) -> Result<Standing, Fault> {
        let question = json!({"action": "resume", "idempotency_key": self.key});
        match peer.ask(&request(question))? {
            Reply::Resumed { have, .. } if have <= self.hashed => Ok(Standing::Send(have)),
            Reply::Received { .. } if self.hashed == self.opened.len() => Ok(Standing::Confirm),
            Reply::Accepted { task_id } => Ok(Standing::Accepted(task_id)),
            Reply::Error { code, .. } if code == "unknown_upload" => Ok(Standing::Send(0)),
            other => Err(refusal(peer, other)),
        }
    }

    fn send(
        &mut self,
        peer: &mut Endpoint,
        offset: u64,
        observer: &mut dyn Observer,
    ) -> Result<Standing, Fault> {
        let mut head = self.request.clone();
        head.insert("offset".into(), offset.into());
        let head =
            request(Value::Object(head)).with_payload(&self.media_type, self.opened.len() - offset);
        self.begun = true;
        let mut sent = peer.send(&head)?;
        let mut at = offset;
        while at < self.opened.len() && sent == Sent::Whole {
            let n = self.read(at)?;
            sent = peer.send_piece(&self.piece[..n])?;
            at += n as u64;
            observer.event(&Event::Uploading {
                sent: at,
                size: self.opened.len(),
            });
        }
        self.sent(peer, at)
    }

    /// What the server says to what it got; an answer before the end cannot be good news, unless it knows the job.
    fn sent(&mut self, peer: &mut Endpoint, at: u64) -> Result<Standing, Fault> {
        match peer.answer()? {
            Reply::Accepted { task_id } => Ok(Standing::Accepted(task_id)),
            Reply::Received { .. } if at < self.opened.len() => {
                Err(peer.lost("the answer came before the end of the input"))
            }
            Reply::Received { digest, .. } => {
                self.check_unchanged()?;
                if digest == self.digest() {
                    return Ok(Standing::Confirm);
                }
                // The confirmation carries our digest, so the server sees the difference and keeps nothing.
                self.confirm(peer)
            }
            other => self.not_taken(peer, other),
        }
    }

    fn not_taken(&self, peer: &Endpoint, reply: Reply) -> Result<Standing, Fault> {
        if let Reply::Error { code, extra, .. } = &reply
            && code == "offset_mismatch"
            && let Some(have) = extra.get("have").and_then(Value::as_u64)
            && have <= self.hashed
        {
            return Ok(Standing::Send(have));
        }
        Err(refusal(peer, reply))
    }

    /// Both sides have the same bytes: the server may begin.
    fn confirm(&mut self, peer: &mut Endpoint) -> Result<Standing, Fault> {
        self.confirming = true;
        let question = json!({
            "action": "confirm",
            "idempotency_key": self.key,
            "digest": {"blake3": self.digest()},
        });
        match peer.ask(&request(question))? {
            Reply::Accepted { task_id } => Ok(Standing::Accepted(task_id)),
            Reply::Error { code, .. } if code == "digest_mismatch" => {
                self.check_unchanged()?;
                Err(Fault::Damaged { what: "the upload" })
            }
            other => Err(refusal(peer, other)),
        }
    }

    /// Reads a piece at `at` and hashes what has not been hashed before.
    fn read(&mut self, at: u64) -> Result<usize, Fault> {
        let left = self.opened.len() - at;
        let wanted = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        let n = match self.file.read_at(&mut self.piece[..wanted], at) {
            Ok(0) => return Err(self.changed()),
            Ok(n) => n,
            Err(error) => {
                return Err(Fault::Input {
                    path: self.path.clone(),
                    reason: error.to_string(),
                });
            }
        };
        let end = at + n as u64;
        if end > self.hashed {
            // `hashed` lies within the piece, so the difference fits.
            let known = (self.hashed - at) as usize;
            self.hasher.update(&self.piece[known..n]);
            self.hashed = end;
        }
        Ok(n)
    }

    fn digest(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }

    /// The file has the size and the time that it had when it was opened.
    fn check_unchanged(&self) -> Result<(), Fault> {
        let face = |metadata: &Metadata| (metadata.len(), metadata.modified().ok());
        match self.file.metadata() {
            Ok(now) if face(&now) == face(&self.opened) => Ok(()),
            _ => Err(self.changed()),
        }
    }

    fn changed(&self) -> Fault {
        Fault::InputChanged {
            path: self.path.clone(),
        }
    }
}

/// A request of this client: without media type and payload, with the list of what it understands.
pub(crate) fn request(members: Value) -> Head {
    let mut members = object(members);
    members.insert("ext".into(), json!(EXT));
    Head::new(members)
}

/// An answer that is not the one hoped for.
pub(crate) fn refusal(peer: &Endpoint, reply: Reply) -> Fault {
    match reply {
        Reply::Error {
            code,
            description,
            solution,
            ..
        } => Fault::Refused(Problem::new(code, description, solution)),
        other => peer.strange(&format_args!("{other:?}")),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn open(path: &Path) -> Result<(File, Metadata), String> {
    let plain = |error: io::Error| error.to_string();
    // A named pipe would block here until somebody writes to it.
    if !path.metadata().map_err(plain)?.is_file() {
        return Err("it is not a regular file".into());
    }
    let file = File::open(path).map_err(plain)?;
    let metadata = file.metadata().map_err(plain)?;
    if metadata.len() == 0 {
        return Err("it is empty".into());
    }
    if metadata.len() > kinora_mmp::limits::MAX_PAYLOAD {
        return Err("it is larger than the 1 TiB that one frame can carry".into());
    }
    Ok((file, metadata))
}

/// The file's ending as the wire's media type: up to four letters or digits; `bin` where there is no such.
fn media_type(path: &Path) -> String {
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or("");
    let fits = (1..=4).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits {
        ending.to_ascii_lowercase()
    } else {
        "bin".into()
    }
}

/// Names this upload for its server; whoever knows it may go on with it, so it cannot be guessed.
fn random_key() -> Result<String, Fault> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Fault::Random(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
