//! XPSNR at its face: against numbers worked out by hand, against a plain calculation, and against FFmpeg's filter.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod made;
mod plain;
mod known;
mod properties;
mod filter;
