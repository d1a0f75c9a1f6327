//! Whether this server lives, and whether it can take jobs: for whoever keeps it running.

use super::door::Shared;
use super::problem::{ProblemBody, Refusal};
use crate::services::blocking;
use axum::extract::State;
use std::sync::Arc;

/// Ask whether the server lives.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operation",
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Ask whether the server can take jobs.
///
/// It cannot while it stops, and when its store or its disk refuses.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operation",
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Result<&'static str, Refusal> {
    if *shared.stopping.borrow() {
        return Err(crate::uploads::stopping_now().into());
    }
    let free = blocking(&shared.services, |s| s.uploads.free()).await;
    match free {
        Ok(0) => Err(not_ready("there is no room for another byte")),
        Ok(_) => Ok("ok\n"),
        Err(_) => Err(not_ready("the store cannot be read")),
    }
}

fn not_ready(why: &str) -> Refusal {
    Refusal::new(
        "not_ready_yet",
        why,
        "try again later; the operator finds more in the server's log",
    )
}
