//! An upload over MMP: refused before its first byte, or received into its place.

use super::answer::DoorNote;
use super::link::{Burst, Gone, Link};
use crate::asker::Asker;
use crate::fault::Fault;
use crate::listen::stopped;
use crate::services::{Services, blocking, checkpoint};
use crate::uploads::{Begin, Digest, Finished, Offer, Receiving, ousted, stopping_now};
use kinora_jobs::Order;
use kinora_media::operation::Operation;
use kinora_mmp::request::Submit;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A refused payload is read away for this long, so that a client that writes everything before it reads still gets
/// to see the refusal; closing at once would throw the answer away with a reset.
const LINGER: Duration = Duration::from_secs(30);
/// And for so many bytes.
const LINGER_BYTES: u64 = 2 << 30;
/// What has arrived of a slow upload is written down this often.
const CHECKPOINT: Duration = Duration::from_secs(60);

/// What the request means, checked before anything is accepted.
pub(super) fn offer(submit: &Submit, client: &str, asker: &Asker) -> Result<Offer, Fault> {
    let operation = Operation::from_form(&submit.operation, &submit.parameters)?;
    let note = DoorNote {
        mirror: submit.mirror.clone(),
        file_name: submit.file_name.clone(),
    };
    Ok(Offer {
        asker: asker.clone(),
        order: Order {
            operation,
            extension: Some(submit.media_type.clone()).filter(|e| !e.is_empty()),
            door: serde_json::to_value(note).unwrap_or_default(),
        }
        .to_json(),
        client: client.to_owned(),
        key: submit.idempotency_key.clone(),
        length: submit.length,
        offset: submit.offset,
        digest: submit.digest.clone().map(|digest| match digest {
            kinora_mmp::Digest::Blake3(hex) => Digest::Blake3(hex),
            kinora_mmp::Digest::Sha256(hex) => Digest::Sha256(hex),
        }),
        confirm: submit.confirm,
    })
}

impl Link {
    /// Passes over the payload of a refused request, within limits. False: the connection should be closed.
    pub(super) async fn pass_over(&mut self) -> Result<bool, Gone> {
        let until = tokio::time::Instant::now() + LINGER;
        let mut passed = 0u64;
        while self.is_midway() {
            if passed >= LINGER_BYTES {
                return Ok(false);
            }
            let burst = tokio::time::timeout_at(until, async {
                self.payload(&mut |bytes| passed += bytes.len() as u64)
                    .await
            });
            match burst.await {
                Ok(Ok(Burst::More)) => {}
                Ok(Ok(Burst::End)) => return Ok(true),
                Ok(Err(gone)) => return Err(gone),
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }
}

/// How receiving ended, beside a broken connection.
pub(super) enum Arrival {
    /// All bytes are here.
    Whole(Box<Receiving>),
    /// The disk refused, or a newer connection took over: the rest of the payload is unwanted.
    Refused(Fault),
}

/// Receives the payload into its place. On a broken connection what has arrived is kept or thrown away.
pub(super) async fn receive(
    link: &mut Link,
    services: &Arc<Services>,
    mut receiving: Box<Receiving>,
    stopping: &mut watch::Receiver<bool>,
) -> Result<Arrival, Gone> {
    let mut written = Instant::now();
    let (ousted_by, is_keyed) = (receiving.ousted(), receiving.is_keyed());
    loop {
        let mut refused = None;
        let mut sink = |bytes: &[u8]| {
            if refused.is_none() {
                refused = receiving.write(bytes).err();
            }
        };
        // A burst that is given up before it began loses nothing: bytes are only taken when they are handed over.
        let burst = tokio::select! {
            burst = link.payload(&mut sink) => Ok(burst),
            () = ousted_by.notified() => Err(ousted()),
            // One that nobody can take up again gets what time is left to arrive whole.
            () = stopped(stopping), if is_keyed => Err(stopping_now()),
        };
        let burst = match burst {
            Ok(burst) => burst,
            Err(fault) => {
                let _ = blocking(services, move |s| s.uploads.break_off(*receiving)).await;
                return Ok(Arrival::Refused(fault));
            }
        };
        let burst = match burst {
            Ok(burst) => burst,
            Err(gone) => {
                let _ = blocking(services, move |s| s.uploads.break_off(*receiving)).await;
                return Err(gone);
            }
        };
        if let Some(fault) = refused {
            let _ = blocking(services, move |s| s.uploads.break_off(*receiving)).await;
            return Ok(Arrival::Refused(fault));
        }
        if burst == Burst::End {
            return Ok(Arrival::Whole(receiving));
        }
        // A sender that is always ahead must not keep this thread from all others.
        tokio::task::yield_now().await;
        if receiving.is_due() || written.elapsed() > CHECKPOINT {
            written = Instant::now();
            let (back, done) = checkpoint(services, receiving).await;
            receiving = match done {
                Ok(()) => back,
                Err(fault) => {
                    let _ = blocking(services, move |s| s.uploads.break_off(*back)).await;
                    return Ok(Arrival::Refused(fault));
                }
            };
            link.excuse(written);
        }
    }
}

/// Begins, and says what to do with the payload.
pub(super) async fn begin(services: &Arc<Services>, offer: &Offer) -> Result<Begin, Fault> {
    let offer = offer.clone();
    blocking(services, move |s| s.uploads.begin(&offer)).await
}

/// Makes a whole upload durable, and a job of it.
pub(super) async fn finish(
    services: &Arc<Services>,
    receiving: Box<Receiving>,
    confirm: bool,
) -> Result<Finished, Fault> {
    blocking(services, move |s| s.uploads.finish(*receiving, confirm)).await
}
