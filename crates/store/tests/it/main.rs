//! The store from outside: the contract's suite on each backend, a model, crashes, full disks, and old files.

mod scratch;
mod suite;
mod schema;
