//! The contestants: how each is called, and what it says of its own search.

use super::results::Clip;
use super::single::Range;
use kinora_media::quality::Report;
use kinora_media::quality::report::Status;
use serde_json::Value;

/// What the result is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    H264,
    Av1,
}

/// Both, in the order of the tables.
pub(crate) const FAMILIES: [Family; 2] = [Family::H264, Family::Av1];

/// The size at which `ab-av1` looks at frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// 1080p for all that is smaller: what it does when nothing is said.
    Default,
    /// Their own.
    Own,
}

/// Who compresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Ours(Family),
    AbAv1(Family, Scale),
    HandBrake(Family),
    /// FFmpeg alone with this CRF.
    Plain(Family, u32),
}

impl Family {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::Av1 => "av1",
        }
    }

    /// What the words of `compress --for` call it.
    const fn goal(self) -> &'static str {
        match self {
            Self::H264 => "compatible",
            Self::Av1 => "modern",
        }
    }

    /// FFmpeg's encoder, its preset and what it is fed with.
    const fn encoder(self) -> [&'static str; 3] {
        match self {
            Self::H264 => ["libx264", "medium", "yuv420p"],
            Self::Av1 => ["libsvtav1", "8", "yuv420p10le"],
        }
    }

    /// The CRF that people take who do not think about it.
    pub(crate) const fn usual_crf(self) -> u32 {
        match self {
            Self::H264 => 23,
            Self::Av1 => 35,
        }
    }

    /// Where a single CRF is looked for.
    pub(crate) const fn range(self) -> Range {
        let first = self.usual_crf();
        match self {
            Self::H264 => Range {
                first,
                least: 10,
                most: 44,
                near: 1,
                slope: 0.115,
            },
            Self::Av1 => Range {
                first,
                least: 8,
                most: 63,
                near: 2,
                slope: 0.048,
            },
        }
    }
}

impl Tool {
    pub(crate) fn label(self) -> String {
        match self {
            Self::Ours(family) => format!("kinora-{}", family.name()),
            Self::AbAv1(family, Scale::Own) => format!("ab-av1-{}", family.name()),
            Self::AbAv1(family, Scale::Default) => format!("ab-av1-{}-1080p", family.name()),
            Self::HandBrake(family) => format!("handbrake-{}", family.name()),
            Self::Plain(family, crf) => format!("ffmpeg-{}-crf{crf}", family.name()),
        }
    }

    pub(crate) const fn family(self) -> Family {
        match self {
            Self::Ours(family)
            | Self::AbAv1(family, _)
            | Self::HandBrake(family)
            | Self::Plain(family, _) => family,
        }
    }

    /// Which program it needs.
    pub(crate) const fn group(self) -> &'static str {
        match self {
            Self::Ours(_) => "ours",
            Self::AbAv1(..) => "ab-av1",
            Self::HandBrake(_) => "handbrake",
            Self::Plain(..) => "plain",
        }
    }

    /// The result's file name's end.
    pub(crate) fn extension(self, clip: &Clip) -> &'static str {
        let is_mp4 = clip.name.ends_with(".mp4");
        match self {
            Self::Ours(_) => "",
            Self::HandBrake(_) | Self::Plain(Family::H264, _) => "mp4",
            Self::AbAv1(..) if is_mp4 => "mp4",
            Self::AbAv1(..) | Self::Plain(Family::Av1, _) => "mkv",
        }
    }

    /// The words of the run that makes the file, or for `ab-av1` of the search; without the files' names.
    pub(crate) fn words(self, clip: &Clip) -> Vec<String> {
        let words: Vec<&str> = match self {
            Self::Ours(family) => vec![
                "compress",
                "--local",
                "--report=json",
                "--for",
                family.goal(),
            ],
            Self::AbAv1(family, scale) => ab_av1(family, scale),
            Self::HandBrake(Family::H264) => vec!["-Z", "Fast 1080p30", "--crop-mode", "none"],
            Self::HandBrake(Family::Av1) => {
                vec!["-Z", "Fast 2160p60 4K AV1", "--crop-mode", "none"]
            }
            Self::Plain(family, crf) => {
                let [encoder, preset, pixels] = family.encoder();
                let crf = crf.to_string();
                let words = ["-c:v", encoder, "-preset", preset, "-pix_fmt", pixels];
                let words = words.into_iter().chain(["-crf", &crf, "-c:a", sound(clip)]);
                return words.map(str::to_owned).collect();
            }
        };
        words.into_iter().map(str::to_owned).collect()
    }
}

fn ab_av1(family: Family, scale: Scale) -> Vec<&'static str> {
    let [encoder, preset, _] = family.encoder();
    let mut words = vec!["crf-search", "-e", encoder, "--preset", preset];
    words.extend(["--min-vmaf", "95", "--cache", "false"]);
    words.extend(["--stdout-format", "json"]);
    if scale == Scale::Own {
        words.extend(["--vmaf-scale", "none"]);
    }
    words
}

/// The words for `ab-av1` to encode what it has found.
pub(crate) fn ab_av1_encode(family: Family, crf: f64) -> Vec<String> {
    let [encoder, preset, _] = family.encoder();
    let crf = format!("{crf:.2}");
    let words = ["encode", "-e", encoder, "--preset", preset, "--crf", &crf];
    words.map(str::to_owned).to_vec()
}

/// Sound that is small already is copied.
fn sound(clip: &Clip) -> &'static str {
    let small = ["aac", "mp3", "opus", "vorbis", "ac3", "eac3"];
    let is_small = |name: &String| small.contains(&name.as_str());
    match clip.streams.sounds.iter().all(is_small) {
        true => "copy",
        false => "aac",
    }
}

/// What a search came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Search {
    pub(crate) crf: Option<f64>,
    pub(crate) probes: u32,
}

/// What `ab-av1 crf-search --stdout-format json` says; one line for each trial, and one for the end.
pub(crate) fn read_ab_av1(output: &str) -> Search {
    let mut search = Search::default();
    for line in output.lines() {
        let Ok(said) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        match said["type"].as_str() {
            Some("sample-encode-done") => search.probes += 1,
            Some("crf-search-done") => search.crf = said["crf"].as_f64(),
            _ => {}
        }
    }
    search
}

/// What we say of ourselves; the report is the only object on standard output that has an effort in it.
pub(crate) fn read_ours(output: &str) -> Option<Report> {
    let said = serde_json::Deserializer::from_str(output).into_iter::<Value>();
    let mut objects = said.map_while(Result::ok).flat_map(|object| {
        let inner = object["report"].clone();
        [object, inner]
    });
    let report = objects.find(|object| object["effort"].is_object())?;
    serde_json::from_value(report).ok()
}

/// Whether the original came back.
pub(crate) fn is_kept(report: &Report) -> bool {
    report.status == Status::KeptOriginal
}

#[cfg(test)]
mod tests;
