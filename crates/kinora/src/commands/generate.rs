//! `kinora completions` and `kinora man`: what can be made from the command line's own description.

use crate::cli;
use crate::exit::Exit;
use crate::report::Failure;
use crate::terminal::say;
use clap_complete::Shell;
use std::path::Path;

/// Prints completions.
///
/// # Errors
/// None: who does not read to the end does not want more.
pub(crate) fn completions(shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "kinora", &mut script);
    say(String::from_utf8_lossy(&script).trim_end());
    Ok(Exit::Success)
}

/// Writes one page for each command.
///
/// # Errors
/// When they cannot be written.
pub(crate) fn man(directory: &Path) -> Result<Exit, Failure> {
    let written = std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(cli::command(), directory));
    written.map_err(|error| {
        Failure::new(
            Exit::File,
            "unwritable_output",
            format!(
                "cannot write man pages into {}: {error}",
                directory.display()
            ),
            "give a directory that you may write to",
        )
    })?;
    Ok(Exit::Success)
}
