//! One upload while its bytes come: straight to its place on disk, hashed on the way, never held in memory.

use super::Offer;
use super::active::Seat;
use crate::fault::Fault;
use kinora_jobs::problem;
use kinora_store::TaskId;
use kinora_store::contract::Upload;
use sha2::Digest as _;
use std::fs::File;
use std::io::{self, Read};
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
    blake3: blake3::Hasher,
    sha256: Option<sha2::Sha256>,
    wanted: Option<Digest>,
    seat: Seat,
}

impl Receiving {
    pub(super) fn new(id: TaskId, file: File, offer: &Offer, seat: Seat) -> Self {
        let sha256 = matches!(offer.digest, Some(Digest::Sha256(_)));
        Self {
            id,
            keyed: offer.key.is_some(),
            file,
            length: offer.length,
            at: 0,
            synced: 0,
            blake3: blake3::Hasher::new(),
            sha256: sha256.then(sha2::Sha256::new),
            wanted: offer.digest.clone(),
            seat,
        }
    }

    /// Goes on behind what is durable. That part is read once more for its digest.
    pub(super) fn go_on(
        upload: Upload,
        file: File,
        offer: &Offer,
        seat: Seat,
    ) -> Result<Self, Fault> {
        let mut this = Self::new(upload.id, file, offer, seat);
        let mut piece = vec![0u8; PIECE];
        let mut durable = (&this.file).take(upload.durable);
        loop {
            let n = durable.read(&mut piece).map_err(|error| disk(&error))?;
            if n == 0 {
                break;
            }
            this.blake3.update(&piece[..n]);
            if let Some(sha256) = &mut this.sha256 {
                sha256.update(&piece[..n]);
            }
        }
        this.at = upload.durable;
        this.synced = upload.durable;
        Ok(this)
    }

    /// Bytes that are still to come.
    pub(crate) fn missing(&self) -> u64 {
        self.length - self.at
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
        self.blake3.update(bytes);
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        self.at += fits as u64;
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
