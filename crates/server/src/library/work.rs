//! How far the work on titles is: on the one that is worked on, and on those that wait for their turn.

use std::collections::BTreeMap;

/// How far the work on a title is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Making {
    /// How much is done, 0 to 1.
    pub(crate) done: f64,
    /// How long the rest takes, that of those before it included, when that can be told.
    pub(crate) remaining_s: Option<f64>,
    /// It stands still, for people's jobs take all places.
    pub(crate) is_waiting: bool,
    /// How many titles come before it; `None` for the one that is worked on.
    pub(crate) ahead: Option<usize>,
}

/// The work on all titles.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// The id of the title that is worked on.
    now: Option<(String, Making)>,
    /// By their ids: which place each of those has that wait, and what it costs with all before it.
    waiting: BTreeMap<String, (usize, f64)>,
    /// Seconds that one unit of cost took lately.
    pace_s: Option<f64>,
}

impl Work {
    /// What is worked on, or nothing.
    pub(super) fn set_now(&mut self, now: Option<(String, Making)>) {
        self.now = now;
    }

    /// Those that wait, the next one first, with what each costs.
    pub(super) fn set_waiting(&mut self, waiting: impl Iterator<Item = (String, f64)>) {
        let mut sum = 0.0;
        let placed = waiting.enumerate().map(|(place, (id, cost))| {
            sum += cost;
            (id, (place, sum))
        });
        self.waiting = placed.collect();
    }

    /// So many seconds were spent on so much of the cost.
    pub(super) fn set_pace(&mut self, seconds: f64, cost: f64) {
        if cost > 0.0 {
            self.pace_s = Some(seconds / cost);
        }
    }

    /// How far that of one title is; `None` when nothing is to be done.
    pub(super) fn of(&self, id: &str) -> Option<Making> {
        if let Some((_, making)) = self.now.as_ref().filter(|(now, _)| now == id) {
            return Some(*making);
        }
        let (place, cost) = self.waiting.get(id)?;
        let before = self.now();
        // Nobody knows when those go on that stand still.
        let before_s = before.and_then(|now| now.remaining_s);
        let own_s = self.pace_s.map(|pace_s| pace_s * cost);
        let both_s = before_s.zip(own_s);
        Some(Making {
            done: 0.0,
            remaining_s: both_s.map(|(before_s, own_s)| before_s + own_s),
            is_waiting: before.is_none_or(|now| now.is_waiting),
            ahead: Some(place + usize::from(before.is_some())),
        })
    }

    /// How far that of the title is that is worked on.
    pub(super) fn now(&self) -> Option<Making> {
        self.now.as_ref().map(|(_, making)| *making)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn making(remaining_s: Option<f64>, is_waiting: bool) -> Making {
        Making {
            done: 0.5,
            remaining_s,
            is_waiting,
            ahead: None,
        }
    }

    #[test]
    fn who_waits_is_told_how_long() {
        let mut work = Work::default();
        let now = |making| Some(("a".to_owned(), making));
        work.set_now(now(making(Some(60.0), false)));
        work.set_waiting([("b".to_owned(), 10.0), ("c".to_owned(), 5.0)].into_iter());
        assert_eq!(work.of("a"), work.now());
        // Nothing has been made yet by which it could be known.
        assert_eq!(work.of("b").unwrap().remaining_s, None);
        work.set_pace(30.0, 15.0);
        let of = |work: &Work, id: &str| {
            let found = work.of(id).unwrap();
            (found.ahead.unwrap(), found.remaining_s, found.is_waiting)
        };
        assert_eq!(of(&work, "b"), (1, Some(80.0), false));
        assert_eq!(of(&work, "c"), (2, Some(90.0), false));
        assert_eq!(work.of("d"), None);
        work.set_now(now(making(None, true)));
        assert_eq!(of(&work, "b"), (1, None, true));
        work.set_now(None);
        assert_eq!(of(&work, "c"), (1, None, true));
        work.set_pace(1.0, 0.0);
        assert_eq!(work.pace_s, Some(2.0));
    }
}
