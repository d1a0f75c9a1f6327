//! `/api/links`: which links to titles are good, and how one of them is taken back. For whoever runs the server.

use super::door::Shared;
use super::problem::{ProblemBody, Refusal};
use crate::access::GivenLink;
use crate::services::blocking;
use axum::Json;
use axum::extract::{Path, State};
use hyper::StatusCode;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The links that are good, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinkList {
    links: Vec<LinkBody>,
}

/// A link; its address is known only to who has it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinkBody {
    /// By which it is taken back.
    id: String,
    /// What the title was called.
    name: String,
    /// The name of the token that it was given to; null where none was needed.
    holder: Option<String>,
    /// When it was given, in seconds since 1970.
    made_at_s: u64,
    /// Until when it is good, in seconds since 1970.
    expires_at_s: u64,
}

impl From<GivenLink> for LinkBody {
    fn from(link: GivenLink) -> Self {
        Self {
            id: link.id,
            name: link.name,
            holder: Some(link.holder).filter(|holder| !holder.is_empty()),
            made_at_s: link.made_s,
            expires_at_s: link.expires_s,
        }
    }
}

/// List the links to titles that were given.
///
/// Those of `kinora share`, until they end. For this machine, and for tokens with the scope `administer`.
#[utoipa::path(
    get,
    path = "/api/links",
    tag = "operation",
    responses(
        (status = 200, body = LinkList),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Result<Json<LinkList>, Refusal> {
    let links = blocking(&shared.services, |services| services.library.given()).await?;
    Ok(Json(LinkList {
        links: links.into_iter().map(LinkBody::from).collect(),
    }))
}

/// Take a link back.
///
/// From the next request on it opens nothing. For this machine, and for tokens with the scope `administer`.
#[utoipa::path(
    delete,
    path = "/api/links/{id}",
    tag = "operation",
    params(("id" = String, Path, description = "the link, as the list calls it")),
    responses(
        (status = 204, description = "it is worth nothing now"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn revoke(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    blocking(&shared.services, move |services| {
        services.library.revoke(&id)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
