//! What has to hold, as commands: the cheap ones first.

use crate::tree::Tree;
use crate::{docs, tidy};
use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Everything short of running the program.
pub(crate) fn lint(tree: &Tree) -> Result<()> {
    step("tidy", || tidy::run(tree))?;
    step("advisories", || advisories(tree))?;
    step("docs --check", || docs::check(tree))?;
    step("web: types, build", || web(tree, "build"))?;
    cargo(tree, "rustfmt", &["fmt", "--all", "--check"])?;
    let clippy = "clippy --workspace --all-targets --locked -- -D warnings";
    cargo(tree, "clippy", &words(clippy))?;
    step("rustdoc", || {
        let mut command = tree.cargo();
        command.args(words("doc --workspace --no-deps --locked --quiet"));
        execute(command.env("RUSTDOCFLAGS", "-D warnings"))
    })
}

/// All tests. The line that closes the output is the runner's own, so the documentation's tests come first.
pub(crate) fn test(tree: &Tree) -> Result<()> {
    let doc = words("test --workspace --doc --locked --quiet");
    cargo(tree, "documentation tests", &doc)?;
    step("web: build", || web(tree, "build"))?;
    step("web: tests", || web(tree, "test"))?;
    // The same artefacts that the runner below uses, so nothing is built twice.
    let all = "test --workspace --lib --bins --tests --locked --no-run --quiet";
    cargo(tree, "build", &words(all))?;
    let peer = words("build --package kinora-chat --example peer --locked --quiet");
    cargo(tree, "build of the other engine", &peer)?;
    step("web: two engines", || web(tree, "conform"))?;
    step("web: in a browser", || web(tree, "e2e"))?;
    if has_nextest(tree) {
        eprintln!("==> tests");
        return execute(tree.cargo().args(words("nextest run --workspace --locked")));
    }
    eprintln!("==> tests (cargo-nextest is not installed)");
    let mut command = tree.cargo();
    let all = "test --workspace --lib --bins --tests --locked --no-fail-fast";
    command.args(words(all));
    summed(command)
}

/// What `scripts/web.sh` does with the page: `build`, `test`, `conform` or `e2e`.
pub(crate) fn web(tree: &Tree, what: &str) -> Result<()> {
    execute(tree.command("scripts/web.sh").arg(what))
}

/// What is known against the versions in Cargo.lock. Neither the tool nor its list is part of a checkout: a list that is
/// there is used as it is, however old.
fn advisories(tree: &Tree) -> Result<()> {
    let mut asked = tree.cargo();
    asked.args(["audit", "--version"]);
    let asked = asked.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !asked.is_ok_and(|status| status.success()) {
        eprintln!("    skipped: cargo-audit is not installed");
        return Ok(());
    }
    let Some(list) = advisory_list() else {
        eprintln!(
            "    skipped: there is no list of advisories (KINORA_ADVISORIES, ~/.cargo/advisory-db)"
        );
        return Ok(());
    };
    let mut command = tree.cargo();
    command.args(words("audit --no-fetch --stale --quiet --db"));
    execute(command.arg(list))
}

fn advisory_list() -> Option<PathBuf> {
    let named = std::env::var_os("KINORA_ADVISORIES").map(PathBuf::from);
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = || std::env::home_dir().map(|home| home.join(".cargo"));
    let usual = cargo.or_else(home).map(|place| place.join("advisory-db"));
    named.or(usual).filter(|place| place.is_dir())
}

fn has_nextest(tree: &Tree) -> bool {
    let mut command = tree.cargo();
    command.args(["nextest", "--version"]);
    let asked = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

fn cargo(tree: &Tree, title: &str, arguments: &[&str]) -> Result<()> {
    step(title, || execute(tree.cargo().args(arguments)))
}

fn step(title: &str, act: impl FnOnce() -> Result<()>) -> Result<()> {
    eprintln!("==> {title}");
    let began = Instant::now();
    act().with_context(|| format!("{title} failed"))?;
    eprintln!("    {title}: {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

fn execute(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status()?;
    ensure!(status.success(), "it ended with {status}");
    Ok(())
}

/// `cargo test` closes each program's tests with a line of its own; this adds them up into one last line.
fn summed(mut command: Command) -> Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut sum = Sum::default();
    for line in child
        .stdout
        .take()
        .into_iter()
        .flat_map(|out| BufReader::new(out).lines())
    {
        let line = line?;
        println!("{line}");
        sum.add(&line);
    }
    let status = child.wait()?;
    println!("{}", sum.line(status.success()));
    ensure!(status.success(), "it ended with {status}");
    Ok(())
}

/// Tests of all programs together.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Sum {
    fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        for part in counts.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(count), Some(what)) = (words.next(), words.next()) else {
                continue;
            };
            let count = count.parse().unwrap_or(0);
            match what {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                _ => {}
            }
        }
    }

    fn line(&self, good: bool) -> String {
        let word = if good { "ok" } else { "FAILED" };
        let Self {
            passed,
            failed,
            ignored,
        } = self;
        format!("\nall together: {word}. {passed} passed; {failed} failed; {ignored} ignored")
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_added_up() {
        let mut sum = Sum::default();
        sum.add("running 3 tests");
        sum.add("test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.1s");
        sum.add("test result: FAILED. 1 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s");
        assert_eq!(
            sum.line(false).trim(),
            "all together: FAILED. 4 passed; 2 failed; 1 ignored"
        );
    }
}
