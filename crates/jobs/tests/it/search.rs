//! `compress` with a quality: a search on real files, with Debian's FFmpeg alone and with the static build beside it.

use crate::media::{clip, probe, tools};
use kinora_jobs::Programs;
use kinora_jobs::runner::{Made, Runner, Stop, Task, Watch, Wish};
use kinora_jobs::sandbox::{Share, Tools};
use kinora_media::operation::Operation;
use kinora_media::quality::Report;
use kinora_media::quality::report::Status;
use kinora_store::contract::Progress;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// Three scenes that differ: fine patterns, the same upside down and softer, and bars.
const SCENES: &str = "testsrc2=size=320x180:rate=25:duration=1.4[a];\
    testsrc2=size=320x180:rate=25:duration=1.4,negate,vflip,boxblur=1[b];\
    testsrc=size=320x180:rate=25:duration=1.4,hue=h=90[c];\
    [a][b][c]concat=n=3,format=yuv420p[v]";

fn three_scenes() -> PathBuf {
    let graph = &[
        "-filter_complex",
        SCENES,
        "-map",
        "[v]",
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        "8",
    ];
    clip("three-scenes.mp4", graph)
}

/// The static build beside Debian's, where it has been fetched.
fn with_vmaf() -> Option<&'static Tools> {
    static TOOLS: OnceLock<Option<Tools>> = OnceLock::new();
    let find = || {
        let program = std::env::current_exe().unwrap();
        let second = program
            .ancestors()
            .nth(3)
            .unwrap()
            .join("lib/kinora/ffmpeg");
        second.exists().then(|| {
            let programs = Programs {
                second,
                ..Programs::default()
            };
            Tools::find(&programs, crate::media::whole()).unwrap()
        })
    };
    TOOLS.get_or_init(find).as_ref()
}

struct Done {
    made: Made,
    report: Report,
    probe: Value,
    _place: tempfile::TempDir,
}

struct Patient;

impl Watch for Patient {
    fn report(&mut self, _: &Progress) -> Wish {
        Wish::Continue
    }
}

fn search_in(
    place: &Path,
    tools: &Tools,
    input: &Path,
    parameters: &Value,
    watch: &mut dyn Watch,
) -> Result<Made, Stop> {
    let operation = Operation::from_form("compress", parameters.as_object().unwrap()).unwrap();
    let share = Share::off();
    let runner = Runner {
        tools,
        share: &share,
        threads: 2,
        stall: Duration::from_secs(60),
        time: Duration::from_secs(600),
        // More than a disk has: what others write meanwhile is taken off.
        file_size: Some(1 << 40),
    };
    let task = Task {
        operation: &operation,
        extension: input.extension().and_then(|e| e.to_str()),
        input,
        work: place,
        keep: None,
    };
    runner.run(&task, watch)
}

fn search(tools: &Tools, input: &Path, parameters: Value) -> Done {
    let place = tempfile::tempdir().unwrap();
    let made = search_in(place.path(), tools, input, &parameters, &mut Patient);
    let made = made.unwrap_or_else(|stop| panic!("{parameters}: {stop:?}"));
    Done {
        report: *made.report.clone().expect("a search reports"),
        probe: probe(&made.path),
        made,
        _place: place,
    }
}

fn check_held(done: &Done, input: &Path) {
    let report = &done.report;
    assert_eq!(report.status, Status::Held, "{report:?}");
    let (is, goal) = (report.measured.unwrap().levels, report.goal.unwrap());
    assert!(is.mean >= goal.mean - 0.3, "{is:?}");
    // All frames were scored, so that nothing is left to be off by.
    assert!(is.scene >= goal.scene - 0.005, "{is:?}");
    assert!(is.worst5 >= goal.worst5 - 0.005, "{is:?}");
    let size = |path: &Path| std::fs::metadata(path).unwrap().len();
    assert!(size(&done.made.path) < size(input));
    assert_eq!(report.output_bytes, size(&done.made.path));
    assert!(
        (1..=4).contains(&report.effort.probes),
        "{:?}",
        report.effort
    );
}

