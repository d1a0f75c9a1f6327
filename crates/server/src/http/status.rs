//! `/api/status`: how the server is doing, for its operator's view of the page.

use super::door::Shared;
use super::problem::{ProblemBody, Refusal};
use crate::services::blocking;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// How the server is doing. Counts go back to its start.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StatusBody {
    /// The version that runs.
    #[schema(value_type = String)]
    version: &'static str,
    /// Jobs that wait for their turn, of all sessions.
    queued: u64,
    /// Jobs that are worked on.
    processing: u64,
    /// Jobs whose results are kept.
    completed: u64,
    /// Uploads that are not jobs yet.
    uploads: u64,
    /// Bytes that uploads, jobs and results have set aside.
    storage_reserved: u64,
    /// Bytes that files between people have set aside.
    storage_parcels: u64,
    /// Bytes that all of these may take together.
    storage_ceiling: u64,
    /// Bytes that can still be set aside: less than up to the ceiling where the disk has no more.
    storage_free: u64,
    /// How the processor is divided between video and serving.
    processor: String,
    /// Bytes of uploads.
    received: u64,
    /// Bytes of results.
    sent: u64,
    /// What has been worked on.
    attempts: Vec<AttemptCount>,
}

/// Attempts of one operation that ended in one way.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AttemptCount {
    /// What was done.
    #[schema(value_type = String)]
    operation: &'static str,
    /// `completed`, `failed`, `cancelled`, `retried`, `released` or `lost`.
    #[schema(value_type = String)]
    end: &'static str,
    /// How many.
    count: u64,
    /// Seconds that they took together.
    seconds: f64,
}

/// Ask how the server is doing.
///
/// For this machine, and for tokens with the scope `administer`.
#[utoipa::path(
    get,
    path = "/api/status",
    tag = "operation",
    responses(
        (status = 200, body = StatusBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn status(State(shared): State<Arc<Shared>>) -> Result<Json<StatusBody>, Refusal> {
    let services = &shared.services;
    let found = blocking(services, |s| {
        Ok((s.tasks.totals()?, s.uploads.free()?, s.uploads.parcels()?))
    });
    let (totals, free, parcels) = found.await?;
    let counts = services.engine.counts().into_iter();
    let attempts = counts.map(|((operation, end), count)| AttemptCount {
        operation,
        end,
        count: count.attempts,
        seconds: count.seconds,
    });
    Ok(Json(StatusBody {
        version: env!("CARGO_PKG_VERSION"),
        queued: totals.queued,
        processing: totals.processing,
        completed: totals.completed,
        uploads: totals.uploads,
        storage_reserved: totals.reserved,
        storage_parcels: parcels,
        storage_ceiling: services.ceiling,
        storage_free: free,
        processor: services.share.describe(),
        received: services.counters.received.get(),
        sent: services.counters.sent.get(),
        attempts: attempts.collect(),
    }))
}
