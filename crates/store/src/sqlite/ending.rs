//! The end of tasks, and views over all of them.

use super::row::{self, Task, all, change, find, id, size};
use super::upload;
use crate::contract::{Due, Job, Millis, Owners, State, Totals};
use crate::{Fault, TaskId};
use rusqlite::Connection;

pub(super) fn job(connection: &Connection, id: &TaskId) -> Result<Option<Job>, Fault> {
    Ok(match find(connection, id)? {
        Some(Task::Job(job)) => Some(job),
        _ => None,
    })
}

pub(super) fn jobs(
    connection: &Connection,
    client: Option<&str>,
    limit: u32,
) -> Result<Vec<Job>, Fault> {
    let Some(client) = client else {
        let sql = "select * from tasks where queued_at is not null order by queued_at desc, seq desc limit ?1";
        return all(connection, sql, [limit], row::job);
    };
    all(
        connection,
        "select * from tasks where client = ?1 and queued_at is not null
         order by queued_at desc, seq desc limit ?2",
        (client, limit),
        row::job,
    )
}

pub(super) fn owned(connection: &Connection, owner: &str, limit: u32) -> Result<Vec<Job>, Fault> {
    all(
        connection,
        "select * from tasks where owner = ?1 and queued_at is not null
         order by queued_at desc, seq desc limit ?2",
        (owner, limit),
        row::job,
    )
}

pub(super) fn shorten(
    connection: &Connection,
    id: &TaskId,
    expires_at: Millis,
) -> Result<(), Fault> {
    let changed = change(
        connection,
        "update tasks set expires_at = min(expires_at, ?2)
         where id = ?1 and state in ('completed', 'failed', 'cancelled')",
        (id.as_str(), expires_at),
    )?;
    done_or_expired(connection, id, changed)
}

pub(super) fn due(connection: &Connection, now: Millis, limit: u32) -> Result<Vec<Due>, Fault> {
    all(
        connection,
        "select id, state from tasks where expires_at <= ?1 order by expires_at, seq limit ?2",
        (now, limit),
        |row| {
            let id = id(row)?;
            let word: String = row.get("state")?;
            if word == row::UPLOADING {
                return Ok(Due::Upload(id));
            }
            Ok(match row::state(&word)? {
                State::Expired => Due::Tombstone(id),
                _ => Due::Finished(id),
            })
        },
    )
}

pub(super) fn expire(connection: &Connection, id: &TaskId, forget_at: Millis) -> Result<(), Fault> {
    let changed = change(
        connection,
        "update tasks set state = 'expired', reserved = 0, result_report = null, expires_at = ?2
         where id = ?1 and state in ('completed', 'failed', 'cancelled')",
        (id.as_str(), forget_at),
    )?;
    done_or_expired(connection, id, changed)
}

pub(super) fn forget(connection: &Connection, id: &TaskId) -> Result<(), Fault> {
    let changed = change(
        connection,
        "delete from tasks where id = ?1 and state in ('completed', 'failed', 'cancelled', 'expired')",
        [id.as_str()],
    )?;
    if changed == 0 && find(connection, id)?.is_some() {
        return Err(upload::refuse(connection, id)?);
    }
    Ok(())
}

pub(super) fn owners(connection: &Connection) -> Result<Owners, Fault> {
    let ids = |sql| all(connection, sql, [], id);
    Ok(Owners {
        working: ids("select id from tasks where state in ('uploading', 'queued', 'processing')")?,
        finished: ids("select id from tasks where state = 'completed'")?,
    })
}

pub(super) fn totals(connection: &Connection) -> Result<Totals, Fault> {
    let mut totals = Totals {
        reserved: upload::reserved(connection)?,
        ..Totals::default()
    };
    let rows = all(connection, "select state, tasks from sums", [], |row| {
        Ok((row.get::<_, String>("state")?, size(row, "tasks")?))
    })?;
    for (state, count) in rows {
        match state.as_str() {
            row::UPLOADING => totals.uploads = count,
            "queued" => totals.queued = count,
            "processing" => totals.processing = count,
            "completed" => totals.completed = count,
            _ => {}
        }
    }
    Ok(totals)
}

/// What has expired already is no fault: these calls are repeated after a crash.
fn done_or_expired(connection: &Connection, id: &TaskId, changed: usize) -> Result<(), Fault> {
    if changed > 0 {
        return Ok(());
    }
    match job(connection, id)? {
        Some(job) if job.state == State::Expired => Ok(()),
        _ => Err(upload::refuse(connection, id)?),
    }
}
