//! How a file is asked what it is, and how ffprobe's JSON becomes `MediaInfo`.
//!
//! Members are read one by one and each may be missing, a number or a number as text: versions 5.1 and later differ in
//! that. What the file says about itself is shortened and cleaned here, once.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::capability::Capabilities;
use crate::fault::Fault;
use crate::info::{Audio, Color, Kind, Mastering, MediaInfo, Ratio, Scan, Stream, Video};
use crate::limits;
use crate::plan::Argument;

/// The arguments for ffprobe; the JSON comes on its standard output. The kinds of files that it may open are all that
/// this build reads, except those that are programs (playlists, scripts) or devices: a playlist named `x.mp4` is
/// otherwise opened as a playlist.
pub fn arguments(capabilities: &Capabilities) -> Vec<Argument> {
    let decoders = capabilities.decoders_allowed();
    ask(&capabilities.demuxers_allowed(), decoders)
}

/// The same for a file that FFmpeg has made here, which may be of a kind that is not taken from outside.
pub fn arguments_of_result(capabilities: &Capabilities) -> Vec<Argument> {
    ask(&capabilities.own_demuxers_allowed(), None)
}

fn ask(formats: &str, decoders: Option<String>) -> Vec<Argument> {
    let mut all: Vec<Argument> = ["-hide_banner", "-v", "error"].map(Argument::text).into();
    let mut pair =
        |name: &str, value: String| all.extend([Argument::text(name), Argument::text(value)]);
    pair("-max_alloc", limits::ALLOCATION_BYTES.to_string());
    pair("-protocol_whitelist", "file".into());
    if !formats.is_empty() {
        pair("-format_whitelist", formats.into());
    }
    if let Some(decoders) = decoders {
        pair("-codec_whitelist", decoders);
    }
    pair("-max_streams", limits::STREAMS.to_string());
    pair("-max_pixels", limits::FRAME_PIXELS.to_string());
    pair("-of", "json".into());
    all.extend(["-show_format", "-show_streams", "-show_chapters", "-i"].map(Argument::text));
    all.push(Argument::Input);
    all
}

/// Reads what ffprobe printed.
pub fn parse(json: &[u8]) -> Result<MediaInfo, Fault> {
    if json.len() > limits::PROBE_BYTES {
        return Err(Fault::UnreadableProbe("it is too long".into()));
    }
    let root: Value =
        serde_json::from_slice(json).map_err(|error| Fault::UnreadableProbe(error.to_string()))?;
    let format = &root["format"];
    let Some(format_name) = text(format, "format_name") else {
        return Err(Fault::UnreadableProbe("it names no container".into()));
    };
    refuse_programs(&format_name)?;
    let streams: Vec<Stream> = list(&root, "streams")
        .iter()
        .take(limits::STREAMS)
        .map(stream)
        .collect();
    let longest = streams
        .iter()
        .filter(|each| !each.is_attached_picture)
        .filter_map(|each| each.duration_us)
        .max();
    Ok(MediaInfo {
        format_name,
        duration_us: micros(format, "duration")
            .or(longest)
            .filter(|&duration| duration > 0),
        start_us: number::<f64>(format, "start_time").map(|seconds| (seconds * 1e6).round() as i64),
        size: number(format, "size"),
        bit_rate: number(format, "bit_rate"),
        streams,
        chapters: list(&root, "chapters").len(),
        tags: tags(format),
    })
}

fn refuse_programs(format_name: &str) -> Result<(), Fault> {
    let refused = format_name
        .split(',')
        .find_map(crate::accept::refused_demuxer);
    refused.map_or(Ok(()), |reason| {
        Err(Fault::RefusedFormat {
            format: format_name.into(),
            reason,
        })
    })
}

fn stream(value: &Value) -> Stream {
    let disposition = &value["disposition"];
    let has = |name: &str| number::<u64>(disposition, name) == Some(1);
    let tags = tags(value);
    Stream {
        index: number(value, "index").unwrap_or(0),
        codec: text(value, "codec_name").unwrap_or_default(),
        profile: text(value, "profile"),
        duration_us: micros(value, "duration").or_else(|| tagged_length(value, &tags)),
        start_us: number::<f64>(value, "start_time").map(|seconds| (seconds * 1e6) as i64),
        bit_rate: number(value, "bit_rate")
            .or_else(|| tags.get("BPS").and_then(|tag| tag.parse().ok())),
        frames: number(value, "nb_frames"),
        is_attached_picture: has("attached_pic") || has("timed_thumbnails"),
        is_default: has("default"),
        is_forced: has("forced"),
        is_descriptive: has("hearing_impaired") || has("captions"),
        tags,
        kind: kind(value),
    }
}

/// Matroska has no length per track; what its writers put into a tag is when the track ends.
fn tagged_length(value: &Value, tags: &BTreeMap<String, String>) -> Option<u64> {
    let end = clock(tags.get("DURATION")?)?;
    let start: f64 = number(value, "start_time").unwrap_or(0.0);
    Some(end.saturating_sub((start.max(0.0) * 1e6) as u64))
}

fn kind(value: &Value) -> Kind {
    match value["codec_type"].as_str() {
        Some("video") => Kind::Video(video(value)),
        Some("audio") => Kind::Audio(Audio {
            sample_rate: number(value, "sample_rate").unwrap_or(0),
            channels: number(value, "channels").unwrap_or(0),
            layout: text(value, "channel_layout"),
        }),
        Some("subtitle") => Kind::Subtitle,
        Some("attachment") => Kind::Attachment,
        _ => Kind::Data,
    }
}

