//! Two sibling control groups, `video` and `serve`, under the group that this process was found in.
//!
//! Version 2 needs delegation (systemd: `Delegate=yes`) and that nothing else lives in our group; version 1 needs a
//! writable `cpu` hierarchy. All writes are plain files, so a directory tree stands in for the kernel in tests.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Both weigh the same: the scheduler lets a light group wait for several slices of the heavy one each time that it wakes,
/// and a message wakes it four times (9 to 1: 50 ms and more for the slowest of a hundred; alike: 5 ms). What video keeps,
/// the ceiling decides.
const WEIGHT: u32 = 100;
/// Of what is not kept for video, per cent. What others on the machine take comes off the video's part first.
const CEILING_PERCENT: u64 = 75;
/// Version 1 counts in shares, 1,024 being the default.
const SHARES_PER_WEIGHT: u32 = 10;
/// The kernel's default accounting period.
const PERIOD_US: u64 = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

/// Where this process stands in the hierarchy that controls the processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Home {
    pub(super) version: Version,
    pub(super) directory: PathBuf,
}

#[derive(Debug)]
pub(super) struct Groups {
    home: Home,
    parent: PathBuf,
    video_entry: Arc<OwnedFd>,
    /// Microseconds per period that serving may use while video runs.
    ceiling_us: u64,
}

impl Groups {
    pub(super) fn create(video_percent: u32) -> Result<Self, String> {
        let read = |path| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
        let mounts = read("/proc/self/mountinfo")?;
        let membership = read("/proc/self/cgroup")?;
        let controllers =
            |dir: &Path| fs::read_to_string(dir.join("cgroup.controllers")).unwrap_or_default();
        let home = find_home(&mounts, &membership, &controllers)
            .ok_or("no control group hierarchy with the cpu controller is mounted")?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let directory = home.directory.display().to_string();
        Self::create_in(home, video_percent, cores, std::process::id())
            .map_err(|error| format!("control groups under {directory} are not writable: {error}"))
    }

    pub(super) fn create_in(
        home: Home,
        video_percent: u32,
        cores: usize,
        pid: u32,
    ) -> io::Result<Self> {
        let parent = match home.version {
            Version::V1 => home.directory.join(format!("kinora-{pid}")),
            Version::V2 => home.directory.clone(),
        };
        if home.version == Version::V1 {
            remove_stale(&home.directory);
            fs::create_dir(&parent)?;
        }
        let made = fill(&home, &parent, pid);
        let video_entry = made.inspect_err(|_| dismantle(&home, &parent, pid))?;
        let serve_percent = u64::from(100 - video_percent.min(99));
        let ceiling_us = PERIOD_US * cores as u64 * serve_percent * CEILING_PERCENT / (100 * 100);
        Ok(Self {
            home,
            parent,
            video_entry: Arc::new(video_entry),
            ceiling_us: ceiling_us.max(1000),
        })
    }

    pub(super) fn describe(&self) -> String {
        let version = match self.home.version {
            Version::V1 => 1,
            Version::V2 => 2,
        };
        format!(
            "control groups version {version}: serving at most {:.1} cores while a job runs",
            self.ceiling_us as f64 / PERIOD_US as f64
        )
    }

    pub(super) fn video_entry(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.video_entry)
    }

    pub(super) fn set_ceiling(&self, in_force: bool) {
        let serve = self.parent.join("serve");
        let (file, text) = match (self.home.version, in_force) {
            (Version::V1, true) => ("cpu.cfs_quota_us", self.ceiling_us.to_string()),
            (Version::V1, false) => ("cpu.cfs_quota_us", "-1".to_owned()),
            (Version::V2, true) => ("cpu.max", format!("{} {PERIOD_US}", self.ceiling_us)),
            (Version::V2, false) => ("cpu.max", format!("max {PERIOD_US}")),
        };
        if let Err(error) = fs::write(serve.join(file), text) {
            tracing::warn!(%error, file, "the ceiling on serving could not be set");
        }
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        dismantle(&self.home, &self.parent, std::process::id());
    }
}

/// Makes both groups, moves this process into `serve`, and opens the door to `video`.
fn fill(home: &Home, parent: &Path, pid: u32) -> io::Result<OwnedFd> {
    let (video, serve) = (parent.join("video"), parent.join("serve"));
    for group in [&video, &serve] {
        match fs::create_dir(group) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    fs::write(serve.join("cgroup.procs"), pid.to_string())?;
    if home.version == Version::V2 {
        // Only now: a group with processes of its own cannot hand controllers down.
        fs::write(parent.join("cgroup.subtree_control"), "+cpu")?;
    }
    for group in [&video, &serve] {
        match home.version {
            Version::V1 => {
                fs::write(
                    group.join("cpu.shares"),
                    (WEIGHT * SHARES_PER_WEIGHT).to_string(),
                )?;
            }
            Version::V2 => fs::write(group.join("cpu.weight"), WEIGHT.to_string())?,
        }
    }
    let entry = fs::OpenOptions::new()
        .write(true)
        .create(cfg!(test))
        .truncate(false)
        .open(video.join("cgroup.procs"))?;
    Ok(entry.into())
}

/// Moves this process back and removes what was made; a group that is not empty stays, and the next start removes it.
fn dismantle(home: &Home, parent: &Path, pid: u32) {
    if home.version == Version::V2 {
        let _ = fs::write(parent.join("cgroup.subtree_control"), "-cpu");
    }
    let _ = fs::write(home.directory.join("cgroup.procs"), pid.to_string());
    let _ = fs::remove_dir(parent.join("video"));
    let _ = fs::remove_dir(parent.join("serve"));
    if home.version == Version::V1 {
        let _ = fs::remove_dir(parent);
    }
}

/// Groups of servers that were killed; the kernel refuses to remove those that still have members.
fn remove_stale(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|n| n.strip_prefix("kinora-")) else {
            continue;
        };
        if pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists() {
            for part in ["video", "serve", ""] {
                let _ = fs::remove_dir(entry.path().join(part));
            }
        }
    }
}

/// Finds our place from the texts of `/proc/self/mountinfo` and `/proc/self/cgroup` (proc(5), cgroups(7)).
pub(super) fn find_home(
    mounts: &str,
    membership: &str,
    controllers: &dyn Fn(&Path) -> String,
) -> Option<Home> {
    let v2 = || {
        let directory = place(mounts, membership, "cgroup2", |c| c.is_empty())?;
        controllers(&directory)
            .split_whitespace()
            .any(|c| c == "cpu")
            .then_some(Home {
                version: Version::V2,
                directory,
            })
    };
    let v1 = || {
        let has_cpu = |list: &str| list.split(',').any(|c| c == "cpu");
        Some(Home {
            version: Version::V1,
            directory: place(mounts, membership, "cgroup", has_cpu)?,
        })
    };
    v2().or_else(v1)
}

/// The directory of our group: mount point, plus our path below the mount's root.
fn place(
    mounts: &str,
    membership: &str,
    kind: &str,
    wanted: impl Fn(&str) -> bool,
) -> Option<PathBuf> {
    let path = membership.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        wanted(fields.next()?).then(|| fields.next())?
    })?;
    let (root, point) = mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let mut right = right.split(' ');
        let is_kind = right.next()? == kind;
        let options = right.nth(1)?;
        let mut left = left.split(' ').skip(3);
        let found = (left.next()?, left.next()?);
        (is_kind && (kind == "cgroup2" || wanted(options))).then_some(found)
    })?;
    let below = path.strip_prefix(root).unwrap_or(path);
    Some(Path::new(point).join(below.trim_start_matches('/')))
}

#[cfg(test)]
mod tests;
