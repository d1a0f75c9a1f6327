//! One job of one contestant: the run itself, then its file before the referee.

use super::footage::{self, Frames, Streams};
use super::program::{self, Ended, Ran};
use super::referee::{self, Pair};
use super::results::{Clip, Outcome, Run};
use super::tool::{self, Family, Tool};
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// Programs, and places for files.
#[derive(Debug)]
pub(crate) struct Contest {
    /// The build with VMAF: the encoders of all but HandBrake, and the referee.
    pub(crate) ffmpeg: PathBuf,
    /// Programs of the groups that are here, with their versions.
    programs: HashMap<&'static str, (PathBuf, String)>,
    /// Where results stay.
    pub(crate) out: PathBuf,
    /// One run of a peer may take so long.
    pub(crate) limit: Duration,
    scratch: TempDir,
    /// A path in which `ffmpeg` is that build.
    path: OsString,
}

impl Contest {
    /// With the FFmpeg that lies in the project's own place, or one in the path that is as good.
    pub(crate) fn new(own_ffmpeg: PathBuf, out: &Path, limit: Duration) -> Result<Self> {
        fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
        let out = fs::canonicalize(out)?;
        let scratch = tempfile::Builder::new()
            .prefix(".scratch-")
            .tempdir_in(&out)?;
        let ffmpeg = referee::find(own_ffmpeg, scratch.path())?;
        let ffmpeg = fs::canonicalize(ffmpeg)?;
        let programs = scratch.path().join("bin");
        fs::create_dir(&programs)?;
        symlink(&ffmpeg, programs.join("ffmpeg"))?;
        let mut places = vec![programs];
        places.extend(std::env::split_paths(
            &std::env::var_os("PATH").unwrap_or_default(),
        ));
        Ok(Self {
            path: std::env::join_paths(places)?,
            programs: HashMap::new(),
            ffmpeg,
            out,
            limit,
            scratch,
        })
    }

    /// Lets a group of contestants take part with this program.
    pub(crate) fn admit(&mut self, group: &'static str, program: &Path, version: String) {
        let program = (program.to_owned(), version);
        self.programs.insert(group, program);
    }

    /// What a result depends on but for the words and the clip. None where the program is not here.
    pub(crate) fn version(&self, tool: Tool) -> Option<String> {
        let (_, version) = self.programs.get(tool.group())?;
        Some(format!("{version}; referee {}", referee::VERSION))
    }

    /// What the first line of a program's own word about itself is.
    pub(crate) fn ask_version(&self, program: &Path, word: &str) -> Result<String> {
        let mut command = Command::new(program);
        let ran = program::run(command.arg(word), self.limit, self.scratch.path())?;
        let line = ran.output.lines().next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().take(3).collect();
        Ok(words.join(" "))
    }

    /// Looks at a clip. An error says why nobody could compress it.
    pub(crate) fn look(&self, file: &Path, name: &str) -> Result<Clip> {
        let streams = Streams::of(file, self.scratch.path())?;
        let pictures = 0..streams.pictures.len();
        let frames = pictures.map(|n| Frames::of(&self.ffmpeg, file, n, self.scratch.path()));
        Ok(Clip {
            id: footage::digest(file)?,
            name: name.to_owned(),
            bytes: fs::metadata(file)?.len(),
            frames: frames.collect::<Result<_>>()?,
            streams,
            ceilings: Vec::new(),
        })
    }

    /// Runs one contestant on one clip and scores what comes out.
    pub(crate) fn hold(&self, tool: Tool, clip: &Clip, file: &Path) -> Result<Run> {
        let mut run = Run {
            clip: clip.id.clone(),
            tool: tool.label(),
            version: self.version(tool).context("its program is missing")?,
            words: tool.words(clip).join(" "),
            ..Run::default()
        };
        let made = match tool {
            Tool::Ours(_) => self.ours(tool, clip, file, &mut run)?,
            Tool::AbAv1(family, _) => self.ab_av1(tool, family, clip, file, &mut run)?,
            _ => self.one_run(tool, clip, file, &mut run)?,
        };
        if let Some(made) = made {
            run.outcome = Outcome::Made;
            run.bytes = fs::metadata(&made)?.len();
            if let Err(error) = self.judge(clip, file, &made, &mut run) {
                run.outcome = Outcome::Nothing;
                run.note = format!("{error:#}");
            }
        }
        Ok(run)
    }

    fn command(&self, tool: Tool, words: &[String]) -> Result<Command> {
        let (program, _) = self
            .programs
            .get(tool.group())
            .context("its program is missing")?;
        let mut command = Command::new(program);
        command.args(words).env("PATH", &self.path);
        command.current_dir(self.scratch.path());
        // Settings of whoever measures would make two measurements two different things.
        command.env("XDG_CONFIG_HOME", self.scratch.path());
        Ok(command)
    }

    fn result(&self, tool: Tool, clip: &Clip) -> PathBuf {
        let name = format!("{}.{}.{}", clip.name, tool.label(), tool.extension(clip));
        self.out.join(name)
    }

