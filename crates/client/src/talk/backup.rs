//! A backup of who a user is and what was said, in one file that a passphrase opens; never of a ratchet. What stands in it
//! says [`kinora_chat::backup`]. Nothing here holds more of it than a chunk and a record.

use super::core::{Backup, Core, Kept, random};
use super::run::now_ms;
use crate::Fault;
use kinora_chat::Fault as Wrong;
use kinora_chat::backup::{LENGTH_BYTES, Record};
use kinora_chat::limits::{CHUNK_BYTES, PASSPHRASE_WORK};
use kinora_chat::passphrase::{
    Chance, HEAD_BYTES_MAX, Head, NONCE_BYTES, Opener, Passphrase, SEALED_CHUNK_BYTES, Sealer,
};
use std::io::{self, Read, Write};
use std::path::Path;

/// Writes all of this directory's user into a file that the passphrase opens.
///
/// # Errors
/// [`Fault::TalkNameless`] where there is no name; [`Fault::Output`]; those of the talk's own file.
pub fn back_up(
    directory: &Path,
    passphrase: &Passphrase,
    out: &mut dyn Write,
) -> Result<Backup, Fault> {
    back_up_with(directory, passphrase, PASSPHRASE_WORK, out)
}

fn back_up_with(
    directory: &Path,
    passphrase: &Passphrase,
    work: u8,
    out: &mut dyn Write,
) -> Result<Backup, Fault> {
    let kept = Kept::open(directory)?;
    let mut sealing = Sealing::new(passphrase, work, out)?;
    let backup = kept.each(&mut |record| sealing.put(&record.to_bytes()?))?;
    sealing.finish()?;
    Ok(backup)
}

/// Brings back what a backup holds, as a new device of its user, if it is of `name`. The server learns of it when it
/// connects. Of a backup that is not sound to its end nothing comes back.
///
/// # Errors
/// [`Fault::TalkLinked`] where there is a name already, [`Fault::TalkNamed`] for a backup of another one; what is wrong with
/// backup or passphrase as [`Fault::Chat`], [`Fault::Input`] where it cannot be read; those of the talk's own file.
pub fn restore(
    directory: &Path,
    passphrase: &Passphrase,
    input: &mut dyn Read,
    name: Option<&str>,
    label: &str,
) -> Result<Backup, Fault> {
    Core::vacant(directory)?;
    let mut records = Records(Opened::new(passphrase, input)?);
    let Some(Record::Head(head)) = records.next().transpose()? else {
        return Err(Wrong::BackupDamaged("it says not whose it is").into());
    };
    let have = head.name()?;
    if let Some(wanted) = name.filter(|wanted| *wanted != have.as_str()) {
        return Err(Fault::TalkNamed {
            have: have.to_string(),
            wanted: wanted.to_owned(),
        });
    }
    Core::restore(directory, &head, &mut records, label, now_ms() / 1000)
}

/// A backup that is being written.
struct Sealing<'a> {
    sealer: Sealer,
    /// What is not sealed yet. A full chunk waits for what follows, for the last one is sealed in another way.
    chunk: Vec<u8>,
    out: &'a mut dyn Write,
}

impl<'a> Sealing<'a> {
    fn new(passphrase: &Passphrase, work: u8, out: &'a mut dyn Write) -> Result<Self, Fault> {
        let chance = Chance {
            salt: random()?,
            key: random()?,
            nonce: random()?,
        };
        let (sealer, head) = Sealer::new(passphrase, work, &chance)?;
        out.write_all(&head).map_err(Fault::Output)?;
        Ok(Self {
            sealer,
            chunk: Vec::with_capacity(CHUNK_BYTES),
            out,
        })
    }

