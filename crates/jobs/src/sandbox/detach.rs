//! Starting the server in the background (`kinora serve --detach`).

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Starts this same program again in a session of its own, its standard error going to `log`. Waits until it has
/// printed `ready` as a line's beginning on standard output, and returns its process id and that line.
///
/// # Errors
/// When it cannot be started, or ends before it is ready.
pub fn detach(arguments: &[OsString], log: File, ready: &str) -> io::Result<(u32, String)> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log);
    #[expect(
        unsafe_code,
        reason = "a session of its own can only be made between fork and exec"
    )]
    // SAFETY: setsid is one system call, allowed between fork and exec.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            Ok(())
        });
    }
    let mut child = command.spawn()?;
    let output = child.stdout.take().map(BufReader::new);
    for line in output.into_iter().flat_map(BufRead::lines) {
        let line = line?;
        if line.starts_with(ready) {
            return Ok((child.id(), line));
        }
    }
    let status = child.wait()?;
    Err(io::Error::other(format!("it ended at once ({status})")))
}
