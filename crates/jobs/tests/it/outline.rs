//! Parts of a picture at different strengths, put end to end with the tracks of the original: with the real FFmpeg, for
//! each codec, as the result of a search is made.

mod sources;

use crate::media::{probe, tools};
use kinora_media::info::{MediaInfo, Ratio};
use kinora_media::operation::{Context, Operation};
use kinora_media::plan::Argument;
use kinora_media::quality::outline::{self, Outline};
use serde_json::{Value, json};
use sources::{broadcast, film, styled, taken_somewhere, uneven};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A part: from a frame to before another, at a CRF.
type Part = (usize, usize, f64);

/// What is made of what.
struct Case {
    source: PathBuf,
    wish: Value,
    /// The rate of the frames; `None` where each has a time of its own.
    rate: Option<Ratio>,
    parts: [Part; 3],
}

/// What came out.
struct Joined {
    info: MediaInfo,
    probe: Value,
    path: PathBuf,
    extension: String,
    _place: tempfile::TempDir,
}

const NTSC: Option<Ratio> = Some(Ratio {
    num: 30_000,
    den: 1001,
});
const PAL: Option<Ratio> = Some(Ratio { num: 25, den: 1 });
/// 90 frames, B-frames at each border.
const PARTS: [Part; 3] = [(0, 31, 18.0), (31, 60, 30.0), (60, 90, 40.0)];

#[test]
fn parts_at_ntsc_rate_follow_each_other_exactly() {
    for target in ["compatible", "hevc", "modern"] {
        let case = Case {
            source: film(),
            wish: json!({ "for": target }),
            rate: NTSC,
            parts: PARTS,
        };
        let Some(joined) = join(&case) else { continue };
        let times = times(&joined.path);
        assert_eq!(times.len(), 90, "{target}");
        assert!(
            times.windows(2).all(|pair| pair[1] - pair[0] == 1001),
            "{target}: {times:?}"
        );
        joined.keeps_the_film(target);
        joined.keeps_colours(target);
    }
}

#[test]
fn uneven_frames_keep_their_times() {
    for target in ["compatible", "hevc", "modern"] {
        let case = Case {
            source: uneven(),
            wish: json!({ "for": target }),
            rate: None,
            // The second part begins after a second without frames.
            parts: [(0, 30, 18.0), (30, 58, 30.0), (58, 90, 40.0)],
        };
        let Some(joined) = join(&case) else { continue };
        assert_eq!(times(&joined.path), times(&case.source), "{target}");
    }
}

#[test]
fn what_mp4_cannot_hold_makes_it_matroska() {
    for target in ["compatible", "modern"] {
        let case = Case {
            source: styled(),
            wish: json!({ "for": target }),
            rate: PAL,
            parts: [(0, 20, 18.0), (20, 50, 30.0), (50, 75, 40.0)],
        };
        let Some(joined) = join(&case) else { continue };
        assert_eq!(joined.extension, "mkv", "{target}");
        assert_eq!(joined.codecs("subtitle"), ["ass"], "{target}");
        assert_eq!(joined.info.attachments().count(), 1, "{target}");
        assert_eq!(joined.info.covers().count(), 1, "{target}");
    }
}

#[test]
fn places_are_left_out_when_asked() {
    let case = |is_removed: bool| Case {
        source: taken_somewhere(),
        wish: json!({ "remove_location": is_removed }),
        rate: PAL,
        parts: [(0, 8, 18.0), (8, 16, 30.0), (16, 25, 40.0)],
    };
    let (Some(kept), Some(removed)) = (join(&case(false)), join(&case(true))) else {
        return;
    };
    assert!(
        kept.probe.to_string().contains("+48.8577"),
        "{}",
        kept.probe
    );
    assert!(
        !removed.probe.to_string().contains("+48.8577"),
        "{}",
        removed.probe
    );
    assert_eq!(removed.probe["format"]["tags"]["title"], "Day");
}

