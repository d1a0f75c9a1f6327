//! All automation: `cargo xtask <command>`. The Makefile and `.ci/run` are names for what stands here.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for the terminal"
)]

mod tree;
mod tidy;
mod docs;
mod bench;
mod torture;
mod steps;

use anyhow::{Result, bail};
use std::process::ExitCode;
use tree::Tree;

const USAGE: &str = "\
cargo xtask <command>

  ci              everything that has to hold: lint, then test
  lint            tidy, docs --check, the page, rustfmt, clippy, rustdoc
  test            documentation tests, the page's, then all others
  web WHAT        the page: build, test, conform, or e2e
  tidy            the house's own rules (ARCHITECTURE.md, CONTRIBUTING.md)
  docs [--check]  writes (or compares) what is generated from code
  bench [...]     measures; see docs/benchmarks.md
  torture [...]   kills servers, damages files, and looks at what is left; see SECURITY.md";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    let tree = Tree::open()?;
    match arguments {
        ["ci"] => {
            steps::lint(&tree)?;
            steps::test(&tree)
        }
        ["lint"] => steps::lint(&tree),
        ["test"] => steps::test(&tree),
        ["web", what] => steps::web(&tree, what),
        ["tidy"] => tidy::run(&tree),
        ["docs"] => docs::write(&tree),
        ["docs", "--check"] => docs::check(&tree),
        ["bench", rest @ ..] => bench::run(&tree, rest),
        ["torture", rest @ ..] => torture::run(&tree, rest),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        [other, ..] => bail!("no such command, or not with these words: {other}\n\n{USAGE}"),
    }
}
