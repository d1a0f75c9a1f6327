//! Takes jobs from the queue, one at a time, and reports how they ended.
//!
//! Every report names the lease. When the lease is somebody else's by then, nothing is written and the work is thrown
//! away: two attempts can never mix.

mod hold;

use crate::order::Order;
use crate::runner::{Made, Runner, Stop, Task, Watch, Wish};
use crate::shared::Shared;
use crate::{clock, policy, problem};
use hold::Hold;
use kinora_media::quality::Report;
use kinora_store::contract::{Lease, Millis, Outcome, Problem, Progress, State, Verdict};
use kinora_store::{Fault, TaskId};
use std::io;
use std::path::Path;
use std::time::Duration;

/// Runs until the engine drains.
pub(crate) fn work(shared: &Shared, name: &str) {
    while !shared.is_draining() {
        let heard = shared.rings();
        let now = clock::now();
        match shared
            .parts
            .records
            .claim(name, now + policy::LEASE_MS, now)
        {
            Ok(Some(lease)) => attend(shared, &lease),
            Ok(None) => shared.wait(heard),
            Err(fault) => {
                tracing::error!(%fault, "the queue could not be read");
                shared.wait(heard);
            }
        }
    }
}

/// One claimed job, from its first moment to its report.
fn attend(shared: &Shared, lease: &Lease) {
    let id = &lease.job.id;
    let running = shared.begin_running();
    shared.live.set_running(id, &lease.job.progress);
    shared.live.notify_waiting();
    let began = std::time::Instant::now();
    let ended = carry_out(shared, lease, running);
    count(shared, lease, &ended, began.elapsed());
    let seconds = began.elapsed().as_secs_f64();
    tracing::info!(target: "performance", task = ?id, seconds, bytes_in = lease.job.input_size, "attempt");
    if let Err(fault) = report(shared, lease, ended) {
        tracing::warn!(task = ?id, %fault, "the report was not taken");
        disown(shared, id);
    }
    shared.end_running();
    shared.live.set_idle(id);
    shared.live.notify_waiting();
    // The client's next job may begin now.
    shared.ring();
}

fn count<T>(shared: &Shared, lease: &Lease, ended: &Result<T, Stop>, took: Duration) {
    let order = Order::from_json(&lease.job.order);
    let operation = order.map_or("unknown", |order| order.operation.name());
    let again = lease.job.attempt < shared.parts.config.attempts;
    let end = match ended {
        Ok(_) => "completed",
        Err(Stop::Asked(Wish::Cancel)) => "cancelled",
        Err(Stop::Asked(Wish::Drain)) => "released",
        Err(Stop::Asked(Wish::Lost | Wish::Continue | Wish::Wait)) => "lost",
        Err(Stop::Failed { transient, .. }) if *transient && again => "retried",
        Err(Stop::Failed { .. }) => "failed",
    };
    shared.tally.add(operation, end, took);
}

fn carry_out(shared: &Shared, lease: &Lease, running: usize) -> Result<(Made, u64, String), Stop> {
    let parts = &shared.parts;
    let id = &lease.job.id;
    if lease.job.cancel_requested {
        return Err(Stop::Asked(Wish::Cancel));
    }
    let attempts = parts.config.attempts.max(1);
    if lease.job.attempt > attempts {
        return Err(hopeless(crate::janitor::gave_up()));
    }
    let order = Order::from_json(&lease.job.order).map_err(hopeless)?;
    let (operation, parameters) = order.operation.form();
    let parameters = serde_json::Value::Object(parameters);
    tracing::info!(task = ?id, attempt = lease.job.attempt, operation, %parameters, "begun");
    let work = parts
        .blobs
        .create_work(id, lease.job.attempt)
        .map_err(|f| stored(&f))?;
    let keep = hold(shared, id, &order)?;
    let runner = Runner {
        tools: &parts.tools,
        share: &parts.share,
        threads: policy::threads(shared.cores, running),
        stall: Duration::from_secs(parts.config.stall.max(1)),
        time: Duration::from_secs(parts.config.max_duration.max(1)),
        file_size: Some(parts.blobs.room(parts.margin).map_err(|f| stored(&f))?),
    };
    let input = parts.blobs.input_path(id);
    let task = Task {
        operation: &order.operation,
        extension: order.extension.as_deref(),
        input: &input,
        work: &work,
        keep: keep.as_ref().map(Hold::directory),
    };
    let mut beat = Heartbeat::new(shared, lease);
    let made = runner.run(&task, &mut beat)?;
    let (size, digest) = hash(&made.path, &mut beat)?;
    Ok((made, size, digest))
}

