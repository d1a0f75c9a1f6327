//! What the words of `compress` mean: codecs, presets, qualities.

use super::{Options, Quality, Speed, Target};
use crate::fault::Fault;
use crate::info::{MediaInfo, Video};
use crate::operation::fit;
use crate::plan::Codec;
use crate::plan::tracks::sound::Sounds;

/// SVT-AV1 refuses less.
const AV1_SHORTEST: u32 = 64;

impl Options {
    /// What the picture may become, the usual choice first.
    pub(crate) fn codecs(&self, info: &MediaInfo) -> Result<Vec<Codec>, Fault> {
        let (_, video) = fit::picture(info)?;
        refuse_without_base(video)?;
        let compatible = if video.is_hdr() && !self.tone_map {
            Codec::Hevc
        } else {
            Codec::H264
        };
        let size = video.turned_size();
        let is_small = size.width.min(size.height) < AV1_SHORTEST;
        Ok(match self.target {
            Target::Hevc => vec![Codec::Hevc],
            Target::Modern if !is_small => vec![Codec::Av1],
            Target::Auto if !is_small => vec![compatible, Codec::Av1],
            Target::Compatible | Target::Modern | Target::Auto => vec![compatible],
        })
    }

    /// The sound that goes with the picture.
    pub(crate) fn sounds(&self, codec: Codec) -> Sounds {
        match (codec, self.target) {
            (Codec::Av1, _) => Sounds::Opus,
            (_, Target::Hevc) => Sounds::Dolby,
            _ => Sounds::Aac,
        }
    }
}

impl Speed {
    /// The encoder's own name for it. x264 at equal VMAF: `faster` takes 65 % of `medium`'s time for 6 % more bytes
    /// (`veryfast` 43 %, for a quarter more), `slow` 139 % for 4 % less. SVT-AV1
    /// 4.2 beside its 8: 10 takes 60 % and a quarter to two fifths more bytes, 9 takes 79 % and 7 % more, 6 takes 190 %
    /// and an eighth less.
    pub(crate) fn preset(self, codec: Codec) -> &'static str {
        match (codec, self) {
            (Codec::H264, Self::Fast) => "faster",
            (Codec::Hevc, Self::Fast) => "fast",
            (Codec::H264 | Codec::Hevc, Self::Normal) => "medium",
            (Codec::H264 | Codec::Hevc, Self::Best) => "slow",
            (Codec::Av1, Self::Fast) => "9",
            (Codec::Av1, Self::Normal) => "8",
            (Codec::Av1, Self::Best) => "6",
        }
    }
}

impl Quality {
    /// The CRF at which most videos are as good as the word says; where a search begins.
    pub(crate) fn usual_crf(self, codec: Codec) -> f64 {
        match (codec, self) {
            (Codec::H264, Self::NearOriginal) => 24.0,
            (Codec::H264, Self::Balanced) => 27.0,
            (Codec::H264, Self::Small) => 31.0,
            (Codec::Hevc, Self::NearOriginal) => 25.0,
            (Codec::Hevc, Self::Balanced) => 28.0,
            (Codec::Hevc, Self::Small) => 32.0,
            (Codec::Av1, Self::NearOriginal) => 35.0,
            (Codec::Av1, Self::Balanced) => 43.0,
            (Codec::Av1, Self::Small) => 52.0,
        }
    }
}

/// Profile 5 has its own colours, and AV1 has it as profile 10 without anything beneath.
fn refuse_without_base(video: &Video) -> Result<(), Fault> {
    match (video.dolby_vision, video.dolby_base) {
        (Some(5), _) => Err(Fault::DolbyVision { profile: 5 }),
        (Some(10), Some(0)) => Err(Fault::DolbyVision { profile: 10 }),
        _ => Ok(()),
    }
}
