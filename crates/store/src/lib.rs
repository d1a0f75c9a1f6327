//! What survives a restart: the records of uploads and jobs, the files that belong to them, people's talk, and the
//! sealed files that they send each other.
//!
//! `contract`, `post` and `parcel` say what any backend must do, in the words its callers rely on; `sqlite` and `files` do it on
//! one machine. A backend decides nothing about policy: times, leases and limits come in as arguments, so the same `suite`
//! of tests runs against each of them with a clock of its own.
//!
//! A server opens `files::Tree` first: it makes the data directory and keeps other servers out of it. Then
//! `sqlite::Database`, in a file of that directory.

mod limits;
pub mod id;
pub mod fault;
pub mod contract;
pub mod post;
pub mod parcel;
pub mod sqlite;
pub mod files;
pub mod suite;

pub use fault::Fault;
pub use id::{Secret, TaskId};
