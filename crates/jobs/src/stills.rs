//! Frames of a video as pictures, for whoever wants to look at a result where it is worst.

use crate::policy;
use crate::sandbox::cage::Duty;
use crate::sandbox::process::{self, Control, Heard, Spec};
use crate::sandbox::{Share, Tools};
use kinora_media::Argument;
use kinora_media::diagnosis::Ended;
use kinora_media::quality::stills;
use std::ffi::OsString;
use std::path::Path;
use std::time::Instant;

/// The frames of `file` (absolute, named by us) that are shown at these times, as JPEG with at most `side` pixels on the
/// longer side; what cannot be read is absent. `work` is an empty directory.
///
/// Never fails: a picture less is no reason to lose what it illustrates.
#[must_use]
pub fn stills(
    tools: &Tools,
    share: &Share,
    work: &Path,
    file: &Path,
    times_s: &[f64],
    side: u32,
) -> Vec<Option<Vec<u8>>> {
    let camera = Camera {
        tools,
        share,
        work,
        file,
        side,
    };
    times_s.iter().map(|at_s| camera.still(*at_s)).collect()
}

struct Camera<'a> {
    tools: &'a Tools,
    share: &'a Share,
    work: &'a Path,
    file: &'a Path,
    side: u32,
}

impl Camera<'_> {
    fn still(&self, at_s: f64) -> Option<Vec<u8>> {
        let mut leads = stills::LEADS_S.into_iter();
        let first = leads.next().and_then(|lead_s| self.attempt(at_s, lead_s));
        // A longer lead than there is before the frame finds nothing new.
        first.or_else(|| {
            leads
                .filter(|_| at_s > stills::LEADS_S[0])
                .find_map(|lead_s| self.attempt(at_s, lead_s))
        })
    }

    fn attempt(&self, at_s: f64, lead_s: f64) -> Option<Vec<u8>> {
        let build = self.tools.main();
        let list = stills::arguments(at_s, lead_s, self.side, &build.capabilities)?;
        let spec = Spec {
            program: &build.path,
            arguments: &arguments(&list, self.file),
            directory: self.work,
            input: Some(self.file),
            lent: None,
            // It writes nothing but its standard output.
            output: None,
            file_size: Some(0),
            duty: Duty::Look,
            time: policy::STILL_TIME,
            share: self.share,
            cage: &self.tools.cage,
        };
        let mut picture = Vec::new();
        let until = Instant::now() + policy::STILL_TIME;
        let finished = process::run(&spec, &mut |heard| {
            if let Heard::Output(bytes) = heard {
                picture.extend_from_slice(bytes);
            }
            if picture.len() > policy::STILL_BYTES || Instant::now() > until {
                Control::Kill
            } else {
                Control::Continue
            }
        });
        let finished = finished
            .inspect_err(|error| tracing::debug!(%error, "no still"))
            .ok()?;
        let is_whole = picture.starts_with(&[0xff, 0xd8]) && picture.ends_with(&[0xff, 0xd9]);
        let is_sound = finished.ended == Ended::Exit(0) && !finished.killed && is_whole;
        is_sound.then_some(picture)
    }
}

/// The list with the file's name in it; there is no other one.
fn arguments(list: &[Argument], file: &Path) -> Vec<OsString> {
    let one = |argument: &Argument| match argument {
        Argument::Text(text) => text.into(),
        Argument::Input | Argument::Output | Argument::Scratch(_) => {
            let mut name = OsString::from("file:");
            name.push(file);
            name
        }
    };
    list.iter().map(one).collect()
}
