//! Uploads that go on where they broke off: tus 1.0.0 at `/files/`, with creation, creation-with-upload, termination,
//! checksum and expiration (<https://tus.io/protocols/resumable-upload>).
//!
//! A dialect and nothing more: what an upload is, and when its bytes count, is the business of `uploads`. An offset
//! that was answered will still be there after a crash.

mod metadata;
mod checksum;
mod receive;

use super::door::{Shared, Visitor};
use super::order::{self, Note};
use super::page;
use super::payload::Payload;
use super::problem::{ProblemBody, Refusal};
use super::shape::LARGEST_FILE;
use crate::fault::Fault;
use crate::services::blocking;
use crate::uploads::{Begin, Offer};
use axum::extract::{Path, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use checksum::Checksum;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode};
use kinora_store::TaskId;
use metadata::Metadata;
use receive::{Reception, Stand};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const VERSION: HeaderName = HeaderName::from_static("tus-version");
const EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const ALGORITHMS: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
/// Says which job has become of an upload; not of tus.
const JOB: HeaderName = HeaderName::from_static("kinora-job");

/// The only version there is.
const OURS: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,termination,checksum,expiration";
/// What the body of a `PATCH` is called.
const PIECE: &str = "application/offset+octet-stream";

/// Around every request: the version that both sides speak.
pub(super) async fn every(request: Request, next: Next) -> Response {
    let spoken = request.headers().get(RESUMABLE);
    let fits = spoken.is_some_and(|version| version == OURS);
    let mut response = match fits || request.method() == Method::OPTIONS {
        true => next.run(request).await,
        false => Refusal::new(
            "wrong_version",
            "uploads are tus 1.0.0, and the request does not say that it is",
            "send the field Tus-Resumable: 1.0.0",
        )
        .with(VERSION, HeaderValue::from_static(OURS))
        .into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(RESUMABLE, HeaderValue::from_static(OURS));
    response
}

/// Ask what this server can do (tus).
#[utoipa::path(options, path = "/files/", tag = "uploads", responses((status = 204, headers(
    ("tus-version" = String), ("tus-extension" = String), ("tus-max-size" = u64), ("tus-checksum-algorithm" = String),
))))]
pub(super) async fn options(State(shared): State<Arc<Shared>>) -> Response {
    let fields = [
        (VERSION, HeaderValue::from_static(OURS)),
        (EXTENSION, HeaderValue::from_static(EXTENSIONS)),
        (MAX_SIZE, largest(&shared).into()),
        (ALGORITHMS, HeaderValue::from_static(checksum::NAMES)),
    ];
    (StatusCode::NO_CONTENT, fields).into_response()
}

/// Begin an upload (tus).
///
/// `Upload-Metadata` may carry `filename`, `operation` and `options` (JSON): then the upload becomes a job as soon as it
/// is whole, under its own id. Without `operation` it waits for `POST /api/jobs`. A body counts like that of a `PATCH`.
#[utoipa::path(
    post,
    path = "/files/",
    tag = "uploads",
    params(
        ("tus-resumable" = String, Header, description = "1.0.0"),
        ("upload-length" = u64, Header, description = "the whole size in bytes"),
        ("upload-metadata" = Option<String>, Header, description = "pairs of a word and a Base64 value"),
    ),
    responses(
        (status = 201, headers(("location" = String), ("upload-offset" = u64), ("upload-expires" = String))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    request: Request,
) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let payload = Payload::new(body, shared.patience);
    let begun = begin(&shared, &visitor, &head.headers).await;
    let receiving = match begun {
        Ok(Begin::Receive(receiving)) => receiving,
        Ok(_) => return Err(Refusal::bad_request("the upload is there already")),
        Err(refusal) => {
            payload.pass_over();
            return Err(refusal);
        }
    };
    let id = receiving.id().clone();
    let reception = Reception {
        shared: Arc::clone(&shared),
        asker: visitor.owner()?,
        checksum: Checksum::of(&head.headers)?,
        announced: length(&head.headers),
    };
    let has_body = is_piece(&head.headers);
    let stand = match has_body {
        true => reception.run(receiving, payload).await?,
        false => reception.pause(receiving).await?,
    };
    let mut response = (StatusCode::CREATED, stand.fields()).into_response();
    let place = HeaderValue::try_from(format!("/files/{id}"));
    response.headers_mut().insert(
        header::LOCATION,
        place.expect("an id has letters and digits only"),
    );
    Ok(response)
}

