//! Landlock: which files a child may open (landlock(7)).
//!
//! Everything that Landlock of this kernel knows is forbidden, then a few things are allowed again. Nothing may be
//! executed but the program and the loader of its libraries, so there is no shell. Where the kernel knows more than
//! files (TCP, abstract sockets, signals), that is forbidden without exception.

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, Scope,
};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// From this version on, signals and abstract sockets end at the cage.
pub(super) const SCOPES: i32 = 6;

/// Files that libraries read when they start: the loader's cache, the clock's zone, random bytes, and how many
/// processors there are.
const COMMON: &[&str] = &[
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/dev/urandom",
    "/dev/random",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/sys/vm/overcommit_memory",
];
/// Directories of the same kind.
const MACHINE: &[&str] = &["/sys/devices/system/cpu", "/sys/devices/system/node"];

/// What one child may open.
pub(super) struct Reach<'a> {
    /// The program.
    pub(super) program: &'a Path,
    /// Where libraries lie.
    pub(super) libraries: &'a [PathBuf],
    /// Files that it reads.
    pub(super) reads: &'a [&'a Path],
    /// Directories in which it reads, makes and removes plain files.
    pub(super) writes: &'a [&'a Path],
}

/// Landlock's version in this kernel; 0 where there is none.
pub(super) fn version() -> i32 {
    #[expect(unsafe_code, reason = "no crate tells the version")]
    // SAFETY: with this flag the kernel reads no memory of ours, and returns a number.
    let version = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<u8>(),
            0_usize,
            1_u32, // LANDLOCK_CREATE_RULESET_VERSION
        )
    };
    i32::try_from(version).unwrap_or(0).max(0)
}

/// Makes the rules of one child; to be put on with [`enter`].
pub(super) fn rules(reach: &Reach<'_>) -> io::Result<OwnedFd> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let run = AccessFs::ReadFile | AccessFs::Execute;
    let mut rules = forbid_everything().map_err(io::Error::other)?;
    let own = own_libraries(reach.program);
    for library in reach.libraries.iter().chain(&own) {
        rules = allow(rules, library, read, Absent::Fine)?;
    }
    for path in COMMON {
        rules = allow(
            rules,
            path.as_ref(),
            AccessFs::ReadFile.into(),
            Absent::Fine,
        )?;
    }
    for path in MACHINE {
        rules = allow(rules, path.as_ref(), read, Absent::Fine)?;
    }
    let null = AccessFs::ReadFile | AccessFs::WriteFile;
    rules = allow(rules, "/dev/null".as_ref(), null, Absent::Fine)?;
    rules = allow(rules, reach.program, run, Absent::Fault)?;
    if let Some(loader) = loader(reach.program) {
        rules = allow(rules, &loader, run, Absent::Fault)?;
    }
    for path in reach.reads {
        rules = allow(rules, path, AccessFs::ReadFile.into(), Absent::Fault)?;
    }
    for path in reach.writes {
        rules = allow(rules, path, working(), Absent::Fault)?;
    }
    let rules: Option<OwnedFd> = rules.into();
    rules.ok_or_else(|| io::ErrorKind::Unsupported.into())
}

/// Puts the rules on the calling thread, for good. One system call; `no_new_privs` must be set.
pub(super) fn enter(rules: &OwnedFd) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    #[expect(
        unsafe_code,
        reason = "the crate's own call may allocate, which a forked child must not"
    )]
    // SAFETY: the descriptor is open for as long as it is borrowed; the call takes numbers only.
    let done = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, rules.as_raw_fd(), 0_u32) };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Rights in a directory to work in: plain files come, change and go; no directories, links, sockets or devices, and
/// nothing is moved out of it.
fn working() -> BitFlags<AccessFs> {
    AccessFs::ReadFile
        | AccessFs::WriteFile
        | AccessFs::ReadDir
        | AccessFs::MakeReg
        | AccessFs::RemoveFile
        | AccessFs::Truncate
}

/// What the kernel does not know is left out; the version that is there is told elsewhere.
fn forbid_everything() -> Result<RulesetCreated, landlock::RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V9))?
        .handle_access(AccessNet::from_all(ABI::V9))?
        .scope(Scope::from_all(ABI::V9))?
        .create()
}

/// Whether a path has to be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absent {
    Fine,
    Fault,
}

fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
    absent: Absent,
) -> io::Result<RulesetCreated> {
    let place = match PathFd::new(path) {
        Ok(place) => place,
        Err(_) if absent == Absent::Fine => return Ok(rules),
        Err(error) => return Err(io::Error::other(error)),
    };
    rules
        .add_rule(PathBeneath::new(place, access))
        .map_err(io::Error::other)
}

