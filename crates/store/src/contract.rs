//! What a backend promises. Every method that changes something has made it durable when it returns `Ok`,
//! unless its documentation says otherwise.

use crate::{Fault, Secret, TaskId};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::PathBuf;

/// Milliseconds since the Unix epoch; always an argument, never read inside.
pub type Millis = i64;

/// What the store keeps of uploads and jobs.
///
/// One task goes through `begin` (space reserved) → `advance`* → `enqueue` (an upload becomes a job) → `claim` →
/// `heartbeat`* → `complete`, `fail`, `retry` or `release` → `expire` → `forget`.
/// Each write after a claim names the lease's token; when the token is not (any longer) the job's, nothing changes
/// and the answer is [`Fault::Conflict`] or [`Verdict::Lost`].
pub trait Records: Send + Sync {
    /// Reserves `upload.length` bytes and records the upload. An `idempotency_key` that is known is answered with
    /// what it names, whatever else the upload says, and nothing changes. The sums of reservations do not pass
    /// `room` by this; [`Fault::Full`] or [`Fault::ClientFull`] otherwise. [`Fault::Conflict`] when the id is taken.
    fn begin(&self, upload: &NewUpload, room: Room, now: Millis) -> Result<Begun, Fault>;
    /// One task as whatever it is by now: [`Begun::Known`] or [`Begun::Job`], never [`Begun::New`].
    fn find(&self, id: &TaskId) -> Result<Option<Begun>, Fault>;
    /// The task that an idempotency key belongs to: from `begin` until `abandon` or `forget`. A tombstone has it
    /// still: a request that is repeated late is answered with the job that it was, and makes no second one.
    fn find_key(&self, key: &str) -> Result<Option<Begun>, Fault>;
    /// Records that `durable` bytes are on disk for good. Never goes back; [`Fault::Offset`] past the length,
    /// [`Fault::Conflict`] when it is a job by now.
    fn advance(
        &self,
        id: &TaskId,
        durable: u64,
        now: Millis,
        expires_at: Millis,
    ) -> Result<(), Fault>;
    /// As [`Self::advance`], of an upload that nobody sends any more: what it reserves shrinks to what is durable. What
    /// lies on disk has shrunk before.
    fn park(&self, id: &TaskId, durable: u64, expires_at: Millis) -> Result<(), Fault>;
    /// Reserves the whole length again, for an upload that somebody goes on with. Faults as of [`Self::begin`]: then it
    /// stays as it is. No error when all of it is reserved; [`Fault::Conflict`] when it is a job by now.
    fn unpark(&self, id: &TaskId, room: Room) -> Result<(), Fault>;
    /// Replaces what an upload that is not a job yet says of itself: its order, and its length where that was only
    /// known as a bound. The reservation follows. [`Fault::Offset`] when the length would grow, or when more than it
    /// is durable already; [`Fault::Conflict`] when it is a job by now.
    fn amend(&self, id: &TaskId, order: &str, length: u64) -> Result<(), Fault>;
    /// Records the digest of a whole upload that waits for the client's confirmation. All of it is durable by then.
    fn received(&self, id: &TaskId, digest: &str, expires_at: Millis) -> Result<(), Fault>;
    /// Ends an upload that will not become a job; frees its reservation. No error when it is gone already;
    /// [`Fault::Conflict`] when it is a job by now.
    fn abandon(&self, id: &TaskId) -> Result<(), Fault>;
    /// Ends an upload whose time is over, unless it has moved or become a job since [`Self::due`] named it. When this
    /// answers `true` its files are nobody's, and may be deleted.
    fn give_up(&self, id: &TaskId, now: Millis) -> Result<bool, Fault>;
    /// The upload becomes a queued job in one transaction. Idempotent: a job that is there is returned as it is.
    /// With `limit`, [`Fault::Busy`] when that many jobs of this client are queued or running already; it stays an
    /// upload then. A queued or running job never expires.
    fn enqueue(
        &self,
        id: &TaskId,
        digest: &str,
        limit: Option<u64>,
        now: Millis,
    ) -> Result<Job, Fault>;
    /// Takes the next job: only queued ones with `not_before <= now`, and none of a client that has one running (a
    /// unique index enforces it). Within a client by age; between clients, who has not started anything lately comes
    /// first, then who has waited longest since its last start; but nobody is overtaken for ever by clients that
    /// come later. Counts the attempt; a new one begins without progress.
    fn claim(&self, worker: &str, lease_until: Millis, now: Millis)
    -> Result<Option<Lease>, Fault>;
    /// Extends the lease and records progress. This need not be durable. A lease that has ended but not been reaped
    /// is still its holder's.
    fn heartbeat(
        &self,
        lease: &Lease,
        progress: &Progress,
        lease_until: Millis,
    ) -> Result<Verdict, Fault>;
    /// The job is done and its result is at its place. The reservation becomes the result's size.
    fn complete(
        &self,
        lease: &Lease,
        outcome: &Outcome,
        now: Millis,
        expires_at: Millis,
    ) -> Result<(), Fault>;
    /// The job has failed for good, or was cancelled (`state`: any other is a [`Fault::Conflict`]); `problem` says
    /// why. Its reservation is freed.
    fn fail(
        &self,
        lease: &Lease,
        state: State,
        problem: &Problem,
        now: Millis,
        expires_at: Millis,
    ) -> Result<(), Fault>;
    /// Back into the queue, not before `not_before`, which is its age from now on; the attempt stays counted. So does
    /// a wish to cancel, here and on every other way back: the next lease shows it.
    fn retry(&self, lease: &Lease, problem: &Problem, not_before: Millis) -> Result<(), Fault>;
    /// Back into the queue at once, and the attempt is not counted (a server that drains).
    fn release(&self, lease: &Lease) -> Result<(), Fault>;
    /// Asks a job to stop: a queued one is cancelled here and now; a running one gets a mark that its next heartbeat
    /// sees; a finished one stays. Returns the job as it is afterwards. An upload is a [`Fault::Conflict`]: see
    /// [`Self::abandon`].
    fn cancel(&self, id: &TaskId, now: Millis, expires_at: Millis) -> Result<Job, Fault>;
    /// One job.
    fn job(&self, id: &TaskId) -> Result<Option<Job>, Fault>;
    /// Jobs, newest first; of one client when it is given.
    fn jobs(&self, client: Option<&str>, limit: u32) -> Result<Vec<Job>, Fault>;
    /// Jobs of one owner, newest first.
    fn owned(&self, owner: &str, limit: u32) -> Result<Vec<Job>, Fault>;
    /// How many jobs of this client are queued or running.
    fn unfinished(&self, client: &str) -> Result<u64, Fault>;
    /// How many uploads of this client are not jobs yet.
    fn uploading(&self, client: &str) -> Result<u64, Fault>;
    /// How many queued jobs will start before this one, plus one, as things stand: when nothing comes, no pause
    /// before a new attempt holds one up, and each client's running job ends before its next turn. `None` unless it
    /// is queued.
    fn place(&self, id: &TaskId) -> Result<Option<u64>, Fault>;
    /// Moves the end of a finished job's life to `expires_at`, if that is sooner. A tombstone stays as it is.
    fn shorten(&self, id: &TaskId, expires_at: Millis) -> Result<(), Fault>;
    /// Running jobs whose lease has ended (`lease_until <= now`) go back into the queue, or fail when `attempts` have
    /// been used up (with `problem`). Returns how many of each: (back, failed).
    fn reap(
        &self,
        now: Millis,
        attempts: u32,
        problem: &Problem,
        expires_at: Millis,
    ) -> Result<(u64, u64), Fault>;
    /// At start-up of the only server on this store: every running job's lease is over, whoever held it. Back into
    /// the queue; attempts stay counted, for one of them may have ended the server. Uploads without a key, which
    /// nobody can take up again, are given up; their files are nobody's then. Includes [`clock_put_back`].
    ///
    /// [`clock_put_back`]: Records::clock_put_back
    fn reclaim_all(&self, now: Millis) -> Result<u64, Fault>;
    /// The clock was ahead and has been put right: what was to wait for a time that lies ahead now waits no longer.
    fn clock_put_back(&self, now: Millis) -> Result<(), Fault>;
    /// Everything whose time is over (`expires_at <= now`), longest ago first. Changes nothing by itself: [`Due`] says
    /// what to call.
    fn due(&self, now: Millis, limit: u32) -> Result<Vec<Due>, Fault>;
    /// Marks a finished job `expired`, its files gone, its reservation freed; the row stays as a tombstone until
    /// `forget_at`, so that asking for it has a clear answer. No error when it has been done before.
    fn expire(&self, id: &TaskId, forget_at: Millis) -> Result<(), Fault>;
    /// Removes the row of a finished job. No error when it is gone already.
    fn forget(&self, id: &TaskId) -> Result<(), Fault>;
    /// The ids that own files.
    fn owners(&self) -> Result<Owners, Fault>;
    /// What is reserved and waiting, for `ping`, metrics and `doctor`.
    fn totals(&self) -> Result<Totals, Fault>;
}

