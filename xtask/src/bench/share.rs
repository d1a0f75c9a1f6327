//! What is left for FFmpeg while clients flood the server with uploads.

use super::Bench;
use super::clip;
use super::job::division;
use super::load::Pattern;
use super::place::Place;
use super::process;
use super::report::{Aim, Section};
use super::series::Series;
use super::server::Server;
use super::task;
use anyhow::Result;
use serde_json::json;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Uploads that run at the same time.
const FLOOD: usize = 2;
/// Each is so long, and followed by the next.
const LENGTH: u64 = 512 << 20;
/// Seconds of picture: more than can be done in all windows together.
const CLIP: u32 = 180;
/// One window.
const WINDOW: Duration = Duration::from_secs(5);

/// Processor seconds of everybody who takes part, at one moment.
#[derive(Clone, Copy, Debug)]
struct Taken {
    video: f64,
    server: f64,
    generators: f64,
    machine: f64,
}

/// Both means of dividing the processor.
pub(crate) fn run(bench: &Bench) -> Result<Vec<Section>> {
    let mut section = Section::new("The processor under a flood of uploads");
    for (mode, name) in [("auto", "control groups"), ("priority", "priorities")] {
        if let Err(reason) = measure(bench, mode, name, &mut section) {
            section.note(format!("{name}: skipped, {reason:#}."));
        }
    }
    section.note(format!(
        "{FLOOD} uploads at a time of {} MiB each into memory, one after the other without a pause, while a job runs. \
         The share is FFmpeg's processor time over that of FFmpeg and the server together, in each window of {} s; \
         \"no window may miss the aim\". The generators run on the same cores, outside the server's groups, and take \
         their part from both.",
        LENGTH >> 20,
        WINDOW.as_secs()
    ));
    Ok(vec![section])
}

fn measure(bench: &Bench, mode: &str, name: &str, section: &mut Section) -> Result<()> {
    let server = Server::start(&bench.program, &Place::memory(), mode)?;
    let clip = clip::video(server.directory.path(), CLIP)?;
    section.note(format!("{name}: {}.", division(&server)));
    let windows = if bench.quick { 2 } else { 4 };
    let (taken, bytes) = flood(&server, || watch(&server, &clip, windows))?;
    let [mut share, mut video, mut serve, mut generators] = [const { Series::new() }; 4];
    for pair in taken.windows(2) {
        let [before, after] = pair else { continue };
        let (ffmpeg, serving) = (after.video - before.video, after.server - before.server);
        let part = |seconds: f64| seconds / (after.machine - before.machine) * 100.0;
        share.push(ffmpeg / (ffmpeg + serving) * 100.0);
        video.push(part(ffmpeg));
        serve.push(part(serving));
        generators.push(part(after.generators - before.generators));
    }
    section.always(
        format!("{name}: FFmpeg's share"),
        &share,
        "%",
        Aim::AtLeast(60.0),
    );
    section.row(
        format!("{name}: FFmpeg, of all that the machine did"),
        &video,
        "%",
    );
    section.row(format!("{name}: the server"), &serve, "%");
    section.row(format!("{name}: the generators"), &generators, "%");
    let seconds = WINDOW.as_secs_f64() * f64::from(windows);
    let rate = [bytes as f64 / 1e9 / seconds].into_iter().collect();
    section.row(format!("{name}: uploads meanwhile"), &rate, "GB/s");
    Ok(())
}

/// Runs a job and looks at the clocks at both ends of each window; then the job is cancelled.
fn watch(server: &Server, clip: &Path, windows: u32) -> Result<Vec<Taken>> {
    let mut connection = server.connect()?;
    let job = task::submit(&mut connection, clip, "compress", &json!({}))?;
    let (ffmpeg, _) = task::ffmpeg_of(server)?;
    // FFmpeg opens its files on one core before it works on all.
    std::thread::sleep(Duration::from_secs(2));
    let began = Instant::now();
    let mut taken = Vec::new();
    for n in 0..=windows {
        std::thread::sleep((WINDOW * n).saturating_sub(began.elapsed()));
        taken.push(Taken {
            video: process::cpu(ffmpeg)?,
            server: server.cpu()?,
            generators: process::cpu(std::process::id())?,
            machine: process::machine_busy(),
        });
    }
    task::cancel(&mut connection, &job)?;
    Ok(taken)
}

/// Floods while `act` runs. Returns its result, and the bytes that were uploaded from its first second to its last.
fn flood<T>(server: &Server, act: impl FnOnce() -> Result<T>) -> Result<(T, u64)> {
    let (over, bytes) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let flooders: Vec<_> = (0..FLOOD)
            .map(|_| scope.spawn(|| upload_until(server, &over, &bytes)))
            .collect();
        let done = act();
        over.store(true, Ordering::Relaxed);
        for flooder in flooders {
            if let Ok(Err(error)) = flooder.join() {
                return Err(error);
            }
        }
        Ok((done?, bytes.load(Ordering::Relaxed)))
    })
}

fn upload_until(server: &Server, over: &AtomicBool, bytes: &AtomicU64) -> Result<()> {
    let pattern = Pattern::new();
    let digest = pattern.digest(LENGTH);
    while !over.load(Ordering::Relaxed) {
        let mut connection = server.connect()?;
        let key = connection.upload(&pattern, LENGTH, &digest)?;
        bytes.fetch_add(LENGTH, Ordering::Relaxed);
        connection.discard(&key)?;
    }
    Ok(())
}
