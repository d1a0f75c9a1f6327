//! Which frames of a chunk VMAF scores, and what the frames between them are taken for.
//!
//! VMAF costs as much as encoding, so a long video is scored in short runs, spread evenly: at the same cost their mean
//! is twice as near to that of all frames as whole blocks are (0.26 against 0.62 VMAF in stretches of 240 frames of
//! eight clips and encodes). A frame in between is taken for one of the nearest run. What PSNR says of it is not
//! turned into a score: within a scene decibels follow VMAF so loosely that every way of doing so made the mean worse.
//! They say where to look: a frame that lies far below its run is scored, too.

use std::ops::Range;

/// Frames of a run. Its first and its last are seen beside frames that are not their neighbours, which lifts their
/// score by 0.1 to 0.6; they are decoded and not counted.
const RUN: usize = 6;
/// From run to run, for a chunk. No multiple of 4: the frames of an encoder's pyramid would always be the same.
const SPARSE: usize = 38;
/// From run to run, for a trial.
const DENSE: usize = 12;
/// `ln(100 - VMAF)` per dB of PSNR, by which frames that may lie too low are looked for: steeper ones look at more frames
/// and find no more bad ones.
const STEEP: f64 = 0.2;
/// Places of a chunk that are looked at again, at most.
const LOOKS: usize = 4;

/// How densely a span is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Density {
    /// Every frame.
    All,
    /// Every third frame, for trials.
    Dense,
    /// A ninth of the frames, for chunks of a long video.
    Sparse,
}

/// Frames that were scored, in ascending order, counted from the chunk's first.
#[derive(Debug, Clone, Copy)]
pub struct Scored<'a> {
    /// Which.
    pub at: &'a [u32],
    /// What they got.
    pub score: &'a [f32],
}

/// Runs of a span of so many frames; `None` when all of them are to be scored.
pub fn runs(length: usize, density: Density) -> Option<Vec<Range<usize>>> {
    let every = match density {
        Density::All => return None,
        Density::Dense => DENSE,
        Density::Sparse => SPARSE,
    };
    if length < 2 * DENSE {
        return None;
    }
    let first = (every.min(length) - RUN) / 2;
    let starts = (first..=length - RUN).step_by(every);
    Some(starts.map(|start| start..start + RUN).collect())
}

/// The frames of these runs that count, and whether each frame that is compared does.
pub fn counted(runs: &[Range<usize>]) -> (Vec<u32>, Vec<bool>) {
    let each = |run: &Range<usize>| {
        let run = run.clone();
        let inner = run.start + 1..run.end.saturating_sub(1);
        run.map(move |frame| (frame as u32, inner.contains(&frame)))
    };
    let compared: Vec<_> = runs.iter().flat_map(each).collect();
    let at = compared.iter().filter(|(_, counts)| *counts);
    (
        at.map(|(frame, _)| *frame).collect(),
        compared.iter().map(|(_, counts)| *counts).collect(),
    )
}

/// Runs around frames that may lie under this level, by their decibels beside those of the nearest run that was scored.
pub fn suspects(scored: Scored<'_>, db: &[f32], level: f64) -> Vec<Range<usize>> {
    let known = neighbourhoods(scored);
    let mut found: Vec<(f64, usize)> = Vec::new();
    for (frame, &here) in db.iter().enumerate() {
        let Some(near) = nearest(&known, frame) else {
            break;
        };
        if near.frames.contains(&frame) {
            continue;
        }
        let usual =
            near.frames.clone().filter_map(|at| db.get(at)).sum::<f32>() / near.frames.len() as f32;
        let away = f64::from(usual - here) * STEEP;
        let deficit = near.mean_deficit() * away.exp();
        if away > 0.0 && 100.0 - deficit < level {
            found.push((deficit, frame));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (_, frame) in found {
        let start = frame
            .saturating_sub(RUN / 2)
            .min(db.len().saturating_sub(RUN));
        let run = start..(start + RUN).min(db.len());
        let is_apart = |other: &Range<usize>| run.end <= other.start || other.end <= run.start;
        if runs.iter().all(is_apart) && runs.len() < LOOKS {
            runs.push(run);
        }
    }
    runs.sort_by_key(|run| run.start);
    runs
}

/// A score for every frame of the chunk: its own, or that of a frame of the nearest run. Frames that were scored
/// because they were suspects speak for nobody else.
pub fn fill(length: usize, scored: Scored<'_>, extra: Scored<'_>) -> Vec<f32> {
    let known = neighbourhoods(scored);
    let one = |frame: usize| {
        let near = nearest(&known, frame)?;
        let at = if near.frames.contains(&frame) {
            frame - near.frames.start
        } else {
            frame % near.frames.len()
        };
        near.scores.get(at).copied()
    };
    let mut all: Vec<f32> = (0..length).filter_map(one).collect();
    for (&at, &score) in extra.at.iter().zip(extra.score) {
        if let Some(place) = all.get_mut(at as usize) {
            *place = score;
        }
    }
    all
}

/// A run of neighbouring frames that were scored.
struct Near<'a> {
    frames: Range<usize>,
    scores: &'a [f32],
}

impl Near<'_> {
    fn mean_deficit(&self) -> f64 {
        super::score::mean_deficit(self.scores)
    }

    fn away(&self, frame: usize) -> usize {
        (self.frames.start + self.frames.end - 1).abs_diff(2 * frame)
    }
}

fn neighbourhoods(scored: Scored<'_>) -> Vec<Near<'_>> {
    let mut begin = 0;
    let at = scored.at;
    let mut all = Vec::new();
    for end in 1..=at.len().min(scored.score.len()) {
        if end < at.len() && at[end] == at[end - 1] + 1 {
            continue;
        }
        let first = at[begin] as usize;
        all.push(Near {
            frames: first..first + (end - begin),
            scores: &scored.score[begin..end],
        });
        begin = end;
    }
    all
}

fn nearest<'a, 's>(known: &'a [Near<'s>], frame: usize) -> Option<&'a Near<'s>> {
    // Sorted, so that a film's worth of frames does not look at a film's worth of runs.
    let after = known.partition_point(|near| near.frames.end <= frame);
    let around = &known[after.saturating_sub(1)..(after + 1).min(known.len())];
    around.iter().min_by_key(|near| near.away(frame))
}

#[cfg(test)]
mod tests;
