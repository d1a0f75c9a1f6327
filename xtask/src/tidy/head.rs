//! What a file says about itself: a head of documentation, and a reason when it is very long.

use super::finding::Finding;
use super::source::Source;

/// A file may be longer only when its head says why it stays whole.
const LONGEST: usize = 900;

/// Looks at one file.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    if !source.is_shipped() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if source.head().next().is_none() {
        findings.push(Finding::new(
            &source.path,
            1,
            "the file does not begin with //!",
            "say what the module is for, what it does not do, and the shape of its data",
        ));
    }
    let lines = source.text.lines().count();
    let says_why = source.head().any(|line| line.contains("whole"));
    if lines > LONGEST && !says_why {
        findings.push(Finding::new(
            &source.path,
            1,
            format!("{lines} lines, and the head does not say why the file stays whole"),
            "split it by nouns, or give the reason in the head with the word \"whole\"",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(path: &str, text: &str, expected: usize) {
        let source = Source::new(path, text.into());
        assert_eq!(check(&source).len(), expected, "{path}: {text:.40}");
    }

    #[test]
    fn a_head_is_wanted_where_code_is_shipped() {
        check_text("crates/a/src/b.rs", "//! B.\n", 0);
        check_text("crates/a/src/b.rs", "use c;\n", 1);
        check_text("crates/a/src/b.rs", "", 1);
        check_text("crates/a/src/tests.rs", "use c;\n", 0);
        check_text("crates/a/tests/it/main.rs", "use c;\n", 0);
    }

    #[test]
    fn long_files_say_why() {
        let long = "fn f() {}\n".repeat(900);
        check_text("crates/a/src/b.rs", &format!("//! B.\n{long}"), 1);
        check_text(
            "crates/a/src/b.rs",
            &format!("//! B, one table that stays whole.\n{long}"),
            0,
        );
        check_text("crates/a/src/b.rs", &format!("//! B.\n{}", &long[10..]), 0);
    }
}
