//! Where a result goes, and how it appears there: whole, under a name that was free, or not at all.

use crate::exit::Exit;
use crate::naming::{Word, name};
use crate::report::{Failure, Outcome};
use kinora_client::{Destination, Found};
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tempfile::{NamedTempFile, TempPath};

/// One file to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Another input has the same name up to the ending, so the result's name must keep the ending.
    pub(crate) ambiguous: bool,
}

/// Where results go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Beside each input.
    Beside,
    /// Into this directory.
    Directory(PathBuf),
    /// To exactly this path.
    File(PathBuf),
}

impl Target {
    /// What `-o` means for so many inputs. A directory is one that exists, or is written with a slash at its end, or
    /// is meant because there are several inputs.
    ///
    /// # Errors
    /// When a directory is needed and a file is there, or it cannot be made.
    pub(crate) fn of(output: Option<&Path>, several: bool) -> Outcome<Self> {
        let Some(path) = output else {
            return Ok(Self::Beside);
        };
        let slash = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        if path.is_dir() {
            return Ok(Self::Directory(path.into()));
        }
        if !several && !slash {
            return Ok(Self::File(path.into()));
        }
        std::fs::create_dir_all(path).map_err(|error| {
            Failure::new(
                Exit::File,
                "unwritable_output",
                format!("cannot make the directory {}: {error}", path.display()),
                "with several inputs, -o must be a directory",
            )
        })?;
        Ok(Self::Directory(path.into()))
    }

    /// The inputs, marked so that no two results get one name.
    ///
    /// # Errors
    /// When that cannot be: inputs of one name from several folders, into one directory.
    pub(crate) fn tell_apart(&self, paths: Vec<PathBuf>) -> Outcome<Vec<Input>> {
        let place = |path: &PathBuf| match self {
            Self::Beside => path.clone(),
            Self::Directory(_) | Self::File(_) => {
                path.file_name().map(PathBuf::from).unwrap_or_default()
            }
        };
        let names: Vec<_> = paths.iter().map(place).collect();
        let mut seen = HashSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
            return Err(Failure::new(
                Exit::Usage,
                "same_output",
                format!(
                    "several inputs are called {}, and their results would be too",
                    twice.display()
                ),
                "leave -o out, so that each result stands beside its input, or do them one after the other",
            ));
        }
        let stems: Vec<_> = names.iter().map(|name| name.with_extension("")).collect();
        let alone = |stem: &PathBuf| stems.iter().filter(|other| *other == stem).count() == 1;
        let marked = paths.into_iter().zip(&stems);
        Ok(marked
            .map(|(path, stem)| Input {
                path,
                ambiguous: !alone(stem),
            })
            .collect())
    }

    /// The result's path for an input.
    #[must_use]
    pub(crate) fn path(&self, input: &Input, word: Word, extension: &str) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Directory(directory) => {
                directory.join(name(&input.path, input.ambiguous, word, extension))
            }
            Self::Beside => {
                input
                    .path
                    .with_file_name(name(&input.path, input.ambiguous, word, extension))
            }
        }
    }
}

/// Files that must not outlive this process, even when it leaves in a hurry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leftovers(Arc<Mutex<Vec<PathBuf>>>);

impl Leftovers {
    /// Removes what is there now. Only for a process that ends: owners are not told.
    pub(crate) fn remove(&self) {
        for path in self.list().drain(..) {
            let gone = if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            };
            // What cannot be removed stays; there is nobody left to tell.
            drop(gone);
        }
    }

    /// To be removed in a hurry.
    pub(crate) fn add(&self, path: &Path) {
        self.list().push(path.into());
    }

    /// Has its name, or is gone.
    pub(crate) fn forget(&self, path: &Path) {
        self.list().retain(|other| other != path);
    }

    fn list(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where one result belongs; its path needs the ending, which is known only when the job is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// What `-o` says.
    pub(crate) target: Target,
    /// What the result is made of.
    pub(crate) input: Input,
    /// What was done.
    pub(crate) word: Word,
}

impl Place {
    /// The path for a result with that ending.
    #[must_use]
    pub(crate) fn path(&self, extension: &str) -> PathBuf {
        let safe = !extension.is_empty() && extension.bytes().all(|b| b.is_ascii_alphanumeric());
        // The ending comes from a server: it is a word, or it is none.
        self.target
            .path(&self.input, self.word, if safe { extension } else { "bin" })
    }
}

/// One result on its way to its name.
#[derive(Debug)]
pub(crate) struct Output {
    place: Place,
    force: bool,
    leftovers: Leftovers,
    part: Option<NamedTempFile>,
    path: PathBuf,
}

impl Output {
    /// Will appear at that place, instead of what is there only if `force`.
    #[must_use]
    pub(crate) fn new(place: Place, force: bool, leftovers: Leftovers) -> Self {
        Self {
            place,
            force,
            leftovers,
            part: None,
            path: PathBuf::new(),
        }
    }

