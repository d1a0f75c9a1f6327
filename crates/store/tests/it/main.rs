//! The store from outside: the contract's suite on each backend, a model, crashes, full disks, and old files.
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod scratch;
mod suite;
mod schema;
mod model;
mod crash;
mod disk;
