//! All titles, to be listed, searched and sorted; replaced as a whole when a scan has found something else.

use super::title::Title;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use utoipa::ToSchema;

/// Titles by their ids.
pub(super) type Titles = BTreeMap<String, Arc<Title>>;

/// What there is now.
#[derive(Debug, Default)]
pub(super) struct Catalog(RwLock<Arc<Titles>>);

/// In which order titles are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sort {
    /// By name.
    #[default]
    Name,
    /// Newest first.
    Added,
    /// Longest first.
    Duration,
}

/// Which titles are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Words that have to stand in the name.
    pub(crate) search: String,
    pub(crate) sort: Sort,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
}

/// Some of the titles.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) titles: Vec<Arc<Title>>,
    /// How many there are without offset and limit.
    pub(crate) total: usize,
}

impl Catalog {
    pub(super) fn now(&self) -> Arc<Titles> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn replace(&self, titles: Titles) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(titles);
    }

    pub(super) fn list(&self, wanted: &Wanted) -> Page {
        let search = wanted.search.to_lowercase();
        let words: Vec<&str> = search.split_whitespace().collect();
        let all = self.now();
        let mut titles: Vec<&Arc<Title>> = all.values().filter(|each| each.has(&words)).collect();
        titles.sort_by(|a, b| {
            let by_name = || a.order().cmp(&b.order());
            match wanted.sort {
                Sort::Name => by_name(),
                Sort::Added => b.added_ms().cmp(&a.added_ms()).then_with(by_name),
                Sort::Duration => {
                    let length = |title: &Title| title.facts.duration_ms;
                    length(b).cmp(&length(a)).then_with(by_name)
                }
            }
        });
        Page {
            total: titles.len(),
            titles: titles
                .into_iter()
                .skip(wanted.offset)
                .take(wanted.limit)
                .cloned()
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::folder::{Found, Stamp};
    use super::super::title::Facts;
    use super::*;
    use std::path::Path;

    fn catalog() -> Catalog {
        let title = |(place, name, duration_ms): (i64, &str, u64)| {
            let stamp = Stamp {
                size: 1,
                modified_ns: place * 1_000_000,
                inode: 0,
            };
            let facts = Facts {
                duration_ms,
                ..Facts::default()
            };
            let at = (0, Path::new("/films"));
            let found = Found {
                path: name.into(),
                stamp,
                beside: Vec::new(),
            };
            let title = Title::new(&[0; 32], at, found, facts);
            (title.id.clone(), Arc::new(title))
        };
        let all = [
            (1, "Alpha one.mp4", 10),
            (2, "beta_ONE.mp4", 30),
            (3, "gamma.mp4", 20),
        ];
        let catalog = Catalog::default();
        catalog.replace(all.into_iter().map(title).collect());
        catalog
    }

    fn check(search: &str, sort: Sort, (offset, limit): (usize, usize), expected: &[&str]) {
        let wanted = Wanted {
            search: search.into(),
            sort,
            offset,
            limit,
        };
        let page = catalog().list(&wanted);
        let names: Vec<&str> = page
            .titles
            .iter()
            .map(|title| title.name.as_str())
            .collect();
        assert_eq!(names, expected, "{wanted:?}");
    }

    #[test]
    fn titles_are_found_and_sorted() {
        check("", Sort::Name, (0, 9), &["Alpha one", "beta ONE", "gamma"]);
        check("", Sort::Added, (0, 2), &["gamma", "beta ONE"]);
        check("", Sort::Duration, (1, 9), &["gamma", "Alpha one"]);
        check("ONE a", Sort::Name, (0, 9), &["Alpha one", "beta ONE"]);
        check("one alp", Sort::Name, (0, 9), &["Alpha one"]);
        check("delta", Sort::Name, (0, 9), &[]);
        check("", Sort::Name, (7, 9), &[]);
    }
}
