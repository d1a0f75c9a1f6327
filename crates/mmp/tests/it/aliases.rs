//! Everything in MMP §3 and §4 that other clients write differently.

use kinora_mmp::alias::table::{OPERATION_KEYS, OPERATIONS, PARAMETER_KEYS};
use kinora_mmp::alias::value;
use serde_json::{Value, json};

use crate::requests::{parse, submit};

/// A held request of a bare client: canonical operation and parameters.
fn check(request: Value, operation: &str, parameters: Value) {
    let submit = submit(request.clone(), "mp4");
    assert_eq!(
        (submit.operation.as_str(), Value::Object(submit.parameters)),
        (operation, parameters),
        "{request}"
    );
}

fn check_refused(request: Value, code: &str) {
    let fault = parse(request.clone(), "mp4").expect_err(&request.to_string());
    assert_eq!(fault.code(), code, "{request}: {fault}");
}

#[test]
fn operations_by_every_name_key_and_case() {
    let names = [
        ("compress", vec!["compress", "compress_video"]),
        (
            "resize",
            vec![
                "resolution",
                "resize",
                "change_resolution",
                "resize_resolution",
            ],
        ),
        (
            "aspect",
            vec!["aspect_ratio", "aspect", "change_aspect_ratio"],
        ),
        (
            "audio",
            vec![
                "extract_audio",
                "audio",
                "toaudio",
                "convert_to_mp3",
                "convert_to_audio",
            ],
        ),
        ("gif", vec!["gif", "create_gif"]),
        ("webm", vec!["webm", "create_webm"]),
    ];
    for (canonical, spellings) in names {
        for spelling in spellings {
            for sent in [
                spelling.to_owned(),
                spelling.to_uppercase(),
                spelling.replace('_', "-"),
                spelling.replace('_', " "),
            ] {
                for key in OPERATION_KEYS {
                    let submit = submit(json!({key: sent}), "mp4");
                    assert_eq!(submit.operation, canonical, "{key}: {sent}");
                    assert_eq!(submit.mirror.operation, Some(json!(sent)));
                }
            }
        }
    }
}

