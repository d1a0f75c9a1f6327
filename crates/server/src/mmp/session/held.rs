//! Connections that wait for a job: a result on the same connection, a state at each change; and downloads.

use super::{Next, Session, mirror_for, task_id};
use crate::asker::Asker;
use crate::fault::Fault;
use crate::listen::stopped;
use crate::mmp::answer;
use crate::mmp::link::Gone;
use crate::results::Ready;
use crate::services::{Services, blocking};
use kinora_jobs::engine::View;
use kinora_mmp::Mirror;
use kinora_mmp::frame::Head;
use kinora_mmp::request::Submit;
use kinora_store::TaskId;
use kinora_store::contract::State;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two states that a watching client is sent (docs/protocol.md: at most four a second).
const WATCH_PACE: Duration = Duration::from_millis(250);
/// How long a client that has been sent a whole result may take to read it.
const TAKE_TIME: Duration = Duration::from_secs(300);

impl Session {
    /// Holds the connection until the job has ended, then sends its result. Whoever asked this way cannot ask again
    /// without its task id: when the connection dies, or the result is out, nothing of the job is kept.
    pub(super) async fn hold(&mut self, submit: &Submit, id: &TaskId) -> Result<Next, Gone> {
        let mut stopping = self.stopping.clone();
        let ended = tokio::select! {
            ended = until_ended(&self.services, &self.asker, id) => ended,
            () = self.link.dies() => {
                self.drop_job(id).await;
                return Err(Gone::Closed { midway: true });
            }
            () = stopped(&mut stopping) => return Ok(Next::Close),
        };
        let mirror = &submit.mirror;
        let ready = match ended {
            Ok(_) => self.open(id).await,
            Err(fault) => Err(fault),
        };
        let sent = match ready {
            Ok(ready) => {
                let head = answer::result(mirror, &ready, 0, submit.file_name.as_deref());
                match mirror.ext {
                    true => self.send(&ready, 0, &head).await,
                    false => self.send_in_records(&ready, &head).await,
                }
            }
            Err(fault) => self.say(&answer::fault(Some(mirror), &fault)).await,
        };
        if !mirror.ext {
            let (asker, id) = (self.asker.clone(), id.clone());
            let _ = blocking(&self.services, move |s| s.results.confirm(&asker, &id)).await;
        }
        sent
    }

    /// The state of a job, once or at each change until it has ended.
    pub(super) async fn status(
        &mut self,
        task: &str,
        watch: bool,
        asking: &Mirror,
    ) -> Result<Next, Gone> {
        let id = match task_id(task) {
            Ok(id) => id,
            Err(fault) => return self.say(&answer::fault(Some(asking), &fault)).await,
        };
        let mut changes = None;
        loop {
            let view = match self.view(&id).await {
                Ok(view) => view,
                Err(fault) => return self.say(&answer::fault(Some(asking), &fault)).await,
            };
            // Only what exists is watched; what happened between the look and the watch is looked at again.
            if watch && changes.is_none() {
                changes = Some(self.services.engine.watch(&id));
                continue;
            }
            let (mirror, _) = mirror_for(&view.job, asking);
            self.say(&answer::state(&mirror, &view)).await?;
            let Some(changes) = changes.as_mut().filter(|_| !view.job.state.is_final()) else {
                return Ok(Next::Request);
            };
            let paced = async {
                tokio::time::sleep(WATCH_PACE).await;
                changes.changed().await
            };
            tokio::select! {
                _ = paced => {}
                // Another request ends the watch; so does the end of the connection.
                _ = self.link.speaks() => return Ok(Next::Request),
                () = stopped(&mut self.stopping) => return Ok(Next::Close),
            }
        }
    }