#[test]
fn a_broadcast_keeps_picture_and_sound_together() {
    let case = Case {
        source: broadcast(),
        wish: json!({}),
        rate: PAL,
        parts: [(0, 20, 18.0), (20, 50, 30.0), (50, 75, 40.0)],
    };
    let before = info(&case.source);
    let Some(joined) = join(&case) else { return };
    let apart = |info: &MediaInfo| {
        let starts: Vec<i64> = info
            .streams
            .iter()
            .filter_map(|each| each.start_us)
            .collect();
        starts[1] - starts[0]
    };
    let moved = apart(&before) - apart(&joined.info);
    // AAC begins with a frame of 23 ms that only its decoder hears.
    assert!(moved.abs() < 25_000, "moved by {moved} us");
    // The generator's sound begins 0.8 s after the picture.
    assert!(apart(&before) > 700_000);
}

impl Joined {
    fn keeps_the_film(&self, target: &str) {
        let sound = if target == "modern" { "opus" } else { "aac" };
        assert_eq!(self.extension, "mp4", "{target}");
        assert_eq!(self.codecs("audio"), [sound, sound], "{target}");
        assert_eq!(self.codecs("subtitle"), ["mov_text"], "{target}");
        assert_eq!(self.tags("audio", "language"), ["eng", "deu"], "{target}");
        assert_eq!(self.tags("subtitle", "language"), ["fra"], "{target}");
        assert_eq!(self.tags("video", "language")[0], "jpn", "{target}");
        assert_eq!(self.info.chapters, 2, "{target}");
        assert_eq!(
            self.probe["chapters"][1]["tags"]["title"], "Two",
            "{target}"
        );
        assert_eq!(self.info.covers().count(), 1, "{target}");
        assert_eq!(self.probe["format"]["tags"]["title"], "A film", "{target}");
        for (stream, _) in self.info.audio() {
            let length = stream.duration_us.unwrap();
            assert!(
                length.abs_diff(3_003_000) < 50_000,
                "{target}: sound of {length} us"
            );
        }
        let last = self.streams("audio");
        assert_eq!(last[0]["disposition"]["default"], 0, "{target}");
        assert_eq!(last[1]["disposition"]["default"], 1, "{target}");
    }

    fn keeps_colours(&self, target: &str) {
        let video = self.streams("video")[0];
        for (name, value) in [
            ("color_range", "tv"),
            ("color_space", "bt709"),
            ("color_transfer", "bt709"),
            ("color_primaries", "bt709"),
        ] {
            assert_eq!(video[name], value, "{target}: {name}");
        }
    }

    fn streams(&self, kind: &str) -> Vec<&Value> {
        let all = self.probe["streams"].as_array().unwrap();
        all.iter()
            .filter(|each| each["codec_type"] == kind)
            .collect()
    }

    fn codecs(&self, kind: &str) -> Vec<&str> {
        let codecs = self.streams(kind).into_iter();
        codecs
            .map(|each| each["codec_name"].as_str().unwrap())
            .collect()
    }

    fn tags(&self, kind: &str, name: &str) -> Vec<&str> {
        let streams = self.streams(kind).into_iter();
        streams
            .map(|each| each["tags"][name].as_str().unwrap_or("-"))
            .collect()
    }
}

