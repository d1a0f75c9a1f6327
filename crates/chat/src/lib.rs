//! Talk that the server cannot read: identities, devices, conversations between two people.
//!
//! Clients use this room, the server never does. It decides and never acts: it reads no clock, stores nothing and opens
//! no socket. What has to be stored is given to the caller as bytes. The one thing that it does not take as an argument
//! is the randomness of keys, which OpenMLS draws from the system itself.

#![deny(missing_docs)]

pub mod limits;
pub mod fault;
pub mod member;
pub mod safety;
pub mod contact;
pub mod handover;
pub mod attachment;
pub mod payload;
pub mod signal;
pub mod passphrase;
pub mod backup;
pub mod engine;
pub mod conversation;
pub mod outside;

pub use fault::Fault;
// What the server knows, too: names, and whose device is whose.
pub use kinora_talk::{Name, certificate, name, removal};
