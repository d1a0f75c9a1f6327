//! How long this client waits, for what.

use crate::retry::Policy;
use std::time::Duration;

/// How long things may take.
#[derive(Clone, Debug)]
pub struct Timing {
    /// Until a TCP connection stands.
    pub connect: Duration,
    /// Without a byte in either direction, where one is due. A server that syncs a large file to disk before it
    /// answers needs the better part of it.
    pub patience: Duration,
    /// Without news of a job, before it is asked for.
    pub check_interval: Duration,
    /// From its acceptance to its end, if the caller will not wait for ever.
    pub max_wait: Option<Duration>,
    /// After losses of a transfer.
    pub retry: Policy,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            patience: Duration::from_secs(120),
            check_interval: Duration::from_secs(60),
            max_wait: None,
            retry: Policy::default(),
        }
    }
}
