//! The search against scenes whose curves are known: it must find what is there, in few rounds.

use super::*;

const X264: Scale = Scale {
    range: (10.0, 40.0),
    step: 0.25,
    first: 21.0,
    slope: 0.115,
    size_slope: -0.125,
};
const GOAL: Levels = Levels {
    mean: 95.0,
    scene: 93.0,
    worst5: 90.0,
};

/// A scene of the world: deficit and bytes per frame at CRF 20, and its own slopes.
#[derive(Clone, Copy)]
struct Real {
    frames: usize,
    deficit: f64,
    slope: f64,
    bytes: f64,
    /// What every tenth frame lacks, by the mean.
    tenth: f64,
}

impl Real {
    fn encode(&self, crf: f64, frames: usize) -> Outcome {
        let deficit = self.deficit * (self.slope * (crf - 20.0)).exp();
        let bytes = self.bytes * (-0.125 * (crf - 20.0)).exp();
        // Frames differ by up to a third around what the tenth leaves of the mean.
        let others = (10.0 - self.tenth) / 9.0;
        let by = |at: usize| match at % 10 {
            9 => self.tenth,
            at => others * (1.0 + 0.33 * ((at % 3) as f64 - 1.0)),
        };
        let score = |at: usize| 100.0 - deficit * by(at);
        Outcome {
            crf,
            scores: (0..frames).map(|at| score(at) as f32).collect(),
            frames,
            bytes: (bytes * (frames as f64 + 4.0)) as u64,
            key_bytes: ((bytes * 5.0) as u64, 1),
        }
    }

    fn level(&self, crf: f64) -> f64 {
        100.0 - self.deficit * (self.slope * (crf - 20.0)).exp()
    }
}

fn run(world: &[Real]) -> (Search, Allocation) {
    let lengths: Vec<_> = world.iter().map(|each| each.frames).collect();
    let source: Vec<_> = (0..world.len()).collect();
    let mut search = Search::new(X264, GOAL, &lengths, &source, 250);
    while let Next::Try(probes) = search.next() {
        let round = probes
            .into_iter()
            .map(|(scene, crf)| (scene, world[scene].encode(crf, 24)));
        search.take(round.collect());
        assert!(search.rounds() <= MOST_ROUNDS);
    }
    let allocation = search.allocate(None);
    (search, allocation)
}

fn real_levels(world: &[Real], crf: &[f64]) -> (f64, f64) {
    let frames: f64 = world.iter().map(|each| each.frames as f64).sum();
    let levels: Vec<_> = world
        .iter()
        .zip(crf)
        .map(|(each, &crf)| (each.level(crf), each.frames))
        .collect();
    let mean = levels
        .iter()
        .map(|(level, frames)| level * *frames as f64)
        .sum::<f64>()
        / frames;
    (
        mean,
        levels.iter().map(|(level, _)| *level).fold(100.0, f64::min),
    )
}

const EASY: Real = Real {
    frames: 100,
    deficit: 2.0,
    slope: 0.12,
    bytes: 1000.0,
    tenth: 1.0,
};
const USUAL: Real = Real {
    frames: 150,
    deficit: 4.0,
    slope: 0.11,
    bytes: 5000.0,
    tenth: 1.0,
};
const HARD: Real = Real {
    frames: 60,
    deficit: 9.0,
    slope: 0.1,
    bytes: 20_000.0,
    tenth: 1.0,
};
const FLAT: Real = Real {
    frames: 80,
    deficit: 0.5,
    slope: 0.03,
    bytes: 300.0,
    tenth: 1.0,
};

#[test]
fn two_rounds_find_the_mean_and_hold_the_floor() {
    for world in [
        vec![USUAL],
        vec![EASY, USUAL],
        vec![EASY, USUAL, HARD],
        vec![HARD],
    ] {
        let (search, found) = run(&world);
        assert!(search.rounds() <= 3, "{} rounds", search.rounds());
        let (mean, least) = real_levels(&world, &found.crf);
        assert!(
            found.holds && mean > 94.8 && least > 92.8,
            "{mean} {least} {found:?}"
        );
        let is_tight = mean < 95.4 || least < 93.4 || found.levels.worst5 < 90.4;
        assert!(is_tight, "{mean} {least} {found:?}");
    }
}

