use super::*;

const NOTHING: Scored<'_> = Scored {
    at: &[],
    score: &[],
};

#[test]
fn frames_are_spread_and_lie_within() {
    for length in 0..600 {
        for density in [
            Density::Dense,
            Density::Between,
            Density::Sparse,
            Density::Rare,
        ] {
            let Some(picks) = picks(length, density) else {
                assert!(length < SHORT);
                continue;
            };
            assert!(picks.windows(2).all(|pair| pair[0] + 3 <= pair[1]));
            let (first, last) = (picks[0] as usize, picks[picks.len() - 1] as usize);
            assert!(first >= 3 && last < length, "{length} {density:?}");
            let most = if density == Density::Rare {
                RARE
            } else {
                SPARSE
            };
            assert!(length - last <= most, "{length} {density:?}");
        }
    }
    assert_eq!(
        picks(40, Density::Sparse),
        Some(vec![3, 10, 17, 24, 31, 38])
    );
    assert_eq!(picks(240, Density::All), None);
    // Each halves the gaps of the one before it, or leaves two of three out.
    assert_eq!(picks(40, Density::Between), Some(vec![7, 14, 21, 28, 35]));
    assert_eq!(picks(63, Density::Rare), Some(vec![10, 31, 52]));
    assert_eq!(picks(62, Density::Rare), picks(62, Density::Sparse));
}

#[test]
fn more_scores_come_between_those_that_are_known() {
    let (known, more) = (
        Scored {
            at: &[3, 10],
            score: &[90.0, 80.0],
        },
        Scored {
            at: &[7, 10, 14],
            score: &[85.0, 81.0, 70.0],
        },
    );
    let all = (vec![3, 7, 10, 14], vec![90.0, 85.0, 81.0, 70.0]);
    assert_eq!(merged(known, more), all);
    assert_eq!(merged(NOTHING, known), (vec![3, 10], vec![90.0, 80.0]));
}

#[test]
fn every_third_frame_that_is_compared_is_one_that_was_asked_for() {
    for picks in [
        picks(100, Density::Sparse).unwrap(),
        picks(24, Density::Dense).unwrap(),
        vec![3, 6, 60, 63, 70],
        vec![9],
    ] {
        let compared: Vec<usize> = compared(&picks).into_iter().flatten().collect();
        assert!(compared.is_sorted_by(|a, b| a < b));
        let scored: Vec<usize> = compared.iter().copied().step_by(SCORED_EVERY).collect();
        let asked: Vec<usize> = picks.iter().map(|&pick| pick as usize).collect();
        assert_eq!(scored[1..], asked);
        for pick in asked {
            assert!(compared.contains(&(pick - 1)) && compared.contains(&(pick + 1)));
        }
    }
    assert_eq!(compared(&[5, 16]), [2..7, 15..18]);
    assert_eq!(compared(&[]), []);
}

#[test]
fn a_frame_in_between_is_taken_for_a_neighbour() {
    let scored = Scored {
        at: &[1, 11],
        score: &[90.0, 80.0],
    };
    let all = fill(15, scored, NOTHING);
    assert!(all[..6].iter().all(|score| *score == 90.0));
    assert!(all[7..].iter().all(|score| *score == 80.0));
    assert_eq!(all.len(), 15);
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
fn what_is_broken_between_them_is_looked_at() {
    let at = picks(114, Density::Sparse).unwrap();
    let score = vec![95.0; at.len()];
    let scored = Scored {
        at: &at,
        score: &score,
    };
    let mut db = vec![40.0; 114];
    assert_eq!(suspects(scored, &db, 90.0), [0; 0]);
    // Five decibels are what frames may differ by.
    db[30] = 35.0;
    assert_eq!(suspects(scored, &db, 90.0), [0; 0]);
    db[30] = 32.0;
    db[32] = 31.0;
    db[70] = 25.0;
    assert_eq!(suspects(scored, &db, 90.0), [32, 70]);
    // All of it is broken: a few places are enough to know.
    let db: Vec<f32> = (0..114)
        .map(|n| if at.contains(&n) { 40.0 } else { 20.0 })
        .collect();
    assert_eq!(suspects(scored, &db, 90.0).len(), LOOKS);
    assert_eq!(suspects(NOTHING, &db, 90.0), [0; 0]);
}
