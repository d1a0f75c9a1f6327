//! One Rust file, as the checks look at it.

use super::code;

/// A file of ours.
#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the root.
    pub(crate) path: String,
    /// As it is.
    pub(crate) text: String,
    /// Comments and literals blanked.
    pub(crate) code: String,
    /// By line from 0: compiled for tests only.
    is_test: Vec<bool>,
}

impl Source {
    /// Reads the text once for all checks.
    pub(crate) fn new(path: &str, text: String) -> Self {
        let code = code::blank(&text);
        let is_test = code::test_lines(&code);
        Self {
            path: path.into(),
            text,
            code,
            is_test,
        }
    }

    /// The folder below `crates/`, or `xtask`.
    pub(crate) fn room(&self) -> &str {
        let inner = self.path.strip_prefix("crates/").unwrap_or(&self.path);
        inner.split('/').next().unwrap_or(inner)
    }

    /// Part of a crate's `src`.
    pub(crate) fn is_shipped(&self) -> bool {
        self.path.contains("/src/") && !self.is_all_test()
    }

    /// The whole file is for tests: `tests.rs`, what lies below it, and what lies in a crate's `tests/`.
    pub(crate) fn is_all_test(&self) -> bool {
        ["/tests/", "/benches/"]
            .iter()
            .any(|folder| self.path.contains(folder))
            || self.path.ends_with("/tests.rs")
    }

    /// Line (from 1) is for tests only.
    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.is_all_test() || self.is_test.get(line - 1).copied().unwrap_or(false)
    }

    /// Lines of code that are shipped, numbered from 1.
    pub(crate) fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        self.numbered().filter(|(line, _)| !self.is_test(*line))
    }

    /// Lines of code, numbered from 1.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(n, line)| (n + 1, line))
    }

    /// The module's documentation: its `//!` lines at the top.
    pub(crate) fn head(&self) -> impl Iterator<Item = &str> {
        self.text.lines().map_while(|line| line.strip_prefix("//!"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_told_from_what_is_shipped() {
        let source = Source::new(
            "crates/a/src/b.rs",
            "//! B.\nfn f() {}\n#[cfg(test)]\nmod tests {\n}\n".into(),
        );
        assert_eq!(source.shipped().map(|(n, _)| n).collect::<Vec<_>>(), [1, 2]);
        assert!(!source.is_test(2) && source.is_test(4));
        assert_eq!((source.room(), source.is_shipped()), ("a", true));
        let tests = Source::new("crates/a/src/b/tests.rs", "fn f() {}".into());
        assert!(tests.is_all_test() && tests.is_test(1) && !tests.is_shipped());
    }
}
