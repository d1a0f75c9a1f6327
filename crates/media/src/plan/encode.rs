//! The settings of each encoder.
//!
//! Rates were chosen where each encoder looks alike: x264 23, x265 25, VP9 32, SVT-AV1 35. `medium` is x264's step
//! where slower ones stop paying: `slow` is 4 % smaller for 28 % more processor time, SVT-AV1 8 is the same step there.

use crate::fault::Fault;
use crate::info::{Color, Mastering, Video};
use crate::limits;
use crate::plan::Context;
use crate::plan::command::Command;

/// Which of two passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Only statistics.
    First,
    /// The result.
    Second,
}

/// Name of the statistics' files.
const STATISTICS: &str = "pass";

/// H.264 High in 8-bit 4:2:0, which everything plays.
pub(crate) fn h264(command: &mut Command, video: &Video, quality: u32) {
    command.words(&[
        "-c:v:0",
        "libx264",
        "-preset:v:0",
        "medium",
        "-profile:v:0",
        "high",
    ]);
    command.pair("-crf:v:0", quality);
    if has_false_rate(video) {
        // x264 takes the level from the nominal rate, and 57,600 frames a second has none.
        command.words(&["-level:v:0", "5.2"]);
    }
}

/// HEVC, in ten bits where the source has them.
pub(crate) fn hevc(command: &mut Command, video: &Video, quality: u32, context: &Context<'_>) {
    let profile = if video.bit_depth > 8 {
        "main10"
    } else {
        "main"
    };
    command.words(&["-c:v:0", "libx265", "-preset:v:0", "medium"]);
    command.pair("-profile:v:0", profile);
    command.pair("-crf:v:0", quality);
    set_color(command, &video.color);
    // x265 starts threads for all processors and prints to the terminal by itself unless told otherwise.
    let mut parameters = format!("log-level=error:pools={}", context.threads.max(1));
    if let Some(mastering) = &video.mastering {
        parameters.push_str(&mastering_x265(mastering));
    }
    command.pair("-x265-params", parameters);
}

/// The tag that Apple's players want for HEVC in MP4 and MOV.
pub(crate) fn tag_hevc(command: &mut Command) {
    command.words(&["-tag:v:0", "hvc1"]);
}

/// VP9 at constant quality.
pub(crate) fn vp9(command: &mut Command, quality: u32, width: u32, pass: Option<Pass>) {
    command.words(&[
        "-c:v:0",
        "libvpx-vp9",
        "-b:v:0",
        "0",
        "-row-mt",
        "1",
        "-deadline",
        "good",
        "-cpu-used",
        "2",
    ]);
    command.pair("-crf:v:0", quality);
    // Columns of 512 pixels or more; each is a thread's work.
    command.pair("-tile-columns", (width / 512).max(1).ilog2().min(6));
    command.words(&["-auto-alt-ref", "1", "-lag-in-frames", "25"]);
    set_pass(command, pass);
}

/// AV1 in 10 bits, which costs nothing and shows fewer bands.
pub(crate) fn av1(command: &mut Command, video: &Video, quality: u32, context: &Context<'_>) {
    command.words(&["-c:v:0", "libsvtav1", "-preset:v:0", "8"]);
    command.pair("-crf:v:0", quality);
    if video.is_hdr() {
        set_color(command, &video.color);
    }
    // A key frame about every ten seconds; SVT-AV1 takes as many threads as there are processors unless told.
    let rate = video.frames_per_second().unwrap_or(25.0);
    command.pair("-g:v:0", (rate * 10.0).round().clamp(60.0, 600.0));
    command.pair("-svtav1-params", format!("lp={}", context.threads.max(1)));
}

/// Keeps each frame at its time: frames that are 100,000 s apart stay ten frames, and a nominal rate of 57,600 does
/// not become half a million. The encoder counts in 1/90000 s because its default, the nominal rate, would move frames.
pub(crate) fn keep_times(command: &mut Command) {
    command.words(&["-fps_mode:v:0", "vfr", "-enc_time_base:v:0", "1:90000"]);
}

/// The encoder must be in this build.
pub(crate) fn require(context: &Context<'_>, encoder: &'static str) -> Result<(), Fault> {
    let missing = || Fault::Missing {
        kind: "encoder",
        name: encoder.into(),
    };
    context
        .capabilities
        .has_encoder(encoder)
        .then_some(())
        .ok_or_else(missing)
}

/// Whether the nominal rate is a time base.
pub(crate) fn has_false_rate(video: &Video) -> bool {
    video
        .nominal_rate
        .is_some_and(|rate| rate.value() > limits::FRAME_RATE)
}

/// Two passes, with statistics in the job's own directory.
pub(crate) fn set_pass(command: &mut Command, pass: Option<Pass>) {
    let Some(pass) = pass else { return };
    command.pair("-pass:v:0", if pass == Pass::First { 1 } else { 2 });
    command.scratch("-passlogfile:v:0", STATISTICS);
}

/// The colour description again, for builds that do not carry it from the frames to the container.
fn set_color(command: &mut Command, color: &Color) {
    let known = |value: &Option<String>, table: &[&'static str]| {
        table
            .iter()
            .copied()
            .find(|&name| Some(name) == value.as_deref())
    };
    let primaries = known(
        &color.primaries,
        &["bt709", "bt2020", "smpte432", "smpte431"],
    );
    let transfer = known(&color.transfer, &["bt709", "smpte2084", "arib-std-b67"]);
    let space = known(&color.space, &["bt709", "bt2020nc", "bt2020c"]);
    let pairs = [
        ("-color_primaries:v:0", primaries),
        ("-color_trc:v:0", transfer),
        ("-colorspace:v:0", space),
    ];
    for (option, value) in pairs
        .into_iter()
        .filter_map(|(option, value)| Some((option, value?)))
    {
        command.pair(option, value);
    }
}

/// For `-x265-params`, which wants whole units.
pub(crate) fn mastering_x265(mastering: &Mastering) -> String {
    let [g, b, r, w] = mastering.points;
    let (largest, smallest) = mastering.luminance;
    let display = format!(
        ":hdr10=1:master-display=G({},{})B({},{})R({},{})WP({},{})L({largest},{smallest})",
        g.0, g.1, b.0, b.1, r.0, r.1, w.0, w.1
    );
    match mastering.light {
        Some((content, average)) => format!("{display}:max-cll={content},{average}"),
        None => display,
    }
}

/// For `-svtav1-params`, which wants chromaticities and cd/m2.
pub(crate) fn mastering_svt(mastering: &Mastering) -> String {
    let point = |(x, y): (u32, u32)| {
        let unit = |value: u32| f64::from(value) / 50_000.0;
        format!("({:.5},{:.5})", unit(x), unit(y))
    };
    let [g, b, r, w] = mastering.points.map(point);
    let (largest, smallest) = mastering.luminance;
    let luminance = |value: u32| f64::from(value) / 10_000.0;
    let display = format!(
        ":mastering-display=G{g}B{b}R{r}WP{w}L({:.4},{:.4})",
        luminance(largest),
        luminance(smallest)
    );
    match mastering.light {
        Some((content, average)) => format!("{display}:content-light={content},{average}"),
        None => display,
    }
}
