//! The MMP wire protocol: frames, requests, answers, and the dialects of other clients.
//!
//! Pure: no I/O, no clock, no async runtime; bytes, time and randomness come in as arguments
//! (the crate's own `clippy.toml` holds it to that). It says what was sent and how to answer; what to do
//! about it is decided elsewhere. docs/protocol.md is the protocol in prose.
//!
//! A server: bytes go into [`connection::Incoming`], a [`frame::Head`] comes out and is read by
//! [`request::Request::parse`]; [`answer`] makes the head of the reply. A client reads that with
//! [`reply::Reply::parse`]. [`pace`] tells which peers are too slow.

#![deny(missing_docs)]

pub mod limits;
pub mod outside;
pub mod fault;
pub mod media_type;
pub mod frame;
pub mod connection;
pub mod pace;
pub mod mirror;
pub mod alias;
pub mod request;
pub mod answer;
pub mod reply;

pub use answer::Problem;
pub use connection::{Event, Incoming, Step};
pub use fault::Fault;
pub use frame::{Head, Header};
pub use mirror::Mirror;
pub use pace::{Pace, PaceLimits};
pub use reply::Reply;
pub use request::{Confirmed, Digest, ReplyMode, Request, Submit};
