//! One breach of a rule.

use std::fmt;

/// Where it is, what is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    wrong: String,
    todo: &'static str,
}

impl Finding {
    /// `line` counts from 1.
    pub(crate) fn new(
        path: &str,
        line: usize,
        wrong: impl Into<String>,
        todo: &'static str,
    ) -> Self {
        Self {
            path: path.into(),
            line,
            wrong: wrong.into(),
            todo,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            wrong,
            todo,
        } = self;
        write!(f, "{path}:{line}: {wrong}\n    {todo}")
    }
}
