//! Children: heard, limited, and gone afterwards.

use kinora_jobs::sandbox::cage::Duty;
use kinora_jobs::sandbox::process::{self, Control, Finished, Heard, Spec};
use kinora_jobs::sandbox::{Cage, Share};
use kinora_media::diagnosis::Ended;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

fn shell(
    script: &str,
    file_size: Option<u64>,
    listen: &mut dyn FnMut(Heard<'_>) -> Control,
) -> Finished {
    let place = tempfile::tempdir().unwrap();
    let arguments = [OsString::from("-c"), script.into()];
    // A shell starts other programs, which a cage forbids.
    let (share, cage) = (Share::off(), Cage::off());
    let spec = Spec {
        program: Path::new("/bin/sh"),
        arguments: &arguments,
        directory: place.path(),
        input: None,
        lent: None,
        output: None,
        file_size,
        duty: Duty::Work,
        time: Duration::from_secs(600),
        share: &share,
        cage: &cage,
    };
    process::run(&spec, listen).unwrap()
}

#[test]
fn both_outputs_and_the_exit_code_are_heard() {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let finished = shell("echo one; echo two >&2; exit 3", None, &mut |heard| {
        match heard {
            Heard::Output(bytes) => out.extend_from_slice(bytes),
            Heard::Complaint(bytes) => err.extend_from_slice(bytes),
            Heard::Started(_) | Heard::Tick => {}
        }
        Control::Continue
    });
    assert_eq!((&out[..], &err[..]), (&b"one\n"[..], &b"two\n"[..]));
    assert_eq!(finished.ended, Ended::Exit(3));
    assert!(!finished.killed);
}

#[test]
fn ending_it_ends_its_children_too() {
    let mut grandchild = String::new();
    let finished = shell(
        "trap '' TERM; sleep 1000 & echo $!; wait",
        None,
        &mut |heard| {
            if let Heard::Output(bytes) = heard {
                grandchild.push_str(std::str::from_utf8(bytes).unwrap());
            }
            if grandchild.ends_with('\n') {
                Control::Kill
            } else {
                Control::Continue
            }
        },
    );
    assert_eq!(finished.ended, Ended::Signal(9));
    assert!(finished.killed);
    // SIGKILL has been sent to all of them; when each is gone is the kernel's business, but it is soon.
    let patience = Instant::now() + Duration::from_secs(30);
    while is_alive(grandchild.trim()) {
        assert!(Instant::now() < patience, "it still runs");
        std::thread::yield_now();
    }
}

fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(')')
        .and_then(|(_, rest)| rest.trim().chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// State and processor time of a process, as `/proc` has them.
fn look(pid: u32) -> (char, u64) {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<u64>().unwrap();
    (fields[0].chars().next().unwrap(), ticks(11) + ticks(12))
}

#[test]
fn one_that_has_to_wait_takes_no_time_and_goes_on() {
    let (mut pid, mut paused, mut after) = (0, Vec::new(), 0);
    let mut has_begun = false;
    let finished = shell("exec yes", None, &mut |heard| match heard {
        Heard::Started(id) => {
            pid = id.as_raw_nonzero().get().unsigned_abs();
            Control::Continue
        }
        Heard::Output(bytes) if paused.len() == 5 => {
            after += bytes.len();
            // More than the pipe held.
            match after > 1 << 20 {
                true => Control::Kill,
                false => Control::Continue,
            }
        }
        Heard::Tick if has_begun && paused.len() < 5 => {
            let now = look(pid);
            if now.0 == 'T' {
                paused.push(now);
            }
            match paused.len() {
                5 => Control::Continue,
                _ => Control::Pause,
            }
        }
        _ => {
            has_begun = true;
            match paused.len() {
                5 => Control::Continue,
                _ => Control::Pause,
            }
        }
    });
    assert!(finished.killed);
    let first = paused[0];
    assert_eq!(paused, [first; 5]);
}

#[test]
fn one_that_never_stops_talking_is_ended() {
    let mut bytes = 0;
    let finished = shell("exec yes", None, &mut |heard| {
        if let Heard::Output(more) = heard {
            bytes += more.len();
        }
        if bytes > 1 << 20 {
            Control::Kill
        } else {
            Control::Continue
        }
    });
    assert!(finished.killed);
}

#[test]
fn files_stay_below_their_limit() {
    let finished = shell(
        "exec dd if=/dev/zero of=big bs=4096 count=100",
        Some(8192),
        &mut |_| Control::Continue,
    );
    // SIGXFSZ, or the error that dd makes of it.
    assert!(
        matches!(finished.ended, Ended::Signal(25) | Ended::Exit(1)),
        "{finished:?}"
    );
}

#[test]
fn no_variable_is_inherited() {
    let mut seen = Vec::new();
    shell("env", None, &mut |heard| {
        if let Heard::Output(bytes) = heard {
            seen.extend_from_slice(bytes);
        }
        Control::Continue
    });
    let seen = String::from_utf8(seen).unwrap();
    let mut names: Vec<_> = seen.lines().filter_map(|l| l.split('=').next()).collect();
    names.sort_unstable();
    // PWD is the shell's own.
    assert_eq!(names, ["AV_LOG_FORCE_NOCOLOR", "HOME", "LC_ALL", "PWD"]);
}
