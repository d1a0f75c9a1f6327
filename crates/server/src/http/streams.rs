//! Answers without an end, a few for each client: their count, and the body that is fed by a task.

use super::limits::{EVENTS, STREAMS};
use super::problem::Refusal;
use bytes::Bytes;
use http_body::{Body, Frame};
use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// How many each client has open.
#[derive(Debug, Default)]
pub(super) struct Streams(Mutex<HashMap<String, usize>>);

/// One of them, given back by dropping it.
#[derive(Debug)]
pub(super) struct Place {
    all: Arc<Streams>,
    client: String,
}

impl Streams {
    /// One more.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub(super) fn open(self: &Arc<Self>, client: &str) -> Result<Place, Refusal> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(client.to_owned()).or_default();
        if *count >= STREAMS {
            return Err(Refusal::new(
                "too_many_requests",
                format!("this client has {STREAMS} streams of events open"),
                "close some of them; /api/events tells of all jobs at once",
            ));
        }
        *count += 1;
        Ok(Place {
            all: Arc::clone(self),
            client: client.to_owned(),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.client);
            }
        }
    }
}

/// What is sent is what a task puts in at the other end. When the peer is gone, that end is closed.
#[derive(Debug)]
pub(super) struct StreamBody(mpsc::Receiver<Bytes>);

/// A body and the end that feeds it.
pub(super) fn stream() -> (mpsc::Sender<Bytes>, StreamBody) {
    let (sender, receiver) = mpsc::channel(EVENTS);
    (sender, StreamBody(receiver))
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.poll_recv(context);
        next.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_a_few() {
        let streams = Arc::new(Streams::default());
        let mut places: Vec<Place> = (0..STREAMS).map(|_| streams.open("a").unwrap()).collect();
        assert!(streams.open("a").is_err());
        assert!(streams.open("b").is_ok());
        places.pop();
        assert!(streams.open("a").is_ok());
        drop(places);
        assert!(streams.0.lock().unwrap().is_empty(), "nobody is remembered");
    }
}
