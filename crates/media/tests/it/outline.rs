//! Golden outlines: what a picture becomes and how its parts are encoded and joined, for each kind of source that
//! changes it.

use insta::assert_snapshot;
use kinora_media::info::{Kind, MediaInfo, Ratio, Video};
use kinora_media::operation::compress::Quality;
use kinora_media::quality::outline::{Codec, Found, Outline, codecs, concat_list};
use kinora_media::{Context, Fault};
use serde_json::{Value, json};

use crate::files::{capabilities, info, lines, operation};

/// Every outline that the options allow, or why there is none.
fn outlines(info: &MediaInfo, wish: &Value, interlaced: bool) -> Result<Vec<Outline>, Fault> {
    let operation = operation("compress", wish).unwrap();
    let options = operation.search().unwrap();
    let capabilities = capabilities();
    let context = Context {
        threads: 2,
        capabilities: &capabilities,
        file_extension: None,
    };
    let outline = |codec| Outline::new(options, codec, interlaced, info, &context);
    codecs(options, info)?.into_iter().map(outline).collect()
}

/// The encoder, and all of the join that is not the same everywhere.
fn show(outline: &Outline, info: &MediaInfo) -> String {
    let capabilities = capabilities();
    let context = Context {
        threads: 2,
        capabilities: &capabilities,
        file_extension: None,
    };
    let rate = info.first_video().and_then(|(_, video)| video.average_rate);
    let encode = lines(&outline.encode(outline.first_crf(Quality::NearOriginal), 250, 2, true));
    let muxer = lines(&outline.chunk_muxer(rate)).replace('\n', " ");
    let step = outline.join("list", rate, outline.offset_us(info), info, &context);
    let join = lines(&step.arguments);
    let (before, join) = join.split_once("-i <input>\n").unwrap();
    let offset = before.lines().find(|line| line.starts_with("-itsoffset"));
    let mut text = format!(
        "{} of track {}, {:?}\n{}\n",
        outline.pixel_format(),
        outline.picture(),
        outline.size(),
        outline.filters()
    );
    text.push_str(&format!(
        "[part]\n{encode}\n{muxer}\n[join] {}\n{join}\n",
        offset.unwrap_or("")
    ));
    text.push_str(&format!(
        "-> {}, {} bytes beside the picture",
        outline.extension(),
        outline.sound_bytes(info)
    ));
    outline
        .notes()
        .iter()
        .for_each(|note| text.push_str(&format!("\nnote: {note}")));
    text
}

fn check(name: &str, info: &MediaInfo, wish: Value, interlaced: bool) {
    let text = match outlines(info, &wish, interlaced) {
        Ok(outlines) => outlines
            .iter()
            .map(|outline| show(outline, info))
            .collect::<Vec<_>>()
            .join("\n\n"),
        Err(fault) => format!("{}: {fault}\n{}", fault.code(), fault.solution()),
    };
    insta::with_settings!({ description => format!("{wish}"), omit_expression => true, prepend_module_to_snapshot => false }, {
        assert_snapshot!(name, text);
    });
}

#[test]
fn of_every_codec() {
    let everyday = info("everyday");
    check("outline_compatible", &everyday, json!({}), false);
    check(
        "outline_hevc",
        &everyday,
        json!({ "for": "hevc", "speed": "fast" }),
        false,
    );
    check(
        "outline_modern",
        &everyday,
        json!({ "for": "modern", "speed": "best" }),
        false,
    );
    check("outline_auto", &everyday, json!({ "for": "auto" }), false);
}

#[test]
fn of_high_dynamic_range() {
    check("outline_hdr10", &info("hdr10_portrait"), json!({}), false);
    check(
        "outline_hdr10_modern",
        &info("film"),
        json!({ "for": "modern" }),
        false,
    );
    check(
        "outline_hlg_mapped",
        &info("phone"),
        json!({ "tone_map": true }),
        false,
    );
    check(
        "outline_nothing_to_map",
        &info("web"),
        json!({ "tone_map": true }),
        false,
    );
}

#[test]
fn of_odd_pictures() {
    check(
        "outline_camera_full_range",
        &info("camera"),
        json!({}),
        false,
    );
    check(
        "outline_fields_by_looking",
        &info("everyday"),
        json!({}),
        true,
    );
    check(
        "outline_fields_by_flag",
        &info("broadcast"),
        json!({}),
        true,
    );
    check(
        "outline_flag_that_lies",
        &info("broadcast"),
        json!({}),
        false,
    );
    check(
        "outline_anamorphic",
        &info("dvd"),
        json!({ "for": "hevc" }),
        true,
    );
    check(
        "outline_odd",
        &info("raw"),
        json!({ "for": "modern" }),
        false,
    );
    check(
        "outline_variable_rate",
        &info("screen"),
        json!({ "for": "modern" }),
        false,
    );
}

