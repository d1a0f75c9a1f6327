//! What a file contains: its streams by kind, and its frames as they come out of the decoder.

use super::program::{self, Ended};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A full decode of the longest clip.
const LIMIT: Duration = Duration::from_secs(900);

/// One picture stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Picture {
    pub(crate) width: u64,
    pub(crate) height: u64,
    /// The transfer function's name.
    pub(crate) transfer: String,
}

/// Streams and chapters, counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Streams {
    /// Pictures that are no covers, in order, turned as they are shown.
    pub(crate) pictures: Vec<Picture>,
    /// Names of the sounds' codecs.
    pub(crate) sounds: Vec<String>,
    pub(crate) subtitles: u64,
    pub(crate) covers: u64,
    pub(crate) attachments: u64,
    pub(crate) chapters: u64,
}

impl Streams {
    /// Asks ffprobe.
    pub(crate) fn of(file: &Path, scratch: &Path) -> Result<Self> {
        let mut command = Command::new("ffprobe");
        command.args([
            "-v",
            "error",
            "-show_streams",
            "-show_chapters",
            "-of",
            "json",
        ]);
        command.arg("-i").arg(file);
        let ran = program::run(&mut command, LIMIT, scratch)?;
        ensure!(
            ran.ended == Ended::Well,
            "ffprobe cannot read it: {}",
            ran.last_words()
        );
        Ok(Self::read(&serde_json::from_str(&ran.output)?))
    }

    fn read(probed: &Value) -> Self {
        let mut streams = Self::default();
        for stream in probed["streams"].as_array().into_iter().flatten() {
            let is_cover = stream["disposition"]["attached_pic"] == 1;
            match stream["codec_type"].as_str().unwrap_or_default() {
                "video" if is_cover => streams.covers += 1,
                "video" => streams.pictures.push(picture(stream)),
                "audio" => streams.sounds.push(text(&stream["codec_name"])),
                "subtitle" => streams.subtitles += 1,
                "attachment" => streams.attachments += 1,
                _ => {}
            }
        }
        streams.chapters = probed["chapters"].as_array().map_or(0, Vec::len) as u64;
        streams
    }

    /// What the other one has no more, in words.
    pub(crate) fn lost_in(&self, other: &Self) -> Vec<String> {
        let kinds = [
            ("sound", self.sounds.len() as u64, other.sounds.len() as u64),
            ("subtitle", self.subtitles, other.subtitles),
            ("cover", self.covers, other.covers),
            ("attachment", self.attachments, other.attachments),
            ("chapter", self.chapters, other.chapters),
        ];
        let lost = kinds
            .into_iter()
            .filter(|(_, before, after)| after < before);
        lost.map(|(kind, before, after)| format!("{} {kind}", before - after))
            .collect()
    }

    /// Which of our pictures that one was made of: the first of its size, else the first.
    pub(crate) fn origin_of(&self, made: &Picture) -> usize {
        let is_same = |own: &Picture| {
            own.width.abs_diff(made.width) <= 1 && own.height.abs_diff(made.height) <= 1
        };
        self.pictures.iter().position(is_same).unwrap_or(0)
    }
}

