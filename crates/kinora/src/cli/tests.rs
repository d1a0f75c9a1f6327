//! What is typed, and what it comes to.

use super::*;
use crate::report::Failure;
use serde_json::json;

fn read(line: &str) -> Result<(Global, Order), clap::Error> {
    parse(
        std::iter::once("kinora")
            .chain(line.split(' '))
            .map(OsString::from),
    )
}

fn check_form(line: &str, parameters: serde_json::Value) {
    let Order::Operation(order) = read(line).unwrap().1 else {
        panic!("{line}")
    };
    assert_eq!(
        serde_json::Value::Object(order.parameters.clone()),
        parameters,
        "{line}"
    );
    order.operation().unwrap();
}

fn check_refused(line: &str, word: &str) {
    let said = match read(line) {
        Err(error) => error.to_string(),
        Ok((_, Order::Operation(order))) => {
            Failure::from(order.operation().unwrap_err()).text(false)
        }
        Ok(_) => panic!("{line}"),
    };
    assert!(said.contains(word), "{line}: {said}");
}

#[test]
fn clap_finds_nothing_wrong() {
    command().debug_assert();
}

#[test]
fn flags_become_the_canonical_form() {
    check_form("compress a.mp4", json!({}));
    check_form(
        "compress a.mp4 --target-size 25MB",
        json!({"target_size": 25_000_000}),
    );
    check_form("compress a.mp4 b.mp4 --quality 23", json!({"quality": 23}));
    check_form(
        "compress a.mp4 --quality Balanced --for modern --max-size 8MB",
        json!({"quality": "balanced", "for": "modern", "max_size": 8_000_000}),
    );
    check_form(
        "resize a.mp4 --size 720P --upscale",
        json!({"size": "720p", "upscale": true}),
    );
    check_form(
        "resize a.mp4 --width 640 --height 360 --fit crop",
        json!({"width": 640, "height": 360, "fit": "crop"}),
    );
    check_form(
        "aspect a.mp4 --ratio 1:1 --fit letterbox",
        json!({"ratio": "1:1", "fit": "letterbox"}),
    );
    check_form("audio a.mp4 --bitrate 192k", json!({"bitrate": 192_000}));
    check_form(
        "gif a.mp4 --start 1:30 --duration 5",
        json!({"start": 90.0, "duration": 5.0}),
    );
    check_form(
        "webm a.mp4 --start 00:00:10 --end 12.5 --codec vp9",
        json!({"start": 10.0, "end": 12.5, "codec": "vp9"}),
    );
    check_form(
        "convert a.mp4 --format mkv --video copy",
        json!({"format": "mkv", "video": "copy"}),
    );
}

#[test]
fn an_outputs_ending_says_what_format_is_wanted() {
    check_form("convert a.mp4 -o b.mkv", json!({"format": "mkv"}));
    check_form("audio a.mp4 -o b.FLAC", json!({"format": "flac"}));
    check_form("audio a.mp4 -o b.m4a", json!({"format": "aac"}));
    check_form(
        "audio a.mp4 -o b.flac --format wav",
        json!({"format": "wav"}),
    );
    check_form("compress a.mp4 -o b.mkv", json!({}));
    check_refused("audio a.mp4 -o b.mp4", "format");
}

fn check_report(line: &str, form: Option<Form>, files: usize) {
    let Order::Operation(order) = read(line).unwrap().1 else {
        panic!("{line}")
    };
    assert_eq!(
        (order.report, order.common.files.len()),
        (form, files),
        "{line}"
    );
}

#[test]
fn a_report_has_a_form_and_takes_no_file() {
    check_report("compress a.mp4", None, 1);
    check_report("compress --report a.mp4", Some(Form::Text), 1);
    check_report("compress a.mp4 --report", Some(Form::Text), 1);
    check_report("compress --report html a.mp4", Some(Form::Html), 1);
    check_report("compress --report=json a.mp4 b.mp4", Some(Form::Json), 2);
    check_report("compress --report ./html", Some(Form::Text), 1);
    check_report("compress --report -- html", Some(Form::Text), 1);
    check_report("compress a.mp4 -- --report html", None, 3);
    check_refused("compress --report=pdf a.mp4", "html");
    check_refused("resize --size 720p --report a.mp4", "--report");
    let Order::Other(Other::Fetch(fetch)) = read("fetch 7k2m --report json").unwrap().1 else {
        panic!()
    };
    assert_eq!(fetch.report.form, Some(Form::Json));
}

#[test]
fn mistakes_are_found_before_anything_is_sent() {
    check_refused("compress", "FILE");
    check_refused("compress a.mp4 --quality 99", "quality");
    check_refused(
        "compress a.mp4 --quality 20 --target-size 5MB",
        "target_size",
    );
    check_refused("gif a.mp4 --start soon", "HH:MM:SS");
    check_refused("resize a.mp4 --fit squeeze", "letterbox");
    check_refused("convert a.mp4", "format");
    check_refused("compress a.mp4 --parallel 5", "1..=4");
    check_refused("compress a.mp4 --server a:b", "port");
}

#[test]
fn times_and_servers() {
    let line = "compress a.mp4 --check-interval 5s --max-wait 1h --server box:7 --json -j 2";
    let (global, Order::Operation(order)) = read(line).unwrap() else {
        panic!()
    };
    let connection = order.common.connection;
    assert!(global.json);
    assert_eq!(connection.check_interval, Duration::from_secs(5));
    assert_eq!(connection.max_wait, Some(Duration::from_secs(3600)));
    assert_eq!(connection.server.unwrap().to_string(), "box:7");
}

#[test]
fn every_command_has_help_and_an_example() {
    for command in command().get_subcommands() {
        let name = command.get_name();
        assert!(command.get_about().is_some(), "{name}");
        let example = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(
            name == "exit-codes" || example.contains(&format!("kinora {name}")),
            "{name}: {example}"
        );
    }
}

#[test]
fn the_examples_of_operations_are_valid() {
    for command in operations::commands() {
        let text = command.get_after_help().unwrap().to_string();
        let line = text
            .lines()
            .last()
            .unwrap()
            .trim()
            .trim_start_matches("kinora ")
            .to_owned();
        let Order::Operation(order) = read(&line).unwrap().1 else {
            panic!("{line}")
        };
        order.operation().unwrap();
    }
}

#[test]
fn the_help_is_as_reviewed() {
    let mut root = command().term_width(100);
    insta::assert_snapshot!("help", root.render_long_help().to_string());
    let compress = root.find_subcommand_mut("compress").unwrap();
    insta::assert_snapshot!("help-compress", compress.render_help().to_string());
}

#[test]
fn expected_endings() {
    let ending = |line: &str| match read(line).unwrap().1 {
        Order::Operation(order) => order.expected_extension(),
        Order::Other(_) => panic!("{line}"),
    };
    assert_eq!(ending("audio a.mp4").as_deref(), Some("mp3"));
    assert_eq!(ending("audio a.mp4 --format flac").as_deref(), Some("flac"));
    assert_eq!(
        ending("convert a.mp4 --format .mkv").as_deref(),
        Some("mkv")
    );
    assert_eq!(ending("gif a.mp4").as_deref(), Some("gif"));
    assert_eq!(ending("compress a.mp4"), None);
}
