//! `gif`: a part as an animated picture with a palette of its own.

use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::info::{MediaInfo, Size, Video};
use crate::limits;
use crate::operation::everyday::expectation;
use crate::operation::fit::{self, even};
use crate::operation::form::Form;
use crate::operation::range::Range;
use crate::operation::table::{Row, Value as Kind, parameter};
use crate::plan::command::{Command, Cut};
use crate::plan::graph::{Graph, Placement};
use crate::plan::{Context, Plan, encode};

/// What help says.
pub(crate) const ROW: Row = Row {
    name: "gif",
    summary: "Make an animated GIF of a part or of the whole.",
    parameters: &[
        parameter("start", Kind::Seconds, "where the part begins"),
        parameter("duration", Kind::Seconds, "how long it is"),
        parameter("end", Kind::Seconds, "where it ends, instead of duration"),
        parameter(
            "fps",
            Kind::Number(1.0, 50.0),
            "frames a second; 12 when nothing is set",
        ),
        parameter(
            "width",
            Kind::Integer(16, 16_384),
            "width in pixels; 480 when nothing is set",
        ),
    ],
    example: r#"{"start": 2, "duration": 3, "fps": 12, "width": 480}"#,
};

/// Frames a second when nothing is set.
const USUAL_RATE: f64 = 12.0;
/// Width when nothing is set.
const USUAL_WIDTH: u32 = 480;

/// Options of `gif`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Options {
    /// The part.
    pub range: Range,
    /// Frames a second; GIF counts in hundredths of a second, and players ignore less than two of them.
    pub fps: Option<f64>,
    /// Width in pixels.
    pub width: Option<u32>,
}

impl Options {
    pub(crate) fn read(form: &mut Form<'_>) -> Result<Self, Fault> {
        let width = form.integer(
            "width",
            limits::SHORTEST_SIDE.into(),
            limits::LONGEST_SIDE.into(),
        )?;
        Ok(Self {
            range: Range::read(form)?,
            fps: form.number("fps", 1.0, 50.0)?,
            width: width.map(|width| width as u32),
        })
    }

    pub(crate) fn write(&self, form: &mut Map<String, Value>) {
        self.range.write(form);
        if let Some(fps) = self.fps {
            form.insert("fps".into(), fps.into());
        }
        if let Some(width) = self.width {
            form.insert("width".into(), width.into());
        }
    }

    pub(crate) fn plan(&self, info: &MediaInfo, context: &Context<'_>) -> Result<Plan, Fault> {
        let (stream, video) = fit::picture(info)?;
        encode::require(context, "gif")?;
        let mut notes = Vec::new();
        let cut = self.range.within(info, &mut notes)?;
        let size = fit::no_wider(
            video,
            self.width,
            self.width.is_none().then_some(USUAL_WIDTH),
            &mut notes,
        );
        let rate = self.rate(video);
        let duration_us = Cut::length_of(cut.as_ref(), info.duration_us);
        let frames = frames_within(size, rate, duration_us)?;

        let mut graph = Graph::new(video, cut.as_ref(), &mut notes);
        graph.push(format!("fps={rate}"));
        graph.place(&Placement::plain(size));
        if video.is_hdr() {
            graph.tone_map(video, context, &mut notes)?;
        }
        graph.palette();
        let mut command = Command::new(info, context, cut.as_ref());
        command.map(stream.index);
        command.pair("-filter:v:0", graph.render());
        command.words(&["-c:v:0", "gif", "-loop", "0", "-an", "-sn", "-dn"]);
        // The whole is held in memory until the palette is known, so its length is bounded whatever the file says.
        command.pair("-frames:v:0", frames);

        let mut expect = expectation(info, stream, video, cut.as_ref());
        expect.size = Some(size);
        expect.audios = Some(0);
        expect.audio_us.clear();
        // Only the picture is left: it lasts as long as the picture did, to a frame of its own at each end.
        expect.duration_us = expect.video_us.or(expect.duration_us);
        expect.video_us = None;
        // A picture that begins after the sound is shown from the beginning.
        let late = stream.after(info.begin_us());
        expect.frame_us = expect.frame_us.max((2e6 / rate) as u64 + late);
        notes.push(
            "The same part as WebM is about a twentieth of the size and looks better.".into(),
        );
        let steps = vec![command.write("gif", "encoding", 1.0)];
        Ok(Plan {
            steps,
            extension: "gif".into(),
            duration_us,
            notes,
            never_larger: false,
            expect,
        })
    }

    /// No more frames than the source has.
    fn rate(&self, video: &Video) -> f64 {
        let source = video.frames_per_second().filter(|_| !video.is_vfr());
        let rate = self
            .fps
            .unwrap_or(USUAL_RATE)
            .min(source.unwrap_or(50.0))
            .max(1.0);
        (rate * 1000.0).round() / 1000.0
    }
}

/// The number of frames that fit; an error that names the way out when the part has more.
fn frames_within(size: Size, rate: f64, duration_us: Option<u64>) -> Result<u64, Fault> {
    let most = (limits::GIF_PIXELS / size.pixels()).max(1);
    let wanted = duration_us.map_or(0.0, |us| us as f64 / 1e6 * rate);
    if wanted <= most as f64 {
        return Ok(most);
    }
    let longest = (most as f64 / rate).floor();
    let narrower = f64::from(size.width) * (most as f64 / wanted).sqrt();
    let advice = match even(narrower - 2.0) {
        width if width >= 160 => format!(
            "Choose at most {longest} seconds, a width of {width} or less, fewer fps, or webm."
        ),
        _ => format!("Choose at most {longest} seconds, or webm."),
    };
    let million = |pixels: f64| (pixels / 1e6).ceil() as u64;
    Err(Fault::TooLarge {
        what: "the GIF",
        found: million(wanted * size.pixels() as f64),
        allowed: limits::GIF_PIXELS / 1_000_000,
        advice,
    })
}