fn picture(stream: &Value) -> Picture {
    let (width, height) = (&stream["width"], &stream["height"]);
    let sides = stream["side_data_list"].as_array().into_iter().flatten();
    let turned = sides
        .filter_map(|side| side["rotation"].as_f64())
        .any(|degrees| (degrees.abs() - 90.0).abs() < 1.0 || (degrees.abs() - 270.0).abs() < 1.0);
    let (width, height) = match turned {
        true => (height, width),
        false => (width, height),
    };
    Picture {
        width: width.as_u64().unwrap_or(0),
        height: height.as_u64().unwrap_or(0),
        transfer: text(&stream["color_transfer"]),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The frames of one picture stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Frames {
    /// When each is shown, in seconds.
    pub(crate) times: Vec<f64>,
    /// Where the picture changes as a whole.
    pub(crate) cuts: Vec<f64>,
    /// Whether most of what could be told apart was made of two fields.
    pub(crate) interlaced: bool,
}

impl Frames {
    /// Decodes the n-th picture stream of a file to its end.
    pub(crate) fn of(ffmpeg: &Path, file: &Path, picture: usize, scratch: &Path) -> Result<Self> {
        let mut command = Command::new(ffmpeg);
        command.args(["-hide_banner", "-nostdin", "-nostats", "-i"]);
        command
            .arg(file)
            .args(["-map", &format!("0:V:{picture}"), "-an"]);
        command.args(["-vf", "idet,scdet=t=10,showinfo=checksum=0"]);
        command.args(["-fps_mode", "passthrough", "-f", "null", "-"]);
        let ran = program::run(&mut command, LIMIT, scratch)?;
        let frames = Self::read(&ran.errors);
        ensure!(
            ran.ended != Ended::OverTime && !frames.times.is_empty(),
            "it cannot be decoded: {}",
            ran.last_words()
        );
        Ok(frames)
    }

    fn read(log: &str) -> Self {
        let mut frames = Self::default();
        for line in log.split(['\n', '\r']) {
            if line.contains("showinfo")
                && let Some(time) = number_after(line, "pts_time:")
            {
                frames.times.push(time);
            } else if let Some(cut) = number_after(line, "lavfi.scd.time:") {
                frames.cuts.push(cut);
            } else if let Some((_, counts)) = line.split_once("Multi frame detection:") {
                let count = |name: &str| number_after(counts, name).unwrap_or(0.0);
                // FFmpeg says it once more for a graph that it made and threw away.
                frames.interlaced = count("TFF:") + count("BFF:") > count("Progressive:");
            }
        }
        frames
    }

    /// When the last frame ends: it lasts as long as the others do in the mean.
    pub(crate) fn end(&self) -> f64 {
        let (first, last) = (self.first(), self.times.last().copied().unwrap_or(0.0));
        let steps = self.times.len().saturating_sub(1).max(1) as f64;
        last + (last - first) / steps
    }

    /// When the first frame is shown.
    pub(crate) fn first(&self) -> f64 {
        self.times.first().copied().unwrap_or(0.0)
    }
}

fn number_after(line: &str, name: &str) -> Option<f64> {
    let (_, rest) = line.split_once(name)?;
    rest.split_whitespace().next()?.parse().ok()
}

/// A digest of a file's bytes, for telling clips and programs apart.
pub(crate) fn digest(file: &Path) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    let opened = std::fs::File::open(file);
    let opened = opened.with_context(|| format!("{} cannot be read", file.display()))?;
    hasher.update_reader(opened)?;
    Ok(hasher.finalize().to_hex()[..16].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn frames_are_read_from_what_ffmpeg_says() {
        let log = "\
[Parsed_idet_0 @ 0x1] Multi frame detection: TFF:     0 BFF:     0 Progressive:     0 Undetermined:     0
[Parsed_showinfo_2 @ 0x1] config in time_base: 1/90000, frame_rate: 30/1
[Parsed_showinfo_2 @ 0x1] n:   0 pts:      0 pts_time:0       duration:  3003 duration_time:0.0333667 fmt:yuv420p
[scdet @ 0x2] lavfi.scd.score: 24.9, lavfi.scd.time: 1.6016\r
[Parsed_showinfo_2 @ 0x1] n:   1 pts: 144144 pts_time:1.6016  duration:  3003 fmt:yuv420p
[Parsed_idet_0 @ 0x1] Multi frame detection: TFF:    76 BFF:     0 Progressive:     4 Undetermined:    46";
        let frames = Frames::read(log);
        assert_eq!((frames.times.len(), frames.cuts.len()), (2, 1));
        assert_eq!(frames.cuts, frames.times[1..]);
        assert!(frames.interlaced);
        assert_eq!(frames.end(), 3.2032);
    }

    #[test]
    fn lost_streams_are_counted_by_kind() {
        let video = json!({"codec_type": "video", "width": 1920, "height": 1080, "color_transfer": "bt709",
            "side_data_list": [{"rotation": -90}]});
        let cover = json!({"codec_type": "video", "disposition": {"attached_pic": 1}});
        let sound = json!({"codec_type": "audio", "codec_name": "aac"});
        let data = json!({"codec_type": "data"});
        let before = Streams::read(&json!({
            "streams": [video, cover, sound, sound, data], "chapters": [{}, {}]}));
        assert_eq!(
            (before.pictures[0].width, before.pictures[0].height),
            (1080, 1920)
        );
        let after = Streams::read(&json!({"streams": [video, sound]}));
        assert_eq!(before.lost_in(&after), ["1 sound", "1 cover", "2 chapter"]);
        assert!(after.lost_in(&before).is_empty());
    }

    #[test]
    fn a_result_belongs_to_the_picture_of_its_size() {
        let picture = |width, height| Picture {
            width,
            height,
            transfer: String::new(),
        };
        let streams = Streams {
            pictures: vec![picture(320, 180), picture(481, 270)],
            ..Streams::default()
        };
        assert_eq!(streams.origin_of(&picture(480, 270)), 1);
        assert_eq!(streams.origin_of(&picture(160, 90)), 0);
    }
}
