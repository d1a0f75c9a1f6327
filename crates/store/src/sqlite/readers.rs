//! Connections that only read: a few of them, so that a long look delays no short one.

use super::file::connect;
use crate::{Fault, limits};
use rusqlite::{Connection, Transaction};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// Those of one file.
pub(super) struct Readers {
    connections: [Mutex<Connection>; limits::READERS],
    /// The one to wait for when all are busy.
    next: AtomicUsize,
}

impl Readers {
    /// Opens them; the file is there.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        let reader = || {
            let connection = connect(path, "normal")?;
            connection.pragma_update(None, "query_only", true)?;
            Ok::<_, Fault>(Mutex::new(connection))
        };
        Ok(Self {
            connections: [reader()?, reader()?, reader()?],
            next: AtomicUsize::new(0),
        })
    }

    /// Reads from one moment of the database.
    pub(super) fn read<T>(
        &self,
        look: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut reader = self.free();
        look(&reader.transaction()?)
    }

    fn free(&self) -> MutexGuard<'_, Connection> {
        for reader in &self.connections {
            match reader.try_lock() {
                Ok(guard) => return guard,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.connections[next % limits::READERS])
    }
}

/// A thread that panicked inside a transaction has rolled it back while unwinding, so the connection is good.
pub(super) fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}
