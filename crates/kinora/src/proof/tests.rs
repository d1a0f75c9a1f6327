//! How a fixed report looks, and that none, however odd, does harm.

use super::*;
use kinora_media::quality::Report;
use kinora_media::quality::report::{
    Effort, Encoder, Levels, Measured, Metric, Place, Point, Scene, Status, Wish,
};
use proptest::prelude::*;

/// A minute of five scenes, one of which misses its floor.
fn example() -> Report {
    let starts = [0.0, 9.5, 21.0, 30.25, 48.0, 62.5];
    let means = [96.8, 95.1, 92.6, 94.9, 96.2];
    let scenes = (0..5).map(|n| Scene {
        start_s: starts[n],
        end_s: starts[n + 1],
        crf: 27.0 + n as f64 * 1.25,
        bytes: [310_000, 820_000, 1_150_000, 240_000, 420_000][n],
        mean: means[n],
        worst5: means[n] - 2.4,
    });
    let timeline = (0..125).map(|n| {
        let at_s = f64::from(n) * 0.5;
        let scene = starts[1..].iter().position(|end| at_s < *end).unwrap();
        let mean = means[scene] + (at_s * 1.7).sin() * 1.1;
        Point {
            at_s,
            mean,
            least: mean - 0.8 - (at_s * 0.9).cos().abs() * 2.0,
        }
    });
    Report {
        version: 1,
        status: Status::BestEffort,
        reason: "scene 3 does not reach 93 at any size under 3 MB".into(),
        wish: Wish {
            r#for: "modern".into(),
            quality: "near-original".into(),
            speed: "normal".into(),
            max_size: Some(3_000_000),
        },
        encoder: Encoder {
            codec: "av1".into(),
            name: "libsvtav1".into(),
            preset: "5".into(),
            ffmpeg: "9.0.2".into(),
        },
        input_bytes: 12_100_000,
        output_bytes: 2_940_000,
        duration_s: 62.5,
        frames: 1_563,
        metric: Metric {
            name: "vmaf".into(),
            model: "vmaf_v1.0.16_3d0h".into(),
            condition: "1080p at three screen heights".into(),
            caveat: "every fifth frame was scored; on a larger screen more is seen".into(),
        },
        ceiling: None,
        goal: Some(Levels {
            mean: 95.0,
            scene: 93.0,
            worst5: 90.0,
        }),
        measured: Some(Measured {
            levels: Levels {
                mean: 95.2,
                scene: 92.6,
                worst5: 91.0,
            },
            worst_second: 90.3,
            worst_second_at: 24.5,
            scored: 313,
            xpsnr_db: Some(41.37),
        }),
        effort: Effort {
            probes: 2,
            probe_frames: 480,
            search_s: 4.1,
            encode_s: 121.3,
            search_cpu_s: 14.2,
            encode_cpu_s: 400.0,
            again: 1,
        },
        footage: vec!["grain".into(), "ten_bit".into()],
        scenes: scenes.collect(),
        timeline: timeline.collect(),
        worst: [(24.52, 88.1), (28.0, 88.9), (36.48, 89.7)]
            .map(|(at_s, score)| Place { at_s, score })
            .to_vec(),
    }
}

/// Nothing smaller is as good.
fn kept() -> Report {
    Report {
        status: Status::KeptOriginal,
        reason: "two probes came to 104 % of the original's size".into(),
        output_bytes: 12_100_000,
        measured: None,
        scenes: Vec::new(),
        timeline: Vec::new(),
        worst: Vec::new(),
        ..example()
    }
}

const FILES: Files<'_> = Files {
    original: "holiday <1>.mp4",
    result: "holiday <1>.compressed.mp4",
};

fn pairs() -> Pictures {
    let pair = |n: u8| Pair {
        original: Some(vec![0xff, 0xd8, n]),
        result: Some(vec![0xff, 0xd8, n, n]),
    };
    let last = Pair {
        result: None,
        ..pair(3)
    };
    Pictures::Pairs(vec![pair(1), pair(2), last])
}

fn plain(width: usize) -> Look {
    Look::new(width, true, false)
}

#[test]
fn text_as_reviewed() {
    insta::assert_snapshot!("text", text(&example(), plain(80)));
    insta::assert_snapshot!("text-narrow", text(&example(), plain(40)));
    insta::assert_snapshot!("text-ascii", text(&example(), Look::new(80, false, false)));
    insta::assert_snapshot!("text-kept", text(&kept(), plain(80)));
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let coloured = text(&example(), Look::new(80, true, true));
    assert!(coloured.contains("\u{1b}[31m") || coloured.contains("\u{1b}[1m\u{1b}[31m"));
    let mut bare = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        bare.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    bare.push_str(rest);
    assert_eq!(bare, text(&example(), plain(80)));
}

#[test]
fn ascii_is_ascii() {
    assert!(text(&example(), Look::new(80, false, false)).is_ascii());
}

#[test]
fn of_many_scenes_the_worst_are_listed() {
    let mut report = example();
    let scene = |n: u32| Scene {
        start_s: f64::from(n),
        end_s: f64::from(n + 1),
        mean: 99.0 - f64::from(n % 50) / 10.0,
        ..report.scenes[0]
    };
    report.scenes = (0..50).map(scene).collect();
    let said = text(&report, plain(80));
    assert!(said.contains("The 10 worst of 50 scenes"), "{said}");
    let rows = said
        .lines()
        .skip_while(|line| !line.contains("10 worst"))
        .skip(2);
    let first = rows.clone().next().unwrap();
    assert!(first.trim_start().starts_with("50 "), "{first}");
    assert_eq!(rows.count(), 10);
}

