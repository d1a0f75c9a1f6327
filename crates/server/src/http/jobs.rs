//! `/api/jobs`: look, list, cancel, fetch.

use super::digest;
use super::door::{Shared, Visitor, welcome};
use super::entity::{self, Wanted};
use super::limits::{LIST, LIST_MOST};
use super::names;
use super::order::Note;
use super::payload::Payload;
use super::problem::{ProblemBody, Refusal};
use super::send::FileBody;
use super::shape::{JobBody, JobList, Keep, KeptBody, NewSession, SignIn};
use super::source::{Means, Source};
use crate::asker::Asker;
use crate::fault::Fault;
use crate::results::Ready;
use crate::services::blocking;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use hyper::header::{self, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode};
use kinora_jobs::engine::View;
use kinora_jobs::{Order, problem};
use kinora_store::TaskId;
use serde::Deserialize;
use std::sync::Arc;

/// How many.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct Page {
    /// At most so many jobs, up to 500.
    #[param(default = 100, maximum = 500)]
    limit: Option<u32>,
}

/// Begin a session.
///
/// Jobs belong to the session that made them. Programs send its token with every request; the page of this server
/// has a cookie instead. Who sends the token of a user (`kinora token create`) gets a session that is as good as it, and
/// ends with it; jobs then belong to the token's name, as with the token itself.
#[utoipa::path(
    post,
    path = "/api/sessions",
    tag = "sessions",
    request_body(content = SignIn, description = "may be left out"),
    responses(
        (status = 201, body = NewSession),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn begin_session(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    request: Request,
) -> Result<Response, Refusal> {
    let payload = Payload::new(request.into_body(), shared.patience);
    let sent: Option<SignIn> = payload.json_or_nothing().await?;
    let shown = sent.and_then(|sent| sent.token);
    let visitor = match &shown {
        Some(token) => visitor.with_token(&shared, token)?,
        None => visitor,
    };
    let new = visitor.begin(&shared)?;
    let mut fields = HeaderMap::new();
    // The page cannot keep a token itself where no script may read it.
    welcome(&mut fields, shown.is_some().then_some(&new));
    let token = new.token;
    Ok((StatusCode::CREATED, fields, Json(NewSession { token })).into_response())
}

/// List the session's jobs, newest first.
#[utoipa::path(
    get,
    path = "/api/jobs",
    tag = "jobs",
    params(Page),
    responses(
        (status = 200, body = JobList),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    page: Query<Page>,
) -> Result<Json<JobList>, Refusal> {
    let asker = visitor.owner()?;
    let limit = page.limit.unwrap_or(LIST).clamp(1, LIST_MOST);
    let views = blocking(&shared.services, move |s| s.tasks.list(&asker, limit)).await?;
    let jobs = views.iter().map(JobBody::of).collect();
    Ok(Json(JobList { jobs }))
}

/// Look at a job.
#[utoipa::path(
    get,
    path = "/api/jobs/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "the job")),
    responses(
        (status = 200, body = JobBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn look(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<JobBody>, Refusal> {
    let view = view(&shared, &visitor.asker(), task_id(&id)?).await?;
    Ok(Json(JobBody::of(&view)))
}

/// Cancel a job, or delete what it left.
///
/// One that has not ended is cancelled; of one that has ended the result is deleted now. Answers with what it is then.
#[utoipa::path(
    delete,
    path = "/api/jobs/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "the job")),
    responses(
        (status = 200, body = JobBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Json<JobBody>, Refusal> {
    let (asker, id) = (visitor.asker(), task_id(&id)?);
    let before = view(&shared, &asker, id.clone()).await?;
    let (who, task) = (asker.clone(), id.clone());
    if before.job.state.is_final() {
        blocking(&shared.services, move |s| {
            s.results.delete(&who, &task)?;
            s.engine.changed(&task);
            Ok(())
        })
        .await?;
    } else {
        blocking(&shared.services, move |s| s.tasks.cancel(&who, &task)).await?;
        shared.services.tasks.ended(&id).await;
    }
    let view = view(&shared, &asker, id).await?;
    Ok(Json(JobBody::of(&view)))
}

/// Fetch the result.
///
/// Ranges, `If-Range` and `If-None-Match` work as RFC 9110 says; the `ETag` is the BLAKE3 of the content. With
/// `Want-Repr-Digest: sha-256=1` (RFC 9530) the SHA-256 of the whole comes along.
#[utoipa::path(
    get,
    path = "/api/jobs/{id}/result",
    tag = "jobs",
    params(
        ("id" = String, Path, description = "the job"),
        ("range" = Option<String>, Header, description = "one range of bytes"),
    ),
    responses(
        (status = 200, description = "the file", content_type = "application/octet-stream"),
        (status = 206, description = "the range", content_type = "application/octet-stream"),
        (status = 304, description = "it is what the client has"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "not completed yet"),
        (status = 410, body = ProblemBody, content_type = "application/problem+json", description = "deleted"),
        (status = 416, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn result(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    means: Means,
    method: Method,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (asker, id) = (visitor.asker(), task_id(&id)?);
    let ready = blocking(&shared.services, move |s| s.results.open(&asker, &id)).await?;
    let size = ready.outcome.size;
    let tag = format!("\"b3-{}\"", ready.outcome.digest);
    let part = match entity::wanted(&tag, size, &method, &headers)? {
        Wanted::Kept => {
            return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
        }
        Wanted::Part(part) => part,
    };
    let mut fields = described(&ready, &tag)?;
    part.describe(&mut fields);
    if digest::wanted(&headers) {
        fields.insert(digest::REPR_DIGEST, sha256(&shared, &ready).await?);
    }
    let body = match method == Method::HEAD {
        true => Body::empty(),
        false => {
            let source = Source::new(ready.file, means);
            Body::new(FileBody::new(source, part.at, part.length))
        }
    };
    Ok((part.status, fields, body).into_response())
}

/// Put the result into the library.
///
/// Where the operator allows it (`can_keep` of `GET /api/operations`). The file gets the original's name or the one that
/// is wished for, or one with a number when that is taken; nothing is overwritten. A result that is there already stays as it is.
#[utoipa::path(
    post,
    path = "/api/jobs/{id}/keep",
    tag = "jobs",
    params(("id" = String, Path, description = "the job")),
    request_body(content = Keep, description = "may be left out"),
    responses(
        (status = 200, body = KeptBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "not completed, no video, or not allowed here"),
        (status = 507, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn keep(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<KeptBody>, Refusal> {
    let (asker, id) = (visitor.asker(), task_id(&id)?);
    let payload = Payload::new(request.into_body(), shared.patience);
    let wished: Option<Keep> = payload.json_or_nothing().await?;
    let name = wished.and_then(|wished| wished.name);
    let kept = blocking(&shared.services, move |s| {
        s.keep(&asker, &id, name.as_deref())
    })
    .await?;
    Ok(Json(KeptBody {
        name: kept.name,
        title: kept.title,
    }))
}

/// Read how the result was made and what it measures.
///
/// Only compressions that were chosen by quality have one; see `report_url` of the result.
#[utoipa::path(
    get,
    path = "/api/jobs/{id}/report",
    tag = "jobs",
    params(("id" = String, Path, description = "the job")),
    responses(
        (status = 200, body = serde_json::Value),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn report(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let view = view(&shared, &visitor.asker(), task_id(&id)?).await?;
    let report = view.job.outcome.and_then(|outcome| outcome.report);
    let json = [(header::CONTENT_TYPE, "application/json")];
    report
        .map(|text| (json, text).into_response())
        .ok_or_else(|| {
            Refusal::new(
                "no_report",
                "this job has no report",
                "only compressions that are chosen by quality have one, while their result is kept",
            )
        })
}

/// The SHA-256 of a whole result, which is made once.
async fn sha256(shared: &Arc<Shared>, ready: &Ready) -> Result<HeaderValue, Fault> {
    let name = &ready.outcome.digest;
    if let Some(known) = shared.digests.find(name) {
        return Ok(known);
    }
    let file = ready.file.try_clone();
    let made = blocking(&shared.services, move |_| {
        let read = file.and_then(|file| digest::sha256(&file));
        read.map_err(|error| problem::of_machine("the result could not be read", &error).into())
    });
    let value = made.await?;
    shared.digests.put(name.clone(), value.clone());
    Ok(value)
}

/// What stands in the head of a result, whole or not.
fn described(ready: &Ready, tag: &str) -> Result<HeaderMap, Refusal> {
    let extension = &ready.outcome.extension;
    let note = Note::of(&ready.job.order);
    let operation = Order::from_json(&ready.job.order)?.operation.name();
    let name = names::result(note.file_name.as_deref(), operation, extension);
    let mut fields = HeaderMap::new();
    let mut set = |name, value: &str| {
        let value =
            HeaderValue::try_from(value).expect("our own words, and a name that is escaped");
        fields.insert(name, value);
    };
    set(header::CONTENT_TYPE, names::media_type(extension));
    set(header::CONTENT_DISPOSITION, &names::attachment(&name));
    set(header::ETAG, tag);
    set(header::ACCEPT_RANGES, "bytes");
    set(header::CACHE_CONTROL, "private, no-cache");
    // Opened in a tab it is still nothing that could act.
    set(
        header::CONTENT_SECURITY_POLICY,
        "sandbox; default-src 'none'",
    );
    Ok(fields)
}

async fn view(shared: &Arc<Shared>, asker: &Asker, id: TaskId) -> Result<View, Fault> {
    let asker = asker.clone();
    blocking(&shared.services, move |s| s.tasks.view(&asker, &id)).await
}

fn task_id(text: &str) -> Result<TaskId, Fault> {
    TaskId::parse(text).ok_or_else(Fault::unknown_task)
}
