//! The generators' side of the wire: one connection, with payload from a pattern and into nothing.

use anyhow::{Context, Result, bail, ensure};
use kinora_mmp::connection::{Event, Incoming};
use kinora_mmp::frame::Head;
use kinora_mmp::reply::Reply;
use serde_json::{Value, json};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What one write or read moves: what the peers are told to use as well.
pub(crate) const BLOCK: usize = 256 * 1024;
/// Nothing that is measured takes longer; a generator that waits longer for one answer gives up.
const PATIENCE: Duration = Duration::from_secs(600);

/// Bytes that are no video and do not repeat within a block.
#[derive(Debug)]
pub(crate) struct Pattern {
    bytes: Vec<u8>,
}

impl Pattern {
    pub(crate) fn new() -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let words = (0..BLOCK / 8).map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        });
        Self {
            bytes: words.flat_map(u64::to_le_bytes).collect(),
        }
    }

    /// BLAKE3 of so many bytes of it, hex.
    pub(crate) fn digest(&self, length: u64) -> String {
        let mut hasher = blake3::Hasher::new();
        for piece in self.pieces(length) {
            hasher.update(piece);
        }
        hasher.finalize().to_hex().to_string()
    }

    /// So many bytes of it, in blocks.
    pub(crate) fn pieces(&self, length: u64) -> impl Iterator<Item = &[u8]> {
        let mut left = length;
        std::iter::from_fn(move || {
            let n = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
            left -= n as u64;
            (n > 0).then(|| &self.bytes[..n])
        })
    }

    /// Writes so many bytes of it.
    pub(crate) fn send(&self, to: &mut impl Write, length: u64) -> Result<()> {
        for piece in self.pieces(length) {
            to.write_all(piece).context("the receiver left")?;
        }
        Ok(())
    }
}

/// Reads to the end, or so many bytes, and keeps none. Returns how many there were.
pub(crate) fn drain(from: &mut impl Read, length: u64, mut each: impl FnMut(&[u8])) -> Result<u64> {
    let mut block = vec![0u8; BLOCK];
    let mut done = 0;
    while done < length {
        let room = usize::try_from(length - done).unwrap_or(BLOCK).min(BLOCK);
        match from.read(&mut block[..room])? {
            0 => break,
            n => {
                each(&block[..n]);
                done += n as u64;
            }
        }
    }
    Ok(done)
}

/// A connection to the server.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).context("the server does not listen")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream })
    }

    /// From an address of the client's own, so that servers take it for somebody else; waits no longer than this for
    /// anything.
    pub(crate) fn open_from(own: Ipv4Addr, to: SocketAddr, patience: Duration) -> Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.bind(&SocketAddr::from((own, 0)).into())?;
        socket.connect_timeout(&to.into(), patience)?;
        socket.set_read_timeout(Some(patience))?;
        socket.set_write_timeout(Some(patience))?;
        Ok(Self {
            stream: socket.into(),
        })
    }

    /// Sends a request; its payload is the caller's.
    pub(crate) fn send(&mut self, request: &Value, media_type: &str, payload: u64) -> Result<()> {
        let json = request.as_object().cloned().unwrap_or_default();
        let head = Head::new(json).with_payload(media_type, payload);
        self.stream.write_all(&head.encode()?)?;
        Ok(())
    }

    /// The next answer's head; its payload is the caller's.
    pub(crate) fn answer(&mut self) -> Result<Head> {
        let mut incoming = Incoming::new();
        let mut bytes = vec![0u8; 1 << 16];
        loop {
            let room = usize::try_from(incoming.wanted())?.min(bytes.len());
            let n = self.stream.read(&mut bytes[..room])?;
            ensure!(n > 0, "the server closed the connection");
            if let Some(Event::Head(head)) = incoming.advance(&bytes[..n])?.event {
                return Ok(head);
            }
        }
    }

    /// Asks something small.
    pub(crate) fn ask(&mut self, request: &Value) -> Result<Reply> {
        self.send(request, "", 0)?;
        Ok(Reply::parse(&self.answer()?)?)
    }

    /// Uploads without making a job of it; the server compares the digest. Returns the upload's key.
    pub(crate) fn upload(
        &mut self,
        pattern: &Pattern,
        length: u64,
        digest: &str,
    ) -> Result<String> {
        let key = new_key();
        self.send(&order(&key, Some(digest)), "mp4", length)?;
        pattern.send(&mut self.stream, length)?;
        match Reply::parse(&self.answer()?)? {
            Reply::Received { digest: theirs, .. } => {
                ensure!(theirs == digest, "the server received something else");
                Ok(key)
            }
            other => bail!("the upload was not received: {other:?}"),
        }
    }

    /// Has the server throw an upload away: a digest that is not its own does that.
    pub(crate) fn discard(&mut self, key: &str) -> Result<()> {
        let nobody = "0".repeat(64);
        let request =
            json!({"action": "confirm", "idempotency_key": key, "digest": {"blake3": nobody}});
        match self.ask(&request)? {
            Reply::Error { code, .. } if code == "digest_mismatch" => Ok(()),
            other => bail!("the upload was not thrown away: {other:?}"),
        }
    }
}

/// An upload that waits for a word that never comes, so that no job runs.
pub(crate) fn order(key: &str, digest: Option<&str>) -> Value {
    let mut order = json!({
        "action": "upload", "operation": "compress", "commit": "confirm",
        "idempotency_key": key, "ext": ["digest", "resume", "job"],
    });
    if let Some(digest) = digest {
        order["digest"] = json!({ "blake3": digest });
    }
    order
}

/// A key that no other upload of this machine has.
pub(crate) fn new_key() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanos = now.map_or(0, |now| now.as_nanos());
    format!("bench-{nanos:024x}-{count:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_any_length() {
        let pattern = Pattern::new();
        for length in [0, 1, BLOCK as u64, BLOCK as u64 + 1] {
            let mut sent = Vec::new();
            pattern.send(&mut sent, length).unwrap();
            assert_eq!(sent.len() as u64, length);
            let mut hasher = blake3::Hasher::new();
            let drained = drain(&mut sent.as_slice(), u64::MAX, |piece| {
                hasher.update(piece);
            });
            assert_eq!(drained.unwrap(), length);
            assert_eq!(
                pattern.digest(length),
                hasher.finalize().to_hex().to_string()
            );
        }
    }
}