#[test]
fn every_scene_is_near_the_original_without_vmaf() {
    let input = three_scenes();
    let done = search(tools(), &input, json!({}));
    check_held(&done, &input);
    assert_eq!(done.report.metric.name, "xpsnr");
    assert!(done.report.metric.caveat.contains("estimates"));
    assert_eq!(done.report.scenes.len(), 3, "{:?}", done.report.scenes);
    assert_eq!(done.report.frames, 105);
    let video = &done.probe["streams"][0];
    assert_eq!(
        (&video["codec_name"], &video["nb_frames"]),
        (&json!("h264"), &json!("105"))
    );
    assert_eq!(video["avg_frame_rate"], "25/1");
}

#[test]
fn every_scene_is_near_the_original_by_vmaf() {
    let Some(tools) = with_vmaf() else {
        return println!("skipped, the static FFmpeg has not been fetched (make test fetches it)");
    };
    let input = three_scenes();
    for parameters in [json!({}), json!({"for": "modern", "quality": "balanced"})] {
        let done = search(tools, &input, parameters);
        check_held(&done, &input);
        assert_eq!(done.report.metric.model, "vmaf_v1.0.16_3d0h");
    }
}

#[test]
fn encoding_and_comparing_in_one_run_changes_nothing() {
    let Some(tools) = with_vmaf() else {
        return println!("skipped, the static FFmpeg has not been fetched (make test fetches it)");
    };
    let source = "testsrc2=size=320x180:rate=25:duration=2,format=yuv420p";
    let encode = ["-c:v", "libx264", "-crf", "8", "-preset", "veryfast"];
    let input = clip(
        "one-scene.mp4",
        &[&["-f", "lavfi", "-i", source], &encode[..]].concat(),
    );
    let mut tools = tools.clone();
    // Another build's x264 gives other bytes.
    tools.builds.retain(|build| !build.tried.vmaf.is_empty());
    let mut apart = tools.clone();
    for build in &mut apart.builds {
        build.tried.loopback = false;
    }
    for parameters in [json!({}), json!({"for": "modern"})] {
        let (one, two) = (
            search(&tools, &input, parameters.clone()),
            search(&apart, &input, parameters),
        );
        assert_eq!(one.report.scenes, two.report.scenes);
        assert_eq!(one.report.timeline, two.report.timeline);
        let bytes = |done: &Done| std::fs::read(&done.made.path).unwrap();
        assert!(bytes(&one) == bytes(&two));
    }
}

#[test]
fn what_is_small_already_comes_back_after_the_search() {
    let small = clip(
        "small-already.mp4",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=320x180:rate=25:duration=4,noise=alls=20:allf=t",
            "-c:v",
            "libx264",
            "-preset",
            "medium",
            "-crf",
            "38",
            "-pix_fmt",
            "yuv420p",
        ],
    );
    let done = search(tools(), &small, json!({}));
    assert!(done.made.kept_original);
    assert_eq!(done.made.path, small);
    assert_eq!(done.report.status, Status::KeptOriginal);
    assert_eq!(done.report.measured, None);
    assert!(
        done.report.reason.contains("original"),
        "{}",
        done.report.reason
    );
}

