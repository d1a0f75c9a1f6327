//! Every limit of this room, with its reason.

use std::time::Duration;

/// Directories below each other that are looked into: shows have a folder for each season.
pub(super) const DEPTH: usize = 8;
/// Files and directories of one folder that are looked at in one scan, wanted or not.
pub(super) const ENTRIES: usize = 200_000;
/// Videos of all folders together; each takes about a kilobyte of memory.
pub(super) const TITLES: usize = 20_000;
/// Bytes of a path below its folder, as `PATH_MAX` of most systems allows a quarter of.
pub(super) const PATH_BYTES: usize = 1024;
/// Files of subtitles beside one video.
pub(super) const BESIDE: usize = 16;
/// Characters of a title; more are cut off.
pub(super) const NAME: usize = 200;
/// Between two scans at least; a scan that takes long is followed by [`REST_FACTOR`] times as long a pause, so that no
/// folder takes more than a fiftieth of a processor.
pub(super) const SCAN: Duration = Duration::from_millis(500);
/// See [`SCAN`].
pub(super) const REST_FACTOR: u32 = 50;
/// A file that has not changed for so long, by our clock, counts as whole.
pub(super) const REST_MS: u64 = 1000;
/// The same for a file that does not say itself how long it has to be.
pub(super) const OPEN_REST_MS: u64 = 5000;
/// A file that was written so long ago counts as whole when it is first seen.
pub(super) const OLD_MS: i64 = 60_000;
/// Bytes of memory that the indexes of titles that are watched may take together.
pub(super) const INDEX_BYTES: usize = 256 << 20;
/// The longest title that is made at once: its playlists name every slot, and a header may speak of thirty years. Two days are
/// 86,400 slots, some megabytes.
pub(super) const SLOTS_MS: u64 = 48 * 3_600_000;
/// The longest segment: players hold several of them, and begin anew in the middle of none.
pub(super) const LONGEST_SEGMENT_MS: u64 = 12_000;
