//! What slots of all titles take on the disk, and which of them go when there is no room for more: those of titles that
//! nobody watches, the longest untouched first. What has gone is made again for who comes back.

use super::slots::DIRECTORY;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Slots of all titles.
#[derive(Debug)]
pub(super) struct Stock {
    /// Where what is made for titles lies.
    place: PathBuf,
    ceiling: u64,
    /// Bytes that are there, once they have been counted; more, where another one has removed some since.
    taken: Option<u64>,
}

/// Slots of one title.
struct Held {
    name: String,
    path: PathBuf,
    bytes: u64,
    touched: SystemTime,
}

impl Stock {
    /// Of titles in this place, which may take so many bytes together.
    pub(super) fn new(place: PathBuf, ceiling: u64) -> Self {
        Self {
            place,
            ceiling,
            taken: None,
        }
    }

    /// So many bytes more are there.
    pub(super) fn add(&mut self, bytes: u64) {
        self.taken = self.taken.map(|taken| taken.saturating_add(bytes));
    }

    /// Bytes that may still be written, on a disk where so many are free. Where there are fewer than `wanted`, titles are
    /// removed that nobody watches; their names come along.
    pub(super) fn room(
        &mut self,
        wanted: u64,
        free: &dyn Fn() -> u64,
        is_watched: &dyn Fn(&str) -> bool,
    ) -> (u64, Vec<String>) {
        let left = |taken: u64| self.ceiling.saturating_sub(taken).min(free());
        if let Some(room) = self.taken.map(left).filter(|room| *room >= wanted) {
            return (room, Vec::new());
        }
        let mut held = held(&self.place);
        held.sort_by_key(|each| each.touched);
        let mut taken: u64 = held.iter().map(|each| each.bytes).sum();
        let mut gone = Vec::new();
        for each in held.into_iter().filter(|each| !is_watched(&each.name)) {
            if left(taken) >= wanted {
                break;
            }
            if fs::remove_dir_all(&each.path).is_ok() {
                taken = taken.saturating_sub(each.bytes);
                gone.push(each.name);
            }
        }
        let room = left(taken);
        self.taken = Some(taken);
        (room, gone)
    }
}

/// What there is of each title.
fn held(place: &Path) -> Vec<Held> {
    let titles = fs::read_dir(place).into_iter().flatten().flatten();
    let slots = titles.filter_map(|title| {
        let path = title.path().join(DIRECTORY);
        let name = title.file_name().into_string().ok()?;
        path.is_dir().then(|| of_title(name, path))
    });
    slots.collect()
}

fn of_title(name: String, path: PathBuf) -> Held {
    let mut held = Held {
        name,
        bytes: 0,
        touched: SystemTime::UNIX_EPOCH,
        path,
    };
    for way in fs::read_dir(&held.path).into_iter().flatten().flatten() {
        let files = fs::read_dir(way.path()).into_iter().flatten().flatten();
        let sizes = files.filter_map(|file| file.metadata().ok());
        held.bytes += sizes.map(|known| known.len()).sum::<u64>();
        // A directory is as old as the last file that came into it.
        let grown = way.metadata().and_then(|known| known.modified());
        held.touched = held.touched.max(grown.unwrap_or(SystemTime::UNIX_EPOCH));
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::time::Duration;

    /// Titles of a kilobyte each, the first one untouched for longest.
    fn titles(names: &[&str]) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        for (at, name) in names.iter().enumerate() {
            let way = place.path().join(name).join(DIRECTORY).join("tag");
            fs::create_dir_all(&way).unwrap();
            fs::write(way.join("0.mp4"), [0; 600]).unwrap();
            fs::write(way.join("s0-0.mp4"), [0; 400]).unwrap();
            let since = SystemTime::UNIX_EPOCH + Duration::from_secs(1000 * (at as u64 + 1));
            File::open(way).unwrap().set_modified(since).unwrap();
        }
        place
    }

    fn check(ceiling: u64, free: u64, watched: &str, room: u64, gone: &[&str]) {
        let place = titles(&["a", "b", "c"]);
        fs::write(place.path().join("titles.json"), "{}").unwrap();
        let mut stock = Stock::new(place.path().to_owned(), ceiling);
        let found = stock.room(500, &|| free, &|name| name == watched);
        let names: Vec<&str> = found.1.iter().map(String::as_str).collect();
        assert_eq!((found.0, names.as_slice()), (room, gone));
        for name in ["a", "b", "c"] {
            let is_there = place.path().join(name).join(DIRECTORY).exists();
            assert_eq!(is_there, !gone.contains(&name), "{name}");
        }
    }

    #[test]
    fn the_longest_untouched_goes_first() {
        check(4000, 9000, "", 1000, &[]);
        check(3499, 9000, "", 1499, &["a"]);
        check(2400, 9000, "", 1400, &["a", "b"]);
        // Who is watched stays, even if there is no room then.
        check(2400, 9000, "a", 1400, &["b", "c"]);
        check(1400, 9000, "a", 400, &["b", "c"]);
        // The disk is a ceiling, too.
        check(9000, 300, "b", 300, &["a", "c"]);
    }

    #[test]
    fn what_is_made_is_counted_and_what_has_gone_is_not() {
        let place = titles(&["a", "b"]);
        let mut stock = Stock::new(place.path().to_owned(), 3000);
        let room = |stock: &mut Stock, wanted| stock.room(wanted, &|| 9000, &|_| true).0;
        assert_eq!(room(&mut stock, 500), 1000);
        stock.add(400);
        assert_eq!(room(&mut stock, 500), 600);
        fs::remove_dir_all(place.path().join("a")).unwrap();
        assert_eq!(room(&mut stock, 500), 600);
        assert_eq!(room(&mut stock, 1500), 2000);
    }
}
