//! A file that is put into the folder: it appears whole, and never in the place of another.

use super::{Folder, Way};
use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use std::fs::File;
use std::io::{self, Seek};
use std::os::fd::{AsFd, OwnedFd};

/// Names that are tried: `a.mp4`, `a (2).mp4` and so on.
const NAMES: u32 = 100;

impl Folder {
    /// Copies a file into the folder, under the first of these names that nobody has, and returns it. `is_same` says
    /// whether a file that has such a name already is this one; then nothing is copied.
    ///
    /// # Errors
    /// What the disk says; nothing of the file is left then.
    pub(in crate::library) fn take(
        &self,
        source: &mut File,
        (stem, ending): (&str, &str),
        is_same: impl Fn(&File) -> bool,
    ) -> io::Result<String> {
        let root = self.root(Way::Any)?;
        let names = || {
            (1..=NAMES).map(|number| match number {
                1 => format!("{stem}.{ending}"),
                number => format!("{stem} ({number}).{ending}"),
            })
        };
        for name in names() {
            match self.open(name.as_ref(), Way::Any) {
                Ok(known) if is_same(&known) => return Ok(name),
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                _ => {}
            }
        }
        // Hidden, so that nobody takes it for a video before it is one.
        let half = format!(".{}.part", kinora_store::TaskId::random().as_str());
        let named = copy(&root, source, &half).and_then(|()| {
            let mut names = names();
            names
                .find_map(|name| match rename(&root, &half, &name) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => None,
                    renamed => Some(renamed.map(|()| name)),
                })
                .unwrap_or_else(|| Err(io::ErrorKind::AlreadyExists.into()))
        });
        if named.is_err() {
            let _ = rustix::fs::unlinkat(&root, &half, AtFlags::empty());
        }
        let name = named?;
        // The name itself has to outlive a crash, too.
        rustix::fs::fsync(&root)?;
        Ok(name)
    }

    /// Bytes that the folder's disk still has for us.
    pub(in crate::library) fn free(&self) -> io::Result<u64> {
        let disk = rustix::fs::fstatvfs(self.root(Way::Any)?)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// Whether files can be put into it.
    pub(in crate::library) fn is_writable(&self) -> io::Result<()> {
        Ok(rustix::fs::accessat(
            self.root(Way::Any)?,
            ".",
            rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK,
            AtFlags::EACCESS,
        )?)
    }
}

fn copy(root: &OwnedFd, source: &mut File, name: &str) -> io::Result<()> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH;
    let mut file = File::from(rustix::fs::openat(root.as_fd(), name, flags, mode)?);
    source.rewind()?;
    // Shares its blocks where the disk can (copy_file_range(2)).
    io::copy(source, &mut file)?;
    file.sync_all()
}

/// Never over a file that is there.
fn rename(root: &OwnedFd, from: &str, to: &str) -> io::Result<()> {
    let renamed = rustix::fs::renameat_with(root, from, root, to, RenameFlags::NOREPLACE);
    match renamed {
        // Disks of other machines often do not know the flag; a second name is not given twice either.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            rustix::fs::linkat(root, from, root, to, AtFlags::empty())?;
            Ok(rustix::fs::unlinkat(root, from, AtFlags::empty())?)
        }
        renamed => Ok(renamed?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::symlink;

    fn source(content: &str) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        file
    }

    #[test]
    fn nothing_is_overwritten_and_nothing_half_is_left() {
        let place = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        let take = |content: &str| folder.take(&mut source(content), ("a", "mp4"), |_| false);
        assert_eq!(take("one").unwrap(), "a.mp4");
        assert_eq!(take("two").unwrap(), "a (2).mp4");
        symlink(outside.path().join("b.mp4"), place.path().join("a (3).mp4")).unwrap();
        assert_eq!(take("three").unwrap(), "a (4).mp4");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
        let read = |name: &str| fs::read_to_string(place.path().join(name)).unwrap();
        assert_eq!(
            (read("a.mp4"), read("a (4).mp4")),
            ("one".into(), "three".into())
        );
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 4);
        let same = folder.take(&mut source("two"), ("a", "mp4"), |file| {
            io::read_to_string(file).unwrap() == "two"
        });
        assert_eq!(same.unwrap(), "a (2).mp4");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 4);
    }

    #[test]
    fn a_name_that_cannot_be_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        let long = "x".repeat(300);
        assert!(
            folder
                .take(&mut source("one"), (&long, "mp4"), |_| false)
                .is_err()
        );
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
