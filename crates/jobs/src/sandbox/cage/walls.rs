//! What one child will put on: made by its parent, entered by the child.

use super::limits::Numbers;
use super::owner::{self, Identity};
use super::{Cage, Layers, Limits, files};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, set_parent_process_death_signal};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The cage of one child, ready to be entered between fork and exec.
#[derive(Debug)]
pub(in crate::sandbox) struct Walls {
    layers: Option<Arc<Layers>>,
    rules: Option<OwnedFd>,
    numbers: Option<Numbers>,
    file_size: Option<u64>,
    identity: Identity,
    /// The program, where the child's user could not walk to it.
    program: Option<OwnedFd>,
    parent: Pid,
}

impl Walls {
    /// For a child of the calling thread: this program reads these files and writes in these directories, one of which
    /// it begins in.
    ///
    /// # Errors
    /// When one of them is not there, or the kernel refuses a rule.
    pub(in crate::sandbox) fn prepare(
        cage: &Cage,
        program: &Path,
        directory: &Path,
        reads: &[&Path],
        writes: &[&Path],
        limits: &Limits,
    ) -> io::Result<Self> {
        let mut walls = Self {
            layers: cage.layers.clone(),
            rules: None,
            numbers: None,
            file_size: limits.file_size,
            identity: Identity::Same,
            program: None,
            parent: rustix::process::getpid(),
        };
        let Some(layers) = &cage.layers else {
            return Ok(walls);
        };
        walls.identity = layers.owner.admit(directory, reads, writes)?;
        let is_alone = walls.identity.is_alone();
        // Built or unpacked in root's own home, say: what is held already needs no way to it.
        if is_alone && owner::shut_above(&std::fs::canonicalize(program)?)?.is_some() {
            let flags = OFlags::PATH | OFlags::CLOEXEC;
            walls.program = Some(rustix::fs::open(program, flags, Mode::empty())?);
        }
        walls.numbers = Some(Numbers::of(limits, layers.memory, is_alone));
        if layers.landlock > 0 {
            let reach = files::Reach {
                program,
                libraries: &layers.libraries,
                reads,
                writes,
            };
            walls.rules = Some(files::rules(&reach)?);
        }
        Ok(walls)
    }

    /// What the child has to call this program, as long as these walls live. Only where it must be is it a descriptor's
    /// name, for tools that list processes show that.
    pub(in crate::sandbox) fn name_of(&self, program: &Path) -> PathBuf {
        match &self.program {
            Some(held) => format!("/proc/self/fd/{}", held.as_raw_fd()).into(),
            None => program.to_owned(),
        }
    }

    /// Enters, in an order in which each step is still allowed by those before it. For a child between fork and exec:
    /// nothing here allocates or takes a lock.
    pub(in crate::sandbox) fn enter(&self) -> io::Result<()> {
        Numbers::enter_least(self.file_size)?;
        if let Some(layers) = &self.layers {
            be_first_to_go();
            hide_descriptors();
            if let Some(numbers) = &self.numbers {
                numbers.enter()?;
            }
            rustix::thread::set_no_new_privs(true)?;
            if let Some(rules) = &self.rules {
                files::enter(rules)?;
            }
            self.identity.enter()?;
            self.die_with_parent()?;
            if let Some(calls) = &layers.calls {
                calls.enter()?;
            }
            return Ok(());
        }
        self.die_with_parent()
    }

    /// After the change of user, which would clear it.
    fn die_with_parent(&self) -> io::Result<()> {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have died before the line above took effect.
        if rustix::process::getppid() == Some(self.parent) {
            Ok(())
        } else {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
}

/// Short of memory, the kernel should end an FFmpeg and not the server. It is a wish: /proc may be missing.
fn be_first_to_go() {
    let path = c"/proc/self/oom_score_adj";
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    if let Ok(file) = rustix::fs::open(path, flags, Mode::empty()) {
        let _ = rustix::io::write(&file, b"1000");
    }
}

/// Whatever the server has inherited from who started it goes no further. Kernels before 5.11 do not know how; our own
/// descriptors are closed by `execve` on all.
fn hide_descriptors() {
    #[expect(unsafe_code, reason = "no crate has this call for marking only")]
    // SAFETY: marks descriptors, closes none and touches no memory.
    let _ = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3_u32,
            u32::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
}
