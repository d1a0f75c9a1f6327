//! What an FFmpeg really can, shown on two frames that it makes itself.
//!
//! Listings promise more than some builds keep: filters whose models are not built in, encoders whose library is
//! another one than at build time, options that are read and then ignored.

use super::ask::Answer;
use super::vmaf::VmafModel;
use kinora_media::capability::{Capabilities, Media};
use kinora_media::diagnosis::Ended;
use std::collections::BTreeSet;

/// Encoders that operations choose by themselves.
pub const TRIED_ENCODERS: &[&str] = &[
    "libx264",
    "libx265",
    "libsvtav1",
    "libvpx-vp9",
    "aac",
    "libopus",
    "libmp3lame",
    "flac",
    "gif",
];

/// What worked on two synthetic frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// Those of [`TRIED_ENCODERS`] that gave packets.
    pub encoders: BTreeSet<String>,
    /// Models that gave a score, in the order of [`VmafModel::ALL`].
    pub vmaf: Vec<VmafModel>,
    /// The filter XPSNR gave a score.
    pub xpsnr: bool,
    /// SVT-AV1 takes quarters of a CRF. Older ones read no fraction, and then encode with their default without
    /// failing.
    pub svt_quarter_crf: bool,
    /// What an encoder gives can be decoded and filtered in the same run.
    pub loopback: bool,
    /// SVT-AV1 puts key frames where it is told to. Older ones put them where they would have stood anyway.
    pub svt_forced_keys: bool,
}

impl Tried {
    /// What is encoded can be scored in the same run.
    pub(super) fn scores_at_once(&self) -> bool {
        self.loopback && !self.vmaf.is_empty()
    }

    /// How much of what came lately is there; says which of two builds has the newer encoders.
    pub(super) fn newness(&self) -> u32 {
        let signs = [self.svt_quarter_crf, self.xpsnr, !self.vmaf.is_empty()];
        signs.into_iter().map(u32::from).sum()
    }
}

/// Small, so that starting the encoders costs more than using them.
const PICTURE: &str = "testsrc2=size=128x128:rate=25";
/// Something that costs enough bits to tell a quarter of a CRF.
const NOISE: &str = "testsrc2=size=128x128:rate=25,noise=alls=40:allf=t";
/// VMAF's banding feature and its 4K model refuse much smaller ones.
const PAIR: [&str; 2] = [
    "testsrc2=size=320x240:rate=25,noise=alls=40:allf=t",
    "testsrc2=size=320x240:rate=25",
];
const SOUND: &str = "sine=sample_rate=48000";
const QUIET: [&str; 4] = ["-hide_banner", "-nostdin", "-v", "error"];
/// What hashes to this is empty.
const NOTHING: &str = "MD5=d41d8cd98f00b204e9800998ecf8427e";

/// Tries everything that the build lists; `ask` runs it with these arguments.
///
/// # Errors
/// Those of `ask`; what fails inside FFmpeg is a thing that it cannot do.
pub(super) fn run<E>(
    listed: &Capabilities,
    ask: &mut dyn FnMut(&[&str]) -> Result<Answer, E>,
) -> Result<Tried, E> {
    let mut tried = Tried {
        encoders: encoders(listed, ask)?,
        ..Tried::default()
    };
    if tried.encoders.contains("libsvtav1") {
        (tried.svt_quarter_crf, tried.svt_forced_keys) = svt(ask)?;
    }
    if listed.has_filter("libvmaf") {
        for model in VmafModel::ALL {
            let filter = format!("libvmaf=model=version={}", model.name());
            let answer = compare(&filter, "VMAF score:", ask)?;
            tried.vmaf.extend(answer.then_some(model));
        }
    }
    if tried.encoders.contains("libx264") {
        tried.loopback = loopback(ask)?;
    }
    tried.xpsnr = listed.has_filter("xpsnr") && compare("xpsnr", "XPSNR  y:", ask)?;
    Ok(tried)
}

fn encoders<E>(
    listed: &Capabilities,
    ask: &mut dyn FnMut(&[&str]) -> Result<Answer, E>,
) -> Result<BTreeSet<String>, E> {
    let here = TRIED_ENCODERS.iter().copied();
    let here: Vec<_> = here.filter(|name| listed.has_encoder(name)).collect();
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    // Starting the program takes longer than two frames, so all of them go into one run.
    if encode(listed, &here, ask)? {
        return Ok(owned(&here));
    }
    let mut able = Vec::new();
    for name in here {
        if encode(listed, &[name], ask)? {
            able.push(name);
        }
    }
    Ok(owned(&able))
}

