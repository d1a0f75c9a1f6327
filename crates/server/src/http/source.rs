//! Where the bytes of an answer come from: a file that is mapped, or read into buffers that are used again.
//!
//! What is in the page cache is sent at once; only what has to come from the disk goes to a thread that may wait for it.

use super::limits::{PROBE_BYTES, SEND_BUFFERS, SEND_BYTES, WINDOW_BYTES};
use super::mapped::{Map, Maps};
use crate::counters::Counters;
use bytes::Bytes;
use rustix::io::{Errno, ReadWriteFlags};
use std::fs::File;
use std::io::{self, IoSliceMut};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::task::JoinHandle;

/// Buffers that are used again: making one anew each time costs as much as filling it.
#[derive(Debug, Default)]
pub(super) struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    fn take(&self) -> Vec<u8> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.pop().unwrap_or_else(|| vec![0; SEND_BYTES])
    }

    fn give(&self, buffer: Vec<u8>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < SEND_BUFFERS {
            all.push(buffer);
        }
    }
}

/// What the files of an answer are sent with.
#[derive(Clone, Debug, Default)]
pub(super) struct Means {
    pub(super) buffers: Arc<Buffers>,
    pub(super) counters: Arc<Counters>,
    /// None where the bytes are looked at before they reach the kernel, as TLS does: see [`Map`].
    pub(super) maps: Option<Arc<Maps>>,
}

/// A piece of a file, whose buffer goes back when it has been sent.
struct Piece {
    buffer: Vec<u8>,
    length: usize,
    home: Arc<Buffers>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.home.give(std::mem::take(&mut self.buffer));
    }
}

/// A buffer, and how much of it is filled.
type Read = io::Result<(Vec<u8>, usize)>;

/// What became of a wish to read.
enum Begun {
    Done(Read),
    Waits(JoinHandle<Read>),
}

/// A file that is being sent.
#[derive(Debug)]
pub(super) struct Source {
    file: Arc<File>,
    map: Option<Map>,
    /// What was seen to be in the page cache.
    warm: Range<u64>,
    means: Means,
    reading: Option<JoinHandle<Read>>,
}

impl Source {
    /// Any regular file.
    pub(super) fn new(file: File, means: Means) -> Self {
        let map = means.maps.as_ref().and_then(|maps| maps.of(&file));
        Self {
            file: Arc::new(file),
            map,
            warm: 0..0,
            means,
            reading: None,
        }
    }

    /// The next bytes of those from `at` to `end`: one at least.
    ///
    /// # Errors
    /// When it cannot be read, or has become shorter.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        at: u64,
        end: u64,
    ) -> Poll<io::Result<Bytes>> {
        let reading = match self.reading.take() {
            Some(reading) => reading,
            None => match self.mapped(at, end) {
                Some(piece) => return Poll::Ready(self.counted(Ok(piece))),
                None => match self.read(at, end) {
                    Begun::Done(read) => return Poll::Ready(self.counted(self.filled(read))),
                    Begun::Waits(reading) => reading,
                },
            },
        };
        let reading = self.reading.insert(reading);
        let read = ready!(Pin::new(reading).poll(context));
        self.reading = None;
        let read = read.map_err(io::Error::other).and_then(|read| read);
        Poll::Ready(self.counted(self.filled(read)))
    }

    /// Bytes that were made for the answer, between those of the file.
    pub(super) fn own(&self, bytes: Vec<u8>) -> Bytes {
        self.means.counters.sent.add(bytes.len() as u64);
        bytes.into()
    }

    fn counted(&self, piece: io::Result<Bytes>) -> io::Result<Bytes> {
        let sent = piece.as_ref().map_or(0, Bytes::len);
        self.means.counters.sent.add(sent as u64);
        piece
    }

    fn filled(&self, read: Read) -> io::Result<Bytes> {
        let (buffer, length) = read?;
        Ok(Bytes::from_owner(Piece {
            buffer,
            length,
            home: Arc::clone(&self.means.buffers),
        }))
    }

    /// A part of the mapped file, if there is one and the part is in memory.
    fn mapped(&mut self, at: u64, end: u64) -> Option<Bytes> {
        let map = self.map.clone()?;
        if !self.warm.contains(&at) {
            self.warm = at..self.warm_until(at, map.size());
        }
        map.part(at, end.min(self.warm.end))
    }

    /// How far it is in the page cache from here on, within a window. A page between two probes may have left it alone:
    /// then the kernel waits for that one.
    fn warm_until(&self, at: u64, size: u64) -> u64 {
        let most = size.min(at + WINDOW_BYTES);
        let mut probed = at;
        while probed < most {
            let mut byte = [0];
            let mut slices = [IoSliceMut::new(&mut byte)];
            match rustix::io::preadv2(&self.file, &mut slices, probed, ReadWriteFlags::NOWAIT) {
                Ok(1) => probed += PROBE_BYTES,
                _ => break,
            }
        }
        probed.min(most)
    }

    /// Reads what is in memory, or sends somebody who may wait.
    fn read(&self, at: u64, end: u64) -> Begun {
        let mut buffer = self.means.buffers.take();
        let wanted = usize::try_from(end - at).map_or(SEND_BYTES, |left| left.min(SEND_BYTES));
        let mut slices = [IoSliceMut::new(&mut buffer[..wanted])];
        match rustix::io::preadv2(&self.file, &mut slices, at, ReadWriteFlags::NOWAIT) {
            Ok(n) if n > 0 => return Begun::Done(Ok((buffer, n))),
            // Not in memory, or a file system that cannot say; the end of the file is found out there, too.
            Ok(_) | Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::INTR) => {}
            Err(error) => return Begun::Done(Err(error.into())),
        }
        let file = Arc::clone(&self.file);
        Begun::Waits(tokio::task::spawn_blocking(move || {
            file.read_exact_at(&mut buffer[..wanted], at)?;
            Ok((buffer, wanted))
        }))
    }
}

#[cfg(test)]
mod tests;
