//! Probed files and the lists of FFmpeg 5.1, as captured.

use kinora_media::{Argument, Capabilities, Context, Fault, MediaInfo, Operation, Plan, probe};
use serde_json::Value;

pub(crate) const NAMES: [&str; 14] = [
    "broadcast",
    "camera",
    "dvd",
    "everyday",
    "film",
    "hdr10_portrait",
    "ogg",
    "phone",
    "raw",
    "screen",
    "several",
    "song",
    "surround",
    "web",
];

pub(crate) fn json(name: &str) -> &'static [u8] {
    match name {
        "broadcast" => include_bytes!("samples/broadcast.json"),
        "camera" => include_bytes!("samples/camera.json"),
        "dvd" => include_bytes!("samples/dvd.json"),
        "everyday" => include_bytes!("samples/everyday.json"),
        "film" => include_bytes!("samples/film.json"),
        "hdr10_portrait" => include_bytes!("samples/hdr10_portrait.json"),
        "ogg" => include_bytes!("samples/ogg.json"),
        "phone" => include_bytes!("samples/phone.json"),
        "raw" => include_bytes!("samples/raw.json"),
        "screen" => include_bytes!("samples/screen.json"),
        "several" => include_bytes!("samples/several.json"),
        "song" => include_bytes!("samples/song.json"),
        "surround" => include_bytes!("samples/surround.json"),
        "web" => include_bytes!("samples/web.json"),
        _ => panic!("no sample {name}"),
    }
}

pub(crate) fn info(name: &str) -> MediaInfo {
    probe::parse(json(name)).unwrap()
}

pub(crate) fn capabilities() -> Capabilities {
    Capabilities::parse(
        include_str!("ffmpeg/encoders.txt"),
        include_str!("ffmpeg/muxers.txt"),
        include_str!("ffmpeg/filters.txt"),
        include_str!("ffmpeg/demuxers.txt"),
        include_str!("ffmpeg/version.txt"),
    )
}

pub(crate) fn operation(name: &str, parameters: &Value) -> Result<Operation, Fault> {
    Operation::from_form(name, parameters.as_object().unwrap())
}

pub(crate) fn plan(file: &str, name: &str, parameters: &Value) -> Result<Plan, Fault> {
    plan_for(&info(file), name, parameters)
}

pub(crate) fn plan_for(info: &MediaInfo, name: &str, parameters: &Value) -> Result<Plan, Fault> {
    let capabilities = capabilities();
    let context = Context {
        threads: 2,
        capabilities: &capabilities,
        file_extension: None,
    };
    operation(name, parameters)?.plan(info, &context)
}

/// One option with its values a line.
pub(crate) fn lines(arguments: &[Argument]) -> String {
    let mut text = String::new();
    for argument in arguments.iter().map(ToString::to_string) {
        let is_option = argument.starts_with('-') && argument.len() > 1;
        text.push_str(if text.is_empty() {
            ""
        } else if is_option || argument == "<output>" {
            "\n"
        } else {
            " "
        });
        text.push_str(&argument);
    }
    text
}
