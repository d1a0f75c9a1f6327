//! One child from start to end: its output is heard while it runs, nothing of it is left afterwards.

use super::cage::{Cage, Duty, Limits, Walls};
use super::share::Share;
use kinora_media::diagnosis::Ended;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// How often [`Heard::Tick`] comes: often enough that a cancelled job ends within a second.
const TICK_MS: i64 = 200;
/// Pieces that are taken from one pipe at a time.
const READS: usize = 16;
/// Bytes of one piece, and of a pipe: raw pictures have millions each, and every wait costs a switch.
const PIECE: usize = 64 << 10;
const PIPE: usize = 1 << 20;

/// What to start.
#[derive(Debug)]
pub struct Spec<'a> {
    /// Absolute path of the program.
    pub program: &'a Path,
    /// Its arguments, one each.
    pub arguments: &'a [OsString],
    /// Its working directory; outputs with relative side files stay in there.
    pub directory: &'a Path,
    /// The file that it may read, which came from outside.
    pub input: Option<&'a Path>,
    /// Its standard input, which is nothing otherwise: a file that is not ours, and that it opens again by this. The
    /// `input` is then the way to it in `/proc/self/fd` of this process, which no renaming can turn elsewhere.
    pub lent: Option<&'a File>,
    /// The file that it makes, if it makes one: it may write in this one's directory, and in its own.
    pub output: Option<&'a Path>,
    /// Bytes that any file it writes may reach (`RLIMIT_FSIZE`); `None` where nothing limits it.
    pub file_size: Option<u64>,
    /// What it is there for.
    pub duty: Duty,
    /// How long it may run. Its processor time is bounded by this; whoever listens looks at the clock.
    pub time: Duration,
    /// Its part of the processor.
    pub share: &'a Share,
    /// What confines it.
    pub cage: &'a Cage,
}

/// What came from the child, or that a moment has passed.
#[derive(Debug)]
pub enum Heard<'a> {
    /// It lives, under this id.
    Started(Pid),
    /// Bytes of its standard output.
    Output(&'a [u8]),
    /// Bytes of its standard error.
    Complaint(&'a [u8]),
    /// Nothing: time to look at clocks and wishes.
    Tick,
}

/// What the listener wants; of several answers the last of these counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Control {
    /// Let it run.
    Continue,
    /// Let it stand still for as long as this is said: it keeps its memory, and takes no processor time.
    Pause,
    /// End it, and all that it started, now.
    Kill,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finished {
    /// Its exit code, or the signal.
    pub ended: Ended,
    /// We ended it.
    pub killed: bool,
    /// Processor time that it used, in seconds; 0 where `/proc` does not tell.
    pub cpu_s: f64,
}

/// Runs the child to its end. The calling thread is its parent and must outlive it, which it does by not returning.
///
/// # Errors
/// When the child cannot be started or watched; a child that fails is no error here.
pub fn run(spec: &Spec<'_>, listen: &mut dyn FnMut(Heard<'_>) -> Control) -> io::Result<Finished> {
    let mut child = Group(spawn(spec)?);
    let pid = child.pid();
    let exited = pidfd_open(pid, PidfdFlags::empty())?;
    let mut output = Pipe::new(child.0.stdout.take())?;
    let mut complaint = Pipe::new(child.0.stderr.take())?;
    let (mut killed, mut paused) = (false, false);
    listen(Heard::Started(pid));
    while !is_over(&exited, &output, &complaint)? {
        let mut wish = listen(Heard::Tick);
        output.drain(|bytes| wish = wish.max(listen(Heard::Output(bytes))))?;
        complaint.drain(|bytes| wish = wish.max(listen(Heard::Complaint(bytes))))?;
        if wish == Control::Kill && !killed {
            killed = true;
            child.end();
        }
        if (wish == Control::Pause) != paused && !killed {
            paused = !paused;
            child.pause(paused);
        }
    }
    // Its record stays until it has been waited for.
    let cpu_s = used_s(pid);
    let status = child.0.wait()?;
    child.end();
    output.drain(|bytes| {
        listen(Heard::Output(bytes));
    })?;
    complaint.drain(|bytes| {
        listen(Heard::Complaint(bytes));
    })?;
    Ok(Finished {
        ended: ended(status),
        killed,
        cpu_s,
    })
}

/// Waits for the next event; true when the child is gone.
fn is_over(exited: &OwnedFd, output: &Pipe, complaint: &Pipe) -> io::Result<bool> {
    let mut waiting = vec![PollFd::new(exited, PollFlags::IN)];
    waiting.extend([output, complaint].into_iter().filter_map(Pipe::poll_fd));
    let tick = Timespec {
        tv_sec: 0,
        tv_nsec: TICK_MS * 1_000_000,
    };
    match poll(&mut waiting, Some(&tick)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(!waiting[0].revents().is_empty()),
        Err(error) => Err(error.into()),
    }
}