/// How much may be reserved: no sum passes its bound by one more reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that all tasks together may reserve.
    pub all: u64,
    /// Bytes that the tasks of one client may.
    pub client: u64,
}

impl Room {
    /// One client may have all of it.
    #[must_use]
    pub fn shared(all: u64) -> Self {
        Self {
            all,
            client: u64::MAX,
        }
    }
}

/// An upload that is about to begin.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// The task's name from here on.
    pub id: TaskId,
    /// The client's own key, if it sent one; an upload without one cannot be resumed.
    pub idempotency_key: Option<String>,
    /// What counts as one client: an address in the form of `jobs::policy`.
    pub client: String,
    /// Who alone may ask for it, in the caller's words; `None` where the id is enough.
    pub owner: Option<String>,
    /// The order as JSON (its written form is the caller's).
    pub order: String,
    /// Whole size in bytes.
    pub length: u64,
    /// When an upload that does not move is given up.
    pub expires_at: Millis,
}

/// Answer to [`Records::begin`].
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "made once per upload and matched at once"
)]
pub enum Begun {
    /// New: the caller owns it.
    New,
    /// The key is known: an upload that can go on, or waits for its confirmation (`digest`).
    Known(Upload),
    /// The key is known: a job already.
    Job(Job),
}

/// An upload that is not a job yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The task.
    pub id: TaskId,
    /// What counts as one client.
    pub client: String,
    /// See [`NewUpload::owner`].
    pub owner: Option<String>,
    /// The order as JSON.
    pub order: String,
    /// Whole size in bytes.
    pub length: u64,
    /// Bytes that will still be here after a crash.
    pub durable: u64,
    /// BLAKE3 (hex) when it is whole and waits for `confirm`.
    pub digest: Option<String>,
    /// When it is given up unless it moves.
    pub expires_at: Millis,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits for a worker.
    Queued,
    /// A worker holds its lease.
    Processing,
    /// The result can be fetched.
    Completed,
    /// Ended without a result; the problem says why.
    Failed,
    /// Ended because its client asked for it.
    Cancelled,
    /// It was finished, and what it left has been deleted.
    Expired,
}

