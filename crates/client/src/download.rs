//! A result on its way from the server: written where it belongs, hashed as it comes, taken up again at the byte that
//! is on disk.

use crate::endpoint::Endpoint;
use crate::retry::Attempt;
use crate::upload::{refusal, request};
use crate::{Event, Fault, Observer};
use blake3::Hasher;
use kinora_mmp::reply::{Delivery, Reply};
use serde_json::json;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// One download, over as many connections as it takes.
pub(crate) struct Download<'a> {
    task_id: &'a str,
    file: &'a File,
    hasher: Hasher,
    received: u64,
    furthest: u64,
    digest: Option<String>,
    spoiled: bool,
}

impl<'a> Download<'a> {
    /// Will write into `file`, which is empty.
    pub(crate) fn new(task_id: &'a str, file: &'a File) -> Self {
        Self {
            task_id,
            file,
            hasher: Hasher::new(),
            received: 0,
            furthest: 0,
            digest: None,
            spoiled: false,
        }
    }

    /// One attempt on one connection; what the server says of the result when all of it is in the file and verified.
    pub(crate) fn attempt(
        &mut self,
        peer: &mut Endpoint,
        attempt: &mut Attempt,
        observer: &mut dyn Observer,
    ) -> Result<Delivery, Fault> {
        let result = self.ask(peer)?;
        while let Some(piece) = peer.payload()? {
            self.file
                .write_all_at(piece, self.received)
                .map_err(Fault::Output)?;
            self.hasher.update(piece);
            self.received += piece.len() as u64;
            if self.received > self.furthest {
                self.furthest = self.received;
                attempt.came_further();
            }
            observer.event(&Event::Downloading {
                received: self.received,
                size: result.size,
            });
        }
        self.check(peer, &result)?;
        Ok(result)
    }

    /// Asks for what is missing. A server that begins elsewhere, or has another file by now, makes this begin anew.
    fn ask(&mut self, peer: &mut Endpoint) -> Result<Delivery, Fault> {
        peer.send(&request(json!({
            "action": "download",
            "task_id": self.task_id,
            "offset": self.received,
        })))?;
        let result = match peer.reply()? {
            Reply::Result(result) => result,
            other => return Err(refusal(peer, other)),
        };
        let same = self.digest.is_none() || self.digest == result.digest;
        if result.offset == self.received && same {
            self.digest.clone_from(&result.digest);
            return Ok(result);
        }
        self.begin_anew()?;
        if result.offset == 0 {
            self.digest.clone_from(&result.digest);
            return Ok(result);
        }
        Err(peer.lost("the server's result is another one by now"))
    }

    /// All is there and is what was sent. Damage is worth a second download, not a third.
    fn check(&mut self, peer: &Endpoint, result: &Delivery) -> Result<(), Fault> {
        if self.received != result.size {
            return Err(peer.strange(&format_args!(
                "{} bytes came of {}",
                self.received, result.size
            )));
        }
        let digest = self.hasher.finalize().to_hex();
        if result
            .digest
            .as_ref()
            .is_none_or(|expected| *expected == digest.as_str())
        {
            return Ok(());
        }
        self.begin_anew()?;
        if std::mem::replace(&mut self.spoiled, true) {
            return Err(Fault::Damaged { what: "the result" });
        }
        Err(peer.lost("the result arrived damaged"))
    }

    fn begin_anew(&mut self) -> Result<(), Fault> {
        self.hasher.reset();
        self.received = 0;
        self.digest = None;
        self.file.set_len(0).map_err(Fault::Output)
    }
}
