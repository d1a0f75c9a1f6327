//! Server-sent events: what becomes of jobs, without asking again and again.
//!
//! Each event carries a whole job, and its id is a hash of what has been told by then. Who comes back with the id that
//! still holds is told nothing twice, also after a restart: nothing is kept for anybody.

use super::door::{Shared, Visitor};
use super::limits::{EVENT_PACE, HEARTBEAT, LIST};
use super::problem::{ProblemBody, Refusal};
use super::shape::JobBody;
use super::streams::{Place, stream};
use crate::fault::Fault;
use crate::listen::stopped;
use crate::services::blocking;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::{HeaderMap, StatusCode, header};
use kinora_store::TaskId;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// How long a browser waits before it comes back, in milliseconds.
const RETRY: &str = "retry: 2000\n\n";
const ALIVE: &str = ": alive\n\n";

/// Watch a job.
///
/// A stream of events `job`, each with the whole job as JSON, from how it stands now to its end; then the stream ends.
/// Coming back with `Last-Event-ID` of the last state is answered with 204, so that an `EventSource` stops.
#[utoipa::path(
    get,
    path = "/api/jobs/{id}/events",
    tag = "jobs",
    params(
        ("id" = String, Path, description = "the job"),
        ("last-event-id" = Option<String>, Header, description = "the last event that came"),
    ),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 204, description = "the job has ended, and that has been told"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn of_job(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let id = TaskId::parse(&id).ok_or_else(Fault::unknown_task)?;
    // Watched before it is looked at, so that nothing happens in between.
    let watched = shared.services.engine.watch(&id);
    let mut teller = Teller::new(&shared, &visitor, What::Job(id), &headers);
    let first = teller.look().await?;
    if first.is_empty() && teller.is_over {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let place = shared.streams.open(&visitor.client)?;
    Ok(teller.answer(first, watched, place))
}

/// Watch all jobs of the session.
///
/// A stream of events `job`, each with a whole job as JSON: first how all stand, then what changes. `gone` names a job
/// that is not there any more.
#[utoipa::path(
    get,
    path = "/api/events",
    tag = "jobs",
    params(("last-event-id" = Option<String>, Header, description = "the last event that came")),
    responses(
        (status = 200, body = String, content_type = "text/event-stream"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn of_session(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    visitor.owner()?;
    let watched = shared.services.engine.watch_all();
    let mut teller = Teller::new(&shared, &visitor, What::All, &headers);
    let first = teller.look().await?;
    let place = shared.streams.open(&visitor.client)?;
    Ok(teller.answer(first, watched, place))
}

/// What is watched.
#[derive(Clone)]
enum What {
    Job(TaskId),
    All,
}

/// Tells one client what changes.
struct Teller {
    shared: Arc<Shared>,
    visitor: Visitor,
    what: What,
    /// What has been told: each job's id and the hash of its JSON.
    told: BTreeMap<String, blake3::Hash>,
    last_id: Option<String>,
    is_over: bool,
}

impl Teller {
    fn new(shared: &Arc<Shared>, visitor: &Visitor, what: What, headers: &HeaderMap) -> Self {
        let last_id = headers.get("last-event-id");
        Self {
            shared: Arc::clone(shared),
            visitor: visitor.clone(),
            what,
            told: BTreeMap::new(),
            last_id: last_id.and_then(|id| Some(id.to_str().ok()?.to_owned())),
            is_over: false,
        }
    }

    /// Sends what is there now, and goes on in a task of its own.
    fn answer(mut self, first: String, watched: watch::Receiver<u64>, place: Place) -> Response {
        let (sender, body) = stream();
        tokio::spawn(async move {
            let begin = Bytes::from(format!("{RETRY}{first}"));
            if sender.send(begin).await.is_ok() {
                self.tell(&sender, watched).await;
            }
            drop(place);
        });
        let fields = [(header::CONTENT_TYPE, "text/event-stream")];
        (fields, Body::new(body)).into_response()
    }

    /// Until the job ends, the client goes, its token is taken back, or the server stops.
    async fn tell(&mut self, sender: &mpsc::Sender<Bytes>, mut watched: watch::Receiver<u64>) {
        let mut stopping = self.shared.stopping.clone();
        while !self.is_over {
            let changed = async {
                tokio::time::sleep(EVENT_PACE).await;
                // A watch that is closed is over, and so is the server.
                drop(watched.changed().await);
            };
            let is_news = tokio::select! {
                news = tokio::time::timeout(HEARTBEAT, changed) => news.is_ok(),
                () = sender.closed() => return,
                () = stopped(&mut stopping) => return,
            };
            if !self.visitor.is_still_known(&self.shared) {
                return;
            }
            let Ok(news) = self.look().await else {
                return;
            };
            let text = match news.is_empty() {
                true if is_news => continue,
                true => ALIVE.to_owned(),
                false => news,
            };
            if sender.send(Bytes::from(text)).await.is_err() {
                return;
            }
        }
    }

    /// Events for what has changed since the last look.
    async fn look(&mut self) -> Result<String, Fault> {
        let (asker, what) = (self.visitor.asker(), self.what.clone());
        let views = blocking(&self.shared.services, move |s| match what {
            What::Job(id) => s.tasks.view(&asker, &id).map(|view| vec![view]),
            What::All => s.tasks.list(&asker, LIST),
        });
        let views = views.await?;
        self.is_over =
            matches!(self.what, What::Job(_)) && views.iter().all(|view| view.job.state.is_final());
        let mut now = BTreeMap::new();
        let mut changed = Vec::new();
        // The oldest first, so that the newest is on top when each is put there.
        for view in views.iter().rev() {
            let job = JobBody::of(view);
            let json = serde_json::to_string(&job).expect("a job is plain data with string keys");
            let hash = blake3::hash(json.as_bytes());
            if self.told.get(&job.id) != Some(&hash) {
                changed.push(("job", json));
            }
            now.insert(job.id, hash);
        }
        let gone = self.told.keys().filter(|id| !now.contains_key(*id));
        changed.extend(gone.map(|id| ("gone", serde_json::json!({ "id": id }).to_string())));
        self.told = now;
        let id = self.id();
        if self.last_id.take().is_some_and(|last| last == id) {
            // All of this has been told before the client came back.
            return Ok(String::new());
        }
        // The id stands at the last one only: who misses a part of them is told all of them again.
        let last = changed.len().saturating_sub(1);
        let events = changed.into_iter().enumerate().map(|(n, (name, json))| {
            let id = if n == last {
                format!("id: {id}\n")
            } else {
                String::new()
            };
            format!("{id}event: {name}\ndata: {json}\n\n")
        });
        Ok(events.collect())
    }

    /// Names all that has been told.
    fn id(&self) -> String {
        let mut all = blake3::Hasher::new();
        for (id, hash) in &self.told {
            all.update(id.as_bytes()).update(hash.as_bytes());
        }
        all.finalize().to_hex()[..16].to_owned()
    }
}
