//! The contract, method by method: which connection each one takes.

use super::{packages, parcels, people, queue, write};
use crate::Fault;
use crate::parcel::{NewParcel, Parcel, ParcelId, Parcels, Parted, Reserved, Room};
use crate::post::{
    Bounds, Change, Device, DeviceRemoval, NewDevice, Outcome, Package, Person, Post, Registered,
    Removed, Seat, Waiting,
};
use crate::sqlite::checkpoint::Checkpoints;
use crate::sqlite::file::{connect, create, transact};
use crate::sqlite::migrate;
use crate::sqlite::readers::{Readers, lock};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Mutex;

/// The talk of one server's people in one file.
pub struct PostOffice {
    /// Each commit is synced (`synchronous=FULL`): what was said to be stored survives a power cut.
    writer: Mutex<Connection>,
    readers: Readers,
    // After the writer, whose end is its end.
    _checkpoints: Checkpoints,
}

impl PostOffice {
    /// Opens the database, makes it when it is not there (readable by its owner only), and brings its schema up to
    /// date.
    ///
    /// # Errors
    /// As [`Database::open`](crate::sqlite::Database::open).
    pub fn open(path: &Path) -> Result<Self, Fault> {
        create(path)?;
        let mut writer = connect(path, "full")?;
        migrate::run(&mut writer, &migrate::POST)?;
        let checkpoints = Checkpoints::start(path, &mut writer)?;
        Ok(Self {
            writer: Mutex::new(writer),
            readers: Readers::open(path)?,
            _checkpoints: checkpoints,
        })
    }
}

impl Post for PostOffice {
    fn register(
        &self,
        new: &NewDevice,
        devices_max: usize,
        ever_max: usize,
    ) -> Result<Registered, Fault> {
        transact(&mut lock(&self.writer), |tx| {
            people::register(tx, new, devices_max, ever_max)
        })
    }

    fn remove(&self, removal: &DeviceRemoval) -> Result<Removed, Fault> {
        transact(&mut lock(&self.writer), |tx| people::remove(tx, removal))
    }

    fn is_removed(&self, id: &[u8; 16]) -> Result<bool, Fault> {
        self.readers.read(|tx| people::is_removed(tx, id))
    }

    fn device(&self, id: &[u8; 16]) -> Result<Option<Device>, Fault> {
        self.readers.read(|tx| people::device(tx, id))
    }

    fn people(&self, after: &str, limit: usize) -> Result<Vec<Person>, Fault> {
        self.readers.read(|tx| people::list(tx, after, limit))
    }

    fn person(&self, name: &str) -> Result<Option<Person>, Fault> {
        self.readers.read(|tx| people::person(tx, name))
    }

    fn publish(
        &self,
        seat: Seat,
        packages: &[Vec<u8>],
        last_resort: Option<&[u8]>,
        expires_s: u64,
        most: usize,
    ) -> Result<u32, Fault> {
        transact(&mut lock(&self.writer), |tx| {
            packages::publish(tx, seat, packages, last_resort, expires_s, most)
        })
    }

    fn claim(&self, name: &str, asker: Seat, now_s: u64) -> Result<Option<Vec<Package>>, Fault> {
        transact(&mut lock(&self.writer), |tx| {
            packages::claim(tx, name, asker, now_s)
        })
    }

    fn write(
        &self,
        changes: &[Change],
        now_ms: u64,
        bounds: &Bounds,
    ) -> Result<Vec<Outcome>, Fault> {
        transact(&mut lock(&self.writer), |tx| {
            let each = changes
                .iter()
                .map(|change| write::apply(tx, change, now_ms, bounds));
            each.collect()
        })
    }

    fn waiting(
        &self,
        seat: Seat,
        after: u64,
        most: usize,
        most_bytes: usize,
    ) -> Result<Vec<Waiting>, Fault> {
        self.readers
            .read(|tx| queue::waiting(tx, seat, after, most, most_bytes))
    }

    fn sweep(&self, now_s: u64) -> Result<u64, Fault> {
        transact(&mut lock(&self.writer), |tx| queue::sweep(tx, now_s))
    }
}

impl Parcels for PostOffice {
    fn reserve(&self, new: &NewParcel, room: &Room) -> Result<Reserved, Fault> {
        transact(&mut lock(&self.writer), |tx| {
            parcels::reserve(tx, new, room)
        })
    }

    fn parcel(&self, id: &ParcelId, seat: Seat, now_s: u64) -> Result<Option<Parcel>, Fault> {
        self.readers.read(|tx| parcels::look(tx, id, seat, now_s))
    }

    fn grown(&self, id: &ParcelId, from: u64, to: u64, expires_s: u64) -> Result<bool, Fault> {
        transact(&mut lock(&self.writer), |tx| {
            parcels::grown(tx, id, from, to, expires_s)
        })
    }

    fn part(&self, id: &ParcelId, seat: Seat) -> Result<Parted, Fault> {
        transact(&mut lock(&self.writer), |tx| parcels::part(tx, id, seat))
    }

    fn expire(&self, now_s: u64) -> Result<Vec<ParcelId>, Fault> {
        transact(&mut lock(&self.writer), |tx| parcels::expire(tx, now_s))
    }

    fn all(&self) -> Result<Vec<ParcelId>, Fault> {
        self.readers.read(|tx| parcels::list(tx))
    }

    fn held(&self) -> Result<u64, Fault> {
        self.readers.read(|tx| parcels::held(tx))
    }
}