/// Where chunks are kept, for orders that can go on from them.
fn hold(shared: &Shared, id: &TaskId, order: &Order) -> Result<Option<Hold>, Stop> {
    if order.operation.search().is_none() {
        return Ok(None);
    }
    let keep = shared.parts.blobs.keep(id).map_err(|f| stored(&f))?;
    Ok(Hold::take(keep))
}

/// Writes down how it ended; files first or last, so that a crash between two steps leaves nothing without an owner.
fn report(
    shared: &Shared,
    lease: &Lease,
    ended: Result<(Made, u64, String), Stop>,
) -> Result<(), Fault> {
    let id = &lease.job.id;
    match ended {
        Ok((made, size, digest)) => complete(shared, lease, made, size, digest),
        Err(Stop::Asked(Wish::Drain)) => {
            shared.parts.records.release(lease)?;
            tracing::info!(task = ?id, "put back into the queue");
            shared.parts.blobs.remove_work(id)
        }
        Err(Stop::Asked(Wish::Cancel)) => fail(shared, lease, State::Cancelled, &cancelled()),
        Err(Stop::Asked(Wish::Lost | Wish::Continue | Wish::Wait)) => {
            tracing::warn!(task = ?id, "the lease was lost");
            // The janitor leaves files to whoever may still be writing them.
            disown(shared, id);
            Ok(())
        }
        Err(Stop::Failed { problem, transient }) => {
            let again = transient && lease.job.attempt < shared.parts.config.attempts;
            tracing::warn!(target: "kinora_jobs", task = ?id, code = problem.code, description = ?problem.description, again, "failed");
            if !again {
                return fail(shared, lease, State::Failed, &problem);
            }
            let wait = policy::backoff_ms(lease.job.attempt, jitter(id));
            shared
                .parts
                .records
                .retry(lease, &problem, clock::now() + wait)?;
            shared.parts.blobs.remove_work(id)
        }
    }
}

fn complete(
    shared: &Shared,
    lease: &Lease,
    made: Made,
    size: u64,
    digest: String,
) -> Result<(), Fault> {
    let (parts, id) = (&shared.parts, &lease.job.id);
    if made.kept_original {
        parts.blobs.keep_input_as_result(id)?;
    } else {
        parts.blobs.commit_result(id, &made.path)?;
    }
    let outcome = Outcome {
        size,
        digest,
        extension: made.extension,
        kept_original: made.kept_original,
        notes: made.notes,
        report: made.report.and_then(|report| written(id, &report)),
    };
    let now = clock::now();
    parts
        .records
        .complete(lease, &outcome, now, now + parts.keep.result)?;
    tracing::info!(task = ?id, bytes = size, kept_original = outcome.kept_original, "completed");
    parts.blobs.remove_input(id)
}

/// The report as the store keeps it; a result is worth more than its report, so none is no failure.
fn written(id: &TaskId, report: &Report) -> Option<String> {
    let text = serde_json::to_string(report)
        .inspect_err(|error| tracing::warn!(task = ?id, %error, "the report is dropped"))
        .ok()?;
    if text.len() > policy::REPORT_BYTES {
        tracing::warn!(task = ?id, bytes = text.len(), "the report is dropped: it is too large");
        return None;
    }
    Some(text)
}

/// A result that came too late must not stay when the job has ended in another way.
fn disown(shared: &Shared, id: &TaskId) {
    let ended = match shared.parts.records.job(id) {
        Ok(Some(job)) => job.state.is_final() && job.state != State::Completed,
        Ok(None) => true,
        Err(_) => false,
    };
    if ended && let Err(fault) = shared.parts.blobs.remove(id) {
        tracing::warn!(task = ?id, %fault, "what is left of it could not be removed");
    }
}