#[test]
fn an_avi_that_was_cut_off_is_refused_before_anything_is_made_of_it() {
    let whole = clip(
        "camera.avi",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=320x180:rate=25:duration=6",
            "-f",
            "lavfi",
            "-i",
            "sine=duration=6",
            "-c:v",
            "mjpeg",
            "-pix_fmt",
            "yuvj420p",
            "-c:a",
            "pcm_s16le",
        ],
    );
    let half = whole.with_file_name("camera-half.avi");
    let bytes = std::fs::read(&whole).unwrap();
    std::fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    let place = tempfile::tempdir().unwrap();
    let refused = search_in(place.path(), tools(), &half, &json!({}), &mut Patient);
    let Err(Stop::Failed { problem, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(problem.code, "corrupt_input");
    let told = &problem.description;
    assert!(
        told.contains("cut off") && told.contains("pictures of 150"),
        "{told}"
    );
    let files = std::fs::read_dir(place.path()).unwrap();
    let names: Vec<_> = files.map(|each| each.unwrap().file_name()).collect();
    let is_chunk = |name: &std::ffi::OsString| name.to_string_lossy().ends_with(".mp4");
    assert!(!names.iter().any(is_chunk), "{names:?}");
}

#[test]
fn a_largest_size_is_kept() {
    let input = three_scenes();
    let free = search(tools(), &input, json!({"quality": "small"}))
        .report
        .output_bytes;
    let most = free * 2 / 3;
    let done = search(
        tools(),
        &input,
        json!({"quality": "small", "max_size": most}),
    );
    assert!(
        done.report.output_bytes <= most,
        "{} of {most}",
        done.report.output_bytes
    );
    assert!(
        done.report.output_bytes >= most * 8 / 10,
        "{} of {most}",
        done.report.output_bytes
    );
    assert_eq!(done.report.status, Status::BestEffort);
}

/// When each frame of a file is shown, in milliseconds.
fn times(file: &Path) -> Vec<i64> {
    let answer = std::process::Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-select_streams",
            "v:0",
            "-show_entries",
            "packet=pts_time",
            "-of",
            "csv=p=0",
        ])
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8(answer.stdout).unwrap();
    let seconds = text
        .lines()
        .filter_map(|line| line.trim_end_matches(',').parse::<f64>().ok());
    let mut times: Vec<_> = seconds.map(|s| (s * 1000.0).round() as i64).collect();
    times.sort_unstable();
    times
}

#[test]
fn frames_keep_their_times_however_uneven() {
    let input = clip(
        "uneven.mp4",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=320x180:rate=30:duration=6,select='not(mod(n,3))+gt(random(1),0.6)',setpts=PTS+0.4/TB",
            "-f",
            "lavfi",
            "-i",
            "sine=duration=6",
            "-fps_mode",
            "vfr",
            "-c:v",
            "libx264",
            "-crf",
            "6",
            "-preset",
            "veryfast",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "aac",
        ],
    );
    let done = search(tools(), &input, json!({"quality": "balanced"}));
    assert!(
        done.report.footage.contains(&"variable_rate".into()),
        "{:?}",
        done.report.footage
    );
    let (before, after) = (times(&input), times(&done.made.path));
    assert_eq!(before.len(), after.len());
    let off = before.iter().zip(&after).map(|(a, b)| (a - b).abs()).max();
    assert!(off <= Some(2), "{off:?} ms off");
}

#[test]
fn a_stream_without_an_index_is_cut_at_the_right_frames() {
    let input = clip(
        "stream.ts",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=320x180:rate=25:duration=21",
            "-c:v",
            "libx264",
            "-crf",
            "6",
            "-preset",
            "ultrafast",
            "-g",
            "100",
            "-pix_fmt",
            "yuv420p",
        ],
    );
    let done = search(tools(), &input, json!({"quality": "balanced"}));
    assert!(done.report.scenes.len() >= 3, "{:?}", done.report.scenes);
    assert_eq!(done.probe["streams"][0]["nb_frames"], "525");
    check_held(&done, &input);
}

/// Wants to stop once encoding has begun.
struct Impatient(bool);

impl Watch for Impatient {
    fn report(&mut self, progress: &Progress) -> Wish {
        self.0 |= progress.stage == "searching";
        if self.0 { Wish::Cancel } else { Wish::Continue }
    }
}

/// 32 s with four frames of noise in them, where no scored frame lies.
const LONG: &str = "testsrc2=size=240x240:rate=50:duration=32,\
    noise=alls=80:allf=t:enable='between(n,700,703)',format=yuv420p[v]";

#[test]
fn a_long_video_is_scored_in_samples_and_looked_at_whole() {
    let Some(tools) = with_vmaf() else {
        return println!("skipped, the static FFmpeg has not been fetched (make test fetches it)");
    };
    let graph = ["-filter_complex", LONG, "-map", "[v]", "-c:v", "libx264"];
    let input = clip(
        "long.mp4",
        &[&graph[..], &["-preset", "veryfast", "-crf", "4"]].concat(),
    );
    let done = search(tools, &input, json!({"speed": "fast"}));
    let report = &done.report;
    assert_eq!(
        (report.status, report.frames),
        (Status::Held, 1600),
        "{report:?}"
    );
    let measured = report.measured.unwrap();
    assert!(
        (1600 / 14..1600 / 4).contains(&(measured.scored as usize)),
        "{measured:?}"
    );
    assert!(report.metric.caveat.contains("Every seventh frame"));
    // The noise was found, though nothing was to be scored there.
    let is_noise = |at: f64| (14.0..14.08).contains(&at);
    assert!(
        report.worst.iter().any(|place| is_noise(place.at_s)),
        "{:?}",
        report.worst
    );
}

