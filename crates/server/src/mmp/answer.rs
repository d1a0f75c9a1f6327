//! What the services say, in the words of the wire.

use crate::fault::Fault;
use crate::library::{self, Link, Subtitle};
use crate::results::Ready;
use kinora_jobs::engine::View;
use kinora_mmp::Mirror;
use kinora_mmp::answer::{self, Problem, ResultView, StateView};
use kinora_mmp::frame::Head;
use kinora_store::contract::{self, Job, Outcome, State};
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

/// Subtitles of one title that are told of: each takes up to a kilobyte, and an answer has 64.
const SUBTITLES: usize = 24;

/// A title with the addresses that it is watched by, and with its subtitles.
pub(super) fn whole_title(link: &Link) -> Value {
    let length_ms = link.title.facts.duration_ms;
    let words = |each: &Subtitle| {
        serde_json::json!({
            "name": each.label,
            "language": library::tag(&each.language),
            "forced": each.is_forced,
            "url": link.file(&format!("{}/0-{length_ms}.vtt", each.name)),
        })
    };
    let all = link.subtitles.iter().take(SUBTITLES);
    let mut title = title(link);
    title["subtitles"] = all.map(words).collect();
    title
}

/// A title with the addresses that it is watched by.
pub(super) fn title(link: &Link) -> Value {
    let title = &link.title;
    let facts = &title.facts;
    let making = link.making;
    let progress = making.filter(|making| making.ahead.is_none());
    serde_json::json!({
        "id": title.id,
        "name": title.name,
        "duration_ms": facts.duration_ms,
        "width": facts.width,
        "height": facts.height,
        "expires": link.expires_s,
        "page": format!("/shared/{}/{}", link.permission, title.id),
        "hls": link.is_playable.then(|| link.file("main.m3u8")),
        "staged": link.is_staged.then(|| link.file("staged.m3u8")),
        "progress": progress.map(|making| (making.done * 1000.0).round() / 1000.0),
        "remaining_seconds": making.and_then(|making| making.remaining_s).map(f64::round),
        "waiting": making.is_some_and(|making| making.is_waiting),
        "ahead": making.and_then(|making| making.ahead),
    })
}

pub(super) fn state(mirror: &Mirror, view: &View) -> Head {
    let job = &view.job;
    let outcome = job
        .outcome
        .as_ref()
        .filter(|_| job.state == State::Completed);
    let reason = job.problem.as_ref().map(problem);
    let done = job.state == State::Completed;
    let report = outcome.and_then(|outcome| report(mirror, outcome));
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
            report: report.as_ref(),
        },
    )
}

pub(super) fn result(mirror: &Mirror, ready: &Ready, offset: u64, name: Option<&str>) -> Head {
    let outcome = &ready.outcome;
    let report = report(mirror, outcome);
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
            report: report.as_ref(),
        },
    )
}

/// The report of a compression, read only for a client that wants it.
fn report(mirror: &Mirror, outcome: &Outcome) -> Option<Map<String, Value>> {
    let text = outcome.report.as_ref().filter(|_| mirror.report)?;
    serde_json::from_str(text).ok()
}

fn problem(problem: &contract::Problem) -> Problem {
    Problem::new(&*problem.code, &*problem.description, &*problem.solution)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kinora_store::TaskId;
    use kinora_store::contract::Progress;

    fn completed(report: Option<&str>) -> View {
        let outcome = Outcome {
            size: 5,
            digest: "d".into(),
            extension: "mp4".into(),
            kept_original: false,
            notes: Vec::new(),
            report: report.map(str::to_owned),
        };
        let job = Job {
            id: TaskId::random(),
            client: "c".into(),
            owner: None,
            state: State::Completed,
            order: "{}".into(),
            input_size: 9,
            input_digest: "i".into(),
            attempt: 1,
            cancel_requested: false,
            progress: Progress::default(),
            outcome: Some(outcome),
            problem: None,
            created_at: 0,
            started_at: Some(1),
            finished_at: Some(2),
            expires_at: Some(3),
        };
        View { job, place: None }
    }

    fn ready(view: View) -> Ready {
        let file = std::fs::File::open("/dev/null").unwrap();
        let outcome = view.job.outcome.clone().unwrap();
        Ready {
            job: view.job,
            outcome,
            file,
        }
    }

    fn check(stored: Option<&str>, wants: bool, expected: Option<Value>) {
        let mirror = Mirror {
            ext: true,
            report: wants,
            ..Mirror::default()
        };
        let view = completed(stored);
        let told = state(&mirror, &view);
        assert_eq!(told.json.get("report"), expected.as_ref(), "{stored:?}");
        let sent = result(&mirror, &ready(view), 0, None);
        assert_eq!(sent.json.get("report"), expected.as_ref(), "{stored:?}");
    }

    #[test]
    fn a_report_goes_to_clients_that_list_it() {
        let report = r#"{"version":1,"status":"held"}"#;
        check(Some(report), true, serde_json::from_str(report).ok());
        check(Some(report), false, None);
        check(None, true, None);
        // What the store has is not trusted either.
        check(Some("[1,2"), true, None);
        check(Some("[1,2]"), true, None);
    }
}
