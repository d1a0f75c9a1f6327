//! What may stand in one place only: `unsafe`, starting processes, ending this one, the wire; and what may not stand
//! in pure crates at all.

use super::finding::Finding;
use super::paths;
use super::source::Source;
use std::collections::BTreeSet;

/// The only place that starts a process, and the only one with `unsafe`.
const SANDBOX: &str = "crates/jobs/src/sandbox/";

/// Code that is refused, where, and what to do instead.
struct Rule {
    /// Any of these, as whole words.
    words: &'static [&'static str],
    /// Whether a file is under the rule.
    covers: fn(&Source) -> bool,
    /// Whether its tests are, too.
    covers_tests: bool,
    todo: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        words: &["unsafe"],
        covers: |source| !source.path.starts_with(SANDBOX),
        covers_tests: true,
        todo: "unsafe stands in crates/jobs/src/sandbox/ only: find a safe call, or move the need there",
    },
    Rule {
        words: &["process::Command", "posix_spawn", "execve"],
        covers: |source| source.room() != "xtask" && !source.path.starts_with(SANDBOX),
        covers_tests: false,
        todo: "processes are started in crates/jobs/src/sandbox/ only",
    },
    Rule {
        words: &["process::exit", "ExitCode"],
        covers: |source| !matches!(source.room(), "kinora" | "xtask"),
        covers_tests: false,
        todo: "return an error with a kind; only crates/kinora knows exit codes",
    },
    Rule {
        words: &["kinora_mmp"],
        covers: |source| {
            source.room() == "server" && !source.path.starts_with("crates/server/src/mmp")
        },
        covers_tests: false,
        todo: "only crates/server/src/mmp/ knows the wire: give the service its own type",
    },
    Rule {
        words: &["axum", "hyper"],
        covers: |source| {
            source.room() == "server" && !source.path.starts_with("crates/server/src/http")
        },
        covers_tests: false,
        todo: "only crates/server/src/http/ knows HTTP: give the service its own type",
    },
    Rule {
        words: &[
            "std::fs",
            "std::env",
            "std::process",
            "std::thread",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "SystemTime",
            "Instant",
        ],
        covers: |source| {
            source.is_shipped()
                && matches!(
                    source.room(),
                    "mmp" | "media" | "metric" | "stream" | "chat"
                )
        },
        covers_tests: false,
        todo: "this crate is pure: files, time and randomness come in as arguments",
    },
];

/// Looks at one file.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let rules = RULES.iter().filter(|rule| (rule.covers)(source));
    rules.flat_map(|rule| breaches(rule, source)).collect()
}

fn breaches(rule: &Rule, source: &Source) -> Vec<Finding> {
    let lines = source
        .numbered()
        .map(|(line, code)| (line, code.to_owned()));
    // `use std::{fs, io}` names `std::fs`, though no line says so.
    let imports = paths::imported(&source.code)
        .into_iter()
        .map(|(line, path)| (line, path.join("::")));
    let mut found = BTreeSet::new();
    for (line, text) in lines.chain(imports) {
        if source.is_test(line) && !rule.covers_tests {
            continue;
        }
        let named = rule.words.iter().filter(|word| has_word(&text, word));
        found.extend(named.map(|word| (line, *word)));
    }
    let finding =
        |(line, word)| Finding::new(&source.path, line, format!("{word} stands here"), rule.todo);
    found.into_iter().map(finding).collect()
}

fn has_word(code: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        !code[..at].ends_with(is_part) && !code[at + word.len()..].starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(path: &str, text: &str, expected: usize) {
        let found = check(&Source::new(path, text.into()));
        assert_eq!(found.len(), expected, "{path}: {text}: {found:?}");
    }

    #[test]
    fn unsafe_stands_in_the_sandbox() {
        check_text("crates/jobs/src/sandbox/process.rs", "unsafe { f() }", 0);
        check_text("crates/jobs/src/worker.rs", "unsafe { f() }", 1);
        check_text(
            "crates/jobs/src/worker.rs",
            "// unsafe\nlet unsafe_code = \"unsafe\";",
            0,
        );
        check_text("crates/store/tests/it/main.rs", "unsafe { f() }", 1);
    }

    #[test]
    fn processes_start_in_the_sandbox() {
        let start = "use std::process::Command;";
        check_text("crates/jobs/src/sandbox/process.rs", start, 0);
        check_text("crates/kinora/src/serve.rs", start, 1);
        check_text(
            "crates/kinora/src/serve.rs",
            "std::process::Command::new(x)",
            1,
        );
        check_text(
            "crates/kinora/src/serve.rs",
            "use std::process::{Child, Command};",
            1,
        );
        check_text(
            "crates/kinora/src/cli.rs",
            "use clap::Command;\nCommand::new(x)",
            0,
        );
        check_text(
            "crates/kinora/src/serve.rs",
            "#[cfg(test)]\nmod tests {\nuse std::process::Command;\n}",
            0,
        );
        check_text("crates/kinora/tests/it/main.rs", start, 0);
        check_text("xtask/src/tree.rs", start, 0);
    }

    #[test]
    fn doors_and_exits_have_their_rooms() {
        check_text("crates/server/src/uploads.rs", "use kinora_mmp::Mirror;", 1);
        check_text(
            "crates/server/src/mmp/answer.rs",
            "use kinora_mmp::Mirror;",
            0,
        );
        check_text("crates/server/src/uploads.rs", "std::process::exit(1)", 1);
        check_text("crates/kinora/src/main.rs", "std::process::exit(1)", 0);
    }

    #[test]
    fn pure_crates_have_no_clock() {
        check_text("crates/mmp/src/pace.rs", "Instant::now()", 1);
        check_text("crates/mmp/src/pace.rs", "use std::net::IpAddr;", 0);
        check_text("crates/mmp/src/pace.rs", "use std::{fs, fmt};", 1);
        check_text("crates/mmp/tests/it/main.rs", "std::fs::read(x)", 0);
    }
}
