//! Where a server keeps its data while it is measured: in memory, or on a disk.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A file system in memory on every Linux.
const MEMORY: &str = "/dev/shm";
/// What a place must have free: the largest measurement and the server's own margin.
const NEEDED: u64 = 10 << 30;

/// A kind of place, and its directory.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    directory: PathBuf,
}

impl Place {
    pub(crate) fn memory() -> Self {
        Self {
            directory: MEMORY.into(),
        }
    }

    /// A directory that lies on a disk, for instance cargo's target directory.
    pub(crate) fn disk(directory: &Path) -> Self {
        Self {
            directory: directory.into(),
        }
    }

    /// A new directory, removed with what is in it when it is dropped.
    pub(crate) fn directory(&self) -> Result<TempDir> {
        let shown = self.directory.display();
        std::fs::create_dir_all(&self.directory)
            .with_context(|| format!("{shown} cannot be made"))?;
        let space = rustix::fs::statvfs(&self.directory)?;
        let free = space.f_bavail * space.f_frsize;
        ensure!(
            free >= NEEDED,
            "{shown} has {} MB free, {} MB are needed",
            free / 1_000_000,
            NEEDED / 1_000_000
        );
        let made = tempfile::Builder::new()
            .prefix("kinora-bench-")
            .tempdir_in(&self.directory);
        made.with_context(|| format!("{shown} takes no directory"))
    }
}
