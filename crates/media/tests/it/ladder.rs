//! The ladder: which renditions, and the run that makes them.

use insta::assert_snapshot;
use kinora_media::Context;
use kinora_media::info::{Size, Video};
use kinora_media::ladder::{HEIGHTS, Ladder, rungs};

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
        let ladder = Ladder::new(&HEIGHTS, &info(file), &context).unwrap();
        let text = lines(&ladder.step.arguments);
        let (_, after) = text.split_once("-i <input>\n").unwrap();
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            assert_snapshot!(format!("ladder_{file}"), format!("{after}\n{:?}", ladder.notes));
        });
    }
}