/// Bands as wide as a finger, which VMAF holds against whatever shows them.
const BANDS: &str = "color=black:size=480x270:rate=25:duration=3,format=yuv420p,\
    geq=lum='16+floor((X+N*2)/30)':cb=128:cr=128[bands];\
    testsrc2=size=96x96:rate=25:duration=3[box];\
    [bands][box]overlay=x=20:y='20+n',format=yuv420p[v]";

#[test]
fn bands_of_the_original_are_not_held_against_the_result() {
    let Some(tools) = with_vmaf() else {
        return println!("skipped, the static FFmpeg has not been fetched (make test fetches it)");
    };
    let graph = ["-filter_complex", BANDS, "-map", "[v]", "-c:v", "libx264"];
    let input = clip(
        "bands.mp4",
        &[&graph[..], &["-preset", "medium", "-crf", "12"]].concat(),
    );
    let done = search(tools, &input, json!({}));
    check_held(&done, &input);
    let ceiling = done.report.ceiling.expect("the original is marked down");
    assert!((80.0..95.0).contains(&ceiling), "{ceiling}");
    assert!(
        done.report
            .metric
            .caveat
            .starts_with("The original itself reaches only")
    );
}

#[test]
fn a_broadcast_may_begin_with_sound_alone() {
    let input = clip(
        "late-picture.ts",
        &[
            "-f",
            "lavfi",
            "-i",
            "sine=duration=3",
            "-itsoffset",
            "0.8",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=320x180:rate=25:duration=2",
            "-map",
            "1:v",
            "-map",
            "0:a",
            "-c:v",
            "mpeg2video",
            "-q:v",
            "2",
            "-c:a",
            "mp2",
        ],
    );
    let done = search(tools(), &input, json!({}));
    assert_eq!(done.report.status, Status::Held, "{:?}", done.report);
    let starts: Vec<f64> = done.probe["streams"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stream| stream["start_time"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!((starts[0] - starts[1] - 0.8).abs() < 0.05, "{starts:?}");
}

#[test]
fn a_search_ends_when_its_client_wants() {
    let place = tempfile::tempdir().unwrap();
    let input = three_scenes();
    let stop = search_in(
        place.path(),
        tools(),
        &input,
        &json!({}),
        &mut Impatient(false),
    );
    assert_eq!(stop, Err(Stop::Asked(Wish::Cancel)));
}

#[test]
fn what_was_made_once_is_not_made_again() {
    let input = three_scenes();
    let place = tempfile::tempdir().unwrap();
    let first = search_in(place.path(), tools(), &input, &json!({}), &mut Patient).unwrap();
    let chunks = || {
        let entries = std::fs::read_dir(place.path())
            .unwrap()
            .map(|entry| entry.unwrap());
        let chunks =
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("h264-"));
        let mut found: Vec<_> = chunks
            .map(|entry| {
                (
                    entry.file_name(),
                    entry.metadata().unwrap().modified().unwrap(),
                )
            })
            .collect();
        found.sort();
        found
    };
    let (bytes, made) = (std::fs::read(&first.path).unwrap(), chunks());
    assert!(made.len() >= 6, "{made:?}");
    let second = search_in(place.path(), tools(), &input, &json!({}), &mut Patient).unwrap();
    assert_eq!(std::fs::read(&second.path).unwrap().len(), bytes.len());
    assert_eq!(chunks(), made);
    // Other options are another recipe.
    search_in(
        place.path(),
        tools(),
        &input,
        &json!({"quality": "small"}),
        &mut Patient,
    )
    .unwrap();
    assert!(made.iter().all(|old| !chunks().contains(old)));
}
