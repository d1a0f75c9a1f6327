//! `resize`: another size, never larger than the source unless told to.
//!
//! Sizes are what a viewer sees: after rotation and in square pixels.

use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::info::{MediaInfo, Size};
use crate::limits;
use crate::operation::everyday::Everyday;
use crate::operation::fit::{self, Fit, even, times};
use crate::operation::form::Form;
use crate::operation::table::{Row, Value as Kind, parameter};
use crate::plan::{Context, Plan};

/// What help says.
pub(crate) const ROW: Row = Row {
    name: "resize",
    summary: "Change the size of the picture.",
    parameters: &[
        parameter(
            "width",
            Kind::Integer(16, 16_384),
            "width in pixels; alone, the height follows the aspect",
        ),
        parameter(
            "height",
            Kind::Integer(16, 16_384),
            "height in pixels; alone, the width follows the aspect",
        ),
        parameter(
            "size",
            Kind::Choice(NAMES),
            "a named size; it bounds the short side, so 720p is 720x1280 for portrait",
        ),
        parameter(
            "fit",
            Kind::Choice(&["letterbox", "crop", "stretch"]),
            "what happens when width and height have another shape",
        ),
        parameter(
            "upscale",
            Kind::Flag,
            "allow a result larger than the source",
        ),
    ],
    example: r#"{"size": "720p"}"#,
};

const NAMES: &[&str] = &[
    "144p", "240p", "360p", "480p", "540p", "720p", "1080p", "1440p", "2160p", "4k",
];

/// Short sides of the named sizes.
const SIDES: &[(&str, u32)] = &[
    ("144p", 144),
    ("240p", 240),
    ("360p", 360),
    ("480p", 480),
    ("540p", 540),
    ("720p", 720),
    ("1080p", 1080),
    ("1440p", 1440),
    ("2160p", 2160),
    ("4k", 2160),
];

/// Options of `resize`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The size asked for.
    pub target: Target,
    /// Allow a result larger than the source.
    pub upscale: bool,
}

/// The ways to ask for a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The height follows.
    Width(u32),
    /// The width follows.
    Height(u32),
    /// The long side follows.
    ShortSide(u32),
    /// A frame, and how the picture goes into it.
    Frame(Size, Fit),
}

impl Options {
    pub(crate) fn read(form: &mut Form<'_>) -> Result<Self, Fault> {
        let mut side = |name| {
            form.integer(
                name,
                limits::SHORTEST_SIDE.into(),
                limits::LONGEST_SIDE.into(),
            )
        };
        let (width, height) = (
            side("width")?.map(|side| side as u32),
            side("height")?.map(|side| side as u32),
        );
        let named = form.choice("size", SIDES)?;
        let fit = form.choice("fit", Fit::WORDS)?;
        let target = match (named, width, height) {
            (Some(side), None, None) => Target::ShortSide(side),
            (None, Some(width), None) => Target::Width(width),
            (None, None, Some(height)) => Target::Height(height),
            (None, Some(width), Some(height)) => {
                Target::Frame(Size { width, height }, fit.unwrap_or(Fit::Letterbox))
            }
            (None, None, None) => {
                return Err(form.disagree(
                    "no size is given",
                    "Give width, height, both, or size (such as 720p).",
                ));
            }
            (Some(_), ..) => {
                return Err(form.disagree(
                    "size excludes width and height",
                    "Give either size, or width and height.",
                ));
            }
        };
        Ok(Self {
            target,
            upscale: form.flag("upscale")?,
        })
    }

    pub(crate) fn write(&self, form: &mut Map<String, Value>) {
        let mut put = |name: &str, value: Value| form.insert(name.into(), value);
        match self.target {
            Target::Width(width) => drop(put("width", width.into())),
            Target::Height(height) => drop(put("height", height.into())),
            Target::ShortSide(side) => drop(put("size", format!("{side}p").into())),
            Target::Frame(Size { width, height }, fit) => {
                put("width", width.into());
                put("height", height.into());
                put("fit", fit.value());
            }
        }
        if self.upscale {
            put("upscale", true.into());
        }
    }

    pub(crate) fn plan(&self, info: &MediaInfo, context: &Context<'_>) -> Result<Plan, Fault> {
        let mut everyday = Everyday::new(info, context)?;
        let source = everyday.video.display_size();
        let (mut frame, fit) = self.frame(source);
        let factor = enlargement(source, frame, fit);
        if factor > 1.0 && !self.upscale {
            frame = times(frame, 1.0 / factor);
            let Size { width, height } = frame;
            everyday.notes.push(format!(
                "The source is smaller than what was asked for; the result is {width}x{height}, since upscaling was not asked for."
            ));
        }
        if frame == source && everyday.is_playable() {
            return Ok(everyday.copy());
        }
        let frame = fit::within_limits(frame);
        Ok(everyday.constant_quality(fit::place(source, frame, fit)))
    }

    fn frame(&self, source: Size) -> (Size, Fit) {
        let by_width = |width: u32| Size {
            width: even(width.into()),
            height: even(f64::from(width) / source.ratio()),
        };
        let by_height = |height: u32| Size {
            width: even(f64::from(height) * source.ratio()),
            height: even(height.into()),
        };
        let follow = |size: Size| (size, Fit::Stretch);
        match self.target {
            Target::Width(width) => follow(by_width(width)),
            Target::Height(height) => follow(by_height(height)),
            Target::ShortSide(side) if source.width < source.height => follow(by_width(side)),
            Target::ShortSide(side) => follow(by_height(side)),
            Target::Frame(frame, fit) => (times(frame, 1.0), fit),
        }
    }
}

/// How much larger the picture becomes; a pixel more, from rounding to even, is none.
fn enlargement(source: Size, frame: Size, fit: Fit) -> f64 {
    let grown = |to: u32, from: u32| {
        if to <= from + 1 {
            f64::from(to) / f64::from(to.max(from))
        } else {
            f64::from(to) / f64::from(from)
        }
    };
    let (by_width, by_height) = (
        grown(frame.width, source.width),
        grown(frame.height, source.height),
    );
    match fit {
        Fit::Letterbox => by_width.min(by_height),
        Fit::Crop | Fit::Stretch => by_width.max(by_height),
    }
}
