//! Parcels over HTTP: sealed files that people send each other, in pieces that go on where they broke off.
//!
//! Who asks is shown by a pass, which a device's connection (`talk`) is given in `Ready`. What a parcel is, and who may
//! have it, is the business of `crate::talk`; docs/talk.md tells clients.

use super::door::Shared;
use super::entity::{self, Entity};
use super::payload::{Broken, Payload};
use super::problem::{ProblemBody, Refusal};
use super::send::FileBody;
use super::source::{Means, Source};
use crate::fault::Fault;
use crate::listen::stopped;
use crate::talk::{Arriving, Pass, Seat, unknown_parcel};
use crate::uploads::stopping_now;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode};
use kinora_store::parcel::{Parcel, ParcelId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

const PASS: HeaderName = HeaderName::from_static("talk-pass");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
/// What the body of a `PATCH` is called, as for other uploads.
const PIECE: &str = "application/offset+octet-stream";
/// Nobody but who asked may keep it.
const NOT_KEPT: &str = "no-store";

/// What is to be kept for somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// For whom: a name of the directory.
    to: String,
    /// All bytes, sealed.
    size: u64,
}

/// A parcel that bytes can be sent to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Place {
    /// 32 digits.
    id: String,
    /// All bytes.
    size: u64,
    /// When it goes unless more of it comes, in seconds since 1970.
    expires_s: u64,
}

/// Set room aside for a sealed file.
///
/// Needs a pass of the talk (docs/talk.md) in `Talk-Pass`, as all of these do.
#[utoipa::path(
    post,
    path = "/api/talk/parcels",
    tag = "talk",
    params(("talk-pass" = String, Header, description = "64 digits: what Ready told this device")),
    request_body = Wish,
    responses(
        (status = 201, body = Place, headers(("location" = String))),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
        (status = 507, body = ProblemBody, content_type = "application/problem+json", description = "too much waits here"),
    )
)]
pub(super) async fn reserve(
    State(shared): State<Arc<Shared>>,
    request: Request,
) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let payload = Payload::new(body, shared.patience);
    let seat = holder(&shared, &head.headers)?;
    let Wish { to, size } = payload.json().await?;
    let (id, parcel) = shared
        .services
        .talk
        .with_parcels(move |parcels, now_s| parcels.reserve(seat, &to, size, now_s))
        .await?;
    let place = Place {
        id: id.to_string(),
        size: parcel.size,
        expires_s: parcel.expires_s,
    };
    let at = HeaderValue::try_from(format!("/api/talk/parcels/{id}"));
    let at = at.expect("an id has digits only");
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, at)],
        axum::Json(place),
    )
        .into_response())
}

/// Ask where a sealed file stands.
#[utoipa::path(
    head,
    path = "/api/talk/parcels/{id}",
    tag = "talk",
    params(("id" = String, Path), ("talk-pass" = String, Header)),
    responses(
        (status = 200, headers(("upload-offset" = u64), ("upload-length" = u64))),
        (status = 404),
    )
)]
pub(super) async fn look(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (seat, id) = (holder(&shared, &headers)?, parcel_id(&id)?);
    let talk = &shared.services.talk;
    let found = talk.with_parcels(move |parcels, now_s| parcels.look(&id, seat, now_s));
    Ok((StatusCode::OK, stand(&found.await?)).into_response())
}

/// Send more of a sealed file.
///
/// The answer comes when all of it is on disk. A connection that breaks loses nothing of what has come: `HEAD` tells how
/// much that is. Pieces of a few megabytes are best.
#[utoipa::path(
    patch,
    path = "/api/talk/parcels/{id}",
    tag = "talk",
    params(
        ("id" = String, Path),
        ("talk-pass" = String, Header),
        ("upload-offset" = u64, Header, description = "where the body begins"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, headers(("upload-offset" = u64), ("upload-length" = u64))),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "another offset: `have` names it"),
    )
)]
pub(super) async fn append(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let payload = Payload::new(body, shared.patience);
    match begin(&shared, &id, &head.headers).await {
        Ok(arriving) => {
            // In a task of its own, which outlives the connection: what has arrived is written down whatever happens.
            let done = tokio::spawn(receive(shared, arriving, payload)).await;
            let parcel = done.map_err(|_| broke())??;
            Ok((StatusCode::NO_CONTENT, stand(&parcel)).into_response())
        }
        Err(refusal) => {
            payload.pass_over();
            Err(refusal)
        }
    }
}

