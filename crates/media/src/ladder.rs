//! The ladder: one title at several heights, out of one decode.
//!
//! Each rung is an MP4 of its own without sound, each sound track another; segments are cut out of them later. A key
//! frame stands at every multiple of [`GROUP_SECONDS`] and nothing reaches across it, so that all rungs can be cut at
//! the same times. Quality is constant up to a cap: easy videos become small, hard ones stay playable.

use crate::fault::Fault;
use crate::info::{MediaInfo, Size, Video};
use crate::operation::fit;
use crate::plan::color::{Tags, conversion};
use crate::plan::command::Command;
use crate::plan::encode;
use crate::plan::graph::Graph;
use crate::plan::{Argument, Context, Step};

/// What is made when nothing else is configured, in lines.
pub const HEIGHTS: [u32; 3] = [144, 720, 1440];

/// Seconds from one key frame to the next: the length of the shortest segment.
pub const GROUP_SECONDS: u32 = 2;

/// One rendition of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// Lines as people call it: the shorter side, so that portrait has the same names.
    pub height: u32,
    /// Pixels, both sides even.
    pub size: Size,
    /// x264's constant rate factor.
    pub crf: u32,
    /// The most that it may take for long, kbit/s; the decoder's buffer is twice as many kbit.
    pub largest_kbit: u32,
}

/// What to run, and which files come out.
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder {
    /// The renditions, lowest first, with the name of the file of each.
    pub rungs: Vec<(Rung, String)>,
    /// Index in the source of each track of sound, with the name of its file.
    pub sounds: Vec<(u32, String)>,
    /// The run that makes all of them.
    pub step: Step,
    /// Sentences for the user about what was decided.
    pub notes: Vec<String>,
}

/// The renditions of a picture: those of the wanted heights that it has, and its own where that lies between.
pub fn rungs(heights: &[u32], video: &Video) -> Vec<Rung> {
    let source = video.display_size();
    let own = source.width.min(source.height);
    let mut chosen: Vec<u32> = heights
        .iter()
        .copied()
        .filter(|each| *each <= own)
        .collect();
    if heights.iter().any(|each| *each > own) || chosen.is_empty() {
        chosen.push(own);
    }
    chosen.sort_unstable();
    chosen.dedup();
    let frames = video.frames_per_second().unwrap_or(30.0);
    let rung = |height: u32| {
        let factor = f64::from(height) / f64::from(own.max(1));
        // Rounding to even must not enlarge an odd picture.
        let side = |side: u32| fit::even(f64::from(side) * factor).min((side & !1).max(2));
        let size = Size {
            width: side(source.width),
            height: side(source.height),
        };
        Rung {
            height,
            size,
            crf: 23,
            largest_kbit: largest_kbit(size, frames),
        }
    };
    chosen.into_iter().map(rung).collect()
}

/// 3.5 Mbit/s for 720p at 30 frames a second; four times the pixels need less than four times the bits, and twice the
/// frames less than twice.
fn largest_kbit(size: Size, frames: f64) -> u32 {
    let pixels = size.pixels() as f64 / 921_600.0;
    let rate = 3500.0 * pixels.powf(0.75) * (frames / 30.0).max(1.0).sqrt();
    (rate.round() as u32).max(100)
}

impl Ladder {
    /// Plans all renditions of a file.
    pub fn new(heights: &[u32], info: &MediaInfo, context: &Context<'_>) -> Result<Self, Fault> {
        let (stream, video) = fit::picture(info)?;
        encode::require(context, "libx264")?;
        let mut notes = Vec::new();
        let rungs: Vec<(Rung, String)> = rungs(heights, video)
            .into_iter()
            .map(|rung| {
                let name = format!("{}.mp4", rung.height);
                (rung, name)
            })
            .collect();
        let mut graph = Graph::new(video, None, &mut notes);
        let mut tags = Tags::of(video);
        if video.is_hdr() {
            graph.tone_map(video, context, &mut notes)?;
            tags = Tags::standard();
        }
        let mut command = Command::new(info, context, None);
        command.pair(
            "-filter_complex",
            filters(stream.index, &graph, &rungs, video),
        );
        for (place, (rung, name)) in rungs.iter().enumerate() {
            picture(&mut command, place, rung, &tags);
            write(&mut command, context, name);
        }
        let indexes = info.audio().map(|(stream, _)| stream.index);
        let sounds: Vec<(u32, String)> = indexes
            .map(|index| (index, format!("sound-{index}.mp4")))
            .collect();
        for (index, name) in &sounds {
            command.map(*index);
            command.words(&["-c:a:0", "aac", "-b:a:0", "128k", "-ac:a:0", "2"]);
            sound(&mut command, info, *index);
            write(&mut command, context, name);
        }
        let step = Step {
            label: "making the renditions",
            arguments: command.into_arguments(),
            share: 1.0,
        };
        Ok(Self {
            rungs,
            sounds,
            step,
            notes,
        })
    }
}

/// One picture in, one for each rung out.
fn filters(index: u32, graph: &Graph, rungs: &[(Rung, String)], video: &Video) -> String {
    let mut before = graph.render();
    if !before.is_empty() {
        before.push(',');
    }
    let mut text = format!("[0:{index}]{before}split={}", rungs.len());
    for place in 0..rungs.len() {
        text.push_str(&format!("[s{place}]"));
    }
    // What was mapped to the standard range needs no other conversion.
    let convert = if video.is_hdr() {
        ""
    } else {
        conversion(video)
    };
    for (place, (rung, _)) in rungs.iter().enumerate() {
        let Size { width, height } = rung.size;
        text.push_str(&format!(
            ";[s{place}]scale={width}:{height}:flags=lanczos{convert},setsar=1,format=yuv420p[v{place}]"
        ));
    }
    text
}

fn picture(command: &mut Command, place: usize, rung: &Rung, tags: &Tags) {
    command.pair("-map", format!("[v{place}]"));
    command.words(&["-c:v:0", "libx264", "-preset:v:0", "fast"]);
    command.words(&["-profile:v:0", "high"]);
    command.pair("-crf:v:0", rung.crf);
    command.pair("-maxrate:v:0", format!("{}k", rung.largest_kbit));
    command.pair("-bufsize:v:0", format!("{}k", rung.largest_kbit * 2));
    // Only forced key frames: a cut in the film would make one in some rungs and not in others.
    command.words(&["-g:v:0", "600", "-sc_threshold:v:0", "0"]);
    command.words(&["-flags:v:0", "+cgop"]);
    command.pair(
        "-force_key_frames:v:0",
        format!("expr:gte(t,n_forced*{GROUP_SECONDS})"),
    );
    tags.push(command);
}

/// Which language it is, when that is three letters and nothing else (ISO 639-2).
fn sound(command: &mut Command, info: &MediaInfo, index: u32) {
    let mut streams = info.streams.iter();
    let tags = streams.find(|stream| stream.index == index);
    let language = tags.and_then(|stream| stream.tags.get("language"));
    let is_code = |text: &&String| text.len() == 3 && text.bytes().all(|b| b.is_ascii_lowercase());
    if let Some(language) = language.filter(is_code) {
        command.pair("-metadata:s:a:0", format!("language={language}"));
    }
}

fn write(command: &mut Command, context: &Context<'_>, name: &str) {
    command.words(&["-map_metadata", "-1", "-map_chapters", "-1"]);
    command.pair("-threads", context.threads.max(1));
    command.words(&["-f", "mp4"]);
    command.file(Argument::Scratch(name.into()));
}
