//! What can go wrong while keeping things, by whose fault it is.

use std::path::PathBuf;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There is no such task or upload (any more).
    #[error("no such {what}")]
    Missing {
        /// `task`, `upload` or `file`.
        what: &'static str,
    },
    /// The record is in a state that forbids the change, or the lease is somebody else's by now.
    #[error("{what} is {state}")]
    Conflict {
        /// What was to be changed.
        what: &'static str,
        /// The state that it is in.
        state: String,
    },
    /// Appending at an offset that is not the end of what is durable.
    #[error("{have} bytes are kept, the peer wants to go on at {wanted}")]
    Offset {
        /// Durable bytes.
        have: u64,
        /// What the peer asked for.
        wanted: u64,
    },
    /// The configured ceiling, or the margin of free disk, would be passed.
    #[error("no room for {wanted} bytes: {free} are free")]
    Full {
        /// Bytes that were asked for.
        wanted: u64,
        /// Bytes that could still be given.
        free: u64,
    },
    /// The client would have more than its share of the room.
    #[error("no room for {wanted} bytes of this client: {free} of its share are free")]
    ClientFull {
        /// Bytes that were asked for.
        wanted: u64,
        /// Bytes that could still be given to it.
        free: u64,
    },
    /// The client has too much waiting already.
    #[error("{waiting} jobs of this client are waiting already")]
    Busy {
        /// How many.
        waiting: u64,
    },
    /// What is kept contradicts itself.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// The disk refused.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// The operating system's word.
        source: std::io::Error,
    },
    /// The database refused.
    #[error("database: {0}")]
    Database(String),
}
