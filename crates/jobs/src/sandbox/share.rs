//! The processor's division between video work and serving.
//!
//! MMP §1 wants at least 60 % for video at all times. Control groups guarantee it: a ceiling on the serving side, which is
//! in force while a job runs. Below it both are served alike, so that what takes little need not wait. Where groups cannot
//! be written, priorities do it: measured, a lower priority of the serving threads left 99 % to video, but only inside one
//! session (the kernel groups sessions by themselves), so children stay in ours.

mod groups;

use crate::config::{ShareConfig, ShareMode};
use groups::Groups;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// Niceness of the serving threads where priorities are the means: weight 110 against 1,024 of a video thread.
const SERVING_NICE: i32 = 10;

/// The means in force.
#[derive(Debug)]
pub struct Share {
    groups: Option<Groups>,
    priorities: bool,
    /// Why groups are not the means.
    reason: Option<String>,
}

impl Share {
    /// No division at all: the work is the only thing that runs, or the operator wants it so.
    #[must_use]
    pub fn off() -> Self {
        Self {
            groups: None,
            priorities: false,
            reason: None,
        }
    }

    /// Takes the best means that the settings allow and this machine has. Moves this process into its group.
    ///
    /// # Errors
    /// Why there are no groups, when the settings insist on them.
    pub fn establish(config: &ShareConfig) -> Result<Self, String> {
        if config.mode == ShareMode::Off {
            return Ok(Self::off());
        }
        let made = match config.mode {
            ShareMode::Priority => Err("the settings ask for priorities".to_owned()),
            _ => Groups::create(config.video_percent),
        };
        match made {
            Err(reason) if config.mode == ShareMode::Cgroup => Err(reason),
            Err(reason) => Ok(Self {
                groups: None,
                priorities: true,
                reason: Some(reason),
            }),
            Ok(groups) => Ok(Self {
                groups: Some(groups),
                priorities: false,
                reason: None,
            }),
        }
    }

    /// What is in force, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match (&self.groups, &self.reason) {
            (Some(groups), _) => groups.describe(),
            (None, Some(reason)) => format!("priorities ({reason})"),
            (None, None) => "off".to_owned(),
        }
    }

    /// Whether the division is guaranteed by the kernel.
    #[must_use]
    pub fn is_guaranteed(&self) -> bool {
        self.groups.is_some()
    }

    /// Where a child writes `0` to join the video side.
    #[must_use]
    pub fn video_entry(&self) -> Option<Arc<OwnedFd>> {
        self.groups.as_ref().map(Groups::video_entry)
    }

    /// The ceiling on serving is in force only while video wants the processor: an idle machine serves at full speed.
    pub fn set_busy(&self, busy: bool) {
        if let Some(groups) = &self.groups {
            groups.set_ceiling(busy);
        }
    }

    /// To be called once on each thread that serves: lowers its priority where priorities are the means.
    pub fn yield_this_thread(&self) {
        if self.priorities {
            // Lowering one's own priority is always allowed; the thread id stands for the thread alone on Linux.
            let _ =
                rustix::process::setpriority_process(Some(rustix::thread::gettid()), SERVING_NICE);
        }
    }
}
