//! Requests that were answered, by route, method and status.

use hyper::{Method, StatusCode};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Kinds of requests that are told apart; more than there are routes, methods and statuses in use, and a bound for
/// whatever a stranger makes up.
const MOST: usize = 1024;

/// Which kind of request it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// The pattern of its path, never the path itself.
    pub(super) route: String,
    /// Its method; one that is none of the usual ones has no name.
    pub(super) method: &'static str,
    /// How it was answered.
    pub(super) status: u16,
}

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Requests(Mutex<BTreeMap<Kind, u64>>);

impl Requests {
    /// One more.
    pub(super) fn add(&self, route: Option<&str>, method: &Method, status: StatusCode) {
        let kind = Kind {
            route: route.unwrap_or("page").to_owned(),
            method: name(method),
            status: status.as_u16(),
        };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() < MOST || counts.contains_key(&kind) {
            *counts.entry(kind).or_default() += 1;
        }
    }

    /// All of them.
    pub(super) fn counts(&self) -> BTreeMap<Kind, u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn name(method: &Method) -> &'static str {
    const USUAL: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let known = USUAL.into_iter().find(|each| method.as_str() == *each);
    known.unwrap_or("other")
}
