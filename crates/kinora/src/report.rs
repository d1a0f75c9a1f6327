//! Errors as the user sees them: what failed, what to do, and a number for the shell.

use crate::config::layers::Mistake;
use crate::exit::Exit;
use crate::terminal::{self, ERROR, HELP, WARNING, printable, say, styled, tell};
use kinora_client::Fault;
use serde_json::{Value, json};

/// A command that did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// For the shell.
    pub(crate) exit: Exit,
    /// For programs; stable.
    pub(crate) code: String,
    /// What failed, and where.
    pub(crate) description: String,
    /// What to do; may be empty.
    pub(crate) solution: String,
}

/// What a command comes to.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure in the words of this crate.
    pub(crate) fn new(
        exit: Exit,
        code: &str,
        description: impl Into<String>,
        solution: impl Into<String>,
    ) -> Self {
        Self {
            exit,
            code: code.into(),
            description: description.into(),
            solution: solution.into(),
        }
    }

    /// Says which file it is about, where there are several.
    #[must_use]
    pub(crate) fn about(mut self, what: &str) -> Self {
        if !self.description.contains(what) {
            self.description = format!("{what}: {}", self.description);
        }
        self
    }

    /// As members for a JSON line.
    #[must_use]
    pub(crate) fn json(&self) -> Value {
        json!({
            "event": "error",
            "code": self.code,
            "description": self.description,
            "solution": self.solution,
            "exit": self.exit.code(),
        })
    }

    /// As lines for people.
    #[must_use]
    pub(crate) fn text(&self, colours: bool) -> String {
        let error = styled(ERROR, "error:", colours);
        let mut text = format!("{error} {}", printable(&self.description));
        if !self.solution.is_empty() {
            let help = styled(HELP, "help:", colours);
            text.push_str(&format!("\n{help} {}", printable(&self.solution)));
        }
        text
    }
}

/// Prints a failure: lines on standard error, or one JSON line on standard output, where a program reads.
pub(crate) fn failure(failure: &Failure, json: bool) {
    if json {
        say(failure.json());
    } else {
        tell(failure.text(terminal::has_colours()));
    }
}

/// Prints a warning on standard error.
pub(crate) fn warning(text: &str) {
    tell(format_args!(
        "{} {}",
        styled(WARNING, "warning:", terminal::has_colours()),
        printable(text)
    ));
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::new(
            fault.kind().into(),
            fault.code(),
            fault.to_string(),
            fault.solution(),
        )
    }
}

impl From<Mistake> for Failure {
    fn from(mistake: Mistake) -> Self {
        Self::new(
            Exit::Usage,
            "bad_configuration",
            mistake.description,
            mistake.solution,
        )
    }
}

impl From<kinora_media::Fault> for Failure {
    /// Found before anything was sent, so it is the command line that is wrong.
    fn from(fault: kinora_media::Fault) -> Self {
        Self::new(
            Exit::Usage,
            fault.code(),
            fault.to_string(),
            fault.solution(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Failure {
        Failure::new(
            Exit::File,
            "output_exists",
            "a\u{1b}b.mp4 exists",
            "use --force",
        )
    }

    #[test]
    fn lines_for_people_and_members_for_programs() {
        assert_eq!(
            example().text(false),
            "error: a\\u{1b}b.mp4 exists\nhelp: use --force"
        );
        assert!(example().text(true).starts_with("\u{1b}["));
        assert_eq!(example().json()["exit"], 3);
        assert_eq!(example().json()["code"], "output_exists");
    }

    #[test]
    fn a_file_is_named_once() {
        assert_eq!(
            example().about("x.mp4").description,
            "x.mp4: a\u{1b}b.mp4 exists"
        );
        assert_eq!(example().about("b.mp4").description, "a\u{1b}b.mp4 exists");
    }
}
