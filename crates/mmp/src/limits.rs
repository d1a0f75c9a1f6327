//! Every limit of the wire, each with its reason.
//!
//! Sizes are bytes and times are milliseconds, unless the name says otherwise. The first block is
//! the frame itself (MMP §1) and can't be changed; the rest is policy.

/// Bytes of the fixed header: 2 for the JSON, 1 for the media type, 5 for the payload (MMP §1).
pub const HEADER: usize = 8;

/// Longest JSON, bytes: what two bytes of size can say.
pub const MAX_JSON: usize = 65_535;

/// Longest media type that is read, bytes: what one byte of size can say. The specification says 4,
/// real clients send `.webm` and `video/quicktime`.
pub const MAX_MEDIA_TYPE: usize = 255;

/// Longest media type that is written in the bare style, bytes (MMP §1). A dotted or MIME name is
/// longer, and only written to a peer that sent one.
pub const MEDIA_TYPE_WRITTEN: usize = 4;

/// Largest payload, bytes: what five bytes of size can say, one byte short of 1 TiB.
pub const MAX_PAYLOAD: u64 = (1 << 40) - 1;

/// Longest file ending taken from a media type, characters. `[a-z0-9]` only, so it is safe in a path.
pub const MAX_EXTENSION: usize = 10;

/// Longest display name of a file, characters. Names come from outside and are only ever shown.
pub const MAX_FILE_NAME: usize = 200;

/// Most characters of a peer's own text that an error repeats: enough to recognise it, too few to
/// flood a terminal or a log.
pub const MAX_ECHO: usize = 80;

/// Longest task id, characters.
pub const MAX_TASK_ID: usize = 64;

/// Shortest idempotency key, characters: shorter ones could be guessed.
pub const MIN_KEY: usize = 16;

/// Longest idempotency key, characters.
pub const MAX_KEY: usize = 64;

/// Most notes in one answer, and most characters of a description or a note: together with the
/// other members they always fit into [`MAX_JSON`].
pub const MAX_NOTES: usize = 16;

/// See [`MAX_NOTES`].
pub const MAX_SENTENCE: usize = 600;

/// A head must be complete this long after its first byte; no honest peer takes 30 s for 64 KiB.
pub const HEAD_MS: u64 = 30_000;

/// A payload is not measured for this long: disks spin up, phones change networks.
pub const PAYLOAD_GRACE_MS: u64 = 30_000;

/// After the grace, each window of this length ...
pub const PAYLOAD_WINDOW_MS: u64 = 60_000;

/// ... must bring at least this many bytes: about 1 KiB/s, slower than any modem.
pub const PAYLOAD_WINDOW_BYTES: u64 = 64 * 1024;

/// A connection may be silent between two frames for this long: five rounds of the specification's
/// polling interval of 60 s.
pub const IDLE_MS: u64 = 300_000;

/// Letters of a search in the library.
pub const MAX_SEARCH: usize = 200;
/// Titles of one answer: each has at most a kilobyte and a half, and all have to fit into [`MAX_JSON`].
pub const MAX_TITLES: usize = 40;
