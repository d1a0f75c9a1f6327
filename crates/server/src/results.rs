//! Results: opened for sending, deleted as soon as their client has them.

use crate::asker::Asker;
use crate::config::StorageConfig;
use crate::fault::Fault;
use kinora_jobs::clock;
use kinora_store::TaskId;
use kinora_store::contract::{Blobs, Job, Outcome, Problem, Records, State};
use std::fs::File;
use std::sync::Arc;

/// The service.
pub(crate) struct Results {
    records: Arc<dyn Records>,
    blobs: Arc<dyn Blobs>,
    storage: StorageConfig,
}

/// A result that can be sent. The open file outlives its deletion.
#[derive(Debug)]
pub(crate) struct Ready {
    /// The job it belongs to.
    pub(crate) job: Job,
    /// What came out.
    pub(crate) outcome: Outcome,
    /// Its bytes.
    pub(crate) file: File,
}

impl Results {
    /// The service on this store.
    pub(crate) fn new(
        records: Arc<dyn Records>,
        blobs: Arc<dyn Blobs>,
        storage: StorageConfig,
    ) -> Self {
        Self {
            records,
            blobs,
            storage,
        }
    }

    /// Opens a completed job's result.
    ///
    /// # Errors
    /// `unknown_task`, `not_ready`, `result_expired`, or the job's own problem when it failed.
    pub(crate) fn open(&self, asker: &Asker, id: &TaskId) -> Result<Ready, Fault> {
        let job = self.job(asker, id)?;
        match (job.state, job.outcome.clone()) {
            (State::Completed, Some(outcome)) => {
                let file = self.blobs.open_result(id)?;
                Ok(Ready { job, outcome, file })
            }
            (State::Failed | State::Cancelled, _) => Err(problem_of(&job).into()),
            (State::Expired, _) => Err(expired()),
            (state, _) => Err(Fault::new(
                "not_ready",
                format!("the job is {}", state.as_str()),
                "ask for its status until it is completed",
            )),
        }
    }

    /// The client has it, whole: it is deleted.
    ///
    /// # Errors
    /// `unknown_task`, or what the disk says. Confirming twice is no error.
    pub(crate) fn confirm(&self, asker: &Asker, id: &TaskId) -> Result<(), Fault> {
        let job = self.job(asker, id)?;
        if job.state != State::Completed {
            return Ok(());
        }
        self.discard(id)
    }

    /// Deletes what an ended job has left, whatever it was.
    ///
    /// # Errors
    /// `unknown_task`. Deleting twice is no error, and a job that has not ended is left alone.
    pub(crate) fn delete(&self, asker: &Asker, id: &TaskId) -> Result<(), Fault> {
        match self.job(asker, id)?.state {
            State::Queued | State::Processing | State::Expired => Ok(()),
            State::Completed | State::Failed | State::Cancelled => self.discard(id),
        }
    }

    /// All bytes have been taken by a client that cannot confirm: it is given a moment to ask again.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) fn taken(&self, id: &TaskId) -> Result<(), Fault> {
        let keep = i64::try_from(self.storage.delivered_keep).unwrap_or(i64::MAX / 2000) * 1000;
        Ok(self.records.shorten(id, clock::now() + keep)?)
    }

    /// Deletes what a finished job left, now. The record first: a file that is nobody's is swept away at the next
    /// start, while a job that says `completed` and has no file is a broken promise.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) fn discard(&self, id: &TaskId) -> Result<(), Fault> {
        let keep = i64::try_from(self.storage.tombstone_keep).unwrap_or(i64::MAX / 2000) * 1000;
        self.records.expire(id, clock::now() + keep)?;
        Ok(self.blobs.remove(id)?)
    }

    fn job(&self, asker: &Asker, id: &TaskId) -> Result<Job, Fault> {
        let job = self.records.job(id)?.ok_or_else(Fault::unknown_task)?;
        if !asker.may(job.owner.as_deref()) {
            return Err(Fault::unknown_task());
        }
        Ok(job)
    }
}

/// Why a job has no result.
pub(crate) fn problem_of(job: &Job) -> Problem {
    job.problem.clone().unwrap_or_else(|| Problem {
        code: job.state.as_str().into(),
        description: format!("the job is {}", job.state.as_str()),
        solution: "send it again".into(),
    })
}

fn expired() -> Fault {
    Fault::new(
        "result_expired",
        "the result has been fetched, or its time is over; it has been deleted",
        "send the job again",
    )
}