/// Ask where an upload stands (tus).
///
/// A connection that still sends it is ended first, so that the offset stays true.
#[utoipa::path(
    head,
    path = "/files/{id}",
    tag = "uploads",
    params(("id" = String, Path), ("tus-resumable" = String, Header, description = "1.0.0")),
    responses(
        (status = 200, headers(("upload-offset" = u64), ("upload-length" = u64), ("upload-expires" = String))),
        (status = 404),
    )
)]
pub(super) async fn look(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let (asker, id) = (visitor.asker(), upload_id(&id)?);
    let stand = blocking(&shared.services, move |s| s.uploads.standing(&asker, &id)).await?;
    let mut fields = HeaderMap::new();
    fields.insert(OFFSET, stand.offset.into());
    fields.insert(LENGTH, stand.length.into());
    if let Some(at) = stand.expires_at {
        fields.insert(EXPIRES, date(at));
    }
    if let Some(name) = Note::of(&stand.order).file_name {
        fields.insert(METADATA, metadata::written(&name));
    }
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((StatusCode::OK, fields).into_response())
}

/// Send more of an upload (tus).
///
/// The answer comes when all of it is on disk. `Kinora-Job` names the job, once the upload has become one.
#[utoipa::path(
    patch,
    path = "/files/{id}",
    tag = "uploads",
    params(
        ("id" = String, Path),
        ("tus-resumable" = String, Header, description = "1.0.0"),
        ("upload-offset" = u64, Header, description = "where the body begins"),
        ("upload-checksum" = Option<String>, Header, description = "sha1 or sha256, and the Base64 digest of the body"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, headers(("upload-offset" = u64), ("upload-expires" = String), ("kinora-job" = String))),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "another offset: the answer names it"),
        (status = 423, body = ProblemBody, content_type = "application/problem+json", description = "a newer connection sends this upload"),
        (status = 460, body = ProblemBody, content_type = "application/problem+json", description = "the checksum is another one; nothing of the body counts"),
    )
)]
pub(super) async fn append(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let payload = Payload::new(body, shared.patience);
    let taken = take_up(&shared, &visitor, &id, &head.headers).await;
    let (reception, receiving) = match taken {
        Ok(taken) => taken,
        Err(refusal) => {
            payload.pass_over();
            return Err(refusal);
        }
    };
    let Some(receiving) = receiving else {
        return Ok((
            StatusCode::NO_CONTENT,
            reception.whole(&upload_id(&id)?).await?.fields(),
        )
            .into_response());
    };
    let stand = reception.run(receiving, payload).await?;
    Ok((StatusCode::NO_CONTENT, stand.fields()).into_response())
}

