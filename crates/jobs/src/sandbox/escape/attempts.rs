//! The attempts, each one real and harmless if it comes through.

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::{TcpStream, UdpSocket};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;

/// Does everything that a media program needs, and everything that it must not be able to do. Says on standard output
/// what came of each. `input` may be read, `work` may be written.
pub fn attempt(input: &Path, work: &Path) {
    let mut lines = String::new();
    for (name, is_able) in needs(input, work) {
        lines += &format!("{} {name}\n", if is_able { "able" } else { "hindered" });
    }
    let groups = [
        files(input, work),
        changes(input, work),
        network(),
        processes(),
        kernel(),
    ];
    for (name, came_through) in groups.into_iter().flatten() {
        lines += &format!("{} {name}\n", if came_through { "escaped" } else { "held" });
    }
    lines += "end\n";
    // Who does not listen any more has no use for it.
    let _ = std::io::stdout().write_all(lines.as_bytes());
}

type Attempts = Vec<(&'static str, bool)>;

fn needs(input: &Path, work: &Path) -> Attempts {
    let made = work.join("made");
    let renamed = work.join("renamed");
    let thread = || std::thread::Builder::new().spawn(|| 7);
    vec![
        ("read the input", fs::read(input).is_ok()),
        ("write in its directory", fs::write(&made, "x").is_ok()),
        ("rename there", fs::rename(&made, &renamed).is_ok()),
        ("read what it wrote", fs::read(&renamed).is_ok()),
        ("remove it", fs::remove_file(&renamed).is_ok()),
        (
            "start a thread",
            thread().is_ok_and(|thread| thread.join().is_ok()),
        ),
        (
            "know the processors",
            std::thread::available_parallelism().is_ok(),
        ),
        (
            "reserve memory",
            Vec::<u8>::new().try_reserve(64 << 20).is_ok(),
        ),
    ]
}

/// Things to look at that are none of its business.
fn files(input: &Path, work: &Path) -> Attempts {
    let parent = parent();
    let of_parent = |name: &str| format!("/proc/{parent}/{name}");
    let reads = |path: &Path| fs::read(path).is_ok();
    let lists = |path: &Path| fs::read_dir(path).is_ok();
    let outside = input.parent().unwrap_or_else(|| Path::new("/"));
    let link = work.join("link");
    let by_link = symlink(outside.join("secret"), &link).is_ok() && reads(&link);
    vec![
        (
            "read a file beside the input",
            reads(&outside.join("secret")),
        ),
        ("list the input's directory", lists(outside)),
        ("read through a link", by_link),
        ("read through ..", reads(&work.join("../secret"))),
        ("read /etc/passwd", reads(Path::new("/etc/passwd"))),
        ("read /etc/hostname", reads(Path::new("/etc/hostname"))),
        ("list /", lists(Path::new("/"))),
        ("list /tmp", lists(Path::new("/tmp"))),
        ("list /proc", lists(Path::new("/proc"))),
        (
            "read the server's variables",
            reads(of_parent("environ").as_ref()),
        ),
        (
            "read the server's arguments",
            reads(of_parent("cmdline").as_ref()),
        ),
        (
            "open the server's memory",
            File::open(of_parent("mem")).is_ok(),
        ),
        (
            "list the server's descriptors",
            lists(of_parent("fd").as_ref()),
        ),
        (
            "open a terminal",
            File::open("/dev/tty").is_ok() || File::open("/dev/ptmx").is_ok(),
        ),
    ]
}

/// Things to leave behind.
fn changes(input: &Path, work: &Path) -> Attempts {
    let outside = input.parent().unwrap_or_else(|| Path::new("/"));
    let writes = |path: &Path| {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .is_ok()
    };
    let emptied = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_TRUNC)
        .open(input);
    fs::write(work.join("here"), "x").unwrap_or_default();
    let mode = fs::Permissions::from_mode(0o777);
    let pipe = CString::new(work.join("pipe").into_os_string().into_encoded_bytes());
    let pipe = pipe.unwrap_or_default();
    let like_pipe = [
        libc::AT_FDCWD.into(),
        pipe.as_ptr() as i64,
        libc::S_IFIFO.into(),
        0,
    ];
    vec![
        ("write the input", writes(input)),
        ("empty the input", emptied.is_ok()),
        (
            "change the input's mode",
            fs::set_permissions(input, mode).is_ok(),
        ),
        ("remove the input", fs::remove_file(input).is_ok()),
        ("write beside its directory", writes(&outside.join("left"))),
        ("write to /tmp", writes(Path::new("/tmp/kinora-escaped"))),
        (
            "write to /dev/shm",
            writes(Path::new("/dev/shm/kinora-escaped")),
        ),
        (
            "move a file out",
            fs::rename(work.join("here"), outside.join("out")).is_ok(),
        ),
        (
            "link a file in",
            fs::hard_link(outside.join("secret"), work.join("hard")).is_ok(),
        ),
        (
            "make a symbolic link",
            symlink("/", work.join("sym")).is_ok(),
        ),
        ("make a directory", fs::create_dir(work.join("sub")).is_ok()),
        ("make a pipe", call(libc::SYS_mknodat, like_pipe)),
    ]
}

