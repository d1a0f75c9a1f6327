//! Between rows and the contract's types. What a row says is not trusted: whatever does not fit is [`Fault::Corrupt`].

use crate::contract::{Job, Outcome, Problem, Progress, State, Upload};
use crate::{Fault, TaskId};
use rusqlite::{Connection, Params, Row, ffi::ErrorCode};

/// The word for a task that is still being uploaded, which is no [`State`] of a job.
pub(super) const UPLOADING: &str = "uploading";

/// One task, as whatever it is by now.
#[expect(clippy::large_enum_variant, reason = "lives for one match")]
pub(super) enum Task {
    Upload(Upload),
    Job(Job),
}

/// The first row of a query, read by `read`. Also runs a statement with `returning` to its end.
pub(super) fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

/// All rows of a query.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut list = Vec::new();
    while let Some(row) = rows.next()? {
        list.push(read(row)?);
    }
    Ok(list)
}

/// Runs a change; how many rows it touched.
pub(super) fn change(
    connection: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<usize, Fault> {
    Ok(connection.prepare_cached(sql)?.execute(params)?)
}

/// The task of this id.
pub(super) fn find(connection: &Connection, id: &TaskId) -> Result<Option<Task>, Fault> {
    one(
        connection,
        "select * from tasks where id = ?1",
        [id.as_str()],
        task,
    )
}

/// A whole row.
pub(super) fn task(row: &Row<'_>) -> Result<Task, Fault> {
    let state: String = row.get("state")?;
    if state == UPLOADING {
        return upload(row).map(Task::Upload);
    }
    job(row).map(Task::Job)
}

/// A row that is a job.
pub(super) fn job(row: &Row<'_>) -> Result<Job, Fault> {
    Ok(Job {
        id: id(row)?,
        client: row.get("client")?,
        owner: row.get("owner")?,
        state: state(&row.get::<_, String>("state")?)?,
        order: row.get("job_order")?,
        input_size: size(row, "input_size")?,
        input_digest: row.get("input_digest")?,
        attempt: row.get("attempt")?,
        cancel_requested: row.get("cancel_requested")?,
        progress: progress(row)?,
        outcome: outcome(row)?,
        problem: problem(row)?,
        created_at: row.get("queued_at")?,
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
        expires_at: row.get("expires_at")?,
    })
}

/// The id column.
pub(super) fn id(row: &Row<'_>) -> Result<TaskId, Fault> {
    let text: String = row.get("id")?;
    TaskId::parse(&text).ok_or_else(|| Fault::Corrupt("a task's id is not one".to_owned()))
}

/// A state's word.
pub(super) fn state(word: &str) -> Result<State, Fault> {
    use State::{Cancelled, Completed, Expired, Failed, Processing, Queued};
    [Queued, Processing, Completed, Failed, Cancelled, Expired]
        .into_iter()
        .find(|state| state.as_str() == word)
        .ok_or_else(|| Fault::Corrupt(format!("a task's state is `{word}`")))
}

/// A column of bytes or a count, which is never negative.
pub(super) fn size(row: &Row<'_>, column: &'static str) -> Result<u64, Fault> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| Fault::Corrupt(format!("`{column}` is {value}")))
}

/// A size as SQLite keeps it. Sizes are bounded by `begin`, so that none is cut off here.
pub(super) fn stored(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn upload(row: &Row<'_>) -> Result<Upload, Fault> {
    Ok(Upload {
        id: id(row)?,
        client: row.get("client")?,
        owner: row.get("owner")?,
        order: row.get("job_order")?,
        length: size(row, "input_size")?,
        durable: size(row, "durable")?,
        digest: row.get("input_digest")?,
        expires_at: row.get("expires_at")?,
    })
}

fn progress(row: &Row<'_>) -> Result<Progress, Fault> {
    Ok(Progress {
        fraction: row.get("fraction")?,
        stage: row.get("stage")?,
        speed: row.get("speed")?,
        remaining_s: row.get("remaining_s")?,
    })
}

fn outcome(row: &Row<'_>) -> Result<Option<Outcome>, Fault> {
    if row.get::<_, Option<i64>>("result_size")?.is_none() {
        return Ok(None);
    }
    let notes: String = row.get("result_notes")?;
    Ok(Some(Outcome {
        size: size(row, "result_size")?,
        digest: row.get("result_digest")?,
        extension: row.get("result_extension")?,
        kept_original: row.get("result_kept_original")?,
        notes: serde_json::from_str(&notes)
            .map_err(|error| Fault::Corrupt(format!("a result's notes: {error}")))?,
        report: row.get("result_report")?,
    }))
}

fn problem(row: &Row<'_>) -> Result<Option<Problem>, Fault> {
    let Some(code) = row.get("problem_code")? else {
        return Ok(None);
    };
    Ok(Some(Problem {
        code,
        description: row.get("problem_description")?,
        solution: row.get("problem_solution")?,
    }))
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error::{
            FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
        };
        let damaged = match &error {
            FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | Utf8Error(..) => true,
            other => matches!(
                other.sqlite_error_code(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            ),
        };
        if damaged {
            Self::Corrupt(error.to_string())
        } else {
            Self::Database(error.to_string())
        }
    }
}
