//! What the sample values of a result mean: FFmpeg's names for it, from fixed tables.
//!
//! Tags are set on the frames (`setparams`) and on the encoder: version 5.1 takes the encoder's options, later ones
//! only what the frames say.

use crate::info::{Color, Video};
use crate::plan::command::Command;

/// Primaries, the same word in the probe, on frames and on the encoder.
const PRIMARIES: &[&str] = &[
    "bt709",
    "bt470m",
    "bt470bg",
    "smpte170m",
    "smpte240m",
    "film",
    "bt2020",
    "smpte428",
    "smpte431",
    "smpte432",
    "ebu3213",
];

/// Transfer functions as the probe and `setparams` call them, and as the encoders' option does.
const TRANSFERS: &[(&str, &str)] = &[
    ("bt709", "bt709"),
    ("bt470m", "gamma22"),
    ("bt470bg", "gamma28"),
    ("smpte170m", "smpte170m"),
    ("smpte240m", "smpte240m"),
    ("linear", "linear"),
    ("iec61966-2-4", "iec61966-2-4"),
    ("bt1361e", "bt1361e"),
    ("iec61966-2-1", "iec61966-2-1"),
    ("bt2020-10", "bt2020-10"),
    ("bt2020-12", "bt2020-12"),
    ("smpte2084", "smpte2084"),
    ("smpte428", "smpte428"),
    ("arib-std-b67", "arib-std-b67"),
];

/// Matrices between RGB and what is encoded, the same word everywhere.
const SPACES: &[&str] = &[
    "bt709",
    "fcc",
    "bt470bg",
    "smpte170m",
    "smpte240m",
    "bt2020nc",
    "bt2020c",
];

/// The description that a result carries; what is `None` is left open, as in the source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tags {
    range: Option<&'static str>,
    primaries: Option<&'static str>,
    transfer: Option<(&'static str, &'static str)>,
    space: Option<&'static str>,
}

impl Tags {
    /// What the picture says of itself. Full range becomes the usual one on the way, and RGB the matrix of HD.
    pub(crate) fn of(video: &Video) -> Self {
        let Color {
            range,
            space,
            transfer,
            primaries,
        } = &video.color;
        let transfer = transfer.as_deref();
        let is_changed = is_full(video) || is_rgb(video);
        Self {
            range: (range.is_some() || is_changed).then_some("tv"),
            primaries: known(primaries.as_deref(), PRIMARIES),
            transfer: TRANSFERS
                .iter()
                .find(|(name, _)| Some(*name) == transfer)
                .copied(),
            space: if is_rgb(video) {
                Some("bt709")
            } else {
                known(space.as_deref(), SPACES)
            },
        }
    }

    /// The standard range, to which HDR is mapped.
    pub(crate) fn standard() -> Self {
        Self {
            range: Some("tv"),
            primaries: Some("bt709"),
            transfer: Some(("bt709", "bt709")),
            space: Some("bt709"),
        }
    }

    /// The filter that tags frames; empty when nothing is known.
    pub(crate) fn filter(&self) -> String {
        let pairs = [
            ("range", self.range),
            ("color_primaries", self.primaries),
            ("color_trc", self.transfer.map(|(name, _)| name)),
            ("colorspace", self.space),
        ];
        let set: Vec<String> = pairs
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", value?)))
            .collect();
        if set.is_empty() {
            return String::new();
        }
        format!("setparams={}", set.join(":"))
    }

    /// The encoder's options.
    pub(crate) fn push(&self, command: &mut Command) {
        let pairs = [
            ("-color_range:v:0", self.range),
            ("-color_primaries:v:0", self.primaries),
            ("-color_trc:v:0", self.transfer.map(|(_, option)| option)),
            ("-colorspace:v:0", self.space),
        ];
        for (option, value) in pairs {
            if let Some(value) = value {
                command.pair(option, value);
            }
        }
    }
}

/// How the scaler is told to leave the usual range and matrix behind.
pub(crate) fn conversion(video: &Video) -> &'static str {
    match (is_rgb(video), is_full(video)) {
        (true, _) => ":out_color_matrix=bt709:out_range=tv",
        (_, true) => ":in_range=pc:out_range=tv",
        _ => "",
    }
}

/// Values from 0 to 255, as still cameras and screen recorders write them.
fn is_full(video: &Video) -> bool {
    let format = video.pixel_format.as_deref().unwrap_or_default();
    format.starts_with("yuvj") || video.color.range.as_deref() == Some("pc") && !is_rgb(video)
}

fn is_rgb(video: &Video) -> bool {
    let format = video.pixel_format.as_deref().unwrap_or_default();
    const RGB: [&str; 10] = [
        "rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "x2rgb", "x2bgr",
    ];
    RGB.iter().any(|prefix| format.starts_with(prefix))
}

fn known(value: Option<&str>, names: &[&'static str]) -> Option<&'static str> {
    names.iter().find(|name| Some(**name) == value).copied()
}
