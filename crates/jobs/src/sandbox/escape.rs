//! Tries to get out, from inside.
//!
//! A stand-in for an FFmpeg that somebody has taken over: it makes each attempt for real and says whether it came
//! through. A cage that holds on paper and not here is found at the start of the server, and not by a stranger.

mod attempts;

use super::cage::{Cage, Duty};
use super::process::{self, Control, Heard, Spec};
use super::share::Share;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

pub use attempts::attempt;

/// Long enough for a busy machine; usual is a hundredth of it.
const TIME: Duration = Duration::from_secs(10);
/// Its answer has about 2 kB.
const ANSWER_BYTES: usize = 64 << 10;
/// The file that it may read, in the directory that it may write; beside it lies one that it may not.
const INPUT: &str = "input";
const WORK: &str = "work";
const SECRET: &str = "secret";

/// What the attempts came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Escapes {
    /// Attempts that the cage stopped.
    pub held: usize,
    /// Those that came through, by name.
    pub escaped: Vec<String>,
    /// What a media program needs and the cage forbids, by name.
    pub hindered: Vec<String>,
}

impl Escapes {
    /// All attempts to get out.
    #[must_use]
    pub fn attempts(&self) -> usize {
        self.held + self.escaped.len()
    }

    /// Whether the cage holds, and leaves room to work.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.held > 0 && self.escaped.is_empty() && self.hindered.is_empty()
    }
}

/// Starts this program in the cage, which has to call [`attempt`] with its last two arguments, and counts. `place` is an
/// empty directory.
///
/// # Errors
/// When it cannot be started, or does not answer.
pub fn escapes(
    cage: &Cage,
    program: &Path,
    arguments: &[OsString],
    place: &Path,
) -> io::Result<Escapes> {
    let (input, work) = (place.join(INPUT), place.join(WORK));
    fs::write(&input, "input")?;
    fs::write(place.join(SECRET), "secret")?;
    fs::create_dir(&work)?;
    let mut arguments = arguments.to_vec();
    arguments.extend([&input, &work].map(|path| path.into()));
    let (output, share) = (work.join("output"), Share::off());
    let spec = Spec {
        program,
        arguments: &arguments,
        directory: &work,
        input: Some(&input),
        lent: None,
        output: Some(&output),
        file_size: Some(1 << 20),
        duty: Duty::Work,
        time: TIME,
        share: &share,
        cage,
    };
    let until = Instant::now() + TIME;
    let mut answer = Vec::new();
    process::run(&spec, &mut |heard| {
        if let Heard::Output(bytes) = heard {
            answer.extend_from_slice(bytes);
        }
        if answer.len() > ANSWER_BYTES || Instant::now() > until {
            return Control::Kill;
        }
        Control::Continue
    })?;
    read(&String::from_utf8_lossy(&answer))
        .ok_or_else(|| io::Error::other("it did not answer to the end"))
}

/// Lines of `word name`, and `end` behind the last.
fn read(answer: &str) -> Option<Escapes> {
    let mut found = Escapes::default();
    for line in answer.lines() {
        match line.split_once(' ') {
            Some(("held", _)) => found.held += 1,
            Some(("escaped", name)) => found.escaped.push(name.into()),
            Some(("hindered", name)) => found.hindered.push(name.into()),
            None if line == "end" => return Some(found),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_to_their_end() {
        let found = read("held a\nheld b\nescaped a socket\nable c\nend\n").unwrap_or_default();
        assert_eq!((found.held, found.attempts()), (2, 3));
        assert_eq!(found.escaped, ["a socket"]);
        assert!(!found.is_sound());
        assert_eq!(read("held a\nheld b"), None);
        assert!(
            !Escapes::default().is_sound(),
            "who attempts nothing proves nothing"
        );
    }
}
