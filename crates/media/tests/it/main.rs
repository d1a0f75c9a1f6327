//! The whole room at its boundary: from what was probed and asked for to what is run.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod files;
mod golden;
mod outline;
mod options;
mod ladder;
mod made;
mod properties;
mod reading;
mod refusal;
mod seeds;
