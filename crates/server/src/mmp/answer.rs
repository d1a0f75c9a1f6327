//! What the services say, in the words of the wire.

use crate::fault::Fault;
use crate::results::Ready;
use kinora_jobs::engine::View;
use kinora_mmp::Mirror;
use kinora_mmp::answer::{self, Problem, ResultView, StateView};
use kinora_mmp::frame::Head;
use kinora_store::contract::{self, Job, State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How often a client that polls should ask, in milliseconds.
const POLL_MS: u64 = 1_000;

/// What this door keeps with an order, to answer in the client's own way later.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct DoorNote {
    /// How the client that sent the order speaks.
    pub(super) mirror: Mirror,
    /// The file's name, for display.
    pub(super) file_name: Option<String>,
}

impl DoorNote {
    /// The note that was kept with this job; a plain one when another door took the order.
    pub(super) fn of(job: &Job) -> Self {
        kinora_jobs::Order::from_json(&job.order)
            .ok()
            .and_then(|order| serde_json::from_value(order.door).ok())
            .unwrap_or_default()
    }
}

pub(super) fn fault(mirror: Option<&Mirror>, fault: &Fault) -> Head {
    let problem = problem(&fault.problem);
    match mirror {
        Some(mirror) => answer::error_to(mirror, &problem, fault.extra.clone()),
        None => answer::error(&problem, fault.extra.clone()),
    }
}

pub(super) fn refused(fault: &kinora_mmp::Fault) -> Head {
    answer::error(&Problem::from(fault), Map::new())
}

pub(super) fn accepted(mirror: &Mirror, job: &Job) -> Head {
    let mut extra = Map::new();
    extra.insert(
        "digest".into(),
        serde_json::json!({"blake3": job.input_digest}),
    );
    extra.insert("size".into(), Value::from(job.input_size));
    answer::accepted(mirror, job.id.as_str(), extra)
}

pub(super) fn state(mirror: &Mirror, view: &View) -> Head {
    let job = &view.job;
    let outcome = job
        .outcome
        .as_ref()
        .filter(|_| job.state == State::Completed);
    let reason = job.problem.as_ref().map(problem);
    let done = job.state == State::Completed;
    let stage = match job.state {
        State::Queued => "waiting",
        State::Processing => job.progress.stage.as_str(),
        _ => "done",
    };
    answer::state(
        mirror,
        &StateView {
            task_id: job.id.as_str(),
            status: job.state.as_str(),
            progress: if done { 1.0 } else { job.progress.fraction },
            stage,
            speed: job.progress.speed,
            remaining_seconds: job
                .progress
                .remaining_s
                .filter(|_| job.state == State::Processing),
            place: view.place,
            attempt: job.attempt,
            notes: outcome.map_or(&[], |o| o.notes.as_slice()),
            problem: reason.as_ref(),
            size: outcome.map(|o| o.size),
            original_size: job.input_size,
            kept_original: outcome.is_some_and(|o| o.kept_original),
            extension: outcome.map(|o| o.extension.as_str()),
            poll_after_ms: (!job.state.is_final()).then_some(POLL_MS),
            digest: outcome.map(|o| o.digest.as_str()),
        },
    )
}

pub(super) fn result(mirror: &Mirror, ready: &Ready, offset: u64, name: Option<&str>) -> Head {
    let outcome = &ready.outcome;
    answer::result(
        mirror,
        &ResultView {
            task_id: ready.job.id.as_str(),
            extension: &outcome.extension,
            size: outcome.size,
            offset,
            digest: &outcome.digest,
            original_size: ready.job.input_size,
            kept_original: outcome.kept_original,
            notes: &outcome.notes,
            file_name: name,
        },
    )
}

fn problem(problem: &contract::Problem) -> Problem {
    Problem::new(&*problem.code, &*problem.description, &*problem.solution)
}