/// End an upload (tus).
///
/// Its bytes are deleted. Once it is a job, `DELETE /api/jobs/{id}` does it.
#[utoipa::path(
    delete,
    path = "/files/{id}",
    tag = "uploads",
    params(("id" = String, Path), ("tus-resumable" = String, Header, description = "1.0.0")),
    responses(
        (status = 204),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn terminate(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let (asker, id) = (visitor.asker(), upload_id(&id)?);
    blocking(&shared.services, move |s| s.uploads.terminate(&asker, &id)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// For clients that can only `POST`: the method stands in a field of its own.
pub(super) async fn overridden(
    shared: State<Arc<Shared>>,
    visitor: Visitor,
    id: Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let method = request.headers().get(OVERRIDE).map(HeaderValue::as_bytes);
    match method {
        Some(b"PATCH") => append(shared, visitor, id, request).await,
        Some(b"DELETE") => terminate(shared, visitor, id).await,
        Some(b"HEAD") => look(shared, visitor, id).await,
        _ => Err(page::no_method()),
    }
}

/// Reads every field that a client may send with an upload; see `super::outside`.
pub(super) fn outside(headers: &HeaderMap) {
    if let Ok(metadata) = Metadata::of(headers)
        && let Some(name) = &metadata.file_name
    {
        // It comes back as it was sent.
        metadata::written(name);
        let _ = Note::named(Some(name.as_str()));
    }
    if let Ok(Some(mut checksum)) = Checksum::of(headers) {
        checksum.update(b"body");
        let _ = checksum.fits();
    }
    let _ = (
        number(headers, &LENGTH),
        number(headers, &OFFSET),
        length(headers),
    );
}

async fn begin(
    shared: &Arc<Shared>,
    visitor: &Visitor,
    headers: &HeaderMap,
) -> Result<Begin, Refusal> {
    let asker = visitor.owner()?;
    let Some(whole) = number(headers, &LENGTH) else {
        return Err(Refusal::bad_request(
            "Upload-Length has to say how long the file is",
        ));
    };
    if whole > largest(shared) {
        return Err(Refusal::new(
            "file_too_large",
            format!(
                "a file of {whole} bytes is more than the {} that are taken",
                largest(shared)
            ),
            "send a shorter one",
        ));
    }
    // A checksum that cannot be read is told before anything is begun.
    Checksum::of(headers)?;
    let metadata = Metadata::of(headers)?;
    let note = Note::named(metadata.file_name.as_deref());
    let order = match &metadata.operation {
        Some(operation) => order::make(operation, &metadata.options, &note)?.to_json(),
        None => note.to_json(),
    };
    let offer = Offer {
        order,
        client: visitor.client.clone(),
        asker,
        // What can be taken up has a key; with a colon it is none that any other door takes.
        key: Some(format!("http:{}", TaskId::random())),
        length: whole,
        offset: 0,
        digest: None,
        confirm: true,
    };
    Ok(blocking(&shared.services, move |s| s.uploads.begin(&offer)).await?)
}

/// The upload that goes on; none when it is whole already and nothing more is sent.
async fn take_up(
    shared: &Arc<Shared>,
    visitor: &Visitor,
    id: &str,
    headers: &HeaderMap,
) -> Result<(Reception, Option<Box<crate::uploads::Receiving>>), Refusal> {
    let (asker, id) = (visitor.asker(), upload_id(id)?);
    let reception = Reception {
        shared: Arc::clone(shared),
        asker: asker.clone(),
        checksum: Checksum::of(headers)?,
        announced: length(headers),
    };
    if !is_piece(headers) {
        return Err(Refusal::new(
            "media_type",
            format!("the body of a PATCH is {PIECE}"),
            "set the Content-Type",
        ));
    }
    let Some(offset) = number(headers, &OFFSET) else {
        return Err(Refusal::bad_request(
            "Upload-Offset has to say where the body begins",
        ));
    };
    let taken = blocking(&shared.services, move |s| {
        s.uploads.take_up(&asker, &id, offset)
    })
    .await;
    match taken {
        Ok(receiving) => Ok((reception, Some(receiving))),
        Err(fault) => elsewhere(fault, offset, headers).map(|()| (reception, None)),
    }
}

/// A refusal that names the right offset. None where the client has nothing to send any more.
fn elsewhere(fault: Fault, offset: u64, headers: &HeaderMap) -> Result<(), Refusal> {
    let have = fault.extra.get("have").and_then(serde_json::Value::as_u64);
    match have {
        Some(have) if have == offset && length(headers) == Some(0) => Ok(()),
        Some(have) => Err(Refusal::from(fault).with(OFFSET, have)),
        None => Err(fault.into()),
    }
}

impl Stand {
    fn fields(&self) -> HeaderMap {
        let mut fields = HeaderMap::new();
        fields.insert(OFFSET, self.offset.into());
        if let Some(at) = self.expires_at {
            fields.insert(EXPIRES, date(at));
        }
        if let Some(job) = &self.job {
            let job = HeaderValue::try_from(job.as_str());
            fields.insert(JOB, job.expect("an id has letters and digits only"));
        }
        fields
    }
}

fn largest(shared: &Shared) -> u64 {
    shared.services.ceiling.min(LARGEST_FILE)
}

fn is_piece(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == PIECE)
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    let text = headers.get(name)?.to_str().ok()?;
    let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_digits.then(|| text.parse().ok())?
}

/// How long the body is, if the request says so.
fn length(headers: &HeaderMap) -> Option<u64> {
    number(headers, &header::CONTENT_LENGTH)
}

fn upload_id(text: &str) -> Result<TaskId, Fault> {
    TaskId::parse(text).ok_or_else(Fault::unknown_upload)
}

fn date(ms: i64) -> HeaderValue {
    let since = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    let text = httpdate::fmt_http_date(UNIX_EPOCH + since);
    HeaderValue::try_from(text).expect("a date has letters and digits only")
}