/// Whether each of the encoders gave packets.
fn encode<E>(
    listed: &Capabilities,
    names: &[&str],
    ask: &mut dyn FnMut(&[&str]) -> Result<Answer, E>,
) -> Result<bool, E> {
    let mut arguments = QUIET.to_vec();
    arguments.extend(["-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", SOUND]);
    for &name in names {
        match listed.encoder(name).map(|encoder| encoder.media) {
            Some(Media::Audio) => {
                arguments.extend(["-map", "1", "-frames:a", "2", "-c:a", name]);
            }
            _ => {
                arguments.extend(["-map", "0", "-frames:v", "2", "-c:v", name]);
                arguments.extend(pixels(name));
            }
        }
        arguments.extend(["-f", "md5", "-"]);
    }
    let answer = ask(&arguments)?;
    Ok(answer.ended == Ended::Exit(0) && sums(&answer).len() == names.len())
}

/// HDR has to pass through the encoders for it.
fn pixels(encoder: &str) -> &'static [&'static str] {
    match encoder {
        "libx265" | "libsvtav1" => &["-pix_fmt", "yuv420p10le"],
        "gif" => &[],
        _ => &["-pix_fmt", "yuv420p"],
    }
}

/// Sums of what the outputs held, in any order, without those that held nothing.
fn sums(answer: &Answer) -> Vec<&str> {
    let lines = answer.output.lines();
    lines
        .filter(|line| line.starts_with("MD5=") && *line != NOTHING)
        .collect()
}

/// Whether pictures come back that were encoded in the same run.
fn loopback<E>(ask: &mut dyn FnMut(&[&str]) -> Result<Answer, E>) -> Result<bool, E> {
    let mut arguments = QUIET.to_vec();
    arguments.extend(["-f", "lavfi", "-i", PICTURE, "-map", "0", "-frames:v", "2"]);
    arguments.extend(["-c:v", "libx264", "-pix_fmt", "yuv420p", "-f", "null", "-"]);
    arguments.extend(["-dec", "0:0", "-filter_complex", "[dec:0]null[back]"]);
    arguments.extend(["-map", "[back]", "-f", "md5", "-"]);
    let answer = ask(&arguments)?;
    Ok(answer.ended == Ended::Exit(0) && sums(&answer).len() == 1)
}

/// Frames of which one in the middle is to be a key frame.
const KEYS: [bool; 6] = [true, false, false, true, false, false];

/// Whether a quarter gives other bytes than the whole number, and than the default that a refused option leaves; and
/// whether key frames come where they are wanted. All of it in one run.
fn svt<E>(ask: &mut dyn FnMut(&[&str]) -> Result<Answer, E>) -> Result<(bool, bool), E> {
    let mut arguments = QUIET.to_vec();
    arguments.extend(["-f", "lavfi", "-i", NOISE]);
    let choices = ["crf=33", "crf=33.25", "fast-decode=0"];
    for choice in choices {
        arguments.extend(["-frames:v", "2", "-c:v", "libsvtav1", "-preset", "12"]);
        arguments.extend(["-pix_fmt", "yuv420p10le", "-svtav1-params", choice]);
        arguments.extend(["-f", "md5", "-"]);
    }
    arguments.extend(["-frames:v", "6", "-c:v", "libsvtav1", "-preset", "12"]);
    arguments.extend(["-pix_fmt", "yuv420p10le", "-g", "600", "-flags", "+cgop"]);
    arguments.extend(["-force_key_frames", "expr:eq(n,3)"]);
    arguments.extend(["-svtav1-params", "enable-force-key-frames=1"]);
    arguments.extend(["-f", "framecrc", "-"]);
    let answer = ask(&arguments)?;
    let different: BTreeSet<_> = sums(&answer).into_iter().collect();
    let is_well = answer.ended == Ended::Exit(0);
    Ok((
        is_well && different.len() == choices.len(),
        is_well && keys(&answer) == KEYS,
    ))
}

/// Which packets are key frames, of an output as `framecrc`: others have their flags written down.
fn keys(answer: &Answer) -> Vec<bool> {
    let lines = answer.output.lines().filter(|line| line.starts_with("0,"));
    lines.map(|line| !line.contains("F=")).collect()
}

/// Whether the filter scores a picture against one with noise, and says so after this word.
fn compare<E>(
    filter: &str,
    word: &str,
    ask: &mut dyn FnMut(&[&str]) -> Result<Answer, E>,
) -> Result<bool, E> {
    let graph = format!("[0][1]{filter}");
    let mut arguments = vec!["-hide_banner", "-nostdin", "-nostats", "-v", "info"];
    for picture in PAIR {
        arguments.extend(["-f", "lavfi", "-i", picture]);
    }
    arguments.extend(["-lavfi", &graph, "-frames:v", "2", "-f", "null", "-"]);
    let answer = ask(&arguments)?;
    let score = |line: &str| -> Option<f64> {
        let (_, after) = line.split_once(word)?;
        after.split_whitespace().next()?.parse().ok()
    };
    // libvmaf says 0 when it could compute nothing.
    let is_score = |score: f64| score > 0.0 && score.is_finite();
    let has_score = answer.complaints.lines().filter_map(score).any(is_score);
    Ok(answer.ended == Ended::Exit(0) && has_score)
}
