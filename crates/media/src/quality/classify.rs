//! What kind of footage it is, by decoding a little of it: flags lie.
//!
//! A few places are sampled ([`places`], [`run`]): luma of the middle at its full size, for scaling would mix the fields
//! and smooth the noise, and the verdict of FFmpeg's field detector on each frame. [`texture`] and [`fields`] turn them
//! into numbers, [`Class`] is the conclusion. Thresholds stand between what real clips measure, with room on both sides.

pub mod fields;
pub mod texture;
pub mod run;

use crate::info::{MediaInfo, Scan};
use crate::plan::picture::{Fields, Found};
use fields::Votes;
use texture::Texture;

/// Places of a video that are looked at, at the most.
const PLACES: usize = 5;
/// Frames that are decoded at each.
pub const FRAMES: usize = 12;
/// One place for so many frames: what is found must not cost more than about a fiftieth of the encode.
const FRAMES_PER_PLACE: usize = 150;

/// Noise from which on it is grain, as standard deviation in steps of eight bits. Clean clips have up to 0.8, high rates
/// from good cameras included; film grain that is seen as such begins at 2.
const GRAIN: f32 = 1.5;
/// Share of the picture that stands still from which on the rest is too little to tell fields by.
const MOSTLY: f32 = 0.8;
/// Frames with motion that have to say the same before the flag is overruled.
const ENOUGH: u32 = 4;

/// What one place shows; parts are absent where FFmpeg gave nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// What its pictures are made of.
    pub texture: Option<Texture>,
    /// What its fields are.
    pub votes: Votes,
}

/// What kind of footage it is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Class {
    /// Whether frames are pairs of fields, and which comes first.
    pub fields: Fields,
    /// It is the picture of a computer's screen: text, flat areas, hardly any motion.
    pub screen: bool,
    /// Noise as standard deviation, in steps of eight bits.
    pub noise: f32,
    /// Share of the picture that stays as it is from frame to frame, 0 to 1.
    pub still: f32,
    /// Its bits per pixel are so few already that little can be gained.
    pub efficient: bool,
}

/// Numbers of the frames where samples begin, for a video of so many.
pub fn places(frames: usize) -> Vec<usize> {
    let count = (frames / FRAMES_PER_PLACE).clamp(1, PLACES);
    // In the middle of equal parts: beginnings are often black.
    (0..count)
        .map(|at| frames * (2 * at + 1) / (2 * count))
        .collect()
}

impl Class {
    /// Concludes.
    pub fn of(samples: &[Sample], info: &MediaInfo) -> Self {
        let textures: Vec<_> = samples.iter().filter_map(|each| each.texture).collect();
        let votes = samples
            .iter()
            .fold(Votes::default(), |sum, each| sum + each.votes);
        let screens = textures.iter().filter(|each| each.is_screen()).count();
        let screen = screens * 2 > textures.len();
        let stills: f32 = textures.iter().map(|each| each.still).sum();
        let still = stills / textures.len().max(1) as f32;
        // What moves in a small part only, or drawn with lines of one pixel, passes for fields.
        let votes = if screen || still > MOSTLY {
            Votes::default()
        } else {
            votes
        };
        Self {
            fields: conclude(votes, scan(info)),
            screen,
            // The edges of letters look like noise.
            noise: if screen { 0.0 } else { noise(&textures) },
            still,
            efficient: !screen && is_efficient(info),
        }
    }

    /// What an outline needs to know.
    pub fn found(&self) -> Found {
        Found {
            fields: self.fields,
            screen: self.screen,
            grain: self.has_grain(),
        }
    }

    /// Frames are pairs of fields.
    pub fn is_interlaced(&self) -> bool {
        self.fields != Fields::Progressive
    }

    /// There is as much noise as in grainy film.
    pub fn has_grain(&self) -> bool {
        self.noise >= GRAIN
    }

    /// The report's words for it.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        let words = [
            ("interlaced", self.is_interlaced()),
            ("screen", self.screen),
            ("grain", self.has_grain()),
            ("efficient", self.efficient),
        ];
        words.into_iter().filter(|word| word.1).map(|word| word.0)
    }
}

fn scan(info: &MediaInfo) -> Scan {
    info.first_video()
        .map_or(Scan::Unknown, |(_, video)| video.scan)
}

/// What frames with motion say; the flag decides where they are few, or where it is a mixture.
fn conclude(votes: Votes, flag: Scan) -> Fields {
    let share = votes.share();
    let is_flagged = flag == Scan::Interlaced;
    let order = if votes.top >= votes.bottom {
        Fields::Top
    } else {
        Fields::Bottom
    };
    if votes.moving() < ENOUGH {
        return Fields::from(is_flagged);
    }
    match (is_flagged, share) {
        // Film that was spread over fields has two such frames in five.
        (false, 0.0..=0.6) | (true, 0.0..=0.1) => Fields::Progressive,
        // A mixture: its frames say which are which.
        (true, 0.0..=0.9) => Fields::Interlaced,
        _ => order,
    }
}

/// The middle of what the places have.
fn noise(textures: &[Texture]) -> f32 {
    let mut noise: Vec<f32> = textures.iter().map(|each| each.noise).collect();
    noise.sort_by(f32::total_cmp);
    noise.get(noise.len() / 2).copied().unwrap_or(0.0)
}

/// Fewer bits per pixel than an encoder of the same codec needs for natural pictures.
fn is_efficient(info: &MediaInfo) -> bool {
    let Some((stream, video)) = info.first_video() else {
        return false;
    };
    let least = match stream.codec.as_str() {
        "h264" => 0.05,
        "hevc" => 0.035,
        "vp9" | "av1" => 0.025,
        _ => return false,
    };
    let others = info
        .streams
        .iter()
        .filter(|each| each.index != stream.index);
    let others: u64 = others.filter_map(|each| each.bit_rate).sum();
    let whole = info.bit_rate.map(|bits| bits.saturating_sub(others));
    let rate = video.frames_per_second().unwrap_or(25.0);
    let pixels = f64::from(video.width) * f64::from(video.height) * rate;
    let bits = stream.bit_rate.or(whole);
    bits.is_some_and(|bits| (bits as f64) < pixels * least)
}

#[cfg(test)]
mod tests;
