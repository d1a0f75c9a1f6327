//! Sample entries: what a decoder is told, what a playlist says of it (RFC 6381), and what the picture means.

mod config;
mod sound;

use crate::boxes::{children, find};
use crate::fault::Fault;
use crate::limits;
use crate::reader::Reader;

pub(crate) use config::ParameterSets;

/// The dynamic range of a picture, in the words of HLS (RFC 8216bis, 4.4.6.2, `VIDEO-RANGE`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VideoRange {
    /// The usual range.
    #[default]
    Sdr,
    /// Hybrid log-gamma.
    Hlg,
    /// Perceptual quantizer.
    Pq,
}

/// How a track is coded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codec {
    /// For `CODECS` and `codecs`, such as `avc1.64001F` (RFC 6381, 3.3).
    pub name: String,
    /// What all current browsers decode: H.264 in 8-bit 4:2:0, VP9, AV1; AAC, MP3, Opus, FLAC.
    pub is_common: bool,
    /// What it carries.
    pub kind: Kind,
    /// The sample entry as a whole box, for the initialisation section.
    pub(crate) entry: Vec<u8>,
    pub(crate) sets: ParameterSets,
}

/// What a track carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Pictures.
    Video {
        /// Pixels as stored.
        width: u16,
        /// Pixels as stored.
        height: u16,
        /// From the colour box (ISO/IEC 14496-12, 12.1.5); the usual range when there is none.
        range: VideoRange,
    },
    /// Sound.
    Audio {
        /// Number of channels.
        channels: u16,
        /// Samples a second.
        rate: u32,
    },
}

/// What precedes the boxes of a visual sample entry (ISO/IEC 14496-12, 12.1.3).
const VISUAL_BYTES: usize = 78;

const SHORT: Fault = Fault::Damaged("a sample entry is too short");

impl VideoRange {
    /// The word in a playlist.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sdr => "SDR",
            Self::Hlg => "HLG",
            Self::Pq => "PQ",
        }
    }
}

impl Codec {
    /// Reads `stsd`, which must have one entry.
    pub(crate) fn read(body: &[u8], is_video: bool) -> Result<Self, Fault> {
        let mut entries = children(body.get(8..).ok_or(SHORT)?);
        let entry = entries.next().ok_or(SHORT)?;
        if entries.next().is_some() {
            return Err(Fault::Unsupported("its coding changes on the way"));
        }
        if entry.body.len() > limits::ENTRY_BYTES {
            return Err(Fault::TooLarge("bytes of a sample entry"));
        }
        if is_video {
            Self::picture(entry.kind, entry.body)
        } else {
            sound::read(entry.kind, entry.body)
        }
    }

    /// The same codec with its parameter sets within the samples: `avc3` and `hev1` (ISO/IEC 14496-15, 5.4 and 8.4).
    /// FFmpeg and mpv keep the old sets when a playlist changes its map, and then need these.
    pub fn in_band(&self) -> Self {
        let mut other = self.clone();
        for (out, within) in [("avc1", "avc3"), ("hvc1", "hev1")] {
            if let Some(rest) = self.name.strip_prefix(out) {
                other.name = format!("{within}{rest}");
                other.entry[4..8].copy_from_slice(within.as_bytes());
            }
        }
        other
    }

    /// What goes before each sync sample for [`Self::in_band`]; empty for codecs that have no parameter sets.
    pub fn parameter_sets(&self) -> &[u8] {
        &self.sets.0
    }

    fn picture(kind: [u8; 4], body: &[u8]) -> Result<Self, Fault> {
        let (fixed, boxes) = body.split_at_checked(VISUAL_BYTES).ok_or(SHORT)?;
        let mut size = Reader(&fixed[24..28]);
        let (width, height) = (size.u16().ok_or(SHORT)?, size.u16().ok_or(SHORT)?);
        if width == 0 || height == 0 {
            return Err(Fault::Damaged("a picture without pixels"));
        }
        let config::Config {
            name,
            is_common,
            sets,
        } = config::read(kind, boxes)?;
        let range = find(boxes, b"colr").map_or(VideoRange::Sdr, range);
        Ok(Self {
            name,
            is_common,
            kind: Kind::Video {
                width,
                height,
                range,
            },
            entry: entry(kind, fixed, boxes),
            sets,
        })
    }
}

/// The whole box again, with the one data reference that an initialisation section has.
fn entry(kind: [u8; 4], fixed: &[u8], boxes: &[u8]) -> Vec<u8> {
    let size = (8 + fixed.len() + boxes.len()) as u32;
    let mut bytes = Vec::with_capacity(size as usize);
    bytes.extend(size.to_be_bytes());
    bytes.extend(kind);
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 1]);
    bytes.extend(&fixed[8..]);
    bytes.extend(boxes);
    bytes
}

/// Transfer characteristics 16 and 18 (ISO/IEC 23091-2, 8.2).
fn range(colour: &[u8]) -> VideoRange {
    let mut reader = Reader(colour);
    let kind = reader.array::<4>().unwrap_or_default();
    let transfer = reader.u16().and_then(|_| reader.u16());
    match (&kind, transfer) {
        (b"nclx" | b"nclc", Some(16)) => VideoRange::Pq,
        (b"nclx" | b"nclc", Some(18)) => VideoRange::Hlg,
        _ => VideoRange::Sdr,
    }
}

#[cfg(test)]
mod tests;
