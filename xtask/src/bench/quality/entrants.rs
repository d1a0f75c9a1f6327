//! Who takes part: the programs that are here, with what tells one version of them from another.

use super::contest::Contest;
use super::footage;
use super::options::Options;
use crate::bench::{child, server};
use crate::tree::Tree;
use anyhow::Result;
use std::path::PathBuf;

/// Where `cargo install --root target/bench-peers ab-av1 --locked` puts it.
const AB_AV1: &str = "target/bench-peers/bin/ab-av1";

/// Lets those take part whose programs are here, and names those that are missing.
pub(crate) fn admit(tree: &Tree, mut contest: Contest, options: &Options) -> Result<Contest> {
    let ffmpeg = contest.ffmpeg.clone();
    let encoders = contest.ask_version(&ffmpeg, "-version")?;
    contest.admit("plain", &ffmpeg, encoders.clone());
    match ab_av1(tree) {
        Some(program) => {
            let own = contest.ask_version(&program, "--version")?;
            contest.admit("ab-av1", &program, format!("{own}; {encoders}"));
        }
        None => missing(
            "ab-av1",
            "cargo install --root target/bench-peers ab-av1 --locked",
        ),
    }
    match child::find("HandBrakeCLI") {
        Some(program) => {
            let own = contest.ask_version(&program, "--version")?;
            contest.admit("handbrake", &program, own);
        }
        None => missing("HandBrakeCLI", "apt-get install handbrake-cli"),
    }
    if options.wants("ours") {
        let program = match &options.program {
            Some(program) => program.clone(),
            None => server::build(tree)?,
        };
        // Of ours there are many builds of one version.
        let own = footage::digest(&program)?;
        contest.admit("ours", &program, format!("{own}; {encoders}"));
    }
    Ok(contest)
}

fn ab_av1(tree: &Tree) -> Option<PathBuf> {
    let own = tree.path(AB_AV1);
    if own.is_file() {
        return Some(own);
    }
    child::find("ab-av1")
}

fn missing(name: &str, remedy: &str) {
    println!("    {name} is missing and left out: {remedy}");
}
