//! The table of spellings (MMP §4). Everything else in this folder only reads it.
//!
//! Names are compared without case, and with `-` and blanks read as `_`.

/// The members that can name the operation, in the order in which they are believed: `type` and
/// `mode` come last because many clients use them for something else as well.
pub const OPERATION_KEYS: [&str; 7] = [
    "operation",
    "action",
    "command",
    "process",
    "process_type",
    "type",
    "mode",
];

/// The members in which parameters can stand instead of at the top level.
pub const PARAMETER_KEYS: [&str; 4] = ["parameters", "options", "params", "args"];

/// The members that name the container beside `trim`, `create_clip` and the number 5.
pub const CONTAINER_KEYS: [&str; 6] = [
    "type",
    "format",
    "container",
    "output_format",
    "output_type",
    "target_format",
];

/// The operations whose container is named beside them.
pub const CLIP: [&str; 3] = ["trim", "create_clip", "clip"];

/// One operation.
#[derive(Debug)]
pub struct Operation {
    /// The canonical name.
    pub name: &'static str,
    /// Every other name.
    pub spellings: &'static [&'static str],
    /// Its parameters, canonical and otherwise.
    pub parameters: &'static [Parameter],
}

/// One parameter of an operation.
#[derive(Debug)]
pub struct Parameter {
    /// The canonical name; for a choice, the client's only one.
    pub name: &'static str,
    /// Every other name.
    pub spellings: &'static [&'static str],
    /// How its value is read.
    pub kind: Kind,
}

/// How a value is read. What doesn't fit is passed on unchanged, except where it says "refused".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number, also as a string.
    Number,
    /// A number of pixels; `-1`, `-2` and `auto` mean "not given".
    Pixels,
    /// Seconds as a number, `"5.5"`, `"00:10"`, `"00:00:10"`; anything else is refused.
    Seconds,
    /// Bytes as a number or `"8MB"`.
    Bytes,
    /// Bits per second as a number or `"128k"`.
    BitRate,
    /// `"1280x720"` becomes width and height, `"720p"` and `"4k"` stay; 1 to 3 are client C's choices.
    Size,
    /// Client A's `resolution_choice`, 1 to 4: width and height. Anything else is refused.
    SizeChoice,
    /// `"16:9"`, `"16/9"`; 1 to 3 are client C's choices.
    Ratio,
    /// Client A's `ratio_choice`, 1 to 3: the ratio. Anything else is refused.
    RatioChoice,
    /// `letterbox`, `crop`, `stretch`; 1 and 2 are client C's choices.
    Fit,
    /// The name of a format, in any style of a media type.
    Format,
    /// A number, also as a string, or a name in lower case.
    NumberOrName,
    /// A name in lower case.
    Name,
    /// A boolean, also as a string or a number.
    Flag,
}

/// The numbers of client A (MMP §3), from 1: it is known by `extention` or a `*_choice`.
pub const NUMBERS_OF_A: [&str; 5] = ["compress", "aspect", "resize", "audio", "gif"];

/// The numbers of all other clients, from 1. In MMP §4 each number stands *behind* the names it belongs
/// to ("compress: ...; 1. Resolution: ...; 2."), as the last one shows ("5 with the container named
/// beside it" can only be GIF and WebM) and as §3 confirms: 2 and 3 are the other way round than in A.
pub const NUMBERS: [&str; 5] = ["compress", "resize", "aspect", "audio", "trim"];

const QUALITY: Parameter = row("quality", &["crf"], Kind::Number);
const WIDTH: Parameter = row("width", &["w"], Kind::Pixels);
const START: Parameter = row("start", &["start_time"], Kind::Seconds);
const DURATION: Parameter = row("duration", &["duration_seconds"], Kind::Seconds);
const END: Parameter = row("end", &["end_time"], Kind::Seconds);
const FIT: Parameter = row("fit", &["fit_mode"], Kind::Fit);

/// The operations.
pub const OPERATIONS: [Operation; 7] = [
    Operation {
        name: "compress",
        spellings: &["compress_video", "video_compress", "compression"],
        parameters: &[
            row("quality", &["crf"], Kind::NumberOrName),
            row("target_size", &["target_size_bytes"], Kind::Bytes),
            row("max_size", &["max_size_bytes"], Kind::Bytes),
            row("for", &[], Kind::Name),
            row("speed", &[], Kind::Name),
            row("tone_map", &[], Kind::Flag),
            row("remove_location", &[], Kind::Flag),
        ],
    },
    Operation {
        name: "resize",
        spellings: &[
            "resolution",
            "change_resolution",
            "resize_resolution",
            "resize_video",
            "scale",
        ],
        parameters: &[
            WIDTH,
            row("height", &["h"], Kind::Pixels),
            row(
                "size",
                &["resolution", "target_resolution", "dimensions"],
                Kind::Size,
            ),
            row("resolution_choice", &[], Kind::SizeChoice),
            FIT,
            row("upscale", &["allow_upscale"], Kind::Flag),
        ],
    },
    Operation {
        name: "aspect",
        spellings: &["aspect_ratio", "change_aspect_ratio", "change_aspect"],
        parameters: &[
            row(
                "ratio",
                &["aspect_ratio", "aspect", "target_ratio"],
                Kind::Ratio,
            ),
            row("ratio_choice", &[], Kind::RatioChoice),
            FIT,
        ],
    },
    Operation {
        name: "audio",
        spellings: &[
            "extract_audio",
            "toaudio",
            "to_audio",
            "convert_to_mp3",
            "convert_to_audio",
            "mp3",
            "to_mp3",
            "extract_mp3",
        ],
        parameters: &[
            row(
                "format",
                &["audio_format", "output_format", "target_format"],
                Kind::Format,
            ),
            row("quality", &[], Kind::Number),
            row("bitrate", &["audio_bitrate", "bit_rate"], Kind::BitRate),
        ],
    },
    Operation {
        name: "gif",
        spellings: &["create_gif", "to_gif", "convert_to_gif"],
        parameters: &[
            START,
            DURATION,
            END,
            row("fps", &["frame_rate", "framerate"], Kind::Number),
            WIDTH,
        ],
    },
    Operation {
        name: "webm",
        spellings: &["create_webm", "to_webm", "convert_to_webm"],
        parameters: &[
            START,
            DURATION,
            END,
            row("codec", &["video_codec"], Kind::Name),
            QUALITY,
            WIDTH,
        ],
    },
    Operation {
        name: "convert",
        spellings: &["convert_video", "convert_format"],
        parameters: &[
            row(
                "format",
                &["output_format", "target_format", "container"],
                Kind::Format,
            ),
            row("video", &["video_codec"], Kind::Name),
            row("audio", &["audio_codec"], Kind::Name),
        ],
    },
];

const fn row(name: &'static str, spellings: &'static [&'static str], kind: Kind) -> Parameter {
    Parameter {
        name,
        spellings,
        kind,
    }
}

impl Operation {
    /// The operation of that canonical name or spelling.
    #[must_use]
    pub fn named(sent: &str) -> Option<&'static Self> {
        let name = plain(sent);
        OPERATIONS
            .iter()
            .find(|row| row.name == name || row.spellings.contains(&name.as_str()))
    }
}

impl Parameter {
    /// Its names, the canonical one first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.spellings.iter().copied())
    }
}

/// A name as it stands in the table.
#[must_use]
pub fn plain(sent: &str) -> String {
    sent.trim().to_ascii_lowercase().replace(['-', ' '], "_")
}