/// Ticks of user and system time: fields 14 and 15 of `/proc/PID/stat` (proc(5)).
pub(crate) fn used_ticks(pid: Pid) -> Option<u64> {
    let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
    let stat = std::fs::read_to_string(path).ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    let mut fields = after_name.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

fn used_s(pid: Pid) -> f64 {
    let ticks = used_ticks(pid).unwrap_or(0);
    ticks as f64 / rustix::param::clock_ticks_per_second().max(1) as f64
}

fn ended(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exit(code),
        (None, signal) => Ended::Signal(signal.unwrap_or(0)),
    }
}

/// The child's process group; dropping it leaves no member alive.
struct Group(Child);

impl Group {
    fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    /// Stands still, or goes on.
    fn pause(&self, paused: bool) {
        let signal = if paused { Signal::STOP } else { Signal::CONT };
        // ESRCH: it has ended meanwhile.
        let _ = kill_process_group(self.pid(), signal);
    }

    /// SIGKILL: an FFmpeg that fills gaps between far timestamps was seen to be deaf to SIGTERM, and what it was
    /// writing is thrown away in any case.
    fn end(&self) {
        // ESRCH: all of them are gone, which is what was wanted.
        let _ = kill_process_group(self.pid(), Signal::KILL);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
        let _ = self.0.wait();
    }
}

/// One end of a pipe that never blocks.
struct Pipe {
    file: Option<File>,
    /// Made when the first bytes come.
    buffer: Vec<u8>,
}

impl Pipe {
    fn new(end: Option<impl Into<OwnedFd>>) -> io::Result<Self> {
        let file = end.map(|end| File::from(end.into()));
        if let Some(file) = &file {
            rustix::io::ioctl_fionbio(file, true)?;
            // Refused where a user has too many pipes open; it then works as it is, a little slower.
            let _ = rustix::pipe::fcntl_setpipe_size(file, PIPE);
        }
        Ok(Self {
            file,
            buffer: Vec::new(),
        })
    }

    fn poll_fd(&self) -> Option<PollFd<'_>> {
        let file = self.file.as_ref()?;
        Some(PollFd::from_borrowed_fd(file.as_fd(), PollFlags::IN))
    }

    /// Hands over what is there now, at most [`READS`] pieces, so that a child that never stops talking cannot keep
    /// the listener from ending it. Forgets the pipe at its end, so that it is not polled for ever.
    fn drain(&mut self, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        if self.buffer.is_empty() {
            self.buffer = vec![0; PIECE];
        }
        for _ in 0..READS {
            let Some(file) = &mut self.file else { break };
            match file.read(&mut self.buffer) {
                Ok(0) => self.file = None,
                Ok(n) => each(&self.buffer[..n]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn spawn(spec: &Spec<'_>) -> io::Result<Child> {
    let walls = walls(spec)?;
    let mut command = Command::new(walls.name_of(spec.program));
    let stdin = match spec.lent {
        Some(file) => Stdio::from(file.try_clone()?),
        None => Stdio::null(),
    };
    command
        .arg0(spec.program)
        .args(spec.arguments)
        .current_dir(spec.directory)
        .env_clear()
        .env("LC_ALL", "C")
        .env("HOME", "/nonexistent")
        .env("AV_LOG_FORCE_NOCOLOR", "1")
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let joins = spec.share.video_entry();
    let prepare = move || {
        if let Some(group) = &joins {
            // A group that has just been removed must not cost the job: the child then stays in ours.
            let _ = rustix::io::write(group, b"0");
        }
        walls.enter()
    };
    #[expect(
        unsafe_code,
        reason = "a child can only be confined between fork and exec"
    )]
    // SAFETY: between fork and exec only system calls are made, on what was prepared before; nothing allocates, and no
    // lock is taken.
    unsafe {
        command.pre_exec(prepare);
    }
    command.spawn()
}

/// Who makes no file may write nothing at all.
fn walls(spec: &Spec<'_>) -> io::Result<Walls> {
    let reads: Vec<_> = spec.input.into_iter().collect();
    let mut writes = Vec::new();
    if let Some(output) = spec.output {
        writes.push(spec.directory);
        // Never among inputs: there lie those of others.
        let shut = [Some(spec.directory), spec.input.and_then(Path::parent)];
        let beside = output.parent().filter(|place| place.is_absolute());
        writes.extend(beside.filter(|place| !shut.contains(&Some(*place))));
    }
    let limits = Limits {
        duty: spec.duty,
        time: spec.time,
        file_size: spec.file_size,
    };
    Walls::prepare(
        spec.cage,
        spec.program,
        spec.directory,
        &reads,
        &writes,
        &limits,
    )
}