/// Encodes the parts and joins them; the result has been compared with what the outline promises, and decoded.
#[expect(clippy::print_stdout, reason = "a skip is said aloud")]
fn join(case: &Case) -> Option<Joined> {
    let build = tools().main();
    let capabilities = &build.capabilities;
    let context = Context {
        threads: 2,
        capabilities,
        file_extension: None,
    };
    let before = info(&case.source);
    let operation = Operation::from_form("compress", case.wish.as_object().unwrap()).unwrap();
    let options = operation.search().unwrap();
    let codec = outline::codecs(options, &before).unwrap()[0];
    if !build.can_encode(codec.encoder()) {
        println!("skipped, this FFmpeg has no working {}", codec.encoder());
        return None;
    }
    let outline = Outline::new(options, codec, false, &before, &context).unwrap();
    let place = tempfile::tempdir().unwrap();
    let chunks = case.parts.iter().enumerate().map(|(number, part)| {
        let name = format!("part{number}.mp4");
        encode(&outline, case, part, &place.path().join(&name));
        (name, length_ns(case, part))
    });
    let list = outline::concat_list(&chunks.collect::<Vec<_>>());
    std::fs::write(place.path().join("list.txt"), list).unwrap();
    let path = place.path().join(format!("out.{}", outline.extension()));
    if let Some(step) = outline.before_join(&before, &context) {
        ffmpeg(&render(&step.arguments, &case.source, &path));
    }
    let offset_us = outline.offset_us(&before);
    let step = outline.join("list.txt", case.rate, offset_us, &before, &context);
    ffmpeg(&render(&step.arguments, &case.source, &path));
    ffmpeg(&words(&[
        "-v",
        "error",
        "-i",
        path.to_str().unwrap(),
        "-f",
        "null",
        "-",
    ]));
    let after = info(&path);
    let frames = case.parts[2].1 as u64;
    outline.expect(frames, None).check(&after).unwrap();
    Some(Joined {
        info: after,
        probe: probe(&path),
        path,
        extension: outline.extension().into(),
        _place: place,
    })
}

fn encode(outline: &Outline, case: &Case, part: &Part, to: &Path) {
    let (from, end, crf) = part;
    let filters = outline.filters();
    // Matroska rounds to milliseconds: frames of a constant rate are counted, not timed.
    let stamp = match case.rate {
        Some(Ratio { num, den }) => format!("settb={den}/{num},setpts=N"),
        None => "setpts=PTS-STARTPTS".into(),
    };
    let trim = format!("trim=start_frame={from}:end_frame={end},{filters},{stamp}");
    let mut all = words(&["-v", "warning", "-y", "-i", case.source.to_str().unwrap()]);
    all.extend(words(&[
        "-map",
        &format!("0:{}", outline.picture()),
        "-vf",
        &trim,
    ]));
    let is_quarter = tools().main().tried.svt_quarter_crf;
    for list in [
        outline.encode(*crf, 250, 2, is_quarter),
        outline.chunk_muxer(case.rate),
    ] {
        all.extend(render(&list, &case.source, to));
    }
    all.push(to.into());
    ffmpeg(&all);
}

/// From the part's first frame to the next part's.
fn length_ns(case: &Case, (from, end, _): &Part) -> u64 {
    if let Some(Ratio { num, den }) = case.rate {
        return (end - from) as u64 * 1_000_000_000 * u64::from(den) / u64::from(num);
    }
    let times = times(&case.source);
    let at = |frame: &usize| *times.get(*frame).or_else(|| times.last()).unwrap();
    (at(end) - at(from)) as u64 * 1_000_000_000 / 90_000
}

/// When each frame is shown, in the track's own units.
fn times(file: &Path) -> Vec<i64> {
    let answer = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", "v:0", "-of", "csv=p=0"])
        .args(["-show_entries", "packet=pts"])
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8(answer.stdout).unwrap();
    let numbers = text
        .lines()
        .filter_map(|line| line.trim_matches(',').parse().ok());
    let mut times: Vec<i64> = numbers.collect();
    times.sort_unstable();
    times
}

fn info(file: &Path) -> MediaInfo {
    kinora_media::probe::parse(probe(file).to_string().as_bytes()).unwrap()
}

/// Runs FFmpeg, which must have nothing to complain of; SVT-AV1 tells about itself on the same pipe.
fn ffmpeg(arguments: &[OsString]) {
    let program = &tools().main().path;
    let ran = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    let complaints: Vec<&str> = said
        .lines()
        .filter(|line| !line.starts_with("Svt["))
        .collect();
    assert!(
        ran.status.success() && complaints.is_empty(),
        "{arguments:?}: {complaints:#?}"
    );
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

fn render(arguments: &[Argument], input: &Path, output: &Path) -> Vec<OsString> {
    let one = |argument: &Argument| match argument {
        Argument::Text(text) => text.into(),
        Argument::Input => input.into(),
        Argument::Output => output.into(),
        Argument::Scratch(name) => output.with_file_name(name).into_os_string(),
    };
    arguments.iter().map(one).collect()
}