/// Where shared libraries lie on this machine: what the loader's configuration names, and its built-in places.
pub(super) fn libraries() -> Vec<PathBuf> {
    let usual = [
        "/lib64",
        "/usr/lib64",
        "/usr/local/lib",
        "/nix/store",
        "/gnu/store",
    ];
    let mut found: Vec<PathBuf> = usual.map(PathBuf::from).into();
    let configured = named_by("/etc/ld.so.conf.d".as_ref());
    let is_multiarch = configured.iter().any(|path| path.starts_with("/usr/lib/"));
    found.extend(configured);
    if !is_multiarch {
        found.extend(["/lib", "/usr/lib"].map(PathBuf::from));
    }
    found.retain(|path| path.is_dir());
    found
}

/// Where a program that did not come with the system may have libraries of its own: `lib` beside it, or beside its
/// directory.
fn own_libraries(program: &Path) -> Vec<PathBuf> {
    let program = program.canonicalize().unwrap_or_default();
    let is_systems = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].map(Path::new);
    let place = program.parent().filter(|place| !is_systems.contains(place));
    let beside = place
        .into_iter()
        .flat_map(|place| [Some(place), place.parent()]);
    beside.flatten().map(|place| place.join("lib")).collect()
}

/// The directories that files of the loader's configuration name, one a line (ldconfig(8)).
fn named_by(directory: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let texts = files.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
    let directories = |text: String| {
        let lines = text.lines().map(str::trim);
        let paths = lines.filter(|line| line.starts_with('/') && line.len() > 1);
        paths.map(PathBuf::from).collect::<Vec<_>>()
    };
    texts.flat_map(directories).collect()
}

/// The program that loads this one's shared libraries (ELF's `PT_INTERP`, elf(5)); `None` where it needs none, or is no
/// 64-bit ELF file.
fn loader(program: &Path) -> Option<PathBuf> {
    /// Bytes of a path.
    const LONGEST: u64 = 4096;
    let mut file = File::open(program).ok()?;
    let mut head = [0_u8; 64];
    file.read_exact(&mut head).ok()?;
    if !is_elf64(&head) {
        return None;
    }
    let start = u64_at(&head, 32)?;
    let (size, count) = (u16_at(&head, 54)?, u16_at(&head, 56)?);
    for number in 0..u64::from(count) {
        let mut entry = [0_u8; 56];
        file.seek(SeekFrom::Start(
            start.checked_add(number * u64::from(size))?,
        ))
        .ok()?;
        file.read_exact(&mut entry).ok()?;
        // PT_INTERP
        if entry[..4] == 3_u32.to_le_bytes() {
            let (offset, length) = (u64_at(&entry, 8)?, u64_at(&entry, 32)?);
            file.seek(SeekFrom::Start(offset)).ok()?;
            let mut path = Vec::new();
            file.take(length.min(LONGEST)).read_to_end(&mut path).ok()?;
            path.truncate(
                path.iter()
                    .position(|&byte| byte == 0)
                    .unwrap_or(path.len()),
            );
            return Some(std::ffi::OsString::from_vec(path).into());
        }
    }
    None
}

/// Whether the file is a program that the kernel runs by itself, and not a script for another one.
pub(in crate::sandbox) fn is_binary(program: &Path) -> bool {
    let mut head = [0_u8; 4];
    let read = File::open(program).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && &head == b"\x7fELF"
}

fn is_elf64(head: &[u8; 64]) -> bool {
    head.starts_with(b"\x7fELF\x02\x01")
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + 8)?.try_into().ok()?;
    Some(u64::from_le_bytes(bytes))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loaders_are_read_from_the_program() {
        let place = Path::new("/nonexistent");
        assert_eq!(loader(place), None);
        // Whatever runs this is a program, and so is the loader that it names.
        let own = std::env::current_exe().unwrap_or_default();
        assert!(is_binary(&own));
        if let Some(loader) = loader(&own) {
            assert!(is_binary(&loader), "{}", loader.display());
        }
        assert!(!is_binary(Path::new("/proc/self/status")));
    }

    #[test]
    fn a_foreign_program_brings_its_libraries() {
        // Links lead to where the program lies; one that is not there lies nowhere.
        assert_eq!(
            own_libraries(Path::new("/nonexistent/ffmpeg")),
            Vec::<PathBuf>::new()
        );
        let own = std::env::current_exe().unwrap_or_default();
        let beside = own.parent().map(|place| place.join("lib"));
        assert_eq!(own_libraries(&own).first(), beside.as_ref());
    }
}
