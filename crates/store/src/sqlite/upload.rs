//! From the reservation of its bytes to the moment an upload becomes a job.

use super::row::{self, Task, change, find, one, size, stored};
use crate::contract::{Begun, Job, Millis, NewUpload, Room, State};
use crate::{Fault, TaskId};
use rusqlite::{Connection, named_params};

pub(super) fn begin(
    connection: &Connection,
    upload: &NewUpload,
    room: Room,
    now: Millis,
) -> Result<Begun, Fault> {
    if let Some(key) = &upload.idempotency_key
        && let Some(known) = find_key(connection, key)?
    {
        return Ok(known);
    }
    if find(connection, &upload.id)?.is_some() {
        return Err(conflict("task", "there already"));
    }
    reserve(connection, &upload.client, upload.length, room)?;
    change(
        connection,
        "insert into tasks (id, client, owner, state, idempotency_key, job_order, input_size, reserved, began_at,
                            expires_at)
         values (:id, :client, :owner, 'uploading', :key, :order, :length, :length, :now, :expires_at)",
        named_params! {
            ":id": upload.id.as_str(),
            ":client": upload.client,
            ":owner": upload.owner,
            ":key": upload.idempotency_key,
            ":order": upload.order,
            ":length": stored(upload.length),
            ":now": now,
            ":expires_at": upload.expires_at,
        },
    )?;
    Ok(Begun::New)
}

pub(super) fn find_key(connection: &Connection, key: &str) -> Result<Option<Begun>, Fault> {
    let task = one(
        connection,
        "select * from tasks where idempotency_key = ?1",
        [key],
        row::task,
    )?;
    Ok(task.map(begun))
}

/// A task as an answer to who asks for it.
pub(super) fn begun(task: Task) -> Begun {
    match task {
        Task::Upload(upload) => Begun::Known(upload),
        Task::Job(job) => Begun::Job(job),
    }
}

pub(super) fn advance(
    connection: &Connection,
    id: &TaskId,
    durable: u64,
    expires_at: Millis,
) -> Result<(), Fault> {
    let length = match find(connection, id)? {
        Some(Task::Upload(upload)) => upload.length,
        other => return Err(not_uploading(other)),
    };
    if durable > length {
        return Err(Fault::Offset {
            have: length,
            wanted: durable,
        });
    }
    change(
        connection,
        "update tasks set durable = max(durable, ?2), expires_at = ?3 where id = ?1 and state = 'uploading'",
        (id.as_str(), stored(durable), expires_at),
    )?;
    Ok(())
}

pub(super) fn park(
    connection: &Connection,
    id: &TaskId,
    durable: u64,
    expires_at: Millis,
) -> Result<(), Fault> {
    advance(connection, id, durable, expires_at)?;
    change(
        connection,
        "update tasks set reserved = min(reserved, durable) where id = ?1 and state = 'uploading'",
        [id.as_str()],
    )?;
    Ok(())
}

pub(super) fn unpark(connection: &Connection, id: &TaskId, room: Room) -> Result<(), Fault> {
    let upload = match find(connection, id)? {
        Some(Task::Upload(upload)) => upload,
        other => return Err(not_uploading(other)),
    };
    let reserved = one(
        connection,
        "select reserved from tasks where id = ?1",
        [id.as_str()],
        |row| size(row, "reserved"),
    )?;
    let missing = upload.length.saturating_sub(reserved.unwrap_or(0));
    if missing == 0 {
        return Ok(());
    }
    reserve(connection, &upload.client, missing, room)?;
    change(
        connection,
        "update tasks set reserved = input_size where id = ?1 and state = 'uploading'",
        [id.as_str()],
    )?;
    Ok(())
}

pub(super) fn amend(
    connection: &Connection,
    id: &TaskId,
    order: &str,
    length: u64,
) -> Result<(), Fault> {
    let upload = match find(connection, id)? {
        Some(Task::Upload(upload)) => upload,
        other => return Err(not_uploading(other)),
    };
    if !(upload.durable..=upload.length).contains(&length) {
        return Err(Fault::Offset {
            have: upload.durable,
            wanted: length,
        });
    }
    change(
        connection,
        "update tasks set job_order = ?2, input_size = ?3, reserved = min(reserved, ?3) where id = ?1 and state = 'uploading'",
        (id.as_str(), order, stored(length)),
    )?;
    Ok(())
}

pub(super) fn received(
    connection: &Connection,
    id: &TaskId,
    digest: &str,
    expires_at: Millis,
) -> Result<(), Fault> {
    let changed = change(
        connection,
        "update tasks set durable = input_size, input_digest = ?2, expires_at = ?3
         where id = ?1 and state = 'uploading'",
        (id.as_str(), digest, expires_at),
    )?;
    if changed == 0 {
        return Err(not_uploading(find(connection, id)?));
    }
    Ok(())
}

