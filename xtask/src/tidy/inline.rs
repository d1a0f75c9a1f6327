//! Tests beside the code stay short: longer ones are a file of their own, so that a file is as long as what it does.

use super::finding::Finding;
use super::source::Source;

/// Lines of tests that a file may hold itself.
const MOST: usize = 80;

/// Looks at one file.
pub(crate) fn check(source: &Source) -> Option<Finding> {
    let begins = source.code.lines().position(|line| line == "mod tests {")?;
    let within = source.code.lines().skip(begins + 1);
    let lines = within.take_while(|line| *line != "}").count();
    (lines > MOST).then(|| {
        Finding::new(
            &source.path,
            begins + 1,
            format!("{lines} lines of tests among the code"),
            "write `mod tests;` and move them into tests.rs in the folder of the file's name",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_tests_are_a_file_of_their_own() {
        let with = |lines: usize| {
            let tests = "    fn f() {}\n".repeat(lines);
            let text = format!("//! B.\n#[cfg(test)]\nmod tests {{\n{tests}}}\n");
            check(&Source::new("crates/a/src/b.rs", text)).is_some()
        };
        assert!(!with(80) && with(81));
        let apart = "//! B.\n#[cfg(test)]\nmod tests;\n";
        assert!(check(&Source::new("crates/a/src/b.rs", apart.into())).is_none());
    }
}
