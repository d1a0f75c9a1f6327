//! A file on its way out: whole or a range (RFC 9110 §14), in pieces that are read when the peer takes them.
//!
//! A piece that is in the page cache is read at once; only what has to come from the disk goes to a thread that may
//! wait for it.

use super::limits::{SEND_BUFFERS, SEND_BYTES};
use crate::counters::Counters;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use rustix::io::{Errno, ReadWriteFlags};
use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::task::JoinHandle;

/// Which part of a file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// All of it: no range, one that makes no sense, or several, which are answered with the whole.
    Whole,
    /// From here, so many bytes.
    Part(u64, u64),
    /// Nothing of it is there.
    Beyond,
}

/// Reads a `Range` field for a file of `size` bytes.
pub(super) fn range(field: Option<&str>, size: u64) -> Range {
    let Some(wanted) = field.and_then(|field| field.trim().strip_prefix("bytes=")) else {
        return Range::Whole;
    };
    let Some((first, last)) = wanted.split_once('-') else {
        return Range::Whole;
    };
    let number = |text: &str| {
        let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        is_digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    match (first.trim(), last.trim()) {
        ("", last) => match number(last) {
            None => Range::Whole,
            Some(0) => Range::Beyond,
            Some(_) if size == 0 => Range::Beyond,
            Some(n) => Range::Part(size.saturating_sub(n), n.min(size)),
        },
        (first, last) => {
            let Some(first) = number(first) else {
                return Range::Whole;
            };
            let last = match last {
                "" => u64::MAX,
                last => match number(last) {
                    Some(last) if last >= first => last,
                    _ => return Range::Whole,
                },
            };
            if first >= size {
                return Range::Beyond;
            }
            Range::Part(first, last.min(size - 1) - first + 1)
        }
    }
}

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

/// The body.
#[derive(Debug)]
pub(super) struct FileBody {
    file: Arc<File>,
    at: u64,
    end: u64,
    buffers: Arc<Buffers>,
    counters: Arc<Counters>,
    reading: Option<JoinHandle<Read>>,
}

impl FileBody {
    /// `length` bytes from `at`; they must be there.
    pub(super) fn new(
        file: File,
        at: u64,
        length: u64,
        buffers: Arc<Buffers>,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            file: Arc::new(file),
            at,
            end: at + length,
            buffers,
            counters,
            reading: None,
        }
    }

    fn wanted(&self) -> usize {
        usize::try_from(self.end - self.at).map_or(SEND_BYTES, |left| left.min(SEND_BYTES))
    }

    /// Reads what is in memory, or sends somebody who may wait.
    fn read(&mut self) -> Option<Read> {
        let mut buffer = self.buffers.take();
        let wanted = self.wanted();
        let mut slices = [IoSliceMut::new(&mut buffer[..wanted])];
        match rustix::io::preadv2(&self.file, &mut slices, self.at, ReadWriteFlags::NOWAIT) {
            Ok(n) if n > 0 => return Some(Ok((buffer, n))),
            // Not in memory, or a file system that cannot say; the end of the file is found out there, too.
            Ok(_) | Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::INTR) => {}
            Err(error) => return Some(Err(error.into())),
        }
        let (file, at) = (Arc::clone(&self.file), self.at);
        self.reading = Some(tokio::task::spawn_blocking(move || {
            file.read_exact_at(&mut buffer[..wanted], at)?;
            Ok((buffer, wanted))
        }));
        None
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.at >= self.end {
            return Poll::Ready(None);
        }
        let read = match &mut self.reading {
            Some(reading) => {
                Some(ready!(Pin::new(reading).poll(context)).map_err(io::Error::other))
            }
            None => self.read().map(Ok),
        };
        let Some(read) = read else {
            // Somebody has just been sent: asked once, they will wake us.
            return self.poll_frame(context);
        };
        self.reading = None;
        let (buffer, length) = match read.and_then(|read| read) {
            Ok(read) => read,
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        self.at += length as u64;
        self.counters.sent.add(length as u64);
        let home = Arc::clone(&self.buffers);
        let piece = Piece {
            buffer,
            length,
            home,
        };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_owner(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.at >= self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use std::io::Write;

    #[test]
    fn ranges_are_read_with_care() {
        let check = |field: &str, size, expected| {
            assert_eq!(range(Some(field), size), expected, "{field} of {size}");
        };
        assert_eq!(range(None, 10), Range::Whole);
        check("bytes=0-0", 10, Range::Part(0, 1));
        check("bytes=2-5", 10, Range::Part(2, 4));
        check("bytes=2-", 10, Range::Part(2, 8));
        check("bytes=2-99999999999999999999999", 10, Range::Part(2, 8));
        check("bytes=-3", 10, Range::Part(7, 3));
        check("bytes=-30", 10, Range::Part(0, 10));
        check("bytes=10-", 10, Range::Beyond);
        check("bytes=-0", 10, Range::Beyond);
        check("bytes=0-", 0, Range::Beyond);
        check("bytes=-1", 0, Range::Beyond);
        for nonsense in [
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=0-1,3-4",
            "lines=1-2",
            "bytes=+1-2",
        ] {
            check(nonsense, 10, Range::Whole);
        }
    }

    #[test]
    fn a_part_is_sent_in_pieces_that_are_used_again() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let content: Vec<u8> = (0..3 * SEND_BYTES + 5).map(|n| n as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&content).unwrap();
        let buffers = Arc::new(Buffers::default());
        let (at, length) = (7, content.len() as u64 - 9);
        let body = FileBody::new(file, at, length, Arc::clone(&buffers), Arc::default());
        assert_eq!(body.size_hint().exact(), Some(length));
        let sent = runtime.block_on(body.collect()).unwrap().to_bytes();
        assert!(sent == content[7..content.len() - 2]);
        assert!(!buffers.0.lock().unwrap().is_empty());
    }

    #[test]
    fn a_file_that_became_shorter_is_an_error() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let file = tempfile::tempfile().unwrap();
        let body = FileBody::new(file, 0, 5, Arc::default(), Arc::default());
        assert!(runtime.block_on(body.collect()).is_err());
    }
}
