//! `aspect`: another shape of the picture.
//!
//! With bars, cut, distorted, or as a flag that only tells players, where nothing is encoded anew.

use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::info::{MediaInfo, Size};
use crate::limits;
use crate::operation::everyday::{Everyday, expectation};
use crate::operation::fit::{self, Fit, even};
use crate::operation::form::Form;
use crate::operation::table::{Row, Value as Kind, parameter};
use crate::plan::command::Command;
use crate::plan::{Context, Plan};

/// What help says.
pub(crate) const ROW: Row = Row {
    name: "aspect",
    summary: "Change the aspect ratio of the picture.",
    parameters: &[
        parameter(
            "ratio",
            Kind::Text("W:H, such as 16:9 or 2.35:1"),
            "the new ratio of width to height, from 1:10 to 10:1",
        ),
        parameter(
            "fit",
            Kind::Choice(&["letterbox", "crop", "stretch", "flag"]),
            "black bars, cut edges, a distorted picture, or only a flag for players (nothing is encoded anew)",
        ),
    ],
    example: r#"{"ratio": "16:9", "fit": "letterbox"}"#,
};

/// Options of `aspect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The new ratio.
    pub ratio: Shape,
    /// How the picture gets it.
    pub way: Way,
}

/// A ratio of two decimal numbers, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    width: u32,
    height: u32,
}

/// How a picture gets its ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The pixels change.
    Fit(Fit),
    /// Only what players are told.
    Flag,
}

const WAYS: &[(&str, Way)] = &[
    ("letterbox", Way::Fit(Fit::Letterbox)),
    ("crop", Way::Fit(Fit::Crop)),
    ("stretch", Way::Fit(Fit::Stretch)),
    ("flag", Way::Flag),
];

impl Options {
    pub(crate) fn read(form: &mut Form<'_>) -> Result<Self, Fault> {
        let ratio = form.parsed(
            "ratio",
            "a ratio from 1:10 to 10:1, such as \"16:9\"",
            Shape::parse,
        )?;
        let missing = || form.disagree("no ratio is given", "Give ratio, such as \"16:9\".");
        let ratio = ratio.ok_or_else(missing)?;
        Ok(Self {
            ratio,
            way: form
                .choice("fit", WAYS)?
                .unwrap_or(Way::Fit(Fit::Letterbox)),
        })
    }

    pub(crate) fn write(&self, form: &mut Map<String, Value>) {
        form.insert("ratio".into(), self.ratio.to_string().into());
        let word = WAYS
            .iter()
            .find(|(_, way)| *way == self.way)
            .map(|(word, _)| *word);
        form.insert("fit".into(), word.into());
    }

    pub(crate) fn plan(&self, info: &MediaInfo, context: &Context<'_>) -> Result<Plan, Fault> {
        match self.way {
            Way::Fit(way) => {
                let everyday = Everyday::new(info, context)?;
                let source = everyday.video.display_size();
                let frame = self.ratio.frame(source, way);
                Ok(everyday.constant_quality(fit::place(source, frame, way)))
            }
            Way::Flag => self.flag(info, context),
        }
    }

    /// `-aspect` with copied tracks. Only some containers can say it; the others become Matroska.
    fn flag(&self, info: &MediaInfo, context: &Context<'_>) -> Result<Plan, Fault> {
        let (stream, video) = fit::picture(info)?;
        let stretch = self.ratio.value() / video.turned_size().ratio();
        if !(1.0 / limits::SAMPLE_ASPECT..=limits::SAMPLE_ASPECT).contains(&stretch) {
            let problem = "a flag cannot make pixels more than ten times as wide as high".into();
            return Err(Fault::Incompatible {
                container: "the file".into(),
                problem,
            });
        }
        let mut notes = Vec::new();
        let (muxer, extension) = own_container(info, context.file_extension);
        if muxer == "matroska" && !info.is_format("matroska") {
            notes.push(
                "The result is MKV, because the source's container cannot hold a display aspect."
                    .into(),
            );
        }
        let mut command = Command::new(info, context, None);
        let kept = |kind: &crate::info::Stream| {
            kind.index != stream.index && !matches!(kind.kind, crate::info::Kind::Data)
        };
        command.map(stream.index);
        info.streams
            .iter()
            .filter(|each| kept(each))
            .for_each(|each| command.map(each.index));
        command.words(&["-c", "copy"]);
        // The ratio is of the pixels as stored: for a picture that players turn, the other way round.
        let Size { width, height } = Size {
            width: self.ratio.width,
            height: self.ratio.height,
        }
        .turned(video.rotation);
        command.pair("-aspect:v:0", format!("{width}:{height}"));
        command.words(&["-dn", "-map_metadata", "0", "-map_chapters", "0"]);
        let mut expect = expectation(info, stream, video, None);
        expect.videos = Some(info.videos().count());
        expect.display_aspect = Some(self.ratio.value());
        let steps = vec![command.write(muxer, "copying", 1.0)];
        let duration_us = info.duration_us;
        Ok(Plan {
            steps,
            extension: extension.into(),
            duration_us,
            notes,
            never_larger: false,
            expect,
        })
    }
}

impl Shape {
    /// `16:9`, `2.35:1`.
    fn parse(text: &str) -> Option<Self> {
        let (width, height) = text.split_once([':', '/'])?;
        let thousandths = |part: &str| {
            let number: f64 = part.trim().parse().ok()?;
            (0.1..=10_000.0)
                .contains(&number)
                .then_some((number * 1000.0).round() as u32)
        };
        let shape = Self {
            width: thousandths(width)?,
            height: thousandths(height)?,
        };
        (0.1..=10.0)
            .contains(&shape.value())
            .then(|| shape.reduced())
    }

    fn value(self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }

    fn reduced(self) -> Self {
        let divisor = divisor(self.width, self.height);
        Self {
            width: self.width / divisor,
            height: self.height / divisor,
        }
    }

    /// The frame of this shape: around the picture for bars, inside it for a cut, as high as it for distortion.
    fn frame(self, source: Size, way: Fit) -> Size {
        let is_wider = self.value() > source.ratio();
        let as_high = Size {
            width: even(f64::from(source.height) * self.value()),
            height: even(source.height.into()),
        };
        let as_wide = Size {
            width: even(source.width.into()),
            height: even(f64::from(source.width) / self.value()),
        };
        fit::within_limits(match way {
            Fit::Letterbox if is_wider => as_high,
            Fit::Letterbox => as_wide,
            Fit::Crop if is_wider => as_wide,
            Fit::Crop | Fit::Stretch => as_high,
        })
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.width, self.height)
    }
}

fn divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a.max(1) } else { divisor(b, a % b) }
}

/// The container the file has, if it can say the aspect.
fn own_container(info: &MediaInfo, extension: Option<&str>) -> (&'static str, &'static str) {
    let is_named =
        |name: &str| extension.is_some_and(|extension| extension.eq_ignore_ascii_case(name));
    // WebM and Matroska have one reader; only the file's name tells.
    match () {
        () if info.is_format("mp4") && is_named("mov") => ("mov", "mov"),
        () if info.is_format("mp4") => ("mp4", "mp4"),
        () if info.is_format("webm") && is_named("webm") => ("webm", "webm"),
        () => ("matroska", "mkv"),
    }
}
