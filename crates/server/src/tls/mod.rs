//! TLS for all doors: whether a peer must speak it, with which certificate the server answers, and how a key is named.
//!
//! Clients of ours know a server by its *public key*, so that a certificate can be made anew for another name or time
//! without anybody being warned. Opening a connection is `crate::listen::gate`'s.

mod demand;
mod pin;
mod files;
mod generated;
mod keeper;

pub(crate) use demand::{Demand, Exposed, Standing, check};
pub use demand::{Mode, TlsConfig};
pub(crate) use generated::names;
pub(crate) use keeper::{Keeper, PACE, setup};
pub use keeper::{Shown, look};
