//! Jobs, for whoever may ask for them.

use crate::asker::Asker;
use crate::fault::Fault;
use kinora_jobs::Engine;
use kinora_jobs::engine::View;
use kinora_store::TaskId;
use kinora_store::contract::{Job, Records, Totals};
use std::sync::Arc;
use std::time::Duration;

/// How long a cancellation is waited for: a running job ends within a second.
const CANCEL_TIME: Duration = Duration::from_secs(10);

/// The service.
pub(crate) struct Tasks {
    records: Arc<dyn Records>,
    engine: Arc<Engine>,
}

impl Tasks {
    /// The service on this store.
    pub(crate) fn new(records: Arc<dyn Records>, engine: Arc<Engine>) -> Self {
        Self { records, engine }
    }

    /// One job as it stands.
    ///
    /// # Errors
    /// `unknown_task`, also when it is somebody else's.
    pub(crate) fn view(&self, asker: &Asker, id: &TaskId) -> Result<View, Fault> {
        let view = self.engine.view(id)?.ok_or_else(Fault::unknown_task)?;
        if !asker.may(view.job.owner.as_deref()) {
            return Err(Fault::unknown_task());
        }
        Ok(view)
    }

    /// The asker's jobs, newest first; none for who owns nothing.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) fn list(&self, asker: &Asker, limit: u32) -> Result<Vec<View>, Fault> {
        let Asker::Owner(owner) = asker else {
            return Ok(Vec::new());
        };
        let jobs = self.records.owned(owner, limit)?;
        // What has ended does not move any more; the others are looked at again for what is fresh of them.
        let views = jobs.into_iter().map(|job| match job.state.is_final() {
            true => Ok(Some(View { job, place: None })),
            false => self.engine.view(&job.id),
        });
        // What was forgotten between the two looks is left out.
        let views: Result<Vec<Option<View>>, _> = views.collect();
        Ok(views?.into_iter().flatten().collect())
    }

    /// Sums over all tasks, whoever they belong to.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) fn totals(&self) -> Result<Totals, Fault> {
        Ok(self.records.totals()?)
    }

    /// Asks a job to stop; see [`Self::ended`].
    ///
    /// # Errors
    /// `unknown_task`.
    pub(crate) fn cancel(&self, asker: &Asker, id: &TaskId) -> Result<Job, Fault> {
        self.view(asker, id)?;
        Ok(self.engine.cancel(id)?)
    }

    /// Waits until a job that has been cancelled has ended, or could have.
    pub(crate) async fn ended(&self, id: &TaskId) {
        let mut changes = self.engine.watch(id);
        let ended =
            async { while self.engine.is_running(id) && changes.changed().await.is_ok() {} };
        // Whether it has ended tells the look that follows.
        let _ = tokio::time::timeout(CANCEL_TIME, ended).await;
    }
}
