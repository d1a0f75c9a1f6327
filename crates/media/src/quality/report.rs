//! What is told about a compression: how it was chosen, what it measures, and where it is worst.
//!
//! Travels with the result, so it is bounded: [`REPORT_SCENES`](crate::limits::REPORT_SCENES) rows and
//! [`REPORT_POINTS`](crate::limits::REPORT_POINTS) points, however long the video is. Times are seconds of the result,
//! sizes bytes, scores those of [`Metric`].

use serde::{Deserialize, Serialize};

/// The proof that comes with a compressed video.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Grows when a member changes its meaning; now 1.
    pub version: u32,
    /// What became of the wish.
    pub status: Status,
    /// Why it is so, as a sentence; empty when the goal is held.
    pub reason: String,
    /// What was asked for.
    pub wish: Wish,
    /// How the picture was encoded.
    pub encoder: Encoder,
    /// Bytes of the original file.
    pub input_bytes: u64,
    /// Bytes of the result.
    pub output_bytes: u64,
    /// Seconds.
    pub duration_s: f64,
    /// Frames of the picture.
    pub frames: u64,
    /// What the scores are.
    pub metric: Metric,
    /// What the original reaches beside itself, where that is so little that scores are counted from there; absent
    /// otherwise.
    pub ceiling: Option<f64>,
    /// What was to be reached; absent when a size alone decided.
    pub goal: Option<Levels>,
    /// What the finished file measures; absent when the original came back.
    pub measured: Option<Measured>,
    /// What the search cost, and the encode.
    pub effort: Effort,
    /// What was found out about the footage: `interlaced`, `screen`, `grain`, `efficient`,
    /// `variable_rate`, `hdr`, `ten_bit`, `rotated`.
    pub footage: Vec<String>,
    /// Scenes in order; neighbours are joined when there are too many.
    pub scenes: Vec<Scene>,
    /// Quality over time.
    pub timeline: Vec<Point>,
    /// The worst places, worst first, at most six, no two within a second.
    pub worst: Vec<Place>,
}

/// What became of the wish.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Smaller, and the goal is held.
    #[default]
    Held,
    /// Smaller, and as good as possible within what was asked; the goal is not held.
    BestEffort,
    /// Nothing smaller is as good; the original came back.
    KeptOriginal,
}

/// What was asked for, in the words of the options.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wish {
    /// `compatible`, `modern`, `hevc`, `auto`.
    pub r#for: String,
    /// `near-original`, `balanced`, `small`.
    pub quality: String,
    /// `fast`, `normal`, `best`.
    pub speed: String,
    /// Bytes that the result must not exceed.
    pub max_size: Option<u64>,
}

/// How the picture was encoded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Encoder {
    /// FFmpeg's name of the codec: `h264`, `hevc`, `av1`.
    pub codec: String,
    /// FFmpeg's name of the encoder.
    pub name: String,
    /// Its preset.
    pub preset: String,
    /// Version of the FFmpeg that ran it.
    pub ffmpeg: String,
}

/// What the scores are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metric {
    /// `vmaf`, or `xpsnr` where no build has VMAF: scores are then VMAF estimated from XPSNR.
    pub name: String,
    /// The model, such as `vmaf_v1.0.16_3d0h`; empty for `xpsnr`.
    pub model: String,
    /// The viewing condition that the number assumes, as words.
    pub condition: String,
    /// What a reader must know to believe it no more than it deserves; may be empty.
    pub caveat: String,
}

/// Three levels, on the metric's scale of 0 to 100.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Levels {
    /// Mean over all frames.
    pub mean: f64,
    /// Mean of the worst scene.
    pub scene: f64,
    /// The level that 95 % of the frames reach.
    pub worst5: f64,
}

/// What the finished file measures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The three levels of the goal.
    #[serde(flatten)]
    pub levels: Levels,
    /// Mean of the worst second.
    pub worst_second: f64,
    /// When that second begins.
    pub worst_second_at: f64,
    /// Frames that were scored with the metric itself.
    pub scored: u64,
    /// Mean XPSNR of the luma in dB, where scores come from that.
    pub xpsnr_db: Option<f64>,
}

/// What it cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Effort {
    /// Rounds of trial encodes; 2 as a rule, 4 at the most.
    pub probes: u32,
    /// Frames that were encoded on trial.
    pub probe_frames: u64,
    /// Seconds on the clock for looking at the footage and searching.
    pub search_s: f64,
    /// Seconds on the clock for encoding, scoring and checking.
    pub encode_s: f64,
    /// The same in seconds of the processor.
    pub search_cpu_s: f64,
    /// The same in seconds of the processor.
    pub encode_cpu_s: f64,
    /// Scenes that were encoded a second time, because they missed the floor.
    pub again: u32,
}

/// One scene.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// When it begins.
    pub start_s: f64,
    /// When it ends.
    pub end_s: f64,
    /// The constant quality that was chosen.
    pub crf: f64,
    /// Bytes of the picture.
    pub bytes: u64,
    /// Mean score.
    pub mean: f64,
    /// The level that 95 % of its frames reach.
    pub worst5: f64,
}

/// Quality around one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// When it begins; it lasts to the next point.
    pub at_s: f64,
    /// Mean score.
    pub mean: f64,
    /// The worst frame's score.
    pub least: f64,
}

/// One bad frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// When it is shown.
    pub at_s: f64,
    /// Its score.
    pub score: f64,
}
