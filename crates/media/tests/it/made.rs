//! The comparison of a finished file with its plan.

use kinora_media::MediaInfo;
use kinora_media::info::{Kind, Size};
use serde_json::json;

use crate::files::{info, plan};

/// What a good result of `compress` for the everyday clip would be.
fn good() -> MediaInfo {
    info("everyday")
}

fn check(change: impl Fn(&mut MediaInfo), expected: &str) {
    let expectation = plan("everyday", "compress", &json!({})).unwrap().expect;
    let mut made = good();
    change(&mut made);
    let found = expectation
        .check(&made)
        .map_or_else(|fault| fault.to_string(), |()| "right".into());
    assert!(found.contains(expected), "{found}");
}

#[test]
fn a_good_result_is_right() {
    check(|_| {}, "right");
    // Encoders add or lose a few milliseconds.
    check(
        |made| made.streams[0].duration_us = Some(7_700_000),
        "right",
    );
}

#[test]
fn a_broken_result_is_told_apart() {
    check(
        |made| made.streams[0].duration_us = Some(3_770_000),
        "picture is 3.77 s long, expected were 7.54 s",
    );
    check(
        |made| made.streams[1].duration_us = Some(3_000_000),
        "sound is 3.00 s long, expected were 7.53 s",
    );
    check(
        |made| drop(made.streams.pop()),
        "0 audio tracks, 1 were expected",
    );
    check(
        |made| made.streams.remove(0).duration_us = None,
        "0 video tracks, 1 were expected",
    );
    check(
        |made| video(made).width = 1278,
        "the picture is 1278x720, expected was 1280x720",
    );
    check(
        |made| video(made).rotation = 90,
        "the picture is 720x1280, expected was 1280x720",
    );
}

#[test]
fn the_target_size_is_a_bound() {
    let expectation = plan("everyday", "compress", &json!({ "target_size": 1_000_000 }))
        .unwrap()
        .expect;
    let mut made = good();
    made.size = Some(999_999);
    assert_eq!(expectation.check(&made), Ok(()));
    made.size = Some(1_000_001);
    assert!(
        expectation
            .check(&made)
            .unwrap_err()
            .to_string()
            .contains("1000001 bytes")
    );
}

#[test]
fn frames_count_where_lengths_do_not() {
    let expectation = plan("screen", "compress", &json!({})).unwrap().expect;
    let mut made = info("screen");
    made.streams[0].duration_us = Some(7_290_000);
    assert_eq!(expectation.check(&made), Ok(()));
    made.streams[0].frames = Some(40);
    assert!(expectation.check(&made).is_err());
}

#[test]
fn what_is_shown_is_what_counts() {
    let phone = info("phone");
    assert_eq!(
        phone.display_size(),
        Some(Size {
            width: 1080,
            height: 1920
        })
    );
    let dvd = info("dvd");
    assert_eq!(
        dvd.display_size(),
        Some(Size {
            width: 1024,
            height: 576
        })
    );
}

fn video(made: &mut MediaInfo) -> &mut kinora_media::info::Video {
    match &mut made.streams[0].kind {
        Kind::Video(video) => video,
        _ => panic!("not a video"),
    }
}
