//! The face of this room: submit, cancel, watch, list; start and drain.

use crate::shared::Shared;
pub use crate::shared::{Aside, Keep, Parts};
use crate::tally::Counts;
use crate::{clock, janitor, policy, worker};
use kinora_store::contract::{Job, State};
use kinora_store::{Fault, TaskId};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::watch;

/// Runs jobs until it is stopped.
pub struct Engine {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// A job with what is known of it beyond the store.
#[derive(Clone, Debug)]
pub struct View {
    /// The job, its progress as fresh as possible.
    pub job: Job,
    /// Its place in the queue, 1 being next; `None` unless it waits.
    pub place: Option<u64>,
}

impl Engine {
    /// Takes up the store as the only server on it (jobs that were running go back into the queue, files without an
    /// owner are removed) and starts the workers.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn start(parts: Parts) -> Result<Self, Fault> {
        let back = parts.records.reclaim_all(clock::now())?;
        let swept = parts.blobs.sweep(&parts.records.owners()?)?;
        tracing::info!(back, swept, "the store is taken up");
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = policy::workers(parts.config.workers, cores, policy::memory_bytes());
        let shared = Arc::new(Shared::new(parts, cores, workers));
        let mut threads = Vec::new();
        for n in 0..workers {
            threads.push(spawn(&shared, format!("worker-{n}"), worker::work));
        }
        let clean = |shared: &Shared, _: &str| janitor::clean(shared);
        threads.push(spawn(&shared, "janitor".to_owned(), clean));
        tracing::info!(workers, cores, "workers started");
        Ok(Self {
            shared,
            threads: Mutex::new(threads),
        })
    }

    /// A whole upload becomes a queued job. Durable when it returns.
    ///
    /// # Errors
    /// [`Fault::Busy`] by the client's limit; [`Fault::Missing`] when the upload is gone.
    pub fn submit(&self, id: &TaskId, digest: &str) -> Result<Job, Fault> {
        let limit = self.shared.parts.config.limit();
        let records = &self.shared.parts.records;
        let job = records.enqueue(id, digest, Some(limit), clock::now())?;
        self.shared.ring();
        self.shared.live.notify_waiting();
        Ok(job)
    }

    /// Jobs of this client that are queued or running, against its limit.
    ///
    /// # Errors
    /// [`Fault::Busy`] when no further one would be taken.
    pub fn check_limit(&self, client: &str) -> Result<(), Fault> {
        let limit = self.shared.parts.config.limit();
        let waiting = self.shared.parts.records.unfinished(client)?;
        if waiting >= limit {
            return Err(Fault::Busy { waiting });
        }
        Ok(())
    }

    /// One job as it stands.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn view(&self, id: &TaskId) -> Result<Option<View>, Fault> {
        let Some(mut job) = self.shared.parts.records.job(id)? else {
            return Ok(None);
        };
        let mut place = None;
        match job.state {
            State::Queued => place = self.shared.parts.records.place(id)?,
            State::Processing => {
                if let Some(fresh) = self.shared.live.progress(id) {
                    job.progress = fresh;
                }
            }
            _ => {}
        }
        Ok(Some(View { job, place }))
    }

    /// Told whenever the task may have changed; ask [`Self::view`] then.
    pub fn watch(&self, id: &TaskId) -> watch::Receiver<u64> {
        self.shared.live.watch(id)
    }

    /// Told whenever any task may have changed.
    pub fn watch_all(&self) -> watch::Receiver<u64> {
        self.shared.live.watch_all()
    }

    /// Whether a worker here is at it right now. Asks nothing of the store.
    #[must_use]
    pub fn is_running(&self, id: &TaskId) -> bool {
        self.shared.live.progress(id).is_some()
    }

    /// Asks a job to stop. A running one ends within a second; its state tells when it has.
    ///
    /// # Errors
    /// [`Fault::Missing`] when there is no such job.
    pub fn cancel(&self, id: &TaskId) -> Result<Job, Fault> {
        let now = clock::now();
        let parts = &self.shared.parts;
        let job = parts.records.cancel(id, now, now + parts.keep.result)?;
        if job.state == State::Cancelled {
            parts.blobs.remove(id)?;
        }
        self.shared.live.cancel(id);
        self.shared.live.notify(id);
        self.shared.live.notify_waiting();
        Ok(job)
    }

    /// Something about this task was changed elsewhere: whoever watches it is told.
    pub fn changed(&self, id: &TaskId) {
        self.shared.live.notify(id);
    }

    /// Attempts that have ended since the start.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.tally.counts()
    }

    /// Jobs that run now.
    #[must_use]
    pub fn running(&self) -> usize {
        self.shared.running()
    }

    /// The place for what nobody waits for.
    #[must_use]
    pub fn aside(&self) -> Aside {
        self.shared.aside()
    }

    /// Ends the workers. Running jobs go back into the queue; nothing that was acknowledged is lost.
    pub fn stop(&self) {
        self.shared.drain();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a worker had panicked");
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("running", &self.running())
            .finish_non_exhaustive()
    }
}

fn spawn(
    shared: &Arc<Shared>,
    name: String,
    body: impl FnOnce(&Shared, &str) + Send + 'static,
) -> JoinHandle<()> {
    let shared = Arc::clone(shared);
    std::thread::Builder::new()
        .name(name.clone())
        .spawn(move || body(&shared, &name))
        .expect("a thread can be started while the server starts")
}