impl State {
    /// The word on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Nothing will change any more, except that it expires.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Processing)
    }
}

/// What is kept of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its name.
    pub id: TaskId,
    /// What counts as one client.
    pub client: String,
    /// See [`NewUpload::owner`].
    pub owner: Option<String>,
    /// Where it stands.
    pub state: State,
    /// The order as JSON.
    pub order: String,
    /// Size of the input in bytes.
    pub input_size: u64,
    /// BLAKE3 of the input, hex.
    pub input_digest: String,
    /// How many times a worker has taken it.
    pub attempt: u32,
    /// Its client wants it to stop.
    pub cancel_requested: bool,
    /// How far it is.
    pub progress: Progress,
    /// What came out, when completed.
    pub outcome: Option<Outcome>,
    /// Why it failed, was cancelled, or has to be tried again.
    pub problem: Option<Problem>,
    /// When it was queued.
    pub created_at: Millis,
    /// When a worker took it last.
    pub started_at: Option<Millis>,
    /// When it ended.
    pub finished_at: Option<Millis>,
    /// When what it left is deleted.
    pub expires_at: Option<Millis>,
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// 0 to 1.
    pub fraction: f64,
    /// `waiting`, `probing`, `encoding`, `verifying`, `done`.
    pub stage: String,
    /// Times real time, when known.
    pub speed: Option<f64>,
    /// Seconds until it is done, when known.
    pub remaining_s: Option<f64>,
}

/// What came out of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Bytes.
    pub size: u64,
    /// BLAKE3, hex.
    pub digest: String,
    /// File ending without a dot: `mp4`, `mp3`; also the wire's media type.
    pub extension: String,
    /// The original came back because nothing smaller could be made.
    pub kept_original: bool,
    /// Sentences for the user.
    pub notes: Vec<String>,
    /// How it was made and what it measures (JSON); the store never looks inside, its caller bounds it. Forgotten when
    /// the job expires, for a tombstone is small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
}

/// Why something failed, in the words that every door uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable, `snake_case`.
    pub code: String,
    /// What failed, and where.
    pub description: String,
    /// What to do.
    pub solution: String,
}

