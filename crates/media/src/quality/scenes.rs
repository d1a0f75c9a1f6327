//! Cuts, and from them scenes: the pieces that get a CRF of their own and are encoded by themselves.

use std::ops::Range;

use super::footage::Frame;

/// A cut changes the small picture by so much more, of 255, than motion does. Pans of hand-held cameras stay below 12.
const CUT: f32 = 16.0;
/// What motion may do: so many times what the frames around change by on average. Where a camera is shaken, which is 25 a
/// frame, single frames change by 47, and a cut by 75.
const MOTION: f32 = 2.0;
/// A scene is at least this long: a key frame costs as much as half a second of others.
const SHORTEST_S: f64 = 1.0;
/// And at most this: a longer one has several moods, and a chunk that is lost costs its time.
const LONGEST_S: f64 = 10.0;

/// Cuts the frames into scenes: all of them, in order, none empty.
pub fn cut(frames: &[Frame], frames_per_second: f64) -> Vec<Range<usize>> {
    let rate = frames_per_second.clamp(1.0, 1000.0);
    let shortest = ((rate * SHORTEST_S).round() as usize).max(MIN_FRAMES);
    let longest = ((rate * LONGEST_S).round() as usize).max(shortest * 2);
    let mut starts = vec![0];
    for at in cuts(frames) {
        let last = starts.last().copied().unwrap_or(0);
        if at - last >= shortest && frames.len() - at >= shortest {
            starts.push(at);
        }
    }
    starts.push(frames.len());
    let scenes = starts.windows(2).map(|pair| pair[0]..pair[1]);
    scenes
        .flat_map(|scene| parts(frames, scene, shortest, longest))
        .filter(|scene| !scene.is_empty())
        .collect()
}

/// Fewer frames cost more for their key frame than their own quality can save.
const MIN_FRAMES: usize = 24;

/// Frames that begin something new.
fn cuts(frames: &[Frame]) -> impl Iterator<Item = usize> {
    frames.iter().enumerate().skip(1).filter_map(|(at, frame)| {
        let around = neighbourhood(frames, at);
        (frame.change >= CUT + around * MOTION).then_some(at)
    })
}

/// Mean change of the frames near this one, itself left out.
fn neighbourhood(frames: &[Frame], at: usize) -> f32 {
    let near = at.saturating_sub(6)..(at + 7).min(frames.len());
    let others = near.filter(|&each| each != at && each > 0);
    let (sum, count) = others.fold((0.0, 0), |(sum, count), each| {
        (sum + frames[each].change, count + 1)
    });
    sum / (count.max(1)) as f32
}

/// Parts of about the same length, none longer than allowed. Where a key frame of the original lies near, a part begins
/// with it: what lies between a key frame and a part is decoded for nothing, and twice.
fn parts(
    frames: &[Frame],
    scene: Range<usize>,
    shortest: usize,
    longest: usize,
) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let Range { mut start, end } = scene;
    while end - start > longest {
        let even = start + (end - start) / (end - start).div_ceil(longest);
        let most = (start + longest).min(end - shortest);
        let keys = (start + longest / 2..=most).filter(|&at| frames[at].is_key);
        let next = keys.min_by_key(|at| at.abs_diff(even)).unwrap_or(even);
        parts.push(start..next);
        start = next;
    }
    parts.push(start..end);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footage(changes: &[(usize, f32)], count: usize) -> Vec<Frame> {
        let mut frames = vec![
            Frame {
                change: 1.0,
                ..Frame::default()
            };
            count
        ];
        for &(at, change) in changes {
            frames[at].change = change;
        }
        frames
    }

    fn check(changes: &[(usize, f32)], count: usize, expected: &[Range<usize>]) {
        assert_eq!(cut(&footage(changes, count), 25.0), expected);
    }

    fn one(count: usize) -> Vec<Range<usize>> {
        vec![Range {
            start: 0,
            end: count,
        }]
    }

    #[test]
    fn scenes_begin_at_cuts() {
        check(&[(60, 40.0)], 150, &[0..60, 60..150]);
        check(&[], 150, &one(150));
        check(&[], 0, &[]);
        check(&[], 1, &one(1));
    }

    #[test]
    fn flashes_and_short_pieces_make_none() {
        check(&[(60, 40.0), (64, 40.0)], 150, &[0..60, 60..150]);
        check(&[(5, 60.0), (145, 60.0)], 150, &one(150));
    }

    #[test]
    fn constant_motion_is_no_cut() {
        let frames = footage(&(0..150).map(|at| (at, 30.0)).collect::<Vec<_>>(), 150);
        assert_eq!(cut(&frames, 25.0).len(), 1);
    }

    #[test]
    fn a_cut_between_shaken_pictures_is_seen() {
        let mut changes: Vec<_> = (0..150).map(|at| (at, 26.0)).collect();
        changes[60].1 = 75.0;
        changes[110].1 = 47.0;
        check(&changes, 150, &[0..60, 60..150]);
    }

    #[test]
    fn long_scenes_are_parted() {
        let scenes = cut(&footage(&[], 1000), 25.0);
        assert_eq!(scenes, [0..250, 250..500, 500..750, 750..1000]);
        assert_eq!(cut(&footage(&[], 251), 25.0), [0..125, 125..251]);
    }

    #[test]
    fn parts_begin_with_key_frames_where_those_are_near() {
        let parted = |keys: &[usize], count: usize| {
            let mut frames = footage(&[], count);
            for &at in keys {
                frames[at].is_key = true;
            }
            cut(&frames, 25.0)
        };
        assert_eq!(parted(&[0, 240, 480], 700), [0..240, 240..480, 480..700]);
        // Neither longer than allowed, nor so short that a key frame does not pay.
        assert_eq!(parted(&[0, 260], 300), [0..150, 150..300]);
        assert_eq!(parted(&[0, 20, 245], 260), [0..130, 130..260]);
        // All are key frames: equal parts.
        let all: Vec<usize> = (0..600).collect();
        assert_eq!(parted(&all, 600), [0..200, 200..400, 400..600]);
    }
}