/// The smallest file of one CRF for all that keeps mean and floor.
fn single(world: &[Real]) -> f64 {
    let bytes = |crf: f64| {
        let scenes = world.iter();
        scenes
            .map(|each| each.encode(crf, each.frames).bytes as f64)
            .sum::<f64>()
    };
    let holds = |crf: &f64| {
        let (mean, least) = real_levels(world, &vec![*crf; world.len()]);
        mean >= 95.0 && least >= 93.0
    };
    let crf = (0..120)
        .rev()
        .map(|step| 10.0 + f64::from(step) * 0.25)
        .find(holds);
    bytes(crf.unwrap())
}

#[test]
fn a_floor_costs_less_than_with_one_crf() {
    let world = [EASY, USUAL, HARD];
    let (_, found) = run(&world);
    assert!(found.crf[2] < found.crf[1], "{:?}", found.crf);
    let one = single(&world);
    assert!(
        (found.bytes as f64) < one * 0.95,
        "{} against {one}",
        found.bytes
    );
}

#[test]
fn one_hard_scene_does_not_draw_the_others_down() {
    let harder = Real {
        deficit: 15.0,
        ..HARD
    };
    let world = [USUAL, USUAL, harder];
    let (_, found) = run(&world);
    let (mean, least) = real_levels(&world, &found.crf);
    assert!(found.holds && least > 92.8, "{mean} {least}");
    assert!(mean < 95.4, "{mean} by {:?}", found.crf);
}

#[test]
fn few_bad_frames_move_all_scenes_as_far_as_they_need() {
    let rough = Real {
        tenth: 3.2,
        ..USUAL
    };
    let (_, found) = run(&[rough, rough, EASY]);
    assert!(found.holds, "{found:?}");
    assert!(found.levels.worst5 < 90.5, "{found:?}");
}

#[test]
fn the_worst_frames_move_the_scenes_that_have_them() {
    let rough = Real {
        tenth: 3.0,
        ..USUAL
    };
    let (_, found) = run(&[rough, rough, rough, USUAL]);
    assert!(found.holds, "{found:?}");
    let better = found.crf[..3].iter().copied().fold(40.0, f64::min);
    assert!(better + 1.0 < found.crf[3], "{:?}", found.crf);
    // One CRF for all that holds the worst frames is 96.7 on average.
    assert!(found.levels.mean < 95.9, "{found:?}");
}

#[test]
fn a_hair_under_the_floor_is_under_it_and_is_made_better() {
    let (mut search, before) = run(&[USUAL, USUAL]);
    let just = |level: f64, crf: f64| Real {
        deficit: (100.0 - level) / (USUAL.slope * (crf - 20.0)).exp(),
        ..USUAL
    };
    let crf = before.crf[0];
    search.observe(0, just(93.01, crf).encode(crf, 150));
    assert!(search.below_floor(0.0).is_empty());
    search.observe(0, just(92.99, crf).encode(crf, 150));
    search.observe(1, USUAL.encode(before.crf[1], 150));
    assert_eq!(search.below_floor(0.0), [0]);
    search.release(0);
    let again = search.allocate(None);
    assert!(again.crf[0] < crf, "{:?}", again.crf);
    assert!(again.levels.scene > 93.0, "{again:?}");
    // Whatever the lines say: it ends above, or at the lowest CRF.
    let crf = again.crf[0];
    search.observe(0, just(92.99, crf).encode(crf, 150));
    search.release(0);
    assert!(search.allocate(None).crf[0] < crf);
}

#[test]
fn flat_curves_end_at_a_bound() {
    let (search, found) = run(&[FLAT]);
    assert!(search.rounds() <= MOST_ROUNDS);
    assert!(found.holds);
    assert!(found.crf[0] > 21.0, "{:?}", found.crf);
}

