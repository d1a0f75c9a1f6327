//! A file in fragments that is still being written: which of its fragments are whole, and how many frames each has.
//!
//! The caller reads a few bytes where it is told to, as for [`crate::locate`], and asks again when the file has grown.
//! What lies around the fragments (`ftyp`, `moov`, and `mfra` at the end) is stepped over.

use crate::boxes::{children, path};
use crate::fault::Fault;
use crate::limits;
use crate::locate::{HEADER_BYTES, Place};
use crate::reader::Reader;

/// A walk over the boxes at the top of such a file.
#[derive(Debug, Clone, Default)]
pub struct Growing {
    at: u64,
    step: Step,
    /// Where the first fragment begins, when that is known: before it lies what decoders are set up by.
    begin: Option<u64>,
}

/// What is read next.
#[derive(Debug, Clone, Copy, Default)]
enum Step {
    /// The header of a box.
    #[default]
    Header,
    /// A `moof` of so many bytes.
    Table(u64),
    /// The header of the `mdat` that belongs to a `moof` with so many frames.
    Content(u32),
    /// Nothing, as soon as the file reaches to where the walk is.
    End(u32),
}

/// A `moof` and its `mdat` (ISO/IEC 14496-12, 8.8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Bytes from the beginning of the file to its end.
    pub end: u64,
    /// How many frames it has.
    pub frames: u32,
}

const STRANGE: Fault = Fault::Damaged("its fragments are not in order");

impl Growing {
    /// What has to be there, and to be read, for the next step.
    pub fn wanted(&self) -> Place {
        let length = match self.step {
            Step::Header | Step::Content(_) => HEADER_BYTES,
            Step::Table(length) => length,
            Step::End(_) => 0,
        };
        Place {
            offset: self.at,
            length,
        }
    }

    /// Bytes before the first fragment, when one has begun.
    pub fn begin(&self) -> Option<u64> {
        self.begin
    }

    /// Takes what was read at [`Self::wanted`], all of it; gives a fragment when that is whole.
    ///
    /// # Errors
    /// When this is no file in fragments.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Option<Fragment>, Fault> {
        match self.step {
            Step::Header => self.header(bytes)?,
            Step::Table(length) => {
                self.at += length;
                self.step = Step::Content(frames(bytes).ok_or(STRANGE)?);
            }
            Step::Content(frames) => {
                let (kind, size) = header(bytes).ok_or(STRANGE)?;
                if &kind != b"mdat" {
                    return Err(STRANGE);
                }
                self.forward(size)?;
                self.step = Step::End(frames);
            }
            Step::End(frames) => {
                self.step = Step::Header;
                let end = self.at;
                return Ok(Some(Fragment { end, frames }));
            }
        }
        Ok(None)
    }

    fn header(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let (kind, size) = header(bytes).ok_or(STRANGE)?;
        if &kind != b"moof" {
            return self.forward(size);
        }
        if size > limits::FRAGMENT_TABLE_BYTES {
            return Err(Fault::TooLarge("bytes of the table of a fragment"));
        }
        self.begin.get_or_insert(self.at);
        self.step = Step::Table(size);
        Ok(())
    }

    fn forward(&mut self, size: u64) -> Result<(), Fault> {
        self.at = self.at.checked_add(size).ok_or(STRANGE)?;
        Ok(())
    }
}

/// Kind and size of a box with its header; one without an end has no place here.
fn header(bytes: &[u8]) -> Option<([u8; 4], u64)> {
    let mut reader = Reader(bytes);
    let (size, kind) = (reader.u32()?, reader.array::<4>()?);
    let (least, size) = match size {
        1 => (HEADER_BYTES, reader.u64()?),
        size => (8, u64::from(size)),
    };
    (size >= least).then_some((kind, size))
}

/// Frames of the only track (8.8.8: `sample_count` follows version and flags).
fn frames(table: &[u8]) -> Option<u32> {
    let track = path(table, &[b"moof", b"traf"])?;
    let runs = children(track).filter(|found| &found.kind == b"trun");
    let counts = runs.map(|run| {
        let mut reader = Reader(run.body);
        reader.version()?;
        reader.u32()
    });
    counts.sum::<Option<u32>>().filter(|frames| *frames > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).unwrap().to_be_bytes();
        [&size[..], kind, body].concat()
    }

    fn fragment(frames: u32, bytes: usize) -> Vec<u8> {
        let run = [&[0; 4][..], &frames.to_be_bytes()].concat();
        let table = boxed(b"traf", &boxed(b"trun", &run));
        let table = boxed(b"moof", &table);
        [table, boxed(b"mdat", &vec![7; bytes])].concat()
    }

    fn walk(growing: &mut Growing, file: &[u8]) -> Result<Vec<Fragment>, Fault> {
        let mut found = Vec::new();
        loop {
            let Place { offset, length } = growing.wanted();
            let from = usize::try_from(offset).unwrap();
            let to = from.saturating_add(usize::try_from(length).unwrap());
            let Some(bytes) = file.get(from..to) else {
                return Ok(found);
            };
            found.extend(growing.feed(bytes)?);
        }
    }

    fn file() -> Vec<u8> {
        let head = [boxed(b"ftyp", b"iso5"), boxed(b"moov", &[0; 40])].concat();
        [head, fragment(60, 500), fragment(3, 8), fragment(60, 17)].concat()
    }

    #[test]
    fn whole_fragments_are_found_however_the_file_grows() {
        let file = file();
        let whole = walk(&mut Growing::default(), &[&file[..], &[0; 16]].concat());
        // What follows is no box, and is not looked at before all else has been taken.
        assert_eq!(whole, Err(STRANGE));
        let mut growing = Growing::default();
        let mut found = Vec::new();
        for length in 0..=file.len() {
            for each in walk(&mut growing, &file[..length]).unwrap() {
                assert_eq!(each.end, length as u64, "as soon as it is there");
                found.push(each.frames);
            }
        }
        // A header is read in 16 bytes, and the last fragment is followed by none.
        assert_eq!(found, [60, 3, 60]);
        assert_eq!(growing.begin(), Some(12 + 48));
    }

    #[test]
    fn what_is_no_such_file_is_refused() {
        let check = |bytes: &[u8]| {
            let padded = [bytes, &[0; 64]].concat();
            assert!(walk(&mut Growing::default(), &padded).is_err(), "{bytes:?}");
        };
        check(b"\0\0\0\0mdat");
        check(b"\0\0\0\x07free");
        check(&[&[0, 0, 0, 1][..], b"free", &[0; 8]].concat());
        check(&[0xff, 0xff, 0xff, 0xff, b'm', b'o', b'o', b'f']);
        check(&boxed(b"moof", b""));
        check(&[&fragment(1, 0)[..32], b"\0\0\0\x08free"].concat());
        check(&fragment(0, 4));
    }

    #[test]
    fn damage_never_panics() {
        let file = file();
        for place in 0..file.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut damaged = file.clone();
                damaged[place] = value;
                let _ = walk(&mut Growing::default(), &damaged);
            }
        }
    }
}
