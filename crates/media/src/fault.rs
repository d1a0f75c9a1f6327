//! Why something cannot be planned, or why a result is not what was planned.
//!
//! One enum for the room. `code()` is stable and goes over the wire, the text is for people: what is wrong, then in
//! `solution()` what to do. Text that came from outside is shortened and printed escaped.

use thiserror::Error;

/// Why this room said no.
#[derive(Debug, Clone, PartialEq, Error)]
#[expect(
    missing_docs,
    reason = "the fields are named by the message of their variant"
)]
pub enum Fault {
    /// The operation does not exist.
    #[error("there is no operation {}", quote(.name))]
    UnknownOperation { name: String, allowed: String },
    /// The operation has no such option.
    #[error("{operation} has no option {}", quote(.option))]
    UnknownOption {
        operation: &'static str,
        option: String,
        allowed: String,
    },
    /// The option exists, its value is not allowed.
    #[error("{operation}: {option} is {found}, allowed is {allowed}")]
    BadOption {
        operation: &'static str,
        option: &'static str,
        found: String,
        allowed: String,
    },
    /// Options that exclude or need each other.
    #[error("{operation}: {problem}")]
    OptionsDisagree {
        operation: &'static str,
        problem: &'static str,
        allowed: &'static str,
    },
    /// What the probe printed is not what ffprobe prints.
    #[error("the probe's answer cannot be read: {0}")]
    UnreadableProbe(String),
    /// FFmpeg reads it, but the content is a program (a playlist, a script) or a device rather than a recording.
    #[error("files of the kind {} are not accepted: {reason}", quote(.format))]
    RefusedFormat {
        format: String,
        reason: &'static str,
    },
    /// No picture, where one is needed.
    #[error("the file has no video track")]
    NoVideo,
    /// No sound, where some is needed.
    #[error("the file has no audio track")]
    NoAudio,
    /// The picture's size is missing or beyond what is handled.
    #[error("the picture of {width}x{height} cannot be handled")]
    PictureSize { width: u64, height: u64 },
    /// Dolby Vision whose picture means nothing without its own layer.
    #[error(
        "this is Dolby Vision of profile {profile}, whose colours only its own players can read: anything else made of it would be purple and green"
    )]
    DolbyVision { profile: u8 },
    /// The range begins where nothing is left.
    #[error("the range begins at {start} s, the video is {length} s long")]
    RangeBeyondEnd { start: String, length: String },
    /// The length must be known for this and is not.
    #[error("the length of this file is not known, so {needed_for}")]
    LengthUnknown { needed_for: &'static str },
    /// A target size that no acceptable quality fits into.
    #[error(
        "{asked} bytes are too few for this video: the smallest possible size is {smallest} bytes"
    )]
    TargetTooSmall { asked: u64, smallest: u64 },
    /// More pixels times frames than this operation can hold.
    #[error(
        "{what} would be too large: {found} million pixels over all frames, allowed are {allowed} million"
    )]
    TooLarge {
        what: &'static str,
        found: u64,
        allowed: u64,
        advice: String,
    },
    /// The installed FFmpeg lacks something.
    #[error("this FFmpeg has no {kind} {}", quote(.name))]
    Missing { kind: &'static str, name: String },
    /// A container that is never written here.
    #[error("{} cannot be a target: {reason}", quote(.name))]
    RefusedTarget { name: String, reason: &'static str },
    /// The container cannot hold what the source has.
    #[error("{container} cannot hold this file: {problem}")]
    Incompatible { container: String, problem: String },
    /// The result is not what was planned.
    #[error("the result is not right: {0}")]
    WrongResult(String),
}

impl Fault {
    /// The stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownOperation { .. } => "unknown_operation",
            Self::UnknownOption { .. } => "unknown_option",
            Self::BadOption { .. } | Self::OptionsDisagree { .. } => "invalid_option",
            Self::UnreadableProbe(_) => "corrupt_input",
            Self::RefusedFormat { .. } => "unsupported_format",
            Self::NoVideo => "no_video",
            Self::NoAudio => "no_audio",
            Self::PictureSize { .. } => "picture_size",
            Self::DolbyVision { .. } => "dolby_vision",
            Self::RangeBeyondEnd { .. } => "range_beyond_end",
            Self::LengthUnknown { .. } => "length_unknown",
            Self::TargetTooSmall { .. } => "target_too_small",
            Self::TooLarge { .. } => "too_large",
            Self::Missing {
                kind: "encoder", ..
            } => "encoder_missing",
            Self::Missing { .. } => "unsupported_target",
            Self::RefusedTarget { .. } => "unsupported_target",
            Self::Incompatible { .. } => "incompatible_target",
            Self::WrongResult(_) => "wrong_result",
        }
    }

    /// What to do about it, as a sentence.
    pub fn solution(&self) -> String {
        match self {
            Self::UnknownOperation { allowed, .. } | Self::UnknownOption { allowed, .. } => {
                format!("Use one of: {allowed}.")
            }
            Self::BadOption {
                option, allowed, ..
            } => format!("Set {option} to {allowed}, or leave it out."),
            Self::OptionsDisagree { allowed, .. } => (*allowed).into(),
            Self::UnreadableProbe(_) => {
                "Check that the file is a video and that it is complete.".into()
            }
            Self::RefusedFormat { .. } => {
                "Send the recording itself, for example as MP4, MKV or WebM.".into()
            }
            Self::NoVideo => "Send a file with a picture, or use the operation audio.".into(),
            Self::NoAudio => {
                "Send a file with sound; nothing can be extracted from this one.".into()
            }
            Self::PictureSize { .. } => format!(
                "Send a video of 16 to {} pixels a side.",
                crate::limits::LONGEST_SIDE
            ),
            Self::DolbyVision { .. } => {
                "Export it from the camera or the editor as HDR10, HLG or in the standard range."
                    .into()
            }
            Self::RangeBeyondEnd { length, .. } => {
                format!("Choose a start between 0 and {length} seconds.")
            }
            Self::LengthUnknown { .. } => "Convert the file to MP4 or MKV first.".into(),
            Self::TargetTooSmall { smallest, .. } => {
                format!(
                    "Ask for at least {smallest} bytes, or make the picture smaller with resize first."
                )
            }
            Self::TooLarge { advice, .. } => advice.clone(),
            Self::Missing { kind, .. } => {
                format!("Choose another {kind}, or install an FFmpeg that has it.")
            }
            Self::RefusedTarget { .. } => {
                "Choose a container for files, for example mp4, mkv, webm, mov or mp3.".into()
            }
            Self::Incompatible { .. } => {
                "Choose another container; mkv holds nearly everything.".into()
            }
            Self::WrongResult(_) => {
                "The source is probably damaged. Check that it plays to its end.".into()
            }
        }
    }
}

/// A word from outside, short and without anything that a terminal or a log could take for its own.
pub(crate) fn quote(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    let dots = if short.len() < text.len() { "..." } else { "" };
    format!("\"{}{dots}\"", short.escape_default())
}
