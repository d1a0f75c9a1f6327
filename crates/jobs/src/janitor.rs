//! Deletes what has had its time, and takes jobs back from workers that have fallen silent.

use crate::clock;
use crate::shared::Shared;
use kinora_store::Fault;
use kinora_store::contract::{Due, Problem};

/// A clock that is kept right by the network moves by less.
const PUT_BACK_MS: i64 = 2_000;
/// Things that are cleaned away in one round; the rest follow in the next.
const BATCH: u32 = 200;

/// Runs until the engine drains.
pub(crate) fn clean(shared: &Shared) {
    let mut before = clock::now();
    while !shared.is_draining() {
        let heard = shared.rings();
        let now = clock::now();
        if let Err(fault) = watch_clock(shared, before, now).and_then(|()| round(shared)) {
            tracing::error!(%fault, "cleaning failed");
        }
        before = now;
        shared.wait(heard);
    }
}

/// What was queued while the clock was ahead must not wait until it gets there again.
fn watch_clock(shared: &Shared, before: i64, now: i64) -> Result<(), Fault> {
    if now + PUT_BACK_MS >= before {
        return Ok(());
    }
    tracing::warn!(back_ms = before - now, "the clock was put back");
    shared.parts.records.clock_put_back(now)?;
    shared.ring();
    Ok(())
}

fn round(shared: &Shared) -> Result<(), Fault> {
    shared.live.tidy();
    let now = clock::now();
    let parts = &shared.parts;
    let ends = now + parts.keep.result;
    let (back, failed) = parts
        .records
        .reap(now, parts.config.attempts, &gave_up(), ends)?;
    if back + failed > 0 {
        tracing::warn!(back, failed, "leases had ended");
        shared.ring();
    }
    for due in parts.records.due(now, BATCH)? {
        match due {
            Due::Upload(id) => {
                if parts.records.give_up(&id, now)? {
                    tracing::info!(task = ?id, "an upload that did not go on is deleted");
                    parts.blobs.remove(&id)?;
                }
            }
            Due::Finished(id) => {
                tracing::info!(task = ?id, "a finished job has expired");
                parts.blobs.remove(&id)?;
                parts.records.expire(&id, now + parts.keep.tombstone)?;
                shared.live.notify(&id);
            }
            Due::Tombstone(id) => parts.records.forget(&id)?,
        }
    }
    Ok(())
}

/// Why a job that took its worker with it each time is not begun again.
pub(crate) fn gave_up() -> Problem {
    Problem {
        code: "gave_up".into(),
        description: "processing broke off every time it was begun".into(),
        solution: "try other options or another copy of the file; the operator finds more in the server's log".into(),
    }
}
