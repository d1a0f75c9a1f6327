//! One upload while its bytes come: straight to its place on disk, hashed on the way, never held in memory.

use super::Offer;
use super::active::Seat;
use super::parked::Hashes;
use crate::counters::Counters;
use crate::fault::Fault;
use kinora_jobs::problem;
use kinora_store::TaskId;
use kinora_store::contract::Upload;
use rustix::io::Errno;
use sha2::Digest as _;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use tokio::sync::Notify;

/// After so many bytes what has arrived is made durable: the last sync stays short, and a resumed upload repeats at
/// most this much.
pub(crate) const SYNC_BYTES: u64 = 64 << 20;
/// What was written before an interruption is read again in such pieces.
const PIECE: usize = 1 << 20;

/// A digest that the client knows, lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    /// BLAKE3, what we compute of every upload.
    Blake3(String),
    /// SHA-256, computed only where a client asks for it: it costs twice as much.
    Sha256(String),
}

/// What has arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    /// BLAKE3, hex.
    pub(crate) digest: String,
    /// Bytes.
    pub(crate) size: u64,
}

/// An upload in flight. Dropping it without [`super::Uploads::finish`] or `break_off` leaves its record to expire.
#[derive(Debug)]
pub(crate) struct Receiving {
    pub(super) id: TaskId,
    pub(super) keyed: bool,
    file: File,
    length: u64,
    at: u64,
    synced: u64,
    /// How much of it the hashes have seen: all that came, once it is received.
    hashed: u64,
    blake3: blake3::Hasher,
    sha256: Option<sha2::Sha256>,
    wanted: Option<Digest>,
    seat: Seat,
    counters: Arc<Counters>,
}

impl Receiving {
    pub(super) fn new(
        id: TaskId,
        file: File,
        offer: &Offer,
        seat: Seat,
        counters: Arc<Counters>,
    ) -> Self {
        let sha256 = matches!(offer.digest, Some(Digest::Sha256(_)));
        Self {
            id,
            keyed: offer.key.is_some(),
            file,
            length: offer.length,
            at: 0,
            synced: 0,
            hashed: 0,
            blake3: blake3::Hasher::new(),
            sha256: sha256.then(sha2::Sha256::new),
            wanted: offer.digest.clone(),
            seat,
            counters,
        }
    }

    /// Goes on behind what is durable. What is known of that part already need not be read again.
    pub(super) fn go_on(
        upload: &Upload,
        file: File,
        seat: Seat,
        known: Option<Hashes>,
        counters: Arc<Counters>,
    ) -> Self {
        let hashes = known.unwrap_or_else(|| Hashes {
            at: 0,
            blake3: blake3::Hasher::new(),
            sha256: None,
        });
        Self {
            id: upload.id.clone(),
            keyed: true,
            file,
            length: upload.length,
            at: upload.durable,
            synced: upload.durable,
            hashed: hashes.at,
            blake3: hashes.blake3,
            sha256: hashes.sha256,
            wanted: None,
            seat,
            counters,
        }
    }

    /// Compares the whole with this in the end.
    pub(super) fn expect(&mut self, digest: Option<Digest>) {
        let needs_sha256 = matches!(digest, Some(Digest::Sha256(_)));
        if needs_sha256 && self.sha256.is_none() {
            self.sha256 = Some(sha2::Sha256::new());
            self.blake3 = blake3::Hasher::new();
            self.hashed = 0;
        }
        self.wanted = digest;
    }

    /// Hashes what is durable and not hashed yet.
    pub(super) fn read_again(&mut self) -> Result<(), Fault> {
        let mut piece = vec![0u8; PIECE];
        while self.hashed < self.at {
            let left = usize::try_from(self.at - self.hashed).unwrap_or(usize::MAX);
            let piece = &mut piece[..left.min(PIECE)];
            let read = self.file.read_exact_at(piece, self.hashed);
            read.map_err(|error| disk(&error))?;
            self.hash(piece);
        }
        Ok(())
    }

    /// The hashes as they stand, for whoever goes on.
    pub(super) fn hashes(&self) -> Hashes {
        Hashes {
            at: self.hashed,
            blake3: self.blake3.clone(),
            sha256: self.sha256.clone(),
        }
    }

