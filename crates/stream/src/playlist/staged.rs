//! The staged title: the first third at the lowest height, the second at the middle one, the last at the highest.
//!
//! Cuts are at the segment boundaries nearest to the thirds. Segments carry their parameter sets
//! ([`crate::codec::Codec::in_band`]), and sound has the same discontinuities at the same times, so that it goes on
//! without a gap.

use super::media::Part;
use crate::cut::{Cut, is_aligned};
use crate::uri::Uri;

/// A rendition that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung<'a> {
    /// Pixels, as the ladder calls it.
    pub height: u32,
    /// Where its initialisation section is.
    pub map: Uri,
    /// Where its segments are, with `$Number$`.
    pub uri: Uri,
    /// All its segments.
    pub cuts: &'a [Cut],
    /// Ticks a second.
    pub timescale: u32,
}

/// Why there is no staged title.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Renditions that do not exist.
    #[error("there is no rendition of {}", list(.0))]
    Missing(Vec<u32>),
    /// Renditions whose segments do not begin at the same times.
    #[error("the renditions of {0} and {1} lines are not cut at the same times")]
    NotAligned(u32, u32),
}

/// A staged title of three renditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged<'a> {
    /// The picture in up to three parts; fewer when there are fewer segments.
    pub parts: Vec<Part<'a>>,
    /// When the second and the last part begin, in ticks of the first part.
    pub switches: Vec<u64>,
    /// Ticks a second of the switches.
    pub timescale: u32,
    /// Of the parts, as the ladder calls them.
    pub heights: Vec<u32>,
}

/// Puts a staged title together from renditions of these heights, lowest first.
pub fn staged<'a>(wanted: [u32; 3], rungs: &[Rung<'a>]) -> Result<Staged<'a>, Refusal> {
    let find = |height: u32| rungs.iter().find(|rung| rung.height == height);
    let [Some(low), Some(middle), Some(high)] = wanted.map(find) else {
        let is_missing = |height: &u32| find(*height).is_none();
        return Err(Refusal::Missing(
            wanted.into_iter().filter(is_missing).collect(),
        ));
    };
    for rung in [middle, high] {
        if !is_aligned((low.cuts, low.timescale), (rung.cuts, rung.timescale)) {
            return Err(Refusal::NotAligned(low.height, rung.height));
        }
    }
    let [first, second] = thirds(low.cuts);
    let ranges = [0..first, first..second, second..low.cuts.len()];
    let parts = [low, middle, high].into_iter().zip(ranges.clone());
    let parts = parts.filter(|(_, range)| !range.is_empty());
    let begin = |range: &std::ops::Range<usize>| low.cuts.get(range.start).map(|cut| cut.start);
    let filled = ranges.iter().filter(|range| !range.is_empty());
    Ok(Staged {
        switches: filled.skip(1).filter_map(begin).collect(),
        timescale: low.timescale,
        heights: parts.clone().map(|(rung, _)| rung.height).collect(),
        parts: parts.map(|(rung, range)| rung.part(range)).collect(),
    })
}

impl Staged<'_> {
    /// The same as an edit decision list of mpv (its `DOCS/edl-mpv.rst`), out of a file for each height: times in seconds,
    /// the last part as long as its file. FFmpeg 5.1 finds nothing any more after a jump in HLS of fragmented MP4.
    #[must_use]
    pub fn edl(&self, file: impl Fn(u32) -> String) -> String {
        let second = |tick: u64| tick as f64 / f64::from(self.timescale.max(1));
        let begins = [0].into_iter().chain(self.switches.iter().copied());
        let ends = self.switches.iter().copied().map(Some).chain([None]);
        let mut text = "# mpv EDL v0\n".to_owned();
        for ((height, begin), end) in self.heights.iter().zip(begins).zip(ends) {
            text.push_str(&format!("{},{:.6}", file(*height), second(begin)));
            if let Some(end) = end {
                text.push_str(&format!(",{:.6}", second(end.saturating_sub(begin))));
            }
            text.push('\n');
        }
        text
    }
}

/// The sound of a staged title: one rendition, cut into parts where the picture is.
pub fn sound<'a>(staged: &Staged<'_>, whole: &Part<'a>) -> Vec<Part<'a>> {
    let place = |switch: &u64| {
        let is_before = |cut: &Cut| {
            // Sound is cut at the first frame from the picture's boundary on.
            u128::from(cut.start) * u128::from(staged.timescale)
                < u128::from(*switch) * u128::from(whole.timescale)
        };
        whole.cuts.partition_point(is_before)
    };
    let mut begins = vec![0];
    begins.extend(staged.switches.iter().map(place));
    let ends = begins.iter().skip(1).copied().chain([whole.cuts.len()]);
    let part = |(begin, end): (usize, usize)| Part {
        range: begin..end,
        ..whole.clone()
    };
    begins.iter().copied().zip(ends).map(part).collect()
}

/// Places of the segments that begin nearest to one and two thirds.
fn thirds(cuts: &[Cut]) -> [usize; 2] {
    let whole: u64 = cuts.iter().map(|cut| cut.duration).sum();
    [1, 2].map(|third| {
        let distance = |start: u64| (start.saturating_mul(3)).abs_diff(whole.saturating_mul(third));
        let places = cuts.iter().enumerate();
        let nearest = places.min_by_key(|(_, cut)| distance(cut.start));
        nearest.map_or(0, |(place, _)| place)
    })
}

impl<'a> Rung<'a> {
    fn part(&self, range: std::ops::Range<usize>) -> Part<'a> {
        Part {
            map: self.map.clone(),
            uri: self.uri.clone(),
            cuts: self.cuts,
            range,
            timescale: self.timescale,
        }
    }
}

fn list(heights: &[u32]) -> String {
    let names: Vec<String> = heights
        .iter()
        .map(|height| format!("{height} lines"))
        .collect();
    names.join(", ")
}