#[test]
fn what_cannot_be_reached_is_said() {
    let hopeless = Real {
        deficit: 60.0,
        ..HARD
    };
    let (mut search, found) = run(&[hopeless]);
    assert!(search.rounds() <= MOST_ROUNDS);
    assert!(!found.holds);
    assert_eq!(found.crf, [X264.range.0]);
    search.observe(0, hopeless.encode(found.crf[0] + 1.0, 24));
    assert!(!search.is_spent());
    search.observe(0, hopeless.encode(found.crf[0], 24));
    assert!(search.is_spent());
}

#[test]
fn what_is_too_large_and_not_good_enough_is_lost() {
    let check = |real: Real, tried: usize, bytes: u64, expected: bool| {
        let mut search = Search::new(X264, GOAL, &[real.frames], &[0], 250);
        search.take(vec![(0, real.encode(X264.first, tried))]);
        assert_eq!(search.is_lost(bytes), expected, "{bytes}");
    };
    let all = HARD.frames;
    let bytes = HARD.encode(X264.first, all).bytes;
    check(HARD, all, bytes * 9 / 10, true);
    check(HARD, all, bytes * 11 / 10, false);
    // A part may mislead by as much.
    check(HARD, 24, bytes * 9 / 10, false);
    check(HARD, 24, bytes * 7 / 10, true);
    // What is better than it needs to be may become smaller.
    check(EASY, EASY.frames, 1, false);
}

#[test]
fn a_first_trial_in_part_leads_to_a_whole_one_that_counts() {
    // The part is better than the scene, by as much as parts are off.
    let part = Real {
        deficit: USUAL.deficit / 1.2,
        ..USUAL
    };
    let mut search = Search::new(X264, GOAL, &[USUAL.frames], &[0], 250);
    let mut rounds = Vec::new();
    while let Next::Try(probes) = search.next() {
        let [(_, crf)] = probes[..] else {
            panic!("{probes:?}")
        };
        let real = if rounds.is_empty() {
            part.encode(crf, 24)
        } else {
            USUAL.encode(crf, USUAL.frames)
        };
        rounds.push(crf);
        search.take(vec![(0, real)]);
    }
    assert_eq!(rounds.len(), 2, "{rounds:?}");
    let found = USUAL.level(search.allocate(None).crf[0]);
    assert!((94.9..95.3).contains(&found), "{found}");
}

#[test]
fn a_limit_is_kept_with_the_best_quality_under_it() {
    let world = [EASY, USUAL, HARD];
    let (search, free) = run(&world);
    let limit = free.bytes / 2;
    let bound = search.allocate(Some(limit));
    assert!(
        bound.bytes <= limit && bound.bytes > limit * 9 / 10,
        "{bound:?} {limit}"
    );
    assert!(!bound.holds && bound.levels.mean < free.levels.mean);
    let loose = search.allocate(Some(free.bytes * 2));
    assert!((loose.levels.mean - free.levels.mean).abs() < 0.05);
}

#[test]
fn chunks_correct_the_scenes_to_come() {
    let world = [USUAL, USUAL, USUAL];
    let (mut search, before) = run(&world);
    // The first chunk turns out worse than its samples.
    let worse = Real {
        deficit: USUAL.deficit * 1.3,
        ..USUAL
    };
    search.observe(0, worse.encode(before.crf[0], 150));
    let after = search.allocate(None);
    assert_eq!(after.crf[0], before.crf[0]);
    assert!(after.crf[1] < before.crf[1]);
    // One under its floor is found, and its new choice holds.
    let bad = Real {
        deficit: USUAL.deficit * 2.5,
        ..USUAL
    };
    search.observe(1, bad.encode(after.crf[1], 150));
    assert_eq!(search.below_floor(0.5), [1]);
    search.release(1);
    let again = search.allocate(None);
    assert!(
        bad.level(again.crf[1]) >= 92.9,
        "{}",
        bad.level(again.crf[1])
    );
    assert!(search.below_floor(0.5).is_empty());
}

