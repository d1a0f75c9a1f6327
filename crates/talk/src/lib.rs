//! What both sides of the talk know: names, whose device is whose, what is signed, and the frames between them.
//!
//! Nothing here can decrypt, so the server may use it: it sees names, public keys and sealed envelopes. This room
//! decides and never acts; nonces, times and sockets belong to its callers. `docs/talk.md` is the wire's page.

#![deny(missing_docs)]

pub mod limits;
pub mod fault;
pub mod name;
mod layout;
pub mod certificate;
pub mod proof;
pub mod removal;
pub mod field;
pub mod frame;
pub mod outside;

pub use fault::Fault;
pub use name::Name;
