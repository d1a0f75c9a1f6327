//! Every bound of the talk at this side, with its reason.

use std::time::Duration;

/// Key packages that a device keeps at the server.
pub(super) const PACKAGES: u32 = 20;
/// Fewer than this, and more are made.
pub(super) const PACKAGES_LOW: u32 = 8;
/// Without a word of the server, which pings every 25 s.
pub(super) const SILENCE: Duration = Duration::from_secs(60);
/// One wait for the socket; the flag of Ctrl-C is looked at this often.
pub(super) const TICK: Duration = Duration::from_millis(200);
/// What could not be sent now is tried again after this, unless the server says when.
pub(super) const AGAIN: Duration = Duration::from_secs(10);
/// Messages of one conversation that are on their way at once: over a line of a tenth of a second that is 160 a second. The
/// server lets 64 changes of a connection wait.
pub(super) const WINDOW: usize = 16;
/// What is read from the socket at once.
pub(super) const READ_BYTES: usize = 64 * 1024;
/// Frames that are written before the server's answers are read: a few of the longest.
pub(super) const WRITE_BYTES: usize = 4 * 1024 * 1024;
/// How the first pause after a loss grows.
pub(super) const PAUSE: (Duration, Duration) =
    (Duration::from_millis(250), Duration::from_secs(30));
/// Chunks of a file that are sealed, sent and held at once: 4 MiB.
pub(super) const PIECE_CHUNKS: usize = 64;
/// A file is begun so often, if the server loses what was sent of it.
pub(super) const ANEW: u32 = 3;
/// Names that are tried for a file where the user gave none.
pub(super) const NAMES_TRIED: u32 = 99;
/// Bytes of an answer that is no file.
pub(super) const ANSWER_BYTES: usize = 64 * 1024;
/// Messages of a conversation that are shown again: more than anybody scrolls through.
pub(super) const PAST_MAX: u32 = 500;
/// Seconds after which it is tried at the latest to let a device in that could not be before; the server gives sixty
/// packages of one person a day.
pub(super) const SHUT_MAX_S: u64 = 3_600;
