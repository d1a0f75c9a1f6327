//! The runs that a ladder is made by: sound, a part of the pictures, and the joining of parts.

use super::{GROUP_SECONDS, Ladder, Rung};
use crate::info::{MediaInfo, Ratio, Size};
use crate::plan::command::{Command, seconds};
use crate::plan::{Argument, Context, Step};

/// What has been made already, in ticks: the run makes what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// When the first frame of all is shown: groups are counted from there.
    pub first: i64,
    /// When the first frame of the last group is shown. From there on, or from the first of all where the file is read
    /// from its beginning, frames stand in the record once more.
    pub group: i64,
    /// When the last frame is shown that is there.
    pub last: i64,
    /// When the first frame is shown that is wanted.
    pub next: i64,
    /// How to get there.
    pub way: Way,
}

/// How a run gets to where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By the container's index.
    Index,
    /// Everything before is decoded, and dropped. Always right, and still far cheaper than encoding.
    Decoding,
}

/// Seconds before a place from which decoding is looked for: a filter that compares fields has seen some by then.
const LEAD_S: f64 = 2.0;
/// Added to times that groups are counted by, in seconds: less than any tick, more than what is lost by reckoning.
const ROUNDING_S: f64 = 0.000_005;
/// What a frame is recorded as.
const AFAR: &str = "scale=64:36:flags=area,format=gray";

impl Ladder {
    /// The run that makes all sound; `None` where there is none.
    pub fn sound(&self, info: &MediaInfo, context: &Context<'_>) -> Option<Step> {
        if self.sounds.is_empty() {
            return None;
        }
        let mut command = Command::new(info, context, None);
        for (index, name) in &self.sounds {
            command.map(*index);
            command.words(&["-c:a:0", "aac", "-b:a:0", "128k", "-ac:a:0", "2"]);
            language(&mut command, info, *index);
            write(&mut command, context, &["-f", "mp4"], name);
        }
        Some(step("making the sound", command))
    }

    /// The run that makes a part of each picture, or what is left of it. Files are called `part` and the name of the
    /// rendition, the record `part` and `record`.
    pub fn pictures(
        &self,
        part: &str,
        rest: Option<&Rest>,
        info: &MediaInfo,
        context: &Context<'_>,
    ) -> Step {
        let mut command = match self.is_seekable {
            true => Command::at(info, context, self.seek(rest)),
            false => Command::new(info, context, None),
        };
        command.pair("-filter_complex", self.filters(rest));
        for (place, (rung, name)) in self.rungs.iter().enumerate() {
            command.pair("-map", format!("[v{place}]"));
            self.encode(&mut command, rung, rest, context);
            // One group is one fragment, which is whole when the next begins.
            let muxer = [
                "-f",
                "mp4",
                "-movflags",
                "+frag_keyframe+empty_moov+default_base_moof",
            ];
            write(&mut command, context, &muxer, &format!("{part}{name}"));
        }
        command.words(&["-map", "[afar]", "-c:v:0", "rawvideo"]);
        self.keep_times(&mut command);
        // Each line is there when its frame is.
        let muxer = ["-flush_packets", "1", "-f", "framecrc"];
        write(&mut command, context, &muxer, &format!("{part}record"));
        step("making the renditions", command)
    }

    /// The run that joins the parts of a rendition. `list` is a file of the job's own with their names and lengths, as
    /// FFmpeg's `concat` reads it; `first_us` is when the first frame is shown.
    pub fn join(list: &str, first_us: u64, name: &str, context: &Context<'_>) -> Step {
        let mut command = Command::parts(list, first_us.cast_signed(), context);
        command.words(&["-map", "0:v:0", "-c:v:0", "copy"]);
        // Where frames stand unevenly, decoding of a part may have to begin before that of the last one ends.
        command.words(&["-bsf:v:0", "setts=pts=PTS:dts=max(DTS\\,PREV_OUTDTS+1)"]);
        write(&mut command, context, &["-f", "mp4"], name);
        step("joining the renditions", command)
    }

    /// Where to look for the frames that are wanted, in microseconds.
    fn seek(&self, rest: Option<&Rest>) -> Option<u64> {
        let rest = rest.filter(|rest| rest.way == Way::Index)?;
        let from_s = rest.group as f64 * self.tick.value() - LEAD_S;
        (from_s > 0.0).then_some((from_s * 1e6) as u64)
    }

