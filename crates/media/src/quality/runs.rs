//! The argument lists of a search: looking at the footage, encoding a span of frames, comparing it with the source.
//!
//! A span is named by the timestamps of its frames, in microseconds as the container has them. Seeking lands where it
//! lands; what lies before the span is decoded and dropped, and small pictures of the frames that were used come out
//! beside the encode, so that the caller can prove that they are the right ones.

use std::ops::Range;

use super::between;
use super::footage::SIDE;
use super::samples::Runs;
use crate::info::{MediaInfo, Ratio};
use crate::plan::command::{Command, seconds};
use crate::plan::{Argument, Context};

/// How the frames of a span are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// By seeking so many microseconds before the span.
    Seek(i64),
    /// By decoding from the beginning: always right, and slow.
    Decode,
}

/// A stretch of frames of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Timestamp of its first frame; `None` at the beginning of the video.
    pub from_us: Option<i64>,
    /// Timestamp of the first frame behind it; `None` at the end of the video.
    pub until_us: Option<i64>,
    /// How it is reached.
    pub reach: Reach,
    /// Which of its frames are meant; all of them when `None`.
    pub runs: Option<Runs>,
}

/// When the frames of a chunk are shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Timing {
    /// At this constant rate.
    Constant(Ratio),
    /// As in the source.
    Variable,
}

/// The picture of a source, and what stands between it and an encoder.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// The file.
    pub info: &'a MediaInfo,
    /// Index of the track.
    pub stream: u32,
    /// Filters to the encoder's input, in FFmpeg's words.
    pub filters: &'a str,
    /// They look at neighbouring frames, so they must see those before the span, too.
    pub has_memory: bool,
}

/// Name of the list of timestamps that [`look`] leaves in the scratch directory.
pub const TIMES: &str = "times.txt";
/// The same of key frames alone.
pub const KEYS: &str = "keys.txt";

/// Looks at every frame from afar: small pictures on standard output, their timestamps in [`TIMES`], those of key frames
/// in [`KEYS`].
pub fn look(picture: &Picture<'_>, context: &Context<'_>) -> Vec<Argument> {
    let mut command = head(context);
    open_source(&mut command, picture.info, context, None);
    let stream = picture.stream;
    let tiny = tiny();
    command.pair(
        "-filter_complex",
        format!("[0:{stream}]{CLOCK},{tiny},split=3[tiny][times][all];[all]select=key[keys]"),
    );
    small(&mut command, "[tiny]");
    for (label, list) in [("[times]", TIMES), ("[keys]", KEYS)] {
        command.pair("-map", label);
        exact(&mut command);
        command.words(&["-f", "framecrc"]);
        command.file(Argument::Scratch(list.into()));
    }
    command.into_arguments()
}

/// Encodes a span; small pictures of its frames come on standard output. With a scoring, what comes out of the encoder is
/// decoded at once and compared with what went in, so that the source is decoded once for both. Frames of the source
/// wait in memory until the encoder gives theirs, in the worst case all of the span.
pub fn encode(
    picture: &Picture<'_>,
    span: &Span,
    timing: Timing,
    (encoder, muxer): (&[Argument], &[Argument]),
    scoring: Option<&Scoring<'_>>,
    context: &Context<'_>,
) -> Vec<Argument> {
    let mut command = head(context);
    open_source(&mut command, picture.info, context, Some(span));
    let (stream, tiny) = (picture.stream, tiny());
    let time = timing.filter();
    let [before, after] = parts(picture, span);
    let filters = picture.filters;
    // What is compared has gone through the filters once, with what is encoded.
    let (fork, third) = match scoring.map(Scoring::common) {
        None => (",", String::new()),
        Some((picks, format)) => {
            let select = picks.map_or(String::new(), select);
            let third = format!(";[c]{select}{format}{COUNT}[source]");
            (",split=2[a][c];[a]", third)
        }
    };
    command.pair(
        "-filter_complex",
        format!(
            "[0:{stream}]{CLOCK}{before},split=2[f][b];[f]{filters}{after}{fork}{time}[v];\
             [b]null{after},{tiny}[tiny]{third}"
        ),
    );
    command.words(&["-map", "[v]"]);
    command.extend(encoder);
    command.extend(muxer);
    command.file(Argument::Output);
    small(&mut command, "[tiny]");
    if let Some(scoring) = scoring {
        // By way of an output that nothing is made of: what reads the source and the encoder at once would have all of
        // the source decoded that follows until the encoder has ended.
        nowhere(&mut command, "[source]");
        let threads = context.threads.max(1);
        command.pair("-threads", threads);
        command.words(&["-dec", "0:0", "-dec", "2:0"]);
        scoring.push(&mut command, "[dec:1]null[r]", "dec:0", context);
    }
    command.into_arguments()
}

