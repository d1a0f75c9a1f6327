//! The settings of this room; `server` passes them on, the commented reference stands with the binary.

use kinora_media::Accept;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How jobs are run. Durations are seconds, sizes bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// FFmpeg processes at the same time; 0 lets the machine's cores and memory decide.
    pub workers: u32,
    /// What becomes of a client's second job while its first one runs.
    pub per_client: PerClient,
    /// Jobs that one client may have queued and running together.
    pub client_limit: u64,
    /// How often a job is begun before it is given up.
    pub attempts: u32,
    /// Seconds without any progress after which an FFmpeg is ended.
    pub stall: u64,
    /// Seconds that one attempt may take in all.
    pub max_duration: u64,
}

/// What becomes of a client's further jobs (MMP §1: one job at a time per client address).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PerClient {
    /// They wait in order.
    Queue,
    /// They are refused with `client_busy`.
    Refuse,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            workers: 0,
            per_client: PerClient::Queue,
            client_limit: 100,
            attempts: 3,
            stall: 60,
            max_duration: 24 * 3600,
        }
    }
}

/// Which programs do the media work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Programs {
    /// Name or path of FFmpeg.
    pub ffmpeg: PathBuf,
    /// Name or path of ffprobe.
    pub ffprobe: PathBuf,
    /// Path of a second FFmpeg that adds what the first lacks; `auto` for the one that was installed with us, empty or
    /// `none` for none.
    pub second: PathBuf,
}

/// Where a second FFmpeg is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Second {
    /// In its usual place, and it may be absent.
    Auto,
    /// Nowhere.
    None,
    /// Here, and it has to work.
    Path(PathBuf),
}

impl Programs {
    pub(crate) fn second(&self) -> Second {
        match self.second.to_str() {
            Some("auto") => Second::Auto,
            Some("" | "none") => Second::None,
            _ => Second::Path(self.second.clone()),
        }
    }
}

impl Default for Programs {
    fn default() -> Self {
        Self {
            ffmpeg: "ffmpeg".into(),
            ffprobe: "ffprobe".into(),
            second: "auto".into(),
        }
    }
}

/// How FFmpeg is confined, and what it may open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SandboxConfig {
    /// How much of the cage has to be there.
    pub mode: SandboxMode,
    /// Which kinds of files are opened.
    pub accept: AcceptMode,
    /// Bytes of memory that one FFmpeg may have; 0 lets the machine decide.
    pub memory: u64,
}

/// How much of the cage has to be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SandboxMode {
    /// All of it, or nothing is started.
    #[default]
    Full,
    /// What this kernel has.
    Degraded,
    /// None.
    Off,
}

/// Which kinds of files are opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AcceptMode {
    /// All where the whole cage is in force and only known people can send files, else the common ones.
    #[default]
    Auto,
    /// All that FFmpeg reads, but those that are programs or devices.
    All,
    /// Those that cameras, phones and editors write.
    Common,
}

impl AcceptMode {
    /// What was chosen, if anything was.
    pub(crate) fn chosen(self) -> Option<Accept> {
        match self {
            Self::Auto => None,
            Self::All => Some(Accept::All),
            Self::Common => Some(Accept::Common),
        }
    }
}

/// How the processor is divided between video work and serving.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShareConfig {
    /// By which means.
    pub mode: ShareMode,
    /// The part that video keeps when it wants it, in per cent (MMP §1 asks for 60).
    pub video_percent: u32,
}

/// By which means the processor is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShareMode {
    /// Control groups where they are writable, else priorities.
    Auto,
    /// Control groups, or the server does not start.
    Cgroup,
    /// Thread counts and priorities only.
    Priority,
    /// Nothing.
    Off,
}

impl Default for ShareConfig {
    fn default() -> Self {
        Self {
            mode: ShareMode::Auto,
            video_percent: 60,
        }
    }
}
