//! People's talk from this side: an identity, conversations, and what is still to be sent, in a file of this user.
//!
//! `core` decides: it takes what the server says and what the user wants, and gives frames and events. Each of its steps
//! is one transaction of the `store`, written before a frame of it goes out. `line` is the connection, `files` and
//! the `couriers` what goes beside it, over `door`, and `run` the loop that comes back after a loss.

mod limits;
mod store;
mod people;
mod event;
mod conversation;
mod core;
mod line;
mod door;
mod files;
mod couriers;
mod run;
mod link;
mod backup;

pub use self::core::{Backup, Owner, Reading, card, clock};
pub use backup::{back_up, restore};
pub use event::{Arrival, Event, Own, OwnDevice};
pub use kinora_chat::Name;
pub use kinora_chat::handover::is_end;
pub use kinora_chat::passphrase::Passphrase;
pub use kinora_chat::payload::{Content, Progress};
pub use link::{Link, answer};
pub use people::Standing;
pub use run::{Command, Hand, Options, Talk};
pub use store::Said;
