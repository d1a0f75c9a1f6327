//! The answers' JSON.

use serde_json::{Map, Value, json};

use super::view::{Problem, ResultView, StateView};
use crate::frame::Head;
use crate::limits::{MAX_JSON, MAX_NOTES};
use crate::media_type;
use crate::mirror::{EXTENSIONS, Mirror, with_extension};
use crate::outside::{display_name, sentence};

/// The job has been taken; `extra` is for further members.
#[must_use]
pub fn accepted(mirror: &Mirror, task_id: &str, extra: Map<String, Value>) -> Head {
    let mut json = success(
        mirror,
        "accepted",
        "The job is accepted; ask for its status.",
    );
    json.insert("task_id".into(), task_id.into());
    put_sent_name(mirror, &mut json);
    finish(extra, json)
}

/// The upload is whole and waits to be confirmed. `digest` is BLAKE3 in hex, `size` bytes.
#[must_use]
pub fn received(mirror: &Mirror, digest: &str, size: u64) -> Head {
    let mut json = success(
        mirror,
        "received",
        "The file is here; confirm it to start the job.",
    );
    json.insert("digest".into(), digest.into());
    json.insert("size".into(), size.into());
    Head::new(json)
}

/// The upload goes on at byte `have` of `length`.
#[must_use]
pub fn resumed(mirror: &Mirror, have: u64, length: u64) -> Head {
    let mut json = success(mirror, "success", "The upload goes on.");
    json.insert("have".into(), have.into());
    json.insert("length".into(), length.into());
    Head::new(json)
}

/// How the job is. A job that ended badly carries the members of the error object as well, so that
/// a client that knows neither `cancelled` nor `expired` stops asking.
#[must_use]
pub fn state(mirror: &Mirror, view: &StateView<'_>) -> Head {
    let mut json = success(mirror, view.status, &summary(view));
    if let Some(problem) = ending(view) {
        put_problem(&problem, &mut json);
    }
    json.insert("task_id".into(), view.task_id.into());
    json.insert("progress".into(), share(view.progress).into());
    json.insert("stage".into(), view.stage.into());
    json.insert("attempt".into(), view.attempt.into());
    put(
        &mut json,
        "speed",
        view.speed.filter(|speed| speed.is_finite()),
    );
    put(
        &mut json,
        "remaining_seconds",
        view.remaining_seconds.filter(|seconds| seconds.is_finite()),
    );
    put(&mut json, "place", view.place);
    put_notes(view.notes, &mut json);
    if view.status == "completed" {
        put(&mut json, "size", view.size);
        json.insert("original_size".into(), view.original_size.into());
        json.insert("kept_original".into(), view.kept_original.into());
        put(
            &mut json,
            "media_type",
            view.extension
                .map(|ending| media_type::write(ending, mirror.style)),
        );
    }
    if mirror.ext {
        put(&mut json, "poll_after_ms", view.poll_after_ms);
        put(&mut json, "digest", view.digest);
    }
    if view.status == "completed" {
        put_report(mirror, view.report, &mut json);
    }
    Head::new(json)
}

/// The result; its payload has `size - offset` bytes.
#[must_use]
pub fn result(mirror: &Mirror, view: &ResultView<'_>) -> Head {
    let mut json = success(mirror, "success", &finished(mirror, view));
    json.insert("task_id".into(), view.task_id.into());
    if let Some((member, name)) = mirror
        .file_name
        .as_ref()
        .map(|name| name.answered(view.extension))
    {
        json.insert(member.into(), name.into());
    }
    if mirror.ext {
        json.insert("digest".into(), view.digest.into());
        json.insert("size".into(), view.size.into());
        json.insert("offset".into(), view.offset.into());
        json.insert("original_size".into(), view.original_size.into());
        json.insert("kept_original".into(), view.kept_original.into());
        put_notes(view.notes, &mut json);
        let name = view
            .file_name
            .and_then(display_name)
            .map(|name| with_extension(&name, view.extension));
        if mirror.file_name.is_none() {
            put(&mut json, "file_name", name);
        }
    }
    put_report(mirror, view.report, &mut json);
    let media_type = media_type::write(view.extension, mirror.style);
    Head::new(json).with_payload(media_type, view.size.saturating_sub(view.offset))
}

/// The job was stopped.
#[must_use]
pub fn cancelled(mirror: &Mirror, task_id: &str) -> Head {
    let mut json = success(mirror, "cancelled", "The job is cancelled.");
    json.insert("task_id".into(), task_id.into());
    Head::new(json)
}

/// The client has its result, the server has deleted it.
#[must_use]
pub fn confirmed(mirror: &Mirror, task_id: &str) -> Head {
    let mut json = success(
        mirror,
        "success",
        "The result is delivered and deleted here.",
    );
    json.insert("task_id".into(), task_id.into());
    Head::new(json)
}

/// The result is in the library, under this name.
#[must_use]
pub fn kept(mirror: &Mirror, task_id: &str, name: &str) -> Head {
    let mut json = success(mirror, "success", "The result is kept in the library.");
    json.insert("task_id".into(), task_id.into());
    json.insert("name".into(), name.into());
    Head::new(json)
}

/// Here is a server of that version with those limits, and the port where it serves HTTP, in TLS or not.
#[must_use]
pub fn pong(
    mirror: &Mirror,
    version: &str,
    limits: Map<String, Value>,
    door: Option<(u16, bool)>,
) -> Head {
    let mut json = success(mirror, "success", "The server is ready.");
    json.insert("version".into(), version.into());
    json.insert("limits".into(), limits.into());
    put_door(&mut json, door);
    Head::new(json)
}

