//! What is read from FFmpeg: its JSON, its lists, its messages.

use insta::assert_debug_snapshot;
use kinora_media::diagnosis::{Ended, HEAD_BYTES, cut_off, diagnose, severe_warnings};
use kinora_media::info::{Mastering, Scan};
use kinora_media::probe;

use crate::files::{NAMES, capabilities, info, json};

#[test]
fn a_film_is_read_whole() {
    let film = info("film");
    let (stream, video) = film.first_video().unwrap();
    assert_eq!(
        (stream.index, video.bit_depth, video.is_hdr()),
        (0, 10, true)
    );
    assert_eq!(stream.duration_us, Some(5_400_000_000));
    let light = Some((1000, 400));
    let points = [
        (13_250, 34_500),
        (7_500, 3_000),
        (34_000, 16_000),
        (15_635, 16_450),
    ];
    assert_eq!(
        video.mastering,
        Some(Mastering {
            points,
            luminance: (10_000_000, 50),
            light
        })
    );
    assert_eq!(
        (
            film.chapters,
            film.videos().count(),
            film.attachments().count()
        ),
        (2, 1, 1)
    );
    assert_eq!(film.cover().map(|cover| cover.index), Some(5));
    assert_eq!(film.audio().nth(1).unwrap().0.bit_rate, Some(128_000));
    // Escape sequences do not get past this point.
    assert_eq!(film.tags["title"], "[2JA <b>film</b>");
}

#[test]
fn real_files_are_understood() {
    assert!(info("song").first_video().is_none());
    assert!(info("screen").is_vfr());
    assert!(info("phone").is_vfr());
    assert!(!info("broadcast").is_vfr());
    assert_eq!(
        info("broadcast").first_video().unwrap().1.scan,
        Scan::Interlaced
    );
    assert_eq!(info("phone").first_video().unwrap().1.dolby_vision, Some(8));
    assert_eq!(info("raw").duration_us, None);
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        assert_debug_snapshot!("info_phone", info("phone"));
    });
}

#[test]
fn bad_probes_are_refused_and_never_panic() {
    let check = |json: &str, code: &str| {
        assert_eq!(
            probe::parse(json.as_bytes()).unwrap_err().code(),
            code,
            "{json}"
        )
    };
    check("", "corrupt_input");
    check("{}", "corrupt_input");
    check("[1, 2]", "corrupt_input");
    check(r#"{"format":{"format_name":7}}"#, "corrupt_input");
    check(r#"{"format":{"format_name":"hls"}}"#, "unsupported_format");
    check(
        r#"{"format":{"format_name":"concat"}}"#,
        "unsupported_format",
    );
    check(r#"{"format":{"format_name":"tty"}}"#, "unsupported_format");
    for name in NAMES {
        let json = json(name);
        (0..json.len())
            .step_by(7)
            .for_each(|end| drop(probe::parse(&json[..end])));
    }
    let odd = br#"{"format":{"format_name":"mp4","duration":"-5","size":-1},"streams":[{"codec_type":"video","width":"x",
        "height":-3,"sample_aspect_ratio":"65535:1","avg_frame_rate":"1/0","side_data_list":[{"rotation":"nan"}]}, 7, null]}"#;
    assert_eq!(probe::parse(odd).unwrap().duration_us, None);
}

#[test]
fn lists_are_read() {
    let ffmpeg = capabilities();
    assert_eq!(ffmpeg.version(), "5.1.9-0+deb12u1");
    for encoder in ["libx264", "libsvtav1", "aac", "subrip"] {
        assert!(ffmpeg.has_encoder(encoder), "{encoder}");
    }
    assert!(ffmpeg.encoder("vorbis").unwrap().is_experimental);
    assert!(ffmpeg.has_muxer("sdl2") && ffmpeg.has_muxer("webm") && !ffmpeg.has_muxer("="));
    assert!(ffmpeg.has_demuxer("mov") && ffmpeg.has_demuxer("webm"));
    assert!(ffmpeg.has_filter("zscale") && !ffmpeg.has_filter("Filters:"));
}

