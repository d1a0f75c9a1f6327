//! A real server in this process, spoken to over real sockets.
#![expect(
    clippy::unwrap_used,
    reason = "what a test cannot do without has to stop it"
)]

mod wire;
mod peer;
mod verbs;
mod rude;
mod resume;
mod queue;
mod http;
mod access;
mod tls;
mod limits;
