//! The one binary: commands, exit codes, and everything that meets a person.
//!
//! What a command says for the next program goes to standard output, everything else to standard error.

mod units;
mod terminal;
mod proof;
mod exit;
mod config;
mod report;
mod journal;
mod credential;
mod known;
mod naming;
mod inputs;
mod output;
mod pidfile;
mod logs;
mod progress;
mod signals;
mod standing;
mod card;
mod qr;
mod passphrase;
mod typed;
mod screen;
mod cli;
mod commands;

use exit::Exit;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let wants_json = arguments.iter().any(|argument| argument == "--json");
    let (global, order) = match cli::parse(arguments) {
        Ok(parsed) => parsed,
        Err(error) => return ExitCode::from(usage(&error, wants_json).code()),
    };
    let context = commands::context::Context::new(global);
    let exit = commands::run(&order, &context).unwrap_or_else(|failure| {
        report::failure(&failure, global.json);
        failure.exit
    });
    ExitCode::from(exit.code())
}

/// Help and version are wanted, everything else that clap says is a mistake on the command line.
fn usage(error: &clap::Error, json: bool) -> Exit {
    if !error.use_stderr() {
        // A pipe that is closed early has read enough.
        drop(error.print());
        return Exit::Success;
    }
    if json {
        let text = error.render().to_string();
        let line = |mark: &str| text.lines().find_map(|line| line.trim().strip_prefix(mark));
        let description = line("error: ").unwrap_or("the command line is not complete");
        let tip = line("tip: ").unwrap_or("see --help");
        report::failure(
            &report::Failure::new(Exit::Usage, "usage", description, tip),
            true,
        );
    } else {
        drop(error.print());
    }
    Exit::Usage
}