#[test]
fn a_chunk_under_its_floor_does_not_draw_down_those_to_come() {
    let world = [USUAL, USUAL, EASY];
    let (mut search, before) = run(&world);
    let bad = Real {
        deficit: USUAL.deficit * 2.5,
        ..USUAL
    };
    search.observe(0, bad.encode(before.crf[0], 150));
    assert_eq!(search.below_floor(0.5), [0]);
    // It will be made again; what it showed moves the others, and by no more than that.
    let after = search.allocate(None);
    assert!(after.crf[1] < before.crf[1], "{:?}", after.crf);
    assert!(after.crf[1] > before.crf[1] - 6.0, "{:?}", after.crf);
    assert!(after.holds, "{after:?}");
    // When nothing is to come any more, what is there counts.
    search.observe(1, USUAL.encode(after.crf[1], 150));
    search.observe(2, EASY.encode(after.crf[2], 100));
    let end = search.allocate(None);
    assert!(!end.holds && end.levels.scene < 92.0, "{end:?}");
}

#[test]
fn a_scene_that_will_be_made_better_counts_in_the_mean() {
    let (mut search, found) = run(&[USUAL, USUAL]);
    let is_level = |level: f64, crf: f64| Real {
        deficit: (100.0 - level) / (USUAL.slope * (crf - 20.0)).exp(),
        ..USUAL
    };
    for (scene, level) in [(0, 91.0), (1, 99.0)] {
        let crf = found.crf[scene];
        search.observe(scene, is_level(level, crf).encode(crf, USUAL.frames));
    }
    let now = search.allocate(None).levels;
    assert!((now.mean - 95.0).abs() < 0.01, "{now:?}");
    let then = search.mended(None);
    assert!(then.holds && then.crf[1] == found.crf[1], "{then:?}");
    assert!((95.9..96.6).contains(&then.levels.mean), "{then:?}");
    assert_eq!(search.allocate(None).levels, now);
}

/// So many chunks a scene takes that was not tried, until it holds its floor.
fn chunks_until_held(untried: Real) -> usize {
    let mut search = Search::new(X264, GOAL, &[150, 150], &[0, 0], 250);
    while let Next::Try(probes) = search.next() {
        let tried = probes.iter().map(|&(_, crf)| (0, EASY.encode(crf, 24)));
        search.take(tried.collect());
    }
    let mut chunks = 0;
    loop {
        let crf = search.allocate(None).crf;
        if chunks == 0 {
            search.observe(0, EASY.encode(crf[0], 150));
        }
        search.observe(1, untried.encode(crf[1], 150));
        chunks += 1;
        if search.below_floor(0.0).is_empty() {
            return chunks;
        }
        search.release(1);
    }
}

#[test]
fn a_scene_finds_its_own_slope() {
    for slope in [0.02, 0.03, 0.05, 0.08, 0.115, 0.15] {
        let deficit = 7.5;
        let unlike = Real {
            slope,
            deficit,
            ..USUAL
        };
        let chunks = chunks_until_held(unlike);
        assert!(chunks <= 3, "{chunks} at {slope}");
    }
}

/// Two scenes of which the first was tried for both, and their first chunks; floors decide.
fn unlike(tried: Real, untried: Real) -> (Search, Allocation) {
    let lengths = [tried.frames, untried.frames];
    let goal = Levels { mean: 90.0, ..GOAL };
    let mut search = Search::new(X264, goal, &lengths, &[0, 0], 250);
    while let Next::Try(probes) = search.next() {
        let trials = probes.iter().map(|&(_, crf)| (0, tried.encode(crf, 24)));
        search.take(trials.collect());
    }
    let first = search.allocate(None);
    search.observe(0, tried.encode(first.crf[0], tried.frames));
    search.observe(1, untried.encode(first.crf[1], untried.frames));
    (search, first)
}

