//! What becomes of one sound track when a video is made smaller.
//!
//! What is efficient already is copied, so it does not lose twice; the rest gets the bits that its channels need.

use super::{Container, Sound};
use crate::info::{Audio, Stream};

/// Which codecs of sound a result may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sounds {
    /// AAC, which everything plays.
    Aac,
    /// Also what televisions and Apple's devices play: AC-3 and its successor.
    Dolby,
    /// Opus, and what is as good.
    Opus,
}

impl Sounds {
    /// Copies what is at most a fifth above what would be made, which is not worth a second loss.
    pub(crate) fn decide(self, stream: &Stream, audio: &Audio) -> Sound {
        let goal = self.goal(audio);
        let is_small = stream
            .bit_rate
            .is_none_or(|bits| bits <= self.enough(audio));
        if self.takes(&stream.codec) && is_small {
            return Sound::Copy;
        }
        let bits = goal.min(super::source_bits(stream)).max(24_000);
        Sound::Encode(self.encoder(), bits)
    }

    /// FFmpeg's name of the encoder.
    pub(crate) fn encoder(self) -> &'static str {
        match self {
            Self::Opus => "libopus",
            Self::Aac | Self::Dolby => "aac",
        }
    }

    fn takes(self, codec: &str) -> bool {
        match codec {
            "aac" => true,
            "ac3" | "eac3" => self != Self::Aac,
            "opus" | "vorbis" => self == Self::Opus,
            _ => false,
        }
    }

    /// Bits per second of a track that is copied at most. AAC at 160,000 in stereo is no waste beside Opus either.
    fn enough(self, audio: &Audio) -> u64 {
        let aac = Self::Aac.goal(audio);
        match self {
            Self::Opus => aac,
            Self::Aac | Self::Dolby => aac * 6 / 5,
        }
    }

    /// Bits per second at which the codec is hard to tell from the source.
    fn goal(self, audio: &Audio) -> u64 {
        // FFmpeg's own AAC encoder needs more than others. What was sampled for telephones holds a voice.
        let is_voice = audio.channels <= 1 && (1..=24_000).contains(&audio.sample_rate);
        let (voice, mono, stereo, more) = match self {
            Self::Opus => (32_000, 56_000, 112_000, 43_000),
            Self::Aac | Self::Dolby => (48_000, 80_000, 160_000, 64_000),
        };
        match audio.channels {
            _ if is_voice => voice,
            0 | 1 => mono,
            2 => stereo,
            channels => more * u64::from(channels.min(8)),
        }
    }
}

/// Whether MP4 can hold this track as it is.
pub(super) fn fits_mp4(stream: &Stream, sound: &Sound) -> bool {
    *sound != Sound::Copy || matches!(stream.codec.as_str(), "aac" | "ac3" | "eac3" | "opus")
}

/// libopus refuses `5.1(side)` and its relatives, which differ from what it takes in names only.
pub(super) fn filter(audio: &Audio) -> Option<String> {
    let is_plain = matches!(audio.layout.as_deref(), Some("5.1" | "7.1")) || audio.channels <= 2;
    if is_plain {
        return None;
    }
    let layout = match audio.channels {
        3 => "3.0",
        4 => "quad",
        5 => "5.0",
        6 => "5.1",
        7 => "6.1",
        8 => "7.1",
        _ => "stereo",
    };
    Some(format!("aformat=channel_layouts={layout}"))
}

/// MP4 where it can hold every track that is kept, as it is or without losing anything when turned into its own kind.
pub(super) fn container<'a>(
    sounds: impl Iterator<Item = (&'a Stream, Sound)>,
    mut subtitles: impl Iterator<Item = &'a Stream>,
    has_attachments: bool,
) -> Container {
    const SIMPLE: [&str; 6] = ["mov_text", "subrip", "srt", "webvtt", "text", "microdvd"];
    let is_simple = |stream: &Stream| SIMPLE.contains(&stream.codec.as_str());
    let fits = subtitles.all(is_simple) && !has_attachments && { sounds }
        .all(|(stream, sound)| fits_mp4(stream, &sound));
    if fits {
        Container::Mp4
    } else {
        Container::Matroska
    }
}
