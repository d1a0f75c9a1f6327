//! A request's body on its way in: piece by piece, at a pace that is bearable, into an upload or away.

use super::limits::{CHECKPOINT, JSON_BYTES, LINGER, LINGER_BYTES};
use super::problem::Refusal;
use crate::fault::Fault;
use crate::listen::stopped;
use crate::mmp::pace::{Pace, PaceLimits};
use crate::services::{Services, checkpoint};
use crate::uploads::{Receiving, ousted, stopping_now};
use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Why nothing more comes of a body.
#[derive(Debug)]
pub(super) enum Broken {
    /// The connection is gone, or what it carries is no HTTP any more.
    Gone,
    /// Refused while it came.
    Refused(Fault),
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Self {
        Self::Refused(fault)
    }
}

impl From<Broken> for Refusal {
    fn from(broken: Broken) -> Self {
        match broken {
            // Nobody is left to read this.
            Broken::Gone => Self::bad_request("the body broke off"),
            Broken::Refused(fault) => fault.into(),
        }
    }
}

/// A body.
#[derive(Debug)]
pub(super) struct Payload {
    body: Body,
    pace: Pace,
    began: Instant,
}

impl Payload {
    /// The body of a request whose head has just been read.
    pub(super) fn new(body: Body, patience: Option<Duration>) -> Self {
        let usual = PaceLimits::default();
        let limits = patience.map_or(usual, |patience| {
            let ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
            PaceLimits {
                payload_grace_ms: ms,
                payload_window_ms: ms,
                ..usual
            }
        });
        let mut pace = Pace::with_limits(0, limits);
        pace.on_head(0);
        Self {
            body,
            pace,
            began: Instant::now(),
        }
    }

    /// The next piece; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            let left = self.pace.deadline_ms().saturating_sub(self.now_ms());
            let frame = tokio::time::timeout(Duration::from_millis(left), self.body.frame());
            let frame = match frame.await {
                Err(_) => return Err(too_slow().into()),
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => return Err(Broken::Gone),
                Ok(Some(Ok(frame))) => frame,
            };
            // Trailers mean nothing here.
            if let Ok(bytes) = frame.into_data() {
                self.pace.on_bytes(self.now_ms(), bytes.len() as u64);
                return Ok(Some(bytes));
            }
        }
    }

    /// This side was busy: not the peer's fault.
    fn excuse(&mut self, since: Instant) {
        let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.pace.excuse(ms);
    }

    /// Reads what is left away, within limits, so that a client that writes first and reads then sees its answer.
    pub(super) fn pass_over(mut self) {
        tokio::spawn(tokio::time::timeout(LINGER, async move {
            let mut passed = 0u64;
            while passed < LINGER_BYTES {
                match self.next().await {
                    Ok(Some(bytes)) => passed += bytes.len() as u64,
                    _ => break,
                }
            }
        }));
    }

    /// A small JSON body.
    pub(super) async fn json<T: DeserializeOwned>(self) -> Result<T, Refusal> {
        read(&self.small().await?)
    }

    /// A small JSON body that may be left out.
    pub(super) async fn json_or_nothing<T: DeserializeOwned>(self) -> Result<Option<T>, Refusal> {
        let text = self.small().await?;
        match text.is_empty() {
            true => Ok(None),
            false => read(&text).map(Some),
        }
    }

    async fn small(mut self) -> Result<Vec<u8>, Refusal> {
        let mut text = Vec::new();
        while let Some(bytes) = self.next().await? {
            if text.len() + bytes.len() > JSON_BYTES {
                self.pass_over();
                return Err(Refusal::new(
                    "file_too_large",
                    format!("the JSON is longer than {JSON_BYTES} bytes"),
                    "send the order only; the video goes to /files/",
                ));
            }
            text.extend_from_slice(&bytes);
        }
        Ok(text)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(text).map_err(|error| {
        Refusal::new(
            "bad_json",
            format!("the body is not the JSON that is expected here: {error}"),
            "see /api/docs for its members",
        )
    })
}

/// An upload with the body that it comes from.
pub(super) struct Intake {
    services: Arc<Services>,
    stopping: watch::Receiver<bool>,
    written: Instant,
    /// Whether what has arrived may be written down before all of this body is here.
    keeps: bool,
}

impl Intake {
    /// `keeps`: pieces count as they come. Otherwise nothing counts before the end.
    pub(super) fn new(
        services: &Arc<Services>,
        stopping: &watch::Receiver<bool>,
        keeps: bool,
    ) -> Self {
        Self {
            services: Arc::clone(services),
            stopping: stopping.clone(),
            written: Instant::now(),
            keeps,
        }
    }

    /// The next piece of the body, unless this upload has to stop.
    pub(super) async fn next(
        &mut self,
        payload: &mut Payload,
        receiving: &Receiving,
    ) -> Result<Option<Bytes>, Broken> {
        let ousted_by = receiving.ousted();
        tokio::select! {
            piece = payload.next() => piece,
            () = ousted_by.notified() => Err(ousted().into()),
            // One that nobody can take up again gets what time is left to arrive whole.
            () = stopped(&mut self.stopping), if receiving.is_keyed() => Err(stopping_now().into()),
        }
    }

    /// Writes a piece, and from time to time down how far it is. More than was announced is refused.
    pub(super) async fn write(
        &mut self,
        payload: &mut Payload,
        mut receiving: Box<Receiving>,
        bytes: &[u8],
    ) -> (Box<Receiving>, Result<(), Fault>) {
        if bytes.len() as u64 > receiving.missing() {
            return (receiving, Err(too_much()));
        }
        if let Err(fault) = receiving.write(bytes) {
            return (receiving, Err(fault));
        }
        let is_time = receiving.is_due() || self.written.elapsed() > CHECKPOINT;
        if !is_time || !self.keeps {
            // A sender that is always ahead must not keep this thread from all others.
            tokio::task::coop::consume_budget().await;
            return (receiving, Ok(()));
        }
        let since = Instant::now();
        let done = checkpoint(&self.services, receiving).await;
        payload.excuse(since);
        self.written = Instant::now();
        done
    }
}

fn too_slow() -> Fault {
    Fault::new(
        "too_slow",
        "the body of the request comes too slowly",
        "send it again over a better line; uploads to /files/ go on where they were",
    )
}

fn too_much() -> Fault {
    Fault::new(
        "file_too_large",
        "there is more in the body than was announced",
        "announce the file's whole size",
    )
}
