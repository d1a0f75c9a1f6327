//! The ladder: which renditions, and the run that makes them.

use insta::assert_snapshot;
use kinora_media::Context;
use kinora_media::info::{Kind, Ratio, Size, Video};
use kinora_media::ladder::slots::{PACKET, SOUND_RATE};
use kinora_media::ladder::{Coding, HEIGHTS, Ladder, Rest, Slots, Way, rungs};
use kinora_media::storyboard::Storyboard;
use kinora_media::subtitles::Subtitles;

use crate::files::{capabilities, info, lines};

fn check(
    heights: &[u32],
    (width, height): (u32, u32),
    rotation: u32,
    expected: &[(u32, u32, u32)],
) {
    let video = Video {
        width,
        height,
        rotation,
        ..Video::default()
    };
    let found: Vec<(u32, u32, u32)> = rungs(heights, &video)
        .into_iter()
        .map(|rung| {
            let Size { width, height } = rung.size;
            (rung.height, width, height)
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn never_above_the_source() {
    let low = (144, 256, 144);
    check(
        &HEIGHTS,
        (1920, 1080),
        0,
        &[low, (720, 1280, 720), (1080, 1920, 1080)],
    );
    check(
        &HEIGHTS,
        (3840, 2160),
        0,
        &[low, (720, 1280, 720), (1440, 2560, 1440)],
    );
    check(&HEIGHTS, (1280, 720), 0, &[low, (720, 1280, 720)]);
    check(&HEIGHTS, (160, 90), 0, &[(90, 160, 90)]);
    check(
        &[240, 480],
        (1920, 1080),
        90,
        &[(240, 240, 426), (480, 480, 854)],
    );
    check(
        &[480, 240, 480],
        (640, 480),
        0,
        &[(240, 320, 240), (480, 640, 480)],
    );
    check(&[], (641, 481), 0, &[(481, 640, 480)]);
}

#[test]
fn one_decode_for_all_rungs() {
    let capabilities = capabilities();
    let context = Context {
        threads: 2,
        capabilities: &capabilities,
        file_extension: None,
    };
    for file in ["everyday", "phone"] {
        let info = info(file);
        let ladder = Ladder::new(&HEIGHTS, Coding::H264, &info, &context).unwrap();
        let text = lines(&ladder.pictures("1.", None, &info, &context).arguments);
        let (_, pictures) = text.split_once("-i <input>\n").unwrap();
        let sound = lines(&ladder.sound(&info, &context).unwrap().arguments);
        let (_, sound) = sound.split_once("-i <input>\n").unwrap();
        let after = format!("{pictures}\n{sound}");
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            assert_snapshot!(format!("ladder_{file}"), format!("{after}\n{:?}", ladder.notes));
        });
    }
}

#[test]
fn av1_has_the_same_groups() {
    let capabilities = capabilities();
    let context = Context {
        threads: 2,
        capabilities: &capabilities,
        file_extension: None,
    };
    let info = info("everyday");
    let ladder = Ladder::new(&[144, 720], Coding::Av1, &info, &context).unwrap();
    let names: Vec<&str> = ladder.rungs.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["144-av1.mp4", "720-av1.mp4"]);
    let text = lines(&ladder.pictures("1.", None, &info, &context).arguments);
    let (_, pictures) = text.split_once("-i <input>\n").unwrap();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        assert_snapshot!("ladder_av1", pictures);
    });
}

#[test]
fn a_run_goes_on_where_the_last_one_ended() {
    let capabilities = capabilities();
    let context = Context {
        threads: 2,
        capabilities: &capabilities,
        file_extension: None,
    };
    let info = info("everyday");
    let ladder = Ladder::new(&[144, 240], Coding::H264, &info, &context).unwrap();
    let tick = Ratio {
        num: 1001,
        den: 480_000,
    };
    assert_eq!(ladder.tick, tick);
    let rest = |way| Rest {
        first: 0,
        group: 16 * 500,
        last: 16 * 549,
        next: 16 * 550,
        way,
    };
    let text = |way| {
        lines(
            &ladder
                .pictures("2.", Some(&rest(way)), &info, &context)
                .arguments,
        )
    };
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        assert_snapshot!("ladder_goes_on", text(Way::Index));
    });
    // Read from its beginning, all frames stand in the record again, and none before is encoded.
    let decoded = text(Way::Decoding);
    assert!(!decoded.contains("-ss"), "{decoded}");
    assert!(decoded.contains("[far]scale=64:36"), "{decoded}");
    assert!(decoded.contains("[r0]trim=start=18.334983,"), "{decoded}");
}

