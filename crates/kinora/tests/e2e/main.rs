//! The real binary, started as a user would start it.
#![expect(
    clippy::unwrap_used,
    reason = "what a test cannot do without has to stop it"
)]

#[path = "../../../server/tests/it/wire.rs"]
#[expect(
    dead_code,
    reason = "shared with the server's own tests, which need more of it"
)]
mod wire;
mod harness;
mod builds;
mod chat;
mod devices;
mod backup;
mod files;
mod screen;
mod cli;
mod report;
mod crash;
mod strangers;
mod access;
mod tls;
mod http;
mod library;
mod ladder;
mod players;
mod hostile;