fn network() -> Attempts {
    let socket =
        |family: i32, kind: i32| call(libc::SYS_socket, [family.into(), kind.into(), 0, 0]);
    let stream = libc::SOCK_STREAM;
    let mut pair = [0_i32; 2];
    let at = pair.as_mut_ptr() as i64;
    let two = [libc::AF_UNIX.into(), stream.into(), 0, at];
    vec![
        (
            "connect by TCP",
            TcpStream::connect(("127.0.0.1", 9)).is_ok(),
        ),
        ("make a TCP socket", socket(libc::AF_INET, stream)),
        ("make a TCP socket of IPv6", socket(libc::AF_INET6, stream)),
        (
            "make a UDP socket",
            UdpSocket::bind(("127.0.0.1", 0)).is_ok(),
        ),
        ("make a local socket", UnixDatagram::unbound().is_ok()),
        ("make a pair of sockets", call(libc::SYS_socketpair, two)),
        (
            "make a netlink socket",
            socket(libc::AF_NETLINK, libc::SOCK_RAW),
        ),
        ("make a socket to the host", socket(libc::AF_VSOCK, stream)),
        ("make a raw socket", socket(libc::AF_PACKET, libc::SOCK_RAW)),
    ]
}

fn processes() -> Attempts {
    let parent = parent();
    let of = |number, more: i64| call(number, [parent, more, 0, 0]);
    let first_in_line = [1_i32; 4];
    let real_time = [0, libc::SCHED_FIFO.into(), first_in_line.as_ptr() as i64, 0];
    let seize = [0x4206, parent, 0, 0];
    let namespace = i64::from(libc::CLONE_NEWUSER);
    vec![
        (
            "run a shell",
            Command::new("/bin/sh").arg("-c").arg(":").status().is_ok(),
        ),
        ("fork", forks()),
        ("look for the server", of(libc::SYS_kill, 0)),
        ("look for process 1", call(libc::SYS_kill, [1, 0, 0, 0])),
        ("signal a thread", of(libc::SYS_tkill, 0)),
        ("trace the server", call(libc::SYS_ptrace, seize)),
        (
            "hold the server by a descriptor",
            of(libc::SYS_pidfd_open, 0),
        ),
        ("change the server's limits", of(libc::SYS_prlimit64, 4)),
        (
            "run in real time",
            call(libc::SYS_sched_setscheduler, real_time),
        ),
        (
            "make user namespaces",
            call(libc::SYS_unshare, [namespace, 0, 0, 0]),
        ),
        (
            "change its root",
            call(libc::SYS_chroot, [c"/".as_ptr() as i64, 0, 0, 0]),
        ),
        ("become root", call(libc::SYS_setuid, [0; 4])),
    ]
}

fn parent() -> i64 {
    rustix::process::getppid().map_or(1, |pid| pid.as_raw_nonzero().get().into())
}

/// A child that came to be is ended at once.
fn forks() -> bool {
    #[expect(unsafe_code, reason = "no crate forks")]
    // SAFETY: this process has one thread by now, and the child does nothing but end.
    unsafe {
        match libc::fork() {
            0 => libc::_exit(0),
            child => child > 0,
        }
    }
}

/// Whether the call came through.
fn call(number: i64, arguments: [i64; 4]) -> bool {
    let [a, b, c, d] = arguments;
    #[expect(
        unsafe_code,
        reason = "system calls that no crate offers, because nobody should make them"
    )]
    // SAFETY: what is passed as an address is one of a buffer of the caller that is at least as long as what the kernel
    // writes there, or the call is told a length of 0.
    let done = unsafe { libc::syscall(number, a, b, c, d, 0, 0) };
    done >= 0
}

/// Corners of the kernel that have had holes, and that no media program has business in.
fn kernel() -> Attempts {
    // As long as the longest structure that one of them fills.
    let mut buffer = [0_u64; 64];
    let at = buffer.as_mut_ptr() as i64;
    let (name, place) = (c"kinora".as_ptr() as i64, c"/tmp".as_ptr() as i64);
    vec![
        (
            "use io_uring",
            call(libc::SYS_io_uring_setup, [1, at, 0, 0]),
        ),
        ("use userfaultfd", call(libc::SYS_userfaultfd, [1, 0, 0, 0])),
        ("use bpf", call(libc::SYS_bpf, [0, at, 128, 0])),
        ("use perf", call(libc::SYS_perf_event_open, [at, 0, -1, -1])),
        ("use keys", call(libc::SYS_keyctl, [0, -3, 1, 0])),
        (
            "make files without a name",
            call(libc::SYS_memfd_create, [name, 0, 0, 0]),
        ),
        (
            "change its personality",
            call(libc::SYS_personality, [0x0040_0000, 0, 0, 0]),
        ),
        (
            "read the kernel's log",
            call(libc::SYS_syslog, [10, 0, 0, 0]),
        ),
        (
            "open files by handle",
            call(libc::SYS_open_by_handle_at, [-100, at, 0, 0]),
        ),
        ("mount", call(libc::SYS_mount, [name, place, at, 0])),
    ]
}
