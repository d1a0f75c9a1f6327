//! `kinora doctor`: what this machine offers, and what each missing piece costs.

use super::context::Context;
use crate::cli;
use crate::config::Settings;
use crate::exit::Exit;
use crate::report::Failure;
use crate::terminal::{ERROR, HELP, WARNING, printable, say, styled};
use kinora_jobs::doctor::{Finding, Verdict, report};
use std::io::IsTerminal;

/// Prints all findings. Ends with 1 when something is missing that a server needs.
///
/// # Errors
/// When the settings are wrong.
pub(crate) fn run(settings: &cli::Settings, context: &Context) -> Result<Exit, Failure> {
    let config = Settings::load(&settings.flags(), &context.variables)?.server()?;
    let findings = report(&config.ffmpeg, &config.share);
    let colours = std::io::stdout().is_terminal() && crate::terminal::has_colours();
    let mut area = "";
    for finding in &findings {
        if context.global.json {
            say(serde_json::to_value(finding).unwrap_or_default());
            continue;
        }
        if finding.area != area {
            area = finding.area;
            say(area);
        }
        say(line(finding, colours));
    }
    match findings
        .iter()
        .any(|finding| finding.state == Verdict::Missing)
    {
        true => Ok(Exit::Internal),
        false => Ok(Exit::Success),
    }
}

fn line(finding: &Finding, colours: bool) -> String {
    let mark = match finding.state {
        Verdict::Good => styled(HELP, "ok      ", colours),
        Verdict::Degraded => styled(WARNING, "degraded", colours),
        Verdict::Missing => styled(ERROR, "missing ", colours),
    };
    let mut line = format!("  {mark}  {}: {}", finding.name, printable(&finding.detail));
    if !finding.cost.is_empty() {
        line.push_str(&format!("\n            {}", printable(&finding.cost)));
    }
    line
}
