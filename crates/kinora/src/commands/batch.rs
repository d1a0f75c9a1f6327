//! Several files at once, on a few threads.

use crate::exit::Exit;
use crate::report::Outcome;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Does the work for each item, at most `threads` at a time, beginning in order. The outcomes are in order too.
pub(crate) fn each<T: Sync>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> Outcome + Sync,
) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let outcomes: Mutex<Vec<Option<Outcome>>> = Mutex::new(vec![None; items.len()]);
    let labour = || {
        while let Some((at, item)) = take(items, &next) {
            let outcome = work(item);
            outcomes.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(outcome);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            scope.spawn(labour);
        }
    });
    let outcomes = outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    outcomes.into_iter().flatten().collect()
}

fn take<'a, T>(items: &'a [T], next: &AtomicUsize) -> Option<(usize, &'a T)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    items.get(at).map(|item| (at, item))
}

/// How the command ends: interrupted if anything was, else as the first file that failed.
#[must_use]
pub(crate) fn exit(outcomes: &[Outcome]) -> Exit {
    let failed = || {
        outcomes
            .iter()
            .filter_map(|outcome| outcome.as_ref().err())
            .map(|failure| failure.exit)
    };
    failed()
        .find(|exit| *exit == Exit::Interrupted)
        .or_else(|| failed().next())
        .unwrap_or(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Failure;

    #[test]
    fn all_are_done_once_and_in_order() {
        let items: Vec<usize> = (0..20).collect();
        let busy = AtomicUsize::new(0);
        let outcomes = each(&items, 4, |item| {
            assert!(busy.fetch_add(1, Ordering::SeqCst) < 4);
            busy.fetch_sub(1, Ordering::SeqCst);
            match item % 7 {
                3 => Err(Failure::new(Exit::Busy, "c", format!("{item}"), "")),
                _ => Ok(()),
            }
        });
        let failed: Vec<_> = outcomes
            .iter()
            .enumerate()
            .filter(|(_, o)| o.is_err())
            .map(|(i, _)| i)
            .collect();
        assert_eq!(failed, [3, 10, 17]);
    }

    #[test]
    fn the_first_failure_decides_unless_interrupted() {
        let failed = |exit| Err(Failure::new(exit, "", "", ""));
        assert_eq!(exit(&[Ok(()), Ok(())]), Exit::Success);
        assert_eq!(
            exit(&[Ok(()), failed(Exit::File), failed(Exit::Busy)]),
            Exit::File
        );
        assert_eq!(
            exit(&[failed(Exit::File), failed(Exit::Interrupted)]),
            Exit::Interrupted
        );
    }
}