#[test]
fn times_are_as_fine_as_the_rate_needs() {
    let check = |nominal: (u32, u32), average: (u32, u32), tick: (u32, u32)| {
        let ratio = |(num, den)| Ratio { num, den };
        let video = Video {
            width: 320,
            height: 180,
            nominal_rate: Some(ratio(nominal)),
            average_rate: Some(ratio(average)),
            ..Video::default()
        };
        let mut info = info("everyday");
        let index = info.first_video().unwrap().0.index;
        let stream = info.streams.iter_mut().find(|each| each.index == index);
        stream.unwrap().kind = Kind::Video(video);
        let capabilities = capabilities();
        let context = Context {
            threads: 2,
            capabilities: &capabilities,
            file_extension: None,
        };
        let ladder = Ladder::new(&[90], Coding::H264, &info, &context).unwrap();
        assert_eq!(ladder.tick, ratio(tick), "{nominal:?} {average:?}");
    };
    check((30_000, 1001), (30_000, 1001), (1001, 480_000));
    check((25, 1), (25, 1), (1, 400));
    check((60, 1), (60, 1), (1, 480));
    check((120, 1), (120, 1), (1, 480));
    // Variable rates, and rates that are none.
    check((30, 1), (24, 1), (1, 90_000));
    check((57_600, 1), (60, 1), (1, 90_000));
}

#[test]
fn a_storyboard_is_made_of_key_frames() {
    let capabilities = capabilities();
    let context = Context {
        threads: 2,
        capabilities: &capabilities,
        file_extension: None,
    };
    let plan =
        |file: &str, duration_ms| Storyboard::new(&info(file), duration_ms, &context).unwrap();
    let text = lines(&plan("everyday", 60_000).step.arguments);
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        assert_snapshot!("storyboard", text);
    });
    let check = |duration_ms, interval_ms, sheets| {
        let board = plan("everyday", duration_ms);
        assert_eq!(
            (board.interval_ms, board.sheets),
            (interval_ms, sheets),
            "{duration_ms}"
        );
    };
    check(1, 1000, 1);
    check(100_000, 1000, 1);
    check(100_001, 1000, 2);
    // Two hours: three sheets, as for everything that is long.
    check(7_200_000, 24_000, 3);
    let Size { width, height } = plan("phone", 1000).tile;
    assert!(width < height && height == 160, "upright: {width}x{height}");
}

#[test]
fn subtitles_that_are_text_come_out_in_one_run() {
    let capabilities = capabilities();
    let context = Context {
        threads: 2,
        capabilities: &capabilities,
        file_extension: None,
    };
    let found = Subtitles::new(&info("several"), &context).unwrap().unwrap();
    let text = lines(&found.step.arguments);
    let (_, after) = text.split_once("-i <input>\n").unwrap();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        assert_snapshot!("subtitles_several", format!("{after}\n{:#?}", found.tracks));
    });
    assert_eq!(Subtitles::new(&info("phone"), &context), Ok(None));
}

/// Slots of a rate are gapless, in pictures and in packets of sound.
fn check_slots(rate: Ratio, frames_each: u32, frames: u64) {
    let slots = Slots {
        rate,
        frames_each,
        frames,
        sounds: vec![1],
    };
    let last = slots.count();
    assert_eq!((slots.frame(0), slots.frame(last)), (0, frames), "{rate:?}");
    assert_eq!(slots.packet(0), 0);
    for slot in 0..last {
        let pictures = slots.frame(slot + 1) - slots.frame(slot);
        assert!(
            pictures > 0 && pictures < 2 * u64::from(frames_each),
            "{rate:?} {slot}"
        );
        let begin_s = slots.frame(slot) as f64 / rate.value();
        let sound_s = (slots.packet(slot) * u64::from(PACKET)) as f64 / f64::from(SOUND_RATE);
        let late_s = sound_s - begin_s;
        assert!(
            (-1e-4..0.0214).contains(&late_s),
            "{rate:?} {slot}: {late_s}"
        );
        assert!(
            slots.packet(slot + 1) > slots.packet(slot),
            "{rate:?} {slot}"
        );
    }
}

