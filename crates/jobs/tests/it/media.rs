//! Clips made by FFmpeg's generators, each once per run; the runner on them; and what came out, asked of ffprobe.

use kinora_jobs::runner::{Made, Runner, Stop, Task, Watch, Wish};
use kinora_jobs::sandbox::{Cage, Share, Tools};
use kinora_jobs::{Programs, SandboxConfig};
use kinora_media::operation::Operation;
use kinora_store::contract::Progress;
use serde_json::Value;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// A result with what ffprobe says of it. The directory goes when this goes.
pub(crate) struct Result {
    pub(crate) made: Made,
    pub(crate) probe: Value,
    _place: tempfile::TempDir,
}

/// What the machine has; the variable `KINORA_TEST_FFMPEG` puts another build in the place of the main one.
pub(crate) fn tools() -> &'static Tools {
    static TOOLS: OnceLock<Tools> = OnceLock::new();
    TOOLS.get_or_init(|| {
        let mut programs = Programs::default();
        if let Some(path) = std::env::var_os("KINORA_TEST_FFMPEG") {
            programs.ffmpeg = path.into();
        }
        Tools::find(&programs, whole()).expect("FFmpeg is installed")
    })
}

/// The cage that servers have by default.
pub(crate) fn whole() -> Cage {
    Cage::establish(&SandboxConfig::default(), false).expect("Landlock and seccomp")
}

/// The clip that FFmpeg makes of these arguments (without the output's name).
pub(crate) fn clip(name: &'static str, arguments: &[&str]) -> PathBuf {
    type Made = Mutex<HashMap<&'static str, Arc<OnceLock<PathBuf>>>>;
    static PLACE: OnceLock<tempfile::TempDir> = OnceLock::new();
    static CLIPS: OnceLock<Made> = OnceLock::new();
    let place = PLACE.get_or_init(|| tempfile::tempdir().unwrap());
    let clips = CLIPS.get_or_init(Mutex::default);
    let one = Arc::clone(clips.lock().unwrap().entry(name).or_default());
    one.get_or_init(|| {
        let path = place.path().join(name);
        let made = Command::new("ffmpeg")
            .args(["-v", "error", "-y"])
            .args(arguments)
            .arg(&path)
            .status();
        assert!(made.unwrap().success(), "{name}");
        path
    })
    .clone()
}

struct Patient;

impl Watch for Patient {
    fn report(&mut self, _: &Progress) -> Wish {
        Wish::Continue
    }
}

pub(crate) fn try_run(
    input: &Path,
    name: &str,
    parameters: &Value,
) -> std::result::Result<Result, Stop> {
    let place = tempfile::tempdir().unwrap();
    let operation =
        Operation::from_form(name, parameters.as_object().unwrap()).expect("a sound order");
    let share = Share::off();
    let runner = Runner {
        tools: tools(),
        share: &share,
        threads: 2,
        stall: Duration::from_secs(60),
        time: Duration::from_secs(300),
        file_size: Some(1 << 30),
    };
    let task = Task {
        operation: &operation,
        extension: input.extension().and_then(|e| e.to_str()),
        input,
        work: place.path(),
        keep: None,
    };
    let made = runner.run(&task, &mut Patient)?;
    let probe = probe(&made.path);
    Ok(Result {
        made,
        probe,
        _place: place,
    })
}

pub(crate) fn run(input: &Path, name: &str, parameters: Value) -> Result {
    try_run(input, name, &parameters).unwrap_or_else(|stop| panic!("{name} {parameters}: {stop:?}"))
}

/// The code of the problem that this order must end with.
pub(crate) fn refuse(input: &Path, name: &str, parameters: Value) -> String {
    match try_run(input, name, &parameters) {
        Err(Stop::Failed { problem, .. }) => problem.code,
        Err(asked) => panic!("{asked:?}"),
        Ok(result) => panic!("{:?}", result.made),
    }
}

pub(crate) fn probe(file: &Path) -> Value {
    let answer = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-of",
            "json",
            "-show_format",
            "-show_streams",
            "-show_chapters",
        ])
        .arg(file)
        .output()
        .unwrap();
    assert!(
        answer.status.success(),
        "{}",
        String::from_utf8_lossy(&answer.stderr)
    );
    serde_json::from_slice(&answer.stdout).unwrap()
}

impl Result {
    /// Streams of one kind.
    pub(crate) fn streams(&self, kind: &str) -> Vec<&Value> {
        let all = self.probe["streams"].as_array().unwrap();
        all.iter().filter(|s| s["codec_type"] == kind).collect()
    }

    pub(crate) fn video(&self) -> &Value {
        self.streams("video")[0]
    }

    pub(crate) fn size(&self) -> (i64, i64) {
        let video = self.video();
        (
            video["width"].as_i64().unwrap(),
            video["height"].as_i64().unwrap(),
        )
    }

    pub(crate) fn codecs(&self) -> Vec<&str> {
        let all = self.probe["streams"].as_array().unwrap();
        all.iter()
            .map(|s| s["codec_name"].as_str().unwrap_or("?"))
            .collect()
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.probe["format"]["duration"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// Runs FFmpeg's filters over the result and returns what they print.
    pub(crate) fn measure(&self, arguments: &[&str]) -> String {
        measure(&self.made.path, arguments)
    }
}

pub(crate) fn measure(file: &Path, arguments: &[&str]) -> String {
    let answer = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostats", "-i"])
        .arg(file)
        .args(arguments)
        .args(["-f", "null", "-"])
        .output()
        .unwrap();
    String::from_utf8_lossy(&answer.stderr).into_owned()
}
