//! Short questions to an FFmpeg, whose whole answer is kept.

use crate::sandbox::cage::{Cage, Duty};
use crate::sandbox::process::{self, Control, Heard, Spec};
use crate::sandbox::share::Share;
use kinora_media::diagnosis::Ended;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// A listing of a full build has about 60 kB.
const ANSWER_BYTES: usize = 1 << 20;
/// For a machine that reads the program from a slow disk while it is busy; usual is a tenth of a second.
const ANSWER_TIME: Duration = Duration::from_secs(20);

/// What a short run said.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) ended: Ended,
    /// Standard output.
    pub(super) output: String,
    /// Standard error.
    pub(super) complaints: String,
}

/// Runs FFmpeg where it can write no file, and for a limited time.
pub(super) fn ask(ffmpeg: &Path, arguments: &[&str], cage: &Cage) -> io::Result<Answer> {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let share = Share::off();
    let spec = Spec {
        program: ffmpeg,
        arguments: &arguments,
        directory: Path::new("/"),
        input: None,
        lent: None,
        output: None,
        file_size: Some(0),
        // It tries encoders.
        duty: Duty::Work,
        time: ANSWER_TIME,
        share: &share,
        cage,
    };
    let until = Instant::now() + ANSWER_TIME;
    let (mut output, mut complaints) = (Vec::new(), Vec::new());
    let finished = process::run(&spec, &mut |heard| {
        match heard {
            Heard::Output(bytes) => output.extend_from_slice(bytes),
            Heard::Complaint(bytes) => complaints.extend_from_slice(bytes),
            Heard::Started(_) | Heard::Tick => {}
        }
        if output.len() + complaints.len() > ANSWER_BYTES || Instant::now() > until {
            return Control::Kill;
        }
        Control::Continue
    })?;
    Ok(Answer {
        ended: finished.ended,
        output: String::from_utf8_lossy(&output).into_owned(),
        complaints: String::from_utf8_lossy(&complaints).into_owned(),
    })
}
