//! One folder of the library: what lies in it, and opening it, without ever leaving the folder.
//!
//! Links are not followed and other kinds of files not opened. A path below a folder is opened by one call of the
//! kernel that stays beneath it (openat2(2)), so that whoever renames directories meanwhile gains nothing.

mod beside;
mod taken;

use super::limits;
pub(super) use beside::Beside;
use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Stat};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Endings of names that count as videos.
const ENDINGS: &[&str] = &[
    "mp4", "m4v", "mov", "mkv", "webm", "avi", "ts", "m2ts", "mts", "mpg", "mpeg", "ogv", "flv",
    "3gp",
];

/// NONBLOCK: opening a pipe must not wait for its writer.
const READING: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// How a path is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// However long it takes.
    Any,
    /// Only if all of it is in the kernel's cache of names, else not at all: `RESOLVE_CACHED` of openat2(2), Linux 5.12.
    Known,
}

impl Way {
    fn flags(self) -> ResolveFlags {
        match self {
            Self::Any => ResolveFlags::empty(),
            Self::Known => ResolveFlags::CACHED,
        }
    }
}

/// A file of ours, if the kernel knows the way to it.
///
/// # Errors
/// What openat2(2) says: `EAGAIN` when it would have to ask a disk.
pub(super) fn open_known(path: &Path) -> io::Result<File> {
    let flags = Way::Known.flags();
    let opened = rustix::fs::openat2(CWD, path, READING, Mode::empty(), flags);
    Ok(File::from(opened?))
}

/// A directory that the operator has named.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    /// Bytes.
    pub(super) size: u64,
    /// Nanoseconds since 1970.
    pub(super) modified_ns: i64,
    /// Its number on its disk.
    pub(super) inode: u64,
}

/// A file that may be a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Below its folder.
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
    /// Its subtitles.
    pub(super) beside: Vec<Beside>,
}

impl Stamp {
    /// Of an open file.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        Ok(Self::from(&rustix::fs::fstat(file)?))
    }
}

impl From<&Stat> for Stamp {
    fn from(stat: &Stat) -> Self {
        let seconds = stat.st_mtime.saturating_mul(1_000_000_000);
        Self {
            size: u64::try_from(stat.st_size).unwrap_or(0),
            modified_ns: seconds.saturating_add(i64::try_from(stat.st_mtime_nsec).unwrap_or(0)),
            inode: stat.st_ino,
        }
    }
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Every video in it, each with the subtitles beside it.
    ///
    /// # Errors
    /// When the folder itself cannot be read; a directory below that cannot is passed over.
    pub(super) fn walk(&self) -> io::Result<Vec<Found>> {
        let mut walk = Walk {
            found: Vec::new(),
            words: Vec::new(),
            left: limits::ENTRIES,
        };
        walk.directory(self.root(Way::Any)?, Path::new(""), limits::DEPTH)?;
        beside::give(&mut walk.found, walk.words);
        Ok(walk.found)
    }

    /// A regular file below the folder.
    ///
    /// # Errors
    /// When it is not there, or the way to it leads through a link or out of the folder.
    pub(super) fn open(&self, path: &Path, way: Way) -> io::Result<File> {
        let beneath =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let root = self.root(way)?;
        let opened = rustix::fs::openat2(root, path, READING, Mode::empty(), beneath | way.flags());
        let file = File::from(opened?);
        match file.metadata()?.is_file() {
            true => Ok(file),
            false => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Opened anew each time: a disk that is held open could not be taken away.
    fn root(&self, way: Way) -> io::Result<OwnedFd> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        Ok(rustix::fs::openat2(
            CWD,
            &self.0,
            flags,
            Mode::empty(),
            way.flags(),
        )?)
    }
}

struct Walk {
    found: Vec<Found>,
    /// Files of subtitles.
    words: Vec<(PathBuf, Stamp)>,
    left: usize,
}

impl Walk {
    fn directory(&mut self, handle: OwnedFd, path: &Path, depth: usize) -> io::Result<()> {
        for entry in Dir::read_from(&handle)? {
            let Some(left) = self.left.checked_sub(1) else {
                return Ok(());
            };
            self.left = left;
            let entry = entry?;
            let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
            // Hidden: copies in progress, and what other programs keep for themselves. `.` and `..` are, too.
            if !name.as_bytes().starts_with(b".") {
                self.entry(&handle, path, name, depth);
            }
        }
        Ok(())
    }

    /// What cannot be looked at is not there.
    fn entry(&mut self, handle: &OwnedFd, path: &Path, name: OsString, depth: usize) {
        let place = path.join(&name);
        if place.as_os_str().len() > limits::PATH_BYTES {
            return;
        }
        let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
        let Ok(stat) = rustix::fs::statat(handle, &name, flags) else {
            return;
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory if depth > 0 => {
                let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::RDONLY | OFlags::CLOEXEC;
                let below = rustix::fs::openat(handle, &name, flags, Mode::empty());
                if let Ok(below) = below {
                    // Of a directory that ends in the middle the rest is not there either.
                    let _ = self.directory(below, &place, depth - 1);
                }
            }
            FileType::RegularFile if is_video(&place) && stat.st_size > 0 => {
                self.found.push(Found {
                    path: place,
                    stamp: Stamp::from(&stat),
                    beside: Vec::new(),
                });
            }
            FileType::RegularFile if beside::is_one(&place) && stat.st_size > 0 => {
                self.words.push((place, Stamp::from(&stat)));
            }
            _ => {}
        }
    }
}

/// Whether its name is one of a video.
pub(super) fn is_video(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests;
