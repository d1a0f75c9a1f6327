//! Brings a database to the schema that this code knows.
//!
//! `user_version` counts the steps that have been taken. All missing ones are taken in one transaction, so a database
//! is never between two versions. There is no way back: a database of a newer version is refused and left alone.

use crate::Fault;
use rusqlite::{Connection, TransactionBehavior};

/// What one kind of file goes through.
pub(super) struct Plan {
    /// Step `n` (from 1) leads from version `n - 1` to `n`.
    steps: &'static [&'static str],
    /// Says whose file it is, in its header.
    application: i32,
}

/// Uploads and jobs: "Kino".
pub(super) const RECORDS: Plan = Plan {
    steps: &[
        include_str!("schema/step_1.sql"),
        include_str!("schema/step_2.sql"),
        include_str!("schema/step_3.sql"),
        include_str!("schema/step_4.sql"),
    ],
    application: 0x4b69_6e6f,
};

/// People's talk: "Kint".
pub(super) const POST: Plan = Plan {
    steps: &[
        include_str!("schema/post_1.sql"),
        include_str!("schema/post_2.sql"),
        include_str!("schema/post_3.sql"),
        include_str!("schema/post_4.sql"),
    ],
    application: 0x4b69_6e74,
};

/// Takes the steps that are missing.
pub(super) fn run(connection: &mut Connection, plan: &Plan) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = version(&transaction, plan)?;
    let Some(missing) = plan.steps.get(version..) else {
        return Err(Fault::Database(format!(
            "its schema is version {version}, and this program knows none after {}; start the newer program again, \
             or restore the copy from before the upgrade",
            plan.steps.len()
        )));
    };
    if missing.is_empty() {
        return Ok(());
    }
    for step in missing {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", plan.application)?;
    transaction.pragma_update(None, "user_version", plan.steps.len() as i64)?;
    Ok(transaction.commit()?)
}

/// How many steps have been taken; a fault when the file is some other program's.
fn version(connection: &Connection, plan: &Plan) -> Result<usize, Fault> {
    let read = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) = (read("application_id")?, read("user_version")?);
    let tables: i64 =
        connection.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
    let ours = application == plan.application || (version == 0 && tables == 0);
    let version = usize::try_from(version).ok().filter(|_| ours);
    version.ok_or_else(|| Fault::Database("it belongs to another program".to_owned()))
}
