//! `/metrics`: the counts of this server, in the text form of Prometheus (version 0.0.4).
//!
//! Units are seconds and bytes, what only grows ends in `_total`, labels have few values.

use super::door::Shared;
use super::problem::Refusal;
use crate::counters::Connections;
use crate::services::blocking;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::header;
use nix::sys::resource::{UsageWho, getrusage};
use std::fmt::{Display, Write};
use std::sync::Arc;

/// The media type of the form.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Read the counts (Prometheus).
///
/// For this machine, and for tokens with the scope `administer`.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Result<Response, Refusal> {
    let mut page = Page::default();
    jobs(&mut page, &shared).await?;
    library(&mut page, &shared);
    transfers(&mut page, &shared);
    page.metric("kinora_build_info", "gauge", "The version that runs.");
    page.sample(
        "kinora_build_info",
        &[("version", env!("CARGO_PKG_VERSION"))],
        1,
    );
    Ok(([(header::CONTENT_TYPE, TEXT)], page.0).into_response())
}

async fn jobs(page: &mut Page, shared: &Arc<Shared>) -> Result<(), Refusal> {
    let services = &shared.services;
    let found = blocking(services, |s| {
        Ok((s.tasks.totals()?, s.uploads.free()?, s.uploads.parcels()?))
    });
    let (totals, free, parcels) = found.await?;
    page.metric("kinora_jobs", "gauge", "Jobs that are kept, by state.");
    for (state, count) in [
        ("queued", totals.queued),
        ("processing", totals.processing),
        ("completed", totals.completed),
    ] {
        page.sample("kinora_jobs", &[("state", state)], count);
    }
    page.metric(
        "kinora_queue_length",
        "gauge",
        "Jobs that wait for their turn.",
    );
    page.sample("kinora_queue_length", &[], totals.queued);
    page.metric("kinora_uploads", "gauge", "Uploads that are not jobs yet.");
    page.sample("kinora_uploads", &[], totals.uploads);
    let name = "kinora_jobs_accepted_total";
    page.metric(name, "counter", "Jobs that were taken, by operation.");
    for (operation, count) in services.counters.accepted() {
        page.sample(name, &[("operation", operation)], count);
    }
    let counts = services.engine.counts();
    let name = "kinora_attempts_total";
    page.metric(
        name,
        "counter",
        "Attempts that ended, by operation and end.",
    );
    for ((operation, end), count) in &counts {
        page.sample(
            name,
            &[("operation", operation), ("end", end)],
            count.attempts,
        );
    }
    let name = "kinora_attempt_seconds_total";
    page.metric(
        name,
        "counter",
        "Time that attempts took, by operation and end.",
    );
    for ((operation, end), count) in &counts {
        page.sample(
            name,
            &[("operation", operation), ("end", end)],
            count.seconds,
        );
    }
    if let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) {
        let name = "kinora_ffmpeg_cpu_seconds_total";
        page.metric(
            name,
            "counter",
            "Processor time of FFmpeg processes that have ended.",
        );
        for (mode, time) in [("user", usage.user_time()), ("system", usage.system_time())] {
            let seconds = time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
            page.sample(name, &[("mode", mode)], seconds);
        }
    }
    for (name, help, bytes) in [
        (
            "kinora_storage_reserved_bytes",
            "Space that uploads, jobs and results have set aside.",
            totals.reserved,
        ),
        (
            "kinora_storage_parcels_bytes",
            "Space that files between people have set aside.",
            parcels,
        ),
        (
            "kinora_storage_ceiling_bytes",
            "Space that all of these may take together.",
            services.ceiling,
        ),
        (
            "kinora_storage_free_bytes",
            "Space that can still be set aside.",
            free,
        ),
    ] {
        page.metric(name, "gauge", help);
        page.sample(name, &[], bytes);
    }
    Ok(())
}

/// What is made for the library; nothing where there is none.
fn library(page: &mut Page, shared: &Shared) {
    let library = &shared.services.library;
    if !library.is_there() {
        return;
    }
    page.metric("kinora_library_titles", "gauge", "Videos that were found.");
    page.sample("kinora_library_titles", &[], library.count());
    let making = library.making();
    let name = "kinora_library_making";
    page.metric(name, "gauge", "Titles that something is made of, by state.");
    for (state, is_waiting) in [("running", false), ("waiting", true)] {
        let is_so = making.is_some_and(|making| making.is_waiting == is_waiting);
        page.sample(name, &[("state", state)], u8::from(is_so));
    }
    let Some(making) = making else { return };
    let name = "kinora_library_making_progress";
    page.metric(name, "gauge", "How much of it is done, 0 to 1.");
    page.sample(name, &[], making.done);
    if let Some(remaining_s) = making.remaining_s {
        let name = "kinora_library_making_remaining_seconds";
        page.metric(name, "gauge", "How long the rest takes.");
        page.sample(name, &[], remaining_s.round());
    }
}

fn transfers(page: &mut Page, shared: &Shared) {
    let counters = &shared.services.counters;
    page.metric(
        "kinora_received_bytes_total",
        "counter",
        "Bytes of uploads, at all doors.",
    );
    page.sample("kinora_received_bytes_total", &[], counters.received.get());
    page.metric(
        "kinora_sent_bytes_total",
        "counter",
        "Bytes of results, at all doors.",
    );
    page.sample("kinora_sent_bytes_total", &[], counters.sent.get());
    let doors: [(&str, &Connections); 2] = [("mmp", &counters.mmp), ("http", &counters.http)];
    page.metric(
        "kinora_connections",
        "gauge",
        "Connections that are open, by door.",
    );
    for (door, connections) in doors {
        let open = connections
            .accepted
            .get()
            .saturating_sub(connections.ended.get());
        page.sample("kinora_connections", &[("door", door)], open);
    }
    page.metric(
        "kinora_connections_total",
        "counter",
        "Connections that were accepted, by door.",
    );
    for (door, connections) in doors {
        page.sample(
            "kinora_connections_total",
            &[("door", door)],
            connections.accepted.get(),
        );
    }
    let name = "kinora_http_requests_total";
    page.metric(
        name,
        "counter",
        "Requests that were answered, by route, method and status.",
    );
    for (kind, count) in shared.requests.counts() {
        let status = kind.status.to_string();
        let labels = [
            ("route", kind.route.as_str()),
            ("method", kind.method),
            ("status", &status),
        ];
        page.sample(name, &labels, count);
    }
}

/// The page while it is written. Labels are our own words, so nothing in them needs escaping.
#[derive(Debug, Default)]
struct Page(String);

impl Page {
    fn metric(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        let _ = match labels.is_empty() {
            true => writeln!(self.0, "{name} {value}"),
            false => writeln!(self.0, "{name}{{{}}} {value}", labels.join(",")),
        };
    }
}
