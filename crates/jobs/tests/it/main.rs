//! The runner and the processes below it, on real files and the real FFmpeg.
#![expect(
    clippy::unwrap_used,
    reason = "what a test cannot do without has to stop it"
)]

mod media;
mod builds;
mod classify;
mod operations;
mod outline;
mod search;
mod stills;
mod sync;
mod process;
mod cage;
mod keep;
