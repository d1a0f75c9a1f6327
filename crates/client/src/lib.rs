//! The other side of the wire: sessions with a server.
//!
//! Blocking code on `std::net`, one connection per step of a job. A step that loses its connection is taken up again
//! where it stood: an upload at the byte that the server has, a download at the byte that the disk has. The only loop
//! that tries again is [`retry`]'s; the layers below report a loss and stop.
//!
//! This crate draws nothing and names no files: it tells an [`Observer`] what happens and writes into the file that a
//! [`Destination`] opens.

pub mod fault;
pub mod address;
pub mod token;
pub mod trust;
pub mod cancel;
pub mod observer;
pub mod retry;
pub mod timing;
mod verifier;
mod channel;
mod endpoint;
mod upload;
mod job;
mod download;
pub mod library;
pub mod session;
pub mod talk;

pub use address::Address;
pub use cancel::Cancel;
pub use fault::{Fault, Kind};
pub use kinora_mmp::Problem;
pub use kinora_mmp::reply::State;
pub use library::{Library, Title};
pub use observer::{Blind, Event, Observer};
pub use session::{Delivered, Destination, Found, Session};
pub use timing::Timing;
pub use token::Token;
pub use trust::{Known, Pin, Security, Trust};
