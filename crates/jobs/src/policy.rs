//! Numbers and rules of running jobs, each with its reason. Pure: times come in.

use std::net::IpAddr;
use std::time::Duration;

/// How long a claimed job belongs to its worker without a sign of life: three heartbeats and a half, because one lost
/// heartbeat must not cost hours of work.
pub const LEASE_MS: i64 = 35_000;
/// How often a worker renews its lease.
pub const HEARTBEAT_MS: i64 = 10_000;
/// How often progress is written down while nothing else changes.
pub const PROGRESS_MS: i64 = 2_000;
/// How often things whose time is over are looked for.
pub const JANITOR_MS: u64 = 1_000;
/// An FFmpeg that burns processor time without a sign of progress gets this many times the stall limit: building a
/// palette over a long clip is work without progress lines.
pub const BUSY_STALL_FACTOR: u32 = 10;
/// An output that is this much longer than planned is a runaway (frames invented between far timestamps).
pub const RUNAWAY_FACTOR: u64 = 2;
/// And at least this long, so that short clips may be off by a little.
pub const RUNAWAY_FLOOR_US: u64 = 60_000_000;
/// Lines of FFmpeg's complaints that are kept for the diagnosis.
pub const COMPLAINTS: usize = 40;
/// Bytes of one such line.
pub const COMPLAINT_BYTES: usize = 500;
/// Bytes of ffprobe's answer; real files with 32 streams and chapters stay under 100 kB.
pub const PROBE_BYTES: usize = 4 << 20;
/// Seconds for one probe.
pub const PROBE_TIME: Duration = Duration::from_secs(30);
/// Bytes of JSON that a job's report may have; more is dropped. With as many scenes and points as a report lists it has
/// about 20 kB, and beside the other members of an answer it has to fit into the 64 KiB of a frame's head.
pub const REPORT_BYTES: usize = 48 << 10;
/// Seconds for one frame as a picture, and its bytes: a frame of 960 x 960 full of noise has 1.4 MB.
pub const STILL_TIME: Duration = Duration::from_secs(20);
/// See [`STILL_TIME`].
pub const STILL_BYTES: usize = 4 << 20;
/// Memory that one encoder may need; measured 0.4 to 0.6 GB at 1080p.
pub const MEMORY_PER_WORKER: u64 = 1 << 30;

/// What counts as one client (MMP §1: one job at a time per client address): an IPv4 address whole, also when it
/// comes dressed as IPv6; of an IPv6 address the /64, because every customer gets at least that many.
#[must_use]
pub fn client_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let s = v6.segments();
            format!("{:x}:{:x}:{:x}:{:x}::/64", s[0], s[1], s[2], s[3])
        }
    }
}

/// How long to wait before the next attempt: 10 s, 40 s, 160 s …, each up to a quarter longer (`jitter` 0 to 1), so
/// that many jobs that failed together do not come back together.
#[must_use]
pub fn backoff_ms(attempt: u32, jitter: f64) -> i64 {
    let base = 10_000 * 4_i64.pow(attempt.saturating_sub(1).min(5));
    base + (base as f64 * 0.25 * jitter.clamp(0.0, 1.0)) as i64
}

/// FFmpeg processes at the same time. One encoder feeds about ten cores at best, and on few cores total processor
/// time is the same for one and for several; two are the least, so that a short job is not stuck behind a long one.
#[must_use]
pub fn workers(configured: u32, cores: usize, memory: u64) -> usize {
    if configured > 0 {
        return configured.min(64) as usize;
    }
    let by_cores = cores.div_ceil(4).max(2);
    let by_memory = usize::try_from(memory / MEMORY_PER_WORKER).unwrap_or(usize::MAX);
    by_cores.min(by_memory).clamp(1, 64)
}

/// Threads for an FFmpeg that starts while `running` of them (itself included) run.
#[must_use]
pub fn threads(cores: usize, running: usize) -> u32 {
    u32::try_from(cores.div_ceil(running.max(1))).map_or(1, |n| n.clamp(1, 16))
}

/// Memory of this machine in bytes.
#[must_use]
pub fn memory_bytes() -> u64 {
    let info = rustix::system::sysinfo();
    let unit = u64::from(info.mem_unit.max(1));
    info.totalram.saturating_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_told_apart_by_network() {
        let check = |address: &str, key: &str| {
            assert_eq!(client_key(address.parse().expect("an address")), key);
        };
        check("192.168.1.7", "192.168.1.7");
        check("::ffff:192.168.1.7", "192.168.1.7");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64");
        check("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64");
        check("::1", "0:0:0:0::/64");
    }

    #[test]
    fn backoff_grows_and_is_bounded() {
        assert_eq!(backoff_ms(1, 0.0), 10_000);
        assert_eq!(backoff_ms(2, 0.0), 40_000);
        assert_eq!(backoff_ms(3, 1.0), 200_000);
        assert_eq!(backoff_ms(99, 9.0), 12_800_000);
    }

    #[test]
    fn workers_follow_cores_and_memory() {
        assert_eq!(workers(0, 2, 8 << 30), 2);
        assert_eq!(workers(0, 16, 8 << 30), 4);
        assert_eq!(workers(0, 16, 1 << 29), 1);
        assert_eq!(workers(7, 2, 0), 7);
        assert_eq!((threads(2, 1), threads(2, 2), threads(16, 3)), (2, 1, 6));
    }
}