#[test]
fn slots_leave_nothing_out() {
    let ratio = |num, den| Ratio { num, den };
    for frames in [1, 2, 49, 50, 51, 62, 63, 525, 90_001] {
        check_slots(ratio(25, 1), 50, frames);
        check_slots(ratio(30_000, 1001), 60, frames);
        check_slots(ratio(24_000, 1001), 48, frames);
        check_slots(ratio(60, 1), 120, frames);
        check_slots(ratio(10, 1), 20, frames);
    }
}

#[test]
fn a_slot_is_made_by_itself() {
    let capabilities = capabilities();
    let context = Context {
        threads: 2,
        capabilities: &capabilities,
        file_extension: None,
    };
    let info = info("everyday");
    let ladder = Ladder::new(&[144], Coding::H264, &info, &context).unwrap();
    let slots = Slots::new(&info, 60_000).unwrap();
    let made = [(0, 2), (7, 1)].map(|part| {
        let step = ladder.slots(&slots, part, &info, &context).unwrap();
        lines(&step.arguments)
    });
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        assert_snapshot!("ladder_slots", format!("{slots:?}\n{}", made.join("\n")));
    });
}

#[test]
fn a_slot_has_every_sound_in_its_language() {
    let capabilities = capabilities();
    let context = Context {
        threads: 2,
        capabilities: &capabilities,
        file_extension: None,
    };
    let info = info("several");
    let ladder = Ladder::new(&[144], Coding::H264, &info, &context).unwrap();
    let slots = Slots::new(&info, 60_000).unwrap();
    let all: Vec<u32> = ladder.sounds.iter().map(|(index, _)| *index).collect();
    assert!(all.len() > 1);
    assert_eq!(slots.sounds, all);
    let step = ladder.slots(&slots, (3, 1), &info, &context).unwrap();
    let text = lines(&step.arguments);
    for place in 0..all.len() {
        let file = format!("<scratch>/s{place}-%d.mp4");
        assert!(text.contains(&file) && text.contains(&format!("-map [a{place}]")));
    }
    let sound = lines(&ladder.sound(&info, &context).unwrap().arguments);
    let said = |text: &str| text.matches("language=").count();
    assert_eq!(said(&text), said(&sound), "{text}");
}

#[test]
fn a_rate_that_is_none_becomes_a_usual_one() {
    let capabilities = capabilities();
    let context = Context {
        threads: 2,
        capabilities: &capabilities,
        file_extension: None,
    };
    let mut info = info("everyday");
    let found = |info: &kinora_media::info::MediaInfo, coding| {
        let ladder = Ladder::new(&[144], coding, info, &context).unwrap();
        let text = lines(&ladder.pictures("1.", None, info, &context).arguments);
        let rate = text.split_once(":fps-num=");
        rate.map(|(_, rest)| rest.lines().next().unwrap().to_owned())
    };
    assert_eq!(found(&info, Coding::Av1), None);
    for stream in &mut info.streams {
        if let Kind::Video(video) = &mut stream.kind {
            video.nominal_rate = Some(Ratio {
                num: 57_600,
                den: 1,
            });
            video.average_rate = Some(Ratio {
                num: 2_871,
                den: 100,
            });
        }
    }
    assert_eq!(found(&info, Coding::Av1).as_deref(), Some("30:fps-denom=1"));
    assert_eq!(found(&info, Coding::H264), None);
    assert_eq!(
        Slots::new(&info, 1000).unwrap().rate,
        Ratio { num: 30, den: 1 }
    );
}

#[test]
fn small_pictures_have_a_level_that_browsers_know() {
    let capabilities = capabilities();
    let context = Context {
        threads: 2,
        capabilities: &capabilities,
        file_extension: None,
    };
    let info = info("everyday");
    let check = |height: u32, coding: Coding, expected: bool| {
        let ladder = Ladder::new(&[height], coding, &info, &context).unwrap();
        let text = lines(&ladder.pictures("1.", None, &info, &context).arguments);
        assert_eq!(text.contains("-level:v:0 2\n"), expected, "{height}");
    };
    check(90, Coding::H264, true);
    check(144, Coding::H264, false);
    check(90, Coding::Av1, false);
}
