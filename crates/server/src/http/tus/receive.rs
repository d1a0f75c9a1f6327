//! The body of one request into its upload: all of it that arrives counts, or with a checksum all or nothing.

use super::Checksum;
use crate::asker::Asker;
use crate::fault::Fault;
use crate::http::door::Shared;
use crate::http::payload::{Broken, Intake, Payload};
use crate::http::problem::Refusal;
use crate::services::{Services, blocking};
use crate::uploads::Receiving;
use hyper::StatusCode;
use kinora_jobs::Order;
use kinora_store::TaskId;
use kinora_store::contract::Millis;
use std::sync::Arc;

/// Nothing of the body counts, for its checksum is another one (tus, checksum).
const CHECKSUM_MISMATCH: u16 = 460;

/// What a request was about when its body is through.
#[derive(Clone, Debug)]
pub(super) struct Stand {
    /// Bytes that are here for good.
    pub(super) offset: u64,
    /// When they go unless more come.
    pub(super) expires_at: Option<Millis>,
    /// The job that has become of it.
    pub(super) job: Option<TaskId>,
}

/// What receiving needs.
pub(super) struct Reception {
    pub(super) shared: Arc<Shared>,
    pub(super) asker: Asker,
    pub(super) checksum: Option<Checksum>,
    /// Bytes of the body, if they were said.
    pub(super) announced: Option<u64>,
}

impl Reception {
    /// Receives, in a task of its own, which outlives the connection: what has arrived is written down whatever happens.
    pub(super) async fn run(
        self,
        receiving: Box<Receiving>,
        payload: Payload,
    ) -> Result<Stand, Refusal> {
        let done = tokio::spawn(self.receive(receiving, payload)).await;
        done.map_err(|_| {
            Refusal::new(
                "internal",
                "the server failed",
                "ask where the upload stands, and go on; the operator finds more in the log",
            )
        })?
    }

    /// Without a body: where it stands becomes durable.
    pub(super) async fn pause(self, receiving: Box<Receiving>) -> Result<Stand, Refusal> {
        let id = receiving.id().clone();
        blocking(self.services(), move |s| s.uploads.break_off(*receiving)).await?;
        self.stand(&id).await
    }

    /// Nothing is missing: it is a job, or becomes one now if its order came with it.
    pub(super) async fn whole(self, id: &TaskId) -> Result<Stand, Refusal> {
        let mut stand = self.stand(id).await?;
        let (asker, task) = (self.asker.clone(), id.clone());
        let made = blocking(self.services(), move |s| {
            let kept = s.uploads.look(&asker, &task)?;
            // What is no order yet waits for one.
            let order = Order::from_json(&kept.order).ok();
            order
                .map(|order| s.uploads.make(&asker, &task, &order))
                .transpose()
        });
        if let Some(job) = made.await? {
            stand.job = Some(job.id);
            stand.expires_at = None;
        }
        Ok(stand)
    }

    async fn receive(
        mut self,
        receiving: Box<Receiving>,
        mut payload: Payload,
    ) -> Result<Stand, Refusal> {
        let id = receiving.id().clone();
        let (receiving, read) = self.read(receiving, &mut payload).await;
        let fits = self.checksum.take().map(Checksum::fits);
        match (read, fits) {
            // Nothing of it has been written down, so the upload is what it was before.
            (Ok(()), Some(false)) => {
                drop(receiving);
                let status = StatusCode::from_u16(CHECKSUM_MISMATCH);
                Err(mismatch().with_status(status.expect("a status has three digits")))
            }
            (Ok(()), _) if receiving.missing() == 0 => {
                let finish = move |s: &Services| s.uploads.finish(*receiving, true);
                blocking(self.services(), finish).await?;
                self.whole(&id).await
            }
            (Ok(()), _) => self.pause(receiving).await,
            // Pieces that nobody has checked do not count.
            (Err(broken), Some(_)) => {
                drop(receiving);
                Err(refused(broken, payload))
            }
            (Err(broken), None) => {
                blocking(self.services(), move |s| s.uploads.break_off(*receiving)).await?;
                Err(refused(broken, payload))
            }
        }
    }

    async fn read(
        &mut self,
        mut receiving: Box<Receiving>,
        payload: &mut Payload,
    ) -> (Box<Receiving>, Result<(), Broken>) {
        if self
            .announced
            .is_some_and(|length| length > receiving.missing())
        {
            return (receiving, Err(too_long().into()));
        }
        let keeps = self.checksum.is_none();
        let mut intake = Intake::new(self.services(), &self.shared.stopping, keeps);
        loop {
            let bytes = match intake.next(payload, &receiving).await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => return (receiving, Ok(())),
                Err(broken) => return (receiving, Err(broken)),
            };
            if let Some(checksum) = &mut self.checksum {
                checksum.update(&bytes);
            }
            let (back, written) = intake.write(payload, receiving, &bytes).await;
            receiving = back;
            if let Err(fault) = written {
                return (receiving, Err(fault.into()));
            }
        }
    }

    async fn stand(&self, id: &TaskId) -> Result<Stand, Refusal> {
        let (asker, id) = (self.asker.clone(), id.clone());
        let found = blocking(self.services(), move |s| s.uploads.look(&asker, &id)).await?;
        Ok(Stand {
            offset: found.offset,
            expires_at: found.expires_at,
            job: None,
        })
    }

    fn services(&self) -> &Arc<Services> {
        &self.shared.services
    }
}

fn refused(broken: Broken, payload: Payload) -> Refusal {
    if matches!(broken, Broken::Refused(_)) {
        payload.pass_over();
    }
    broken.into()
}

fn mismatch() -> Refusal {
    Refusal::new(
        "digest_mismatch",
        "the body does not hash to what Upload-Checksum says; nothing of it is kept",
        "send it again from the same offset",
    )
}

fn too_long() -> Fault {
    Fault::new(
        "file_too_large",
        "the body is longer than what the upload lacks",
        "send what is missing, and no more",
    )
}