pub(super) fn abandon(connection: &Connection, id: &TaskId) -> Result<(), Fault> {
    let changed = change(
        connection,
        "delete from tasks where id = ?1 and state = 'uploading'",
        [id.as_str()],
    )?;
    match find(connection, id)? {
        Some(task) if changed == 0 => Err(not_uploading(Some(task))),
        _ => Ok(()),
    }
}

pub(super) fn give_up(connection: &Connection, id: &TaskId, now: Millis) -> Result<bool, Fault> {
    let changed = change(
        connection,
        "delete from tasks where id = ?1 and state = 'uploading' and expires_at <= ?2",
        (id.as_str(), now),
    )?;
    Ok(changed > 0)
}

pub(super) fn enqueue(
    connection: &Connection,
    id: &TaskId,
    digest: &str,
    limit: Option<u64>,
    now: Millis,
) -> Result<Job, Fault> {
    let upload = match find(connection, id)? {
        Some(Task::Job(job)) => return Ok(job),
        Some(Task::Upload(upload)) => upload,
        None => return Err(Fault::Missing { what: "upload" }),
    };
    if let Some(limit) = limit {
        let waiting = unfinished(connection, &upload.client)?;
        if waiting >= limit {
            return Err(Fault::Busy { waiting });
        }
    }
    let job = one(
        connection,
        "update tasks set state = 'queued', durable = input_size, input_digest = ?2, queued_at = ?3, not_before = ?3,
                expires_at = null
         where id = ?1 and state = 'uploading' returning *",
        (id.as_str(), digest, now),
        row::job,
    )?;
    job.ok_or(Fault::Missing { what: "upload" })
}

/// Bytes that all tasks reserve.
pub(super) fn reserved(connection: &Connection) -> Result<u64, Fault> {
    let sum = one(
        connection,
        "select coalesce(sum(reserved), 0) as reserved from sums",
        [],
        |row| size(row, "reserved"),
    )?;
    Ok(sum.unwrap_or(0))
}

/// The answer when a change that only an upload can take found something else.
fn not_uploading(task: Option<Task>) -> Fault {
    match task {
        None => Fault::Missing { what: "upload" },
        Some(Task::Upload(_)) => conflict("upload", row::UPLOADING),
        Some(Task::Job(job)) => conflict("upload", job.state.as_str()),
    }
}

/// Refuses what would pass `room`. What SQLite can count is a ceiling too.
fn reserve(connection: &Connection, client: &str, wanted: u64, room: Room) -> Result<(), Fault> {
    let free = room
        .all
        .min(i64::MAX.unsigned_abs())
        .saturating_sub(reserved(connection)?);
    if wanted > free {
        return Err(Fault::Full { wanted, free });
    }
    if room.client < room.all {
        let free = room.client.saturating_sub(reserved_by(connection, client)?);
        if wanted > free {
            return Err(Fault::ClientFull { wanted, free });
        }
    }
    Ok(())
}

fn reserved_by(connection: &Connection, client: &str) -> Result<u64, Fault> {
    let sum = one(
        connection,
        "select coalesce(sum(reserved), 0) as reserved from tasks where client = ?1 and reserved > 0",
        [client],
        |row| size(row, "reserved"),
    )?;
    Ok(sum.unwrap_or(0))
}

pub(super) fn unfinished(connection: &Connection, client: &str) -> Result<u64, Fault> {
    let count = one(
        connection,
        "select (select count(*) from tasks where client = ?1 and state = 'queued')
              + (select count(*) from tasks where client = ?1 and state = 'processing') as waiting",
        [client],
        |row| size(row, "waiting"),
    )?;
    Ok(count.unwrap_or(0))
}

pub(super) fn uploading(connection: &Connection, client: &str) -> Result<u64, Fault> {
    let count = one(
        connection,
        "select count(*) as uploads from tasks where client = ?1 and state = 'uploading'",
        [client],
        |row| size(row, "uploads"),
    )?;
    Ok(count.unwrap_or(0))
}

fn conflict(what: &'static str, state: impl Into<String>) -> Fault {
    Fault::Conflict {
        what,
        state: state.into(),
    }
}

/// Refuses a change of a job that does not exist, or is in a state in which it cannot be made.
pub(super) fn refuse(connection: &Connection, id: &TaskId) -> Result<Fault, Fault> {
    Ok(match find(connection, id)? {
        None => Fault::Missing { what: "task" },
        Some(Task::Upload(_)) => conflict("task", row::UPLOADING),
        Some(Task::Job(job)) => conflict("task", job.state.as_str()),
    })
}

/// The word that a state has in a statement; only the two in which a job ends without a result.
pub(super) fn ending(state: State) -> Result<&'static str, Fault> {
    match state {
        State::Failed | State::Cancelled => Ok(state.as_str()),
        other => Err(conflict("the end of a failed job", other.as_str())),
    }
}
