//! `compress`: the same video in fewer bytes.
//!
//! H.264 and AAC in MP4, which everything plays, unless something else is asked for; HDR stays HDR as HEVC or AV1. The
//! options stand here; `policy` is what their words mean, `draft` the file that is to be but for the strength of the
//! compression, `direct` a plan without a search. The caller gives back the original when the result is not smaller.

pub(crate) mod policy;
pub(crate) mod draft;
pub(crate) mod direct;

use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::operation::form::{Form, WordOrInteger};
use crate::operation::table::{Row, Value as Kind, parameter};

/// What help says.
pub(crate) const ROW: Row = Row {
    name: "compress",
    summary: "Make a video smaller without making it look worse.",
    parameters: &[
        parameter(
            "quality",
            Kind::WordOrInteger(QUALITIES, 1, 51),
            "how close to the original, in every scene; or a constant quality (CRF) without any search: lower is better and larger",
        ),
        parameter(
            "for",
            Kind::Choice(TARGETS),
            "what the result is for: H.264 plays everywhere, modern is AV1, auto takes AV1 where it saves a fifth or more",
        ),
        parameter(
            "speed",
            Kind::Choice(SPEEDS),
            "how long the encoder may think about each frame",
        ),
        parameter(
            "max_size",
            Kind::Bytes,
            "size that the result must not exceed; it is smaller where the quality allows",
        ),
        parameter(
            "target_size",
            Kind::Bytes,
            "size to fill as well as possible, in two passes; never exceeded",
        ),
        parameter(
            "tone_map",
            Kind::Flag,
            "turn HDR into the standard range, so that it plays everywhere",
        ),
        parameter(
            "remove_location",
            Kind::Flag,
            "leave out where the video was taken",
        ),
    ],
    example: r#"{"quality": "balanced", "max_size": 25000000}"#,
};

const QUALITIES: &[&str] = &["near-original", "balanced", "small"];
const TARGETS: &[&str] = &["compatible", "modern", "hevc", "auto"];
const SPEEDS: &[&str] = &["fast", "normal", "best"];

/// Options of `compress`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// What bounds the result.
    pub goal: Goal,
    /// Who is to play it.
    pub target: Target,
    /// How long the encoder may think.
    pub speed: Speed,
    /// Bytes that the result must not exceed.
    pub max_size: Option<u64>,
    /// HDR becomes SDR.
    pub tone_map: bool,
    /// Tags with a place are left out.
    pub remove_location: bool,
}

/// What bounds the result of `compress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// The smallest file that is this good in every scene.
    Near(Quality),
    /// This CRF, without a search.
    Crf(u32),
    /// As good as so many bytes can be.
    TargetSize(u64),
}

/// How close to the original.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Quality {
    /// Side by side nobody sees a difference.
    #[default]
    NearOriginal,
    /// A difference can be found by looking for it.
    Balanced,
    /// Visibly less, without being unpleasant.
    Small,
}

/// Who is to play the result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Target {
    /// Everything: H.264 and AAC in MP4; HDR as HEVC.
    #[default]
    Compatible,
    /// What was made since about 2021: AV1 and Opus.
    Modern,
    /// Televisions and Apple's devices: HEVC and AAC.
    Hevc,
    /// `Modern` where a probe shows that it saves a fifth or more, else `Compatible`.
    Auto,
}

/// How long the encoder may think about each frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Speed {
    /// About half the time, a tenth larger.
    Fast,
    /// Where slower stops paying.
    #[default]
    Normal,
    /// About twice the time, a twentieth smaller.
    Best,
}

impl Default for Goal {
    fn default() -> Self {
        Self::Near(Quality::NearOriginal)
    }
}

impl Quality {
    const WORDS: [(&str, Self); 3] = [
        (QUALITIES[0], Self::NearOriginal),
        (QUALITIES[1], Self::Balanced),
        (QUALITIES[2], Self::Small),
    ];

    /// The option's word.
    pub fn word(self) -> &'static str {
        QUALITIES[self as usize]
    }
}

impl Target {
    const WORDS: [(&str, Self); 4] = [
        (TARGETS[0], Self::Compatible),
        (TARGETS[1], Self::Modern),
        (TARGETS[2], Self::Hevc),
        (TARGETS[3], Self::Auto),
    ];

    /// The option's word.
    pub fn word(self) -> &'static str {
        TARGETS[self as usize]
    }
}

impl Speed {
    const WORDS: [(&str, Self); 3] = [
        (SPEEDS[0], Self::Fast),
        (SPEEDS[1], Self::Normal),
        (SPEEDS[2], Self::Best),
    ];

    /// The option's word.
    pub fn word(self) -> &'static str {
        SPEEDS[self as usize]
    }
}

impl Options {
    pub(crate) fn read(form: &mut Form<'_>) -> Result<Self, Fault> {
        let quality = form.word_or_integer("quality", &Quality::WORDS, 1, 51)?;
        let target_size = form.integer("target_size", 1, 1 << 40)?;
        let max_size = form.integer("max_size", 1, 1 << 40)?;
        let goal = match (quality, target_size) {
            (Some(_), Some(_)) => {
                return Err(form.disagree(
                    "quality and target_size exclude each other",
                    "Give either quality or target_size; max_size goes together with a quality.",
                ));
            }
            (Some(WordOrInteger::Integer(crf)), None) => Goal::Crf(crf as u32),
            (Some(WordOrInteger::Word(quality)), None) => Goal::Near(quality),
            (None, Some(bytes)) => Goal::TargetSize(bytes),
            (None, None) => Goal::default(),
        };
        if max_size.is_some() && !matches!(goal, Goal::Near(_)) {
            return Err(form.disagree(
                "max_size goes with a quality that is a word, not with a CRF or target_size",
                "Leave out max_size, or set quality to near-original, balanced or small.",
            ));
        }
        Ok(Self {
            goal,
            max_size,
            target: form.choice("for", &Target::WORDS)?.unwrap_or_default(),
            speed: form.choice("speed", &Speed::WORDS)?.unwrap_or_default(),
            tone_map: form.flag("tone_map")?,
            remove_location: form.flag("remove_location")?,
        })
    }

    pub(crate) fn write(&self, form: &mut Map<String, Value>) {
        let mut put = |name: &str, value: Value| drop(form.insert(name.into(), value));
        match self.goal {
            Goal::Near(Quality::NearOriginal) => {}
            Goal::Near(quality) => put("quality", quality.word().into()),
            Goal::Crf(crf) => put("quality", crf.into()),
            Goal::TargetSize(bytes) => put("target_size", bytes.into()),
        }
        if self.target != Target::default() {
            put("for", self.target.word().into());
        }
        if self.speed != Speed::default() {
            put("speed", self.speed.word().into());
        }
        if let Some(bytes) = self.max_size {
            put("max_size", bytes.into());
        }
        for (name, is_set) in [
            ("tone_map", self.tone_map),
            ("remove_location", self.remove_location),
        ] {
            if is_set {
                put(name, true.into());
            }
        }
    }
}