/// Which frames of a pair are scored, counted from the span's first; all of them when `None`. Else the list of scores
/// begins with one of a frame that nobody asked for.
pub type Picks<'a> = Option<&'a [u32]>;

/// How a span is compared with what was made of it.
#[derive(Debug, Clone, Copy)]
pub struct Scoring<'a> {
    /// Frames that VMAF scores.
    pub picks: Picks<'a>,
    /// Its model.
    pub model: &'a str,
    /// Name that its scores get in the scratch directory.
    pub log: &'a str,
    /// PSNR of all frames beside it: the name of its list, and the format of pixels that it is reckoned in.
    pub psnr: Option<(&'a str, &'a str)>,
}

impl Scoring<'_> {
    /// Frames that both sides are reduced to before they come together, and their format.
    fn common(&self) -> (Picks<'_>, String) {
        match self.psnr {
            None => (self.picks, TEN_BITS.into()),
            Some((_, pixel_format)) => (None, format!("format={pixel_format},")),
        }
    }

    /// Appends graph and outputs. `source` is the chain that ends in `[r]`, `made` the label of what was made of the span.
    fn push(&self, command: &mut Command, source: &str, made: &str, context: &Context<'_>) {
        let vmaf = libvmaf(self.model, self.log, self.picks, context);
        let (picks, format) = self.common();
        let sides = sides(source, made, picks, &format);
        let Some((list, _)) = self.psnr else {
            command.pair("-filter_complex", format!("{sides};[m][r]{vmaf}[scored]"));
            nowhere(command, "[scored]");
            return;
        };
        let select = self.picks.map_or(String::new(), select);
        let picked = format!("{select}{TEN_BITS}{COUNT}");
        command.pair(
            "-filter_complex",
            format!(
                "{sides};[r]split=2[ra][rb];[m]split=2[ma][mb];\
                 [ma][ra]psnr=stats_file={list}:shortest=1[all];\
                 [rb]{picked}[rv];[mb]{picked}[mv];[mv][rv]{vmaf}[scored]"
            ),
        );
        nowhere(command, "[all]");
        nowhere(command, "[scored]");
    }
}

/// Compares a span with what was made of it before.
pub fn score(
    picture: &Picture<'_>,
    span: &Span,
    made: &Argument,
    scoring: &Scoring<'_>,
    context: &Context<'_>,
) -> Vec<Argument> {
    let mut command = pair(picture, span, made, context);
    let (picks, format) = scoring.common();
    let source = source_side(picture, span, picks, &format);
    scoring.push(&mut command, &source, "1:0", context);
    command.into_arguments()
}

/// Compares the source with itself by VMAF: what the model holds against the original, bands for example.
pub fn itself(
    picture: &Picture<'_>,
    span: &Span,
    picks: Picks<'_>,
    (model, log): (&str, &str),
    context: &Context<'_>,
) -> Vec<Argument> {
    let mut command = head(context);
    open_source(&mut command, picture.info, context, Some(span));
    let source = source_side(picture, span, picks, TEN_BITS);
    let vmaf = libvmaf(model, log, picks, context);
    command.pair(
        "-filter_complex",
        format!("{source};[r]split=2[a][b];[a][b]{vmaf}"),
    );
    command.words(&["-f", "null", "-"]);
    command.into_arguments()
}

