//! MLS (RFC 9420) behind a face of our own: one group for a pair of people, whose members are their devices.
//!
//! A [`Client`] is a device with its keys and key packages, a [`Group`] one conversation. Both are taken apart into bytes
//! by `export`, which the caller stores *in one transaction* with what the step brought: a state that lags behind what
//! was sent would use keys twice. A failed step leaves both as they were.
//!
//! Whom to believe is not left to MLS: each certificate that a package, a Welcome or a commit brings goes through
//! [`check_member`](crate::member::check_member), and a commit may only add, remove and update. OpenMLS draws randomness
//! from the system, and looks at its clock when it sees a key package; nothing else here does.

mod suite;
mod store;
mod vet;
mod keys;
mod group;
mod client;

pub use client::{Client, Newcomer};
pub use group::{Event, Group, Pending};
pub use keys::Keys;
pub use suite::Suite;

#[cfg(test)]
mod tests;
