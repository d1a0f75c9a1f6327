//! `kinora doctor`: what this machine offers, and what each missing piece costs.

use super::context::Context;
use crate::cli;
use crate::config::Settings;
use crate::exit::Exit;
use crate::report::Failure;
use crate::terminal::{ERROR, HELP, WARNING, printable, say, styled};
use kinora_jobs::doctor::{Finding, Verdict, report};
use kinora_server::tls::{self, Mode};
use std::io::IsTerminal;

/// Prints all findings. Ends with 1 when something is missing that a server needs.
///
/// # Errors
/// When the settings are wrong.
pub(crate) fn run(settings: &cli::Settings, context: &Context) -> Result<Exit, Failure> {
    let config = Settings::load(&settings.flags(), &context.variables)?.server()?;
    let mut findings = report(
        &config.ffmpeg,
        &config.share,
        &config.sandbox,
        &super::sandbox::prove,
    );
    findings.push(certificate(&config));
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

/// With which certificate a server with these settings answers.
fn certificate(config: &kinora_server::Config) -> Finding {
    let (state, detail, cost) = match tls::look(&config.tls, &config.data) {
        _ if config.tls.mode == Mode::Off => (
            Verdict::Degraded,
            "off".to_owned(),
            "what is sent beyond this machine can be read on its way".to_owned(),
        ),
        Ok(None) => (
            Verdict::Good,
            "a certificate is generated when a server first starts".to_owned(),
            String::new(),
        ),
        Ok(Some(shown)) => (
            Verdict::Good,
            format!(
                "key {}, certificate SHA-256 {}, from {}",
                shown.key,
                shown.certificate,
                shown.path.display()
            ),
            String::new(),
        ),
        Err(problem) => (Verdict::Missing, problem.description, problem.solution),
    };
    Finding {
        area: "tls",
        name: "certificate".to_owned(),
        state,
        detail,
        cost,
    }
}

fn line(finding: &Finding, colours: bool) -> String {
    let mark = match finding.state {
        Verdict::Good => styled(HELP, "ok      ", colours),
        Verdict::Degraded => styled(WARNING, "degraded", colours),
        Verdict::Missing => styled(ERROR, "missing ", colours),
    };
    let what = format!("{}: {}", finding.name, printable(&finding.detail));
    let mut rows = wrapped(&what);
    rows.extend(wrapped(&printable(&finding.cost)));
    format!("  {mark}  {}", rows.join(&format!("\n{INDENT}")))
}

/// What stands before each further row of a finding.
const INDENT: &str = "            ";
/// The rest of a terminal of 80 columns.
const WIDTH: usize = 80 - INDENT.len();

/// The text in rows; words are not broken, nothing gives no row.
fn wrapped(text: &str) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match rows.last_mut() {
            Some(row) if row.chars().count() + 1 + word.chars().count() <= WIDTH => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_fit_and_lose_no_word() {
        let text = "word ".repeat(40);
        let rows = wrapped(&text);
        assert!(rows.iter().all(|row| row.len() <= WIDTH), "{rows:?}");
        assert_eq!(rows.join(" "), text.trim());
        let long = "x".repeat(100);
        assert_eq!(wrapped(&format!("a {long} b")), ["a", long.as_str(), "b"]);
        assert!(wrapped("").is_empty());
    }
}