/// Titles of the library, of `total` that were found, and the port where their addresses are served, in TLS or not.
#[must_use]
pub fn library(
    mirror: &Mirror,
    titles: Vec<Value>,
    total: usize,
    door: Option<(u16, bool)>,
) -> Head {
    let mut json = success(mirror, "success", "The titles of the library.");
    json.insert("total".into(), total.into());
    put_door(&mut json, door);
    json.insert("titles".into(), titles.into());
    Head::new(json)
}

fn put_door(json: &mut Map<String, Value>, door: Option<(u16, bool)>) {
    if let Some((port, tls)) = door {
        json.insert("http".into(), json!({"port": port, "tls": tls}));
    }
}

/// The one error object that serves every client (MMP §4). `extra` is for further members (`have`);
/// it can't overwrite the object's own.
#[must_use]
pub fn error(problem: &Problem, extra: Map<String, Value>) -> Head {
    let mut json = Map::new();
    json.insert("status".into(), "error".into());
    put_problem(problem, &mut json);
    finish(extra, json)
}

/// The same, with the operation as it was sent and the extension list, once the request has been read.
#[must_use]
pub fn error_to(mirror: &Mirror, problem: &Problem, mut extra: Map<String, Value>) -> Head {
    put_mirrored(mirror, &mut extra);
    error(problem, extra)
}

/// The members that every answer but an error has.
fn success(mirror: &Mirror, status: &str, message: &str) -> Map<String, Value> {
    let mut json = Map::new();
    json.insert("status".into(), status.into());
    json.insert("success".into(), true.into());
    json.insert("message".into(), sentence(message).into());
    put_mirrored(mirror, &mut json);
    json
}

fn put_mirrored(mirror: &Mirror, json: &mut Map<String, Value>) {
    put(json, "operation", mirror.operation.clone());
    put(json, "ext", mirror.ext.then(|| json!(EXTENSIONS)));
}

/// While there is no result yet, the name comes back as it was sent.
fn put_sent_name(mirror: &Mirror, json: &mut Map<String, Value>) {
    use crate::mirror::FileName::{FileName, Filename};
    match &mirror.file_name {
        Some(FileName(name)) => put(json, "file_name", Some(name.clone())),
        Some(Filename(name)) => put(json, "filename", Some(name.clone())),
        None => {}
    }
}

fn put_problem(problem: &Problem, json: &mut Map<String, Value>) {
    let description = sentence(&problem.description);
    let solution = sentence(&problem.solution);
    json.insert("success".into(), false.into());
    json.insert("code".into(), problem.code.clone().into());
    json.insert("error_code".into(), problem.code.clone().into());
    json.insert("description".into(), description.clone().into());
    json.insert("solution".into(), solution.clone().into());
    json.insert("message".into(), description.clone().into());
    let error = json!({ "code": problem.code, "description": description, "solution": solution });
    json.insert("error".into(), error);
}

fn put_notes(notes: &[String], json: &mut Map<String, Value>) {
    let notes = notes
        .iter()
        .take(MAX_NOTES)
        .map(|note| Value::from(sentence(note)));
    json.insert("notes".into(), notes.collect());
}

/// The last member of an answer: where it does not fit beside the others, it is left out.
fn put_report(mirror: &Mirror, report: Option<&Map<String, Value>>, json: &mut Map<String, Value>) {
    let Some(report) = report.filter(|_| mirror.report) else {
        return;
    };
    json.insert("report".into(), Value::Object(report.clone()));
    if serde_json::to_string(&*json).map_or(true, |text| text.len() > MAX_JSON) {
        json.remove("report");
    }
}

fn put<T: Into<Value>>(json: &mut Map<String, Value>, member: &str, value: Option<T>) {
    if let Some(value) = value {
        json.insert(member.into(), value.into());
    }
}

fn finish(mut extra: Map<String, Value>, json: Map<String, Value>) -> Head {
    extra.extend(json);
    Head::new(extra)
}

fn share(progress: f64) -> f64 {
    if progress.is_finite() {
        progress.clamp(0.0, 1.0)
    } else {
        0.0
    }
}

fn summary(view: &StateView<'_>) -> String {
    match (view.status, view.place) {
        ("queued", Some(1)) => "The job is the next in the queue.".into(),
        ("queued", Some(place)) => format!("The job is number {place} in the queue."),
        ("processing", _) => format!(
            "The job runs: {} %.",
            (share(view.progress) * 100.0).floor()
        ),
        ("completed", _) => "The job is done; download its result.".into(),
        (status, _) => format!("The job is {status}."),
    }
}

/// Why a job has no result and never will.
fn ending(view: &StateView<'_>) -> Option<Problem> {
    let made =
        |code, what: &str| Problem::new(code, format!("The job {what}."), "Send the file again.");
    match view.status {
        "failed" => Some(
            view.problem
                .cloned()
                .unwrap_or_else(|| made("job_failed", "failed")),
        ),
        "cancelled" => Some(
            view.problem
                .cloned()
                .unwrap_or_else(|| made("job_cancelled", "was cancelled")),
        ),
        "expired" => Some(
            view.problem
                .cloned()
                .unwrap_or_else(|| made("job_expired", "has expired, its result is deleted")),
        ),
        _ => None,
    }
}

/// Clients without extension members still get the notes, as part of the message.
fn finished(mirror: &Mirror, view: &ResultView<'_>) -> String {
    let mut message = match mirror.operation_name() {
        Some(operation) => format!("{operation} is done."),
        None => "The job is done.".into(),
    };
    for note in view.notes.iter().take(MAX_NOTES) {
        message.push(' ');
        message.push_str(note);
    }
    message
}
