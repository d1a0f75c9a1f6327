//! Playlists as text, and played by FFmpeg from files.

use crate::structure;
use kinora_stream::codec::{Kind, VideoRange};
use kinora_stream::cut::{self, Cut, Targets};
use kinora_stream::dash::{self, Content, Representation, Set, Text};
use kinora_stream::fragment;
use kinora_stream::playlist::media::{self, Part};
use kinora_stream::playlist::multivariant::{Multivariant, Sound, Subtitle, Variant};
use kinora_stream::playlist::staged::{self, Refusal, Rung};
use kinora_stream::playlist::text;
use kinora_stream::rate::Rates;
use kinora_stream::storyboard::Storyboard;
use kinora_stream::uri::Uri;

use crate::source::{Source, has_ffmpeg};

fn uri(text: &str) -> Uri {
    Uri::new(text).unwrap()
}

fn cuts(lengths: &[(u64, u64)]) -> Vec<Cut> {
    let mut start = 0;
    let cut = |&(duration, bytes): &(u64, u64)| {
        start += duration;
        Cut {
            first: 0,
            count: 1,
            start: start - duration,
            duration,
            bytes,
        }
    };
    lengths.iter().map(cut).collect()
}

#[test]
fn a_media_playlist() {
    // 29.97 frames a second: no sum of rounded lengths may drift.
    let cuts = cuts(&[(60_060, 1); 5]);
    let part = Part::whole(uri("a/init.mp4"), uri("a/$Number$.m4s"), &cuts, 30_000);
    insta::assert_snapshot!(media::segments(std::slice::from_ref(&part)));
    insta::assert_snapshot!(media::pictures(&part));
}

#[test]
fn a_multivariant_playlist() {
    let variant = |height: u32, rate: u64| Variant {
        uri: uri(&format!("v/{height}.m3u8")),
        codec: "avc1.64001F".into(),
        rates: Rates {
            peak: rate * 2,
            average: rate,
        },
        size: (height * 16 / 9, height),
        frame_rate: (30_000, 1001),
        range: VideoRange::Sdr,
        pictures: Some((
            uri(&format!("i/{height}.m3u8")),
            Rates {
                peak: rate / 5,
                average: rate / 8,
            },
        )),
    };
    let sound = |language: &str, rate: u64| Sound {
        uri: uri(&format!("a/{language}.m3u8")),
        codec: "mp4a.40.2".into(),
        rates: Rates {
            peak: rate + 1000,
            average: rate,
        },
        name: format!("a \"{language}\"\n#EXT"),
        language: language.into(),
        channels: 2,
    };
    let title = Multivariant {
        variants: vec![variant(720, 2_000_000), variant(144, 200_000)],
        sounds: vec![sound("deu", 128_000), sound("und", 96_000)],
        subtitles: vec![
            Subtitle {
                uri: uri("s/en.m3u8"),
                name: "English".into(),
                language: "en".into(),
                is_forced: false,
                is_descriptive: true,
            },
            Subtitle {
                uri: uri("s/de.m3u8"),
                name: "Deutsch".into(),
                language: "de".into(),
                is_forced: true,
                is_descriptive: false,
            },
        ],
        storyboard: Some((uri("story.m3u8"), storyboard())),
    };
    insta::assert_snapshot!(title.text());
}

fn storyboard() -> Storyboard {
    Storyboard {
        uri: uri("story/$Number$.jpg"),
        interval_ms: 4000,
        duration_ms: 21_500,
        tile: (160, 90),
        layout: (2, 2),
        largest_sheet: 20_000,
    }
}

