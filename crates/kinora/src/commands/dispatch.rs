//! Which command runs what.

use super::context::Context;
use super::{
    cancel, chat, config, doctor, fetch, formats, generate, jobs, keep, library, operation,
    sandbox, serve, status, stop, token, trust,
};
use crate::cli::{Order, Other};
use crate::exit::{self, Exit};
use crate::report::Failure;
use crate::terminal::say;

/// Runs a command. `Ok` when everything that has to be said has been said.
///
/// # Errors
/// What is still to be reported.
pub(crate) fn run(order: &Order, context: &Context) -> Result<Exit, Failure> {
    let other = match order {
        Order::Operation(order) => return operation::run(order, context),
        Order::Other(other) => other,
    };
    match other {
        Other::Jobs(arguments) => jobs::run(arguments, context),
        Other::Status(arguments) => status::run(arguments, context),
        Other::Fetch(arguments) => fetch::run(arguments, context),
        Other::Keep(arguments) => keep::run(arguments, context),
        Other::Cancel(arguments) => cancel::run(arguments, context),
        Other::Formats => formats::run(context),
        Other::Library(arguments) => library::list(arguments, context),
        Other::Play(arguments) => library::play(arguments, context),
        Other::Share(arguments) => library::share(arguments, context),
        Other::Chat(arguments) => chat::run(arguments, context),
        Other::Serve(arguments) => serve::run(arguments, context),
        Other::Stop(arguments) => stop::run(arguments, context),
        Other::Token(command) => token::run(command, context),
        Other::Trust(arguments) => trust::run(arguments, context),
        Other::Doctor(arguments) => doctor::run(arguments, context),
        Other::Config(arguments) => config::run(arguments, context),
        Other::Completions(arguments) => generate::completions(arguments.shell),
        Other::Man(arguments) => generate::man(&arguments.directory),
        Other::TryTheSandbox(arguments) => {
            sandbox::attempt(arguments);
            Ok(Exit::Success)
        }
        Other::ExitCodes => {
            say(exit::table().trim_end());
            Ok(Exit::Success)
        }
    }
}
