//! Every operation on real files: streams, size, shape and length of what comes out.

use crate::media::{clip, refuse, run};
use serde_json::json;
use std::path::PathBuf;

const PICTURE: &str = "testsrc2=size=640x360:rate=25:duration=4";
const TONE: &str = "sine=frequency=440:duration=4";

/// 16:9 with sound, fat enough that compressing pays.
fn plain() -> PathBuf {
    clip(
        "plain.mp4",
        &[
            "-f",
            "lavfi",
            "-i",
            PICTURE,
            "-f",
            "lavfi",
            "-i",
            TONE,
            "-c:v",
            "libx264",
            "-crf",
            "6",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "aac",
            "-metadata",
            "title=A day",
        ],
    )
}

/// Two languages, subtitles and chapters, as a film has them.
fn film() -> PathBuf {
    let place = plain();
    let words = place.with_file_name("words.srt");
    std::fs::write(&words, "1\n00:00:01,000 --> 00:00:02,000\nHello\n").unwrap();
    let marks = place.with_file_name("marks.txt");
    let chapter = "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle=One\n";
    let second = "[CHAPTER]\nTIMEBASE=1/1000\nSTART=2000\nEND=4000\ntitle=Two\n";
    std::fs::write(&marks, format!(";FFMETADATA1\n{chapter}{second}")).unwrap();
    let (words, marks, place) = (
        words.to_str().unwrap(),
        marks.to_str().unwrap(),
        place.to_str().unwrap(),
    );
    clip(
        "film.mkv",
        &[
            "-i",
            place,
            "-i",
            words,
            "-i",
            marks,
            "-map",
            "0:v",
            "-map",
            "0:a",
            "-map",
            "0:a",
            "-map",
            "1:s",
            "-map_metadata",
            "2",
            "-c",
            "copy",
            "-metadata:s:a:0",
            "language=eng",
            "-metadata:s:a:1",
            "language=deu",
        ],
    )
}

/// Held upright: stored lying down, with a display matrix.
fn phone() -> PathBuf {
    clip(
        "phone.mp4",
        &[
            "-i",
            plain().to_str().unwrap(),
            "-c",
            "copy",
            "-metadata:s:v",
            "rotate=90",
        ],
    )
}

fn silent() -> PathBuf {
    clip(
        "silent.mp4",
        &["-i", plain().to_str().unwrap(), "-an", "-c:v", "copy"],
    )
}

/// Odd sizes in 4:4:4, which 4:2:0 cannot hold as they are.
fn odd() -> PathBuf {
    clip(
        "odd.mkv",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=321x181:rate=25:duration=2",
            "-pix_fmt",
            "yuv444p",
            "-c:v",
            "libx264",
            "-crf",
            "6",
            "-preset",
            "ultrafast",
        ],
    )
}

/// Every third frame dropped at uneven places, time stamps kept.
fn uneven() -> PathBuf {
    clip(
        "uneven.mkv",
        &[
            "-f",
            "lavfi",
            "-i",
            PICTURE,
            "-vf",
            "select='not(eq(mod(n,7),3))*not(eq(mod(n,5),1))'",
            "-vsync",
            "vfr",
            "-c:v",
            "libx264",
            "-crf",
            "6",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
        ],
    )
}

/// Ten bits, BT.2020, PQ.
fn hdr() -> PathBuf {
    clip(
        "hdr.mp4",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=640x360:rate=25:duration=2",
            "-pix_fmt",
            "yuv420p10le",
            "-c:v",
            "libx265",
            "-preset",
            "ultrafast",
            "-crf",
            "8",
            "-x265-params",
            "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc",
            "-color_primaries",
            "bt2020",
            "-color_trc",
            "smpte2084",
            "-colorspace",
            "bt2020nc",
            "-tag:v",
            "hvc1",
        ],
    )
}

fn near(have: f64, want: f64) {
    assert!((have - want).abs() < 0.12, "{have} s instead of {want} s");
}

