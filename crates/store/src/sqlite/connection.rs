//! The connections to one database file, and what each is for.

use super::file::{connect, create, transact};
use super::place::{self, Order};
use super::readers::{Readers, lock};
use super::{migrate, row};
use crate::{Fault, TaskId};
use rusqlite::{Connection, Transaction};
use std::path::Path;
use std::sync::Mutex;

/// The records of one server in one file. Implements [`Records`](crate::contract::Records).
pub struct Database {
    /// Everything that is acknowledged goes through here, each commit synced (`synchronous=FULL`).
    writer: Mutex<Connection>,
    /// Heartbeats: committed in order with the rest but synced only by the next commit of `writer` or a checkpoint
    /// (`synchronous=NORMAL`), so that progress costs no sync of its own.
    pulse: Mutex<Connection>,
    /// Connections that cannot write.
    readers: Readers,
    /// The queue's order, as of its last change by this process: the only one that works on the file.
    order: Order,
}

impl Database {
    /// Opens the database, makes it when it is not there (readable by its owner only), and brings its schema up to
    /// date. Nothing in it is changed otherwise; see `Records::reclaim_all`.
    ///
    /// # Errors
    /// [`Fault::Io`] when the file cannot be made, [`Fault::Database`] when it is of a newer version, of another
    /// program, or on a file system without shared memory, [`Fault::Corrupt`] when it is no database.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        create(path)?;
        let mut writer = connect(path, "full")?;
        migrate::run(&mut writer, &migrate::RECORDS)?;
        Ok(Self {
            writer: Mutex::new(writer),
            pulse: Mutex::new(connect(path, "normal")?),
            readers: Readers::open(path)?,
            order: Order::default(),
        })
    }

    /// Reads the whole file and compares the kept sums with the rows, for `doctor` and after a crash. Slow.
    ///
    /// # Errors
    /// [`Fault::Corrupt`] says what is wrong.
    pub fn check(&self) -> Result<(), Fault> {
        self.read(|connection| {
            let verdicts = row::all(connection, "pragma integrity_check", [], |row| {
                Ok(row.get::<_, String>(0)?)
            })?;
            if verdicts != ["ok"] {
                return Err(Fault::Corrupt(verdicts.join("; ")));
            }
            let wrong = row::one(connection, WRONG_SUMS, [], |row| {
                Ok(row.get::<_, String>(0)?)
            })?;
            wrong.map_or(Ok(()), |state| {
                Err(Fault::Corrupt(format!(
                    "the sums of `{state}` tasks are not those of their rows"
                )))
            })
        })
    }

    /// One durable change: committed and synced when this returns `Ok`, undone otherwise.
    pub(super) fn write<T>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        transact(&mut lock(&self.writer), change)
    }

    /// The same for a change after which the queue's order may be another one.
    pub(super) fn reorder<T>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let answer = self.write(change);
        self.order.changed();
        answer
    }

    /// Where a job stands in the queue.
    pub(super) fn place(&self, id: &TaskId) -> Result<Option<u64>, Fault> {
        self.order.place(id, || self.read(|tx| place::places(tx)))
    }

    /// One change that a power cut may take back.
    pub(super) fn pulse<T>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        transact(&mut lock(&self.pulse), change)
    }

    /// Reads from one moment of the database.
    pub(super) fn read<T>(
        &self,
        look: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.readers.read(look)
    }
}

/// States whose kept sums differ from their rows.
const WRONG_SUMS: &str = "
    select sums.state from sums
    where sums.tasks <> (select count(*) from tasks where tasks.state = sums.state)
       or sums.reserved <> (select coalesce(sum(reserved), 0) from tasks where tasks.state = sums.state)";
