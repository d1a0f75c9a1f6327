//! Uploads by their id, for doors whose clients name them so: found, taken up, made a job of, ended.

use super::receiving::Receiving;
use super::{Finished, Uploads, empty_file, incomplete};
use crate::asker::Asker;
use crate::fault::Fault;
use kinora_jobs::Order;
use kinora_store::TaskId;
use kinora_store::contract::{Begun, Job, Millis, Upload};
use std::sync::Arc;

/// Where an upload stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Bytes that will still be here after a crash.
    pub(crate) offset: u64,
    /// Whole size in bytes.
    pub(crate) length: u64,
    /// What its door wrote down with it.
    pub(crate) order: String,
    /// When it is given up unless it moves; none once it is a job.
    pub(crate) expires_at: Option<Millis>,
}

impl Uploads {
    /// Where an upload stands; a connection that still sends it is ended first, so that this stays true.
    ///
    /// # Errors
    /// `unknown_upload`, also when it is somebody else's.
    pub(crate) fn standing(&self, asker: &Asker, id: &TaskId) -> Result<Standing, Fault> {
        self.owned(asker, id)?;
        let _seat = self.active.take(id)?;
        self.look(asker, id)
    }

    /// Where an upload stands, while it may be moving.
    ///
    /// # Errors
    /// `unknown_upload`, also when it is somebody else's.
    pub(crate) fn look(&self, asker: &Asker, id: &TaskId) -> Result<Standing, Fault> {
        Ok(match self.owned(asker, id)? {
            Begun::Job(job) => Standing {
                offset: job.input_size,
                length: job.input_size,
                order: job.order,
                expires_at: None,
            },
            Begun::Known(upload) => Standing {
                offset: upload.durable,
                length: upload.length,
                order: upload.order,
                expires_at: Some(upload.expires_at),
            },
            Begun::New => return Err(Fault::unknown_upload()),
        })
    }

    /// Goes on at `offset` with an upload that is not whole yet. The newer connection wins.
    ///
    /// # Errors
    /// `offset_mismatch` with what is there; `unknown_upload`; `upload_in_use`.
    pub(crate) fn take_up(
        &self,
        asker: &Asker,
        id: &TaskId,
        offset: u64,
    ) -> Result<Box<Receiving>, Fault> {
        self.owned(asker, id)?;
        let seat = self.active.take(id)?;
        let upload = match self.owned(asker, id)? {
            Begun::Known(upload) => upload,
            Begun::Job(job) => return Err(elsewhere(job.input_size, offset)),
            Begun::New => return Err(Fault::unknown_upload()),
        };
        if offset != upload.durable || upload.digest.is_some() {
            return Err(elsewhere(upload.durable, offset));
        }
        let file = self.open_again(&upload)?;
        let known = self.parked.take(id, upload.durable);
        let mut receiving =
            Receiving::go_on(&upload, file, seat, known, Arc::clone(&self.counters));
        receiving.read_again()?;
        Ok(Box::new(receiving))
    }

    /// The payload ended before its bound: what is here is the whole, and this is what to do with it.
    ///
    /// # Errors
    /// `empty_file`, and what the disk says: nothing is kept.
    pub(crate) fn end_here(&self, mut receiving: Receiving, order: &Order) -> Result<Job, Fault> {
        let (id, size) = (receiving.id.clone(), receiving.at());
        let amended = match size {
            0 => Err(empty_file()),
            _ => receiving
                .end_here()
                .and_then(|()| Ok(self.records.amend(&id, &order.to_json(), size)?)),
        };
        if let Err(fault) = amended {
            drop(receiving);
            self.abandon(&id)?;
            return Err(fault);
        }
        match self.finish(receiving, false)? {
            Finished::Job(job) => Ok(*job),
            Finished::Received(_) => Err(Fault::unknown_upload()),
        }
    }

    /// A whole upload becomes a job. Asked twice for the same, the same job.
    ///
    /// # Errors
    /// `upload_incomplete`; `conflict` when it is a job of another kind already; `client_busy`: the upload waits on.
    pub(crate) fn make(&self, asker: &Asker, id: &TaskId, order: &Order) -> Result<Job, Fault> {
        match self.owned(asker, id)? {
            Begun::Job(job) => same(job, order),
            Begun::Known(upload) => self.make_of(&upload, order),
            Begun::New => Err(Fault::unknown_upload()),
        }
    }

    fn make_of(&self, upload: &Upload, order: &Order) -> Result<Job, Fault> {
        let Some(digest) = &upload.digest else {
            return Err(incomplete(upload));
        };
        let id = &upload.id;
        match self.records.amend(id, &order.to_json(), upload.length) {
            // Another request was first.
            Err(kinora_store::Fault::Conflict { .. }) => {}
            amended => amended?,
        }
        self.blobs.commit_incoming(id)?;
        let job = self.engine.submit(id, digest)?;
        self.accepted(&job);
        same(job, order)
    }

    /// Ends an upload that is not a job yet; its bytes go.
    ///
    /// # Errors
    /// `unknown_upload`; `conflict` when it is a job.
    pub(crate) fn terminate(&self, asker: &Asker, id: &TaskId) -> Result<(), Fault> {
        self.owned(asker, id)?;
        let _seat = self.active.take(id)?;
        if let Begun::Job(job) = self.owned(asker, id)? {
            return Err(kinora_store::Fault::Conflict {
                what: "upload",
                state: job.state.as_str().to_owned(),
            }
            .into());
        }
        self.abandon(id)
    }

    fn owned(&self, asker: &Asker, id: &TaskId) -> Result<Begun, Fault> {
        let task = self.records.find(id)?;
        task.filter(|task| asker.may_see(task))
            .ok_or_else(Fault::unknown_upload)
    }
}

/// The job, if it does what is asked for.
fn same(job: Job, order: &Order) -> Result<Job, Fault> {
    let made = Order::from_json(&job.order)?;
    if made.operation == order.operation {
        return Ok(job);
    }
    Err(Fault::new(
        "conflict",
        format!("this upload is a job already: {}", made.operation.name()),
        "upload the file again for another job",
    ))
}

fn elsewhere(have: u64, wanted: u64) -> Fault {
    kinora_store::Fault::Offset { have, wanted }.into()
}
