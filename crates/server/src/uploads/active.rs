//! Which uploads are being received right now: one connection each, the newest.

use crate::fault::Fault;
use kinora_store::TaskId;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How long an older connection may take to write down where it is.
const HAND_OVER: Duration = Duration::from_secs(10);

/// The seats that are taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Active(Arc<Table>);

#[derive(Debug, Default)]
struct Table {
    seats: Mutex<HashMap<TaskId, Arc<Notify>>>,
    freed: Condvar,
}

/// The right to append to one upload; given back by dropping it.
#[derive(Debug)]
pub(super) struct Seat {
    table: Active,
    id: TaskId,
    /// A newer connection wants to go on.
    ousted: Arc<Notify>,
}

impl Active {
    /// Takes the seat, ending an older holder if there is one. Blocks until that has let go.
    pub(super) fn take(&self, id: &TaskId) -> Result<Seat, Fault> {
        let table = &self.0;
        let seats = table.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = |seats: &mut HashMap<TaskId, Arc<Notify>>| {
            let older = seats.get(id);
            if let Some(older) = older {
                older.notify_one();
            }
            older.is_some()
        };
        let (mut seats, waited) = table
            .freed
            .wait_timeout_while(seats, HAND_OVER, taken)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(Fault::new(
                "upload_in_use",
                "another connection still sends this upload",
                "close it, or try again in a few seconds",
            ));
        }
        let ousted = Arc::new(Notify::new());
        seats.insert(id.clone(), Arc::clone(&ousted));
        Ok(Seat {
            table: self.clone(),
            id: id.clone(),
            ousted,
        })
    }
}

impl Seat {
    pub(super) fn ousted(&self) -> Arc<Notify> {
        Arc::clone(&self.ousted)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let table = &self.table.0;
        let mut seats = table.seats.lock().unwrap_or_else(PoisonError::into_inner);
        seats.remove(&self.id);
        table.freed.notify_all();
    }
}
