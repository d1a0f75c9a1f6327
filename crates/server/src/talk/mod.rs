//! People's talk: who they are, who is here, and envelopes and parcels that nobody here can open.
//!
//! A `Session` is one connection, whatever carries it; `http::talk` carries it. What is stored goes through one
//! `writer`, which brings many changes to the disk at once. What has been written goes straight to a reader who keeps up;
//! for a slow one next to nothing waits in memory: its connection reads the queue from the disk as far as it gets. Logs
//! hold neither pairs nor sizes.

mod limits;
mod refusal;
mod rates;
mod hub;
mod parcels;
mod writer;
mod service;
mod delivery;
mod requests;
mod session;

pub(crate) use hub::Pass;
pub(crate) use kinora_store::post::Seat;
pub(crate) use limits::{HELLO, PING, SILENCE};
pub(crate) use parcels::{Arriving, Parts as ParcelParts, unknown as unknown_parcel};
pub(crate) use service::Talk;
pub(crate) use session::{Answer, Caller, Session};
