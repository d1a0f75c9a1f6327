//! Where segments begin: at key frames near the wanted lengths, sound at the picture's boundaries.

use crate::fault::Fault;
use crate::fragment;
use crate::index::{Sample, Track};
use crate::limits;

/// One segment of a track: which samples, when, and how many bytes are sent for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The first of its samples, in order of decoding.
    pub first: u32,
    /// How many.
    pub count: u32,
    /// When it begins, in ticks of the track; the first segment begins at 0 even if its picture comes later.
    pub start: u64,
    /// How long it lasts, in ticks; the sum of all is the length of the track.
    pub duration: u64,
    /// Bytes with all that is generated.
    pub bytes: u64,
}

/// Wanted lengths of segments in milliseconds, one after the other; the last holds for all that follow. Short ones at
/// the beginning let a player start sooner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets(Vec<u32>);

/// Where a segment could begin: number of the sample, and when it is shown.
type Boundary = (u32, u64);

impl Default for Targets {
    fn default() -> Self {
        Self(vec![2000])
    }
}

impl Targets {
    /// At least one length, none of them zero.
    pub fn new(milliseconds: Vec<u32>) -> Option<Self> {
        let is_fine = !milliseconds.is_empty() && !milliseconds.contains(&0);
        is_fine.then_some(Self(milliseconds))
    }

    /// A boundary is taken from three quarters of the wanted length on, so that key frames which rounding put a little
    /// early do not double a segment.
    fn is_due(&self, number: usize, ticks: u64, timescale: u32) -> bool {
        let wanted = self.0.get(number).or_else(|| self.0.last());
        let wanted = u128::from(wanted.copied().unwrap_or(2000));
        u128::from(ticks) * 4000 >= wanted * 3 * u128::from(timescale)
    }
}

/// Cuts pictures: each segment begins with a key frame that nothing before and behind it reaches across, and the same
/// key frames give the same segments in every rendition.
pub fn video(track: &Track, targets: &Targets, prefix: &[u8]) -> Result<Vec<Cut>, Fault> {
    let mut chosen: Vec<Boundary> = vec![(0, 0)];
    let mut candidate: Option<Boundary> = None;
    let mut latest = i64::MIN;
    let mut take = |candidate: Option<Boundary>| {
        let (number, start) = candidate?;
        let (_, before) = *chosen.last()?;
        if targets.is_due(chosen.len() - 1, start - before, track.timescale) {
            chosen.push((number, start));
        }
        Some(())
    };
    for (number, sample) in (0..).zip(track.samples(0)) {
        if sample.is_sync {
            take(candidate.take());
            candidate = (number > 0 && sample.shown > latest.max(0))
                .then_some((number, sample.shown.unsigned_abs()));
        } else if candidate.is_some_and(|(_, start)| sample.shown < start.cast_signed()) {
            // Shown before the key frame and decoded after it: an open group of pictures.
            candidate = None;
        }
        latest = latest.max(sample.shown);
    }
    take(candidate);
    finish(track, &chosen, prefix)
}

/// Cuts sound where the segments of a picture begin, to the frame: `starts` in ticks of `timescale`.
pub fn audio(
    track: &Track,
    starts: impl Iterator<Item = u64>,
    timescale: u32,
) -> Result<Vec<Cut>, Fault> {
    let mut starts = starts.filter(|start| *start > 0).peekable();
    let mut chosen: Vec<Boundary> = vec![(0, 0)];
    let is_reached = |sample: &Sample, start: u64| {
        i128::from(sample.shown) * i128::from(timescale)
            >= i128::from(start) * i128::from(track.timescale)
    };
    for (number, sample) in (0..).zip(track.samples(0)) {
        let mut is_boundary = false;
        while starts
            .next_if(|start| is_reached(&sample, *start))
            .is_some()
        {
            is_boundary = true;
        }
        if is_boundary && number > 0 {
            chosen.push((number, sample.shown.max(0).unsigned_abs()));
        }
    }
    finish(track, &chosen, &[])
}

/// Cuts sound that has no picture.
pub fn audio_alone(track: &Track, targets: &Targets) -> Result<Vec<Cut>, Fault> {
    let mut chosen: Vec<Boundary> = vec![(0, 0)];
    for (number, sample) in (0..).zip(track.samples(0)) {
        let shown = sample.shown.max(0).unsigned_abs();
        let before = chosen.last().map_or(0, |(_, start)| *start);
        let ticks = shown.saturating_sub(before);
        if number > 0 && targets.is_due(chosen.len() - 1, ticks, track.timescale) {
            chosen.push((number, shown));
        }
    }
    finish(track, &chosen, &[])
}

/// The key frames as segments of their own, for fast forward: each lasts until the next.
pub fn pictures(track: &Track, cuts: &[Cut], prefix: &[u8]) -> Result<Vec<Cut>, Fault> {
    let alone = |cut: &Cut| {
        let duration = u32::try_from(cut.duration).unwrap_or(u32::MAX);
        let bytes = fragment::picture(track, cut.first, duration, prefix)?.length();
        Ok(Cut {
            count: 1,
            bytes,
            ..*cut
        })
    };
    cuts.iter().map(alone).collect()
}

/// Whether two renditions begin their segments at the same times, to the millisecond.
pub fn is_aligned(a: (&[Cut], u32), b: (&[Cut], u32)) -> bool {
    let at = |cut: &Cut, timescale: u32| u128::from(cut.start) * 1000 / u128::from(timescale);
    let is_near = |(left, right): (&Cut, &Cut)| at(left, a.1).abs_diff(at(right, b.1)) <= 1;
    a.0.len() == b.0.len() && a.0.iter().zip(b.0).all(is_near)
}

fn finish(track: &Track, chosen: &[Boundary], prefix: &[u8]) -> Result<Vec<Cut>, Fault> {
    let mut cuts = Vec::with_capacity(chosen.len());
    for (place, (first, start)) in chosen.iter().enumerate() {
        let (last, end) = chosen
            .get(place + 1)
            .copied()
            .unwrap_or((track.len(), track.end));
        if last - first > limits::SEGMENT_SAMPLES {
            return Err(Fault::TooLarge("samples of a segment"));
        }
        let number = u32::try_from(place + 1).unwrap_or(u32::MAX);
        let segment = fragment::media(track, *first..last, number, prefix)?;
        cuts.push(Cut {
            first: *first,
            count: last - first,
            start: *start,
            duration: end.saturating_sub(*start),
            bytes: segment.length(),
        });
    }
    Ok(cuts)
}
