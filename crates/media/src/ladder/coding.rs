//! How the pictures of a ladder are coded, and the settings of each encoder.

use super::Rung;
use crate::info::Video;
use crate::plan::command::Command;
use crate::plan::encode::has_false_rate;

/// How pictures are coded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Coding {
    /// H.264 in eight bits, which every device plays.
    #[default]
    H264,
    /// AV1 in ten bits by SVT-AV1, for players that know it: fewer bytes for the same picture.
    Av1,
}

impl Coding {
    /// FFmpeg's name of the encoder.
    pub fn encoder(self) -> &'static str {
        match self {
            Self::H264 => "libx264",
            Self::Av1 => "libsvtav1",
        }
    }

    /// The name of the file of a rendition of this height.
    pub fn file(self, height: u32) -> String {
        match self {
            Self::H264 => format!("{height}.mp4"),
            Self::Av1 => format!("{height}-av1.mp4"),
        }
    }

    /// Pixels as FFmpeg calls them. Ten bits cost AV1 nothing and show fewer bands; its main profile has them anyway.
    pub(super) fn pixels(self) -> &'static str {
        match self {
            Self::H264 => "yuv420p",
            Self::Av1 => "yuv420p10le",
        }
    }

    /// Where both encoders look alike, see `plan::encode`.
    pub(super) fn crf(self) -> u32 {
        match self {
            Self::H264 => 23,
            Self::Av1 => 35,
        }
    }

    /// The rung of H.264 in this coding: what hard pictures may take is less by what AV1 saves.
    pub(super) fn rung(self, rung: Rung) -> Rung {
        match self {
            Self::H264 => rung,
            Self::Av1 => Rung {
                crf: self.crf(),
                largest_kbit: rung.largest_kbit * 7 / 10,
                ..rung
            },
        }
    }

    /// The encoder and its settings, without when key frames come.
    pub(super) fn settings(
        self,
        command: &mut Command,
        rung: &Rung,
        threads: u32,
        is_false_rate: bool,
    ) {
        command.pair("-c:v:0", self.encoder());
        match self {
            Self::H264 => command.words(&["-preset:v:0", "fast", "-profile:v:0", "high"]),
            // The step where slower ones stop paying.
            Self::Av1 => command.words(&["-preset:v:0", "8"]),
        }
        command.pair("-crf:v:0", rung.crf);
        command.pair("-maxrate:v:0", format!("{}k", rung.largest_kbit));
        command.pair("-bufsize:v:0", format!("{}k", rung.largest_kbit * 2));
        match self {
            // x264 takes the level from the nominal rate, and 57,600 frames a second has none.
            Self::H264 if is_false_rate => command.words(&["-level:v:0", "5.2"]),
            Self::H264 => {}
            // It has to be told that it will be told.
            Self::Av1 => command.pair(
                "-svtav1-params:v:0",
                format!("lp={threads}:scd=0:enable-force-key-frames=1"),
            ),
        }
    }

    /// Whether pictures of so many lines can be coded so: SVT-AV1 takes no smaller ones.
    pub fn reaches(self, height: u32) -> bool {
        self == Self::H264 || height >= 64
    }

    /// Whether pictures at such a rate can be coded so: SVT-AV1 refuses rates that are time bases.
    pub fn takes(self, video: &Video) -> bool {
        self == Self::H264 || !has_false_rate(video)
    }
}
