//! Uploads: space first, then bytes, then a file and a job, or nothing at all. One thing for all doors.
//!
//! ```text
//!   begin ──> Receiving ──write*──> finish ──┬─ auto ────> file in place ─> job
//!               │   └─ broken: keep (key) or abandon       └─ confirm ──> Received … confirm ─> job
//!               └─ a newer request for the same upload ends it
//! ```

mod parked;
mod active;
mod receiving;
mod by_id;

use crate::asker::Asker;
use crate::config::StorageConfig;
use crate::counters::Counters;
use crate::fault::Fault;
use active::Active;
use kinora_jobs::{Engine, Order, clock};
use kinora_store::TaskId;
use kinora_store::contract::{Begun, Blobs, Job, NewUpload, Records, Room, Upload};
use kinora_store::parcel::Parcels;
use parked::Parked;
use std::fs::File;
use std::sync::Arc;

pub(crate) use receiving::{Digest, Received, Receiving};

/// An upload without a key is never taken up again; its record lives while its connection does, and this long (ms)
/// at most without a sign of life.
const UNKEYED_KEEP_MS: i64 = 10 * 60 * 1000;

/// The service.
pub(crate) struct Uploads {
    records: Arc<dyn Records>,
    blobs: Arc<dyn Blobs>,
    engine: Arc<Engine>,
    counters: Arc<Counters>,
    /// Files between people, which are under the same ceiling.
    parcels: Arc<dyn Parcels>,
    storage: StorageConfig,
    most_uploads: u64,
    active: Active,
    parked: Parked,
}

/// What a client wants to send.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// What to do with it: an order in its written form, or what its door will make one of.
    pub(crate) order: String,
    /// What counts as one client.
    pub(crate) client: String,
    /// Who sends it, and alone may ask for it.
    pub(crate) asker: Asker,
    /// The client's own key.
    pub(crate) key: Option<String>,
    /// Whole size in bytes.
    pub(crate) length: u64,
    /// Where the payload begins.
    pub(crate) offset: u64,
    /// What the whole must hash to.
    pub(crate) digest: Option<Digest>,
    /// The job waits for the client's word.
    pub(crate) confirm: bool,
}

/// Where an upload stands before its bytes come.
#[derive(Debug)]
pub(crate) enum Begin {
    /// Send them.
    Receive(Box<Receiving>),
    /// All of it is here already, and waits for the client's word.
    Received(Received),
    /// It is a job already.
    Job(Box<Job>),
}

impl Uploads {
    /// The service on this store.
    pub(crate) fn new(
        records: Arc<dyn Records>,
        blobs: Arc<dyn Blobs>,
        engine: Arc<Engine>,
        counters: Arc<Counters>,
        parcels: Arc<dyn Parcels>,
        storage: StorageConfig,
        most_uploads: u64,
    ) -> Self {
        Self {
            records,
            blobs,
            engine,
            counters,
            parcels,
            storage,
            most_uploads,
            active: Active::default(),
            parked: Parked::default(),
        }
    }

    /// Reserves the space, or finds the upload that the key names. Blocks on disk and database.
    ///
    /// # Errors
    /// `storage_full`, `file_too_large`, `client_busy`, `offset_mismatch`, `empty_file`: nothing has been kept.
    pub(crate) fn begin(&self, offer: &Offer) -> Result<Begin, Fault> {
        if offer.length == 0 {
            return Err(empty_file());
        }
        let id = TaskId::random();
        let known = offer.key.as_deref().map(|key| self.records.find_key(key));
        let known = known.transpose()?.flatten();
        // A key is as good as an id; what is somebody else's stays theirs all the same.
        if known
            .as_ref()
            .is_some_and(|task| !offer.asker.may_see(task))
        {
            return Err(key_taken());
        }
        match known {
            Some(Begun::Job(job)) => Ok(Begin::Job(Box::new(job))),
            Some(Begun::Known(upload)) => self.go_on(offer, upload),
            Some(Begun::New) | None => self.begin_new(offer, id),
        }
    }

