//! How far a video is from its original, measured over raw frames: XPSNR.
//!
//! XPSNR weighs the squared error of each block of a picture by how much its content hides, in space and in time
//! (Helmrich, Siekmann, Becker, Bosse, Marpe, Wiegand: "XPSNR: A Low-Complexity Extension of the Perceptually Weighted
//! Peak Signal-to-Noise Ratio for High-Resolution Video Quality Assessment", ICASSP 2020). This is an implementation of
//! its own that gives what FFmpeg's filter `xpsnr` gives. Frames come in as bytes and numbers go out; decoding, pipes
//! and averages over scenes belong to the callers.
//!
//! The inner loops are plain iterators over rows, written so that the compiler turns them into vector code: whole rows
//! at a time, sums per column, and the narrowest numbers that hold the values. So this is a crate of its own, optimised
//! in every profile.

#![deny(missing_docs)]

mod format;
mod score;
mod grid;
mod depth;
mod rows;
mod activity;
mod engine;
mod xpsnr;

pub use format::{Chroma, Format, WrongLength};
pub use score::{FrameScore, Summary};
pub use xpsnr::Xpsnr;