#[test]
fn of_what_was_seen_in_the_picture() {
    let (operation, capabilities) = (operation("compress", &json!({})).unwrap(), capabilities());
    let context = Context {
        threads: 2,
        capabilities: &capabilities,
        file_extension: None,
    };
    let tuned = |codec, screen, grain| {
        let fields = Found::default().fields;
        let found = Found {
            fields,
            screen,
            grain,
        };
        let options = operation.search().unwrap();
        let outline = Outline::new(options, codec, found, &info("everyday"), &context).unwrap();
        let encode = lines(&outline.encode(20.0, 250, 2, true));
        let tune = encode
            .lines()
            .find_map(|line| line.strip_prefix("-tune:v:0 "));
        tune.map(str::to_owned)
    };
    assert_eq!(tuned(Codec::H264, false, false), None);
    assert_eq!(tuned(Codec::H264, false, true).as_deref(), Some("grain"));
    // Noise on a screen is not film.
    assert_eq!(tuned(Codec::H264, true, true).as_deref(), Some("animation"));
    // Grain that is drawn anew by the player is another grain.
    assert_eq!(tuned(Codec::Av1, false, true), None);
}

#[test]
fn of_many_tracks() {
    check("outline_several", &info("several"), json!({}), false);
    check(
        "outline_surround_for_televisions",
        &info("surround"),
        json!({ "for": "hevc" }),
        false,
    );
    check(
        "outline_surround_modern",
        &info("surround"),
        json!({ "for": "modern" }),
        false,
    );
    check(
        "outline_ogg_modern",
        &info("ogg"),
        json!({ "for": "modern" }),
        false,
    );
    check("outline_cover_only", &info("song"), json!({}), false);
}

/// The first picture of a file, to be changed.
fn video(info: &mut MediaInfo) -> &mut Video {
    let videos = info
        .streams
        .iter_mut()
        .find_map(|stream| match &mut stream.kind {
            Kind::Video(video) => Some(video),
            _ => None,
        });
    videos.unwrap()
}

#[test]
fn dolby_vision_needs_a_picture_beneath() {
    let codec = |profile, base| {
        let mut info = info("phone");
        (video(&mut info).dolby_vision, video(&mut info).dolby_base) = (Some(profile), base);
        let wish = operation("compress", &json!({})).unwrap();
        codecs(wish.search().unwrap(), &info).map_err(|fault| fault.code())
    };
    assert_eq!(codec(5, Some(0)), Err("dolby_vision"));
    assert_eq!(codec(10, Some(0)), Err("dolby_vision"));
    for (profile, base) in [
        (7, Some(6)),
        (8, Some(1)),
        (8, Some(4)),
        (9, Some(2)),
        (10, Some(4)),
    ] {
        assert_eq!(codec(profile, base), Ok(vec![Codec::Hevc]), "{profile}");
    }
}

#[test]
fn places_do_not_hide_behind_odd_names() {
    let arguments = |name: &str| {
        let mut info = info("everyday");
        info.tags.insert(name.into(), "+48.8577+002.2950/".into());
        let outlines = outlines(&info, &json!({ "remove_location": true }), false).unwrap();
        show(&outlines[0], &info)
    };
    for name in [
        "location",
        "LOCATION-eng",
        "com.apple.quicktime.location.ISO6709",
        "GPSLatitude",
    ] {
        assert!(
            arguments(name).contains(&format!("-metadata {name}=\n")),
            "{name}"
        );
    }
    for name in ["\u{a9}xyz", "location = x", "the location;"] {
        let text = arguments(name);
        assert!(
            text.contains("-map_metadata\n-1\n") && !text.contains(name),
            "{name}"
        );
    }
}

#[test]
fn a_place_of_apples_is_given_to_mp4_when_it_is_one() {
    let arguments = |place: &str| {
        let mut info = info("everyday");
        info.tags
            .insert("com.apple.quicktime.location.ISO6709".into(), place.into());
        show(&outlines(&info, &json!({}), false).unwrap()[0], &info)
    };
    let place = "+48.8577+002.2950+035/";
    assert!(arguments(place).contains(&format!("-metadata location={place}\n")));
    assert!(!arguments("at home, -y /etc").contains("-metadata location"));
}

#[test]
fn lengths_in_the_list_do_not_drift() {
    let frame = 1_000_000_000 * 1001 / 30_000;
    let chunks: Vec<_> = (0..30_000).map(|n| (format!("{n}.mp4"), frame)).collect();
    let list = concat_list(&chunks);
    let said = list
        .lines()
        .filter_map(|line| line.strip_prefix("duration "));
    let total: u64 = said
        .map(|length| length.trim_end_matches("us").parse::<u64>().unwrap())
        .sum();
    assert_eq!(total, (frame * 30_000 + 500) / 1000);
    assert!(
        list.starts_with("ffconcat version 1.0\nfile 0.mp4\nduration 33367us\n"),
        "{}",
        &list[..60]
    );
}

#[test]
fn every_rate_has_units_that_its_frames_are_whole_in() {
    let outline = &outlines(&info("everyday"), &json!({}), false).unwrap()[0];
    for (num, den, units) in [
        (30_000, 1001, 30_000),
        (25, 1, 12_800),
        (24_000, 1001, 24_000),
        (57_600, 1, 90_000),
    ] {
        let muxer = lines(&outline.chunk_muxer(Some(Ratio { num, den })));
        assert!(
            muxer.contains(&format!("-video_track_timescale {units}\n")),
            "{num}/{den}: {muxer}"
        );
    }
    assert!(lines(&outline.chunk_muxer(None)).contains("-video_track_timescale 90000"));
}
