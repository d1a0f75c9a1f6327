//! The edit list of a track (ISO/IEC 14496-12, 8.6.6): a delay, and which part of the media is shown.

use super::Track;
use crate::fault::Fault;
use crate::limits;
use crate::reader::Reader;

/// What is shown, in ticks of the track.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Edit {
    /// Nothing is shown for so long.
    pub(super) delay: i64,
    /// Where in the media it begins.
    begin: i64,
    /// Where in the media it ends.
    end: Option<i64>,
}

/// Entries that are looked at; more than a few are edits of a kind that is refused anyway.
const ENTRIES: u32 = 8;

const SHORT: Fault = Fault::Damaged("the edit list is too short");

impl Edit {
    /// Reads `elst`, when there is one.
    pub(super) fn read(
        body: Option<&[u8]>,
        movie_scale: u32,
        timescale: u32,
    ) -> Result<Self, Fault> {
        let mut edit = Self::default();
        let Some(body) = body else { return Ok(edit) };
        let mut reader = Reader(body);
        let version = reader.version().ok_or(SHORT)?;
        let count = reader.u32().ok_or(SHORT)?;
        let ticks = |movie: u64| rescale(movie, movie_scale, timescale);
        for number in 1..=count.min(ENTRIES) {
            let duration = reader.wide(version).ok_or(SHORT)?;
            let begin = media_time(&mut reader, version).ok_or(SHORT)?;
            let rate = reader.u32().ok_or(SHORT)?;
            if begin == -1 {
                edit.delay += ticks(duration)?;
                continue;
            }
            if number < count || begin < 0 || rate != 0x1_0000 {
                return Err(Fault::Unsupported("it was edited"));
            }
            edit.begin = begin;
            if begin.unsigned_abs() > limits::TICKS {
                return Err(Fault::Damaged("an edit begins after all time"));
            }
            // Movie time is coarse: a millisecond in most files.
            edit.end = (duration > 0)
                .then(|| ticks(duration.saturating_add(1)).map(|length| begin + length))
                .transpose()?;
        }
        Ok(edit)
    }

    /// Restricts the track to what is shown, and lets its times count from the beginning of the presentation.
    pub(super) fn apply(&self, track: &mut Track) -> Result<(), Fault> {
        let Shown { first, last, end } = self.shown(track);
        track.first = first;
        track.last = last;
        if track.is_empty() {
            return Err(Fault::Damaged("a track without samples"));
        }
        if track.is_video() {
            track.shift = -self.begin;
            self.refuse_hidden(track)?;
        } else {
            let skipped = track.samples.from(first).next();
            let skipped = skipped.map_or(0, |frame| frame.decode.cast_signed());
            track.delay -= skipped;
            track.preroll = (self.begin - skipped).max(0).unsigned_abs();
        }
        let end = end.min(self.end.unwrap_or(i64::MAX)) - self.begin + self.delay;
        track.end = end.max(1).unsigned_abs();
        let is_small = |offset: i64| i32::try_from(offset).is_ok();
        if !is_small(self.begin) && track.is_video() {
            return Err(Fault::Unsupported("its edit begins far into the media"));
        }
        Ok(())
    }

    /// Samples of sound that end before the edit are left out but for one, which decoders need before the next.
    fn shown(&self, track: &Track) -> Shown {
        let mut shown = Shown {
            first: 0,
            last: 0,
            end: 0,
        };
        for (number, frame) in (0..).zip(track.samples.from(0)) {
            let begin = frame.decode.cast_signed() + frame.composition;
            let end = begin + i64::from(frame.duration);
            if end <= self.begin && !track.is_video() {
                shown.first = number;
            }
            if self.end.is_none_or(|last| begin < last) {
                shown.last = number + 1;
                shown.end = shown.end.max(end);
            }
        }
        shown.last = shown.last.max(shown.first);
        shown
    }

    /// Pictures that are decoded and not shown have no place in a segment: players would show them, or wait for them.
    fn refuse_hidden(&self, track: &Track) -> Result<(), Fault> {
        let mut is_first = true;
        for sample in track.samples(0) {
            if sample.is_sync && !is_first {
                break;
            }
            if is_first && !sample.is_sync {
                return Err(Fault::Unsupported("it does not begin with a key frame"));
            }
            is_first = false;
            if sample.shown < 0 {
                return Err(Fault::Unsupported("its edit begins between key frames"));
            }
        }
        Ok(())
    }
}

struct Shown {
    first: u32,
    last: u32,
    end: i64,
}

fn media_time(reader: &mut Reader<'_>, version: u8) -> Option<i64> {
    if version == 1 {
        reader.u64().map(u64::cast_signed)
    } else {
        reader.u32().map(|time| time.cast_signed().into())
    }
}

/// Ticks of one clock in ticks of another, rounded.
fn rescale(ticks: u64, from: u32, to: u32) -> Result<i64, Fault> {
    let exact = u128::from(ticks) * u128::from(to) + u128::from(from) / 2;
    let scaled = i64::try_from(exact / u128::from(from)).ok();
    scaled
        .filter(|ticks| ticks.unsigned_abs() < limits::TICKS / 16)
        .ok_or(Fault::Damaged("an edit longer than all time"))
}