fn fail(shared: &Shared, lease: &Lease, state: State, problem: &Problem) -> Result<(), Fault> {
    let now = clock::now();
    let parts = &shared.parts;
    parts
        .records
        .fail(lease, state, problem, now, now + parts.keep.result)?;
    parts.blobs.remove(&lease.job.id)
}

/// Renews the lease while the job moves, and hears what the client and the server want.
struct Heartbeat<'a> {
    shared: &'a Shared,
    lease: &'a Lease,
    renewed_at: Millis,
}

impl<'a> Heartbeat<'a> {
    fn new(shared: &'a Shared, lease: &'a Lease) -> Self {
        Self {
            shared,
            lease,
            renewed_at: clock::now(),
        }
    }

    fn renew(&mut self, progress: &Progress, now: Millis) -> Wish {
        let until = now + policy::LEASE_MS;
        match self
            .shared
            .parts
            .records
            .heartbeat(self.lease, progress, until)
        {
            Ok(Verdict::Continue) => {
                self.renewed_at = now;
                Wish::Continue
            }
            Ok(Verdict::Cancel) => Wish::Cancel,
            Ok(Verdict::Lost) => Wish::Lost,
            // The store may come back before the lease ends; after that the work is somebody else's.
            Err(_) if now - self.renewed_at < policy::LEASE_MS - policy::HEARTBEAT_MS => {
                Wish::Continue
            }
            Err(fault) => {
                tracing::error!(%fault, "the lease could not be renewed");
                Wish::Lost
            }
        }
    }
}

impl Watch for Heartbeat<'_> {
    fn report(&mut self, progress: &Progress) -> Wish {
        if self.shared.is_draining() {
            return Wish::Drain;
        }
        let id = &self.lease.job.id;
        if self.shared.live.is_cancelled(id) {
            return Wish::Cancel;
        }
        self.shared.live.set_running(id, progress);
        let now = clock::now();
        if now - self.renewed_at < policy::PROGRESS_MS {
            return Wish::Continue;
        }
        self.renew(progress, now)
    }
}

/// Size and BLAKE3 of the result: what the client checks its copy against.
fn hash(path: &Path, beat: &mut Heartbeat<'_>) -> Result<(u64, String), Stop> {
    let machine = |error: io::Error| Stop::Failed {
        problem: problem::of_machine("the result", &error),
        transient: true,
    };
    let mut file = std::fs::File::open(path).map_err(machine)?;
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0u8; 1 << 20];
    let progress = Progress {
        fraction: 1.0,
        stage: "verifying".into(),
        ..Progress::default()
    };
    loop {
        let n = io::Read::read(&mut file, &mut piece).map_err(machine)?;
        if n == 0 {
            return Ok((hasher.count(), hasher.finalize().to_hex().to_string()));
        }
        hasher.update(&piece[..n]);
        match beat.report(&progress) {
            Wish::Continue => {}
            wish => return Err(Stop::Asked(wish)),
        }
    }
}

/// Spread over jobs, the same for one job: its id is random already.
fn jitter(id: &TaskId) -> f64 {
    u32::from_str_radix(id.short(), 16).map_or(0.5, |n| f64::from(n) / f64::from(u32::MAX))
}

fn cancelled() -> Problem {
    Problem {
        code: "cancelled".into(),
        description: "the job was cancelled by its client".into(),
        solution: "send it again when it is wanted after all".into(),
    }
}

fn hopeless(problem: Problem) -> Stop {
    Stop::Failed {
        problem,
        transient: false,
    }
}

fn stored(fault: &Fault) -> Stop {
    Stop::Failed {
        problem: problem::of_store(fault),
        transient: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_kept_unless_it_is_too_large() {
        let id = TaskId::random();
        let mut report = Report {
            reason: "r".repeat(policy::REPORT_BYTES / 2),
            ..Report::default()
        };
        let text = written(&id, &report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
        report.reason = "r".repeat(policy::REPORT_BYTES);
        assert_eq!(written(&id, &report), None);
    }
}
