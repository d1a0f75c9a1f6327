//! The FFmpeg builds of this machine, and which of them does what.
//!
//! Two builds may stand side by side: the one that the settings name first does everyday work, a second one adds what
//! the first lacks (a metric, a newer encoder). Which does what is decided by what each of them has shown it can do,
//! never by its version.

mod ask;
mod vmaf;
mod trial;
mod build;

use crate::config::{Programs, Second};
use crate::sandbox::cage::Cage;
use kinora_store::contract::Problem;
use std::path::{Path, PathBuf};

pub use build::Build;
pub use trial::{TRIED_ENCODERS, Tried};
pub use vmaf::VmafModel;

/// Where a second build lies, seen from the directory that our own program's directory is in.
const SECOND: &str = "lib/kinora/ffmpeg";

/// The programs, found and tried.
#[derive(Clone, Debug)]
pub struct Tools {
    /// Absolute path of ffprobe.
    pub ffprobe: PathBuf,
    /// At least one; the first is the one that the settings name as `ffmpeg`.
    pub builds: Vec<Build>,
    /// Why the second build that lies in its usual place is not among them.
    pub left_out: Option<Problem>,
    /// What they all run in.
    pub cage: Cage,
}

impl Tools {
    /// Finds the programs, asks each FFmpeg for its listings and tries it.
    ///
    /// # Errors
    /// `ffmpeg_missing` with how to install it, or `ffmpeg_broken` when it does not run. A second build that was
    /// merely found is left out instead.
    pub fn find(programs: &Programs, cage: Cage) -> Result<Self, Problem> {
        let ffprobe = locate(&programs.ffprobe)?;
        let main = locate(&programs.ffmpeg)?;
        let (second, is_named) = match programs.second() {
            Second::None => (None, false),
            Second::Auto => (usual_second(), false),
            Second::Path(path) => (Some(locate(&path)?), true),
        };
        let (main, second) = examine(main, second, &cage);
        let mut tools = Self {
            ffprobe,
            builds: vec![main?],
            left_out: None,
            cage,
        };
        match second {
            Some(Ok(build)) => tools.builds.push(build),
            Some(Err(problem)) if is_named => return Err(problem),
            Some(Err(problem)) => {
                tracing::warn!("the second FFmpeg is left out: {}", problem.description);
                tools.left_out = Some(problem);
            }
            None => {}
        }
        Ok(tools)
    }

    /// The build for everyday work.
    #[must_use]
    pub fn main(&self) -> &Build {
        &self.builds[0]
    }

    /// The build that encodes best with this encoder, of those that can.
    ///
    /// The main one, unless another has a newer encoder of a kind where newer is much better. Of x264 any will do: there
    /// it is one that scores what it encodes in the same run, for the source is decoded once then.
    #[must_use]
    pub fn encoder(&self, name: &str) -> Option<&Build> {
        let able = self.builds.iter().filter(|build| build.can_encode(name));
        let gain = |build: &&Build| match name {
            "libsvtav1" | "libx265" => build.tried.newness(),
            "libx264" => u32::from(build.tried.scores_at_once()),
            _ => 0,
        };
        // `max_by_key` takes the last of equals, and the first is wanted.
        able.rev().max_by_key(gain)
    }

    /// The build that makes AV1 with key frames where they are wanted, if any does.
    #[must_use]
    pub fn av1_of_groups(&self) -> Option<&Build> {
        let able = self.builds.iter();
        let able = able.filter(|b| b.can_encode("libsvtav1") && b.tried.svt_forced_keys);
        able.rev().max_by_key(|build| build.tried.newness())
    }

    /// The same programs, of which this build does the everyday work.
    #[must_use]
    pub fn led_by(&self, build: &Build) -> Self {
        let others = self.builds.iter().filter(|each| each.path != build.path);
        Self {
            builds: [build].into_iter().chain(others).cloned().collect(),
            ..self.clone()
        }
    }

    /// The best VMAF model that any build has, for pictures below 4K.
    #[must_use]
    pub fn vmaf(&self) -> Option<(&Build, VmafModel)> {
        self.vmaf_of(&VmafModel::FOR_HD)
    }

    /// The best VMAF model that any build has, for 4K.
    #[must_use]
    pub fn vmaf_uhd(&self) -> Option<(&Build, VmafModel)> {
        self.vmaf_of(&VmafModel::FOR_UHD)
    }

    /// The best model for pictures of this size that any build has; some models refuse small ones.
    #[must_use]
    pub fn vmaf_for(&self, width: u32, height: u32) -> Option<(&Build, VmafModel)> {
        let models = VmafModel::for_size(width, height);
        let fitting: Vec<_> = models.filter(|model| model.takes(width, height)).collect();
        self.vmaf_of(&fitting)
    }

    fn vmaf_of(&self, models: &[VmafModel]) -> Option<(&Build, VmafModel)> {
        models.iter().find_map(|model| {
            let build = self.builds.iter().find(|b| b.tried.vmaf.contains(model))?;
            Some((build, *model))
        })
    }

    /// All builds' versions: what was made with other builds does not fit to what these make.
    #[must_use]
    pub fn digest(&self) -> String {
        let versions: Vec<_> = self.builds.iter().map(|b| b.version.as_str()).collect();
        versions.join("+")
    }
}

type Examined = Result<Build, Problem>;

/// Both at the same time: a start should not wait for one after the other.
fn examine(main: PathBuf, second: Option<PathBuf>, cage: &Cage) -> (Examined, Option<Examined>) {
    std::thread::scope(|threads| {
        let other = second.map(|path| threads.spawn(|| Build::examine(path, cage)));
        let main = Build::examine(main, cage);
        let join = |thread: std::thread::ScopedJoinHandle<'_, Examined>| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        (main, other.map(join))
    })
}

fn usual_second() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let path = program.parent()?.parent()?.join(SECOND);
    path.exists().then_some(path)
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

#[cfg(test)]
mod tests;
