//! The whole queue in the order in which it will start, remembered until the queue changes.
//!
//! Everybody who waits asks for its place whenever somebody before it has started, so asking one by one would cost
//! the square of the queue's length. The order is found out once after each change, and by whoever asks first.

use super::row::{all, id};
use super::turn;
use crate::{Fault, TaskId};
use rusqlite::Connection;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Place of each queued job, from 1.
type Places = HashMap<TaskId, u64>;

/// The remembered order.
#[derive(Default)]
pub(super) struct Order {
    /// Counts the changes of the queue; only its equality means something.
    changes: AtomicU64,
    /// What the count was before the order was read, and the order.
    known: Mutex<Option<(u64, Places)>>,
}

impl Order {
    /// To be called after a change of the queue has been committed and before it is acknowledged.
    pub(super) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// The place of one job; `read` is asked when the queue has changed. Others who ask meanwhile wait for its answer
    /// instead of asking themselves.
    pub(super) fn place(
        &self,
        id: &TaskId,
        read: impl FnOnce() -> Result<Places, Fault>,
    ) -> Result<Option<u64>, Fault> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = self.changes.load(Ordering::SeqCst);
        if let Some((at, places)) = &*known
            && *at == changes
        {
            return Ok(places.get(id).copied());
        }
        let places = read()?;
        let place = places.get(id).copied();
        *known = Some((changes, places));
        Ok(place)
    }
}

/// The order in which the queue starts when each client's running job ends before its next turn comes: everybody's
/// first job by rank, then everybody's second in the same order, and so on. For then each client's last start is
/// later than every rank so far, in the order of the round before.
pub(super) fn places(connection: &Connection) -> Result<Places, Fault> {
    let line: HashMap<String, usize> = turn::line(connection)?
        .into_iter()
        .enumerate()
        .map(|(n, client)| (client, n))
        .collect();
    let mut rounds = vec![0_u64; line.len()];
    let mut order = Vec::new();
    for (client, id) in queue(connection)? {
        // Both queries read one moment of the database, so every client of the queue stands in the line.
        if let Some(&n) = line.get(&client) {
            order.push((rounds[n], n, id));
            rounds[n] += 1;
        }
    }
    order.sort_unstable();
    Ok(order.into_iter().map(|(_, _, id)| id).zip(1..).collect())
}

/// Queued jobs, each client's by age.
fn queue(connection: &Connection) -> Result<Vec<(String, TaskId)>, Fault> {
    all(
        connection,
        "select client, id from tasks where state = 'queued' order by client, not_before, seq",
        [],
        |row| Ok((row.get("client")?, id(row)?)),
    )
}
