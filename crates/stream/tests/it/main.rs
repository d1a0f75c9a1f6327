//! The whole room at its boundary: files that FFmpeg made, and bytes that nobody made.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod source;
mod segments;
mod hostile;
mod structure;
mod playlists;