    /// Where an interrupted upload goes on.
    ///
    /// # Errors
    /// `unknown_upload`: begin anew.
    pub(crate) fn find(&self, asker: &Asker, key: &str) -> Result<Begun, Fault> {
        let found = self.records.find_key(key)?;
        found
            .filter(|task| asker.may_see(task))
            .ok_or_else(Fault::unknown_upload)
    }

    /// The client's word that its bytes have arrived: the upload becomes a job.
    ///
    /// # Errors
    /// `digest_mismatch`: nothing is kept; `unknown_upload`; `client_busy`.
    pub(crate) fn confirm(
        &self,
        asker: &Asker,
        key: &str,
        digest: Option<&Digest>,
    ) -> Result<Job, Fault> {
        let upload = match self.find(asker, key)? {
            Begun::Job(job) => return Ok(job),
            Begun::Known(upload) => upload,
            Begun::New => return Err(Fault::unknown_upload()),
        };
        let Some(have) = upload.digest else {
            return Err(incomplete(&upload));
        };
        if let Some(Digest::Blake3(wanted)) = digest
            && *wanted != have
        {
            self.abandon(&upload.id)?;
            return Err(receiving::mismatch(&have));
        }
        self.make_job(&upload.id, &have)
    }

    /// All bytes are here: checks length and digest, and makes the job unless the client wants to confirm.
    ///
    /// # Errors
    /// `digest_mismatch` and everything that the disk may refuse: nothing is kept then.
    pub(crate) fn finish(&self, receiving: Receiving, confirm: bool) -> Result<Finished, Fault> {
        let id = receiving.id.clone();
        let keep_until = clock::now() + seconds(self.storage.upload_keep);
        let made = receiving.finish().and_then(|received| {
            self.records
                .advance(&id, received.size, clock::now(), keep_until)?;
            self.records.received(&id, &received.digest, keep_until)?;
            if confirm {
                return Ok(Finished::Received(received));
            }
            let job = self.make_job(&id, &received.digest)?;
            Ok(Finished::Job(Box::new(job)))
        });
        if made.is_err() {
            self.abandon(&id)?;
        }
        made
    }

