//! How good a compressed video is, and the search for the smallest one that is good enough.
//!
//! Pure: footage, scores and sizes come in, what to try next comes out; `jobs` runs FFmpeg in between.

pub mod outline;
pub mod report;
pub mod stills;
mod goal;
pub mod score;
pub mod between;
pub mod xpsnr;
pub mod curve;
pub mod footage;
pub mod scenes;
pub mod samples;
pub mod search;
pub mod packets;
pub mod runs;
pub mod classify;
pub mod summary;

pub use report::Report;
