//! The connections to one database file, and what each is for.

use super::place::{self, Order};
use super::{migrate, row};
use crate::{Fault, TaskId, limits};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// The records of one server in one file. Implements [`Records`](crate::contract::Records).
pub struct Database {
    /// Everything that is acknowledged goes through here, each commit synced (`synchronous=FULL`).
    writer: Mutex<Connection>,
    /// Heartbeats: committed in order with the rest but synced only by the next commit of `writer` or a checkpoint
    /// (`synchronous=NORMAL`), so that progress costs no sync of its own.
    pulse: Mutex<Connection>,
    /// Connections that cannot write.
    readers: [Mutex<Connection>; limits::READERS],
    /// The reader to wait for when all are busy.
    next_reader: AtomicUsize,
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
        migrate::run(&mut writer)?;
        let reader = || {
            let connection = connect(path, "normal")?;
            connection.pragma_update(None, "query_only", true)?;
            Ok::<_, Fault>(Mutex::new(connection))
        };
        Ok(Self {
            writer: Mutex::new(writer),
            pulse: Mutex::new(connect(path, "normal")?),
            readers: [reader()?, reader()?, reader()?],
            next_reader: AtomicUsize::new(0),
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
        let mut reader = self.free_reader();
        look(&reader.transaction()?)
    }

    fn free_reader(&self) -> MutexGuard<'_, Connection> {
        for reader in &self.readers {
            match reader.try_lock() {
                Ok(guard) => return guard,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let next = self.next_reader.fetch_add(1, Ordering::Relaxed);
        lock(&self.readers[next % limits::READERS])
    }
}

/// States whose kept sums differ from their rows.
const WRONG_SUMS: &str = "
    select sums.state from sums
    where sums.tasks <> (select count(*) from tasks where tasks.state = sums.state)
       or sums.reserved <> (select coalesce(sum(reserved), 0) from tasks where tasks.state = sums.state)";

fn transact<T>(
    connection: &mut Connection,
    change: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = change(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

/// A thread that panicked inside a transaction has rolled it back while unwinding, so the connection is good.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the file before SQLite does, because SQLite would let the group and others read it; its log and its shared
/// memory take over the mode. A file that is there is not even opened: closing it again would take away the locks
/// that SQLite holds on it for this process.
fn create(path: &Path) -> Result<(), Fault> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    match options.open(path) {
        Err(source) if source.kind() != ErrorKind::AlreadyExists => Err(Fault::Io {
            doing: "make database",
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

fn connect(path: &Path, synchronous: &str) -> Result<Connection, Fault> {
    // Each connection stands behind a mutex of ours, so SQLite needs none; and a path is a path, never a URI.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_millis(limits::BUSY_MS))?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(Fault::Database(format!(
            "its journal is `{mode}`, not a write-ahead log; keep it on a local disk"
        )));
    }
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", limits::LOG_BYTES)?;
    connection.set_prepared_statement_cache_capacity(limits::STATEMENTS);
    Ok(connection)
}
