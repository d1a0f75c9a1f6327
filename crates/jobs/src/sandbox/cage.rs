//! The cage: what a child may reach, prepared before it is started and put on between fork and exec.
//!
//! Four layers that do not trust each other: `files` (Landlock: its input, its directories, its libraries), `calls`
//! (seccomp: no sockets, no processes, nothing that a media program does not need), `limits` (memory, time, files) and
//! `owner` (as root: a user of its own for each job, without capabilities). Landlock alone leaves sockets open that it
//! has no rule for, the filter alone cannot tell one file from another.
//!
//! All that needs memory or may fail in interesting ways is done by the parent; the child makes system calls and
//! nothing else. So no second program is needed, and a test's child is caged as the server's is.

mod files;
mod calls;
mod limits;
mod owner;
mod walls;

use crate::config::{SandboxConfig, SandboxMode};
use calls::Calls;
use kinora_media::Accept;
use kinora_store::contract::Problem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use files::is_binary;
pub use limits::{Duty, Limits};
pub(super) use walls::Walls;

/// How children are confined, and what they may open. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Cage {
    layers: Option<Arc<Layers>>,
    accept: Accept,
}

/// What is in force.
#[derive(Debug)]
struct Layers {
    /// Landlock's version; 0 where the kernel has none.
    landlock: i32,
    calls: Option<Calls>,
    /// Where shared libraries lie.
    libraries: Vec<PathBuf>,
    /// Bytes of memory that one child may have.
    memory: u64,
    /// Who children are, when we are root.
    owner: owner::Owner,
}

/// One layer, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// `files`, `calls`, `network`, `limits`, `user`.
    pub name: &'static str,
    /// Whether it is whole.
    pub is_whole: bool,
    /// What there is, or what is missing.
    pub detail: String,
}

impl Cage {
    /// The cage that the settings ask for, on this kernel. `is_exposed`: people whom the operator does not know can
    /// send files.
    ///
    /// # Errors
    /// `sandbox_unavailable` when the whole cage is wanted and the kernel lacks a part of it.
    pub fn establish(config: &SandboxConfig, is_exposed: bool) -> Result<Self, Problem> {
        if config.mode == SandboxMode::Off {
            return Ok(Self::off().with_accept(config.accept.chosen().unwrap_or(Accept::Common)));
        }
        let landlock = files::version();
        let calls = Calls::compile(landlock >= files::SCOPES);
        let missing = missing(landlock, calls.as_ref().err());
        if let (SandboxMode::Full, Some(problem)) = (config.mode, &missing) {
            return Err(problem.clone());
        }
        let is_whole = missing.is_none() && !is_exposed;
        let by_default = if is_whole {
            Accept::All
        } else {
            Accept::Common
        };
        let layers = Layers {
            landlock,
            calls: calls.ok(),
            libraries: files::libraries(),
            memory: limits::memory(config.memory),
            owner: owner::Owner::least(),
        };
        Ok(Self {
            layers: Some(Arc::new(layers)),
            accept: config.accept.chosen().unwrap_or(by_default),
        })
    }

    /// The same for a server that keeps everything under this directory, which has to be there: as root, each job gets a
    /// user of its own.
    #[must_use]
    pub fn of_server(mut self, data: &Path) -> Self {
        if let Some(layers) = self.layers.as_mut().and_then(Arc::get_mut) {
            layers.owner = owner::Owner::of_server(data);
            if !layers.owner.is_whole() {
                tracing::warn!("FFmpeg stays {}", layers.owner.describe());
            }
        }
        self
    }

    /// No cage at all: for work whose input is known, and for who has been told to do without.
    #[must_use]
    pub fn off() -> Self {
        Self {
            layers: None,
            accept: Accept::All,
        }
    }

    fn with_accept(self, accept: Accept) -> Self {
        Self { accept, ..self }
    }

    /// What children may open.
    #[must_use]
    pub fn accept(&self) -> Accept {
        self.accept
    }

