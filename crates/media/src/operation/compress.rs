//! `compress`: the same video in fewer bytes.
//!
//! H.264 and AAC in MP4, which everything plays; HDR stays HDR as HEVC Main 10. With `target_size` two passes, the
//! sound's share taken off first. The caller gives back the original when the result is not smaller.

use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::info::{MediaInfo, Size, Video};
use crate::operation::everyday::Everyday;
use crate::operation::fit::even;
use crate::operation::form::Form;
use crate::operation::table::{Row, Value as Kind, parameter};
use crate::plan::graph::Placement;
use crate::plan::{Context, Expectation, Plan};

/// What help says.
pub(crate) const ROW: Row = Row {
    name: "compress",
    summary: "Make a video smaller without making it look worse.",
    parameters: &[
        parameter(
            "quality",
            Kind::Integer(1, 51),
            "constant quality (CRF): lower is better and larger; 23 when nothing is set",
        ),
        parameter(
            "target_size",
            Kind::Bytes,
            "size that the result must not exceed, in bytes",
        ),
    ],
    example: r#"{"target_size": 10000000}"#,
};

/// Options of `compress`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// What bounds the result.
    pub goal: Goal,
}

/// What bounds the result of `compress`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Goal {
    /// A good fixed setting.
    #[default]
    Automatic,
    /// This CRF.
    Quality(u32),
    /// At most so many bytes.
    TargetSize(u64),
}

impl Options {
    pub(crate) fn read(form: &mut Form<'_>) -> Result<Self, Fault> {
        let quality = form.integer("quality", 1, 51)?;
        let target = form.integer("target_size", 1, 1 << 40)?;
        let goal = match (quality, target) {
            (Some(_), Some(_)) => {
                return Err(form.disagree(
                    "quality and target_size exclude each other",
                    "Give either quality or target_size.",
                ));
            }
            (Some(quality), None) => Goal::Quality(quality as u32),
            (None, Some(bytes)) => Goal::TargetSize(bytes),
            (None, None) => Goal::Automatic,
        };
        Ok(Self { goal })
    }

    pub(crate) fn write(&self, form: &mut Map<String, Value>) {
        match self.goal {
            Goal::Automatic => None,
            Goal::Quality(quality) => form.insert("quality".into(), quality.into()),
            Goal::TargetSize(bytes) => form.insert("target_size".into(), bytes.into()),
        };
    }

    pub(crate) fn plan(&self, info: &MediaInfo, context: &Context<'_>) -> Result<Plan, Fault> {
        let mut everyday = Everyday::new(info, context)?;
        let placement = same_size(everyday.video);
        let plan = match self.goal {
            Goal::Automatic => everyday.constant_quality(None, placement),
            Goal::Quality(quality) => everyday.constant_quality(Some(quality), placement),
            Goal::TargetSize(bytes) => {
                let bits = budget(&mut everyday, bytes, placement.result())?;
                let plan = everyday.average_rate(bits, placement)?;
                Ok(Plan {
                    expect: Expectation {
                        largest: Some(bytes),
                        ..plan.expect
                    },
                    ..plan
                })
            }
        }?;
        Ok(Plan {
            never_larger: true,
            ..plan
        })
    }
}

/// The pixels as they are, even; anamorphic ones keep their shape.
fn same_size(video: &Video) -> Placement {
    let Size { width, height } = video.turned_size();
    let scale = Size {
        width: even(width.into()),
        height: even(height.into()),
    };
    Placement {
        aspect: video.turned_aspect(),
        ..Placement::plain(scale)
    }
}

/// Bits per second for the picture: what is left of the target after sound and container.
fn budget(everyday: &mut Everyday<'_>, bytes: u64, size: Size) -> Result<u64, Fault> {
    let unknown = Fault::LengthUnknown {
        needed_for: "a target size cannot be divided over it",
    };
    let seconds = everyday.info.duration_us.ok_or(unknown)? as f64 / 1e6;
    let rate = everyday.video.frames_per_second().unwrap_or(25.0);
    let tracks = everyday.tracks.audios() as f64;
    // Tables of MP4: about 16 bytes a frame of the picture and 8 a frame of sound, of which AAC has at most 47 a second.
    let container = 4096.0 + seconds * (rate * 16.0 + tracks * 47.0 * 8.0);
    let usable = usable_part(seconds);
    let bits_of = |bytes: f64| (bytes - container) * 8.0 * usable / seconds;
    let bytes_of = |bits: f64| (bits * seconds / (8.0 * usable) + container).ceil();
    // More than the source has is never worth asking for: the result would be thrown away.
    let total = bits_of(bytes.min(everyday.info.size.unwrap_or(u64::MAX)) as f64);
    let source = everyday
        .info
        .size
        .map_or(f64::INFINITY, |bytes| bytes as f64 * 8.0 / seconds);
    // Still pictures with a pointer moving take far less than anything that was filmed, and have shown it.
    let least = least_bits(size, rate).min(source / 4.0);
    let before = everyday.tracks.sound_bits(everyday.info) as f64;
    let floor = LEAST_SOUND * tracks;
    // Sound gets a quarter at most, and no less than what is still worth hearing.
    let sound = before.min(floor.max(total / 4.0));
    if sound < before {
        everyday.tracks.set_sound((sound / tracks.max(1.0)) as u64);
    }
    let picture = total - sound;
    if picture < least {
        // A quarter of the whole is a third of the picture.
        let smallest = bytes_of(least + before.min(floor.max(least / 3.0))) as u64;
        return Err(Fault::TargetTooSmall {
            asked: bytes,
            smallest,
        });
    }
    Ok(picture as u64)
}

/// What is left for the rate control's misses. x264 in two passes came out 4.4 % too large at 7 s of hand-held macro
/// and within 2 % from half a minute on: the shorter, the fewer frames to make up for a mistake.
fn usable_part(seconds: f64) -> f64 {
    match seconds {
        ..30.0 => 0.94,
        30.0..120.0 => 0.96,
        _ => 0.98,
    }
}

/// Bits per second of sound below which AAC sounds broken.
const LEAST_SOUND: f64 = 48_000.0;

/// Bits per second of picture below which x264 cannot go: at its coarsest step 0.004 bits a pixel remain.
fn least_bits(size: Size, rate: f64) -> f64 {
    (size.pixels() as f64 * rate * 0.006).max(20_000.0)
}
