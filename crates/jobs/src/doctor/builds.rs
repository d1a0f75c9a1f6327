//! The builds of FFmpeg: what each can, and which does what.

use super::{Finding, Verdict};
use crate::sandbox::{Build, Tools};
use kinora_media::accept::Hole;

/// Encoders that operations choose, and what is lost without them.
const ENCODERS: &[(&str, &str)] = &[
    ("libx264", "compress, resize and aspect cannot write H.264"),
    ("aac", "sound in MP4 cannot be encoded"),
    ("libx265", "HDR video cannot be kept by compress"),
    ("libsvtav1", "no AV1 in webm and convert"),
    ("libvpx-vp9", "webm cannot write VP9"),
    ("libopus", "no sound in webm, no Opus in audio"),
    ("libmp3lame", "audio cannot write MP3"),
    ("flac", "audio cannot write FLAC"),
    ("gif", "no GIF"),
];

/// Filters that operations choose.
const FILTERS: &[(&str, &str)] = &[
    ("scale", "nothing that changes the picture's size works"),
    ("palettegen", "no GIF"),
    (
        "zscale",
        "HDR cannot be mapped to SDR (GIF, WebM with VP9, H.264)",
    ),
    (
        "tonemap",
        "HDR cannot be mapped to SDR (GIF, WebM with VP9, H.264)",
    ),
    ("bwdif", "interlaced video is not deinterlaced"),
];

/// Container formats that operations write.
const FORMATS: &[(&str, &str)] = &[
    ("mp4", "no MP4"),
    ("matroska", "streams that MP4 cannot hold would be lost"),
    ("webm", "no WebM"),
];

/// What compress writes, by which encoder.
const COMPRESSES: &[(&str, &str)] = &[
    ("compress to H.264", "libx264"),
    ("compress to HEVC", "libx265"),
    ("compress to AV1", "libsvtav1"),
];

const HOW_TO_GET: &str = "`make run` and `make build` fetch a build that has it";

/// Programs, who does what, and what the everyday build can.
pub(super) fn findings(tools: &Tools) -> Vec<Finding> {
    let main = tools.main();
    let mut findings = programs(tools);
    findings.push(good("use", "everyday work", "ffmpeg".into()));
    let compress = COMPRESSES.iter();
    findings.extend(compress.map(|(name, encoder)| of_compress(tools, name, encoder)));
    findings.push(of_av1_renditions(tools));
    findings.push(of_metric(tools));
    let can = &main.capabilities;
    let encoders = ENCODERS.iter();
    findings.extend(encoders.map(|(name, cost)| of_encoder(main, name, cost)));
    let listed = |area, wanted: &[(&str, &str)], has: &dyn Fn(&str) -> bool| {
        let each = |(name, cost): &(&str, &str)| match has(name) {
            true => good(area, name, "there".into()),
            false => degraded(area, name, "not in this build".into(), cost),
        };
        wanted.iter().map(each).collect::<Vec<_>>()
    };
    findings.extend(listed("filters", FILTERS, &|name| can.has_filter(name)));
    findings.extend(listed("formats", FORMATS, &|name| can.has_muxer(name)));
    findings
}

fn programs(tools: &Tools) -> Vec<Finding> {
    let mut findings = Vec::new();
    for build in &tools.builds {
        let detail = format!("{} ({})", build.path.display(), build.version);
        findings.push(match kinora_media::accept::hole(&build.version) {
            None => good("ffmpeg", role(tools, build), detail),
            Some(hole) => of_hole(role(tools, build), &detail, &hole),
        });
    }
    if let Some(problem) = &tools.left_out {
        let cost = format!("it is left out; {}", problem.solution);
        findings.push(degraded(
            "ffmpeg",
            "second ffmpeg",
            problem.description.clone(),
            &cost,
        ));
    }
    let ffprobe = tools.ffprobe.display().to_string();
    findings.push(good("ffmpeg", "ffprobe", ffprobe));
    findings
}

/// The decoder is shut in any case, see `Capabilities`.
fn of_hole(role: &str, detail: &str, hole: &Hole) -> Finding {
    let detail = format!("{detail} has a known hole: {}", hole.name);
    let cost = format!(
        "files with {} are refused, or they could run code; update FFmpeg (repaired in {})",
        hole.decoder, hole.repaired
    );
    degraded("ffmpeg", role, detail, &cost)
}

/// A build's name in these rows, after its setting.
fn role(tools: &Tools, build: &Build) -> &'static str {
    if build.path == tools.main().path {
        "ffmpeg"
    } else {
        "second ffmpeg"
    }
}

fn of_compress(tools: &Tools, name: &str, encoder: &str) -> Finding {
    let Some(build) = tools.encoder(encoder) else {
        let detail = format!("no build has a {encoder} that works");
        return degraded("use", name, detail, "compress does not offer it");
    };
    let detail = format!("{} ({encoder})", role(tools, build));
    if encoder == "libsvtav1" && !build.tried.svt_quarter_crf {
        let cost = format!(
            "an old encoder: about twice the processor time for the same size; {HOW_TO_GET}"
        );
        return degraded("use", name, detail, &cost);
    }
    good("use", name, detail)
}

fn of_av1_renditions(tools: &Tools) -> Finding {
    let name = "renditions in AV1";
    match tools.av1_of_groups() {
        Some(build) => good("use", name, format!("{} (libsvtav1)", role(tools, build))),
        None => {
            let detail = "no build puts AV1's key frames where they are wanted".into();
            let cost = format!("library.av1 makes nothing; {HOW_TO_GET}");
            degraded("use", name, detail, &cost)
        }
    }
}

fn of_metric(tools: &Tools) -> Finding {
    let name = "quality metric";
    match tools.vmaf() {
        Some((build, model)) => {
            let detail = format!("{} by {}", model.label(), role(tools, build));
            good("use", name, detail)
        }
        None => {
            let cost = format!(
                "without VMAF, quality is judged more carefully, and files come out larger; {HOW_TO_GET}"
            );
            let detail = "own XPSNR (no build has VMAF)".into();
            degraded("use", name, detail, &cost)
        }
    }
}

fn of_encoder(main: &Build, name: &str, cost: &str) -> Finding {
    if main.can_encode(name) {
        return good("encoders", name, "works".into());
    }
    let detail = match main.capabilities.has_encoder(name) {
        true => "listed, but two frames could not be encoded",
        false => "not in this build",
    };
    degraded("encoders", name, detail.into(), cost)
}

fn good(area: &'static str, name: &str, detail: String) -> Finding {
    Finding {
        area,
        name: name.into(),
        state: Verdict::Good,
        detail,
        cost: String::new(),
    }
}

fn degraded(area: &'static str, name: &str, detail: String, cost: &str) -> Finding {
    Finding {
        area,
        name: name.into(),
        state: Verdict::Degraded,
        detail,
        cost: cost.into(),
    }
}
