//! The one that writes: takes what has come from all connections to the disk in one transaction, and answers then.
//!
//! While a transaction is synced the next ones gather, so the slower the disk, the more share a sync, and a message that
//! comes alone waits for nobody.

use super::hub::Hub;
use super::limits::{BATCH, BOUNDS, WRITES};
use crate::fault::Fault;
use kinora_jobs::{clock, problem};
use kinora_store::post::{Change, Outcome, Post};
use kinora_talk::field::Reference;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use tokio::sync::mpsc;

/// What came of a change.
pub(super) type Answered = (Reference, Result<Outcome, Fault>);

/// A change, and where its answer goes; nobody waits for that of an acknowledgement.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) change: Change,
    pub(super) answer: Option<(Reference, mpsc::Sender<Answered>)>,
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
    while orders.blocking_recv_many(&mut batch, BATCH) > 0 {
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
        for (answer, outcome) in waiting.into_iter().zip(outcomes) {
            if let Ok(Outcome::Taken { reached, .. }) = &outcome {
                hub.wake(reached);
            }
            if let Some((reference, answer)) = answer {
                // A connection has no more on their way than its channel holds; one that is gone waits for nothing.
                let _ = answer.try_send((reference, outcome));
            }
        }
    }
}