#[test]
fn compress_makes_it_smaller_and_keeps_the_rest() {
    let input = plain();
    let done = run(&input, "compress", json!({}));
    assert_eq!(
        (done.made.extension.as_str(), done.made.kept_original),
        ("mp4", false)
    );
    assert_eq!(done.codecs(), ["h264", "aac"]);
    assert_eq!(done.size(), (640, 360));
    near(done.seconds(), 4.0);
    assert_eq!(done.probe["format"]["tags"]["title"], "A day");
    let bytes = std::fs::read(&done.made.path).unwrap();
    let at = |name: &[u8]| bytes.windows(4).position(|w| w == name).unwrap();
    assert!(
        at(b"moov") < at(b"mdat"),
        "it can be played while it is fetched"
    );
    // The index has an entry for each stretch of a track that lies together: half a second, not a frame.
    let entries = bytes[..at(b"mdat")].windows(12);
    let entries = entries.filter(|window| window.starts_with(b"stco"));
    let counts: Vec<_> = entries
        .map(|window| u32::from_be_bytes(window[8..].try_into().unwrap()))
        .collect();
    assert!(
        counts.len() == 2 && counts.iter().all(|&count| count <= 10),
        "{counts:?}"
    );
}

#[test]
fn compress_never_returns_more_than_it_got() {
    let small = clip(
        "small.mp4",
        &[
            "-f", "lavfi", "-i", PICTURE, "-c:v", "libx264", "-crf", "40", "-preset", "veryslow",
            "-pix_fmt", "yuv420p",
        ],
    );
    let done = run(&small, "compress", json!({"quality": 10}));
    assert!(done.made.kept_original);
    assert_eq!(done.made.path, small);
    assert!(
        done.made.notes.iter().any(|n| n.contains("original")),
        "{:?}",
        done.made.notes
    );
}

#[test]
fn compress_meets_a_size() {
    let done = run(&plain(), "compress", json!({"target_size": 200_000}));
    let size = std::fs::metadata(&done.made.path).unwrap().len();
    assert!((120_000..=200_000).contains(&size), "{size}");
    assert_eq!(
        refuse(&plain(), "compress", json!({"target_size": 1000})),
        "target_too_small"
    );
}

#[test]
fn compress_keeps_tracks_and_chapters() {
    let done = run(&film(), "compress", json!({"quality": 30}));
    assert_eq!(done.streams("audio").len(), 2);
    assert_eq!(done.streams("subtitle").len(), 1);
    let languages: Vec<_> = done
        .streams("audio")
        .iter()
        .map(|a| a["tags"]["language"].clone())
        .collect();
    assert_eq!(languages, ["eng", "deu"]);
    assert_eq!(done.probe["chapters"].as_array().unwrap().len(), 2);
}

#[test]
fn compress_keeps_hdr_as_it_is() {
    let done = run(&hdr(), "compress", json!({}));
    let video = done.video();
    assert_eq!(
        (&video["codec_name"], &video["pix_fmt"]),
        (&json!("hevc"), &json!("yuv420p10le"))
    );
    assert_eq!(
        (&video["color_transfer"], &video["color_primaries"]),
        (&json!("smpte2084"), &json!("bt2020"))
    );
}

#[test]
fn compress_keeps_uneven_frames_at_their_times() {
    let times = |file: &std::path::Path| {
        crate::media::measure(file, &["-vf", "showinfo", "-vsync", "passthrough"])
            .lines()
            .filter_map(|line| {
                line.split("pts_time:")
                    .nth(1)?
                    .split_whitespace()
                    .next()?
                    .parse::<f64>()
                    .ok()
            })
            .collect::<Vec<_>>()
    };
    let input = uneven();
    let (before, done) = (times(&input), run(&input, "compress", json!({})));
    let after = times(&done.made.path);
    assert_eq!(after.len(), before.len());
    let worst = before
        .iter()
        .zip(&after)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max);
    assert!(worst < 0.002, "off by {worst} s");
}