/// The right to work on one job, until its time is over.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The job as it was claimed.
    pub job: Job,
    /// Guards every later write.
    pub token: Secret,
}

/// Answer to a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Continue,
    /// The client asked to stop: end it and report `cancelled`.
    Cancel,
    /// The lease is somebody else's: stop and write nothing.
    Lost,
}

/// Something whose time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// An upload that has not moved: `give_up`, then delete its file. In this order, because it may be going on by now.
    Upload(TaskId),
    /// A finished job: delete its files, then `expire`.
    Finished(TaskId),
    /// A tombstone: `forget`.
    Tombstone(TaskId),
}

/// Whose files have to stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// Open uploads, queued and running jobs: everything of theirs.
    pub working: Vec<TaskId>,
    /// Completed jobs: their results.
    pub finished: Vec<TaskId>,
}

/// Sums over the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Bytes reserved by uploads, jobs and results.
    pub reserved: u64,
    /// Uploads that are not jobs yet.
    pub uploads: u64,
    /// Jobs by state.
    pub queued: u64,
    /// See [`State::Processing`].
    pub processing: u64,
    /// See [`State::Completed`].
    pub completed: u64,
}

/// The files of tasks. A task owns at most one input and one result; both appear whole, by rename.
pub trait Blobs: Send + Sync {
    /// Bytes that may still be written on this disk while `margin` bytes stay free.
    fn room(&self, margin: u64) -> Result<u64, Fault>;
    /// A new file for an upload of `length` bytes, its space reserved on disk (`fallocate`) and its name durable. It
    /// is as long as the upload from the start and reads as zeros. [`Fault::Full`] when the disk does not give it,
    /// [`Fault::Conflict`] when there is one; neither leaves anything behind.
    fn create_incoming(&self, id: &TaskId, length: u64) -> Result<File, Fault>;
    /// An interrupted upload, to go on with. The caller writes with offsets. [`Fault::Missing`] when there is none.
    fn open_incoming(&self, id: &TaskId) -> Result<File, Fault>;
    /// The upload is whole: sync it, rename it to the task's input, sync the directory. Any error of a sync is final
    /// for this file. No error when it has been done before.
    fn commit_incoming(&self, id: &TaskId) -> Result<(), Fault>;
    /// The input's path, for FFmpeg.
    fn input_path(&self, id: &TaskId) -> PathBuf;
    /// A new empty directory for one attempt (old ones of this task are removed; what it keeps stays).
    fn create_work(&self, id: &TaskId, attempt: u32) -> Result<PathBuf, Fault>;
    /// The directory, one for each task, for what a later attempt can go on from: made empty when it is missing, as it
    /// was left otherwise. It outlives attempts, lost leases and the server, and goes with the input or with
    /// [`Self::remove`]. What is durable in it is its writers' business, and so is that there is one at a time.
    /// [`Fault::Conflict`] when something else stands in its place.
    fn keep(&self, id: &TaskId) -> Result<PathBuf, Fault>;
    /// A finished file in the work directory becomes the task's result: sync, rename, sync the directory. It must be a
    /// regular file in a work directory of this very task, reached without a link, and none of what it keeps;
    /// [`Fault::Conflict`] otherwise, and [`Fault::Missing`] when it is gone, as after a newer attempt's `create_work`.
    fn commit_result(&self, id: &TaskId, made: &std::path::Path) -> Result<(), Fault>;
    /// The input becomes the result as it is (`kept_original`), durable. It stays the input too, because the job may
    /// have to be done again: a hard link, or a copy where there are none.
    fn keep_input_as_result(&self, id: &TaskId) -> Result<(), Fault>;
    /// The result, to be sent.
    fn open_result(&self, id: &TaskId) -> Result<File, Fault>;
    /// Removes the input, the work directories and what was kept; the result stays.
    fn remove_input(&self, id: &TaskId) -> Result<(), Fault>;
    /// Removes the work directories only; what is kept stays.
    fn remove_work(&self, id: &TaskId) -> Result<(), Fault>;
    /// Removes everything of the task. No error when there is nothing.
    fn remove(&self, id: &TaskId) -> Result<(), Fault>;
    /// Removes everything that belongs to none of `owners`; returns how many files and directories that were. Who has
    /// finished owns its result and nothing else: a crash may have come between the two.
    fn sweep(&self, owners: &Owners) -> Result<u64, Fault>;
}
