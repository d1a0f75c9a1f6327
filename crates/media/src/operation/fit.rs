//! Geometry: from what the source shows to what the result shows, in whole even pixels.
//!
//! All in display pixels: rotation and the shape of pixels are already in the source's size, and every result has
//! square pixels.

use serde_json::Value;

use crate::fault::Fault;
use crate::info::{MediaInfo, Size, Stream, Video};
use crate::limits;
use crate::plan::graph::Placement;

/// How a picture goes into a frame of another shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Whole, with black bars.
    Letterbox,
    /// Filling the frame, edges cut off.
    Crop,
    /// Filling the frame, distorted.
    Stretch,
}

impl Fit {
    /// The words of the canonical form.
    pub(crate) const WORDS: &'static [(&'static str, Self)] = &[
        ("letterbox", Self::Letterbox),
        ("crop", Self::Crop),
        ("stretch", Self::Stretch),
    ];

    pub(crate) fn value(self) -> Value {
        Self::WORDS
            .iter()
            .find(|(_, fit)| *fit == self)
            .map(|(word, _)| (*word).into())
            .unwrap_or_default()
    }
}

/// The picture in a frame of this size.
pub(crate) fn place(source: Size, frame: Size, fit: Fit) -> Placement {
    let by_width = f64::from(frame.width) / f64::from(source.width);
    let by_height = f64::from(frame.height) / f64::from(source.height);
    let scaled = |factor: f64| times(source, factor);
    match fit {
        Fit::Stretch => Placement::plain(frame),
        Fit::Letterbox => {
            let inside = scaled(by_width.min(by_height));
            let scale = Size {
                width: inside.width.min(frame.width),
                height: inside.height.min(frame.height),
            };
            Placement {
                pad: (scale != frame).then_some(frame),
                ..Placement::plain(scale)
            }
        }
        Fit::Crop => {
            let around = scaled(by_width.max(by_height));
            let scale = Size {
                width: around.width.max(frame.width),
                height: around.height.max(frame.height),
            };
            Placement {
                crop: (scale != frame).then_some(frame),
                ..Placement::plain(scale)
            }
        }
    }
}

/// The main picture of a file, with sizes that can be handled.
pub(crate) fn picture(info: &MediaInfo) -> Result<(&Stream, &Video), Fault> {
    let (stream, video) = info.first_video().ok_or(Fault::NoVideo)?;
    let Size { width, height } = video.turned_size();
    let is_possible = |side: u32| (1..=limits::LONGEST_SIDE).contains(&side);
    let is_handled = is_possible(width)
        && is_possible(height)
        && video.turned_size().pixels() <= limits::FRAME_PIXELS;
    let fault = || Fault::PictureSize {
        width: width.into(),
        height: height.into(),
    };
    is_handled.then_some((stream, video)).ok_or_else(fault)
}

/// The picture at this width, or at the usual one, but no wider than it is.
pub(crate) fn no_wider(
    video: &Video,
    asked: Option<u32>,
    usual: Option<u32>,
    notes: &mut Vec<String>,
) -> Size {
    let source = video.display_size();
    let width = asked.or(usual).unwrap_or(source.width).min(source.width);
    if asked.is_some_and(|asked| asked > source.width + 1) {
        notes.push(format!(
            "The picture is {} pixels wide and was not enlarged.",
            source.width
        ));
    }
    within_limits(times(source, f64::from(width) / f64::from(source.width)))
}

/// A size times a factor, even.
pub(crate) fn times(size: Size, factor: f64) -> Size {
    Size {
        width: even(f64::from(size.width) * factor),
        height: even(f64::from(size.height) * factor),
    }
}

/// The nearest even number of pixels that can be planned: 4:2:0 has one colour sample for two pixels.
pub(crate) fn even(side: f64) -> u32 {
    let nearest = (side / 2.0).round() * 2.0;
    nearest.clamp(
        f64::from(limits::SHORTEST_SIDE),
        f64::from(limits::LONGEST_SIDE),
    ) as u32
}

/// The size made smaller, in its shape, until it has no more pixels than one frame may have.
pub(crate) fn within_limits(size: Size) -> Size {
    let by_pixels = (limits::FRAME_PIXELS as f64 / size.pixels() as f64).sqrt();
    let by_side = f64::from(limits::LONGEST_SIDE) / f64::from(size.width.max(size.height));
    let factor = by_pixels.min(by_side);
    // Rounding to even may add a row; one percent less leaves room for it.
    if factor < 1.0 {
        times(size, factor * 0.99)
    } else {
        size
    }
}