#[test]
fn no_spelling_means_two_operations() {
    let mut all: Vec<&str> = OPERATIONS
        .iter()
        .flat_map(|row| [row.name].into_iter().chain(row.spellings.iter().copied()))
        .collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn general_numbers() {
    let size = json!({"fit": "letterbox", "height": 720, "upscale": true, "width": 1280});
    for one in [json!(1), json!("1"), json!(1.0)] {
        for key in OPERATION_KEYS {
            check(
                json!({key: one, "crf": 20}),
                "compress",
                json!({"quality": 20}),
            );
        }
    }
    check(
        json!({"operation": 2, "width": 1280, "height": 720}),
        "resize",
        size,
    );
    check(
        json!({"command": "3", "aspect_ratio": "4:3"}),
        "aspect",
        json!({"ratio": "4:3", "fit": "letterbox"}),
    );
    check(
        json!({"process_type": 4}),
        "audio",
        json!({"format": "mp3"}),
    );
    check(json!({"operation": 5, "format": "webm"}), "webm", json!({}));
    check(
        json!({"command": 5, "type": "GIF", "start": 1}),
        "gif",
        json!({"start": 1}),
    );
    check(
        json!({"command": 5, "options": {"container": "webm"}}),
        "webm",
        json!({}),
    );
    check(json!({"command": 5}), "gif", json!({}));
}

#[test]
fn client_a_counts_differently() {
    let aspect = json!({"ratio": "16:9", "fit": "letterbox"});
    let size = json!({"width": 1920, "height": 1080, "fit": "letterbox", "upscale": true});
    // A choice decides, whatever the number; without one `extention` does.
    for number in [2, 3] {
        check(
            json!({"command": number, "ratio_choice": 1}),
            "aspect",
            aspect.clone(),
        );
        check(
            json!({"command": number, "resolution_choice": "1"}),
            "resize",
            size.clone(),
        );
    }
    check(
        json!({"command": 2, "extention": "mp4"}),
        "aspect",
        json!({"fit": "letterbox"}),
    );
    check(
        json!({"command": 3, "extention": "mp4"}),
        "resize",
        json!({}),
    );
    check(
        json!({"command": "5", "extention": "mp4"}),
        "gif",
        json!({}),
    );
    check(
        json!({"command": 1, "ratio_choice": "1", "crf": 30}),
        "compress",
        json!({"quality": 30}),
    );
    for (choice, width, height) in [
        ("1", 1920, 1080),
        ("2", 1280, 720),
        ("3", 854, 480),
        ("4", 640, 360),
    ] {
        let expected =
            json!({"width": width, "height": height, "fit": "letterbox", "upscale": true});
        check(
            json!({"command": 3, "resolution_choice": choice, "extention": "mp4"}),
            "resize",
            expected,
        );
    }
    for (choice, ratio) in [("1", "16:9"), ("2", "4:3"), ("3", "1:1")] {
        let request = json!({"command": 2, "ratio_choice": choice, "extention": "mp4"});
        check(
            request,
            "aspect",
            json!({"ratio": ratio, "fit": "letterbox"}),
        );
    }
    check_refused(
        json!({"command": 2, "ratio_choice": "4"}),
        "invalid_parameter",
    );
    check_refused(
        json!({"command": 3, "resolution_choice": "0"}),
        "invalid_parameter",
    );
    check_refused(
        json!({"command": 6, "extention": "mp4"}),
        "unknown_operation",
    );
}

#[test]
fn goodbye_in_any_form() {
    for goodbye in [json!(-1), json!("-1"), json!(-1.0)] {
        assert_eq!(
            parse(json!({"command": goodbye}), "mp4"),
            Ok(kinora_mmp::Request::Goodbye)
        );
    }
}

#[test]
fn client_c_chooses_by_number() {
    let request = |operation: &str, parameters: Value| json!({"action": "upload", "file_name": "a.mp4", "operation": operation, "parameters": parameters});
    for (choice, width, height) in [("1", 1920, 1080), ("2", 1280, 720), ("3", 640, 480)] {
        let expected =
            json!({"width": width, "height": height, "fit": "letterbox", "upscale": true});
        check(
            request("resize", json!({"size": choice})),
            "resize",
            expected,
        );
    }
    for (choice, ratio) in [("1", "16:9"), ("2", "4:3"), ("3", "1:1")] {
        let expected = json!({"ratio": ratio, "fit": "letterbox"});
        check(
            request("aspect", json!({"ratio": choice, "fit_mode": "1"})),
            "aspect",
            expected,
        );
    }
    let stretched = json!({"ratio": "16:9", "fit": "stretch"});
    check(
        request("aspect", json!({"ratio": "1", "fit_mode": "2"})),
        "aspect",
        stretched,
    );
    check(
        request("convert", json!({})),
        "audio",
        json!({"format": "mp3"}),
    );
    check_refused(request("trim", json!({"type": "mp4"})), "invalid_parameter");
    check_refused(request("trim", json!({})), "missing_member");
}

#[test]
fn clips_name_their_container() {
    let expected = json!({"start": 0, "duration": 5});
    for key in ["type", "format", "container", "output_format"] {
        for container in ["webm", ".webm", "video/webm", "WEBM"] {
            let inner = json!({"operation": "trim", "params": {key: container, "start": "0", "duration": "5"}});
            check(inner, "webm", expected.clone());
            check(
                json!({"action": "create_clip", key: container, "start": 0, "duration": 5}),
                "webm",
                expected.clone(),
            );
        }
    }
    let vague = json!({"operation": "TRIM", "type": "trim", "format": "gif"});
    check(vague, "gif", json!({}));
    check(json!({"type": "trim", "format": "gif"}), "gif", json!({}));
    check(
        json!({"operation": "create_gif", "parameters": {"format": "gif"}}),
        "gif",
        json!({}),
    );
}

#[test]
fn parameters_in_every_place() {
    for key in PARAMETER_KEYS {
        check(
            json!({"operation": "compress", key: {"crf": "23"}}),
            "compress",
            json!({"quality": 23}),
        );
    }
    check(
        json!({"operation": "compress", "crf": "23"}),
        "compress",
        json!({"quality": 23}),
    );
    check(
        json!({"operation": "compress", "crf": 30, "params": {"quality": 20}}),
        "compress",
        json!({"quality": 20}),
    );
    check(
        json!({"operation": "compress", "parameters": null, "options": {"crf": 20}}),
        "compress",
        json!({"quality": 20}),
    );
    check(
        json!({"operation": "compress", "parameters": [], "args": "", "crf": null}),
        "compress",
        json!({}),
    );
}

#[test]
fn unknown_members_are_ignored_outside_and_passed_on_inside() {
    check(
        json!({"operation": "compress", "colour": "red", "width": 3}),
        "compress",
        json!({}),
    );
    check(
        json!({"operation": "compress", "parameters": {"preset": "fast"}}),
        "compress",
        json!({"preset": "fast"}),
    );
    check(
        json!({"operation": "audio", "parameters": {"crf": 5}}),
        "audio",
        json!({"format": "mp3", "crf": 5}),
    );
    check(
        json!({"operation": "compress", "parameters": {"quality": "best"}}),
        "compress",
        json!({"quality": "best"}),
    );
}

#[test]
fn sizes() {
    let exact = |width: u64, height: u64| json!({"width": width, "height": height, "fit": "letterbox", "upscale": true});
    for size in [
        "1280x720",
        "1280:720",
        "1280X720",
        " 1280 x 720 ",
        "1280×720",
    ] {
        check(
            json!({"operation": "resize", "size": size}),
            "resize",
            exact(1280, 720),
        );
        check(
            json!({"operation": "resize", "resolution": size}),
            "resize",
            exact(1280, 720),
        );
    }
    check(
        json!({"operation": "resize", "width": "1280", "height": 720.0}),
        "resize",
        exact(1280, 720),
    );
    check(
        json!({"operation": "resize", "width": 1280, "height": -1}),
        "resize",
        json!({"width": 1280}),
    );
    check(
        json!({"operation": "resize", "width": "auto", "height": "720"}),
        "resize",
        json!({"height": 720}),
    );
    for (sent, name) in [
        ("720p", "720p"),
        ("720P", "720p"),
        ("1080", "1080p"),
        ("4K", "4k"),
        ("2160p", "4k"),
        ("HD", "720p"),
    ] {
        check(
            json!({"operation": "resize", "size": sent}),
            "resize",
            json!({"size": name}),
        );
    }
    let crop = json!({"operation": "resize", "width": 100, "height": 100, "fit": "CROP", "upscale": "false"});
    check(
        crop,
        "resize",
        json!({"width": 100, "height": 100, "fit": "crop", "upscale": false}),
    );
    // One of our own clients means what it says.
    let own =
        json!({"operation": "resize", "ext": [], "parameters": {"width": 1280, "height": 720}});
    check(own, "resize", json!({"width": 1280, "height": 720}));
}

#[test]
fn ratios() {
    for ratio in ["16:9", "16/9", "16x9", "16 : 9"] {
        for key in ["ratio", "aspect_ratio", "aspect"] {
            let request =
                json!({"operation": "aspect", "parameters": {key: ratio, "fit": "stretch"}});
            check(
                request,
                "aspect",
                json!({"ratio": "16:9", "fit": "stretch"}),
            );
        }
    }
    for fit in ["letterbox", "crop", "stretch", "flag"] {
        check(
            json!({"operation": "aspect", "ratio": "2.39:1", "fit": fit}),
            "aspect",
            json!({"ratio": "2.39:1", "fit": fit}),
        );
    }
}

#[test]
fn times() {
    let cases = [
        (json!(5), json!(5)),
        (json!(5.0), json!(5)),
        (json!(5.5), json!(5.5)),
        (json!("5"), json!(5)),
        (json!("5.5"), json!(5.5)),
        (json!("00:00:10"), json!(10)),
        (json!("00:10"), json!(10)),
        (json!("01:02:03.25"), json!(3723.25)),
        (json!("00:00:01,5"), json!(1.5)),
        (json!("90"), json!(90)),
        (json!("90:00"), json!(5400)),
        (json!("0"), json!(0)),
    ];
    for (sent, seconds) in cases {
        for (key, name) in [
            ("start", "start"),
            ("start_time", "start"),
            ("duration", "duration"),
            ("end", "end"),
            ("end_time", "end"),
        ] {
            check(
                json!({"operation": "gif", key: sent}),
                "gif",
                json!({name: seconds}),
            );
        }
    }
    for bad in [
        json!(-1),
        json!("-1"),
        json!("1:60"),
        json!("1:2:3:4"),
        json!("inf"),
        json!("1e9"),
        json!("ten"),
        json!(""),
        json!([5]),
        json!(1e300),
    ] {
        check_refused(
            json!({"operation": "webm", "duration": bad}),
            "invalid_parameter",
        );
    }
}

#[test]
fn amounts() {
    let cases = [
        (json!(1000), 1000),
        (json!("1000"), 1000),
        (json!("8MB"), 8_000_000),
        (json!("8 MiB"), 8 << 20),
        (json!("1.5g"), 1_500_000_000),
    ];
    for (sent, bytes) in cases {
        check(
            json!({"operation": "compress", "target_size": sent}),
            "compress",
            json!({"target_size": bytes}),
        );
    }
    for (sent, bits) in [
        (json!("128k"), 128_000),
        (json!(128), 128_000),
        (json!("192kbps"), 192_000),
        (json!(96_000), 96_000),
    ] {
        check(
            json!({"operation": "audio", "bitrate": sent}),
            "audio",
            json!({"format": "mp3", "bitrate": bits}),
        );
    }
    assert_eq!(value::with_unit("8 parsecs"), None);
    assert_eq!(value::with_unit("99999999999999999999"), None);
}

#[test]
fn conversions() {
    check(
        json!({"operation": "convert", "format": ".MKV"}),
        "convert",
        json!({"format": "mkv"}),
    );
    check(
        json!({"operation": "convert", "output_format": "video/webm"}),
        "convert",
        json!({"format": "webm"}),
    );
    check(
        json!({"operation": "convert", "format": "flac"}),
        "audio",
        json!({"format": "flac"}),
    );
    check(
        json!({"operation": "convert", "format": "mp3", "audio": "copy"}),
        "convert",
        json!({"format": "mp3", "audio": "copy"}),
    );
    check(
        json!({"operation": "convert", "ext": []}),
        "convert",
        json!({}),
    );
    check(
        json!({"operation": "convert_to_audio", "format": "opus", "quality": "4"}),
        "audio",
        json!({"format": "opus", "quality": 4}),
    );
}

#[test]
fn ffmpeg_arguments_are_refused_wherever_they_stand() {
    let code = "raw_arguments_refused";
    let members = [
        "ffmpeg_args",
        "FFmpeg-Options",
        "ffmpeg",
        "arguments",
        "extra_args",
        "filter",
        "filter_complex",
        "vf",
        "af",
        "cmd",
        "command_line",
        "-vf",
        "raw_args",
        "output_options",
    ];
    for member in members {
        check_refused(json!({"operation": "compress", member: "-crf 10"}), code);
        check_refused(
            json!({"operation": "compress", member: ["-crf", "10"]}),
            code,
        );
        check_refused(
            json!({"operation": "compress", "parameters": {member: "scale=2:2"}}),
            code,
        );
    }
    for key in PARAMETER_KEYS {
        check_refused(
            json!({"operation": "compress", key: ["-i", "/etc/passwd"]}),
            code,
        );
        check_refused(
            json!({"operation": "compress", key: "-i /etc/passwd"}),
            code,
        );
    }
    check_refused(
        json!({"operation": "compress", "parameters": {"args": ["-y"]}}),
        code,
    );
    check_refused(json!({"command": "ffmpeg -i in.mp4 out.gif"}), code);
    check_refused(json!({"command": "-i in.mp4"}), code);
    check_refused(json!({"operation": "compress", "command": "copy -y"}), code);
    check_refused(
        json!({"operation": "compress", "command": ["ffmpeg"]}),
        code,
    );
    check(
        json!({"operation": "compress", "extra_args": null, "vf": "", "filter": [], "ffmpeg_args": {}}),
        "compress",
        json!({}),
    );
}
