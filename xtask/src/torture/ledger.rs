//! What servers have promised: each job they acknowledged, and what they said became of it.
//!
//! It outlives servers: what one has acknowledged the next one owes, whatever happened in between.

use super::tally::Tally;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The promises made from one data directory.
#[derive(Debug)]
pub(crate) struct Ledger<'a> {
    tally: &'a Tally,
    promises: Mutex<HashMap<String, Promise>>,
}

/// One acknowledged job.
#[derive(Clone, Debug, Default)]
pub(crate) struct Promise {
    /// The client's own name for it.
    key: String,
    /// How it ended, once that was told.
    ended: Option<String>,
    /// BLAKE3 of its result, once that was told.
    digest: Option<String>,
}

/// States that a job does not leave, but to be forgotten.
const FINAL: [&str; 4] = ["completed", "failed", "cancelled", "expired"];

impl<'a> Ledger<'a> {
    pub(crate) fn new(tally: &'a Tally) -> Self {
        Self {
            tally,
            promises: Mutex::default(),
        }
    }

    /// A job was acknowledged.
    pub(crate) fn accepted(&self, id: &str, key: &str) {
        let mut promises = self.promises();
        let twice = promises
            .iter()
            .find(|(known, job)| job.key == key && *known != id);
        if let Some((other, _)) = twice {
            self.tally
                .violation(format!("one key became two jobs: {other} and {id}"));
        }
        if promises.get(id).is_none() {
            self.tally.count("jobs acknowledged");
        }
        promises.entry(id.to_owned()).or_default().key = key.to_owned();
    }

    /// A state was told to somebody who asked when the job had ended so, as far as anybody knew: what others heard
    /// while the answer was on its way may be newer than it. True when the state is final.
    pub(crate) fn told(&self, id: &str, state: &str, before: Option<&str>) -> bool {
        if !FINAL.contains(&state) {
            if let Some(ended) = before {
                self.tally
                    .violation(format!("job {id} was {ended} and is {state} again"));
            }
            return false;
        }
        let mut promises = self.promises();
        let promise = promises.entry(id.to_owned()).or_default();
        match promise.ended.as_deref() {
            None => self.tally.count(&format!("jobs {state}")),
            Some(known) if known == state || state == "expired" => {}
            // Expired meanwhile.
            Some("expired") if before != Some("expired") => return true,
            Some(known) => self
                .tally
                .violation(format!("job {id} ended twice: {known}, then {state}")),
        }
        promise.ended = Some(state.to_owned());
        true
    }

    /// A result was delivered whole: what it hashes to, and what the server says it does.
    pub(crate) fn delivered(&self, id: &str, found: &str, said: Option<&str>) {
        self.tally.count("results delivered");
        if said != Some(found) {
            self.tally
                .violation(format!("job {id} delivered {found}, and said {said:?}"));
        }
        let mut promises = self.promises();
        let before = promises
            .entry(id.to_owned())
            .or_default()
            .digest
            .replace(found.to_owned());
        if before.as_deref().is_some_and(|before| before != found) {
            self.tally
                .violation(format!("job {id} delivered two different results"));
        }
    }

    /// All jobs that were acknowledged.
    pub(crate) fn jobs(&self) -> Vec<String> {
        self.promises().keys().cloned().collect()
    }

    /// How a job ended, as far as was told.
    pub(crate) fn ended(&self, id: &str) -> Option<String> {
        self.promises().get(id)?.ended.clone()
    }

    fn promises(&self) -> std::sync::MutexGuard<'_, HashMap<String, Promise>> {
        self.promises.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(act: impl FnOnce(&Ledger<'_>), violations: usize) {
        let tally = Tally::default();
        act(&Ledger::new(&tally));
        assert_eq!(tally.violations(), violations, "{tally}");
    }

    #[test]
    fn a_job_ends_once() {
        check(
            |ledger| {
                ledger.accepted("a", "key");
                ledger.accepted("a", "key");
                assert!(!ledger.told("a", "queued", None));
                assert!(ledger.told("a", "completed", None));
                ledger.delivered("a", "d", Some("d"));
                ledger.delivered("a", "d", Some("d"));
                assert!(ledger.told("a", "expired", None));
                assert_eq!(ledger.jobs(), ["a"]);
            },
            0,
        );
    }

    #[test]
    fn answers_may_overtake_each_other() {
        check(
            |ledger| {
                let before = ledger.ended("a");
                ledger.told("a", "cancelled", None);
                assert!(!ledger.told("a", "queued", before.as_deref()));
                ledger.told("a", "expired", Some("cancelled"));
                assert!(ledger.told("a", "cancelled", Some("cancelled")));
                assert_eq!(ledger.ended("a").as_deref(), Some("expired"));
            },
            0,
        );
    }

    #[test]
    fn what_must_not_be_is_seen() {
        check(
            |ledger| {
                ledger.accepted("a", "key");
                ledger.accepted("b", "key");
            },
            1,
        );
        check(
            |ledger| {
                ledger.told("a", "failed", None);
                ledger.told("a", "completed", None);
            },
            1,
        );
        check(
            |ledger| {
                ledger.told("a", "failed", None);
                ledger.told("a", "queued", ledger.ended("a").as_deref());
            },
            1,
        );
        check(
            |ledger| {
                ledger.told("a", "expired", None);
                ledger.told("a", "completed", Some("expired"));
            },
            1,
        );
        check(|ledger| ledger.delivered("a", "d", Some("e")), 1);
        check(
            |ledger| {
                ledger.delivered("a", "d", Some("d"));
                ledger.delivered("a", "e", Some("e"));
            },
            1,
        );
    }
}
