use super::*;
use serde_json::json;

fn frames(count: usize, interlaced: bool) -> Frames {
    let times = (0..count).map(|n| n as f64 / 25.0).collect();
    Frames {
        times,
        cuts: Vec::new(),
        interlaced,
    }
}

fn check(before: &Frames, after: &Frames, ways: &[(Fields, Pairing)], note: &str) -> String {
    let size = Picture {
        width: 640,
        height: 360,
        transfer: String::new(),
    };
    let pair = Pair {
        original: Path::new("a"),
        picture: 1,
        before,
        result: Path::new("b"),
        shown: 0,
        after,
        size: &size,
    };
    assert_eq!(pair.ways(), ways);
    let (fields, pairing) = *ways.last().unwrap();
    assert_eq!(pair.note(fields, pairing), note);
    pair.graph(fields, pairing)
}

#[test]
fn frames_are_paired_by_number_where_there_are_as_many() {
    let whole = |pairing| (Fields::Whole, pairing);
    let original = frames(50, false);
    let graph = check(
        &original,
        &frames(50, false),
        &[whole(Pairing::Number(0))],
        "",
    );
    assert!(graph.starts_with("[0:V:0]settb=1/1000,setpts=N,scale="));
    assert!(graph.contains("[1:V:1]settb=1/1000,setpts=N,scale=640:360:"));
    let graph = check(
        &original,
        &frames(25, false),
        &[whole(Pairing::Start), whole(Pairing::Clock)],
        "25 frames of 50, paired by the nearest time",
    );
    assert!(!graph.contains("setpts"));
    let four = [
        whole(Pairing::Start),
        whole(Pairing::Clock),
        whole(Pairing::Number(0)),
        whole(Pairing::Number(9)),
    ];
    let result = frames(41, false);
    let graph = check(&original, &result, &four, "the first 9 frames are missing");
    assert!(graph.contains("[1:V:1]trim=start_frame=9,settb=1/1000,setpts=N,"));
}

#[test]
fn missing_frames_leave_the_others_where_they_are_shown() {
    let (before, after) = (frames(50, false), frames(40, false));
    let size = Picture::default();
    let pair = Pair {
        original: Path::new("a"),
        picture: 0,
        before: &before,
        result: Path::new("b"),
        shown: 0,
        after: &after,
        size: &size,
    };
    let times = |pairing| pair.times(pairing, Fields::Whole);
    assert_eq!(times(Pairing::Number(10)), before.times[10..]);
    assert_eq!(times(Pairing::Number(0)), before.times[..40]);
    assert_eq!(times(Pairing::Start), after.times);
    let whole = Pair {
        after: &before,
        ..pair
    };
    assert!(whole.times(Pairing::Number(0), Fields::Whole).is_empty());
}

#[test]
fn fields_are_undone_as_the_result_did_it() {
    let number = |fields| (fields, Pairing::Number(0));
    let both = [number(Fields::Whole), number(Fields::Joined)];
    let joined = "original deinterlaced";
    let original = frames(50, true);
    check(&original, &frames(50, false), &both, joined);
    let split = "original deinterlaced, fields as frames";
    let result = frames(100, false);
    let graph = check(&original, &result, &[number(Fields::Split)], split);
    assert!(graph.contains("bwdif=mode=send_field"));
}

#[test]
fn scores_are_read_in_hundredths() {
    let log = json!({"frames": [{"metrics": {"vmaf": 95.126}}, {"metrics": {"vmaf": 100}}]});
    assert_eq!(read(&log), [95.13, 100.0]);
    assert!(read(&json!({})).is_empty());
}
