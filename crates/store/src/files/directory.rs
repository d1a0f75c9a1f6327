//! One held directory: the few system calls that the tree is made of, each with an error that says where.

use crate::Fault;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Owner only, for directories and files.
const DIRECTORY_MODE: Mode = Mode::RWXU;
pub(super) const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// A directory that stays the same one, whatever its path leads to later.
pub(super) struct Directory {
    /// For error texts and for paths that are handed out.
    pub(super) path: PathBuf,
    pub(super) handle: OwnedFd,
}

impl Directory {
    /// Opens a directory, made with mode 0700 when it is missing.
    pub(super) fn ensure(path: PathBuf) -> Result<Self, Fault> {
        match rustix::fs::mkdir(&path, DIRECTORY_MODE) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(refused("make directory", path, error)),
        }
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        match rustix::fs::open(&path, flags, Mode::empty()) {
            Ok(handle) => Ok(Self { path, handle }),
            Err(error) => Err(refused("open directory", path, error)),
        }
    }

    /// A directory in this one, which must not be a link.
    pub(super) fn enter(&self, name: &str) -> Result<Self, Fault> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.handle, name, flags, Mode::empty()) {
            Ok(handle) => Ok(Self {
                path: self.path.join(name),
                handle,
            }),
            Err(Errno::NOENT) => Err(Fault::Missing { what: "file" }),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(odd("directory", "something else")),
            Err(error) => Err(self.refused("open directory", name, error)),
        }
    }

    /// A new directory in this one.
    pub(super) fn make(&self, name: &str) -> Result<PathBuf, Fault> {
        rustix::fs::mkdirat(&self.handle, name, DIRECTORY_MODE)
            .map_err(|error| self.refused("make directory", name, error))?;
        Ok(self.path.join(name))
    }

    /// Sees to it that something stands under this name: a new directory unless there is something. Whether it is new.
    pub(super) fn make_missing(&self, name: &str) -> Result<bool, Fault> {
        match rustix::fs::mkdirat(&self.handle, name, DIRECTORY_MODE) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(error) => Err(self.refused("make directory", name, error)),
        }
    }

    /// A new file, to read and write.
    pub(super) fn create(&self, name: &str) -> Result<File, Fault> {
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.handle, name, flags, FILE_MODE) {
            Ok(handle) => Ok(File::from(handle)),
            Err(Errno::EXIST) => Err(odd("file", "there already")),
            Err(error) => Err(self.refused("create", name, error)),
        }
    }

    /// An existing regular file; [`Fault::Missing`] when there is none.
    pub(super) fn open(&self, name: &str, access: OFlags) -> Result<File, Fault> {
        // NONBLOCK: opening a pipe that somebody left here must not wait for its writer.
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.handle, name, flags, Mode::empty()) {
            Ok(handle) => File::from(handle),
            Err(Errno::NOENT) => return Err(Fault::Missing { what: "file" }),
            Err(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => return Err(odd("file", IRREGULAR)),
            Err(error) => return Err(self.refused("open", name, error)),
        };
        match file.metadata().map(|metadata| metadata.is_file()) {
            Ok(true) => Ok(file),
            Ok(false) => Err(odd("file", IRREGULAR)),
            Err(source) => Err(self.failed("look at", name, source)),
        }
    }

    /// Moves a file, in place of one that is there already.
    pub(super) fn rename(&self, name: &str, to: &Self, new: &str) -> Result<(), Fault> {
        rustix::fs::renameat(&self.handle, name, &to.handle, new)
            .map_err(|error| self.refused("rename", name, error))
    }

    /// Removes a file; whether there was one.
    pub(super) fn unlink(&self, name: &str) -> Result<bool, Fault> {
        match rustix::fs::unlinkat(&self.handle, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(self.refused("remove", name, error)),
        }
    }

    /// Gives up a file because of `fault`, which is passed on: a file that cannot even be removed is left to the next
    /// sweep.
    pub(super) fn discard(&self, name: &str, fault: Fault) -> Fault {
        drop(self.unlink(name));
        fault
    }

    /// Removes whatever stands under this name, with all that is in it; follows no link.
    pub(super) fn clear(&self, name: &Path) -> Result<(), Fault> {
        let path = self.path.join(name);
        let metadata = std::fs::symlink_metadata(&path);
        let removed = match metadata {
            Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(&path),
            Ok(_) => std::fs::remove_file(&path),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Fault::Io {
                doing: "remove",
                path,
                source: error,
            }),
            _ => Ok(()),
        }
    }

    /// Makes the bytes of an open file of this directory durable. A failure is final: the kernel may have dropped the
    /// bytes that it could not write and would call the next sync a success, so the file is removed.
    pub(super) fn sync_file(&self, name: &str, file: &File) -> Result<(), Fault> {
        let synced = file.sync_data();
        synced.map_err(|source| self.discard(name, self.failed("sync", name, source)))
    }

    /// Makes the names in this directory durable.
    pub(super) fn sync(&self) -> Result<(), Fault> {
        rustix::fs::fsync(&self.handle)
            .map_err(|error| refused("sync directory", self.path.clone(), error))
    }

    /// Every name in this directory.
    pub(super) fn names(&self) -> Result<Vec<OsString>, Fault> {
        let fault = |error| refused("list", self.path.clone(), error);
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.handle).map_err(fault)? {
            let name = entry.map_err(fault)?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name));
            }
        }
        Ok(names)
    }

    /// The system's refusal to do something to a name in this directory.
    pub(super) fn refused(&self, doing: &'static str, name: &str, error: Errno) -> Fault {
        refused(doing, self.path.join(name), error)
    }

    /// The same, from the standard library.
    pub(super) fn failed(&self, doing: &'static str, name: &str, source: std::io::Error) -> Fault {
        Fault::Io {
            doing,
            path: self.path.join(name),
            source,
        }
    }
}

const IRREGULAR: &str = "not a regular file";

/// Something stands where it should not, or as what it should not.
fn odd(what: &'static str, state: &str) -> Fault {
    Fault::Conflict {
        what,
        state: state.to_owned(),
    }
}

/// The system's refusal.
pub(super) fn refused(doing: &'static str, path: PathBuf, error: Errno) -> Fault {
    Fault::Io {
        doing,
        path,
        source: error.into(),
    }
}
