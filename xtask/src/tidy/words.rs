//! Words that must not stand in the repository: paths of somebody's machine, notes to oneself, tests that sleep.
//!
//! The words are written in two halves, so that this file does not find itself.

use super::finding::Finding;
use super::source::Source;

/// Beginnings of absolute paths that exist on one machine only.
const PLACES: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
];

/// Notes that belong into an issue or a commit, and code that belongs onto nobody's main branch.
const NOTES: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
    concat!("db", "g!("),
    concat!("#[ig", "nore"),
];

/// Waiting for time instead of for the event.
const SLEEPS: &[&str] = &[concat!("thread::sl", "eep("), concat!("time::sl", "eep(")];

/// Looks at any text.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    // Licence texts and lists of versions are not ours to word.
    if path.starts_with("LICENSE") || path.ends_with(".lock") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (n, line) in text.lines().enumerate() {
        for word in PLACES.iter().filter(|word| has_place(line, word)) {
            let wrong = format!("a path of one machine: {word}");
            findings.push(Finding::new(
                path,
                n + 1,
                wrong,
                "write a path that is relative, or made up in a temporary directory",
            ));
        }
        for word in NOTES.iter().filter(|word| has_note(line, word)) {
            let wrong = format!("{word} stands here");
            findings.push(Finding::new(
                path,
                n + 1,
                wrong,
                "do it now, or write it down outside the repository",
            ));
        }
    }
    findings
}

/// Looks at the tests of a Rust file, and at the suite of tests that backends share.
pub(crate) fn check_tests(source: &Source) -> Vec<Finding> {
    let is_suite = source.path.contains("/src/suite/");
    let lines = source
        .numbered()
        .filter(|(line, _)| is_suite || source.is_test(*line));
    let sleeping = lines.filter(|(_, code)| SLEEPS.iter().any(|word| code.contains(word)));
    let finding = |(line, _)| {
        Finding::new(
            &source.path,
            line,
            "a test sleeps",
            "wait for the event itself, or hand the time in",
        )
    };
    sleeping.map(finding).collect()
}

/// The word begins an absolute path: nothing that could be the rest of a longer one stands before it.
fn has_place(line: &str, word: &str) -> bool {
    let is_rest = |c: char| c.is_alphanumeric() || "_-.>})]~*/".contains(c);
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_rest))
}

fn has_note(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let goes_on = |rest: &str| word.ends_with(is_part) && rest.starts_with(is_part);
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_part) && !goes_on(&line[at + word.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(text: &str, expected: usize) {
        let found = check("docs/a.md", text);
        assert_eq!(found.len(), expected, "{text}: {found:?}");
    }

    #[test]
    fn paths_of_machines_are_found() {
        check_text(concat!("see /ho", "me/anna/x"), 1);
        check_text(concat!("\"/wo", "rk/x\""), 1);
        check_text(concat!("<root>/wo", "rk/<id>"), 0);
        check_text(concat!("target/wo", "rk/x ../ho", "me/"), 0);
        check_text("/var/lib/kinora", 0);
    }

    #[test]
    fn notes_are_found() {
        check_text(concat!("// TO", "DO: more"), 1);
        check_text(concat!("    #[ig", "nore = \"slow\"]"), 1);
        check_text(concat!("db", "g!(x); to", "do!()"), 2);
        check_text(concat!("fileXX", "XXXX and autoTO", "DOs"), 0);
    }

    #[test]
    fn tests_do_not_sleep() {
        let check = |path, text: &str, expected| {
            assert_eq!(check_tests(&Source::new(path, text.into())).len(), expected);
        };
        let sleep = concat!("std::thread::sl", "eep(x)");
        check("crates/a/tests/it/main.rs", sleep, 1);
        check("crates/a/src/b.rs", sleep, 0);
        check(
            "crates/a/src/b.rs",
            &format!("#[cfg(test)]\nmod tests {{\n{sleep}\n}}"),
            1,
        );
        check("crates/a/src/suite/x.rs", sleep, 1);
        check("crates/a/tests/it/main.rs", &format!("// {sleep}"), 0);
    }
}