fn video(value: &Value) -> Video {
    let pixel_format = text(value, "pix_fmt");
    let side_data = list(value, "side_data_list");
    Video {
        width: number(value, "width").unwrap_or(0),
        height: number(value, "height").unwrap_or(0),
        sample_aspect: ratio(value, "sample_aspect_ratio")
            .filter(is_plausible_aspect)
            .unwrap_or_default(),
        rotation: rotation(value, side_data),
        bit_depth: bit_depth(
            pixel_format.as_deref(),
            number(value, "bits_per_raw_sample"),
        ),
        pixel_format,
        scan: scan(value),
        average_rate: ratio(value, "avg_frame_rate"),
        nominal_rate: ratio(value, "r_frame_rate"),
        color: Color {
            range: text(value, "color_range"),
            space: text(value, "color_space"),
            transfer: text(value, "color_transfer"),
            primaries: text(value, "color_primaries"),
        },
        dolby_vision: side_data.iter().find_map(|each| number(each, "dv_profile")),
        dolby_base: side_data
            .iter()
            .find_map(|each| number(each, "dv_bl_signal_compatibility_id")),
        mastering: mastering(side_data),
    }
}

fn is_plausible_aspect(aspect: &Ratio) -> bool {
    (1.0 / limits::SAMPLE_ASPECT..=limits::SAMPLE_ASPECT).contains(&aspect.value())
}

/// The display matrix, or the tag that older files carry, to the nearest quarter turn.
fn rotation(value: &Value, side_data: &[Value]) -> u32 {
    let matrix = side_data
        .iter()
        .find_map(|each| number::<f64>(each, "rotation"));
    let degrees = matrix
        .or_else(|| number(&value["tags"], "rotate"))
        .unwrap_or(0.0);
    let quarters = (degrees / 90.0).round() as i64;
    (quarters.rem_euclid(4) * 90) as u32
}

/// The bits are at the end of the format's name, as in `yuv420p10le`, or said in a member of their own.
fn bit_depth(pixel_format: Option<&str>, raw: Option<u32>) -> u32 {
    let name = pixel_format.unwrap_or_default();
    let named = [9, 10, 12, 14, 16].into_iter().find(|bits| {
        name.ends_with(&format!("p{bits}le"))
            || name.ends_with(&format!("p{bits}be"))
            || name == format!("gray{bits}le")
    });
    let packed = match name {
        "p010le" | "p210le" | "x2rgb10le" | "x2bgr10le" => Some(10),
        "rgb48le" | "rgb48be" | "rgba64le" | "rgba64be" | "p016le" => Some(16),
        _ => None,
    };
    named
        .or(packed)
        .or_else(|| raw.filter(|bits| (1..=16).contains(bits) && name.is_empty()))
        .unwrap_or(8)
}

fn scan(value: &Value) -> Scan {
    match value["field_order"].as_str() {
        Some("progressive") => Scan::Progressive,
        Some("tt" | "bb" | "tb" | "bt") => Scan::Interlaced,
        _ => Scan::Unknown,
    }
}

/// Encoders take whole units of 0.00002 and 0.0001; ffprobe prints fractions over any denominator.
fn mastering(side_data: &[Value]) -> Option<Mastering> {
    let display = side_data.iter().find(|each| each.get("red_x").is_some())?;
    let units =
        |name: &str, per: f64| ratio(display, name).map(|each| (each.value() * per).round() as u32);
    let point = |x: &str, y: &str| Some((units(x, 50_000.0)?, units(y, 50_000.0)?));
    let light = side_data
        .iter()
        .find(|each| each.get("max_content").is_some());
    Some(Mastering {
        points: [
            point("green_x", "green_y")?,
            point("blue_x", "blue_y")?,
            point("red_x", "red_y")?,
            point("white_point_x", "white_point_y")?,
        ],
        luminance: (
            units("max_luminance", 10_000.0)?,
            units("min_luminance", 10_000.0)?,
        ),
        light: light
            .and_then(|each| Some((number(each, "max_content")?, number(each, "max_average")?))),
    })
}

fn tags(value: &Value) -> BTreeMap<String, String> {
    let Some(members) = value["tags"].as_object() else {
        return BTreeMap::new();
    };
    let pairs = members
        .iter()
        .take(limits::TAGS)
        .filter_map(|(name, tag)| Some((clean(name), clean(tag.as_str()?))));
    pairs.collect()
}

/// Titles hold escape sequences and whole pages in hostile files.
fn clean(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(limits::TAG_CHARACTERS)
        .collect()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn text(value: &Value, name: &str) -> Option<String> {
    value[name]
        .as_str()
        .filter(|text| !text.is_empty() && *text != "unknown")
        .map(clean)
}

/// A number, or a number as text.
fn number<T: std::str::FromStr>(value: &Value, name: &str) -> Option<T> {
    match &value[name] {
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn micros(value: &Value, name: &str) -> Option<u64> {
    let seconds: f64 = number(value, name)?;
    // A length of more than thirty years is a broken header; the float would lose the microseconds anyway.
    (0.0..1e9)
        .contains(&seconds)
        .then_some((seconds * 1e6).round() as u64)
}

/// `30000/1001` or `4:3`, without zeros.
fn ratio(value: &Value, name: &str) -> Option<Ratio> {
    let (num, den) = value[name].as_str()?.split_once(['/', ':'])?;
    let ratio = Ratio {
        num: num.parse().ok()?,
        den: den.parse().ok()?,
    };
    (ratio.num > 0 && ratio.den > 0).then_some(ratio)
}

/// `00:00:30.016000000`.
fn clock(text: &str) -> Option<u64> {
    let mut parts = text.trim().splitn(3, ':').map(str::parse::<f64>);
    let (hours, minutes, seconds) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    let total = hours * 3600.0 + minutes * 60.0 + seconds;
    (0.0..1e9)
        .contains(&total)
        .then_some((total * 1e6).round() as u64)
}
