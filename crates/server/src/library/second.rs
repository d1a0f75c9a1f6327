//! A file under a second name: a link where the disk has such, else a copy. FAT, exFAT and some network shares have none.

use rustix::io::Errno;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes that are copied at once.
const PIECE: usize = 1 << 20;

/// The second name of a file that is still written to.
#[derive(Debug, Default)]
pub(super) struct Second {
    /// Bytes that have been copied; none when it is a link.
    copied: u64,
}

impl Second {
    /// Sees to it that at least the first bytes of a file lie under its second name, on disk.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn hold(
        &mut self,
        (path, file): (&Path, &File),
        bytes: u64,
        second: &Path,
    ) -> io::Result<()> {
        if self.copied == 0 && link(path, second)? {
            return file.sync_data();
        }
        self.copy(file, bytes, second)
    }

    /// Copies what is not copied yet.
    fn copy(&mut self, file: &File, bytes: u64, second: &Path) -> io::Result<()> {
        let is_first = self.copied == 0;
        let mut options = File::options();
        let copy = options.write(true).create(is_first).truncate(is_first);
        let copy = copy.open(second)?;
        let mut piece = vec![0; PIECE];
        while self.copied < bytes {
            let left = bytes - self.copied;
            let wanted = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
            file.read_exact_at(&mut piece[..wanted], self.copied)?;
            copy.write_all_at(&piece[..wanted], self.copied)?;
            self.copied += wanted as u64;
        }
        copy.sync_all()
    }
}

/// Puts a finished file under a second name, too. One that has the name already stays.
///
/// # Errors
/// When the disk refuses.
pub(super) fn put(path: &Path, second: &Path) -> io::Result<()> {
    if !link(path, second)? {
        fs::copy(path, second)?;
    }
    Ok(())
}

/// False when this disk has no links.
fn link(path: &Path, second: &Path) -> io::Result<bool> {
    match fs::hard_link(path, second) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(true),
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK) => Ok(false),
            _ => Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_copy_grows_with_its_file() {
        let place = tempfile::tempdir().unwrap();
        let (path, second) = (place.path().join("a"), place.path().join("b"));
        fs::write(&second, "of an attempt before").unwrap();
        let mut writer = File::create(&path).unwrap();
        let file = File::open(&path).unwrap();
        let mut held = Second::default();
        writer.write_all(b"one two").unwrap();
        held.copy(&file, 3, &second).unwrap();
        assert_eq!(fs::read(&second).unwrap(), b"one");
        writer.write_all(b" three").unwrap();
        // From then on it is asked for under the same name, which is there: it must not be taken for a link.
        held.hold((&path, &file), 13, &second).unwrap();
        assert_eq!(fs::read(&second).unwrap(), b"one two three");
        let beyond = held.hold((&path, &file), 14, &second);
        assert!(beyond.is_err(), "it has no more");
    }

    #[test]
    fn a_link_is_the_file_itself() {
        let place = tempfile::tempdir().unwrap();
        let (path, second) = (place.path().join("a"), place.path().join("b"));
        fs::write(&path, "one").unwrap();
        let file = File::open(&path).unwrap();
        let mut held = Second::default();
        held.hold((&path, &file), 3, &second).unwrap();
        fs::write(&path, "two").unwrap();
        assert_eq!(fs::read(&second).unwrap(), b"two");
        put(&path, &second).unwrap();
        assert!(put(&place.path().join("none"), &place.path().join("c")).is_err());
    }
}
