//! The settings of the server: what each room declares, collected once.

use crate::access::{Access, Network};
use crate::tls::TlsConfig;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Everything that `Server::start` needs. Sizes are bytes, durations seconds; human spellings are resolved before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Everything that is kept lies under this directory.
    pub data: PathBuf,
    /// Who may use the server, at all doors.
    pub access: Access,
    /// Encryption, at all doors.
    pub tls: TlsConfig,
    /// The MMP door.
    pub mmp: MmpConfig,
    /// The HTTP door.
    pub http: HttpConfig,
    /// Space and time.
    pub storage: StorageConfig,
    /// Videos to be watched.
    pub library: LibraryConfig,
    /// What people send each other.
    pub talk: TalkConfig,
    /// How jobs are run.
    pub jobs: kinora_jobs::Config,
    /// Which programs do the media work.
    pub ffmpeg: kinora_jobs::Programs,
    /// How FFmpeg is confined.
    pub sandbox: kinora_jobs::SandboxConfig,
    /// How the processor is divided.
    pub share: kinora_jobs::ShareConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: "kinora-data".into(),
            access: Access::default(),
            tls: TlsConfig::default(),
            mmp: MmpConfig::default(),
            http: HttpConfig::default(),
            storage: StorageConfig::default(),
            library: LibraryConfig::default(),
            talk: TalkConfig::default(),
            jobs: kinora_jobs::Config::default(),
            ffmpeg: kinora_jobs::Programs::default(),
            sandbox: kinora_jobs::SandboxConfig::default(),
            share: kinora_jobs::ShareConfig::default(),
        }
    }
}

/// The MMP door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MmpConfig {
    /// Where it listens.
    pub listen: Vec<SocketAddr>,
    /// Addresses whose clients need no token, beside this machine.
    pub trust: Vec<Network>,
    /// Proxies in front of this door: their connections begin with a head of the PROXY protocol.
    pub proxies: Vec<Network>,
    /// Connections at the same time over all listeners; further ones wait in the kernel's backlog.
    pub max_connections: usize,
    /// Of these, how many may be of one client beyond this machine; 0: all.
    pub client_connections: usize,
    /// Requests a second of such a client, ten seconds' worth at once; 0: any number.
    pub client_rate: u32,
    /// For tests that cannot wait: how long a peer may take to send a head, to move on, to begin a request, and to
    /// take a byte. Not a setting; the protocol's own limits hold where it is not given.
    #[serde(skip)]
    pub patience: Option<Duration>,
}

impl Default for MmpConfig {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 9001))],
            trust: Vec::new(),
            proxies: Vec::new(),
            max_connections: 2048,
            client_connections: 512,
            client_rate: 50,
            patience: None,
        }
    }
}

/// The HTTP door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Where it listens; nowhere switches it off.
    pub listen: Vec<SocketAddr>,
    /// Names under which browsers may call it, beside those of this machine; without a port.
    pub hosts: Vec<String>,
    /// Proxies in front of this door: what they say of their clients' addresses is believed.
    pub proxies: Vec<Network>,
    /// Connections at the same time over all listeners; further ones wait in the kernel's backlog.
    pub max_connections: usize,
    /// As [`MmpConfig::client_connections`].
    pub client_connections: usize,
    /// As [`MmpConfig::client_rate`].
    pub client_rate: u32,
    /// For tests that cannot wait, as in [`MmpConfig::patience`].
    #[serde(skip)]
    pub patience: Option<Duration>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], 8080))],
            hosts: Vec::new(),
            proxies: Vec::new(),
            max_connections: 1024,
            client_connections: 256,
            client_rate: 50,
            patience: None,
        }
    }
}

/// Space and time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageConfig {
    /// Bytes that uploads, jobs, results and files between people may take together (MMP §1: at most 4 TB).
    pub ceiling: u64,
    /// The part of that which one client may take, in per cent; 0: half where other machines can connect, else all.
    pub client_percent: u8,
    /// Bytes of disk that always stay free.
    pub margin: u64,
    /// Seconds that a result waits for its client.
    pub result_keep: u64,
    /// Seconds that an interrupted upload waits for its client.
    pub upload_keep: u64,
    /// Seconds that a result is still there after a client without `confirm` has taken all of it.
    pub delivered_keep: u64,
    /// Seconds for which the state of an ended job can still be asked for.
    pub tombstone_keep: u64,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            ceiling: 4_000_000_000_000,
            client_percent: 0,
            margin: 2 << 30,
            result_keep: 3600,
            upload_keep: 3600,
            delivered_keep: 60,
            tombstone_keep: 24 * 3600,
        }
    }
}

/// Videos to be watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LibraryConfig {
    /// Folders that are looked into, with all below them.
    pub directories: Vec<PathBuf>,
    /// Lines of the renditions that are made, lowest first.
    pub heights: Vec<u32>,
    /// Each of them is made in AV1, too, when it is there for everybody.
    pub av1: bool,
    /// The folder that results may be put into; empty for none.
    pub keep_in: PathBuf,
    /// Bytes that may be taken by what is made at once of titles that browsers do not play; 0: nothing is.
    pub slot_space: u64,
    /// Origins of other sites whose pages may play titles; `*` for any.
    pub cors_origins: Vec<String>,
}

impl Default for LibraryConfig {
    fn default() -> Self {
        Self {
            directories: Vec::new(),
            heights: kinora_media::ladder::HEIGHTS.to_vec(),
            av1: false,
            keep_in: PathBuf::new(),
            slot_space: 8 << 30,
            cors_origins: Vec::new(),
        }
    }
}

/// What people send each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TalkConfig {
    /// Bytes of the largest file; 0: none are taken.
    pub file_size: u64,
    /// Bytes of all files that one person has waiting for others.
    pub person_space: u64,
    /// Bytes of all files that wait.
    pub space: u64,
    /// Seconds that a file waits for whom it is for.
    pub file_keep: u64,
}

impl Default for TalkConfig {
    fn default() -> Self {
        Self {
            file_size: 256 << 20,
            person_space: 1 << 30,
            space: 16 << 30,
            file_keep: 14 * 24 * 3600,
        }
    }
}
