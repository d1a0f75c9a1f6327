//! Whose turn it is.
//!
//! A client's own jobs go by age. Between clients, the one whose turn has the lowest *rank* goes first, and the rank
//! is the later of two times: its last start, and the age of its oldest job minus [`AGING_MS`]. So
//! - one that has not started anything lately goes before one that has, however many jobs that one has queued;
//! - clients that all start often take turns;
//! - a rank never grows while its client waits, and newcomers' ranks grow with the clock: after [`AGING_MS`] nobody
//!   who comes later can go before it, so nobody starves.
//!
//! A start longer ago than [`AGING_MS`] changes no rank any more, which is why it can be forgotten.
//!
//! The cost is one index look-up per client with queued jobs, not per job.

use super::row::{all, change, one};
use crate::Fault;
use crate::contract::Millis;
use crate::limits::{AGING_MS, PRUNED_PER_CLAIM};
use rusqlite::Connection;

/// The next job of one client.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) client: String,
    /// Row of its oldest queued job, and since when that may start.
    pub(super) seq: i64,
    not_before: Millis,
    /// When the client started a job last, and the how-manieth start that was; as far as it is remembered.
    last_start: Option<(Millis, i64)>,
    running: bool,
}

impl Turn {
    /// Lowest goes first: rank, then order of starts, then age, then arrival.
    fn rank(&self) -> (Millis, i64, Millis, i64) {
        let floor = self.not_before.saturating_sub(AGING_MS);
        let recent = self.last_start.filter(|(start, _)| *start > floor);
        let (rank, start) = recent.unwrap_or((floor, 0));
        (rank, start, self.not_before, self.seq)
    }
}

/// The turn that comes next, of the clients that have nothing running.
pub(super) fn next(connection: &Connection, now: Millis) -> Result<Option<Turn>, Fault> {
    let waiting = turns(connection)?;
    let ready = |turn: &Turn| !turn.running && turn.not_before <= now;
    Ok(waiting.into_iter().filter(ready).min_by_key(Turn::rank))
}

/// Whether anything waits at all: cheap, for workers that look in vain.
pub(super) fn any(connection: &Connection) -> Result<bool, Fault> {
    let queued = "select 1 from tasks where state = 'queued' limit 1";
    Ok(one(connection, queued, [], |_| Ok(()))?.is_some())
}

/// Clients with queued jobs, whose turn it is first coming first; as if none had anything running.
pub(super) fn line(connection: &Connection) -> Result<Vec<String>, Fault> {
    let mut waiting = turns(connection)?;
    waiting.sort_by_key(Turn::rank);
    Ok(waiting.into_iter().map(|turn| turn.client).collect())
}

/// Remembers that a client has started a job now, and forgets some starts that do not matter any more.
pub(super) fn started(connection: &Connection, client: &str, now: Millis) -> Result<(), Fault> {
    change(
        connection,
        "insert or replace into clients (turn, client, last_start)
         values ((select coalesce(max(turn), 0) + 1 from clients), ?1, ?2)",
        (client, now),
    )?;
    change(
        connection,
        PRUNE,
        (now.saturating_sub(AGING_MS), PRUNED_PER_CLAIM),
    )?;
    Ok(())
}

/// A clock that was ahead and has been put right must not leave clients at the end of the line until it catches up, nor
/// jobs waiting for it. A pause before a new attempt that is lost by this is one attempt made sooner.
pub(super) fn correct(connection: &Connection, now: Millis) -> Result<(), Fault> {
    let ahead = [
        "update clients set last_start = ?1 where last_start > ?1",
        "update tasks set not_before = ?1 where state = 'queued' and not_before > ?1",
    ];
    for sql in ahead {
        change(connection, sql, [now])?;
    }
    Ok(())
}

/// One turn of each client with queued jobs. Steps from client to client along the index of the queue.
const TURNS: &str = "
    with recursive waiting (client) as (
        select min(client) from tasks where state = 'queued'
        union all
        select (select min(client) from tasks where state = 'queued' and client > waiting.client)
        from waiting where waiting.client is not null
    )
    select waiting.client as client, tasks.seq as seq, tasks.not_before as not_before,
           clients.last_start as last_start, clients.turn as turn,
           exists (select 1 from tasks where state = 'processing' and client = waiting.client) as running
    from waiting
    join tasks on tasks.seq = (
        select seq from tasks where state = 'queued' and client = waiting.client order by not_before, seq limit 1)
    left join clients on clients.client = waiting.client";

/// Starts that are too long ago to change a rank; those of clients with work in the queue stay, because its age may
/// be older still.
const PRUNE: &str = "
    delete from clients where turn in (
        select turn from clients
        where last_start < ?1
          and not exists (select 1 from tasks where state = 'queued' and client = clients.client)
          and not exists (select 1 from tasks where state = 'processing' and client = clients.client)
        order by last_start limit ?2)";

fn turns(connection: &Connection) -> Result<Vec<Turn>, Fault> {
    all(connection, TURNS, [], |row| {
        let last_start: Option<Millis> = row.get("last_start")?;
        Ok(Turn {
            client: row.get("client")?,
            seq: row.get("seq")?,
            not_before: row.get("not_before")?,
            last_start: last_start.zip(row.get("turn")?),
            running: row.get("running")?,
        })
    })
}