#[test]
fn a_manifest() {
    let cuts = cuts(&[(60_060, 500_000), (60_060, 400_000), (30_030, 100_000)]);
    let representation = |name: &str, content| Representation {
        map: uri(&format!("{name}/init.mp4?a=1")),
        uri: uri(&format!("{name}/$Number$.m4s")),
        cuts: &cuts,
        timescale: 30_000,
        codec: "avc1.64001F".into(),
        content,
    };
    let video = Content::Video {
        size: (1280, 720),
        frame_rate: (30_000, 1001),
    };
    let audio = Content::Audio {
        channels: 2,
        rate: 48_000,
    };
    let set = |label: &str, language: &str, representation| Set {
        label: label.into(),
        language: language.into(),
        representations: vec![representation],
    };
    let sets = [
        set("", "und", representation("v", video)),
        set("<Deutsch> & \"mehr\"", "de", representation("a", audio)),
    ];
    let text = |label: &str, language: &str, is_forced| Text {
        uri: uri("s/1.vtt"),
        label: label.into(),
        language: language.into(),
        is_forced,
        is_descriptive: language.is_empty(),
    };
    let texts = [
        text("Signs & songs", "en", true),
        text("", "", false),
        text("", "de", false),
    ];
    let manifest = dash::manifest(&sets, &texts, 5005);
    assert_eq!(structure::check(&manifest), Ok(()));
    insta::assert_snapshot!(manifest);
}

#[test]
fn a_playlist_of_subtitles() {
    let parts = [(uri("s/s1.vtt"), 12_000), (uri("s/s2.vtt"), 11_960)];
    insta::assert_snapshot!(text::segments(&parts[..1]));
    insta::assert_snapshot!(text::segments(&parts));
}

#[test]
fn a_storyboard() {
    insta::assert_snapshot!(storyboard().webvtt());
    insta::assert_snapshot!(storyboard().playlist());
}

#[test]
fn a_missing_rendition_is_named() {
    let cuts = cuts(&[(2000, 1); 6]);
    let rung = |height: u32, cuts| Rung {
        height,
        map: uri("m"),
        uri: uri("s"),
        cuts,
        timescale: 1000,
    };
    let found = staged::staged([144, 720, 1440], &[rung(720, &cuts)]).unwrap_err();
    assert_eq!(found, Refusal::Missing(vec![144, 1440]));
    let rungs = [rung(1, &cuts), rung(2, &cuts[..5]), rung(3, &cuts)];
    assert_eq!(
        staged::staged([1, 2, 3], &rungs).unwrap_err(),
        Refusal::NotAligned(1, 2)
    );
}

/// A rendition of the same 12 seconds at this height, with its files beside it.
fn rendition(height: u32, with_sound: bool) -> Source {
    let sound = if with_sound {
        "-f lavfi -i sine=duration=12:sample_rate=48000 -c:a aac"
    } else {
        ""
    };
    Source::made(
        "film.mp4",
        &format!(
            "-f lavfi -i testsrc2=size=320x180:rate=30:duration=12 {sound} -vf scale=-2:{height} -c:v libx264 \
             -preset veryfast -bf 2 -g 60 -keyint_min 60 -sc_threshold 0 -flags +cgop"
        ),
    )
}

/// Writes all segments of a track, with parameter sets within.
fn publish(from: &Source, to: &Source, name: &str, is_video: bool) -> (Vec<Cut>, u32) {
    let mut tracks = from.index.tracks.iter();
    let track = tracks.find(|track| track.is_video() == is_video).unwrap();
    let codec = track.codec.in_band();
    let prefix = codec.parameter_sets();
    let cuts = if is_video {
        cut::video(track, &Targets::default(), prefix).unwrap()
    } else {
        let starts = (0..6).map(|number| number * 2);
        cut::audio(track, starts, 1).unwrap()
    };
    to.write(
        &format!("{name}-init.mp4"),
        &fragment::initialisation(track, &codec),
    );
    for (number, cut) in (1..).zip(&cuts) {
        let range = cut.first..cut.first + cut.count;
        let segment = fragment::media(track, range, number, prefix).unwrap();
        to.write(&format!("{name}-{number}.m4s"), &from.rendered(&segment));
    }
    (cuts, track.timescale)
}

