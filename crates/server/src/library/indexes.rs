//! Indexes of titles that are watched, as many as memory is set aside for.

use super::limits::INDEX_BYTES;
use super::presentation::Presentation;
use crate::fault::Fault;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is ready to be sent, by what it was made of; last used last.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    ready: Mutex<Vec<(String, Arc<Presentation>)>>,
    /// One at a time is made: an index may take much memory while it is read.
    making: Mutex<()>,
}

impl Indexes {
    /// The presentation under this name, made if it is not there.
    pub(super) fn get(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Presentation, Fault>,
    ) -> Result<Arc<Presentation>, Fault> {
        if let Some(found) = self.find(name) {
            return Ok(found);
        }
        let _alone = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have made it meanwhile.
        if let Some(found) = self.find(name) {
            return Ok(found);
        }
        let made = Arc::new(make()?);
        let mut ready = self.ready();
        ready.push((name.to_owned(), Arc::clone(&made)));
        let mut taken: usize = ready.iter().map(|(_, each)| each.memory).sum();
        while taken > INDEX_BYTES && ready.len() > 1 {
            let (_, oldest) = ready.remove(0);
            taken -= oldest.memory;
        }
        Ok(made)
    }

    /// The same, if it is there.
    pub(super) fn find(&self, name: &str) -> Option<Arc<Presentation>> {
        let mut ready = self.ready();
        let place = ready.iter().position(|(each, _)| each == name)?;
        let entry = ready.remove(place);
        let found = Arc::clone(&entry.1);
        ready.push(entry);
        Some(found)
    }

    fn ready(&self) -> MutexGuard<'_, Vec<(String, Arc<Presentation>)>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_when_memory_is_full() {
        let indexes = Indexes::default();
        let make = |memory| {
            move || {
                Ok(Presentation {
                    memory,
                    ..Presentation::default()
                })
            }
        };
        let never = || panic!("it is there");
        indexes.get("a", make(INDEX_BYTES / 2)).unwrap();
        indexes.get("b", make(INDEX_BYTES / 2)).unwrap();
        indexes.get("a", never).unwrap();
        indexes.get("c", make(1)).unwrap();
        indexes.get("a", never).unwrap();
        assert!(indexes.find("b").is_none());
        indexes.get("d", make(INDEX_BYTES * 2)).unwrap();
        assert!(
            indexes.find("d").is_some(),
            "what is wanted is kept, however large"
        );
    }
}
