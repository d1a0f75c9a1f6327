//! The server's memory while many uploads run.

use super::Bench;
use super::load::Pattern;
use super::place::Place;
use super::report::{Aim, Section};
use super::series::Series;
use super::server::Server;
use anyhow::{Result, ensure};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Uploads at the same time.
const UPLOADS: usize = 100;
/// Each is so long.
const LENGTH: u64 = 48 << 20;
/// How often one looks.
const TICK: Duration = Duration::from_millis(20);

/// What was seen in one round.
struct Seen {
    idle: f64,
    peak: f64,
    own: f64,
}

/// Rounds, each with a new server: a peak never goes down.
pub(crate) fn run(bench: &Bench) -> Result<Vec<Section>> {
    let mut section = Section::new("Memory while 100 uploads run");
    let [mut idle, mut peak, mut own] = [const { Series::new() }; 3];
    for _ in 0..if bench.quick { 1 } else { 3 } {
        let seen = round(bench)?;
        idle.push(seen.idle);
        peak.push(seen.peak);
        own.push(seen.own);
    }
    section.row("before: resident", &idle, "MiB");
    section.always("most resident (VmHWM)", &peak, "MiB", Aim::AtMost(64.0));
    section.always("most of its own (RssAnon)", &own, "MiB", Aim::AtMost(64.0));
    section.note(format!(
        "{UPLOADS} uploads of {} MiB each on as many connections, all begun at the same moment, as fast as they go; \
         data in memory, which is not the server's.",
        LENGTH >> 20
    ));
    Ok(vec![section])
}

fn round(bench: &Bench) -> Result<Seen> {
    const MIB: f64 = (1 << 20) as f64;
    let server = Server::start(&bench.program, &Place::memory(), "auto")?;
    let idle = server.memory()?.peak;
    let pattern = Pattern::new();
    let digest = pattern.digest(LENGTH);
    let (ready, left) = (Barrier::new(UPLOADS), AtomicUsize::new(UPLOADS));
    let mut own = 0;
    let failed = std::thread::scope(|scope| -> Result<usize> {
        let upload = || {
            let connection = server.connect();
            ready.wait();
            let done = connection.and_then(|mut to| to.upload(&pattern, LENGTH, &digest));
            left.fetch_sub(1, Ordering::Relaxed);
            done
        };
        let uploads: Vec<_> = (0..UPLOADS).map(|_| scope.spawn(upload)).collect();
        while left.load(Ordering::Relaxed) > 0 {
            own = server.memory()?.own.max(own);
            std::thread::sleep(TICK);
        }
        let is_bad = |done: std::thread::Result<Result<String>>| !matches!(done, Ok(Ok(_)));
        Ok(uploads
            .into_iter()
            .map(|upload| is_bad(upload.join()))
            .filter(|&bad| bad)
            .count())
    })?;
    ensure!(failed == 0, "{failed} uploads failed");
    let peak = server.memory()?.peak;
    Ok(Seen {
        idle: idle as f64 / MIB,
        peak: peak as f64 / MIB,
        own: own as f64 / MIB,
    })
}
