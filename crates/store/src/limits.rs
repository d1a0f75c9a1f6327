//! Every bound of this room, with its reason.

/// How long a connection waits for another one's transaction before it gives up, in milliseconds. A synced commit
/// takes some ten milliseconds; five seconds is a disk that stands still.
pub(crate) const BUSY_MS: u64 = 5_000;

/// Connections that only read. Reads are short; a few keep a listing from delaying every `status`.
pub(crate) const READERS: usize = 3;

/// Prepared statements kept per connection: a few more than there are statements.
pub(crate) const STATEMENTS: usize = 64;

/// The write-ahead log is cut back to this many bytes after a checkpoint, so that one burst does not keep its disk.
pub(crate) const LOG_BYTES: i64 = 64 << 20;

/// The talk's log is taken into its database each time that it has grown by so many pages (4 MiB), beside the writer.
pub(crate) const COPIED_PAGES: i32 = 1_000;

/// At this length (16 MiB) the writer ends the log itself. Longer ones would spare it little, and cost the disk.
pub(crate) const LOG_PAGES: i32 = 4_096;

/// How much a client that has not started anything lately is put ahead of one that has, in milliseconds. It is also
/// the longest time by which newcomers can delay a waiting client, so nobody starves: see `sqlite::turn`.
pub(crate) const AGING_MS: i64 = 60 * 60 * 1_000;

/// Rows of the `clients` table that one claim cleans up. Each claim adds at most one, so the table shrinks.
pub(crate) const PRUNED_PER_CLAIM: u32 = 32;
