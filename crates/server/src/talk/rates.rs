//! How often somebody may do something: buckets that fill up again.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// One thing, for each of many.
#[derive(Debug)]
pub(super) struct Rate<Key> {
    /// So many at once.
    burst: f64,
    /// So many a second after that.
    pace: f64,
    /// Keys that are remembered.
    most: usize,
    buckets: Mutex<HashMap<Key, Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl<Key: Eq + Hash + Clone> Rate<Key> {
    pub(super) fn new((burst, pace): (f64, f64), most: usize) -> Self {
        Self {
            burst,
            pace,
            most,
            buckets: Mutex::default(),
        }
    }

    /// One more.
    ///
    /// # Errors
    /// The seconds after which it may be.
    pub(super) fn take(&self, key: &Key, now: Instant) -> Result<(), f64> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.most && !buckets.contains_key(key) {
            self.forget(&mut buckets, now);
        }
        let full = Bucket {
            left: self.burst,
            at: now,
        };
        let bucket = buckets.entry(key.clone()).or_insert(full);
        let left = self.refilled(*bucket, now);
        *bucket = Bucket { left, at: now };
        if left < 1.0 {
            return Err((1.0 - left) / self.pace);
        }
        bucket.left -= 1.0;
        Ok(())
    }

    /// Those that are full say nothing; if none is, the one that was silent longest.
    fn forget(&self, buckets: &mut HashMap<Key, Bucket>, now: Instant) {
        buckets.retain(|_, bucket| self.refilled(*bucket, now) < self.burst);
        if buckets.len() < self.most {
            return;
        }
        let oldest = buckets.iter().min_by_key(|(_, bucket)| bucket.at);
        if let Some(key) = oldest.map(|(key, _)| key.clone()) {
            buckets.remove(&key);
        }
    }

    fn refilled(&self, bucket: Bucket, now: Instant) -> f64 {
        let seconds = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.left + seconds * self.pace).min(self.burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn bursts_pass_and_then_the_pace_holds() {
        let rate = Rate::new((3.0, 0.5), 100);
        let start = Instant::now();
        let passed = |seconds| {
            let now = start + Duration::from_secs(seconds);
            (0..9).filter(|_| rate.take(&"a", now).is_ok()).count()
        };
        assert_eq!([passed(0), passed(1), passed(2), passed(60)], [3, 0, 1, 3]);
        let wait = rate.take(&"a", start + Duration::from_secs(60));
        assert_eq!(wait, Err(2.0));
        assert_eq!(rate.take(&"b", start), Ok(()));
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let rate = Rate::new((1.0, 0.001), 10);
        let start = Instant::now();
        for n in 0..100 {
            rate.take(&n, start + Duration::from_millis(n)).unwrap();
        }
        assert!(rate.buckets.lock().unwrap().len() <= 10);
        assert!(rate.take(&99, start + Duration::from_secs(1)).is_err());
    }
}