    /// The connection broke off: what has arrived is kept for a client that can name it, everything else goes. So does
    /// the space of what has not come: announcing much keeps nobody else out.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) fn break_off(&self, mut receiving: Receiving) -> Result<(), Fault> {
        let id = receiving.id.clone();
        if receiving.keyed && receiving.shrink().is_ok() {
            let keep_until = clock::now() + seconds(self.storage.upload_keep);
            self.records.park(&id, receiving.at(), keep_until)?;
            self.parked.put(&id, receiving.hashes());
            return Ok(());
        }
        self.abandon(&id)
    }

    /// What has arrived so far becomes durable; called every [`receiving::SYNC_BYTES`] and when time has passed.
    ///
    /// # Errors
    /// An error of the sync is final for this file.
    pub(crate) fn checkpoint(&self, receiving: &mut Receiving) -> Result<(), Fault> {
        receiving.sync()?;
        let keep = if receiving.keyed {
            seconds(self.storage.upload_keep)
        } else {
            UNKEYED_KEEP_MS
        };
        let now = clock::now();
        Ok(self
            .records
            .advance(&receiving.id, receiving.at(), now, now + keep)?)
    }

    fn begin_new(&self, offer: &Offer, id: TaskId) -> Result<Begin, Fault> {
        if offer.offset != 0 {
            return Err(Fault::unknown_upload());
        }
        self.check_limit(&offer.client)?;
        let room = self.bounds()?;
        let most = room.all.min(room.client);
        if offer.length > most {
            return Err(never_fits(offer.length, most));
        }
        let now = clock::now();
        let keep = match offer.key {
            Some(_) => seconds(self.storage.upload_keep),
            None => UNKEYED_KEEP_MS,
        };
        let upload = NewUpload {
            id: id.clone(),
            idempotency_key: offer.key.clone(),
            client: offer.client.clone(),
            owner: offer.asker.owner(),
            order: offer.order.clone(),
            length: offer.length,
            expires_at: now + keep,
        };
        // Before anybody else can find the upload, so that a newer connection finds this one in its seat.
        let seat = self.active.take(&id)?;
        match self.records.begin(&upload, room, now)? {
            Begun::New => {}
            // Two requests with one key at the same moment: the other one was first.
            task if !offer.asker.may_see(&task) => return Err(key_taken()),
            Begun::Known(upload) => return self.go_on(offer, upload),
            Begun::Job(job) => return Ok(Begin::Job(Box::new(job))),
        }
        let file = self.blobs.create_incoming(&id, offer.length);
        let file = file.or_else(|fault| self.abandon(&id).and(Err(fault.into())))?;
        let receiving = Receiving::new(id, file, offer, seat, Arc::clone(&self.counters));
        Ok(Begin::Receive(Box::new(receiving)))
    }

    /// Uploads set space aside before a byte has come, so a client has as many of them as jobs at the most.
    fn check_limit(&self, client: &str) -> Result<(), Fault> {
        self.engine.check_limit(client)?;
        let waiting = self.records.uploading(client)?;
        if waiting >= self.most_uploads {
            return Err(Fault::new(
                "client_busy",
                format!("{waiting} uploads of this client are open already"),
                "finish or end some of them",
            ));
        }
        Ok(())
    }

    fn go_on(&self, offer: &Offer, upload: Upload) -> Result<Begin, Fault> {
        if let Some(digest) = upload.digest {
            let received = Received {
                digest,
                size: upload.length,
            };
            if offer.confirm {
                return Ok(Begin::Received(received));
            }
            return self
                .make_job(&upload.id, &received.digest)
                .map(|job| Begin::Job(Box::new(job)));
        }
        // The newer request wins: the older one is most likely a connection that is dead and does not know it.
        let seat = self.active.take(&upload.id)?;
        let Begun::Known(upload) =
            self.find(&offer.asker, offer.key.as_deref().unwrap_or_default())?
        else {
            return Err(Fault::unknown_upload());
        };
        if offer.offset != upload.durable || offer.length != upload.length {
            return Err(kinora_store::Fault::Offset {
                have: upload.durable,
                wanted: offer.offset,
            }
            .into());
        }
        let file = self.open_again(&upload)?;
        let hashes = self.parked.take(&upload.id, upload.durable);
        let mut receiving =
            Receiving::go_on(&upload, file, seat, hashes, Arc::clone(&self.counters));
        receiving.expect(offer.digest.clone());
        receiving.read_again()?;
        Ok(Begin::Receive(Box::new(receiving)))
    }

    fn make_job(&self, id: &TaskId, digest: &str) -> Result<Job, Fault> {
        self.blobs.commit_incoming(id)?;
        match self.engine.submit(id, digest) {
            Ok(job) => {
                self.accepted(&job);
                Ok(job)
            }
            Err(fault) => {
                self.abandon(id)?;
                Err(fault.into())
            }
        }
    }

    fn accepted(&self, job: &Job) {
        let (client, bytes) = (&job.client, job.input_size);
        tracing::info!(target: "client", client, task = ?job.id, bytes, "accepted");
        if let Ok(order) = Order::from_json(&job.order) {
            self.counters.accept(order.operation.name());
        }
    }

    /// The record first: it may have become a job in spite of a fault that was told, and that needs its file.
    fn abandon(&self, id: &TaskId) -> Result<(), Fault> {
        self.records.abandon(id)?;
        Ok(self.blobs.remove(id)?)
    }

    /// After a start: connections of the server before are gone, so what their uploads had not got yet is free.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) fn park_all(&self) -> Result<(), Fault> {
        for id in self.records.owners()?.working {
            let Some(Begun::Known(upload)) = self.records.find(&id)? else {
                continue;
            };
            // Without its file it expires like any other.
            if let Ok(file) = self.blobs.open_incoming(&id) {
                receiving::shrink(&file, upload.durable)?;
                self.records.park(&id, upload.durable, upload.expires_at)?;
            }
        }
        Ok(())
    }

    /// The file of an upload that goes on, with the space of what is still to come.
    ///
    /// # Errors
    /// `storage_full`, `client_storage_full`, `disk_full`: what has come stays.
    fn open_again(&self, upload: &Upload) -> Result<File, Fault> {
        self.records.unpark(&upload.id, self.bounds()?)?;
        let file = self.blobs.open_incoming(&upload.id)?;
        if let Err(fault) = receiving::grow(&file, upload.length) {
            let shrunk = receiving::shrink(&file, upload.durable);
            shrunk.and_then(|()| {
                let park = self
                    .records
                    .park(&upload.id, upload.durable, upload.expires_at);
                Ok(park?)
            })?;
            return Err(fault);
        }
        Ok(file)
    }

    /// Bytes that could still be reserved.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) fn free(&self) -> Result<u64, Fault> {
        let reserved = self.records.totals()?.reserved;
        Ok(self.room()?.saturating_sub(reserved))
    }

    /// What reservations may reach.
    fn bounds(&self) -> Result<Room, Fault> {
        let all = self.room()?;
        let percent = u64::from(self.storage.client_percent.clamp(1, 100));
        Ok(match percent {
            100 => Room::shared(all),
            _ => Room {
                all,
                client: (u128::from(all) * u128::from(percent) / 100) as u64,
            },
        })
    }

    /// Bytes that all reservations together may reach: what files between people leave of the ceiling, or what the disk
    /// can still take beside them.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) fn room(&self) -> Result<u64, Fault> {
        let reserved = self.records.totals()?.reserved;
        let disk = self.blobs.room(self.storage.margin)?;
        let left = self.storage.ceiling.saturating_sub(self.parcels()?);
        Ok(left.min(reserved.saturating_add(disk)))
    }

    /// Bytes that files between people have set aside: they are under the same ceiling.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) fn parcels(&self) -> Result<u64, Fault> {
        Ok(self.parcels.held()?)
    }
}