#[test]
fn causes_are_named() {
    let check = |ended: Ended, line: &str, code: &str| {
        let cause = diagnose(&ended, &[line.to_string(), "Conversion failed!".into()]);
        assert_eq!(cause.code, code, "{line}");
        assert!(
            !cause.description.contains("/home") && !cause.solution.is_empty(),
            "{}",
            cause.description
        );
        cause.transient
    };
    let exit = Ended::Exit(1);
    assert!(check(
        exit,
        "[error] av_interleaved_write_frame(): No space left on device",
        "disk_full"
    ));
    assert!(check(Ended::Signal(9), "", "out_of_memory"));
    assert!(!check(
        exit,
        "[mov,mp4 @ 0x5581] [error] moov atom not found",
        "corrupt_input"
    ));
    assert!(!check(
        exit,
        "file:/srv/x y/in.mp4: Invalid data found when processing input",
        "unsupported_format"
    ));
    check(exit, "[fatal] Unknown encoder 'libx264'", "encoder_missing");
    check(
        exit,
        "[fatal] Stream map '0:a:0' matches no streams.",
        "no_audio",
    );
    check(
        exit,
        "[mp4 @ 0x1] [error] Could not find tag for codec prores in stream #0",
        "incompatible_target",
    );
    check(exit, "[error] something new", "failed");
    check(Ended::Signal(15), "", "cancelled");
    check(Ended::Signal(11), "", "crashed");
    check(Ended::Stalled, "", "stalled");
    check(Ended::TimedOut, "", "timed_out");
    let cause = diagnose(
        &exit,
        &["[mov,mp4 @ 0x5581] [error] file:/srv/a/in.mp4: moov atom not found".into()],
    );
    assert_eq!(
        cause.description,
        "the file is damaged or incomplete (FFmpeg: <file> moov atom not found)"
    );
}

#[test]
fn missing_input_is_told_although_the_status_is_0() {
    let lines: Vec<String> = [
        "[matroska,webm @ 0x55a] [error] File ended prematurely at pos. 81 (0x51)",
        "[matroska,webm @ 0x55b] [error] File ended prematurely at pos. 81 (0x51)",
        "[warning] Guessed Channel Layout for Input Stream #0.1 : mono",
    ]
    .map(String::from)
    .into();
    assert_eq!(
        severe_warnings(&lines),
        ["File ended prematurely at pos. 81 (0x51)"]
    );
    assert_eq!(severe_warnings(&lines[2..]), Vec::<String>::new());
}

#[test]
fn an_avi_that_was_cut_off_says_so_in_its_head() {
    let head = |size: u32, kind: &[u8; 4]| {
        let mut head = [0; HEAD_BYTES];
        head[..4].copy_from_slice(b"RIFF");
        head[4..8].copy_from_slice(&size.to_le_bytes());
        head[8..12].copy_from_slice(kind);
        head[24..28].copy_from_slice(b"avih");
        head[48..].copy_from_slice(&795_u32.to_le_bytes());
        head
    };
    let part = cut_off(&head(8_131_682, b"AVI "), 4_000_000).unwrap();
    assert!(
        part.told.contains("4000000 bytes of 8131690"),
        "{}",
        part.told
    );
    assert_eq!(part.frames, 795);
    assert_eq!(cut_off(&head(8_131_682, b"AVI "), 8_131_690), None);
    // Begun and never finished, of unknown length, and something else.
    assert_eq!(cut_off(&head(0, b"AVI "), 4_000_000), None);
    assert_eq!(cut_off(&head(u32::MAX, b"AVI "), 4_000_000), None);
    assert_eq!(cut_off(&head(8_131_682, b"WAVE"), 4_000_000), None);
}
