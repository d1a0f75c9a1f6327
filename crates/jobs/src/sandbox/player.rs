//! A player of this machine, for whoever sits before it (`kinora play`). It is not confined: it is the user's own program.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::process::Command;

/// Runs a program in the foreground, on this terminal, until it ends; its exit code. `None` when it is not installed.
///
/// # Errors
/// When it cannot be started for another reason.
pub fn play(program: &str, arguments: &[OsString]) -> io::Result<Option<i32>> {
    match Command::new(program).args(arguments).status() {
        Ok(status) => Ok(Some(status.code().unwrap_or(1))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_missing_is_no_error() {
        assert_eq!(play("kinora-has-no-such-player", &[]).unwrap(), None);
        assert_eq!(play("false", &[]).unwrap(), Some(1));
    }
}
