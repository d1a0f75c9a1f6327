//! The house's own rules, checked over the sources and `cargo metadata`.
//!
//! Everything here reads text: no compiler is asked, so a check is right about what people write and not about what a
//! macro might produce. Each finding names a line and says what to do.

mod finding;
mod code;
mod source;
mod paths;
mod head;
mod inline;
mod rooms;
mod walls;
mod licence;
mod duplicates;
mod confine;
mod words;

use crate::tree::Tree;
use anyhow::{Result, ensure};
use finding::Finding;
use source::Source;

/// Runs all checks and prints what they find.
pub(crate) fn run(tree: &Tree) -> Result<()> {
    let findings = findings(tree)?;
    for finding in &findings {
        println!("{finding}");
    }
    let count = findings.len();
    ensure!(count == 0, "{count} findings");
    Ok(())
}

fn findings(tree: &Tree) -> Result<Vec<Finding>> {
    let files = tree.files()?;
    let mut sources = Vec::new();
    let mut findings = Vec::new();
    for path in &files {
        // What is no text (pictures, media) has no words.
        let Ok(text) = tree.read(path) else { continue };
        findings.extend(words::check(path, &text));
        if path.ends_with(".rs") {
            sources.push(Source::new(path, text));
        }
    }
    for source in &sources {
        findings.extend(head::check(source));
        findings.extend(inline::check(source));
        findings.extend(confine::check(source));
        findings.extend(words::check_tests(source));
    }
    findings.extend(rooms::check(&sources));
    let metadata = tree.metadata()?;
    findings.extend(walls::check(&metadata, |path| tree.read(path).ok()));
    findings.extend(licence::check(&metadata));
    findings.extend(duplicates::check(&metadata));
    findings.sort();
    Ok(findings)
}
