//! What was done to servers, what came of it, and what must not have happened.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::sync::{Mutex, PoisonError};

/// Violations that are written out; more are only counted.
const SHOWN: usize = 20;

/// Counts of everything, filled from many threads.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    counts: BTreeMap<String, u64>,
    violations: Vec<String>,
}

impl Tally {
    /// One more of these.
    pub(crate) fn count(&self, what: &str) {
        self.add(what, 1);
    }

    pub(crate) fn add(&self, what: &str, number: u64) {
        *self.inner().counts.entry(what.to_owned()).or_default() += number;
    }

    /// Something that must not happen has happened.
    pub(crate) fn violation(&self, what: String) {
        eprintln!("VIOLATION: {what}");
        self.inner().violations.push(what);
    }

    pub(crate) fn violations(&self) -> usize {
        self.inner().violations.len()
    }

    #[cfg(test)]
    pub(crate) fn of(&self, what: &str) -> u64 {
        self.inner().counts.get(what).copied().unwrap_or(0)
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Display for Tally {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner();
        for (what, count) in &inner.counts {
            writeln!(to, "{what:<44} {count:>9}")?;
        }
        writeln!(to, "{:<44} {:>9}", "VIOLATIONS", inner.violations.len())?;
        for what in inner.violations.iter().take(SHOWN) {
            writeln!(to, "  {what}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown() {
        let tally = Tally::default();
        tally.count("kills");
        tally.add("kills", 2);
        tally.violation("a result was lost".into());
        let text = tally.to_string();
        assert_eq!((tally.of("kills"), tally.violations()), (3, 1));
        assert!(
            text.contains("kills") && text.contains("  a result was lost"),
            "{text}"
        );
    }
}
