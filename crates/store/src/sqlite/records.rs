//! The contract, method by method: which connection each one takes, and which ones change the queue's order.

use super::{Database, ending, queue, row, turn, upload};
use crate::contract::{
    Begun, Due, Job, Lease, Millis, NewUpload, Outcome, Owners, Problem, Progress, Records, Room,
    State, Totals, Verdict,
};
use crate::{Fault, TaskId};

impl Records for Database {
    fn begin(&self, upload: &NewUpload, room: Room, now: Millis) -> Result<Begun, Fault> {
        self.write(|tx| upload::begin(tx, upload, room, now))
    }

    fn find(&self, id: &TaskId) -> Result<Option<Begun>, Fault> {
        self.read(|tx| Ok(row::find(tx, id)?.map(upload::begun)))
    }

    fn find_key(&self, key: &str) -> Result<Option<Begun>, Fault> {
        self.read(|tx| upload::find_key(tx, key))
    }

    fn advance(
        &self,
        id: &TaskId,
        durable: u64,
        _now: Millis,
        expires_at: Millis,
    ) -> Result<(), Fault> {
        self.write(|tx| upload::advance(tx, id, durable, expires_at))
    }

    fn park(&self, id: &TaskId, durable: u64, expires_at: Millis) -> Result<(), Fault> {
        self.write(|tx| upload::park(tx, id, durable, expires_at))
    }

    fn unpark(&self, id: &TaskId, room: Room) -> Result<(), Fault> {
        self.write(|tx| upload::unpark(tx, id, room))
    }

    fn amend(&self, id: &TaskId, order: &str, length: u64) -> Result<(), Fault> {
        self.write(|tx| upload::amend(tx, id, order, length))
    }

    fn received(&self, id: &TaskId, digest: &str, expires_at: Millis) -> Result<(), Fault> {
        self.write(|tx| upload::received(tx, id, digest, expires_at))
    }

    fn abandon(&self, id: &TaskId) -> Result<(), Fault> {
        self.write(|tx| upload::abandon(tx, id))
    }

    fn give_up(&self, id: &TaskId, now: Millis) -> Result<bool, Fault> {
        self.write(|tx| upload::give_up(tx, id, now))
    }

    fn enqueue(
        &self,
        id: &TaskId,
        digest: &str,
        limit: Option<u64>,
        now: Millis,
    ) -> Result<Job, Fault> {
        self.reorder(|tx| upload::enqueue(tx, id, digest, limit, now))
    }

    /// Asks a reader first: workers that find nothing must not take the writer's time.
    fn claim(
        &self,
        worker: &str,
        lease_until: Millis,
        now: Millis,
    ) -> Result<Option<Lease>, Fault> {
        if !self.read(|tx| turn::any(tx))? {
            return Ok(None);
        }
        self.reorder(|tx| queue::claim(tx, worker, lease_until, now))
    }

    fn heartbeat(
        &self,
        lease: &Lease,
        progress: &Progress,
        lease_until: Millis,
    ) -> Result<Verdict, Fault> {
        self.pulse(|tx| queue::heartbeat(tx, lease, progress, lease_until))
    }

    fn complete(
        &self,
        lease: &Lease,
        outcome: &Outcome,
        now: Millis,
        expires_at: Millis,
    ) -> Result<(), Fault> {
        self.write(|tx| queue::complete(tx, lease, outcome, now, expires_at))
    }

    fn fail(
        &self,
        lease: &Lease,
        state: State,
        problem: &Problem,
        now: Millis,
        expires_at: Millis,
    ) -> Result<(), Fault> {
        self.write(|tx| queue::fail(tx, lease, state, problem, now, expires_at))
    }

    fn retry(&self, lease: &Lease, problem: &Problem, not_before: Millis) -> Result<(), Fault> {
        self.reorder(|tx| queue::retry(tx, lease, problem, not_before))
    }

    fn release(&self, lease: &Lease) -> Result<(), Fault> {
        self.reorder(|tx| queue::release(tx, lease))
    }

    fn cancel(&self, id: &TaskId, now: Millis, expires_at: Millis) -> Result<Job, Fault> {
        self.reorder(|tx| queue::cancel(tx, id, now, expires_at))
    }

    fn job(&self, id: &TaskId) -> Result<Option<Job>, Fault> {
        self.read(|tx| ending::job(tx, id))
    }

    fn jobs(&self, client: Option<&str>, limit: u32) -> Result<Vec<Job>, Fault> {
        self.read(|tx| ending::jobs(tx, client, limit))
    }

    fn owned(&self, owner: &str, limit: u32) -> Result<Vec<Job>, Fault> {
        self.read(|tx| ending::owned(tx, owner, limit))
    }

    fn unfinished(&self, client: &str) -> Result<u64, Fault> {
        self.read(|tx| upload::unfinished(tx, client))
    }

    fn uploading(&self, client: &str) -> Result<u64, Fault> {
        self.read(|tx| upload::uploading(tx, client))
    }

    fn place(&self, id: &TaskId) -> Result<Option<u64>, Fault> {
        self.place(id)
    }

    fn shorten(&self, id: &TaskId, expires_at: Millis) -> Result<(), Fault> {
        self.write(|tx| ending::shorten(tx, id, expires_at))
    }

    fn reap(
        &self,
        now: Millis,
        attempts: u32,
        problem: &Problem,
        expires_at: Millis,
    ) -> Result<(u64, u64), Fault> {
        self.reorder(|tx| queue::reap(tx, now, attempts, problem, expires_at))
    }

    fn reclaim_all(&self, now: Millis) -> Result<u64, Fault> {
        self.reorder(|tx| queue::reclaim_all(tx, now))
    }

    fn clock_put_back(&self, now: Millis) -> Result<(), Fault> {
        self.reorder(|tx| turn::correct(tx, now))
    }

    fn due(&self, now: Millis, limit: u32) -> Result<Vec<Due>, Fault> {
        self.read(|tx| ending::due(tx, now, limit))
    }

    fn expire(&self, id: &TaskId, forget_at: Millis) -> Result<(), Fault> {
        self.write(|tx| ending::expire(tx, id, forget_at))
    }

    fn forget(&self, id: &TaskId) -> Result<(), Fault> {
        self.write(|tx| ending::forget(tx, id))
    }

    fn owners(&self) -> Result<Owners, Fault> {
        self.read(|tx| ending::owners(tx))
    }

    fn totals(&self) -> Result<Totals, Fault> {
        self.read(|tx| ending::totals(tx))
    }
}
