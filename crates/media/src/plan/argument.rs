//! One item of an argument list.

/// What the runner passes to ffmpeg as one argument; never a shell word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// As it stands: printable ASCII, from tables and checked numbers only.
    Text(String),
    /// The source, rendered as `file:/absolute/path`.
    Input,
    /// The result, rendered as `file:/absolute/path`.
    Output,
    /// A file of this name, or a family of files that begins with it, in the job's own directory. Rendered as a plain
    /// absolute path *without* `file:`: `-passlogfile` and the encoders' statistics go through `fopen`, which would make
    /// a directory called `file:`.
    Scratch(String),
}

impl Argument {
    /// A text argument.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        debug_assert!(
            text.bytes().all(|byte| (0x20..0x7f).contains(&byte)),
            "unchecked text in an argument: {text:?}"
        );
        Self::Text(text)
    }
}

impl std::fmt::Display for Argument {
    /// For logs and snapshots: the places of paths are shown as `<input>`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Input => f.write_str("<input>"),
            Self::Output => f.write_str("<output>"),
            Self::Scratch(name) => write!(f, "<scratch>/{name}"),
        }
    }
}