    /// Whether children are confined at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.layers.is_some()
    }

    /// Whether both walls stand: Landlock and the filter of system calls.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let stands = |layers: &Arc<Layers>| layers.landlock > 0 && layers.calls.is_some();
        self.layers.as_ref().is_some_and(stands)
    }

    /// Each layer as it stands.
    #[must_use]
    pub fn layers(&self) -> Vec<Layer> {
        self.layers
            .as_deref()
            .map_or_else(Vec::new, Layers::describe)
    }

    /// In one line.
    #[must_use]
    pub fn describe(&self) -> String {
        let state = match (self.is_on(), self.is_whole()) {
            (false, _) => return "off: FFmpeg can do what this server can".into(),
            (true, true) => "full",
            (true, false) => "degraded",
        };
        let parts = self.layers();
        let parts: Vec<_> = parts.iter().map(|layer| layer.detail.as_str()).collect();
        format!("{state} ({})", parts.join("; "))
    }
}

impl Layers {
    fn describe(&self) -> Vec<Layer> {
        let layer = |name, is_whole, detail: String| Layer {
            name,
            is_whole,
            detail,
        };
        let files = match self.landlock {
            0 => "the kernel has no Landlock: files are guarded by their owner alone".into(),
            version => format!("Landlock version {version}"),
        };
        let calls = match &self.calls {
            Some(_) => "system calls filtered",
            None => "system calls are not filtered",
        };
        vec![
            layer("files", self.landlock > 0, files),
            layer("calls", self.calls.is_some(), calls.into()),
            layer(
                "limits",
                true,
                format!("at most {} MiB of memory each", self.memory >> 20),
            ),
            layer("user", self.owner.is_whole(), self.owner.describe()),
        ]
    }
}

/// What the whole cage lacks here.
fn missing(landlock: i32, calls: Option<&String>) -> Option<Problem> {
    let mut lacks = Vec::new();
    if landlock < 1 {
        lacks.push(
            "this kernel does not offer Landlock (Linux 5.13 or newer, booted with it in lsm=)"
                .to_owned(),
        );
    }
    if let Some(error) = calls {
        lacks.push(format!("system calls cannot be filtered ({error})"));
    }
    (!lacks.is_empty()).then(|| Problem {
        code: "sandbox_unavailable".into(),
        description: format!("FFmpeg cannot be confined: {}", lacks.join("; ")),
        solution: "boot a kernel that has it, or say what you accept instead: --sandbox=degraded uses what is there, \
                   --sandbox=off nothing at all"
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_cage_needs_both_walls() {
        assert_eq!(missing(1, None), None);
        let check = |landlock, calls: Option<&str>, words: &[&str]| {
            let calls = calls.map(str::to_owned);
            let problem = missing(landlock, calls.as_ref()).unwrap_or_else(|| panic!("{words:?}"));
            assert_eq!(problem.code, "sandbox_unavailable");
            let is_named = |word: &&str| problem.description.contains(*word);
            assert!(words.iter().all(is_named), "{problem:?}");
            assert!(problem.solution.contains("--sandbox=degraded"));
        };
        check(0, None, &["Landlock"]);
        check(7, Some("not on mips"), &["not on mips"]);
        check(0, Some("not on mips"), &["Landlock", "not on mips"]);
    }

    #[test]
    fn rare_kinds_are_for_known_people_and_whole_cages() {
        let accepts = |mode, accept, is_exposed| {
            let config = SandboxConfig {
                mode,
                accept,
                memory: 0,
            };
            Cage::establish(&config, is_exposed).map(|cage| cage.accept())
        };
        use crate::config::AcceptMode::{All, Auto};
        use SandboxMode::{Full, Off};
        assert_eq!(accepts(Full, Auto, false), Ok(Accept::All));
        assert_eq!(accepts(Full, Auto, true), Ok(Accept::Common));
        assert_eq!(accepts(Full, All, true), Ok(Accept::All));
        assert_eq!(accepts(Off, Auto, false), Ok(Accept::Common));
        assert_eq!(accepts(Off, All, false), Ok(Accept::All));
    }
}
