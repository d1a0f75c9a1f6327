//! The tables of a track (ISO/IEC 14496-12, 8.6 and 8.7) walked side by side, sample by sample.

use crate::boxes::find;
use crate::fault::Fault;
use crate::limits;
use crate::reader::Reader;
use crate::samples::{Builder, Frame, Samples};

/// What the tables say together.
pub(crate) struct Tables {
    pub(crate) samples: Samples,
    /// The duration that most samples have, in ticks.
    pub(crate) usual_duration: u32,
}

const SHORT: Fault = Fault::Damaged("a table of samples is too short");

/// Reads `stbl`; a sample outside a file of this length is damage.
pub(crate) fn read(table: &[u8], file_length: u64) -> Result<Tables, Fault> {
    let times = find(table, b"stts").ok_or(SHORT)?;
    let offsets = find(table, b"ctts").unwrap_or_default();
    let (unit, usual_duration) = survey(times, offsets);
    let mut sizes = Sizes::new(table)?;
    let mut places = Places::new(table)?;
    let mut durations = Runs::new(times);
    let mut compositions = Runs::new(offsets);
    let mut syncs = Syncs::new(find(table, b"stss"));
    let mut builder = Builder::new(unit);
    for number in 1..=sizes.count {
        let size = sizes.next().ok_or(SHORT)?;
        let frame = Frame {
            decode: builder.decode(),
            // Version 0 is unsigned (8.6.1.3), but QuickTime writes negative offsets into it.
            composition: compositions.next().unwrap_or(0).cast_signed().into(),
            duration: durations.next().ok_or(SHORT)?,
            size,
            offset: places.next(size)?,
            is_sync: syncs.has(number),
        };
        if frame.offset.saturating_add(size.into()) > file_length {
            return Err(Fault::Damaged("a sample lies behind the end of the file"));
        }
        builder.push(&frame);
    }
    Ok(Tables {
        samples: builder.finish(),
        usual_duration,
    })
}

/// The greatest common divisor of all ticks, and the duration that most samples have.
fn survey(times: &[u8], offsets: &[u8]) -> (u32, u32) {
    let mut usual = (0, 0);
    let mut unit = 0;
    for (count, duration) in entries(times) {
        unit = divisor(unit, duration);
        usual = usual.max((count, duration));
    }
    for (_, offset) in entries(offsets) {
        unit = divisor(unit, offset.cast_signed().unsigned_abs());
    }
    (unit.max(1), usual.1)
}

fn divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Pairs of a full box with a count: runs of samples that share a value.
fn entries(body: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    let mut reader = Reader(body);
    let count = reader.version().and_then(|_| reader.u32()).unwrap_or(0);
    (0..count).map_while(move |_| Some((reader.u32()?, reader.u32()?)))
}

/// A value for each sample, out of runs.
struct Runs<'a> {
    entries: Box<dyn Iterator<Item = (u32, u32)> + 'a>,
    run: (u32, u32),
}

impl<'a> Runs<'a> {
    fn new(body: &'a [u8]) -> Self {
        Self {
            entries: Box::new(entries(body)),
            run: (0, 0),
        }
    }

    fn next(&mut self) -> Option<u32> {
        while self.run.0 == 0 {
            self.run = self.entries.next()?;
        }
        self.run.0 -= 1;
        Some(self.run.1)
    }
}

/// `stsz` (8.7.3).
struct Sizes<'a> {
    same: u32,
    count: u32,
    rest: Reader<'a>,
}

impl<'a> Sizes<'a> {
    fn new(table: &'a [u8]) -> Result<Self, Fault> {
        let body = find(table, b"stsz").ok_or(Fault::Unsupported("sizes are not in stsz"))?;
        let mut rest = Reader(body);
        rest.version().ok_or(SHORT)?;
        let (same, count) = (rest.u32().ok_or(SHORT)?, rest.u32().ok_or(SHORT)?);
        if count > limits::SAMPLES {
            return Err(Fault::TooLarge("samples of a track"));
        }
        if same == 0 && rest.0.len() / 4 < count as usize {
            return Err(SHORT);
        }
        Ok(Self { same, count, rest })
    }

    fn next(&mut self) -> Option<u32> {
        if self.same == 0 {
            self.rest.u32()
        } else {
            Some(self.same)
        }
    }
}

/// `stsc` with `stco` or `co64` (8.7.4, 8.7.5): where each sample begins.
struct Places<'a> {
    runs: Reader<'a>,
    chunks: Reader<'a>,
    is_wide: bool,
    chunk: u32,
    per_chunk: u32,
    /// First chunk of the next run, its samples per chunk.
    next_run: Option<(u32, u32)>,
    left: u32,
    at: u64,
}

impl<'a> Places<'a> {
    fn new(table: &'a [u8]) -> Result<Self, Fault> {
        let wide = find(table, b"co64");
        let chunks = wide.or_else(|| find(table, b"stco")).ok_or(SHORT)?;
        let mut places = Self {
            runs: Reader(find(table, b"stsc").ok_or(SHORT)?),
            chunks: Reader(chunks),
            is_wide: wide.is_some(),
            chunk: 0,
            per_chunk: 0,
            next_run: None,
            left: 0,
            at: 0,
        };
        for reader in [&mut places.runs, &mut places.chunks] {
            reader.take(8).ok_or(SHORT)?;
        }
        places.next_run = places.run()?;
        Ok(places)
    }

    fn run(&mut self) -> Result<Option<(u32, u32)>, Fault> {
        let Some(first) = self.runs.u32() else {
            return Ok(None);
        };
        let per_chunk = self.runs.u32().ok_or(SHORT)?;
        match self.runs.u32() {
            Some(1) if per_chunk > 0 => Ok(Some((first, per_chunk))),
            Some(1) => Err(Fault::Damaged("a chunk without samples")),
            _ => Err(Fault::Unsupported("its coding changes on the way")),
        }
    }

    fn next(&mut self, size: u32) -> Result<u64, Fault> {
        if self.left == 0 {
            self.enter()?;
        }
        self.left -= 1;
        let at = self.at;
        self.at = at.saturating_add(size.into());
        Ok(at)
    }

    fn enter(&mut self) -> Result<(), Fault> {
        self.chunk += 1;
        if let Some((first, per_chunk)) = self.next_run
            && first <= self.chunk
        {
            self.per_chunk = per_chunk;
            self.next_run = self.run()?;
        }
        self.at = self.chunks.wide(self.is_wide.into()).ok_or(SHORT)?;
        self.left = self.per_chunk;
        if self.left == 0 {
            return Err(SHORT);
        }
        Ok(())
    }
}

/// `stss` (8.6.2): numbers of the samples that decoding can begin at; without it, all of them.
struct Syncs<'a> {
    rest: Option<Reader<'a>>,
    next: u32,
}

impl<'a> Syncs<'a> {
    fn new(body: Option<&'a [u8]>) -> Self {
        let rest = body.map(|body| Reader(body.get(8..).unwrap_or_default()));
        Self { rest, next: 0 }
    }

    fn has(&mut self, number: u32) -> bool {
        let Some(rest) = &mut self.rest else {
            return true;
        };
        while self.next < number {
            match rest.u32() {
                Some(next) => self.next = next,
                None => return false,
            }
        }
        self.next == number
    }
}
