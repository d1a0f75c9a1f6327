//! Where in a file the index is, without reading the file: the caller reads a few bytes where it is told to.

use crate::fault::Fault;
use crate::limits;
use crate::reader::Reader;

/// Bytes of the longest box header.
pub const HEADER_BYTES: u64 = 16;

/// A walk over the boxes at the top of a file.
#[derive(Debug, Clone)]
pub struct Locator {
    length: u64,
    at: u64,
    boxes: u32,
}

/// A place in a file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// From the beginning of the file.
    pub offset: u64,
    /// How many.
    pub length: u64,
}

impl Locator {
    /// A walk over a file of so many bytes.
    pub fn new(length: u64) -> Self {
        Self {
            length,
            at: 0,
            boxes: 0,
        }
    }

    /// What has to be read next: up to [`HEADER_BYTES`], fewer at the end of the file.
    pub fn wanted(&self) -> Place {
        Place {
            offset: self.at,
            length: HEADER_BYTES.min(self.length - self.at),
        }
    }

    /// Takes what was read at [`Self::wanted`]; gives the place of what is inside `moov` when that has been found.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Option<Place>, Fault> {
        const END: Fault = Fault::Damaged("it ends before its index");
        let mut reader = Reader(bytes);
        let (size, kind) = (reader.u32().ok_or(END)?, reader.array::<4>().ok_or(END)?);
        let rest = self.length - self.at;
        let (header, size) = match size {
            0 => (8, rest),
            1 => (16, reader.u64().ok_or(END)?),
            size => (8, u64::from(size)),
        };
        if size < header || size > rest {
            return Err(END);
        }
        if &kind == b"moov" {
            return self.found(header, size - header).map(Some);
        }
        self.boxes += 1;
        if self.boxes > limits::TOP_BOXES {
            return Err(Fault::TooLarge("boxes before the index"));
        }
        self.at += size;
        if self.at >= self.length {
            return Err(END);
        }
        Ok(None)
    }

    fn found(&self, header: u64, length: u64) -> Result<Place, Fault> {
        if length > limits::MOVIE_BYTES {
            return Err(Fault::TooLarge("bytes of the index"));
        }
        Ok(Place {
            offset: self.at + header,
            length,
        })
    }
}
