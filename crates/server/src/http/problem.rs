//! Refusals and failures as `application/problem+json` (RFC 9457), with the same words as at every other door.

use crate::fault::Fault;
use axum::response::{IntoResponse, Response};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use kinora_store::contract::Problem;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// The media type of every error.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// Codes whose status is not that of a request that makes no sense (422).
pub(super) const STATUSES: &[(StatusCode, &[&str])] = &[
    (
        StatusCode::BAD_REQUEST,
        &["bad_request", "bad_json", "bad_form"],
    ),
    (
        StatusCode::UNAUTHORIZED,
        &["no_session", "invalid_token", "token_required"],
    ),
    (
        StatusCode::FORBIDDEN,
        &[
            "cross_site",
            "wrong_scope",
            "tls_required",
            "invalid_link",
            "pass_required",
        ],
    ),
    (
        StatusCode::NOT_FOUND,
        &[
            "unknown_task",
            "unknown_upload",
            "unknown_title",
            "unknown_link",
            "unknown_parcel",
            "unknown_user",
            "no_page",
            "no_report",
        ],
    ),
    (StatusCode::METHOD_NOT_ALLOWED, &["no_method"]),
    (StatusCode::REQUEST_TIMEOUT, &["too_slow"]),
    (
        StatusCode::CONFLICT,
        &[
            "conflict",
            "not_ready",
            "offset_mismatch",
            "upload_incomplete",
            "parcel_incomplete",
            "cancelled",
            "not_playable",
            "missing_renditions",
            "keeping_is_off",
            "not_a_video",
        ],
    ),
    (StatusCode::GONE, &["result_expired", "link_expired"]),
    (StatusCode::LENGTH_REQUIRED, &["length_required"]),
    (StatusCode::PRECONDITION_FAILED, &["wrong_version"]),
    (StatusCode::PAYLOAD_TOO_LARGE, &["file_too_large"]),
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, &["media_type"]),
    (StatusCode::RANGE_NOT_SATISFIABLE, &["range"]),
    (StatusCode::MISDIRECTED_REQUEST, &["wrong_host"]),
    (StatusCode::LOCKED, &["upload_in_use"]),
    (
        StatusCode::TOO_MANY_REQUESTS,
        &["client_busy", "too_many_requests", "too_many_links"],
    ),
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        &[
            "internal",
            "machine_fault",
            "store_failed",
            "store_damaged",
            "order_unreadable",
        ],
    ),
    (
        StatusCode::SERVICE_UNAVAILABLE,
        &["server_stopping", "not_ready_yet", "not_made_yet"],
    ),
    (
        StatusCode::INSUFFICIENT_STORAGE,
        &[
            "storage_full",
            "client_storage_full",
            "disk_full",
            "talk_space_full",
        ],
    ),
];

/// Seconds after which a refusal for want of room or turns may have passed.
const RETRY_AFTER: u32 = 30;

/// The body of an error.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProblemBody {
    /// Names the kind of problem: `urn:kinora:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The status, again.
    status: u16,
    /// The code in words.
    title: String,
    /// What failed, and where: the same as `description`.
    detail: String,
    /// Stable, `snake_case`; the same at every door.
    code: String,
    /// What failed, and where.
    description: String,
    /// What to do.
    solution: String,
    /// Members that belong to a code, such as `have` with `offset_mismatch`.
    #[serde(flatten)]
    #[schema(ignore)]
    extra: Map<String, Value>,
}

/// A refusal on its way out.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The words.
    pub(super) fault: Fault,
    /// Fields of the head beside the usual ones.
    headers: Option<Box<HeaderMap>>,
    status: Option<StatusCode>,
}

impl Refusal {
    /// A refusal in our own words; the status follows from the code.
    pub(super) fn new(code: &str, description: impl Into<String>, solution: &str) -> Self {
        Fault::new(code, description, solution).into()
    }

    /// With another status than the code's.
    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// With one more field in its head.
    pub(super) fn with(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        let headers = self.headers.get_or_insert_default();
        headers.insert(name, value.into());
        self
    }

    /// What it is answered with.
    pub(super) fn status(&self) -> StatusCode {
        self.status
            .unwrap_or_else(|| status_of(&self.fault.problem.code))
    }

    /// Nothing is at this address, or nothing that this client may know of.
    pub(super) fn no_page() -> Self {
        Self::new(
            "no_page",
            "there is nothing at this address",
            "see /api/docs for what there is",
        )
    }

    /// Something in the request's head or body that cannot be read.
    pub(super) fn bad_request(description: impl Into<String>) -> Self {
        Self::new(
            "bad_request",
            description,
            "see /api/docs for what is expected here",
        )
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            headers: None,
            status: None,
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Fault::from(problem).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = body(status, self.fault);
        let text = serde_json::to_vec(&body).expect("a problem is plain data with string keys");
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.extend(self.headers.map(|headers| *headers).unwrap_or_default());
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        match status {
            StatusCode::UNAUTHORIZED => {
                let scheme = HeaderValue::from_static("Bearer");
                headers.insert(header::WWW_AUTHENTICATE, scheme);
            }
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::INSUFFICIENT_STORAGE => {
                headers.insert(header::RETRY_AFTER, RETRY_AFTER.into());
            }
            _ => {}
        }
        response
    }
}

fn body(status: StatusCode, fault: Fault) -> ProblemBody {
    let Problem {
        code,
        description,
        solution,
    } = fault.problem;
    let words = code.replace('_', " ");
    let title = words
        .chars()
        .take(1)
        .flat_map(char::to_uppercase)
        .chain(words.chars().skip(1));
    ProblemBody {
        kind: format!("urn:kinora:problem:{code}"),
        status: status.as_u16(),
        title: title.collect(),
        detail: description.clone(),
        code,
        description,
        solution,
        extra: fault.extra,
    }
}

fn status_of(code: &str) -> StatusCode {
    let known = STATUSES.iter().find(|(_, codes)| codes.contains(&code));
    known.map_or(StatusCode::UNPROCESSABLE_ENTITY, |(status, _)| *status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    fn told(refusal: Refusal) -> String {
        let (head, body) = refusal.into_response().into_parts();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let body = runtime
            .unwrap()
            .block_on(body.collect())
            .unwrap()
            .to_bytes();
        let json: Value = serde_json::from_slice(&body).unwrap();
        format!("{} {:#?}\n{json:#}", head.status, head.headers)
    }

    #[test]
    fn problems_have_one_form() {
        insta::assert_snapshot!(
            "no-session",
            told(Refusal::new("no_session", "who?", "say it"))
        );
        let mismatch = kinora_store::Fault::Offset { have: 5, wanted: 7 };
        insta::assert_snapshot!("offset-mismatch", told(Fault::from(mismatch).into()));
        let bad =
            kinora_media::Operation::from_form("gif", &Map::from_iter([("fps".into(), 99.into())]));
        insta::assert_snapshot!("invalid-option", told(Fault::from(bad.unwrap_err()).into()));
        let full = kinora_store::Fault::Full { wanted: 9, free: 3 };
        insta::assert_snapshot!("storage-full", told(Fault::from(full).into()));
    }

    #[test]
    fn each_code_stands_once() {
        let mut codes: Vec<&str> = STATUSES
            .iter()
            .flat_map(|(_, codes)| codes.iter().copied())
            .collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }
}
