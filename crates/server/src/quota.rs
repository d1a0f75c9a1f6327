//! What one client may take of the doors: connections at a time, and requests in a second. What it may take of the
//! store is `crate::uploads`' business.
//!
//! This machine is no client here: whoever is on it could stop the server as well.

use crate::fault::Fault;
use kinora_jobs::policy;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// So many seconds' worth of requests may come at once: a page with its parts, or a program that catches up.
const BURST: f64 = 10.0;
/// Clients that are remembered. Beyond that, new ones are not counted; the number of connections bounds them all.
const MOST: usize = 16 * 1024;

/// The counts of one door.
#[derive(Debug)]
pub(crate) struct Quota {
    connections: usize,
    rate: f64,
    guests: Mutex<HashMap<String, usize>>,
    buckets: Mutex<HashMap<String, Bucket>>,
}

/// Requests that a client has left, as of a moment.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

/// A connection that is counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Guest {
    quota: Arc<Quota>,
    client: Option<String>,
}

impl Quota {
    /// So many connections at a time, and requests a second; 0 is no bound.
    pub(crate) fn new(connections: usize, rate: u32) -> Arc<Self> {
        Arc::new(Self {
            connections,
            rate: f64::from(rate),
            guests: Mutex::default(),
            buckets: Mutex::default(),
        })
    }

    /// One more connection from there; none when it has as many as it may.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Guest> {
        let quota = Arc::clone(self);
        if self.connections == 0 || address.to_canonical().is_loopback() {
            return Some(Guest {
                quota,
                client: None,
            });
        }
        let client = policy::client_key(address);
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        let count = guests.entry(client.clone()).or_default();
        if *count >= self.connections {
            return None;
        }
        *count += 1;
        let client = Some(client);
        Some(Guest { quota, client })
    }

    /// One more request from there.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub(crate) fn admit(&self, address: IpAddr, now: Instant) -> Result<(), Fault> {
        if self.rate == 0.0 || address.to_canonical().is_loopback() {
            return Ok(());
        }
        let client = policy::client_key(address);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST && !buckets.contains_key(&client) {
            buckets.retain(|_, bucket| self.refilled(*bucket, now) < self.most());
            if buckets.len() >= MOST {
                return Ok(());
            }
        }
        let full = Bucket {
            left: self.most(),
            at: now,
        };
        let bucket = buckets.entry(client).or_insert(full);
        let left = self.refilled(*bucket, now);
        if left < 1.0 {
            return Err(too_many(self.rate));
        }
        *bucket = Bucket {
            left: left - 1.0,
            at: now,
        };
        Ok(())
    }

    fn most(&self) -> f64 {
        self.rate * BURST
    }

    fn refilled(&self, bucket: Bucket, now: Instant) -> f64 {
        let seconds = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.left + seconds * self.rate).min(self.most())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let Some(client) = &self.client else {
            return;
        };
        let guests = self.quota.guests.lock();
        let mut guests = guests.unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = guests.get_mut(client) {
            *count -= 1;
            if *count == 0 {
                guests.remove(client);
            }
        }
    }
}

fn too_many(rate: f64) -> Fault {
    Fault::new(
        "too_many_requests",
        format!("more than {rate} requests a second came from this address for a while"),
        "wait a second; to follow a job, watch it instead of asking again and again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn connections_are_counted_for_each_client() {
        let quota = Quota::new(2, 0);
        let first = quota.enter(ip("192.0.2.1"));
        let _second = quota.enter(ip("::ffff:192.0.2.1")).unwrap();
        assert!(quota.enter(ip("192.0.2.1")).is_none());
        let _other = quota.enter(ip("192.0.2.2")).unwrap();
        drop(first);
        assert!(quota.enter(ip("192.0.2.1")).is_some());
        let near: Vec<_> = (0..9).map(|_| quota.enter(ip("127.0.0.1"))).collect();
        assert!(near.iter().all(Option::is_some));
        drop((near, _second, _other));
        assert!(quota.guests.lock().unwrap().is_empty());
    }

    #[test]
    fn requests_come_in_bursts_and_then_at_their_rate() {
        let quota = Quota::new(0, 5);
        let start = Instant::now();
        let many = |from: &str, n: usize, seconds: u64| {
            let now = start + Duration::from_secs(seconds);
            let asked = (0..n).filter(|_| quota.admit(ip(from), now).is_ok());
            asked.count()
        };
        assert_eq!(many("192.0.2.1", 99, 0), 50);
        assert_eq!(many("192.0.2.2", 10, 0), 10);
        assert_eq!(many("192.0.2.1", 99, 2), 10);
        assert_eq!(many("192.0.2.1", 99, 1000), 50);
        assert_eq!(many("2001:db8::1", 40, 0), 40);
        assert_eq!(many("2001:db8::2", 99, 0), 10, "a /64 is one client");
        assert_eq!(many("::1", 9_999, 0), 9_999);
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let quota = Quota::new(0, 1);
        let start = Instant::now();
        for n in 0..(MOST as u32 + 100) {
            let address = IpAddr::V4((0x0a00_0000 + n).into());
            quota.admit(address, start).unwrap();
        }
        assert_eq!(quota.buckets.lock().unwrap().len(), MOST);
        let later = start + Duration::from_secs(60);
        quota.admit(ip("192.0.2.1"), later).unwrap();
        assert_eq!(quota.buckets.lock().unwrap().len(), 1);
    }
}
