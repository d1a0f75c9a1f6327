//! A compressed file in outline: everything but how strongly each scene is compressed.
//!
//! A picture is encoded in parts, each a file of its own (MP4, video only) at its own CRF, and the parts are put end to
//! end without encoding again, beside the sound, subtitles, chapters and tags of the original. What makes parts fit:
//!
//! - the same settings but for the CRF, so that the first part's header serves all;
//! - a time base in which every frame's time is whole (`chunk_muxer`), the same for all and for the result;
//! - their lengths said in the list (`concat_list`), rounded so that errors do not add up: FFmpeg keeps microseconds;
//! - closed groups of pictures, and frames that begin at 0 in each part.

mod join;

use crate::fault::Fault;
use crate::info::{MediaInfo, Size};
use crate::operation::compress::draft::Draft;
use crate::operation::compress::{Options, Quality};
use crate::plan::command::Command;
use crate::plan::picture::Rate;
use crate::plan::{Argument, Context, Expectation};

pub use crate::plan::Codec;
pub use crate::plan::picture::{Fields, Found};
pub use join::concat_list;

/// What the picture may become, the usual choice first: one, or two for `auto`.
///
/// # Errors
/// No picture, or one that nothing can be made of: Dolby Vision without anything beneath.
pub fn codecs(options: &Options, info: &MediaInfo) -> Result<Vec<Codec>, Fault> {
    options.codecs(info)
}

/// A compressed file but for the strength of the compression.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    draft: Draft,
}

impl Outline {
    /// Decides; `found` is what looking at decoded frames has shown, whatever the file says.
    ///
    /// # Errors
    /// No picture, or an encoder or filter that this FFmpeg does not have.
    pub fn new(
        options: &Options,
        codec: Codec,
        found: impl Into<Found>,
        info: &MediaInfo,
        context: &Context<'_>,
    ) -> Result<Self, Fault> {
        let draft = Draft::new(options, codec, found.into(), info, context)?;
        Ok(Self { draft })
    }

    /// What the picture becomes.
    pub fn codec(&self) -> Codec {
        self.draft.picture.codec
    }

    /// Sentences for the user about what was decided.
    pub fn notes(&self) -> &[String] {
        &self.draft.notes
    }

    /// From a decoded, upright frame to the encoder's input: fields, tones, even sides, format, and last the tags of
    /// colour. For `-vf` and `-filter_complex`, without labels.
    pub fn filters(&self) -> String {
        self.draft.picture.filters().into()
    }

    /// The filter that tags frames with their colours; `None` when nothing is known. Frames that come raw through a
    /// pipe have lost their tags, and later builds of FFmpeg hear of them from the frames alone: it has to stand before
    /// the encoder then.
    pub fn tags(&self) -> Option<String> {
        Some(self.draft.picture.tags.filter()).filter(|filter| !filter.is_empty())
    }

    /// FFmpeg's name of the format behind the filters.
    pub fn pixel_format(&self) -> &'static str {
        self.draft.picture.pixel_format
    }

    /// Pixels of the frames behind the filters.
    pub fn size(&self) -> Size {
        self.draft.picture.size
    }

    /// Index of the picture's track in the source.
    pub fn picture(&self) -> u32 {
        self.draft.index
    }

    /// The encoder and all its settings, for the output's first video track. Parts that are to be joined differ in the
    /// CRF alone. At most `gop` frames lie between key frames. `is_quarter`: SVT-AV1 of version 4 takes quarters.
    pub fn encode(&self, crf: f64, gop: u32, threads: u32, is_quarter: bool) -> Vec<Argument> {
        let mut command = Command::fragment();
        let rate = Rate::Quality(crf);
        self.draft
            .picture
            .push(&mut command, rate, gop, threads, is_quarter);
        command.into_arguments()
    }

    /// The encoder's own name of how long it thinks.
    pub fn preset(&self) -> &'static str {
        self.draft.picture.preset
    }

    /// The CRFs worth trying, best first.
    pub fn crf_range(&self) -> (f64, f64) {
        match self.codec() {
            Codec::H264 | Codec::Hevc => (10.0, 40.0),
            Codec::Av1 => (12.0, 58.0),
        }
    }

    /// The least difference between CRFs that the encoder knows.
    pub fn crf_step(&self, is_quarter: bool) -> f64 {
        if self.codec() == Codec::Av1 && !is_quarter {
            1.0
        } else {
            0.25
        }
    }

    /// Where a search begins.
    pub fn first_crf(&self, quality: Quality) -> f64 {
        quality.usual_crf(self.codec())
    }

    /// Ending of the result's name, without the dot.
    pub fn extension(&self) -> &str {
        self.draft.container.extension()
    }

    /// What the result must be: so many frames, all there, for this long.
    pub fn expect(&self, frames: u64, duration_us: Option<u64>) -> Expectation {
        Expectation {
            exact_frames: Some(frames),
            duration_us: duration_us.or(self.draft.expect.duration_us),
            ..self.draft.expect.clone()
        }
    }

    /// Bytes that everything but the picture will take, about: sound, and the tables of the container.
    pub fn sound_bytes(&self, info: &MediaInfo) -> u64 {
        let seconds = info.duration_us.unwrap_or(0) as f64 / 1e6;
        let sound = self.draft.tracks.sound_bits(info) as f64 / 8.0;
        (seconds * sound + self.draft.container_bytes(seconds)) as u64
    }
}