    /// All of it is here: what was announced was only a bound.
    pub(super) fn end_here(&mut self) -> Result<(), Fault> {
        self.length = self.at;
        self.file.set_len(self.at).map_err(|error| disk(&error))
    }

    fn hash(&mut self, bytes: &[u8]) {
        self.blake3.update(bytes);
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        self.hashed += bytes.len() as u64;
    }

    /// Bytes that are still to come.
    pub(crate) fn missing(&self) -> u64 {
        self.length - self.at
    }

    /// The task it is.
    pub(crate) fn id(&self) -> &TaskId {
        &self.id
    }

    /// Bytes that have arrived.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// It can be taken up again.
    pub(crate) fn is_keyed(&self) -> bool {
        self.keyed
    }

    /// It is time for a checkpoint.
    pub(crate) fn is_due(&self) -> bool {
        self.at - self.synced >= SYNC_BYTES
    }

    /// Notified when a newer connection wants to go on with this upload.
    pub(crate) fn ousted(&self) -> Arc<Notify> {
        self.seat.ousted()
    }

    /// Appends; never beyond the announced length.
    ///
    /// # Errors
    /// `disk_full`, `machine_fault`: the upload cannot go on.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let fits = usize::try_from(self.missing())
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        let bytes = &bytes[..fits];
        self.file
            .write_all_at(bytes, self.at)
            .map_err(|error| disk(&error))?;
        self.hash(bytes);
        self.at += fits as u64;
        self.counters.received.add(fits as u64);
        Ok(())
    }

    /// What has come is durable, and takes no more space than it has.
    pub(super) fn shrink(&mut self) -> Result<(), Fault> {
        shrink(&self.file, self.at)?;
        self.synced = self.at;
        Ok(())
    }

    pub(super) fn sync(&mut self) -> Result<(), Fault> {
        self.file.sync_data().map_err(|error| disk(&error))?;
        self.synced = self.at;
        Ok(())
    }

    /// Compares length and digest with what was announced, and makes the bytes durable.
    pub(super) fn finish(mut self) -> Result<Received, Fault> {
        if self.missing() > 0 {
            return Err(Fault::new(
                "upload_incomplete",
                format!("{} of {} bytes have arrived", self.at, self.length),
                "send the file again",
            ));
        }
        let digest = self.blake3.finalize().to_hex().to_string();
        let is_wanted = match (&self.wanted, self.sha256.take()) {
            (Some(Digest::Blake3(wanted)), _) => *wanted == digest,
            (Some(Digest::Sha256(wanted)), Some(sha256)) => *wanted == hex(&sha256.finalize()),
            _ => true,
        };
        if !is_wanted {
            return Err(mismatch(&digest));
        }
        self.sync()?;
        Ok(Received {
            digest,
            size: self.length,
        })
    }
}

/// Cuts the file of an upload to what has come; durable when it returns, so that the record may follow.
pub(super) fn shrink(file: &File, length: u64) -> Result<(), Fault> {
    let cut = file.set_len(length).and_then(|()| file.sync_data());
    cut.map_err(|error| disk(&error))
}

/// Gives the file of an upload the space of all of it again, as it had it in the beginning.
pub(super) fn grow(file: &File, length: u64) -> Result<(), Fault> {
    let flags = rustix::fs::FallocateFlags::empty();
    let reserve = || rustix::fs::fallocate(file, flags, 0, length);
    let grown = match rustix::io::retry_on_intr(reserve) {
        // Not every file system can; then a full disk is noticed later.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => file.set_len(length),
        done => done.map_err(io::Error::from),
    };
    grown.map_err(|error| disk(&error))
}

pub(super) fn mismatch(have: &str) -> Fault {
    Fault::new(
        "digest_mismatch",
        format!("what arrived hashes to BLAKE3 {have}, not to what was announced"),
        "send the file again; if it happens twice, check the line and the file",
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn disk(error: &io::Error) -> Fault {
    problem::of_machine("the upload could not be written", error).into()
}
