use super::*;

const NOTHING: Scored<'_> = Scored {
    at: &[],
    score: &[],
};

#[test]
fn runs_are_spread_and_lie_within() {
    for length in 0..600 {
        for density in [Density::Dense, Density::Sparse] {
            let Some(runs) = runs(length, density) else {
                assert!(length < 24);
                continue;
            };
            assert!(!runs.is_empty(), "{length}");
            assert!(runs.iter().all(|run| run.len() == RUN && run.end <= length));
            assert!(runs.windows(2).all(|pair| pair[0].end <= pair[1].start));
            let last = runs.last().map_or(0, |run| run.end);
            assert!(length - last < SPARSE, "{length} {density:?}");
        }
    }
    assert_eq!(runs(24, Density::Dense), Some(vec![3..9, 15..21]));
    assert_eq!(runs(240, Density::All), None);
}

#[test]
fn the_ends_of_a_run_do_not_count() {
    let (at, mask) = counted(&[3..9, 15..21]);
    assert_eq!(at, [4, 5, 6, 7, 16, 17, 18, 19]);
    let expected = [false, true, true, true, true, false];
    assert_eq!(mask, [expected, expected].concat());
}

#[test]
fn a_frame_in_between_is_taken_for_a_neighbour() {
    let at = [1, 2, 11, 12];
    let scored = Scored {
        at: &at,
        score: &[90.0, 92.0, 80.0, 82.0],
    };
    let all = fill(15, scored, NOTHING);
    assert_eq!(all[..4], [90.0, 90.0, 92.0, 92.0]);
    assert_eq!(all[11..13], [80.0, 82.0]);
    assert!(all[..6].iter().all(|score| *score >= 90.0));
    assert!(all[8..].iter().all(|score| *score <= 82.0));
    // A suspect counts for itself alone.
    let extra = Scored {
        at: &[5],
        score: &[10.0],
    };
    let with = fill(15, scored, extra);
    assert_eq!(with.iter().filter(|score| **score == 10.0).count(), 1);
    assert_eq!(fill(15, NOTHING, NOTHING), Vec::<f32>::new());
}

#[test]
fn what_falls_out_between_runs_is_looked_at() {
    let (at, _) = counted(&runs(114, Density::Sparse).unwrap());
    let score = vec![95.0; at.len()];
    let scored = Scored {
        at: &at,
        score: &score,
    };
    let mut db = vec![40.0; 114];
    assert_eq!(suspects(scored, &db, 90.0), []);
    // Two decibels are what frames differ by.
    db[30] = 38.0;
    assert_eq!(suspects(scored, &db, 90.0), []);
    db[30] = 34.0;
    db[31] = 33.0;
    db[70] = 30.0;
    assert_eq!(suspects(scored, &db, 90.0), [28..34, 67..73]);
    // All of it is bad: a few places are enough to know.
    let db: Vec<f32> = (0..114)
        .map(|n| if at.contains(&n) { 40.0 } else { 20.0 })
        .collect();
    assert_eq!(suspects(scored, &db, 90.0).len(), LOOKS);
}
