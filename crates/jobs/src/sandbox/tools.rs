//! FFmpeg and ffprobe on this machine, and what they can do.

use super::process::{self, Control, Heard, Spec};
use super::share::Share;
use crate::config::Programs;
use kinora_media::capability::{Capabilities, LISTINGS};
use kinora_media::diagnosis::Ended;
use kinora_store::contract::Problem;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A listing of a full build has about 60 kB.
const LISTING_BYTES: usize = 1 << 20;
const LISTING_TIME: Duration = Duration::from_secs(20);

/// The programs, found and asked.
#[derive(Debug)]
pub struct Tools {
    /// Absolute path of FFmpeg.
    pub ffmpeg: PathBuf,
    /// Absolute path of ffprobe.
    pub ffprobe: PathBuf,
    /// What FFmpeg lists.
    pub capabilities: Capabilities,
    /// First line of `ffmpeg -version`.
    pub version: String,
}

impl Tools {
    /// Finds both programs and asks FFmpeg for its listings.
    ///
    /// # Errors
    /// `ffmpeg_missing` with how to install it, or `machine_fault` when it does not run.
    pub fn find(programs: &Programs) -> Result<Self, Problem> {
        let ffmpeg = locate(&programs.ffmpeg)?;
        let ffprobe = locate(&programs.ffprobe)?;
        let mut texts = Vec::new();
        for (_, arguments) in LISTINGS {
            texts.push(ask(&ffmpeg, arguments)?);
        }
        let version = ask(&ffmpeg, &["-version"])?;
        let version = version.lines().next().unwrap_or_default().to_owned();
        let listing = |name: &str| {
            let at = LISTINGS.iter().position(|(listed, _)| *listed == name);
            at.map_or("", |at| texts[at].as_str())
        };
        let capabilities = Capabilities::parse(
            listing("encoders"),
            listing("muxers"),
            listing("filters"),
            listing("demuxers"),
            &version,
        );
        Ok(Self {
            ffmpeg,
            ffprobe,
            capabilities,
            version,
        })
    }
}

/// The program's absolute path: as it was named, or from `PATH`.
fn locate(program: &Path) -> Result<PathBuf, Problem> {
    let is_program = |path: &PathBuf| {
        rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file()
    };
    let found = if program.components().count() > 1 {
        std::path::absolute(program).ok().filter(is_program)
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .filter(|dir| dir.is_absolute())
            .map(|dir| dir.join(program))
            .find(is_program)
    };
    found.ok_or_else(|| Problem {
        code: "ffmpeg_missing".into(),
        description: format!("{} was not found", program.display()),
        solution: "install FFmpeg (on Debian: apt-get install ffmpeg), or name it in the \
                   settings under [ffmpeg]"
            .into(),
    })
}

fn ask(ffmpeg: &Path, arguments: &[&str]) -> Result<String, Problem> {
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    let share = Share::off();
    let spec = Spec {
        program: ffmpeg,
        arguments: &arguments,
        directory: Path::new("/"),
        file_size: Some(0),
        share: &share,
    };
    let until = Instant::now() + LISTING_TIME;
    let mut text = Vec::new();
    let finished = process::run(&spec, &mut |heard| {
        if let Heard::Output(bytes) = heard {
            text.extend_from_slice(bytes);
        }
        if text.len() > LISTING_BYTES || Instant::now() > until {
            return Control::Kill;
        }
        Control::Continue
    });
    let finished = finished.map_err(|e| crate::problem::of_machine("ffmpeg", &e))?;
    if finished.ended != Ended::Exit(0) {
        return Err(Problem {
            code: "ffmpeg_broken".into(),
            description: format!("{} does not run ({:?})", ffmpeg.display(), finished.ended),
            solution: "install FFmpeg again, and try `ffmpeg -version` by hand".into(),
        });
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