/// Puts source and encode on top of each other, as raw pictures of twice the height on standard output.
pub fn stack(
    picture: &Picture<'_>,
    span: &Span,
    made: &Argument,
    picks: Picks<'_>,
    pixel_format: &str,
    context: &Context<'_>,
) -> Vec<Argument> {
    let mut command = pair(picture, span, made, context);
    let format = format!("format={pixel_format},");
    let source = source_side(picture, span, picks, &format);
    let sides = sides(&source, "1:0", picks, &format);
    command.pair(
        "-filter_complex",
        format!("{sides};[r][m]vstack=shortest=1[both]"),
    );
    command.words(&["-map", "[both]"]);
    exact(&mut command);
    command.words(&["-f", "rawvideo", "-"]);
    command.into_arguments()
}

/// Decodes the finished file whole, as [`look`] does.
pub fn check(result: &MediaInfo, stream: u32, context: &Context<'_>) -> Vec<Argument> {
    let picture = Picture {
        info: result,
        stream,
        filters: "null",
        has_memory: false,
    };
    look(&picture, context)
}

/// The timestamp in a line of [`TIMES`] or [`KEYS`], in microseconds; `None` in lines of its head.
pub fn time(line: &str) -> Option<i64> {
    let frame = (!line.starts_with('#')).then_some(line)?;
    frame.split(',').nth(2)?.trim().parse().ok()
}

/// The column `vmaf` of libvmaf's CSV, by frame.
pub fn vmaf_scores(csv: &str) -> Vec<f32> {
    let mut lines = csv.lines();
    let columns = lines.next().unwrap_or_default().split(',');
    let Some(column) = columns.map(str::trim).position(|name| name == "vmaf") else {
        return Vec::new();
    };
    lines
        .filter_map(|line| line.split(',').nth(column)?.trim().parse().ok())
        .filter(|score: &f32| score.is_finite())
        .collect()
}

/// Luma PSNR in the filter's list, by frame, in dB; equal frames have [`EQUAL_DB`].
pub fn psnr_scores(list: &str) -> Vec<f32> {
    let one = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let luma = words.find_map(|word| word.strip_prefix("psnr_y:"))?;
        luma.parse().ok().map(|db: f32| db.min(EQUAL_DB))
    };
    list.lines().filter_map(one).collect()
}

/// Frames that are equal differ by no bound; a note cannot hold that.
pub const EQUAL_DB: f32 = 100.0;

/// Ten bits also for eight: the model was made on them, and sees bands better.
const TEN_BITS: &str = "format=yuv420p10le,";

/// One clock for all: what a container's own units round differs from run to run only where this hides it.
const CLOCK: &str = "settb=1/1000000";

impl Timing {
    fn filter(self) -> String {
        match self {
            // Counted anew, so that rounded timestamps of the source become exact.
            Self::Constant(Ratio { num, den }) => format!("settb={den}/{num},setpts=N"),
            Self::Variable => "setpts=PTS-STARTPTS".into(),
        }
    }
}

pub(super) fn head(context: &Context<'_>) -> Command {
    let mut command = Command::silent(context);
    // Timestamps stay those of the container, wherever the reading begins.
    command.words(&["-copyts"]);
    command
}

pub(super) fn open_source(
    command: &mut Command,
    info: &MediaInfo,
    context: &Context<'_>,
    span: Option<&Span>,
) {
    command.options_of_source(info, context);
    if let Some(Span {
        from_us: Some(from),
        reach: Reach::Seek(lead),
        ..
    }) = span
    {
        command.words(&["-seek_timestamp", "1", "-noaccurate_seek"]);
        let to = from - lead;
        let sign = if to < 0 { "-" } else { "" };
        command.pair("-ss", format!("{sign}{}", seconds(to.unsigned_abs())));
    }
    command.words(&["-i"]);
    command.file(Argument::Input);
}

/// Input 0 is the source, input 1 what was made of the span.
fn pair(picture: &Picture<'_>, span: &Span, made: &Argument, context: &Context<'_>) -> Command {
    let mut command = head(context);
    open_source(&mut command, picture.info, context, Some(span));
    command.words(&["-protocol_whitelist", "file"]);
    command.words(&["-format_whitelist", "mov,mp4,m4a,3gp,3g2,mj2"]);
    command.pair("-threads", context.threads.max(1));
    command.words(&["-i"]);
    command.file(made.clone());
    command
}

