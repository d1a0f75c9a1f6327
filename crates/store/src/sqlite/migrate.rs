//! Brings a database to the schema that this code knows.
//!
//! `user_version` counts the steps that have been taken. All missing ones are taken in one transaction, so a database
//! is never between two versions. There is no way back: a database of a newer version is refused and left alone.

use crate::Fault;
use rusqlite::{Connection, TransactionBehavior};

/// Step `n` (from 1) leads from version `n - 1` to `n`.
const STEPS: &[&str] = &[
    include_str!("schema/step_1.sql"),
    include_str!("schema/step_2.sql"),
    include_str!("schema/step_3.sql"),
    include_str!("schema/step_4.sql"),
];

/// "Kino": says whose file this is, in its header.
const APPLICATION: i32 = 0x4b69_6e6f;

/// Takes the steps that are missing.
pub(super) fn run(connection: &mut Connection) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = version(&transaction)?;
    let Some(missing) = STEPS.get(version..) else {
        return Err(Fault::Database(format!(
            "its schema is version {version}, and this program knows none after {}; start the newer program again, \
             or restore the copy from before the upgrade",
            STEPS.len()
        )));
    };
    if missing.is_empty() {
        return Ok(());
    }
    for step in missing {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", STEPS.len() as i64)?;
    Ok(transaction.commit()?)
}

/// How many steps have been taken; a fault when the file is some other program's.
fn version(connection: &Connection) -> Result<usize, Fault> {
    let read = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) = (read("application_id")?, read("user_version")?);
    let tables: i64 =
        connection.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    let ours = application == APPLICATION || (version == 0 && tables == 0);
    let version = usize::try_from(version).ok().filter(|_| ours);
    version.ok_or_else(|| Fault::Database("it belongs to another program".to_owned()))
}