#[test]
fn resize_bounds_and_fits() {
    let check = |input: &PathBuf, parameters, size| {
        assert_eq!(run(input, "resize", parameters).size(), size)
    };
    check(&plain(), json!({"height": 180}), (320, 180));
    check(&plain(), json!({"width": 320}), (320, 180));
    check(&plain(), json!({"size": "144p"}), (256, 144));
    check(
        &plain(),
        json!({"width": 300, "height": 300, "fit": "letterbox"}),
        (300, 300),
    );
    check(
        &plain(),
        json!({"width": 300, "height": 300, "fit": "crop"}),
        (300, 300),
    );
    check(
        &plain(),
        json!({"width": 300, "height": 300, "fit": "stretch"}),
        (300, 300),
    );
    check(&phone(), json!({"size": "144p"}), (144, 256));
    check(&odd(), json!({"height": 101}), (180, 102));
}

#[test]
fn resize_makes_nothing_larger_unless_told_to() {
    let kept = run(&plain(), "resize", json!({"height": 720}));
    assert_eq!(kept.size(), (640, 360));
    assert!(!kept.made.notes.is_empty());
    assert_eq!(
        run(&plain(), "resize", json!({"height": 720, "upscale": true})).size(),
        (1280, 720)
    );
}

#[test]
fn aspect_gives_the_shape() {
    let shape = |input: &PathBuf, parameters| {
        let done = run(input, "aspect", parameters);
        let (width, height) = done.size();
        let sar = done.video()["sample_aspect_ratio"]
            .as_str()
            .unwrap_or("1:1")
            .to_owned();
        let (num, den) = sar.split_once(':').unwrap();
        let sar = num.parse::<f64>().unwrap() / den.parse::<f64>().unwrap();
        width as f64 * sar / height as f64
    };
    for fit in ["letterbox", "crop", "stretch", "flag"] {
        for (ratio, want) in [("4:3", 4.0 / 3.0), ("1:1", 1.0), ("9:16", 9.0 / 16.0)] {
            let have = shape(&plain(), json!({"ratio": ratio, "fit": fit}));
            assert!((have / want - 1.0).abs() < 0.02, "{fit} {ratio}: {have}");
        }
    }
}

#[test]
fn aspect_by_flag_copies_everything() {
    let done = run(&plain(), "aspect", json!({"ratio": "4:3", "fit": "flag"}));
    let (a, b) = (crate::media::probe(&plain()), &done.probe);
    assert_eq!(a["streams"][0]["bit_rate"], b["streams"][0]["bit_rate"]);
    assert_eq!(done.video()["display_aspect_ratio"], "4:3");
}

