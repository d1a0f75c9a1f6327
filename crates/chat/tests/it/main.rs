//! The whole room at its boundary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod network;
mod vectors;