/// What became of a whole upload.
#[derive(Debug)]
pub(crate) enum Finished {
    /// It waits for the client's word.
    Received(Received),
    /// It is a job.
    Job(Box<Job>),
}

/// More than there would be room for if nothing else was there: to wait would not help.
fn never_fits(wanted: u64, room: u64) -> Fault {
    Fault::new(
        "file_too_large",
        format!("a file of {wanted} bytes is more than the {room} that this server has room for"),
        "send a shorter one, or ask the operator for more room",
    )
}

fn empty_file() -> Fault {
    Fault::new(
        "empty_file",
        "there is no file in the request, or it is empty",
        "send the video with the order",
    )
}

fn key_taken() -> Fault {
    Fault::new(
        "conflict",
        "this idempotency key names the upload of somebody else",
        "send the file again with a new random key",
    )
}

fn incomplete(upload: &Upload) -> Fault {
    Fault::new(
        "upload_incomplete",
        format!("{} of {} bytes have arrived", upload.durable, upload.length),
        "resume the upload, then ask again",
    )
}

/// For a connection that a newer one has taken over from.
pub(crate) fn ousted() -> Fault {
    Fault::new(
        "upload_in_use",
        "a newer connection goes on with this upload",
        "close the older connection",
    )
}

/// For a connection whose upload can be taken up later.
pub(crate) fn stopping_now() -> Fault {
    Fault::new(
        "server_stopping",
        "the server is being stopped; what has arrived is kept",
        "resume the upload when the server is back",
    )
}

fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX / 4)
}
