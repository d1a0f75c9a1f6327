//! From the queue to a worker and back: claims, leases, and what their holders report.
//!
//! Every write of a worker names its token (`HELD`). No row means that the lease is somebody else's by now.

use super::row::{self, change, one, stored};
use super::{turn, upload};
use crate::contract::{Job, Lease, Millis, Outcome, Problem, Progress, State, Verdict};
use crate::{Fault, Secret, TaskId};
use rusqlite::{Connection, Params, named_params};

/// Nobody holds a lease, and progress begins again: for every way back into the queue.
macro_rules! unclaimed {
    () => {
        "state = 'queued', worker = null, lease_token = null, lease_until = null,
         fraction = 0.0, stage = 'waiting', speed = null, remaining_s = null"
    };
}

/// The job has ended without a result at `:now`.
macro_rules! ended {
    () => {
        "worker = null, lease_token = null, lease_until = null, reserved = 0, finished_at = :now, expires_at = :expires_at"
    };
}

/// The row of a lease, while it is its holder's.
macro_rules! held {
    () => {
        " where id = :id and lease_token = :token and state = 'processing'"
    };
}

pub(super) fn claim(
    connection: &Connection,
    worker: &str,
    lease_until: Millis,
    now: Millis,
) -> Result<Option<Lease>, Fault> {
    let Some(next) = turn::next(connection, now)? else {
        return Ok(None);
    };
    let token = Secret::random();
    let job = one(
        connection,
        "update tasks set state = 'processing', attempt = attempt + 1, started_at = ?5,
                worker = ?2, lease_token = ?3, lease_until = ?4,
                fraction = 0.0, stage = 'waiting', speed = null, remaining_s = null
         where seq = ?1 and state = 'queued' returning *",
        (next.seq, worker, token.expose(), lease_until, now),
        row::job,
    )?;
    turn::started(connection, &next.client, now)?;
    Ok(job.map(|job| Lease { job, token }))
}

pub(super) fn heartbeat(
    connection: &Connection,
    lease: &Lease,
    progress: &Progress,
    lease_until: Millis,
) -> Result<Verdict, Fault> {
    let cancel = one(
        connection,
        concat!(
            "update tasks set lease_until = :lease_until, fraction = :fraction, stage = :stage, speed = :speed,
                    remaining_s = :remaining_s",
            held!(),
            " returning cancel_requested"
        ),
        named_params! {
            ":id": lease.job.id.as_str(),
            ":token": lease.token.expose(),
            ":lease_until": lease_until,
            ":fraction": fraction(progress.fraction),
            ":stage": progress.stage,
            ":speed": progress.speed.filter(|speed| speed.is_finite()),
            ":remaining_s": progress.remaining_s.filter(|seconds| seconds.is_finite()),
        },
        |row| Ok(row.get::<_, bool>(0)?),
    )?;
    Ok(match cancel {
        None => Verdict::Lost,
        Some(true) => Verdict::Cancel,
        Some(false) => Verdict::Continue,
    })
}

pub(super) fn complete(
    connection: &Connection,
    lease: &Lease,
    outcome: &Outcome,
    now: Millis,
    expires_at: Millis,
) -> Result<(), Fault> {
    holding(
        connection,
        concat!(
            "update tasks set state = 'completed', worker = null, lease_token = null, lease_until = null,
                    fraction = 1.0, stage = 'done', remaining_s = null, reserved = :size,
                    result_size = :size, result_digest = :digest, result_extension = :extension,
                    result_kept_original = :kept_original, result_notes = :notes, result_report = :report,
                    problem_code = null, problem_description = null, problem_solution = null,
                    finished_at = :now, expires_at = :expires_at",
            held!()
        ),
        named_params! {
            ":id": lease.job.id.as_str(),
            ":token": lease.token.expose(),
            ":size": stored(outcome.size),
            ":digest": outcome.digest,
            ":extension": outcome.extension,
            ":kept_original": outcome.kept_original,
            ":notes": serde_json::Value::from(outcome.notes.clone()).to_string(),
            ":report": outcome.report,
            ":now": now,
            ":expires_at": expires_at,
        },
    )
}

