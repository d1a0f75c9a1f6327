//! The tree: which file is where, and in which order things become durable.

use super::directory::{Directory, FILE_MODE, refused};
use super::lock::Lock;
use crate::contract::{Blobs, Owners};
use crate::{Fault, TaskId};
use rustix::fs::{AtFlags, FallocateFlags, OFlags};
use rustix::io::Errno;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Component, Path, PathBuf};

/// Follows the id in the name of what outlives attempts; an attempt has a number there.
const KEEP: &str = ".keep";

/// The files of one server. Implements [`Blobs`].
pub struct Tree {
    root: Directory,
    incoming: Directory,
    inputs: Directory,
    work: Directory,
    results: Directory,
    /// Released when the tree is dropped, and by the system when the process ends in any other way.
    _lock: Lock,
}

impl Tree {
    /// Takes the tree under `root` for this process, and makes what is missing of it (0700). The parent of `root`
    /// must be there.
    ///
    /// # Errors
    /// [`Fault::Conflict`] when another process has it, [`Fault::Io`] when the disk refuses.
    pub fn open(root: &Path) -> Result<Self, Fault> {
        let root = Directory::ensure(std::path::absolute(root).map_err(|source| Fault::Io {
            doing: "find",
            path: root.to_owned(),
            source,
        })?)?;
        let lock = Lock::take(&root)?;
        let part = |name| Directory::ensure(root.path.join(name));
        let tree = Self {
            incoming: part("incoming")?,
            inputs: part("inputs")?,
            work: part("work")?,
            results: part("results")?,
            root,
            _lock: lock,
        };
        tree.root.sync()?;
        Ok(tree)
    }

    /// The directory and the rest of the path of a file that an attempt of this task has made.
    fn find_made(&self, id: &TaskId, made: &Path) -> Result<(Directory, String), Fault> {
        let foreign = || Fault::Conflict {
            what: "result",
            state: "outside its task's work directory".to_owned(),
        };
        let inner = made.strip_prefix(&self.work.path).map_err(|_| foreign())?;
        let names: Option<Vec<&str>> = inner.components().map(plain_name).collect();
        let names = names.ok_or_else(foreign)?;
        let [attempt, between @ .., file] = names.as_slice() else {
            return Err(foreign());
        };
        if owner_of_attempt(attempt).as_ref() != Some(id) {
            return Err(foreign());
        }
        let mut directory = self.work.enter(attempt)?;
        for name in between {
            directory = directory.enter(name)?;
        }
        Ok((directory, (*file).to_owned()))
    }

    /// Removes what `keep` does not want in one directory.
    fn sweep_one(
        directory: &Directory,
        keep: impl Fn(&str) -> bool,
        removed: &mut u64,
    ) -> Result<(), Fault> {
        for name in directory.names()? {
            if !name.to_str().is_some_and(&keep) {
                directory.clear(Path::new(&name))?;
                *removed += 1;
            }
        }
        Ok(())
    }
}

impl Blobs for Tree {
    fn room(&self, margin: u64) -> Result<u64, Fault> {
        Ok(free(&self.root)?.saturating_sub(margin))
    }

    fn create_incoming(&self, id: &TaskId, length: u64) -> Result<File, Fault> {
        let file = self.incoming.create(id.as_str())?;
        let reserved = allocate(&self.incoming, id.as_str(), &file, length);
        // The name too must be there after a crash, or what the upload acknowledges later would not be.
        match reserved.and_then(|()| self.incoming.sync()) {
            Ok(()) => Ok(file),
            Err(fault) => Err(self.incoming.discard(id.as_str(), fault)),
        }
    }

    fn open_incoming(&self, id: &TaskId) -> Result<File, Fault> {
        self.incoming.open(id.as_str(), OFlags::RDWR)
    }

    fn commit_incoming(&self, id: &TaskId) -> Result<(), Fault> {
        let name = id.as_str();
        match self.incoming.open(name, OFlags::RDWR) {
            Ok(file) => {
                self.incoming.sync_file(name, &file)?;
                self.incoming.rename(name, &self.inputs, name)?;
            }
            // Done before, but perhaps not to its end: the names below are synced once more.
            Err(Fault::Missing { .. }) => drop(self.inputs.open(name, OFlags::RDONLY)?),
            Err(fault) => return Err(fault),
        }
        let named = self.inputs.sync().and_then(|()| self.incoming.sync());
        named.map_err(|fault| self.inputs.discard(name, fault))
    }

    fn input_path(&self, id: &TaskId) -> PathBuf {
        self.inputs.path.join(id.as_str())
    }

    fn create_work(&self, id: &TaskId, attempt: u32) -> Result<PathBuf, Fault> {
        self.remove_work(id)?;
        self.work.make(&format!("{id}.{attempt}"))
    }

    fn keep(&self, id: &TaskId) -> Result<PathBuf, Fault> {
        let name = format!("{id}{KEEP}");
        if self.work.make_missing(&name)? {
            // What is made durable in it can be found only by its name.
            self.work.sync()?;
        }
        Ok(self.work.enter(&name)?.path)
    }

    fn commit_result(&self, id: &TaskId, made: &Path) -> Result<(), Fault> {
        let (directory, name) = self.find_made(id, made)?;
        let file = directory.open(&name, OFlags::RDONLY)?;
        rustix::fs::fchmod(&file, FILE_MODE)
            .map_err(|error| directory.refused("set mode", &name, error))?;
        directory.sync_file(&name, &file)?;
        directory.rename(&name, &self.results, id.as_str())?;
        self.keep_result(id)
    }