    /// One picture in, one for each rung out, and one from afar of the lowest.
    fn filters(&self, rest: Option<&Rest>) -> String {
        let before = match self.before.as_str() {
            "" => String::new(),
            filters => format!("{filters},"),
        };
        let mut text = format!("[0:{}]{before}split={}", self.picture, self.rungs.len());
        for place in 0..self.rungs.len() {
            text.push_str(&format!("[s{place}]"));
        }
        let wanted = rest.map_or_else(String::new, |rest| self.from(rest.last, rest.next));
        for (place, (rung, _)) in self.rungs.iter().enumerate() {
            let Size { width, height } = rung.size;
            let convert = self.convert;
            let pixels = self.coding.pixels();
            let scaled = format!(
                "[s{place}]scale={width}:{height}:flags=lanczos{convert},setsar=1,format={pixels}"
            );
            // The lowest is seen from afar before anything is dropped.
            match place {
                0 => text.push_str(&format!(";{scaled},split=2[r0][far];[r0]{wanted}null[v0]")),
                _ => text.push_str(&format!(";{}[v{place}]", dropped(&scaled, place, &wanted))),
            }
        }
        let known = rest.filter(|rest| rest.way == Way::Index);
        let known = known.map_or_else(String::new, |rest| self.from(rest.group - 1, rest.group));
        format!("{text};[far]{known}{AFAR}[afar]")
    }

    /// Drops all before the middle between two times.
    fn from(&self, last: i64, next: i64) -> String {
        let middle_s = (last + next) as f64 / 2.0 * self.tick.value();
        let middle_us = (middle_s.max(0.0) * 1e6) as u64;
        format!("trim=start={},", seconds(middle_us))
    }

    fn encode(
        &self,
        command: &mut Command,
        rung: &Rung,
        rest: Option<&Rest>,
        context: &Context<'_>,
    ) {
        let threads = context.threads.max(1);
        self.coding.settings(command, rung, threads, self.instead);
        // Only forced key frames: a cut in the film would make one in some rungs and not in others.
        command.words(&["-g:v:0", "600", "-sc_threshold:v:0", "0"]);
        command.words(&["-flags:v:0", "+cgop"]);
        command.pair("-force_key_frames:v:0", self.key_frames(rest));
        self.keep_times(command);
        self.tags.push(command);
    }

    /// The first frame of each group, whichever frames there are: FFmpeg counts `t` from the first that a run encodes.
    fn key_frames(&self, rest: Option<&Rest>) -> String {
        let began = rest.map_or(0, |rest| rest.next - rest.first);
        let began_s = began as f64 * self.tick.value() + ROUNDING_S;
        let group = |t: &str| format!("floor(({t}+{began_s:.6})/{GROUP_SECONDS})");
        let (now, before) = (group("t"), group("prev_forced_t"));
        format!("expr:if(isnan(prev_forced_t),1,gt({now},{before}))")
    }

    fn keep_times(&self, command: &mut Command) {
        let Ratio { num, den } = self.tick;
        command.words(&["-fps_mode:v:0", "vfr"]);
        command.pair("-enc_time_base:v:0", format!("{num}:{den}"));
    }
}

/// What is dropped early need not be scaled.
fn dropped(scaled: &str, place: usize, wanted: &str) -> String {
    let mark = format!("[s{place}]");
    scaled.replacen(&mark, &format!("{mark}{wanted}"), 1)
}

/// Which language it is, when that is three letters and nothing else (ISO 639-2).
pub(super) fn language(command: &mut Command, info: &MediaInfo, index: u32) {
    let mut streams = info.streams.iter();
    let tags = streams.find(|stream| stream.index == index);
    let language = tags.and_then(|stream| stream.tags.get("language"));
    let is_code = |text: &&String| text.len() == 3 && text.bytes().all(|b| b.is_ascii_lowercase());
    if let Some(language) = language.filter(is_code) {
        command.pair("-metadata:s:a:0", format!("language={language}"));
    }
}

pub(super) fn write(command: &mut Command, context: &Context<'_>, muxer: &[&str], name: &str) {
    command.words(&["-map_metadata", "-1", "-map_chapters", "-1"]);
    command.pair("-threads", context.threads.max(1));
    command.words(muxer);
    command.file(Argument::Scratch(name.into()));
}

pub(super) fn step(label: &'static str, command: Command) -> Step {
    Step {
        label,
        arguments: command.into_arguments(),
        share: 1.0,
    }
}
