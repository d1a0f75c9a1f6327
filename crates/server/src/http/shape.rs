//! What the API says, as JSON. These are the shapes that programs rely on: members are added, never changed.

use super::names;
use super::order::Note;
use kinora_jobs::Order;
use kinora_jobs::engine::View;
use kinora_store::contract::{Job, Outcome, Problem, State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The largest file that is taken at all, in bytes: as much as one MMP frame can carry.
pub(super) const LARGEST_FILE: u64 = (1 << 40) - 1;

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobBody {
    /// Its name: 32 hexadecimal digits.
    pub(super) id: String,
    /// `queued`, `processing`, `completed`, `failed`, `cancelled`; `expired` when its files are gone.
    #[schema(value_type = String, example = "processing")]
    pub(super) state: &'static str,
    /// What is done.
    pub(super) operation: &'static str,
    /// With which options; see `GET /api/operations`.
    pub(super) options: Map<String, Value>,
    /// What the original was called.
    pub(super) file_name: Option<String>,
    /// Size of the original in bytes.
    pub(super) input_size: u64,
    /// 0 to 1.
    pub(super) progress: f64,
    /// `waiting`, `probing`, `encoding`, `verifying`, `done` and the like.
    pub(super) stage: String,
    /// Times real time, while it is known.
    pub(super) speed: Option<f64>,
    /// Seconds until it is done, while they are known.
    pub(super) remaining_seconds: Option<f64>,
    /// Its place in the queue, 1 being next.
    pub(super) place: Option<u64>,
    /// How many times it has been begun.
    pub(super) attempt: u32,
    /// When it was queued: milliseconds since 1970, like all times here.
    pub(super) created_at_ms: i64,
    /// When it was begun last.
    pub(super) started_at_ms: Option<i64>,
    /// When it ended.
    pub(super) finished_at_ms: Option<i64>,
    /// When what is left of it is deleted.
    pub(super) expires_at_ms: Option<i64>,
    /// What came out, when it is completed.
    pub(super) result: Option<ResultBody>,
    /// Why it failed, was cancelled, or has to be tried again.
    pub(super) problem: Option<Words>,
}

/// What came out of a job.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ResultBody {
    /// Where it is: `GET` with ranges.
    pub(super) url: String,
    /// What it is called.
    pub(super) file_name: String,
    /// Its media type.
    #[schema(value_type = String, example = "video/mp4")]
    pub(super) media_type: &'static str,
    /// Bytes.
    pub(super) size: u64,
    /// BLAKE3 of it, hexadecimal.
    pub(super) blake3: String,
    /// The original came back because nothing smaller could be made.
    pub(super) kept_original: bool,
    /// Sentences for the user.
    pub(super) notes: Vec<String>,
    /// Where it says how it was made and what it measures, if it does.
    pub(super) report_url: Option<String>,
}

/// How a result is to be kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Keep {
    /// What it is to be called, without a path; else as the original.
    #[schema(example = "Our holiday")]
    pub(super) name: Option<String>,
}

/// A result that is in the library.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeptBody {
    /// What its file is called now.
    pub(super) name: String,
    /// The title that it is in a moment; see `GET /api/library/{id}`.
    pub(super) title: String,
}

/// Why something failed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Words {
    /// Stable, `snake_case`; the same at every door.
    pub(super) code: String,
    /// What failed, and where.
    pub(super) description: String,
    /// What to do.
    pub(super) solution: String,
}

/// A list of jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobList {
    /// The jobs.
    pub(super) jobs: Vec<JobBody>,
}

/// A job that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Created {
    /// The job.
    #[serde(flatten)]
    pub(super) job: JobBody,
    /// The token of the session that began with this request, because it named none: without it the job is out of
    /// reach. Browsers get it as a cookie, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
}

/// An order for a file that has been uploaded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewJob {
    /// The upload: the last part of its address under `/files/`.
    pub(super) upload: String,
    /// What to do.
    #[schema(example = "compress")]
    pub(super) operation: String,
    /// With which options.
    #[serde(default)]
    pub(super) options: Map<String, Value>,
}

/// The fields of the form. Any other text field is an option of the operation, by its name.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes a form that is read piece by piece")]
pub(super) struct JobForm {
    /// What to do.
    #[schema(example = "compress")]
    operation: String,
    /// Options as JSON, beside those that come as fields.
    options: Option<String>,
    /// The video.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    file: Vec<u8>,
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
pub(super) struct SignIn {
    /// The token of a user; without one the session is nobody's in particular.
    pub(super) token: Option<String>,
}

/// A new session.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NewSession {
    /// Send it as `Authorization: Bearer …`. Who has it has all jobs of the session.
    pub(super) token: String,
}

impl JobBody {
    /// A job as it stands.
    pub(super) fn of(view: &View) -> Self {
        let job = &view.job;
        let order = Order::from_json(&job.order).ok();
        let (operation, options) =
            order.map_or_else(|| ("", Map::new()), |order| order.operation.form());
        let note = Note::of(&job.order);
        let is_done = job.state == State::Completed;
        let outcome = job.outcome.as_ref().filter(|_| is_done);
        Self {
            id: job.id.to_string(),
            state: job.state.as_str(),
            operation,
            options,
            input_size: job.input_size,
            progress: if is_done { 1.0 } else { job.progress.fraction },
            stage: stage(job),
            speed: job.progress.speed.filter(|_| !job.state.is_final()),
            remaining_seconds: job.progress.remaining_s.filter(|_| !job.state.is_final()),
            place: view.place,
            attempt: job.attempt,
            created_at_ms: job.created_at,
            started_at_ms: job.started_at,
            finished_at_ms: job.finished_at,
            expires_at_ms: job.expires_at,
            result: outcome.map(|outcome| ResultBody::of(job, outcome, &note, operation)),
            problem: job.problem.as_ref().map(Words::of),
            file_name: note.file_name,
        }
    }
}

impl ResultBody {
    fn of(job: &Job, outcome: &Outcome, note: &Note, operation: &str) -> Self {
        let url = format!("/api/jobs/{}/result", job.id);
        let report = outcome.report.as_ref();
        Self {
            file_name: names::result(note.file_name.as_deref(), operation, &outcome.extension),
            media_type: names::media_type(&outcome.extension),
            size: outcome.size,
            blake3: outcome.digest.clone(),
            kept_original: outcome.kept_original,
            notes: outcome.notes.clone(),
            report_url: report.map(|_| format!("/api/jobs/{}/report", job.id)),
            url,
        }
    }
}

impl Words {
    fn of(problem: &Problem) -> Self {
        Self {
            code: problem.code.clone(),
            description: problem.description.clone(),
            solution: problem.solution.clone(),
        }
    }
}

fn stage(job: &Job) -> String {
    match job.state {
        State::Queued => "waiting".to_owned(),
        State::Processing => job.progress.stage.clone(),
        _ => "done".to_owned(),
    }
}
