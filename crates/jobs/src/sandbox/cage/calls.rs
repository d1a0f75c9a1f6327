//! seccomp: which system calls a child may make (seccomp(2)).
//!
//! A list of what media programs were seen to need; everything else fails with EPERM. There is no socket of any kind, no
//! new process, nothing that looks at or touches another one. Where a call does both harmless and harmful things, its
//! numbers decide. `clone3` takes its flags from memory, where a filter cannot look: it is answered as by an old kernel,
//! and the C library then uses `clone`.

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use std::collections::BTreeMap;
use std::io;

/// Compiled, to be put on in this order.
#[derive(Debug)]
pub(super) struct Calls {
    as_old_kernel: BpfProgram,
    allowed: BpfProgram,
}

/// Files, memory, threads, clocks; the same on all machines.
const ALLOWED: &[i64] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    // Muxers make directories that are there already; Landlock keeps them from making others.
    libc::SYS_mkdirat,
    libc::SYS_ftruncate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_fallocate,
    libc::SYS_fadvise64,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_msync,
    libc::SYS_brk,
    libc::SYS_mlock,
    libc::SYS_munlock,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_rseq,
    libc::SYS_membarrier,
    libc::SYS_set_tid_address,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_get_priority_max,
    libc::SYS_sched_get_priority_min,
    libc::SYS_get_mempolicy,
    libc::SYS_set_mempolicy,
    libc::SYS_mbind,
    libc::SYS_getcpu,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_times,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_getrandom,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Landlock says what may be executed; this one is needed to begin at all.
    libc::SYS_execve,
    // Seen by this filter, answered by the other one.
    libc::SYS_clone3,
];

/// Older forms of the same, which this machine's C library still uses.
#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[i64] = &[
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_unlink,
    libc::SYS_mkdir,
    libc::SYS_dup2,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_getrlimit,
    libc::SYS_arch_prctl,
];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_HERE: &[i64] = &[];

/// Which argument has the flags of each call that opens a file.
#[cfg(target_arch = "x86_64")]
const OPENS: &[(i64, u8)] = &[(libc::SYS_open, 1), (libc::SYS_openat, 2)];
#[cfg(not(target_arch = "x86_64"))]
const OPENS: &[(i64, u8)] = &[(libc::SYS_openat, 2)];

const FCNTL: &[i32] = &[
    libc::F_DUPFD,
    libc::F_DUPFD_CLOEXEC,
    libc::F_GETFD,
    libc::F_SETFD,
    libc::F_GETFL,
    libc::F_SETFL,
    libc::F_GETLK,
    libc::F_SETLK,
    libc::F_SETLKW,
];
/// "Is this a terminal, and how wide?", and pipes that do not block.
const IOCTL: &[u64] = &[
    libc::TCGETS,
    libc::TIOCGWINSZ,
    libc::FIONREAD,
    libc::FIONBIO,
];
/// Names of threads, and of pieces of memory.
const PRCTL: &[i32] = &[libc::PR_SET_NAME, libc::PR_GET_NAME, PR_SET_VMA];
const PR_SET_VMA: i32 = 0x5356_4d41;

impl Calls {
    /// Compiles both programs for this machine. `tgkill` is allowed where signals end at the cage anyway.
    pub(super) fn compile(signals_end_here: bool) -> Result<Self, String> {
        let arch: TargetArch = std::env::consts::ARCH
            .try_into()
            .map_err(|_| format!("not on {}", std::env::consts::ARCH))?;
        let program = |rules, mismatch, matched| -> Result<BpfProgram, String> {
            let filter = SeccompFilter::new(rules, mismatch, matched, arch);
            let filter = filter.map_err(|error| error.to_string())?;
            filter
                .try_into()
                .map_err(|error: seccompiler::BackendError| error.to_string())
        };
        let errno = |number: i32| SeccompAction::Errno(number.unsigned_abs());
        let old = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
        let allowed = allowed(signals_end_here).map_err(|error| error.to_string())?;
        let calls = Self {
            as_old_kernel: program(old, SeccompAction::Allow, errno(libc::ENOSYS))?,
            allowed: program(allowed, errno(libc::EPERM), SeccompAction::Allow)?,
        };
        is_in_kernel()
            .then_some(calls)
            .ok_or_else(|| "the kernel has no seccomp".into())
    }

    /// Puts both on the calling thread, for good. System calls only.
    pub(super) fn enter(&self) -> io::Result<()> {
        for program in [&self.as_old_kernel, &self.allowed] {
            seccompiler::apply_filter(program).map_err(|error| match error {
                seccompiler::Error::Prctl(error) | seccompiler::Error::Seccomp(error) => error,
                _ => io::ErrorKind::Unsupported.into(),
            })?;
        }
        Ok(())
    }
}

/// A kernel without seccomp does not know the word.
fn is_in_kernel() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    // Where /proc is hidden, the first child will tell.
    status.is_empty() || status.lines().any(|line| line.starts_with("Seccomp:"))
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Made<T> = Result<T, seccompiler::BackendError>;

fn allowed(signals_end_here: bool) -> Made<Rules> {
    let plain = ALLOWED.iter().chain(ALLOWED_HERE);
    let mut rules: Rules = plain.map(|call| (*call, Vec::new())).collect();
    if signals_end_here {
        rules.insert(libc::SYS_tgkill, Vec::new());
    }
    for &(call, flags) in OPENS {
        rules.insert(call, opening(flags)?);
    }
    // A thread, not a process.
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    rules.insert(libc::SYS_clone, vec![masked(0, thread, thread)?]);
    // Itself, and nobody else.
    for call in [
        libc::SYS_prlimit64,
        libc::SYS_sched_setaffinity,
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_setparam,
    ] {
        rules.insert(call, vec![equal(0, 0)?]);
    }
    let each = |values: &[u64], argument| -> Made<Vec<SeccompRule>> {
        values.iter().map(|&value| equal(argument, value)).collect()
    };
    let numbers = |values: &[i32]| -> Vec<u64> {
        values
            .iter()
            .map(|value| u64::from(value.unsigned_abs()))
            .collect()
    };
    rules.insert(libc::SYS_fcntl, each(&numbers(FCNTL), 1)?);
    rules.insert(libc::SYS_ioctl, each(IOCTL, 1)?);
    rules.insert(libc::SYS_prctl, each(&numbers(PRCTL), 0)?);
    Ok(rules)
}

/// Files may be emptied by who may write them. Old kernels let a file be emptied that is opened for reading, and the
/// input is readable.
fn opening(flags: u8) -> Made<Vec<SeccompRule>> {
    let bits = |value: i32| u64::from(value.unsigned_abs());
    Ok(vec![
        masked(flags, bits(libc::O_TRUNC), 0)?,
        masked(flags, bits(libc::O_ACCMODE), bits(libc::O_WRONLY))?,
        masked(flags, bits(libc::O_ACCMODE), bits(libc::O_RDWR))?,
    ])
}

fn equal(argument: u8, value: u64) -> Made<SeccompRule> {
    let is = SeccompCmpOp::Eq;
    SeccompRule::new(vec![SeccompCondition::new(
        argument,
        SeccompCmpArgLen::Dword,
        is,
        value,
    )?])
}

fn masked(argument: u8, mask: u64, value: u64) -> Made<SeccompRule> {
    let is = SeccompCmpOp::MaskedEq(mask);
    SeccompRule::new(vec![SeccompCondition::new(
        argument,
        SeccompCmpArgLen::Dword,
        is,
        value,
    )?])
}
