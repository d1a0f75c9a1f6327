//! Who may come in: which addresses are believed, what a token is, where tokens are kept, and what the server demands
//! before it lets anybody in from beyond this machine.
//!
//! This is about people and programs. Whose a task is decides `crate::asker`.

pub(crate) mod key;
mod listing;
pub(crate) mod given;
mod links;
mod network;
mod scope;
mod secret;
mod ledger;
mod tokens;
mod decision;

pub use decision::Access;
pub(crate) use decision::check;
pub use given::{Given, GivenLink};
pub use ledger::{Entry, Ledger};
pub(crate) use links::Links;
pub use links::revoke_links;
pub use network::{Network, contains};
pub use scope::Scope;
pub use secret::Secret;
pub(crate) use tokens::Tokens;
