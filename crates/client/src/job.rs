//! A job that others work on: told at once while a watching connection holds, asked for when it does not.

use crate::endpoint::Endpoint;
use crate::retry::Attempt;
use crate::timing::Timing;
use crate::upload::{refusal, request};
use crate::{Event, Fault, Observer, Problem};
use kinora_mmp::reply::{Reply, State};
use serde_json::json;
use std::time::{Duration, Instant};

/// The shortest wait for a state, so that a nearly used-up `max_wait` still asks once.
const LEAST_WAIT: Duration = Duration::from_millis(10);

/// Asks for the state once.
pub(crate) fn status(peer: &mut Endpoint, task_id: &str) -> Result<State, Fault> {
    let question = request(json!({"action": "status", "task_id": task_id}));
    match peer.ask(&question)? {
        Reply::State(state) => Ok(state),
        other => Err(refusal(peer, other)),
    }
}

/// Asks the server to end the job; the state that it is in then.
pub(crate) fn cancel(peer: &mut Endpoint, task_id: &str) -> Result<String, Fault> {
    let question = request(json!({"action": "cancel", "task_id": task_id}));
    match peer.ask(&question)? {
        Reply::State(state) => Ok(state.status),
        Reply::Success(_) => Ok("cancelled".into()),
        other => Err(refusal(peer, other)),
    }
}

/// Has the server put the result into its library; what it is called there.
pub(crate) fn keep(
    peer: &mut Endpoint,
    task_id: &str,
    name: Option<&str>,
) -> Result<String, Fault> {
    let question = request(json!({"action": "keep", "task_id": task_id, "name": name}));
    match peer.ask(&question)? {
        Reply::Success(json) => {
            let name = json.get("name").and_then(|name| name.as_str());
            Ok(name.unwrap_or_default().to_owned())
        }
        other => Err(refusal(peer, other)),
    }
}

/// Tells the server that its copy is not needed any more.
pub(crate) fn confirm(peer: &mut Endpoint, task_id: &str) -> Result<(), Fault> {
    let question = request(json!({"action": "confirm", "task_id": task_id}));
    match peer.ask(&question)? {
        Reply::Success(_) => Ok(()),
        other => Err(refusal(peer, other)),
    }
}

/// Waits for a job's end.
pub(crate) struct Watch<'a> {
    pub(crate) task_id: &'a str,
    pub(crate) timing: &'a Timing,
    pub(crate) begun: Instant,
}

impl Watch<'_> {
    /// When the caller's patience ends.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.timing.max_wait.map(|wait| self.begun + wait)
    }

    /// Watches on one connection until the job has ended. Silence for a check interval is no fault, the job may have
    /// a long queue before it; the caller then connects anew, which is this client's way of asking.
    ///
    /// `Ok(None)`: silent for that long.
    pub(crate) fn attempt(
        &self,
        peer: &mut Endpoint,
        attempt: &mut Attempt,
        observer: &mut dyn Observer,
    ) -> Result<Option<State>, Fault> {
        peer.send(&request(
            json!({"action": "status", "task_id": self.task_id, "watch": true}),
        ))?;
        let mut heard = false;
        loop {
            let silence = if heard {
                self.timing.check_interval
            } else {
                self.timing.patience
            };
            if !peer.is_heard_within(self.limit(silence)?)? {
                self.limit(silence)?;
                return if heard {
                    Ok(None)
                } else {
                    Err(peer.lost("the server does not answer"))
                };
            }
            let state = match peer.answer()? {
                Reply::State(state) => state,
                other => return Err(refusal(peer, other)),
            };
            attempt.came_further();
            observer.event(&Event::State(&state));
            if state.is_final() {
                return ended(state).map(Some);
            }
            heard = true;
        }
    }

    /// How long to listen: `silence`, or what is left of the caller's patience.
    fn limit(&self, silence: Duration) -> Result<Duration, Fault> {
        let Some(until) = self.until() else {
            return Ok(silence);
        };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Fault::TimedOut {
                task_id: self.task_id.into(),
                waited: self.timing.max_wait.unwrap_or_default(),
            });
        }
        Ok(left.min(silence).max(LEAST_WAIT))
    }
}

/// A final state as success or failure.
fn ended(state: State) -> Result<State, Fault> {
    if state.status == "completed" {
        return Ok(state);
    }
    Err(Fault::Failed(
        state
            .problem
            .unwrap_or_else(|| without_problem(&state.status)),
    ))
}

fn without_problem(status: &str) -> Problem {
    let (description, solution) = match status {
        "cancelled" => (
            "the job was cancelled",
            "start it again if that was a mistake",
        ),
        "expired" => (
            "the result has been deleted, its time was over",
            "start the job again",
        ),
        _ => (
            "the job failed, and the server does not say why",
            "look into the server's log",
        ),
    };
    Problem::new(status, description, solution)
}
