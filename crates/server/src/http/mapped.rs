//! Files that are mapped while they are sent: an answer out of one is sent without a copy of ours.
//!
//! A map is kept for a while, since making one and touching its pages for the first time costs as much as reading.

use super::limits::{MAP_IDLE, MAP_LEAST, MAPS};
use bytes::Bytes;
use filebuffer::FileBuffer;
use std::collections::HashMap;
use std::fs::File;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::{Instant, sleep};

/// What makes a file the same one with the same content, as far as the system tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl Identity {
    fn of(file: &File) -> Option<Self> {
        let known = file.metadata().ok()?;
        known.is_file().then(|| Self {
            device: known.dev(),
            inode: known.ino(),
            size: known.size(),
            changed: (known.ctime(), known.ctime_nsec()),
        })
    }
}

/// A file in memory, as the kernel keeps it.
///
/// Its bytes may be handed to the kernel and to nobody else: where a file has become shorter, `write(2)` fails with
/// `EFAULT`, but whoever looks there themselves is killed by SIGBUS (mmap(2)).
#[derive(Clone, Debug)]
pub(super) struct Map(Arc<FileBuffer>);

impl Map {
    /// Bytes.
    pub(super) fn size(&self) -> u64 {
        self.0.len() as u64
    }

    /// A part of it; none when nothing is there.
    pub(super) fn part(&self, at: u64, end: u64) -> Option<Bytes> {
        let range = usize::try_from(at).ok()?..usize::try_from(end).ok()?;
        let is_there = range.start < range.end && range.end <= self.0.len();
        let map = Arc::clone(&self.0);
        is_there.then(|| Bytes::from_owner(Part { map, range }))
    }
}

struct Part {
    map: Arc<FileBuffer>,
    range: Range<usize>,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.map[self.range.clone()]
    }
}

#[derive(Debug)]
struct Kept {
    map: Map,
    used: Instant,
}

impl Kept {
    fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.map.0) > 1
    }
}

#[derive(Debug, Default)]
struct Table {
    kept: HashMap<Identity, Kept>,
    /// Somebody looks for those that nobody uses any more.
    is_swept: bool,
}

/// The files that are mapped.
#[derive(Debug, Default)]
pub(super) struct Maps(Mutex<Table>);

impl Maps {
    /// The map of a file; none for a small one, and when there are too many or the system refuses. Within a runtime.
    pub(super) fn of(self: &Arc<Self>, file: &File) -> Option<Map> {
        let identity = Identity::of(file)?;
        if identity.size < MAP_LEAST {
            return None;
        }
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = Instant::now();
        if let Some(kept) = table.kept.get_mut(&identity) {
            kept.used = used;
            return Some(kept.map.clone());
        }
        if table.kept.len() >= MAPS && !table.give_one_up() {
            return None;
        }
        // The very file that is open, whatever has its name by now.
        let opened = FileBuffer::open(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()?;
        let map = Map(Arc::new(opened));
        let kept = Kept {
            map: map.clone(),
            used,
        };
        table.kept.insert(identity, kept);
        if !std::mem::replace(&mut table.is_swept, true) {
            tokio::spawn(sweep(Arc::clone(self)));
        }
        Some(map)
    }

    /// Those that nobody has used for a while, and whether there are no others.
    fn take_idle(&self) -> (Vec<Kept>, bool) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |kept: &Kept| !kept.is_in_use() && kept.used.elapsed() >= MAP_IDLE;
        let over = table.kept.extract_if(|_, kept| is_over(kept));
        let over = over.map(|(_, kept)| kept).collect();
        table.is_swept = !table.kept.is_empty();
        (over, !table.is_swept)
    }
}

impl Table {
    /// Drops the one that has been used by nobody for the longest time.
    fn give_one_up(&mut self) -> bool {
        let idle = self.kept.iter().filter(|(_, kept)| !kept.is_in_use());
        let oldest = idle.min_by_key(|(_, kept)| kept.used);
        let oldest = oldest.map(|(identity, _)| identity.clone());
        oldest.is_some_and(|identity| self.kept.remove(&identity).is_some())
    }
}

/// Drops the maps that nobody uses, until there are none: a file that was deleted takes space for as long as it is
/// mapped.
async fn sweep(maps: Arc<Maps>) {
    loop {
        sleep(MAP_IDLE).await;
        let (over, is_done) = maps.take_idle();
        // A film has a million pages to be let go of.
        let _ = tokio::task::spawn_blocking(move || drop(over)).await;
        if is_done {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(size: u64) -> File {
        let file = tempfile::tempfile().unwrap();
        file.set_len(size).unwrap();
        file
    }

    fn count(maps: &Maps) -> usize {
        maps.0.lock().unwrap().kept.len()
    }

    #[tokio::test(start_paused = true)]
    async fn a_map_is_kept_for_the_next_answer_and_not_for_ever() {
        let maps = Arc::new(Maps::default());
        let file = file(MAP_LEAST);
        let first = maps.of(&file).unwrap();
        assert!(Arc::ptr_eq(&first.0, &maps.of(&file).unwrap().0));
        sleep(3 * MAP_IDLE).await;
        assert_eq!(count(&maps), 1, "it is in use");
        drop(first);
        sleep(3 * MAP_IDLE).await;
        assert_eq!(count(&maps), 0);
        assert!(maps.of(&file).is_some());
        sleep(3 * MAP_IDLE).await;
        assert_eq!(count(&maps), 0, "somebody looks again");
    }

    #[tokio::test]
    async fn a_file_that_has_grown_is_mapped_anew() {
        let maps = Arc::new(Maps::default());
        let file = file(MAP_LEAST);
        assert_eq!(maps.of(&file).unwrap().size(), MAP_LEAST);
        file.set_len(2 * MAP_LEAST).unwrap();
        assert_eq!(maps.of(&file).unwrap().size(), 2 * MAP_LEAST);
    }

    #[tokio::test]
    async fn there_are_only_so_many() {
        let maps = Arc::new(Maps::default());
        let mut held: Vec<Map> = Vec::new();
        for _ in 0..MAPS {
            held.push(maps.of(&file(MAP_LEAST)).unwrap());
        }
        assert!(maps.of(&file(MAP_LEAST)).is_none(), "all are in use");
        held.pop();
        assert!(maps.of(&file(MAP_LEAST)).is_some());
        assert_eq!(count(&maps), MAPS);
        assert!(maps.of(&file(MAP_LEAST - 1)).is_none(), "too small");
    }

    #[tokio::test]
    async fn a_part_is_where_it_should_be() {
        let map = Arc::new(Maps::default()).of(&file(MAP_LEAST)).unwrap();
        assert_eq!(map.part(3, 7).unwrap().len(), 4);
        assert!(map.part(3, 3).is_none());
        assert!(map.part(0, MAP_LEAST + 1).is_none());
        assert!(map.part(u64::MAX, u64::MAX).is_none());
    }
}
