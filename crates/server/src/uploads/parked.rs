//! Hashes of uploads that pause: a client that sends many small pieces must not have everything before each of them
//! read again.

use kinora_store::TaskId;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Uploads that are remembered. One more costs its client a longer wait, and the server no memory: a hash has 2 KiB.
const MOST: usize = 256;

/// The hashes over the first `at` bytes of an upload.
#[derive(Clone, Debug)]
pub(super) struct Hashes {
    pub(super) at: u64,
    pub(super) blake3: blake3::Hasher,
    pub(super) sha256: Option<sha2::Sha256>,
}

/// Those that pause, the one that paused longest ago first.
#[derive(Debug, Default)]
pub(super) struct Parked(Mutex<VecDeque<(TaskId, Hashes)>>);

impl Parked {
    /// Remembers where an upload stands, instead of whatever was known of it.
    pub(super) fn put(&self, id: &TaskId, hashes: Hashes) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(each, _)| each != id);
        if all.len() >= MOST {
            all.pop_front();
        }
        all.push_back((id.clone(), hashes));
    }

    /// Takes out what is known of an upload, if it is known up to exactly there.
    pub(super) fn take(&self, id: &TaskId, at: u64) -> Option<Hashes> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n = all.iter().position(|(each, _)| each == id)?;
        all.remove(n)
            .map(|(_, hashes)| hashes)
            .filter(|hashes| hashes.at == at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(at: u64) -> Hashes {
        Hashes {
            at,
            blake3: blake3::Hasher::new(),
            sha256: None,
        }
    }

    #[test]
    fn only_the_same_place_is_taken_up() {
        let (parked, id) = (Parked::default(), TaskId::random());
        assert!(parked.take(&id, 0).is_none());
        parked.put(&id, hashes(5));
        parked.put(&id, hashes(7));
        assert!(parked.take(&id, 5).is_none(), "it has moved");
        parked.put(&id, hashes(7));
        assert!(parked.take(&id, 7).is_some());
        assert!(parked.take(&id, 7).is_none(), "taken");
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let parked = Parked::default();
        let ids: Vec<TaskId> = (0..=MOST).map(|_| TaskId::random()).collect();
        ids.iter().for_each(|id| parked.put(id, hashes(1)));
        assert!(parked.take(&ids[0], 1).is_none());
        assert!(parked.take(&ids[1], 1).is_some());
        assert!(parked.take(&ids[MOST], 1).is_some());
    }
}
