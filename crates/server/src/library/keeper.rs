//! Looks into the folders again and again, and keeps the catalog as they are.
//!
//! It looks instead of being told: folders of other machines tell nobody, and a fiftieth of a processor is little.

use super::catalog::Titles;
use super::folder::{Folder, Found, Stamp, Way};
use super::limits;
use super::presentation::Presentation;
use super::reading::{self, Unread};
use super::settle::{Rest, Settling};
use super::shelf::Shelf;
use super::title::{self, Facts, Title};
use super::workshop::Workshop;
use kinora_jobs::clock;
use kinora_stream::Fault;
use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What one thread remembers from scan to scan.
#[derive(Debug)]
pub(super) struct Keeper {
    shelf: Arc<Shelf>,
    workshop: Workshop,
    settling: Settling<(usize, PathBuf)>,
    began: Instant,
    /// Folders that could not be read in the last scan, which has been said.
    lost: HashSet<usize>,
}

impl Keeper {
    pub(super) fn new(shelf: Arc<Shelf>, workshop: Workshop) -> Self {
        Self {
            shelf,
            workshop,
            settling: Settling::default(),
            began: Instant::now(),
            lost: HashSet::new(),
        }
    }

    /// Looks once, and says how long to wait for the next time.
    pub(super) fn scan(&mut self) -> Duration {
        let began = Instant::now();
        let before = self.shelf.catalog.now();
        let mut titles = Titles::new();
        let shelf = Arc::clone(&self.shelf);
        for (number, folder) in shelf.folders.iter().enumerate() {
            for found in self.look(number, folder) {
                if titles.len() == limits::TITLES {
                    break;
                }
                if let Some(title) = self.title(&before, (number, folder), found) {
                    titles.insert(title.id.clone(), title);
                }
            }
        }
        self.settling.sweep();
        let is_same = before.len() == titles.len()
            && before
                .values()
                .zip(titles.values())
                .all(|(a, b)| Arc::ptr_eq(a, b));
        if !is_same {
            tracing::info!(titles = titles.len(), "the library has changed");
            shelf.catalog.replace(titles);
            shelf.remember();
        }
        limits::SCAN.max(began.elapsed() * limits::REST_FACTOR)
    }

    fn look(&mut self, number: usize, folder: &Folder) -> Vec<Found> {
        match folder.walk() {
            Ok(found) => {
                if self.lost.remove(&number) {
                    tracing::info!(folder = %folder.path().display(), "the folder is back");
                }
                found
            }
            Err(error) => {
                if self.lost.insert(number) {
                    tracing::warn!(folder = %folder.path().display(), %error, "a folder of the library cannot be read");
                }
                Vec::new()
            }
        }
    }

    /// The title of a file, when it is whole.
    fn title(
        &mut self,
        before: &Titles,
        (number, folder): (usize, &Folder),
        found: Found,
    ) -> Option<Arc<Title>> {
        let key = &self.shelf.key;
        let id = title::id(key, folder.path(), &found.path);
        let known = before.get(&id).filter(|known| known.stamp == found.stamp);
        if let Some(known) = known.filter(|known| known.beside == found.beside) {
            return Some(Arc::clone(known));
        }
        let facts = known.map(|known| known.facts.clone());
        let (facts, played) = match facts.or_else(|| self.shelf.recall(&id, found.stamp)) {
            Some(facts) => (facts, None),
            None => self.facts(number, folder, &found)?,
        };
        self.settling.forget(&(number, found.path.clone()));
        let at = (number, folder.path());
        let title = Title::new(&self.shelf.key, at, found, facts);
        if let Some(played) = played {
            self.shelf.prepare(&title, played);
        }
        Some(Arc::new(title))
    }

    /// What a file is, and what is played of it if browsers know it.
    fn facts(
        &mut self,
        number: usize,
        folder: &Folder,
        found: &Found,
    ) -> Option<(Facts, Option<Presentation>)> {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let age_ms = clock::now() - found.stamp.modified_ns / 1_000_000;
        let name = (number, found.path.clone());
        let rest = self.settling.look(name, found.stamp, now_ms, age_ms);
        if rest == Rest::Moving {
            return None;
        }
        match examine(folder, found) {
            Ok(played) => Some((Facts::of(&played), Some(played))),
            // It may still be on its way; what is damaged for long is shown, and says so.
            Err(Unread::Fault(fault)) if rest == Rest::Long => {
                let file = folder.open(&found.path, Way::Any).ok()?;
                // What has no index of MP4 is most likely none.
                let obstacle = match fault {
                    Fault::Unsupported(_) => fault.to_string(),
                    Fault::Damaged(_) | Fault::TooLarge(_) => {
                        "browsers do not know this kind of file".into()
                    }
                };
                Some((self.workshop.facts(&file, obstacle), None))
            }
            Err(Unread::Fault(_)) => None,
            Err(Unread::Io(error)) => {
                tracing::debug!(path = ?found.path, %error, "a file of the library cannot be read");
                None
            }
        }
    }
}

/// What is played of a file, if browsers know it.
fn examine(folder: &Folder, found: &Found) -> Result<Presentation, Unread> {
    let file = folder.open(&found.path, Way::Any)?;
    if Stamp::of(&file)? != found.stamp {
        return Err(io::Error::from(io::ErrorKind::Interrupted).into());
    }
    let index = reading::index(&file)?;
    Ok(Presentation::of_source(index)?)
}