    /// Ours puts its result into a directory of its own, since its kind is for it to choose.
    fn ours(&self, tool: Tool, clip: &Clip, file: &Path, run: &mut Run) -> Result<Option<PathBuf>> {
        let directory = self.out.join(format!("{}.{}", clip.name, tool.label()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir(&directory)?;
        let mut command = self.command(tool, &tool.words(clip))?;
        command.arg("-o").arg(&directory).arg(file);
        let ran = program::run(&mut command, self.limit * 3, self.scratch.path())?;
        charge(run, &ran);
        let report = tool::read_ours(&ran.output);
        if let Some(report) = &report {
            run.probes = Some(report.effort.probes);
            run.search_cpu_s = Some(report.effort.search_cpu_s);
            run.search_wall_s = Some(report.effort.search_s);
            run.note.clone_from(&report.reason);
        }
        if ran.ended != Ended::Well {
            return Ok(None);
        }
        if report.is_some_and(|report| tool::is_kept(&report)) {
            (run.outcome, run.bytes) = (Outcome::Kept, clip.bytes);
            return Ok(None);
        }
        let made = largest(&directory)?;
        // What came back as it was is kept, whether that is said or not.
        if let Some(made) = &made
            && footage::digest(made)? == clip.id
        {
            (run.outcome, run.bytes) = (Outcome::Kept, clip.bytes);
            return Ok(None);
        }
        Ok(made)
    }

    fn ab_av1(
        &self,
        tool: Tool,
        family: Family,
        clip: &Clip,
        file: &Path,
        run: &mut Run,
    ) -> Result<Option<PathBuf>> {
        let mut command = self.command(tool, &tool.words(clip))?;
        command.arg("-i").arg(file);
        command.arg("--temp-dir").arg(self.scratch.path());
        let ran = program::run(&mut command, self.limit, self.scratch.path())?;
        charge(run, &ran);
        let found = tool::read_ab_av1(&ran.output);
        run.probes = Some(found.probes);
        (run.search_cpu_s, run.search_wall_s) = (Some(ran.cpu_s), Some(ran.wall_s));
        let Some(crf) = found.crf else {
            return Ok(None);
        };
        let result = self.result(tool, clip);
        let mut command = self.command(tool, &tool::ab_av1_encode(family, crf))?;
        command.arg("-i").arg(file).arg("-o").arg(&result);
        let ran = program::run(&mut command, self.limit, self.scratch.path())?;
        charge(run, &ran);
        run.note = format!("CRF {crf:.2}");
        Ok((ran.ended == Ended::Well).then_some(result))
    }

    fn one_run(
        &self,
        tool: Tool,
        clip: &Clip,
        file: &Path,
        run: &mut Run,
    ) -> Result<Option<PathBuf>> {
        let result = self.result(tool, clip);
        let words = tool.words(clip);
        let mut command = match tool {
            Tool::HandBrake(_) => self.command(tool, &words)?,
            _ => self.command(tool, &["-nostdin", "-v", "error", "-y"].map(str::to_owned))?,
        };
        command.arg("-i").arg(file);
        match tool {
            Tool::HandBrake(_) => command.arg("-o"),
            _ => command.args(&words),
        };
        let ran = program::run(command.arg(&result), self.limit, self.scratch.path())?;
        charge(run, &ran);
        // HandBrake says success for inputs that it cannot read.
        let is_there = fs::metadata(&result).is_ok_and(|found| found.len() > 0);
        Ok((ran.ended == Ended::Well && is_there).then_some(result))
    }

    /// What the referee says of an original beside itself: no result can be better.
    pub(crate) fn ceiling(&self, clip: &Clip, file: &Path, picture: usize) -> Result<Vec<f32>> {
        let pictures = &clip.streams.pictures;
        let size = pictures.get(picture).context("no such picture")?;
        let frames = clip.frames.get(picture).context("no such picture")?;
        let pair = Pair {
            original: file,
            picture,
            before: frames,
            result: file,
            shown: picture,
            after: frames,
            size,
        };
        Ok(pair.score(&self.ffmpeg, self.scratch.path())?.frames)
    }

    /// Lets the referee look at a result.
    fn judge(&self, clip: &Clip, file: &Path, made: &Path, run: &mut Run) -> Result<()> {
        let streams = Streams::of(made, self.scratch.path())?;
        run.lost = clip.streams.lost_in(&streams);
        let size = streams.pictures.first().context("it has no picture")?;
        run.picture = clip.streams.origin_of(size);
        let before = clip.frames.get(run.picture).context("no such picture")?;
        let after = Frames::of(&self.ffmpeg, made, 0, self.scratch.path())?;
        let pair = Pair {
            original: file,
            picture: run.picture,
            before,
            result: made,
            shown: 0,
            after: &after,
            size,
        };
        let scores = pair.score(&self.ffmpeg, self.scratch.path())?;
        run.times = scores.times;
        run.scores = scores.frames;
        let origin = clip.streams.pictures.get(run.picture);
        let transfer = origin.map_or("", |picture| picture.transfer.as_str());
        let is_hdr = |name: &str| matches!(name, "smpte2084" | "arib-std-b67");
        let changed = is_hdr(transfer) && !is_hdr(&size.transfer);
        let colours = if changed { "HDR is gone" } else { "" };
        let notes = [run.note.as_str(), &scores.note, colours];
        let notes: Vec<&str> = notes.into_iter().filter(|note| !note.is_empty()).collect();
        run.note = notes.join("; ");
        Ok(())
    }
}

/// Adds what a run took; a second run of the same job comes on top.
fn charge(run: &mut Run, ran: &Ran) {
    run.cpu_s += ran.cpu_s;
    run.wall_s += ran.wall_s;
    run.others = run.others.max(ran.others);
    match &ran.ended {
        Ended::Well => {}
        Ended::Badly(status) => {
            run.outcome = Outcome::Nothing;
            run.note = format!("{status}: {}", ran.last_words());
        }
        Ended::OverTime => {
            run.outcome = Outcome::OverTime;
            run.note = format!("ended after {:.0} s", ran.wall_s);
        }
    }
}

/// The result among what may lie beside it, such as a page about it.
fn largest(directory: &Path) -> Result<Option<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        files.push((entry.metadata()?.len(), entry.path()));
    }
    files.sort();
    Ok(files.pop().map(|(_, path)| path))
}
