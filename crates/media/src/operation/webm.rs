//! `webm`: a part or the whole for web pages, VP9 or AV1 with Opus.

use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::info::{MediaInfo, Size, Stream, Video};
use crate::limits;
use crate::operation::everyday::expectation;
use crate::operation::fit;
use crate::operation::form::Form;
use crate::operation::range::Range;
use crate::operation::table::{Row, Value as Kind, parameter};
use crate::plan::command::{Command, Cut};
use crate::plan::encode::{self, Pass};
use crate::plan::graph::{Graph, Placement};
use crate::plan::tracks::{Container, Tracks};
use crate::plan::{Context, Plan, Step};

/// What help says.
pub(crate) const ROW: Row = Row {
    name: "webm",
    summary: "Make a WebM of a part or of the whole.",
    parameters: &[
        parameter("start", Kind::Seconds, "where the part begins"),
        parameter("duration", Kind::Seconds, "how long it is"),
        parameter("end", Kind::Seconds, "where it ends, instead of duration"),
        parameter(
            "codec",
            Kind::Choice(&["vp9", "av1"]),
            "the codec of the picture; vp9 when nothing is set",
        ),
        parameter(
            "quality",
            Kind::Integer(1, 63),
            "constant quality (CRF), lower is better; 32 for vp9, 35 for av1 when nothing is set",
        ),
        parameter(
            "width",
            Kind::Integer(16, 16_384),
            "width in pixels; that of the source when nothing is set",
        ),
    ],
    example: r#"{"start": 2, "end": 12.5, "codec": "vp9"}"#,
};

/// Options of `webm`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// The part.
    pub range: Range,
    /// Codec of the picture.
    pub codec: Codec,
    /// Constant quality.
    pub quality: Option<u32>,
    /// Width in pixels.
    pub width: Option<u32>,
}

/// Codecs of the picture in WebM.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Codec {
    /// What every browser plays.
    #[default]
    Vp9,
    /// Smaller, and keeps HDR.
    Av1,
}

const CODECS: &[(&str, Codec)] = &[("vp9", Codec::Vp9), ("av1", Codec::Av1)];

/// SVT-AV1 refuses less.
const AV1_SHORTEST: u32 = 64;

impl Options {
    pub(crate) fn read(form: &mut Form<'_>) -> Result<Self, Fault> {
        let quality = form.integer("quality", 1, 63)?;
        let width = form.integer(
            "width",
            limits::SHORTEST_SIDE.into(),
            limits::LONGEST_SIDE.into(),
        )?;
        Ok(Self {
            range: Range::read(form)?,
            codec: form.choice("codec", CODECS)?.unwrap_or_default(),
            quality: quality.map(|quality| quality as u32),
            width: width.map(|width| width as u32),
        })
    }

    pub(crate) fn write(&self, form: &mut Map<String, Value>) {
        self.range.write(form);
        let word = CODECS
            .iter()
            .find(|(_, codec)| *codec == self.codec)
            .map(|(word, _)| *word);
        form.insert("codec".into(), word.into());
        for (name, value) in [("quality", self.quality), ("width", self.width)] {
            value.map(|value| form.insert(name.into(), value.into()));
        }
    }

    pub(crate) fn plan(&self, info: &MediaInfo, context: &Context<'_>) -> Result<Plan, Fault> {
        let (stream, video) = fit::picture(info)?;
        let mut notes = Vec::new();
        let cut = self.range.within(info, &mut notes)?;
        let size = fit::no_wider(video, self.width, None, &mut notes);
        let codec = match self.codec {
            Codec::Av1 if size.width.min(size.height) < AV1_SHORTEST => {
                notes.push("The picture is too small for AV1; the result is VP9.".into());
                Codec::Vp9
            }
            codec => codec,
        };
        encode::require(
            context,
            if codec == Codec::Vp9 {
                "libvpx-vp9"
            } else {
                "libsvtav1"
            },
        )?;
        let mut filters = Graph::new(video, cut.as_ref(), &mut notes);
        finish(&mut filters, codec, video, size, context, &mut notes)?;
        let mut tracks = Tracks::new(info, Container::WebM, &mut notes);
        if cut.is_some() {
            tracks.cut(info, cut.as_ref(), &mut notes);
        }
        let job = Job {
            tracks,
            source: (info, stream, video),
            cut: cut.as_ref(),
            filters: filters.render(),
            context,
        };
        let steps = match codec {
            Codec::Vp9 => {
                let quality = self.quality.unwrap_or(32);
                vec![
                    job.vp9(quality, size, Pass::First),
                    job.vp9(quality, size, Pass::Second),
                ]
            }
            Codec::Av1 => vec![job.av1(self.quality.unwrap_or(35))],
        };
        let mut expect = expectation(info, stream, video, cut.as_ref());
        expect.size = Some(size);
        let duration_us = expect.duration_us;
        Ok(Plan {
            steps,
            extension: "webm".into(),
            duration_us,
            notes,
            never_larger: false,
            expect,
        })
    }
}

/// VP9 in eight bits of the standard range, for every browser; AV1 in ten, where HDR stays what it is.
fn finish(
    graph: &mut Graph,
    codec: Codec,
    video: &Video,
    size: Size,
    context: &Context<'_>,
    notes: &mut Vec<String>,
) -> Result<(), Fault> {
    graph.place(&Placement::plain(size));
    if codec == Codec::Vp9 && video.is_hdr() {
        graph.tone_map(video, context, notes)?;
    }
    graph.pixel_format(if codec == Codec::Vp9 {
        "yuv420p"
    } else {
        "yuv420p10le"
    });
    Ok(())
}

/// What the steps share.
struct Job<'a> {
    source: (&'a MediaInfo, &'a Stream, &'a Video),
    cut: Option<&'a Cut>,
    tracks: Tracks,
    filters: String,
    context: &'a Context<'a>,
}

impl Job<'_> {
    fn begin(&self) -> Command {
        let (info, stream, _) = self.source;
        let mut command = Command::new(info, self.context, self.cut);
        command.map(stream.index);
        command.pair("-filter:v:0", &self.filters);
        encode::keep_times(&mut command);
        command
    }

    fn vp9(&self, quality: u32, size: Size, pass: Pass) -> Step {
        let mut command = self.begin();
        encode::vp9(&mut command, quality, size.width, Some(pass));
        match pass {
            Pass::First => command.discard("analysing", 0.2),
            Pass::Second => self.end(command, 0.8),
        }
    }

    fn av1(&self, quality: u32) -> Step {
        let mut command = self.begin();
        encode::av1(&mut command, self.source.2, quality, self.context);
        self.end(command, 1.0)
    }

    fn end(&self, mut command: Command, share: f64) -> Step {
        self.tracks.push(&mut command);
        command.write(Container::WebM.muxer(), "encoding", share)
    }
}