    /// Sends a result, or the rest of it.
    pub(super) async fn download(
        &mut self,
        task: &str,
        offset: u64,
        asking: &Mirror,
    ) -> Result<Next, Gone> {
        let opened = match task_id(task) {
            Ok(id) => self.open(&id).await,
            Err(fault) => Err(fault),
        };
        let ready = match opened.and_then(|ready| check_offset(ready, offset)) {
            Ok(ready) => ready,
            Err(fault) => return self.say(&answer::fault(Some(asking), &fault)).await,
        };
        let (mirror, file_name) = mirror_for(&ready.job, asking);
        let head = answer::result(&mirror, &ready, offset, file_name.as_deref());
        self.send(&ready, offset, &head).await?;
        if !asking.ext {
            self.wait_taken(&ready.job.id).await;
        }
        Ok(Next::Request)
    }

    async fn send(&mut self, ready: &Ready, offset: u64, head: &Head) -> Result<Next, Gone> {
        let began = Instant::now();
        self.link.write(head).await?;
        self.link
            .send_file(&ready.file, offset, ready.outcome.size)
            .await?;
        self.services.counters.sent.add(ready.outcome.size - offset);
        sent(ready, offset, began);
        Ok(Next::Request)
    }

    /// For clients that are held and know nothing of `ext`: among them are some that take each read for full.
    async fn send_in_records(&mut self, ready: &Ready, head: &Head) -> Result<Next, Gone> {
        let began = Instant::now();
        self.link.write(head).await?;
        self.link
            .send_file_in_records(&ready.file, ready.outcome.size)
            .await?;
        self.services.counters.sent.add(ready.outcome.size);
        sent(ready, 0, began);
        Ok(Next::Request)
    }

    /// A client that cannot confirm has taken everything when it speaks again or ends the connection in order.
    async fn wait_taken(&mut self, id: &TaskId) {
        let _ = tokio::time::timeout(TAKE_TIME, self.link.speaks()).await;
        if self.link.is_sound() {
            let id = id.clone();
            let _ = blocking(&self.services, move |s| s.results.taken(&id)).await;
        }
    }

    /// Nobody is left who could ask for this job.
    async fn drop_job(&self, id: &TaskId) {
        tracing::info!(target: "client", task = ?id, "its client is gone: cancelled");
        let (asker, id) = (self.asker.clone(), id.clone());
        let dropped = blocking(&self.services, move |s| {
            let job = s.tasks.cancel(&asker, &id)?;
            if job.state == State::Completed {
                s.results.discard(&id)?;
            }
            Ok(())
        });
        if let Err(fault) = dropped.await {
            tracing::warn!(code = fault.problem.code, "it could not be cancelled");
        }
    }

    async fn view(&self, id: &TaskId) -> Result<View, Fault> {
        view(&self.services, &self.asker, id).await
    }

    async fn open(&self, id: &TaskId) -> Result<Ready, Fault> {
        let (asker, id) = (self.asker.clone(), id.clone());
        blocking(&self.services, move |s| s.results.open(&asker, &id)).await
    }
}

/// Waits without asking the store for more than the end.
async fn until_ended(services: &Arc<Services>, asker: &Asker, id: &TaskId) -> Result<View, Fault> {
    let mut changes = services.engine.watch(id);
    loop {
        let view = view(services, asker, id).await?;
        if view.job.state.is_final() {
            return Ok(view);
        }
        loop {
            if changes.changed().await.is_err() {
                return Err(Fault::unknown_task());
            }
            if !services.engine.is_running(id) {
                break;
            }
        }
    }
}

async fn view(services: &Arc<Services>, asker: &Asker, id: &TaskId) -> Result<View, Fault> {
    let (asker, id) = (asker.clone(), id.clone());
    blocking(services, move |s| s.tasks.view(&asker, &id)).await
}

fn sent(ready: &Ready, offset: u64, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    let bytes = ready.outcome.size - offset;
    tracing::info!(target: "performance", task = ?ready.job.id, bytes, seconds, "download");
}

fn check_offset(ready: Ready, offset: u64) -> Result<Ready, Fault> {
    if offset <= ready.outcome.size {
        return Ok(ready);
    }
    Err(kinora_store::Fault::Offset {
        have: ready.outcome.size,
        wanted: offset,
    }
    .into())
}
