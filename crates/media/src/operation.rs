//! The operations: one file each, with its options, its row of help and its plan.
//!
//! An operation comes as a form (a name and parameters in canonical spelling), becomes checked options, and can be
//! written as the same form again, which is how it is stored.

pub mod table;
pub(crate) mod form;
pub mod fit;
pub mod range;
pub(crate) mod everyday;
pub mod compress;
pub mod resize;
pub mod aspect;
pub mod audio;
pub mod gif;
pub mod webm;
pub mod convert;

use serde::de::Error as _;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::info::MediaInfo;
use crate::plan::Plan;
use form::Form;

pub use crate::plan::Context;
pub use table::{Parameter, Row};

/// All operations, for help and documentation.
pub const TABLE: &[Row] = &[
    compress::ROW,
    resize::ROW,
    aspect::ROW,
    audio::ROW,
    gif::ROW,
    webm::ROW,
    convert::ROW,
];

/// What to do to a video, with options that have been checked.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Fewer bytes.
    Compress(compress::Options),
    /// Another size.
    Resize(resize::Options),
    /// Another shape.
    Aspect(aspect::Options),
    /// The sound alone.
    Audio(audio::Options),
    /// An animated picture.
    Gif(gif::Options),
    /// For web pages.
    Webm(webm::Options),
    /// Another container or other codecs.
    Convert(convert::Options),
}

impl Operation {
    /// Checks a request. Every error names the option and what is allowed.
    pub fn from_form(name: &str, parameters: &Map<String, Value>) -> Result<Self, Fault> {
        let row = TABLE
            .iter()
            .find(|row| row.name == name)
            .ok_or_else(|| unknown(name))?;
        let form = &mut Form::new(row, parameters)?;
        Ok(match row.name {
            "compress" => Self::Compress(compress::Options::read(form)?),
            "resize" => Self::Resize(resize::Options::read(form)?),
            "aspect" => Self::Aspect(aspect::Options::read(form)?),
            "audio" => Self::Audio(audio::Options::read(form)?),
            "gif" => Self::Gif(gif::Options::read(form)?),
            "webm" => Self::Webm(webm::Options::read(form)?),
            "convert" => Self::Convert(convert::Options::read(form)?),
            _ => return Err(unknown(name)),
        })
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Compress(_) => "compress",
            Self::Resize(_) => "resize",
            Self::Aspect(_) => "aspect",
            Self::Audio(_) => "audio",
            Self::Gif(_) => "gif",
            Self::Webm(_) => "webm",
            Self::Convert(_) => "convert",
        }
    }

    /// Name and parameters that `from_form` turns into the same operation.
    pub fn form(&self) -> (&'static str, Map<String, Value>) {
        let mut parameters = Map::new();
        match self {
            Self::Compress(options) => options.write(&mut parameters),
            Self::Resize(options) => options.write(&mut parameters),
            Self::Aspect(options) => options.write(&mut parameters),
            Self::Audio(options) => options.write(&mut parameters),
            Self::Gif(options) => options.write(&mut parameters),
            Self::Webm(options) => options.write(&mut parameters),
            Self::Convert(options) => options.write(&mut parameters),
        }
        (self.name(), parameters)
    }

    /// What is to be searched for: `compress` with a word for its quality.
    pub fn search(&self) -> Option<&compress::Options> {
        match self {
            Self::Compress(options) if matches!(options.goal, compress::Goal::Near(_)) => {
                Some(options)
            }
            _ => None,
        }
    }

    /// What to run for this file, or why it cannot be done.
    pub fn plan(&self, info: &MediaInfo, context: &Context<'_>) -> Result<Plan, Fault> {
        match self {
            Self::Compress(options) => options.plan(info, context),
            Self::Resize(options) => options.plan(info, context),
            Self::Aspect(options) => options.plan(info, context),
            Self::Audio(options) => options.plan(info, context),
            Self::Gif(options) => options.plan(info, context),
            Self::Webm(options) => options.plan(info, context),
            Self::Convert(options) => options.plan(info, context),
        }
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (name, parameters) = self.form();
        let mut form = serializer.serialize_struct("Operation", 2)?;
        form.serialize_field("operation", name)?;
        form.serialize_field("parameters", &parameters)?;
        form.end()
    }
}

impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Stored {
            operation: String,
            #[serde(default)]
            parameters: Map<String, Value>,
        }
        let stored = Stored::deserialize(deserializer)?;
        Self::from_form(&stored.operation, &stored.parameters).map_err(D::Error::custom)
    }
}

fn unknown(name: &str) -> Fault {
    Fault::UnknownOperation {
        name: name.into(),
        allowed: TABLE
            .iter()
            .map(|row| row.name)
            .collect::<Vec<_>>()
            .join(", "),
    }
}