/// Both sides of a comparison as `[r]` and `[m]`, paired by their number: time bases differ, and a frame that is
/// compared with its neighbour costs four points of VMAF.
fn sides(source: &str, made: &str, picks: Picks<'_>, format: &str) -> String {
    let select = picks.map_or(String::new(), select);
    format!("{source};[{made}]{select}{format}{COUNT}[m]")
}

fn source_side(picture: &Picture<'_>, span: &Span, picks: Picks<'_>, format: &str) -> String {
    let [before, after] = parts(picture, span);
    let rest = compared(picture, &after, picks, format);
    format!("[0:{}]{CLOCK}{before},{rest}[r]", picture.stream)
}

/// What frames of the source go through before they are compared; `after` is what chooses them behind the filters.
fn compared(picture: &Picture<'_>, after: &str, picks: Picks<'_>, format: &str) -> String {
    let select = picks.map_or(String::new(), select);
    let filters = picture.filters;
    if picture.has_memory {
        format!("{filters}{after},{select}{format}{COUNT}")
    } else {
        format!("{select}{filters},{format}{COUNT}")
    }
}

/// Frames are known by their number.
const COUNT: &str = "settb=1/1000,setpts=N";

/// The filter that scores, and writes what it found into `log`.
fn libvmaf(model: &str, log: &str, picks: Picks<'_>, context: &Context<'_>) -> String {
    let threads = context.threads.max(1);
    let every = if picks.is_some() {
        between::SCORED_EVERY
    } else {
        1
    };
    format!(
        "libvmaf=model=version={model}:log_fmt=csv:log_path={log}:n_threads={threads}:n_subsample={every}"
    )
}

/// A filter that lets pass what has to be seen for these frames to be scored, with the comma behind it.
fn select(picks: &[u32]) -> String {
    let each = |range: &Range<usize>| {
        let last = range.end.saturating_sub(1);
        format!("between(n\\,{}\\,{last})", range.start)
    };
    let any: Vec<_> = between::compared(picks).iter().map(each).collect();
    let any = any.join("+");
    format!("select={any},")
}

/// What lets pass the frames of the span alone, before the filters or behind them.
fn parts(picture: &Picture<'_>, span: &Span) -> [String; 2] {
    let bound = |name: &str, us: Option<i64>| us.map(|us| format!("{name}={us}"));
    let bounds = [
        bound("start_pts", span.from_us),
        bound("end_pts", span.until_us),
    ];
    let bounds: Vec<_> = bounds.into_iter().flatten().collect();
    let trim = (!bounds.is_empty()).then(|| format!(",trim={}", bounds.join(":")));
    let runs = span
        .runs
        .map(|Runs { length, period }| format!(",select=lt(mod(n\\,{period})\\,{length})"));
    let chosen: String = trim.into_iter().chain(runs).collect();
    if picture.has_memory && !chosen.is_empty() {
        // Deinterlacers count in halves of a unit.
        [String::new(), format!(",{CLOCK}{chosen}")]
    } else {
        [chosen, String::new()]
    }
}

fn tiny() -> String {
    let (width, height) = SIDE;
    format!("scale={width}:{height}:flags=area,format=gray")
}

/// Small pictures to standard output.
fn small(command: &mut Command, label: &str) {
    command.pair("-map", label);
    exact(command);
    command.words(&["-f", "rawvideo", "-"]);
}

/// Ends at a filter that writes a list.
fn nowhere(command: &mut Command, label: &str) {
    command.pair("-map", label);
    exact(command);
    command.words(&["-f", "null", "-"]);
}

/// No frame is dropped or doubled on its way to an output that is read by us.
pub(super) fn exact(command: &mut Command) {
    command.words(&["-fps_mode", "passthrough", "-enc_time_base", "1:1000000"]);
}

#[cfg(test)]
mod tests;
