//! A file on its way out: whole or a range (RFC 9110 §14), in pieces that are taken when the peer takes them.

use super::source::Source;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

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

/// The body.
#[derive(Debug)]
pub(super) struct FileBody {
    source: Source,
    at: u64,
    end: u64,
}

impl FileBody {
    /// `length` bytes from `at`; they must be there.
    pub(super) fn new(source: Source, at: u64, length: u64) -> Self {
        let end = at + length;
        Self { source, at, end }
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
        let (at, end) = (self.at, self.end);
        self.source.poll(context, at, end).map(|piece| {
            Some(piece.map(|piece| {
                self.at += piece.len() as u64;
                Frame::data(piece)
            }))
        })
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
}
