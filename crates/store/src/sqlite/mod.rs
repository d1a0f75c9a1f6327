//! The records in one SQLite file, and people's talk in another, for one server on one machine.
//!
//! A task is one row from its first byte to its tombstone (`schema/`); states, leases and reservations are columns,
//! and what must never happen (two running jobs of one client, two tasks of one key) is a unique index. Every change
//! is one `BEGIN IMMEDIATE` transaction: a deferred one that turns into a writer fails at once when somebody else
//! writes, whatever the busy timeout says.

mod row;
mod migrate;
mod file;
mod readers;
mod checkpoint;
mod upload;
mod turn;
mod place;
mod connection;
mod queue;
mod ending;
mod records;
mod post;

pub use connection::Database;
pub use post::PostOffice;

#[cfg(test)]
mod tests;