    fn keep_input_as_result(&self, id: &TaskId) -> Result<(), Fault> {
        let name = id.as_str();
        drop(self.inputs.open(name, OFlags::RDONLY)?);
        // What an earlier attempt left is replaced: its record was never completed.
        self.results.unlink(name)?;
        let none = AtFlags::empty();
        match rustix::fs::linkat(&self.inputs.handle, name, &self.results.handle, name, none) {
            Ok(()) => {}
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK) => {
                self.copy_input(id)?
            }
            Err(error) => return Err(self.results.refused("link", name, error)),
        }
        self.keep_result(id)
    }

    fn open_result(&self, id: &TaskId) -> Result<File, Fault> {
        self.results.open(id.as_str(), OFlags::RDONLY)
    }

    fn remove_input(&self, id: &TaskId) -> Result<(), Fault> {
        self.inputs.unlink(id.as_str())?;
        self.work.clear(Path::new(&format!("{id}{KEEP}")))?;
        self.remove_work(id)
    }

    fn remove_work(&self, id: &TaskId) -> Result<(), Fault> {
        let own = |name: &str| owner_of_attempt(name).as_ref() == Some(id);
        for name in self.work.names()? {
            if name.to_str().is_some_and(own) {
                self.work.clear(Path::new(&name))?;
            }
        }
        Ok(())
    }

    fn remove(&self, id: &TaskId) -> Result<(), Fault> {
        self.incoming.unlink(id.as_str())?;
        self.results.unlink(id.as_str())?;
        self.remove_input(id)
    }

    fn sweep(&self, owners: &Owners) -> Result<u64, Fault> {
        let working: HashSet<&TaskId> = owners.working.iter().collect();
        let finished: HashSet<&TaskId> = owners.finished.iter().collect();
        let at_work = |name: &str| TaskId::parse(name).is_some_and(|id| working.contains(&id));
        let owned = |name: &str| {
            at_work(name) || TaskId::parse(name).is_some_and(|id| finished.contains(&id))
        };
        let mut removed = 0;
        for directory in [&self.incoming, &self.inputs] {
            Self::sweep_one(directory, at_work, &mut removed)?;
        }
        Self::sweep_one(&self.results, owned, &mut removed)?;
        let works = |name: &str| owner_of_work(name).is_some_and(|id| working.contains(&id));
        Self::sweep_one(&self.work, works, &mut removed)?;
        Ok(removed)
    }
}

impl Tree {
    /// The last step of every result: its name.
    fn keep_result(&self, id: &TaskId) -> Result<(), Fault> {
        let named = self.results.sync();
        named.map_err(|fault| self.results.discard(id.as_str(), fault))
    }

    /// For file systems without hard links. The input itself stays: the job is not complete yet.
    fn copy_input(&self, id: &TaskId) -> Result<(), Fault> {
        let (name, copy) = (id.as_str(), format!("{id}.copy"));
        let mut input = self.inputs.open(name, OFlags::RDONLY)?;
        self.results.unlink(&copy)?;
        let mut result = self.results.create(&copy)?;
        if let Err(source) = std::io::copy(&mut input, &mut result) {
            let fault = self.results.failed("copy", name, source);
            return Err(self.results.discard(&copy, fault));
        }
        self.results.sync_file(&copy, &result)?;
        self.results.rename(&copy, &self.results, name)
    }
}

/// Reserves the space of a whole file, so that a full disk says so before the first byte and not after the last.
pub(super) fn allocate(
    directory: &Directory,
    name: &str,
    file: &File,
    length: u64,
) -> Result<(), Fault> {
    if length == 0 {
        return Ok(());
    }
    loop {
        return match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, length) {
            Ok(()) => Ok(()),
            Err(Errno::INTR) => continue,
            Err(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => Err(Fault::Full {
                wanted: length,
                free: free(directory)?,
            }),
            // A file system that cannot reserve: the disk may still be found full later.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => file
                .set_len(length)
                .map_err(|source| directory.failed("extend", name, source)),
            Err(error) => Err(directory.refused("reserve space for", name, error)),
        };
    }
}

/// Bytes that a user without privileges may still write.
pub(super) fn free(directory: &Directory) -> Result<u64, Fault> {
    let disk = rustix::fs::fstatvfs(&directory.handle)
        .map_err(|error| refused("measure", directory.path.clone(), error))?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// The task of a name under `work`: an attempt's directory, or what is kept.
fn owner_of_work(name: &str) -> Option<TaskId> {
    let kept = name.strip_suffix(KEEP).and_then(TaskId::parse);
    kept.or_else(|| owner_of_attempt(name))
}

/// The task of a work directory's name, `<id>.<attempt>`.
fn owner_of_attempt(name: &str) -> Option<TaskId> {
    let (id, attempt) = name.split_once('.')?;
    attempt.parse::<u32>().ok()?;
    TaskId::parse(id)
}

/// A component that names something in the directory before it, and nothing else.
fn plain_name(component: Component<'_>) -> Option<&str> {
    match component {
        Component::Normal(name) => OsStr::to_str(name),
        _ => None,
    }
}
