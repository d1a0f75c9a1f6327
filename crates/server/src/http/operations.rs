//! `/api/operations`: what can be done, with every option and its limits, and whether an order would be taken.

use super::door::Shared;
use super::order::{self, Note};
use super::payload::Payload;
use super::problem::{ProblemBody, Refusal};
use super::shape::LARGEST_FILE;
use crate::services::blocking;
use axum::Json;
use axum::extract::{Path, Request, State};
use kinora_media::operation::TABLE;
use kinora_media::operation::table::{Parameter, Row, Value as Kind};
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;

/// What this server does.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OperationList {
    /// All operations.
    operations: Vec<OperationBody>,
    /// Whether results can be put into the library (`POST /api/jobs/{id}/keep`).
    can_keep: bool,
    /// The largest file that there would be room for, beside no other, in bytes.
    largest_file: u64,
}

/// One operation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OperationBody {
    /// Its name.
    #[schema(value_type = String, example = "gif")]
    name: &'static str,
    /// What it does, in one sentence.
    #[schema(value_type = String)]
    summary: &'static str,
    /// Options as an example.
    example: Value,
    /// Its options; all may be left out unless their help says otherwise.
    options: Vec<OptionBody>,
}

/// One option. Members that do not belong to its kind are missing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OptionBody {
    /// Its name.
    #[schema(value_type = String, example = "start")]
    name: &'static str,
    /// `integer`, `number`, `seconds`, `bytes`, `flag`, `choice`, `choice_or_integer` or `text`.
    #[schema(value_type = String, example = "seconds")]
    kind: &'static str,
    /// What it does.
    #[schema(value_type = String)]
    help: &'static str,
    /// The least that it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    least: Option<f64>,
    /// The most that it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    most: Option<f64>,
    /// The words that it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    words: Option<&'static [&'static str]>,
    /// What its text looks like.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    shape: Option<&'static str>,
}

/// An order that would be taken, in its usual spelling.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Checked {
    /// What would be done.
    #[schema(value_type = String)]
    operation: &'static str,
    /// With which options.
    options: Map<String, Value>,
}

/// List what can be done.
#[utoipa::path(
    get,
    path = "/api/operations",
    tag = "operations",
    responses((status = 200, body = OperationList))
)]
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
) -> Result<Json<OperationList>, Refusal> {
    let room = blocking(&shared.services, |s| s.uploads.room()).await?;
    let can_keep = shared.services.library.can_keep();
    Ok(Json(OperationList {
        operations: TABLE.iter().map(OperationBody::of).collect(),
        can_keep,
        largest_file: room.min(LARGEST_FILE),
    }))
}

/// Check options.
///
/// Whether a job with these options would be taken, without a video: for forms that say at once what is wrong.
#[utoipa::path(
    post,
    path = "/api/operations/{name}",
    tag = "operations",
    params(("name" = String, Path, description = "the operation")),
    request_body(content = Map<String, Value>, description = "the options"),
    responses(
        (status = 200, body = Checked),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn check(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<Checked>, Refusal> {
    let payload = Payload::new(request.into_body(), shared.patience);
    let options: Map<String, Value> = payload.json().await?;
    let order = order::make(&name, &options, &Note::default())?;
    let (operation, options) = order.operation.form();
    Ok(Json(Checked { operation, options }))
}

impl OperationBody {
    fn of(row: &Row) -> Self {
        Self {
            name: row.name,
            summary: row.summary,
            example: serde_json::from_str(row.example).unwrap_or_default(),
            options: row.parameters.iter().map(OptionBody::of).collect(),
        }
    }
}

impl OptionBody {
    fn of(parameter: &Parameter) -> Self {
        let mut body = Self {
            name: parameter.name,
            kind: "",
            help: parameter.help,
            least: None,
            most: None,
            words: None,
            shape: None,
        };
        let mut bounds = |least: f64, most: f64| {
            body.least = Some(least);
            body.most = Some(most);
        };
        body.kind = match parameter.kind {
            Kind::Integer(least, most) => {
                bounds(least as f64, most as f64);
                "integer"
            }
            Kind::Number(least, most) => {
                bounds(least, most);
                "number"
            }
            Kind::Seconds => "seconds",
            Kind::Bytes => "bytes",
            Kind::Flag => "flag",
            Kind::Choice(words) => {
                body.words = Some(words);
                "choice"
            }
            Kind::WordOrInteger(words, least, most) => {
                bounds(least as f64, most as f64);
                body.words = Some(words);
                "choice_or_integer"
            }
            Kind::Text(shape) => {
                body.shape = Some(shape);
                "text"
            }
        };
        body
    }
}
