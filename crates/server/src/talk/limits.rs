//! Every limit of the talk at this side, with its reason. What clients have to know stands in `kinora_talk::limits`.

use kinora_store::post::Bounds;
use kinora_talk::limits;
use std::time::Duration;

/// From the opening of a connection to its login: a signature, over any line.
pub(crate) const HELLO: Duration = Duration::from_secs(30);
/// Routers forget a connection that is silent for half a minute.
pub(crate) const PING: Duration = Duration::from_secs(25);
/// Two pings unanswered, and the peer is gone.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);

/// What may wait.
pub(super) const BOUNDS: Bounds = Bounds {
    queue: limits::QUEUE_MAX,
    queue_bytes: limits::QUEUE_BYTES_MAX,
    grace: limits::GRACE_EPOCHS,
    envelope_keep_s: limits::ENVELOPE_KEEP_S,
    repeat_keep_s: limits::REPEAT_KEEP_S,
};

/// What a sealed file is longer by than the file: less than a fifteenth part of it,
pub(super) const SEALED_MORE: u64 = 15;
/// and of a small one what fills it up to a chunk, with its tags.
pub(super) const SEALED_TAIL: u64 = 128 * 1024;

/// Changes that come to the disk in one transaction.
pub(super) const BATCH: usize = 256;
/// From the beginning of one transaction to that of the next: a tenth of what is still felt as at once. At 5,000 messages a
/// second it halves what is written and computed for each.
pub(super) const GATHER: Duration = Duration::from_millis(2);
/// Changes that wait for the writer; beyond that connections wait.
pub(super) const WRITES: usize = 1024;
/// Changes of one connection that wait for their answers; beyond that nothing more is read of it.
pub(super) const IN_FLIGHT: usize = 64;
/// Envelopes that are read from the queue at once.
pub(super) const PAGE: usize = 32;
/// And their bytes, unless it is one.
pub(super) const PAGE_BYTES: usize = 512 * 1024;
/// People of the directory in one frame: with all the devices that each may ever have had, they fit into it.
pub(super) const PAGE_PEOPLE: usize = 32;
/// Announcements that a connection may be behind; one that is further behind gets the whole directory again.
pub(super) const NEWS: usize = 64;
/// Envelopes that wait for a connection in memory, on their way to one that keeps up; further ones wait on the disk alone.
pub(super) const AT_HAND: usize = 16;
/// The longest of them: a page of text. With the number it bounds what a slow reader costs: 64 KiB.
pub(super) const AT_HAND_BYTES: usize = 4 * 1024;
/// Signals that wait for a connection; further ones are dropped, as signals may be.
pub(super) const SIGNALS: usize = 8;
/// Comings and goings are announced together for so long.
pub(super) const ANNOUNCE: Duration = Duration::from_millis(250);
/// What has expired is deleted this often.
pub(super) const SWEEP: Duration = Duration::from_secs(3_600);
/// Single packages of a device that are kept: five refills.
pub(super) const PACKAGES: usize = 100;

/// Messages of one device at once, and in a second, from beyond this machine.
pub(super) const SENDS: (f64, f64) = (20.0, 5.0);
/// A signal of one device in three seconds.
pub(super) const SIGNALLED: (f64, f64) = (1.0, 1.0 / 3.0);
/// Claims of one person's packages by another one at once, and in a second: ten, and ten a minute.
pub(super) const CLAIMS: (f64, f64) = (10.0, 10.0 / 60.0);
/// The same over a day: sixty.
pub(super) const CLAIMS_A_DAY: (f64, f64) = (60.0, 60.0 / 86_400.0);
/// Names that one address may register at once, and in a second: twenty a day.
pub(super) const NAMES: (f64, f64) = (20.0, 20.0 / 86_400.0);
/// Whom rates are kept of; whoever was silent longest goes first.
pub(super) const RATED: usize = 16 * 1024;
