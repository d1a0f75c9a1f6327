//! `convert`: into any container and codec that this FFmpeg writes.
//!
//! `container` is the table of containers, `codec` that of encoders. A track is copied where the container takes its
//! codec, and otherwise encoded into what the container usually holds (`conversion`).

pub(crate) mod codec;
pub(crate) mod container;
pub(crate) mod conversion;

use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::info::MediaInfo;
use crate::operation::form::Form;
use crate::operation::gif;
use crate::operation::table::{Row, Value as Kind, parameter};
use crate::plan::{Context, Plan};
use conversion::Conversion;

/// What help says.
pub(crate) const ROW: Row = Row {
    name: "convert",
    summary: "Convert into another container or other codecs.",
    parameters: &[
        parameter(
            "format",
            Kind::Text("a file ending or the name of one of FFmpeg's muxers"),
            "the container, such as mkv, mov, avi, mp3",
        ),
        parameter(
            "video",
            Kind::Text("a codec, an encoder, or copy"),
            "codec of the picture, such as h264, hevc, vp9, prores",
        ),
        parameter(
            "audio",
            Kind::Text("a codec, an encoder, or copy"),
            "codec of the sound, such as aac, opus, flac",
        ),
    ],
    example: r#"{"format": "mkv", "video": "copy", "audio": "flac"}"#,
};

/// Options of `convert`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The container, by ending or muxer.
    format: String,
    /// Codec of the picture.
    video: Option<String>,
    /// Codec of the sound.
    audio: Option<String>,
}

impl Options {
    pub(crate) fn read(form: &mut Form<'_>) -> Result<Self, Fault> {
        let format = form.parsed("format", "a file ending such as \"mkv\"", name)?;
        let video = form.parsed("video", "the name of a codec, or \"copy\"", name)?;
        let audio = form.parsed("audio", "the name of a codec, or \"copy\"", name)?;
        let missing = || {
            form.disagree(
                "no format is given",
                "Give format, such as mkv, mov, webm or mp3.",
            )
        };
        let format = format
            .ok_or_else(missing)?
            .trim_start_matches('.')
            .to_string();
        container::refused(&format).map_or(Ok(()), |reason| {
            Err(Fault::RefusedTarget {
                name: format.clone(),
                reason,
            })
        })?;
        Ok(Self {
            format,
            video,
            audio,
        })
    }

    pub(crate) fn write(&self, form: &mut Map<String, Value>) {
        form.insert("format".into(), self.format.as_str().into());
        for (name, value) in [("video", &self.video), ("audio", &self.audio)] {
            value
                .as_ref()
                .map(|value| form.insert(name.into(), value.as_str().into()));
        }
    }

    pub(crate) fn plan(&self, info: &MediaInfo, context: &Context<'_>) -> Result<Plan, Fault> {
        let container = container::find(&self.format, context.capabilities)?;
        let is_plain = self.video.is_none() && self.audio.is_none();
        if container.muxer == "gif"
            && is_plain
            && info
                .first_video()
                .is_some_and(|(stream, _)| stream.codec != "gif")
        {
            return gif::Options::default().plan(info, context);
        }
        let (video, audio) = (self.video.as_deref(), self.audio.as_deref());
        Conversion {
            container,
            info,
            context,
            video,
            audio,
            notes: Vec::new(),
        }
        .plan()
    }
}

/// A name of FFmpeg's: nothing else can be one.
fn name(text: &str) -> Option<String> {
    let text = text.trim();
    let is_name = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    let is_short = (1..=32).contains(&text.len());
    (is_short && text.chars().all(is_name)).then(|| text.to_ascii_lowercase())
}