#[test]
fn a_scene_unlike_the_one_that_was_tried_for_it_is_not_given_its_slope() {
    let steep = Real {
        slope: 0.2,
        deficit: 2.0,
        ..USUAL
    };
    let poor = Real {
        deficit: 12.0,
        ..USUAL
    };
    let (mut search, _) = unlike(steep, poor);
    search.release(1);
    let crf = search.allocate(None).crf[1];
    assert!((92.9..94.3).contains(&poor.level(crf)), "{crf}");
}

#[test]
fn a_scene_that_is_far_too_good_is_made_again_where_that_pays() {
    let hard = Real {
        deficit: 12.0,
        ..USUAL
    };
    let still = Real {
        deficit: 0.1,
        frames: 30,
        bytes: 10_000.0,
        ..hard
    };
    let (mut search, first) = unlike(hard, still);
    assert_eq!(search.wasteful(0.3), [1]);
    assert!(search.wasteful(0.001).is_empty());
    search.release(1);
    let again = search.allocate(None).crf;
    assert!(again[1] > first.crf[1] + 2.0, "{again:?}, {first:?}");
    // Nothing to win where it takes hardly anything.
    let tiny = Real {
        bytes: 40.0,
        ..still
    };
    let (search, _) = unlike(hard, tiny);
    assert!(search.wasteful(0.3).is_empty());
}

#[test]
fn two_chunks_at_almost_one_crf_make_no_slope() {
    let (mut search, before) = run(&[USUAL, USUAL]);
    search.goal.mean = 90.0;
    let crf = before.crf[0];
    search.observe(1, USUAL.encode(before.crf[1], 150));
    let lacks = |level: f64, crf: f64| Real {
        deficit: (100.0 - level) / (USUAL.slope * (crf - 20.0)).exp(),
        ..USUAL
    };
    search.observe(0, lacks(92.5, crf).encode(crf, 150));
    search.release(0);
    // Hardly worse at a higher CRF: by that line one far higher would do.
    search.observe(0, lacks(92.4, crf + 0.5).encode(crf + 0.5, 150));
    search.release(0);
    let again = search.allocate(None).crf[0];
    assert!((crf - 1.75..crf).contains(&again), "{again} behind {crf}");
}

#[test]
fn a_floor_out_of_reach_costs_its_own_scene_alone() {
    let beyond = Real {
        deficit: 20.0,
        ..HARD
    };
    let (mut search, found) = run(&[USUAL, USUAL, EASY, beyond]);
    assert_eq!(found.crf[3], X264.range.0);
    assert!(!found.holds && found.levels.scene < 93.0, "{found:?}");
    assert!(found.crf[0] > 16.0, "{:?}", found.crf);
    assert!((95.0..95.3).contains(&found.levels.mean), "{found:?}");
    for (scene, real) in [USUAL, USUAL, EASY, beyond].iter().enumerate() {
        assert!(!search.is_spent());
        search.observe(scene, real.encode(found.crf[scene], real.frames));
    }
    assert!(search.is_spent());
}

#[test]
fn a_scene_that_was_tried_whole_is_not_encoded_again() {
    let mut search = Search::new(X264, GOAL, &[24, 24], &[0, 1], 250);
    search.take(vec![
        (0, USUAL.encode(21.0, 24)),
        (1, USUAL.encode(21.0, 12)),
    ]);
    assert_eq!(search.reuse(0, 21.25), 21.0);
    assert_eq!(search.reuse(0, 20.75), 20.75);
    assert_eq!(search.reuse(0, 20.9), 20.9);
    assert_eq!(search.reuse(0, 22.0), 22.0);
    assert_eq!(search.reuse(1, 21.25), 21.25);
    assert_eq!(search.reuse(7, 21.0), 21.0);
}

#[test]
fn nothing_at_all_is_no_search() {
    let mut search = Search::new(X264, GOAL, &[], &[], 250);
    assert_eq!(search.next(), Next::Try(vec![]));
    search.take(vec![]);
    assert_eq!(search.next(), Next::Enough);
    search.observe(3, Outcome::default());
    assert_eq!(search.allocate(None), Allocation::default());
}