#[test]
fn page_as_reviewed() {
    insta::assert_snapshot!("page", page(&example(), FILES, &pairs()));
    let without =
        Pictures::Without("the original came back, so there is nothing to compare".into());
    insta::assert_snapshot!("page-kept", page(&kept(), FILES, &without));
}

#[test]
fn a_page_loads_nothing_and_runs_nothing() {
    let mut report = example();
    let evil = "<script src=https://x.example/></script>\"onload='x'";
    report.reason = evil.into();
    report.metric.name = evil.into();
    report.metric.caveat = evil.into();
    report.encoder.codec = evil.into();
    report.footage = vec![evil.into()];
    report.wish.quality = evil.into();
    let files = Files {
        original: evil,
        result: evil,
    };
    for pictures in [pairs(), Pictures::Without(evil.into())] {
        let page = page(&report, files, &pictures);
        assert!(!page.contains("<script") && !page.contains("onload='"));
        for word in ["src=\"http", "href=", "url(", "@import", "<link", "<iframe"] {
            assert!(!page.contains(word), "{word}");
        }
    }
}

#[test]
fn the_numbers_of_one_line() {
    assert_eq!(
        sizes(12_100_000, 2_400_000),
        "2.4 MB instead of 12.1 MB (80 % less)"
    );
    assert_eq!(sizes(1_000, 1_250), "1.2 kB instead of 1.0 kB (25 % more)");
    assert_eq!(sizes(1_000, 1_000), "1.0 kB instead of 1.0 kB (as large)");
    // Never better than it is.
    assert_eq!(
        sizes(1_000_000, 999_999),
        "1000.0 kB instead of 1.0 MB (0 % less)"
    );
    assert_eq!(quality(&example()).unwrap(), "VMAF 95.2, worst scene 92.6");
    assert_eq!(quality(&kept()), None);
    let mut estimated = example();
    estimated.metric.name = "xpsnr".into();
    assert_eq!(
        quality(&estimated).unwrap(),
        "estimated VMAF 95.2, worst scene 92.6"
    );
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..100.0,
        1 => any::<f64>(),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, -0.0, 1e300]),
    ]
}

fn size() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(u64::MAX), 1..100_000_000u64]
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,20}",
        ".{0,20}",
        Just("<".repeat(5_000)),
        Just("\u{202e}\u{1b}[2J\0\n練".into())
    ]
}

prop_compose! {
    fn levels()(mean in number(), scene in number(), worst5 in number()) -> Levels {
        Levels { mean, scene, worst5 }
    }
}

prop_compose! {
    fn scene()(start_s in number(), end_s in number(), crf in number(), bytes in size(), mean in number(), worst5 in number()) -> Scene {
        Scene { start_s, end_s, crf, bytes, mean, worst5 }
    }
}

prop_compose! {
    fn any_report()(
        words in prop::collection::vec(word(), 12),
        footage in prop::collection::vec(word(), 0..40),
        bytes in prop::collection::vec(size(), 6),
        numbers in prop::collection::vec(number(), 6),
        status in prop::sample::select(vec![Status::Held, Status::BestEffort, Status::KeptOriginal]),
        goal in prop::option::of(levels()),
        measured in prop::option::of(levels()),
        scenes in prop::collection::vec(scene(), 0..60),
        points in prop::collection::vec((number(), number(), number()), 0..60),
        worst in prop::collection::vec((number(), number()), 0..12),
    ) -> Report {
        let word = |n: usize| words[n].clone();
        Report {
            version: 1,
            status,
            reason: word(0),
            wish: Wish { r#for: word(1), quality: word(2), speed: word(3), max_size: Some(bytes[0]) },
            encoder: Encoder { codec: word(4), name: word(5), preset: word(6), ffmpeg: word(7) },
            input_bytes: bytes[1],
            output_bytes: bytes[2],
            duration_s: numbers[0],
            frames: bytes[3],
            metric: Metric { name: word(8), model: word(9), condition: word(10), caveat: word(11) },
            ceiling: goal.map(|levels| levels.mean),
            goal,
            measured: measured.map(|levels| Measured {
                levels,
                worst_second: numbers[1],
                worst_second_at: numbers[2],
                scored: bytes[4],
                xpsnr_db: Some(numbers[3]),
            }),
            effort: Effort { search_s: numbers[4], encode_s: numbers[5], probe_frames: bytes[5], ..Effort::default() },
            footage,
            scenes,
            timeline: points.iter().map(|&(at_s, mean, least)| Point { at_s, mean, least }).collect(),
            worst: worst.iter().map(|&(at_s, score)| Place { at_s, score }).collect(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_report_can_be_shown(report in any_report(), width in 0..300usize, unicode in any::<bool>()) {
        let said = text(&report, Look::new(width, unicode, false));
        prop_assert!(said.lines().count() < 200);
        for line in said.lines() {
            prop_assert!(line.chars().count() <= 80, "{}", line);
            prop_assert!(!line.chars().any(char::is_control));
        }
        let page = page(&report, FILES, &pairs());
        prop_assert!(page.len() < 200_000, "{}", page.len());
        for bad in ["NaN", "inf\"", "inf ", "-inf"] {
            prop_assert!(!drawn(&page).contains(bad), "{}", bad);
        }
        quality(&report);
    }
}

/// The drawings of a page.
fn drawn(page: &str) -> String {
    let parts = page.split("<svg").skip(1);
    parts
        .filter_map(|part| part.split("</svg>").next())
        .collect()
}