#[test]
fn audio_comes_in_each_format() {
    for (format, codec) in [
        ("mp3", "mp3"),
        ("opus", "opus"),
        ("aac", "aac"),
        ("flac", "flac"),
        ("wav", "pcm_s16le"),
    ] {
        let done = run(&plain(), "audio", json!({"format": format}));
        assert_eq!(done.codecs(), [codec]);
        near(done.seconds(), 4.0);
    }
    assert_eq!(refuse(&silent(), "audio", json!({})), "no_audio");
    let done = run(&plain(), "audio", json!({"bitrate": 64000}));
    let rate: f64 = done.probe["format"]["bit_rate"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((60_000.0..72_000.0).contains(&rate), "{rate}");
    assert_eq!(done.probe["format"]["tags"]["title"], "A day");
}

#[test]
fn audio_keeps_the_cover() {
    let cover = clip(
        "cover.jpg",
        &[
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=200x200:rate=1:duration=1",
            "-frames:v",
            "1",
        ],
    );
    let song = clip(
        "song.m4a",
        &[
            "-f",
            "lavfi",
            "-i",
            TONE,
            "-i",
            cover.to_str().unwrap(),
            "-map",
            "0",
            "-map",
            "1",
            "-c:a",
            "aac",
            "-c:v",
            "copy",
            "-disposition:v",
            "attached_pic",
            "-metadata",
            "artist=Somebody",
        ],
    );
    let done = run(&song, "audio", json!({}));
    assert_eq!(done.video()["disposition"]["attached_pic"], 1);
    assert_eq!(done.probe["format"]["tags"]["artist"], "Somebody");
}

#[test]
fn gif_and_webm_take_a_range() {
    let done = run(
        &plain(),
        "gif",
        json!({"start": 1, "duration": 1.5, "fps": 10, "width": 200}),
    );
    assert_eq!((done.codecs(), done.size()), (vec!["gif"], (200, 112)));
    near(done.seconds(), 1.5);
    let done = run(&plain(), "webm", json!({"start": 1, "end": 2.5}));
    assert_eq!(
        (done.made.extension.as_str(), done.codecs()),
        ("webm", vec!["vp9", "opus"])
    );
    near(done.seconds(), 1.5);
    let done = run(
        &plain(),
        "webm",
        json!({"start": 1, "duration": 1, "codec": "av1"}),
    );
    assert_eq!(done.codecs(), ["av1", "opus"]);
}

#[test]
fn a_range_is_cut_or_refused_at_the_end() {
    let done = run(&plain(), "webm", json!({"start": 3, "duration": 9}));
    near(done.seconds(), 1.0);
    assert!(!done.made.notes.is_empty());
    for operation in ["gif", "webm"] {
        assert_eq!(
            refuse(&plain(), operation, json!({"start": 9, "duration": 1})),
            "range_beyond_end"
        );
    }
}

#[test]
fn hdr_is_mapped_where_the_target_has_none() {
    let done = run(&hdr(), "gif", json!({"duration": 1, "width": 160}));
    let levels = done.measure(&[
        "-vf",
        "format=yuv420p,signalstats,metadata=print",
        "-frames:v",
        "1",
    ]);
    let average = levels
        .lines()
        .find_map(|l| l.split("YAVG=").nth(1)?.trim().parse::<f64>().ok())
        .unwrap();
    assert!(
        (50.0..200.0).contains(&average),
        "neither black nor washed out: {average}"
    );
}

#[test]
fn convert_copies_what_fits_and_encodes_the_rest() {
    let done = run(&plain(), "convert", json!({"format": "mkv"}));
    assert_eq!(
        (done.made.extension.as_str(), done.codecs()),
        ("mkv", vec!["h264", "aac"])
    );
    let (a, b) = (crate::media::probe(&plain()), &done.probe);
    assert_eq!(a["streams"][0]["nb_frames"].as_str().unwrap(), "100");
    near(
        b["format"]["duration"].as_str().unwrap().parse().unwrap(),
        4.0,
    );
    let done = run(&plain(), "convert", json!({"format": "webm"}));
    assert_eq!(done.codecs()[1], "opus");
    let done = run(&film(), "convert", json!({"format": "mp4"}));
    assert_eq!(done.streams("audio").len(), 2);
    assert_eq!(done.streams("subtitle")[0]["codec_name"], "mov_text");
    for format in ["avi", "mov", "mpegts", "flv", "ogg"] {
        let done = run(&plain(), "convert", json!({"format": format}));
        near(done.seconds(), 4.0);
    }
}

#[test]
fn rotation_is_respected() {
    for (operation, parameters) in [
        ("compress", json!({})),
        ("webm", json!({"duration": 1})),
        ("gif", json!({"duration": 1})),
    ] {
        let (width, height) = run(&phone(), operation, parameters).size();
        assert!(height > width, "{operation}: {width}x{height}");
    }
}

#[test]
fn no_sound_and_odd_sizes_are_no_obstacle() {
    for operation in ["compress", "gif", "webm"] {
        let done = run(&silent(), operation, json!({}));
        assert!(done.streams("audio").is_empty());
        let (width, height) = run(&odd(), operation, json!({})).size();
        assert!(
            (320..=322).contains(&width) && (180..=182).contains(&height),
            "{operation}: {width}x{height}"
        );
    }
    assert_eq!(
        run(&silent(), "aspect", json!({"ratio": "1:1"})).codecs(),
        ["h264"]
    );
}

#[test]
fn a_file_that_ends_early_is_not_delivered_as_whole() {
    let whole = std::fs::read(film()).unwrap();
    let half = film().with_file_name("half.mkv");
    std::fs::write(&half, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(
        refuse(&half, "compress", json!({"quality": 30})),
        "corrupt_input"
    );
}
