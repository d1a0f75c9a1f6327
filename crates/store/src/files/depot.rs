//! Parcels in one directory: a file for each, under its id.

use super::directory::Directory;
use super::tree::{allocate, free};
use crate::Fault;
use crate::parcel::{self, ParcelId};
use rustix::fs::OFlags;
use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

/// The parcels of one server. Implements [`parcel::Depot`].
pub struct Depot {
    directory: Directory,
}

impl Depot {
    /// Below a directory that a [`super::Tree`] holds for this process; makes what is missing (0700).
    ///
    /// # Errors
    /// [`Fault::Io`] when the disk refuses.
    pub fn open(root: &Path) -> Result<Self, Fault> {
        let root = Directory::ensure(std::path::absolute(root).map_err(|source| Fault::Io {
            doing: "find",
            path: root.to_owned(),
            source,
        })?)?;
        let directory = Directory::ensure(root.path.join("parcels"))?;
        root.sync()?;
        Ok(Self { directory })
    }
}

impl parcel::Depot for Depot {
    fn room(&self, margin: u64) -> Result<u64, Fault> {
        Ok(free(&self.directory)?.saturating_sub(margin))
    }

    fn create(&self, id: &ParcelId, size: u64) -> Result<File, Fault> {
        let name = id.to_string();
        let file = self.directory.create(&name)?;
        let reserved = allocate(&self.directory, &name, &file, size);
        match reserved.and_then(|()| self.directory.sync()) {
            Ok(()) => Ok(file),
            Err(fault) => Err(self.directory.discard(&name, fault)),
        }
    }

    fn open(&self, id: &ParcelId) -> Result<File, Fault> {
        self.directory.open(&id.to_string(), OFlags::RDWR)
    }

    fn remove(&self, id: &ParcelId) -> Result<(), Fault> {
        self.directory.unlink(&id.to_string()).map(drop)
    }

    fn sweep(&self, kept: &[ParcelId]) -> Result<u64, Fault> {
        let kept: HashSet<&ParcelId> = kept.iter().collect();
        let mut removed = 0;
        for name in self.directory.names()? {
            let id = name.to_str().and_then(ParcelId::parse);
            if !id.is_some_and(|id| kept.contains(&id)) {
                self.directory.clear(Path::new(&name))?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}
