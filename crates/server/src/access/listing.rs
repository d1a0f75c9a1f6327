//! A list in the data directory that commands write while a server reads it: it is replaced as a whole, and a lock keeps
//! two writers apart.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Where such a list lies, and what it is.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    pub(super) data: PathBuf,
    /// The file's name within the data directory.
    pub(super) name: &'static str,
    /// Whoever writes holds this one.
    pub(super) lock: &'static str,
    /// What it lists, for people.
    pub(super) what: &'static str,
    /// The file has no more bytes than this, or it is none of ours.
    pub(super) most_bytes: u64,
}

impl Listing {
    /// Where it is.
    pub(super) fn path(&self) -> PathBuf {
        self.data.join(self.name)
    }

    /// What it says; nothing where there is none.
    ///
    /// # Errors
    /// When the file cannot be read, or is damaged.
    pub(super) fn read<T: Default + DeserializeOwned>(&self) -> io::Result<T> {
        let file = match File::open(self.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
            file => file?,
        };
        if file.metadata()?.len() > self.most_bytes {
            return Err(self.damaged("it is too long"));
        }
        serde_json::from_reader(io::BufReader::new(file))
            .map_err(|error| self.damaged(&error.to_string()))
    }

    /// Changes it and writes it, if `act` says that there is something to write.
    ///
    /// # Errors
    /// Those of `act`, and what the disk says.
    pub(super) fn change<T: Default + DeserializeOwned + Serialize>(
        &self,
        act: impl FnOnce(&mut T) -> io::Result<bool>,
    ) -> io::Result<bool> {
        if !self.data.exists() {
            let mut directory = DirBuilder::new();
            directory.recursive(true).mode(0o700).create(&self.data)?;
        }
        let lock = self.private(OpenOptions::new().create(true), &self.data.join(self.lock))?;
        lock.lock()?;
        let mut stored = self.read()?;
        let changed = act(&mut stored)?;
        if changed {
            self.write(&stored)?;
        }
        Ok(changed)
    }

    fn write<T: Serialize>(&self, stored: &T) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(stored)?;
        let half = self.data.join(format!("{}.new", self.name));
        let _ = fs::remove_file(&half);
        let mut file = self.private(OpenOptions::new().create_new(true), &half)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(half, self.path())?;
        File::open(&self.data)?.sync_all()
    }

    /// Written by root for a server that runs as somebody else, it is that one's.
    fn private(&self, options: &mut OpenOptions, path: &Path) -> io::Result<File> {
        let file = options.write(true).mode(0o600).open(path)?;
        if rustix::process::geteuid().is_root() {
            let owner = fs::metadata(&self.data)?;
            std::os::unix::fs::fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
        }
        Ok(file)
    }

    fn damaged(&self, why: &str) -> io::Error {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("this is no list of {}: {why}", self.what),
        )
    }
}
