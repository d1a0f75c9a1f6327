//! The MMP door: the only place in the server that knows the wire.
//!
//! A connection is one task. It reads a head, serves the request, writes the answer, and reads the next. No buffer
//! belongs to a connection that waits: bytes are read into the thread's own buffer when they are there.

mod socket;
mod secure;
mod link;
mod send;
mod answer;
mod upload;
mod admission;
mod session;
pub(crate) mod listener;

pub(crate) use admission::Networks;

// Rules that hold at every door: text of strangers, and how slow one may be.
pub(crate) use kinora_mmp::{outside, pace};