/// Fetch a sealed file, or a part of it.
#[utoipa::path(
    get,
    path = "/api/talk/parcels/{id}",
    tag = "talk",
    params(
        ("id" = String, Path),
        ("talk-pass" = String, Header),
        ("range" = Option<String>, Header, description = "one range of bytes"),
    ),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "not all of it is here"),
    )
)]
pub(super) async fn fetch(
    State(shared): State<Arc<Shared>>,
    means: Means,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (seat, id) = (holder(&shared, &headers)?, parcel_id(&id)?);
    let talk = &shared.services.talk;
    let found = talk.with_parcels(move |parcels, now_s| parcels.fetch(&id, seat, now_s));
    let (file, size) = found.await?;
    // The bytes of a parcel never change.
    let entity = Entity {
        tag: &format!("\"{id}\""),
        size,
        media_type: "application/octet-stream",
        keep: NOT_KEPT,
    };
    entity::answer(&entity, &Method::GET, &headers, |at, length| {
        Body::new(FileBody::new(Source::new(file, means), at, length))
    })
}

/// This device needs a sealed file no more.
///
/// It goes when all devices that it was for have said so, and at once when it is taken back by whoever sent it.
#[utoipa::path(
    delete,
    path = "/api/talk/parcels/{id}",
    tag = "talk",
    params(("id" = String, Path), ("talk-pass" = String, Header)),
    responses(
        (status = 204),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn part(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (seat, id) = (holder(&shared, &headers)?, parcel_id(&id)?);
    let talk = &shared.services.talk;
    talk.with_parcels(move |parcels, _| parcels.part(&id, seat))
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Reads the fields that come with a parcel; see `super::outside`.
pub(super) fn outside(headers: &HeaderMap) {
    let _ = (pass(headers), offset(headers));
}

async fn begin(shared: &Arc<Shared>, id: &str, headers: &HeaderMap) -> Result<Arriving, Refusal> {
    let (seat, id) = (holder(shared, headers)?, parcel_id(id)?);
    let kind = headers.get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != PIECE) {
        return Err(Refusal::new(
            "media_type",
            format!("the body of a PATCH is {PIECE}"),
            "set the Content-Type",
        ));
    }
    let Some(offset) = offset(headers) else {
        return Err(Refusal::bad_request(
            "Upload-Offset has to say where the body begins",
        ));
    };
    let talk = &shared.services.talk;
    let taken = talk.with_parcels(move |parcels, now_s| parcels.take_up(&id, seat, offset, now_s));
    Ok(taken.await?)
}

async fn receive(
    shared: Arc<Shared>,
    mut arriving: Arriving,
    mut payload: Payload,
) -> Result<Parcel, Refusal> {
    let read = read(&shared, &mut arriving, &mut payload).await;
    let talk = &shared.services.talk;
    let settled = talk.with_parcels(move |parcels, now_s| parcels.settle(&arriving, now_s));
    let settled = settled.await;
    match read {
        Ok(()) => Ok(settled?),
        Err(broken) => {
            if matches!(broken, Broken::Refused(_)) {
                payload.pass_over();
            }
            Err(broken.into())
        }
    }
}

async fn read(
    shared: &Shared,
    arriving: &mut Arriving,
    payload: &mut Payload,
) -> Result<(), Broken> {
    let mut stopping = shared.stopping.clone();
    loop {
        let piece = tokio::select! {
            piece = payload.next() => piece?,
            () = stopped(&mut stopping) => return Err(stopping_now().into()),
        };
        let Some(bytes) = piece else { return Ok(()) };
        arriving.write(&bytes)?;
        // A sender that is always ahead must not keep this thread from all others.
        tokio::task::coop::consume_budget().await;
    }
}

/// Whose request this is.
fn holder(shared: &Shared, headers: &HeaderMap) -> Result<Seat, Refusal> {
    let seat = pass(headers).and_then(|pass| shared.services.talk.holder(&pass));
    seat.ok_or_else(|| {
        Refusal::new(
            "pass_required",
            "files are for people of the talk, and the request shows no pass of a device that is connected",
            "connect to the talk, and send the newest pass of this device as Talk-Pass",
        )
    })
}

fn pass(headers: &HeaderMap) -> Option<Pass> {
    let text = headers.get(PASS)?.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut pass = [0; 32];
    if text.len() != 2 * pass.len() {
        return None;
    }
    for (byte, pair) in pass.iter_mut().zip(text.chunks_exact(2)) {
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(Pass(pass))
}

fn offset(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(OFFSET)?.to_str().ok()?;
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok())?
}

fn parcel_id(text: &str) -> Result<ParcelId, Fault> {
    ParcelId::parse(text).ok_or_else(unknown_parcel)
}

fn stand(parcel: &Parcel) -> [(HeaderName, HeaderValue); 2] {
    [
        (OFFSET, parcel.received.into()),
        (LENGTH, parcel.size.into()),
    ]
}

fn broke() -> Refusal {
    Refusal::new(
        "internal",
        "the server failed",
        "ask where the file stands, and go on; the operator finds more in the log",
    )
}
