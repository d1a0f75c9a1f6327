use super::super::score::GOAL;
use super::*;

const RANGE: Range = Range {
    first: 23,
    least: 10,
    most: 44,
    near: 1,
    slope: 0.115,
};

/// A clip whose mean is 95 at this CRF, with a scene that is worse.
fn encode(crf: u32, at: f64) -> Point {
    let distance = 5.0 * (0.13 * (f64::from(crf) - at)).exp();
    let levels = Levels {
        mean: 100.0 - distance,
        scene: 100.0 - distance * 1.2,
        worst5: 100.0 - distance * 1.5,
        second: 0.0,
    };
    let bytes = 1e6 * (-0.12 * (f64::from(crf) - at)).exp();
    Point {
        crf,
        bytes: bytes as u64,
        levels,
    }
}

fn search(at: f64, too_large: u64) -> Vec<Point> {
    let mut points = Vec::new();
    while let Some(crf) = next(&points, &GOAL, &RANGE, too_large) {
        assert!(points.iter().all(|point: &Point| point.crf != crf));
        points.push(encode(crf, at));
    }
    points
}

#[test]
fn a_few_encodes_bracket_the_goal() {
    for at in [12.4, 19.7, 23.5, 30.2, 40.9] {
        let points = search(at, u64::MAX);
        assert!(points.len() <= 5, "{at}: {}", points.len());
        let bytes = bytes_at(&points, &GOAL, &RANGE).unwrap();
        assert!((bytes / 1e6 - 1.0).abs() < 0.01, "{at}: {bytes}");
    }
}

#[test]
fn the_worst_level_decides() {
    let points = search(25.0, u64::MAX);
    let stricter = Levels {
        scene: 95.0,
        ..GOAL
    };
    // ln(1.2) / 0.13 steps lower.
    let expected = 1e6 * (0.12 * 1.2_f64.ln() / 0.13).exp();
    let bytes = bytes_at(&points, &stricter, &RANGE).unwrap();
    assert!((bytes / expected - 1.0).abs() < 0.05, "{bytes} {expected}");
}

#[test]
fn a_size_is_moved_to_another_mean() {
    let points = search(25.0, u64::MAX);
    let check = |crf: u32, is_known: bool| {
        let real = encode(crf, 25.0);
        let found = bytes_for_mean(&points, real.levels.mean);
        let is_right = |bytes: f64| (bytes / real.bytes as f64 - 1.0).abs() < 0.01;
        assert_eq!(found.map(is_right), is_known.then_some(true), "{crf}");
    };
    for crf in [23, 24, 25, 26] {
        check(crf, true);
    }
    for crf in [10, 40] {
        check(crf, false);
    }
    assert_eq!(bytes_for_mean(&points[..1], 95.0), None);
    assert_eq!(bytes_for_mean(&[], 95.0), None);
}

#[test]
fn what_cannot_be_reached_ends() {
    let points = search(4.0, u64::MAX);
    assert_eq!(bytes_at(&points, &GOAL, &RANGE), None);
    assert_eq!(search(4.0, 100).len(), 1);
    let easy = search(60.0, u64::MAX);
    assert_eq!(bytes_at(&easy[..1], &GOAL, &RANGE), None);
    assert_eq!(
        bytes_at(&easy, &GOAL, &RANGE),
        Some(easy.iter().map(|p| p.bytes).min().unwrap() as f64)
    );
}