    fn put(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        while !bytes.is_empty() {
            if self.chunk.len() == CHUNK_BYTES {
                self.flush(false)?;
            }
            let room = CHUNK_BYTES - self.chunk.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.chunk.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    fn flush(&mut self, is_last: bool) -> Result<(), Fault> {
        let sealed = self.sealer.seal(&self.chunk, is_last)?;
        self.chunk.clear();
        self.out.write_all(&sealed).map_err(Fault::Output)
    }

    fn finish(mut self) -> Result<(), Fault> {
        self.flush(true)?;
        self.out.flush().map_err(Fault::Output)
    }
}

/// A backup that is being read.
struct Opened<'a> {
    opener: Opener,
    input: Box<dyn Read + 'a>,
    /// The next chunk and a byte behind it, by which it is known not to be the last one.
    sealed: Vec<u8>,
    /// What was opened, and how much of it was taken.
    chunk: Vec<u8>,
    taken: usize,
    is_over: bool,
}

impl<'a> Opened<'a> {
    fn new(passphrase: &Passphrase, input: &'a mut dyn Read) -> Result<Self, Fault> {
        let mut begin = Vec::new();
        read(input, HEAD_BYTES_MAX, &mut begin)?;
        let (head, rest) = Head::read(&begin)?;
        let mut input: Box<dyn Read + 'a> = Box::new(io::Cursor::new(rest.to_vec()).chain(input));
        let mut nonce = Vec::new();
        read(&mut input, NONCE_BYTES, &mut nonce)?;
        let nonce = nonce.as_slice().try_into();
        let nonce = nonce.map_err(|_| Wrong::BackupDamaged("it ends in its beginning"))?;
        Ok(Self {
            opener: head.open(passphrase, nonce)?,
            input,
            sealed: Vec::with_capacity(SEALED_CHUNK_BYTES + 1),
            chunk: Vec::new(),
            taken: 0,
            is_over: false,
        })
    }

    /// So many bytes, or none at the end.
    fn take(&mut self, count: usize) -> Result<Option<Vec<u8>>, Fault> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            let left = &self.chunk[self.taken..];
            if left.is_empty() {
                match (self.is_over, bytes.is_empty()) {
                    (false, _) => self.fill()?,
                    (true, true) => return Ok(None),
                    (true, false) => return Err(Wrong::BackupDamaged("a record is cut").into()),
                }
                continue;
            }
            let now = left.len().min(count - bytes.len());
            bytes.extend_from_slice(&left[..now]);
            self.taken += now;
        }
        Ok(Some(bytes))
    }

    fn fill(&mut self) -> Result<(), Fault> {
        let missing = SEALED_CHUNK_BYTES + 1 - self.sealed.len();
        read(&mut self.input, missing, &mut self.sealed)?;
        self.is_over = self.sealed.len() <= SEALED_CHUNK_BYTES;
        let next = self
            .sealed
            .split_off(self.sealed.len().min(SEALED_CHUNK_BYTES));
        self.chunk = self.opener.open(&self.sealed, self.is_over)?;
        (self.sealed, self.taken) = (next, 0);
        Ok(())
    }
}

/// Appends as much as there is, up to so many bytes.
fn read(input: &mut (impl Read + ?Sized), most: usize, bytes: &mut Vec<u8>) -> Result<(), Fault> {
    let read = input.take(most as u64).read_to_end(bytes);
    read.map(drop).map_err(|error| Fault::Input {
        path: "the backup".into(),
        reason: error.to_string(),
    })
}

/// Records as they are read.
struct Records<'a>(Opened<'a>);

impl Records<'_> {
    fn read(&mut self) -> Result<Option<Record>, Fault> {
        let Some(length) = self.0.take(LENGTH_BYTES)? else {
            return Ok(None);
        };
        let length = length.as_slice().try_into();
        let length = Record::length(length.expect("so many were asked for"))?;
        let bytes = self.0.take(length)?;
        let bytes = bytes.ok_or(Wrong::BackupDamaged("a record is cut"))?;
        Ok(Some(Record::from_bytes(&bytes)?))
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests;
