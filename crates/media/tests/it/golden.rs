//! Golden argument lists: what is run, for each operation and each kind of source that changes it.
//!
//! What every run has in common is shown once; the rest begins after the input, unless the input is cut.

use insta::assert_snapshot;
use kinora_media::{Plan, probe};
use serde_json::{Value, json};

use crate::files::{capabilities, lines, plan};

/// Steps after their common beginning, notes, and what the result must be.
fn show(plan: &Plan) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        let list = lines(&step.arguments);
        let (before, after) = list.split_once("-i <input>").unwrap();
        let cut: Vec<&str> = before
            .lines()
            .filter(|line| line.starts_with("-ss") || line.starts_with("-t "))
            .collect();
        let cut = if cut.is_empty() {
            String::new()
        } else {
            format!("\n({})", cut.join(" "))
        };
        text.push_str(&format!("[{} {}]{cut}{after}\n", step.label, step.share));
    }
    let expect = &plan.expect;
    text.push_str(&format!("-> {} {:?} us", plan.extension, plan.duration_us));
    text.push_str(&format!(
        ", video {:?}, audio {:?}, size {:?}",
        expect.videos, expect.audios, expect.size
    ));
    plan.notes
        .iter()
        .for_each(|note| text.push_str(&format!("\nnote: {note}")));
    text
}

fn check(name: &str, file: &str, operation: &str, parameters: Value) {
    let text = match plan(file, operation, &parameters) {
        Ok(plan) => show(&plan),
        Err(fault) => format!("{}: {fault}\n{}", fault.code(), fault.solution()),
    };
    insta::with_settings!({ description => format!("{operation} {parameters} of {file}"), omit_expression => true, prepend_module_to_snapshot => false }, {
        assert_snapshot!(name, text);
    });
}

#[test]
fn every_run_begins_alike() {
    let plan = plan("everyday", "compress", &json!({})).unwrap();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        assert_snapshot!("common", lines(&plan.steps[0].arguments));
        assert_snapshot!("probe", lines(&probe::arguments(&capabilities())));
    });
}

#[test]
fn compress() {
    check("compress", "everyday", "compress", json!({}));
    check(
        "compress_quality",
        "everyday",
        "compress",
        json!({ "quality": 28 }),
    );
    check(
        "compress_target_size",
        "everyday",
        "compress",
        json!({ "target_size": 1_000_000 }),
    );
    check(
        "compress_target_too_small",
        "everyday",
        "compress",
        json!({ "target_size": 50_000 }),
    );
    check(
        "compress_target_without_length",
        "raw",
        "compress",
        json!({ "target_size": 50_000 }),
    );
    check("compress_hlg_rotated", "phone", "compress", json!({}));
    check(
        "compress_hdr10_film_with_bitmap_subtitles",
        "film",
        "compress",
        json!({}),
    );
    check(
        "compress_hdr10_target_size",
        "film",
        "compress",
        json!({ "target_size": 2_000_000_000 }),
    );
    check(
        "compress_interlaced_anamorphic",
        "dvd",
        "compress",
        json!({}),
    );
    check("compress_several_tracks", "several", "compress", json!({}));
    check("compress_variable_rate", "screen", "compress", json!({}));
    check("compress_odd_raw", "raw", "compress", json!({}));
    check("compress_cover_only", "song", "compress", json!({}));
}

#[test]
fn resize() {
    check(
        "resize_named",
        "everyday",
        "resize",
        json!({ "size": "360p" }),
    );
    check(
        "resize_named_portrait",
        "phone",
        "resize",
        json!({ "size": "720p" }),
    );
    check(
        "resize_width",
        "everyday",
        "resize",
        json!({ "width": 641 }),
    );
    check(
        "resize_height_anamorphic",
        "dvd",
        "resize",
        json!({ "height": 288 }),
    );
    check(
        "resize_letterbox",
        "everyday",
        "resize",
        json!({ "width": 640, "height": 640 }),
    );
    check(
        "resize_crop",
        "everyday",
        "resize",
        json!({ "width": 640, "height": 640, "fit": "crop" }),
    );
    check(
        "resize_stretch",
        "everyday",
        "resize",
        json!({ "width": 640, "height": 640, "fit": "stretch" }),
    );
    check(
        "resize_not_upscaled_is_copied",
        "everyday",
        "resize",
        json!({ "size": "4k" }),
    );
    check(
        "resize_not_upscaled_crop",
        "everyday",
        "resize",
        json!({ "width": 2000, "height": 2000, "fit": "crop" }),
    );
    check(
        "resize_upscaled",
        "everyday",
        "resize",
        json!({ "size": "4k", "upscale": true }),
    );
}

