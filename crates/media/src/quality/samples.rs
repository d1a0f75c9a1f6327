//! Which frames are encoded on trial: short runs, spread over the scenes.
//!
//! Every n-th frame alone reads up to 0.6 VMAF too high, one block in the middle is off by up to 1.8; the same number
//! of frames as blocks in every scene is within 0.2. Of a long film only scenes that differ are tried, and each other
//! scene is taken to behave like the one it looks most like.
//!
//! One block of 24 frames misses the deficit of its scene by 0.25 (as a logarithm, root of the mean square of twenty scenes
//! encoded whole), and its bytes by more than half; two runs of 12, put together, by 0.2, and the bytes by 0.15.

use std::ops::Range;

use super::footage::Frame;

/// Frames of one block: shorter ones score low, because each begins with a key frame of its own (15 frames by up to
/// 0.5 VMAF, 24 by up to 0.16).
pub const BLOCK: usize = 24;
/// In so many runs: of the same number of frames two runs say twice as much as one.
const RUNS: usize = 2;
/// Which begin at most so many frames apart: what lies between them has to be decoded.
const FARTHEST: usize = 64;
/// A scene of so many frames is tried whole: its trial can become the chunk itself.
const WHOLE: usize = 36;
/// The same of a clip that is one scene, where the first round does not make do with less: nothing outweighs what a trial
/// in parts misses by, and all would be made again.
const WHOLE_ALONE: usize = 80;

/// Frames that are encoded together: a stretch of neighbours, or runs out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// From the first to behind the last, counted from the beginning of the video.
    pub stretch: Range<usize>,
    /// Which of these; all of them when `None`.
    pub runs: Option<Runs>,
}

/// The first frames of each period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Runs {
    /// So many frames.
    pub length: usize,
    /// From the beginning of one to that of the next.
    pub period: usize,
}

impl Piece {
    /// All frames of a stretch.
    pub fn all(stretch: Range<usize>) -> Self {
        Self {
            stretch,
            runs: None,
        }
    }

    /// The frames, in order.
    pub fn frames(&self) -> impl Iterator<Item = usize> {
        let (start, runs) = (self.stretch.start, self.runs);
        let is_taken =
            move |at: &usize| runs.is_none_or(|runs| (at - start) % runs.period < runs.length);
        self.stretch.clone().filter(is_taken)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.frames().count()
    }
}

/// One piece that is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The scene it lies in.
    pub scene: usize,
    /// Its frames.
    pub piece: Piece,
    /// Those of them that the first round may make do with, where that is not all: it only finds the neighbourhood.
    pub first: Option<Piece>,
}

/// What is tried, and for whom it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sampling {
    /// In order of their scenes.
    pub samples: Vec<Sample>,
    /// For each scene the one that is tried in its place: itself, as a rule.
    pub source: Vec<usize>,
}

/// Chooses for this footage.
pub fn choose(frames: &[Frame], scenes: &[Range<usize>]) -> Sampling {
    let budget = budget(frames.len());
    let source = sources(frames, scenes, (budget / BLOCK).max(1));
    let mut samples = Vec::new();
    for (scene, range) in scenes.iter().enumerate() {
        if source[scene] != scene {
            continue;
        }
        let stands_for = scenes
            .iter()
            .zip(&source)
            .filter(|(_, each)| **each == scene);
        let share: usize = stands_for.map(|(range, _)| range.len()).sum();
        let blocks = (budget as f64 / BLOCK as f64 * share as f64 / frames.len() as f64).round();
        let whole = if scenes.len() == 1 {
            WHOLE_ALONE
        } else {
            WHOLE
        };
        let pieces = pieces_of(range, blocks as usize, whole);
        let first = |piece: &Piece| {
            let is_long = piece.runs.is_none() && piece.stretch.len() > WHOLE;
            is_long.then(|| runs_of(&piece.stretch))
        };
        samples.extend(pieces.map(|piece| Sample {
            scene,
            first: first(&piece),
            piece,
        }));
    }
    Sampling { samples, source }
}

/// Frames to try in one round: a quarter of a short clip, a twenty-fifth of a long film, never more than a minute's.
fn budget(frames: usize) -> usize {
    let short = (frames / 4).min(10 * BLOCK);
    let long = (frames / 25).min(80 * BLOCK);
    short.max(long).max(3 * BLOCK)
}

/// Pieces of a scene, evenly spread. Key frames of the source would be reached sooner, but what follows one there scores
/// up to half a point higher than the rest.
fn pieces_of(scene: &Range<usize>, wanted: usize, whole: usize) -> impl Iterator<Item = Piece> {
    let Range { start, end } = *scene;
    let length = end - start;
    let is_whole = length <= whole;
    let count = if is_whole {
        1
    } else {
        wanted.clamp(1, (length / (2 * BLOCK)).max(1))
    };
    (0..count).map(move |each| {
        let part = |each: usize| start + length * each / count;
        if is_whole {
            return Piece::all(start..end);
        }
        runs_of(&(part(each)..part(each + 1)))
    })
}