    /// Says before the work begins what would fail at its end. Without an expected ending only what is certain.
    ///
    /// # Errors
    /// When the output exists, is the input itself, or lies in no directory.
    pub(crate) fn check(&self, expected: Option<&str>) -> Outcome {
        let extension = match (&self.place.target, expected) {
            (Target::File(_), _) => "",
            (_, Some(extension)) => extension,
            (_, None) => return Ok(()),
        };
        let path = self.place.path(extension);
        if same_file(&path, &self.place.input.path) {
            return Err(Failure::new(
                Exit::File,
                "output_is_input",
                format!("{} is the input itself", path.display()),
                "choose another name with -o; inputs are never overwritten",
            ));
        }
        if !self.force && path.symlink_metadata().is_ok() {
            return Err(Failure::new(
                Exit::File,
                "output_exists",
                format!("{} exists already", path.display()),
                "choose another name with -o, or overwrite it with --force",
            ));
        }
        if !directory_of(&path).is_dir() {
            return Err(Failure::new(
                Exit::File,
                "unwritable_output",
                format!("there is no directory {}", directory_of(&path).display()),
                "make it first, or choose another place with -o",
            ));
        }
        Ok(())
    }

    /// Where it appeared, or would have.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A directory of its own for work whose result is then adopted; it is removed when dropped.
    ///
    /// # Errors
    /// When there is no place for it.
    pub(crate) fn work_directory(&self) -> io::Result<tempfile::TempDir> {
        let somewhere = self.place.path("bin");
        let directory = std::path::absolute(directory_of(&somewhere))?;
        let mut prefix = OsString::from(".");
        prefix.push(somewhere.file_stem().unwrap_or_default());
        prefix.push(".part-");
        tempfile::Builder::new()
            .prefix(&prefix)
            .tempdir_in(directory)
    }

    /// A finished file on the same disk gets the final name; one that belongs to somebody else is copied first.
    ///
    /// # Errors
    /// As [`Destination::appear`].
    pub(crate) fn adopt(&mut self, made: &Path, extension: &str, copy: bool) -> io::Result<()> {
        self.path = self.place.path(extension);
        let part = if copy {
            let part = self.part_file()?;
            io::copy(&mut File::open(made)?, &mut part.as_file())?;
            part
        } else {
            NamedTempFile::from_parts(File::open(made)?, TempPath::try_from_path(made)?)
        };
        self.part = Some(part);
        self.appear()
    }

    /// A new file `.NAME.part-RANDOM` in the directory of the final path, with the permissions of any new file.
    fn part_file(&self) -> io::Result<NamedTempFile> {
        let mut prefix = OsString::from(".");
        prefix.push(self.path.file_name().unwrap_or_default());
        prefix.push(".part-");
        let part = tempfile::Builder::new()
            .prefix(&prefix)
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory_of(&self.path))?;
        self.leftovers.add(part.path());
        Ok(part)
    }
}

impl Destination for Output {
    fn open(&mut self, found: &Found) -> io::Result<File> {
        self.path = self.place.path(&found.extension);
        if !self.force && self.path.symlink_metadata().is_ok() {
            return Err(exists(&self.path));
        }
        let part = self.part_file()?;
        let file = part.as_file().try_clone()?;
        self.part = Some(part);
        Ok(file)
    }

    fn appear(&mut self) -> io::Result<()> {
        let Some(part) = self.part.take() else {
            return Err(io::Error::other("nothing was opened"));
        };
        part.as_file().sync_all()?;
        let temporary = part.path().to_path_buf();
        let renamed = match self.force {
            true => part.persist(&self.path),
            false => part.persist_noclobber(&self.path),
        };
        self.leftovers.forget(&temporary);
        renamed.map_err(|refused| match refused.error.kind() {
            io::ErrorKind::AlreadyExists => exists(&self.path),
            _ => refused.error,
        })?;
        // The name itself is durable when its directory is.
        File::open(directory_of(&self.path))?.sync_all()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(part) = self.part.take() {
            self.leftovers.forget(part.path());
        }
    }
}

/// Writes a page about a result beside it: it appears whole, and instead of another one only if `force`.
///
/// # Errors
/// When there is no place for it, or its name is taken.
pub(crate) fn write_page(path: &Path, page: &str, force: bool) -> io::Result<()> {
    let mut part = tempfile::Builder::new()
        .prefix(".report.part-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory_of(path))?;
    io::Write::write_all(&mut part, page.as_bytes())?;
    let renamed = match force {
        true => part.persist(path),
        false => part.persist_noclobber(path),
    };
    renamed.map(drop).map_err(|refused| refused.error)
}

fn exists(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        format!("{} exists already", path.display()),
    )
}

pub(crate) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests;
