//! Deletes what has had its time, and takes jobs back from workers that have fallen silent.

use crate::clock;
use crate::shared::Shared;
use kinora_store::Fault;
use kinora_store::contract::{Due, Problem};

/// Things that are cleaned away in one round; the rest follow in the next.
const BATCH: u32 = 200;

/// Runs until the engine drains.
pub(crate) fn clean(shared: &Shared) {
    while !shared.is_draining() {
        let heard = shared.rings();
        if let Err(fault) = round(shared) {
            tracing::error!(%fault, "cleaning failed");
        }
        shared.wait(heard);
    }
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