/// Runs in the middle of a part, which has room for them.
fn runs_of(part: &Range<usize>) -> Piece {
    let length = BLOCK / RUNS;
    let period = (part.len() / RUNS).min(FARTHEST);
    let stretch = (RUNS - 1) * period + length;
    let from = part.start + (part.len() - stretch) / 2;
    Piece {
        stretch: from..from + stretch,
        runs: (period > length).then_some(Runs { length, period }),
    }
}

/// The scenes to try, at most `most`: the longest, then always the one that looks least like those chosen already.
fn sources(frames: &[Frame], scenes: &[Range<usize>], most: usize) -> Vec<usize> {
    if scenes.len() <= most {
        return (0..scenes.len()).collect();
    }
    let looks: Vec<_> = scenes
        .iter()
        .map(|scene| look(&frames[scene.clone()]))
        .collect();
    let longest = (0..scenes.len())
        .max_by_key(|&each| scenes[each].len())
        .unwrap_or(0);
    let mut source = vec![longest; scenes.len()];
    let mut away: Vec<f64> = looks
        .iter()
        .map(|each| distance(each, &looks[longest]))
        .collect();
    for _ in 1..most {
        let far = |&a: &usize, &b: &usize| {
            let weight = |each: usize| away[each] * (scenes[each].len() as f64).sqrt();
            weight(a).total_cmp(&weight(b))
        };
        let Some(next) = (0..scenes.len()).max_by(far) else {
            break;
        };
        for (each, look) in looks.iter().enumerate() {
            let to = distance(look, &looks[next]);
            if to < away[each] || each == next {
                (away[each], source[each]) = (to, next);
            }
        }
    }
    source
}

/// Motion, detail and light of a scene, on scales where 1 is a difference that matters.
fn look(frames: &[Frame]) -> [f64; 3] {
    let count = frames.len().max(1) as f64;
    let mean =
        |of: fn(&Frame) -> f32| frames.iter().map(|each| f64::from(of(each))).sum::<f64>() / count;
    [
        (mean(|each| each.change) + 0.2).ln() * 2.0,
        (mean(|each| each.detail) + 0.5).ln() * 3.0,
        mean(|each| each.light) / 40.0,
    ]
}

fn distance(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f64>()
        .sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(count: usize) -> Vec<Frame> {
        vec![Frame::default(); count]
    }

    #[test]
    fn every_scene_of_a_short_clip_is_tried() {
        let scenes = [0..60, 60..120, 120..420];
        let sampling = choose(&plain(420), &scenes);
        assert_eq!(sampling.source, [0, 1, 2]);
        assert!(sampling.samples.iter().any(|each| each.scene == 0));
        for sample in &sampling.samples {
            assert_eq!(sample.piece.count(), BLOCK);
            let (scene, stretch) = (&scenes[sample.scene], &sample.piece.stretch);
            assert!(scene.start <= stretch.start && stretch.end <= scene.end);
            assert!(stretch.len() > BLOCK);
        }
    }

    #[test]
    fn a_tiny_clip_is_tried_whole() {
        let sampling = choose(&plain(8), std::slice::from_ref(&(0..8)));
        assert_eq!(sampling.samples[0].piece, Piece::all(0..8));
        assert_eq!(sampling.samples[0].first, None);
        let two_seconds = choose(&plain(60), std::slice::from_ref(&(0..60)));
        let sample = &two_seconds.samples[0];
        assert_eq!(sample.piece, Piece::all(0..60));
        assert_eq!(sample.first.as_ref().map(Piece::count), Some(BLOCK));
        assert_eq!(choose(&[], &[]), Sampling::default());
    }

    #[test]
    fn a_film_is_tried_in_part_and_all_of_it_is_represented() {
        let scenes: Vec<_> = (0..1500).map(|n| n * 100..(n + 1) * 100).collect();
        let mut frames = plain(150_000);
        for (at, frame) in frames.iter_mut().enumerate() {
            frame.light = (at / 100 % 7) as f32 * 30.0;
        }
        let sampling = choose(&frames, &scenes);
        let tried: usize = sampling.samples.iter().map(|each| each.piece.count()).sum();
        assert!(tried <= 90 * BLOCK, "{tried}");
        for (scene, &source) in sampling.source.iter().enumerate() {
            assert_eq!(sampling.source[source], source);
            assert!(sampling.samples.iter().any(|each| each.scene == source));
            assert_eq!(scene % 7, source % 7, "looks the same");
        }
    }
}