#[test]
fn aspect() {
    check(
        "aspect_letterbox",
        "everyday",
        "aspect",
        json!({ "ratio": "4:3" }),
    );
    check(
        "aspect_letterbox_portrait",
        "phone",
        "aspect",
        json!({ "ratio": "16:9" }),
    );
    check(
        "aspect_crop",
        "everyday",
        "aspect",
        json!({ "ratio": "2.35:1", "fit": "crop" }),
    );
    check(
        "aspect_stretch",
        "everyday",
        "aspect",
        json!({ "ratio": "4:3", "fit": "stretch" }),
    );
    check(
        "aspect_flag",
        "several",
        "aspect",
        json!({ "ratio": "4:3", "fit": "flag" }),
    );
    check(
        "aspect_flag_rotated",
        "phone",
        "aspect",
        json!({ "ratio": "4:3", "fit": "flag" }),
    );
    check(
        "aspect_flag_broadcast",
        "broadcast",
        "aspect",
        json!({ "ratio": "4:3", "fit": "flag" }),
    );
}

#[test]
fn audio() {
    check("audio", "everyday", "audio", json!({}));
    check(
        "audio_quality",
        "everyday",
        "audio",
        json!({ "quality": 0 }),
    );
    check(
        "audio_bitrate",
        "everyday",
        "audio",
        json!({ "bitrate": 128_000 }),
    );
    check("audio_surround_to_mp3", "surround", "audio", json!({}));
    check("audio_copied_with_cover", "song", "audio", json!({}));
    check(
        "audio_flac_with_cover",
        "song",
        "audio",
        json!({ "format": "flac" }),
    );
    check(
        "audio_wav_without_cover",
        "song",
        "audio",
        json!({ "format": "wav" }),
    );
    check(
        "audio_opus",
        "several",
        "audio",
        json!({ "format": "opus" }),
    );
    check(
        "audio_aac_copied",
        "everyday",
        "audio",
        json!({ "format": "aac" }),
    );
    check("audio_tags_of_ogg", "ogg", "audio", json!({ "quality": 4 }));
    check("audio_none", "screen", "audio", json!({}));
}

#[test]
fn gif() {
    check(
        "gif",
        "everyday",
        "gif",
        json!({ "start": 2, "duration": 3 }),
    );
    check(
        "gif_whole",
        "everyday",
        "gif",
        json!({ "fps": 8, "width": 320 }),
    );
    check("gif_hdr", "phone", "gif", json!({ "end": 1.5 }));
    check("gif_too_large", "film", "gif", json!({}));
    check(
        "gif_range_is_cut",
        "everyday",
        "gif",
        json!({ "start": 6, "end": 30 }),
    );
    check(
        "gif_range_beyond_end",
        "everyday",
        "gif",
        json!({ "start": 8 }),
    );
}

#[test]
fn webm() {
    check(
        "webm",
        "everyday",
        "webm",
        json!({ "start": 1.5, "end": 4 }),
    );
    check("webm_hdr_vp9", "phone", "webm", json!({}));
    check(
        "webm_hdr_av1",
        "phone",
        "webm",
        json!({ "codec": "av1", "width": 540 }),
    );
    check(
        "webm_opus_surround",
        "surround",
        "webm",
        json!({ "quality": 40 }),
    );
    check("webm_from_vorbis", "web", "webm", json!({}));
}

#[test]
fn convert() {
    check(
        "convert_mkv_copies",
        "everyday",
        "convert",
        json!({ "format": "mkv" }),
    );
    check(
        "convert_mov_from_film",
        "film",
        "convert",
        json!({ "format": "mov" }),
    );
    check(
        "convert_avi",
        "everyday",
        "convert",
        json!({ "format": ".AVI" }),
    );
    check(
        "convert_mpeg_of_variable_rate",
        "screen",
        "convert",
        json!({ "format": "mpg" }),
    );
    check(
        "convert_mp3",
        "several",
        "convert",
        json!({ "format": "mp3" }),
    );
    check(
        "convert_turned_hdr_to_mkv",
        "phone",
        "convert",
        json!({ "format": "mkv" }),
    );
    check(
        "convert_turned_cannot_be_copied_to_mkv",
        "phone",
        "convert",
        json!({ "format": "mkv", "video": "copy" }),
    );
    check(
        "convert_prores",
        "everyday",
        "convert",
        json!({ "format": "mov", "video": "prores", "audio": "pcm" }),
    );
    check(
        "convert_to_hevc",
        "everyday",
        "convert",
        json!({ "format": "mp4", "video": "h265", "audio": "copy" }),
    );
    check("convert_dv", "dvd", "convert", json!({ "format": "dv" }));
    check(
        "convert_subtitles",
        "several",
        "convert",
        json!({ "format": "srt" }),
    );
    check(
        "convert_gif",
        "everyday",
        "convert",
        json!({ "format": "gif" }),
    );
    check(
        "convert_without_sound",
        "screen",
        "convert",
        json!({ "format": "flac" }),
    );
    check(
        "convert_hardware_encoder",
        "everyday",
        "convert",
        json!({ "format": "mp4", "video": "h264_nvenc" }),
    );
    check(
        "convert_missing_encoder",
        "everyday",
        "convert",
        json!({ "format": "amr" }),
    );
    check(
        "convert_unknown_container",
        "everyday",
        "convert",
        json!({ "format": "xyz" }),
    );
    check(
        "convert_to_playlist",
        "everyday",
        "convert",
        json!({ "format": "hls" }),
    );
}
