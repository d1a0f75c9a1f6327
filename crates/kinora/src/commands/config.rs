//! `kinora config`: the reference, or what is in force.

use super::context::Context;
use crate::cli::Config;
use crate::config::Settings;
use crate::config::layers::REFERENCE;
use crate::exit::Exit;
use crate::report::{self, Failure};
use crate::terminal::say;
use serde_json::json;

/// Prints settings.
///
/// # Errors
/// When those in force are wrong.
pub(crate) fn run(arguments: &Config, context: &Context) -> Result<Exit, Failure> {
    if !arguments.effective {
        say(REFERENCE.trim_end());
        return Ok(Exit::Success);
    }
    let settings = Settings::load(&arguments.settings.flags(), &context.variables)?;
    settings.server()?;
    settings
        .warnings
        .iter()
        .for_each(|text| report::warning(text));
    let lines: Vec<_> = settings.in_force().collect();
    let width = lines
        .iter()
        .map(|setting| setting.toml().chars().count())
        .max()
        .unwrap_or(0);
    for setting in lines {
        if context.global.json {
            let origin = setting.origin.to_string();
            say(json!({"key": setting.key, "value": setting.text, "origin": origin}));
        } else {
            say(format_args!(
                "{:width$}  # {}",
                setting.toml(),
                setting.origin
            ));
        }
    }
    if !context.global.json && settings.text("data").is_empty() {
        say(format_args!(
            "# data is kept in {}",
            settings.data().display()
        ));
    }
    Ok(Exit::Success)
}
