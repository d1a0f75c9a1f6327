//! One FFmpeg: asked for its listings, then tried.

use super::ask::ask;
use super::trial::{self, TRIED_ENCODERS, Tried};
use crate::sandbox::cage::{self, Cage};
use kinora_media::capability::{Capabilities, LISTINGS};
use kinora_media::diagnosis::Ended;
use kinora_store::contract::Problem;
use std::path::{Path, PathBuf};

/// One FFmpeg that was found, listed and tried.
#[derive(Clone, Debug)]
pub struct Build {
    /// Absolute.
    pub path: PathBuf,
    /// As it prints it itself, such as `5.1.9-0+deb12u1`.
    pub version: String,
    /// What it lists.
    pub capabilities: Capabilities,
    /// What of that works.
    pub tried: Tried,
}

impl Build {
    /// Asks and tries the program at this path.
    ///
    /// # Errors
    /// `ffmpeg_broken` when it does not run or is no FFmpeg, `machine_fault` when it cannot be started.
    pub fn examine(path: PathBuf, cage: &Cage) -> Result<Self, Problem> {
        let capabilities = list(&path, cage)?;
        let tried = trial::run(&capabilities, &mut |arguments| {
            ask(&path, arguments, cage).map_err(|e| crate::problem::of_machine("ffmpeg", &e))
        })?;
        Ok(Self {
            version: capabilities.version().into(),
            path,
            capabilities,
            tried,
        })
    }

    /// Whether it encodes with this encoder: shown where that was tried, else as it lists.
    #[must_use]
    pub fn can_encode(&self, name: &str) -> bool {
        if TRIED_ENCODERS.contains(&name) {
            self.tried.encoders.contains(name)
        } else {
            self.capabilities.has_encoder(name)
        }
    }
}

fn list(path: &Path, cage: &Cage) -> Result<Capabilities, Problem> {
    let mut texts = Vec::new();
    for (name, arguments) in LISTINGS {
        let answer = ask(path, arguments, cage).map_err(|e| unstartable(path, cage, &e))?;
        if answer.ended != Ended::Exit(0) {
            return Err(broken(path, &format!("does not run ({:?})", answer.ended)));
        }
        texts.push((*name, answer.output));
    }
    let listing = |name: &str| {
        let found = texts.iter().find(|(listed, _)| *listed == name);
        found.map_or("", |(_, text)| text.as_str())
    };
    if !listing("version").starts_with("ffmpeg version") {
        return Err(broken(path, "does not answer as FFmpeg does"));
    }
    let capabilities = Capabilities::parse(
        listing("encoders"),
        listing("muxers"),
        listing("filters"),
        listing("demuxers"),
        listing("version"),
    );
    Ok(capabilities.restricted(cage.accept(), listing("decoders")))
}

/// A script would need a shell, which no cage has.
fn unstartable(path: &Path, cage: &Cage, error: &std::io::Error) -> Problem {
    if cage.is_on() && !cage::is_binary(path) {
        return Problem {
            code: "ffmpeg_broken".into(),
            description: format!("{} is a script, which cannot be confined", path.display()),
            solution: "name the FFmpeg that it starts in the settings under [ffmpeg], or give up confinement with \
                       --sandbox=off"
                .into(),
        };
    }
    crate::problem::of_machine("ffmpeg", error)
}

fn broken(path: &Path, how: &str) -> Problem {
    Problem {
        code: "ffmpeg_broken".into(),
        description: format!("{} {how}", path.display()),
        solution: "install FFmpeg again and try it by hand with -version, or name another one in \
                   the settings under [ffmpeg]"
            .into(),
    }
}
