//! Making and opening a database file, as every part of this backend does it.

use crate::{Fault, limits};
use rusqlite::config::DbConfig;
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
    // Else a prepared join is prepared again for each new value that is bound to it, which was a third of a message's cost.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(limits::STATEMENTS);
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::StatementStatus;

    #[test]
    fn a_join_is_prepared_once_for_all_values() {
        let place = tempfile::tempdir().unwrap();
        let connection = connect(&make(place.path()), "full").unwrap();
        connection
            .execute_batch(
                "create table a (x integer primary key, y integer);
                 create table b (x integer primary key, z integer);
                 insert into a values (1, 2), (2, 3), (3, 4);
                 insert into b values (1, 5), (2, 6), (3, 7);",
            )
            .unwrap();
        let sql = "select y, z from a join b using (x) where x = ?1";
        let mut statement = connection.prepare(sql).unwrap();
        for x in 1..=3 {
            let found = statement.query_row([x], |row| Ok((row.get(0)?, row.get(1)?)));
            assert_eq!(found.unwrap(), (x + 1, x + 4));
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }

    fn make(directory: &Path) -> std::path::PathBuf {
        let path = directory.join("a.db");
        create(&path).unwrap();
        path
    }
}
