//! Whether the sandbox holds on this machine: this program tries to get out of it, before anything is let in.

use super::local::failed;
use crate::cli::TryTheSandbox;
use crate::exit::Exit;
use crate::report::{self, Failure};
use kinora_jobs::sandbox::escape::{self, Escapes};
use kinora_jobs::sandbox::{Cage, escapes};
use kinora_jobs::{Problem, SandboxConfig, SandboxMode};
use std::io;
use std::path::Path;

/// What runs inside, under the command that [`prove`] names.
pub(super) fn attempt(arguments: &TryTheSandbox) {
    escape::attempt(&arguments.input, &arguments.work);
}

/// Runs this program once more, in the cage, and counts what gets out.
///
/// # Errors
/// When it cannot be started, or does not answer.
pub(super) fn prove(cage: &Cage) -> io::Result<Escapes> {
    let place = tempfile::tempdir()?;
    // Also when another version has been installed over this one.
    let program = Path::new("/proc/self/exe");
    escapes(cage, program, &["try-the-sandbox".into()], place.path())
}

/// To be called before a server starts: a cage that the settings want whole has to hold.
///
/// # Errors
/// What gets out, and what to do.
pub(super) fn check(config: &SandboxConfig) -> Result<(), Failure> {
    if config.mode == SandboxMode::Off {
        report::warning("the sandbox is off: a hostile file can do whatever this server can");
        return Ok(());
    }
    let refused = |problem| failed(problem, Exit::Internal);
    let cage = Cage::establish(config, false).map_err(refused)?;
    let problem = match prove(&cage) {
        Ok(found) if found.is_sound() => {
            tracing::info!(attempts = found.attempts(), "the sandbox holds");
            return Ok(());
        }
        Ok(found) => leaks(&found),
        Err(error) => unknown(&error),
    };
    if config.mode == SandboxMode::Full {
        return Err(refused(problem));
    }
    report::warning(&problem.description);
    tracing::warn!("{}", problem.description);
    Ok(())
}

fn leaks(found: &Escapes) -> Problem {
    let list = |what: &str, names: &[String]| match names {
        [] => String::new(),
        names => format!("; {what}: {}", names.join(", ")),
    };
    Problem {
        code: "sandbox_leaks".into(),
        description: format!(
            "the sandbox does not hold on this machine: {} of {} attempts were stopped{}{}",
            found.held,
            found.attempts(),
            list("not stopped", &found.escaped),
            list("wrongly stopped", &found.hindered),
        ),
        solution: "use a newer kernel, or accept it with --sandbox=degraded".into(),
    }
}

fn unknown(error: &io::Error) -> Problem {
    Problem {
        code: "sandbox_unproven".into(),
        description: format!("the sandbox could not be tried: {error}"),
        solution: "check that /proc is mounted and the directory for temporary files is writable, or accept it with \
                   --sandbox=degraded"
            .into(),
    }
}