#[test]
fn a_staged_title_plays_from_the_first_to_the_last_frame() {
    if !has_ffmpeg() {
        return;
    }
    let sources = [
        rendition(90, true),
        rendition(120, false),
        rendition(180, false),
    ];
    let to = &sources[0];
    let heights = [90, 120, 180];
    let files: Vec<_> = sources
        .iter()
        .zip(heights)
        .map(|(source, height)| publish(source, to, &height.to_string(), true))
        .collect();
    let rungs: Vec<Rung<'_>> = files
        .iter()
        .zip(heights)
        .map(|((cuts, timescale), height)| Rung {
            height,
            map: uri(&format!("{height}-init.mp4")),
            uri: uri(&format!("{height}-$Number$.m4s")),
            cuts,
            timescale: *timescale,
        })
        .collect();
    let title = staged::staged(heights, &rungs).unwrap();
    let (sound_cuts, timescale) = publish(to, to, "sound", false);
    let whole = Part::whole(
        uri("sound-init.mp4"),
        uri("sound-$Number$.m4s"),
        &sound_cuts,
        timescale,
    );
    let sound = staged::sound(&title, &whole);
    let text = media::segments(&title.parts);
    insta::assert_snapshot!(text);
    assert_eq!(
        text.matches("DISCONTINUITY").count(),
        media::segments(&sound).matches("DISCONTINUITY").count()
    );
    to.write("video.m3u8", text.as_bytes());
    to.write("sound.m3u8", media::segments(&sound).as_bytes());
    // Scaled so that one checksum list holds all; every frame must come, with no word of complaint.
    let frames = to.ffmpeg("-i video.m3u8 -vf scale=64:36 -fps_mode passthrough -f framemd5 -");
    assert_eq!(
        frames.lines().filter(|line| !line.starts_with('#')).count(),
        360
    );
    let samples = to.ffmpeg("-i sound.m3u8 -f framemd5 -");
    let heard = samples
        .lines()
        .filter(|line| !line.starts_with('#'))
        .count();
    assert!(
        (563..=564).contains(&heard),
        "{heard} frames of 1024 samples"
    );
}

#[test]
fn a_title_plays_from_its_multivariant_playlist() {
    if !has_ffmpeg() {
        return;
    }
    let source = rendition(90, true);
    let track = source.index.video().unwrap();
    let (cuts, timescale) = publish(&source, &source, "v", true);
    let part = Part::whole(uri("v-init.mp4"), uri("v-$Number$.m4s"), &cuts, timescale);
    source.write(
        "v.m3u8",
        media::segments(std::slice::from_ref(&part)).as_bytes(),
    );
    let prefix = track.codec.parameter_sets();
    let pictures = cut::pictures(track, &cuts, prefix).unwrap();
    for (number, cut) in (1..).zip(&pictures) {
        let segment = fragment::picture(track, cut.first, cut.duration as u32, prefix).unwrap();
        assert_eq!(segment.length(), cut.bytes);
        let name: String = format!("i-{number}.m4s");
        source.write(&name, &source.rendered(&segment));
    }
    let part = Part::whole(
        uri("v-init.mp4"),
        uri("i-$Number$.m4s"),
        &pictures,
        timescale,
    );
    source.write("i.m3u8", media::pictures(&part).as_bytes());
    let Kind::Video { range, .. } = track.codec.kind else {
        panic!("not a picture");
    };
    let title = Multivariant {
        variants: vec![Variant {
            uri: uri("v.m3u8"),
            codec: track.codec.name.clone(),
            rates: Rates::of(&cuts, timescale),
            size: track.display_size().unwrap(),
            frame_rate: track.frame_rate(),
            range,
            pictures: Some((uri("i.m3u8"), Rates::of(&pictures, timescale))),
        }],
        ..Multivariant::default()
    };
    assert!(title.text().contains("RESOLUTION=160x90,FRAME-RATE=30.000"));
    source.write("title.m3u8", title.text().as_bytes());
    let count = |input: &str| {
        let text = source.ffmpeg(&format!("-i {input} -fps_mode passthrough -f framemd5 -"));
        text.lines().filter(|line| !line.starts_with('#')).count()
    };
    assert_eq!(count("title.m3u8"), 360);
    // A key frame for each segment, every one of which parses on its own.
    assert_eq!(count("i.m3u8"), 6);
}
