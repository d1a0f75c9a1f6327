//! Viewers on a schedule: each asks for a segment when it is due, and notes when it came too late to be shown in time.

use super::{addresses, film};
use crate::bench::Bench;
use crate::bench::http::{connect, fetch};
use crate::bench::report::{Aim, Section};
use crate::bench::series::Series;
use crate::bench::server::Server;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a player has in advance before it begins: so much later than asked for is too late.
const BUFFER: Duration = Duration::from_secs(4);
/// A segment of the usual length is due this often.
const PACE: Duration = Duration::from_secs(4);
/// A viewer has no more than a socket and a small buffer.
const STACK: usize = 512 << 10;

/// So many at the same time, while renditions of another film are made.
pub(super) fn viewers(
    bench: &Bench,
    server: &Server,
    title: &Value,
    films: &Path,
) -> Result<Section> {
    let (count, laps) = if bench.quick { (50, 2) } else { (500, 12) };
    let http = server.http.context("no HTTP door")?;
    let paths = addresses(http, title, "v360-")?;
    // It becomes a title within two seconds, and is worked on from then on.
    film::made(&films.join("other.mp4"), if bench.quick { 20 } else { 120 })?;
    let began = Instant::now();
    let waits = std::thread::scope(|threads| -> Result<Vec<Duration>> {
        let mut all = Vec::new();
        for number in 0..count {
            let paths = &paths;
            let viewer = std::thread::Builder::new().stack_size(STACK);
            // Evenly over the time between two segments.
            let offset = PACE * number / count;
            all.push(
                viewer.spawn_scoped(threads, move || watch(http, paths, began + offset, laps))?,
            );
        }
        let mut waits = Vec::new();
        for viewer in all {
            match viewer.join() {
                Ok(done) => waits.extend(done?),
                Err(_) => bail!("a viewer has panicked"),
            }
        }
        Ok(waits)
    })?;
    let mut section = Section::new(&format!(
        "{count} viewers at once while renditions are made"
    ));
    let mut milliseconds: Vec<f64> = waits
        .iter()
        .map(|wait| wait.as_secs_f64() * 1000.0)
        .collect();
    milliseconds.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = ((milliseconds.len() - 1) as f64 * share) as usize;
        let mut series = Series::new();
        series.push(milliseconds.get(place).copied().unwrap_or(0.0));
        series
    };
    let mut stalls = Series::new();
    stalls.push(waits.iter().filter(|wait| **wait > BUFFER).count() as f64);
    section.row("a segment, half of them within", &at(0.5), "ms");
    section.row("a segment, 99 of 100 within", &at(0.99), "ms");
    section.row("the slowest", &at(1.0), "ms");
    section.aimed("stalls", &stalls, "", Aim::AtMost(0.0));
    section.note(format!(
        "Each asks for {laps} segments of 360 lines, one every {} s, on a connection of its own, whether the last was late \
         or not; waits count from when a segment was due. A stall is a wait of more than {} s.",
        PACE.as_secs(),
        BUFFER.as_secs()
    ));
    Ok(section)
}

fn watch(http: SocketAddr, paths: &[String], first: Instant, laps: u32) -> Result<Vec<Duration>> {
    let mut stream = None;
    let mut waits = Vec::new();
    for (lap, path) in (0..laps).zip(paths.iter().cycle()) {
        let due = first + PACE * lap;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let stream = match &mut stream {
            Some(stream) => stream,
            None => stream.insert(connect(http)?),
        };
        fetch(stream, path, "")?;
        waits.push(due.elapsed());
    }
    Ok(waits)
}
