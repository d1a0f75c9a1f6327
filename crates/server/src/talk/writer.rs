//! The one that writes: takes what has come from all connections to the disk in one transaction, and answers then.
//!
//! While a transaction is synced the next ones gather, so the slower the disk, the more share a sync. On a fast one hardly
//! any would, and each transaction writes whole pages for little: so where many come they gather for [`GATHER`] at least. A
//! message that comes alone waits for nobody.

use super::hub::{Hub, frame};
use super::limits::{AT_HAND_BYTES, BATCH, BOUNDS, GATHER, WRITES};
use crate::fault::Fault;
use bytes::Bytes;
use kinora_jobs::{clock, problem};
use kinora_store::post::{Act, Change, Mail, Outcome, Post, Reached};
use kinora_talk::field::{Bytes as Bounded, Fixed, Reference};
use kinora_talk::frame::{Deliver, Kind};
use kinora_talk::name::Name;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle, sleep};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// What came of a change.
pub(super) type Answered = (Reference, Result<Outcome, Fault>);

/// A change, who wants it, and where its answer goes; nobody waits for that of an acknowledgement.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) change: Change,
    pub(super) answer: Option<(Name, Reference, mpsc::Sender<Box<Answered>>)>,
}

/// The way to the thread that writes.
#[derive(Debug)]
pub(super) struct Writer {
    /// Gone when this is dropped, so that the thread ends.
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread; it ends when this is dropped.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(post: Arc<dyn Post>, hub: Arc<Hub>) -> std::io::Result<Self> {
        let (orders, receiver) = mpsc::channel(WRITES);
        let thread = Builder::new()
            .name("post".into())
            .spawn(move || run(&*post, &hub, receiver))?;
        Ok(Self {
            orders: Some(orders),
            thread: Some(thread),
        })
    }

    /// Hands a change over, in the order of the calls of one connection. False when the server stops.
    pub(super) async fn order(&self, order: Order) -> bool {
        match &self.orders {
            Some(orders) => orders.send(order).await.is_ok(),
            None => false,
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.orders.take());
        // A thread that panicked has been logged, and has nothing more to write.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn run(post: &dyn Post, hub: &Hub, mut orders: mpsc::Receiver<Order>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut begun: Option<Instant> = None;
    while orders.blocking_recv_many(&mut batch, BATCH) > 0 {
        if let Some(rest) = begun.and_then(|begun| GATHER.checked_sub(begun.elapsed())) {
            gather(&mut orders, &mut batch, rest);
        }
        begun = Some(Instant::now());
        let (changes, waiting): (Vec<_>, Vec<_>) = batch
            .drain(..)
            .map(|order| (order.change, order.answer))
            .unzip();
        let now_ms = u64::try_from(clock::now()).unwrap_or(0);
        let outcomes: Vec<Result<Outcome, Fault>> = match post.write(&changes, now_ms, &BOUNDS) {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(fault) => {
                let fault = Fault::from(problem::of_store(&fault));
                waiting.iter().map(|_| Err(fault.clone())).collect()
            }
        };
        for ((answer, outcome), change) in waiting.into_iter().zip(outcomes).zip(&changes) {
            let Some((name, reference, answer)) = answer else {
                continue;
            };
            if let Ok(Outcome::Taken { reached, at_ms, .. }) = &outcome {
                for to in reached {
                    hub.arrived(to.seat, to.number, || envelope(change, &name, to, *at_ms));
                }
            }
            // A connection has no more on their way than its channel holds; one that is gone waits for nothing.
            let _ = answer.try_send(Box::new((reference, outcome)));
        }
    }
}

/// Waits for what comes meanwhile, unless there is enough for a transaction.
fn gather(orders: &mut mpsc::Receiver<Order>, batch: &mut Vec<Order>, rest: Duration) {
    if batch.len() == BATCH {
        return;
    }
    sleep(rest);
    while batch.len() < BATCH
        && let Ok(order) = orders.try_recv()
    {
        batch.push(order);
    }
}

/// A short message as its reader gets it; none for what is long or rare, which is read from the disk.
fn envelope(change: &Change, from: &Name, to: &Reached, at_ms: u64) -> Option<Bytes> {
    let Act::Mail {
        peer, group, mail, ..
    } = &change.act
    else {
        return None;
    };
    let Mail::Message { epoch, message, .. } = mail else {
        return None;
    };
    if message.len() > AT_HAND_BYTES {
        return None;
    }
    let with = match to.is_own {
        true => Name::folded(peer).ok()?,
        false => from.clone(),
    };
    Some(frame(Deliver {
        number: to.number,
        kind: Kind::Message,
        from: from.clone(),
        with,
        group: Fixed(*group),
        epoch: *epoch,
        envelope: Bounded::new(message.clone()).ok()?,
        at_ms,
    }))
}