pub(super) fn fail(
    connection: &Connection,
    lease: &Lease,
    state: State,
    problem: &Problem,
    now: Millis,
    expires_at: Millis,
) -> Result<(), Fault> {
    holding(
        connection,
        concat!(
            "update tasks set state = :state, problem_code = :code, problem_description = :description,
                    problem_solution = :solution, ",
            ended!(),
            held!()
        ),
        named_params! {
            ":id": lease.job.id.as_str(),
            ":token": lease.token.expose(),
            ":state": upload::ending(state)?,
            ":code": problem.code,
            ":description": problem.description,
            ":solution": problem.solution,
            ":now": now,
            ":expires_at": expires_at,
        },
    )
}

pub(super) fn retry(
    connection: &Connection,
    lease: &Lease,
    problem: &Problem,
    not_before: Millis,
) -> Result<(), Fault> {
    holding(
        connection,
        concat!(
            "update tasks set not_before = :not_before, problem_code = :code, problem_description = :description,
                    problem_solution = :solution, ",
            unclaimed!(),
            held!()
        ),
        named_params! {
            ":id": lease.job.id.as_str(),
            ":token": lease.token.expose(),
            ":code": problem.code,
            ":description": problem.description,
            ":solution": problem.solution,
            ":not_before": not_before,
        },
    )
}

pub(super) fn release(connection: &Connection, lease: &Lease) -> Result<(), Fault> {
    holding(
        connection,
        concat!(
            "update tasks set attempt = attempt - 1, ",
            unclaimed!(),
            held!()
        ),
        named_params! { ":id": lease.job.id.as_str(), ":token": lease.token.expose() },
    )
}

pub(super) fn cancel(
    connection: &Connection,
    id: &TaskId,
    now: Millis,
    expires_at: Millis,
) -> Result<Job, Fault> {
    change(
        connection,
        concat!(
            "update tasks set state = 'cancelled', ",
            ended!(),
            " where id = :id and state = 'queued'"
        ),
        named_params! { ":id": id.as_str(), ":now": now, ":expires_at": expires_at },
    )?;
    change(
        connection,
        "update tasks set cancel_requested = 1 where id = ?1 and state = 'processing'",
        [id.as_str()],
    )?;
    match row::find(connection, id)? {
        Some(row::Task::Job(job)) => Ok(job),
        _ => Err(upload::refuse(connection, id)?),
    }
}

pub(super) fn reap(
    connection: &Connection,
    now: Millis,
    attempts: u32,
    problem: &Problem,
    expires_at: Millis,
) -> Result<(u64, u64), Fault> {
    let failed = change(
        connection,
        concat!(
            "update tasks set state = 'failed', problem_code = :code, problem_description = :description,
                    problem_solution = :solution, ",
            ended!(),
            " where state = 'processing' and lease_until <= :now and attempt >= :attempts"
        ),
        named_params! {
            ":code": problem.code,
            ":description": problem.description,
            ":solution": problem.solution,
            ":attempts": attempts,
            ":now": now,
            ":expires_at": expires_at,
        },
    )?;
    let back = change(
        connection,
        concat!(
            "update tasks set ",
            unclaimed!(),
            " where state = 'processing' and lease_until <= ?1"
        ),
        [now],
    )?;
    Ok((back as u64, failed as u64))
}

pub(super) fn reclaim_all(connection: &Connection, now: Millis) -> Result<u64, Fault> {
    turn::correct(connection, now)?;
    let back = change(
        connection,
        concat!(
            "update tasks set ",
            unclaimed!(),
            " where state = 'processing'"
        ),
        [],
    )?;
    connection.execute(
        "delete from tasks where state = 'uploading' and idempotency_key is null",
        [],
    )?;
    Ok(back as u64)
}

/// A write that only the holder of the lease may make.
fn holding(connection: &Connection, sql: &str, params: impl Params) -> Result<(), Fault> {
    if change(connection, sql, params)? == 0 {
        return Err(Fault::Conflict {
            what: "lease",
            state: "somebody else's by now".to_owned(),
        });
    }
    Ok(())
}

/// SQLite keeps no NaN: it would become null.
fn fraction(value: f64) -> f64 {
    if value.is_nan() {
        0.0
    } else {
        value.clamp(0.0, 1.0)
    }
}
