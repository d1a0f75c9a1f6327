//! How the pictures of a ladder are coded, and the settings of each encoder.

use super::Rung;
use crate::info::Ratio;
use crate::plan::command::Command;

/// Macroblocks of the largest picture of level 1b (ITU-T H.264, table A-1). Level 2 has more, at any rate.
const BLOCKS_OF_1B: u32 = 99;

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

    /// The encoder and its settings, without when key frames come. `instead` is a usual rate of frames where that of the
    /// source is none; frames keep their times.
    pub(super) fn settings(
        self,
        command: &mut Command,
        rung: &Rung,
        threads: u32,
        instead: Option<Ratio>,
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
        match (self, instead) {
            // x264 takes the level from the nominal rate, and 57,600 frames a second has none.
            (Self::H264, Some(_)) => command.words(&["-level:v:0", "5.2"]),
            // Level 1b, which it takes for such pictures, is none that Chromium knows.
            (Self::H264, None) if blocks(rung) <= BLOCKS_OF_1B => {
                command.words(&["-level:v:0", "2"]);
            }
            (Self::H264, None) => {}
            (Self::Av1, instead) => {
                // SVT-AV1 refuses such a rate. `-r` would say another, but not beside times that vary.
                let rate =
                    instead.map(|Ratio { num, den }| format!(":fps-num={num}:fps-denom={den}"));
                let rate = rate.unwrap_or_default();
                // It has to be told that it will be told of key frames.
                let parameters = format!("lp={threads}:scd=0:enable-force-key-frames=1{rate}");
                command.pair("-svtav1-params:v:0", parameters);
            }
        }
    }

    /// Whether pictures of so many lines can be coded so: SVT-AV1 takes no smaller ones.
    pub fn reaches(self, height: u32) -> bool {
        self == Self::H264 || height >= 64
    }
}

/// Macroblocks of a picture.
fn blocks(rung: &Rung) -> u32 {
    rung.size.width.div_ceil(16) * rung.size.height.div_ceil(16)
}
