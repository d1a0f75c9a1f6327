//! What FFmpeg's field detector (`idet`) said of the frames of a sample.

use std::ops::Add;

use crate::info::MediaInfo;
use crate::plan::Context;

/// The key under which it leaves its verdict with each frame.
pub const KEY: &str = "lavfi.idet.multiple.current_frame";
/// Below so many lines nothing has fields: half of them would be too few to broadcast.
const LEAST_LINES: u32 = 200;
/// No standard has more frames a second than this and fields in them.
const MOST_RATE: f64 = 61.0;

/// How many frames are what. Those without motion look the same either way and are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Votes {
    /// Pairs of fields, the upper one first.
    pub top: u32,
    /// Pairs of fields, the lower one first.
    pub bottom: u32,
    /// Whole frames.
    pub whole: u32,
}

impl Votes {
    /// Reads what `metadata=mode=print` wrote.
    pub fn read(printed: &str) -> Self {
        let mut votes = Self::default();
        for line in printed.lines() {
            match line.trim().strip_prefix(KEY) {
                Some("=tff") => votes.top += 1,
                Some("=bff") => votes.bottom += 1,
                Some("=progressive") => votes.whole += 1,
                _ => {}
            }
        }
        votes
    }

    /// Frames that say something.
    pub fn moving(&self) -> u32 {
        self.top + self.bottom + self.whole
    }

    /// How many of those are pairs of fields, 0 to 1.
    pub fn share(&self) -> f32 {
        (self.top + self.bottom) as f32 / self.moving().max(1) as f32
    }
}

impl Add for Votes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            top: self.top + other.top,
            bottom: self.bottom + other.bottom,
            whole: self.whole + other.whole,
        }
    }
}

/// Whether looking is worth while: there may be fields, and this FFmpeg can tell.
pub fn are_possible(info: &MediaInfo, context: &Context<'_>) -> bool {
    let Some((stream, video)) = info.first_video() else {
        return false;
    };
    let is_web = ["vp8", "vp9", "av1"].contains(&stream.codec.as_str());
    let rate = video.frames_per_second().unwrap_or(25.0);
    let can_tell = ["idet", "metadata"]
        .iter()
        .all(|name| context.capabilities.has_filter(name));
    can_tell && !is_web && video.height >= LEAST_LINES && rate <= MOST_RATE
}
