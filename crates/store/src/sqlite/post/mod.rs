//! People's talk in one SQLite file of its own.
//!
//! Its commits wait for nobody else's, and nobody's for them: a message is synced in milliseconds also while jobs are
//! written, and the file can be deleted without touching a job.

mod people;
mod packages;
mod write;
mod queue;
mod parcels;
mod office;

pub use office::PostOffice;
