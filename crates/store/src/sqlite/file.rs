//! Making and opening a database file, as every part of this backend does it.

use crate::{Fault, limits};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// One change, committed when this returns `Ok`, and undone otherwise.
pub(super) fn transact<T>(
    connection: &mut Connection,
    change: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = change(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

/// Makes the file before SQLite does, because SQLite would let the group and others read it; its log and its shared
/// memory take over the mode. A file that is there is not even opened: closing it again would take away the locks
/// that SQLite holds on it for this process.
pub(super) fn create(path: &Path) -> Result<(), Fault> {
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

/// A connection with the settings of all of them.
pub(super) fn connect(path: &Path, synchronous: &str) -> Result<Connection, Fault> {
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
