//! What was found on this machine, and what each missing thing costs.

use crate::config::{Programs, ShareConfig};
use crate::policy;
use crate::sandbox::{Share, Tools};
use serde::Serialize;
use std::path::Path;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `ffmpeg`, `encoders`, `filters`, `formats`, `kernel`, `machine`.
    pub area: &'static str,
    /// What was looked for.
    pub name: String,
    /// How it stands.
    pub state: Verdict,
    /// What was found.
    pub detail: String,
    /// What it costs that it is missing; empty when all is well.
    pub cost: String,
}

/// How a thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// The server works, with less.
    Degraded,
    /// The server does not start without it.
    Missing,
}

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

/// Looks at everything that jobs need. Starts FFmpeg a few times, changes nothing.
#[must_use]
pub fn report(programs: &Programs, share: &ShareConfig) -> Vec<Finding> {
    let mut findings = match Tools::find(programs) {
        Ok(tools) => of_tools(&tools),
        Err(problem) => vec![Finding {
            area: "ffmpeg",
            name: "programs".into(),
            state: Verdict::Missing,
            detail: problem.description,
            cost: format!("nothing works; {}", problem.solution),
        }],
    };
    findings.push(of_share(share));
    findings.extend(of_kernel());
    findings.push(of_machine());
    findings
}

fn of_tools(tools: &Tools) -> Vec<Finding> {
    let found = |name: &str, detail: String| Finding {
        area: "ffmpeg",
        name: name.into(),
        state: Verdict::Good,
        detail,
        cost: String::new(),
    };
    let mut findings = vec![
        found(
            "ffmpeg",
            format!("{} ({})", tools.main().path.display(), tools.main().version),
        ),
        found("ffprobe", tools.ffprobe.display().to_string()),
    ];
    let can = &tools.main().capabilities;
    let listed = |area, wanted: &[(&str, &str)], has: &dyn Fn(&str) -> bool| {
        let each = |(name, cost): &(&str, &str)| of_listed(area, name, cost, has(name));
        wanted.iter().map(each).collect::<Vec<_>>()
    };
    findings.extend(listed("encoders", ENCODERS, &|name| can.has_encoder(name)));
    findings.extend(listed("filters", FILTERS, &|name| can.has_filter(name)));
    findings.extend(listed("formats", FORMATS, &|name| can.has_muxer(name)));
    findings
}

fn of_listed(area: &'static str, name: &str, cost: &str, is_there: bool) -> Finding {
    Finding {
        area,
        name: name.into(),
        state: if is_there {
            Verdict::Good
        } else {
            Verdict::Degraded
        },
        detail: if is_there {
            "there"
        } else {
            "not in this build"
        }
        .into(),
        cost: if is_there { String::new() } else { cost.into() },
    }
}

fn of_share(config: &ShareConfig) -> Finding {
    let (state, detail, cost) = match Share::establish(config) {
        Ok(share) if share.is_guaranteed() => (Verdict::Good, share.describe(), ""),
        Ok(share) => (
            Verdict::Degraded,
            share.describe(),
            "video's part of the processor is best effort under a flood of uploads; run as a systemd service with \
             Delegate=yes for a guarantee",
        ),
        Err(reason) => (
            Verdict::Missing,
            reason,
            "the settings insist on control groups, so the server does not start",
        ),
    };
    Finding {
        area: "kernel",
        name: "processor share".into(),
        state,
        detail,
        cost: cost.into(),
    }
}

/// Features that are used where they are there.
fn of_kernel() -> Vec<Finding> {
    let version = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let pidfd = rustix::process::pidfd_open(
        rustix::process::getpid(),
        rustix::process::PidfdFlags::empty(),
    );
    let has_proc = Path::new("/proc/self/stat").exists();
    vec![
        Finding {
            area: "kernel",
            name: "pidfd".into(),
            state: if pidfd.is_ok() {
                Verdict::Good
            } else {
                Verdict::Missing
            },
            detail: format!("Linux {}", version.trim()),
            cost: if pidfd.is_ok() {
                ""
            } else {
                "FFmpeg cannot be watched: Linux 5.3 or newer is needed"
            }
            .into(),
        },
        Finding {
            area: "kernel",
            name: "/proc".into(),
            state: if has_proc {
                Verdict::Good
            } else {
                Verdict::Degraded
            },
            detail: if has_proc { "mounted" } else { "not mounted" }.into(),
            cost: if has_proc {
                ""
            } else {
                "an FFmpeg that works without progress is taken for a stuck one"
            }
            .into(),
        },
    ]
}

fn of_machine() -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = policy::memory_bytes();
    let workers = policy::workers(0, cores, memory);
    Finding {
        area: "machine",
        name: "size".into(),
        state: Verdict::Good,
        detail: format!(
            "{cores} cores, {:.1} GiB of memory: {workers} jobs at the same time",
            memory as f64 / (1u64 << 30) as f64
        ),
        cost: String::new(),
    }
}
