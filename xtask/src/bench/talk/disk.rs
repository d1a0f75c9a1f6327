//! What a disk alone takes to keep a message, beside the same work.

use anyhow::Result;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// What is written over at a time: one page of a database.
const PAGE: usize = 4096;
/// Pages that are there from the beginning, so that no length has to be synced.
const PAGES: usize = 256;

/// How long each of so many writes in a second took until it was on the disk, seconds from when it was due.
pub(super) fn synced(directory: &Path, rate: f64, window: Duration) -> Result<Vec<f64>> {
    let file = File::create(directory.join("synced"))?;
    file.write_all_at(&vec![0; PAGE * PAGES], 0)?;
    file.sync_all()?;
    let began = Instant::now();
    let count = (rate * window.as_secs_f64()) as usize;
    let mut times = Vec::new();
    for n in 0..count {
        let due = began + Duration::from_secs_f64(n as f64 / rate);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        file.write_all_at(&[n as u8; PAGE], (n % PAGES * PAGE) as u64)?;
        file.sync_data()?;
        times.push(due.elapsed().as_secs_f64());
    }
    Ok(times)
}
