//! What was measured, kept in a file, so that only what has changed is measured again.
//!
//! Several measurements may write into one file at the same time: each result is put in under a lock.

use super::footage::{Frames, Streams};
use super::score::{Levels, scene_starts};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// A video that everybody compresses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Clip {
    /// Digest of its bytes.
    pub(crate) id: String,
    /// Its file's name.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) streams: Streams,
    /// Of each picture stream.
    pub(crate) frames: Vec<Frames>,
    /// What each picture scores beside itself, once that was looked at. The model holds banding and the like against a
    /// result even where the original has it, so this may be far below 100.
    #[serde(default)]
    pub(crate) ceilings: Vec<Vec<f32>>,
}

impl Clip {
    /// Seconds from the first frame to the end of the last, of the longest picture.
    pub(crate) fn seconds(&self) -> f64 {
        let lengths = self
            .frames
            .iter()
            .map(|frames| frames.end() - frames.first());
        lengths.fold(0.0, f64::max)
    }

    /// Whether the referee found a cut: where there is none, one CRF is as good as one for each scene.
    pub(crate) fn has_cuts(&self) -> bool {
        self.frames.iter().any(|frames| !frames.cuts.is_empty())
    }

    /// What scores say in the scenes of one picture; no times means the picture's own.
    fn levels(&self, picture: usize, scores: &[f32], times: &[f64]) -> Option<Levels> {
        let frames = self.frames.get(picture)?;
        let first = frames.first();
        let cuts: Vec<f64> = frames.cuts.iter().map(|cut| cut - first).collect();
        let starts = scene_starts(&cuts, 0.0, frames.end() - first);
        if !times.is_empty() {
            return Levels::of(scores, times, &starts);
        }
        let own: Vec<f64> = frames.times.iter().map(|time| time - first).collect();
        Levels::of(scores, &own, &starts)
    }

    /// What the original reaches beside itself, if that is known.
    pub(crate) fn ceiling(&self, picture: usize) -> Option<Levels> {
        self.levels(picture, self.ceilings.get(picture)?, &[])
    }

    /// Whether a result could reach the goal without being the original, as far as is known.
    pub(crate) fn can_reach_goal(&self) -> bool {
        let pictures = 0..self.ceilings.len();
        let mut ceilings = pictures.filter_map(|picture| self.ceiling(picture));
        ceilings.all(|ceiling| ceiling.leaves_room())
    }
}

/// How a job ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Made,
    /// The original came back, and it is said so.
    Kept,
    /// No usable file.
    #[default]
    Nothing,
    OverTime,
}

/// One job of one contestant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Run {
    pub(crate) clip: String,
    pub(crate) tool: String,
    /// Of the program, its encoders and the referee.
    pub(crate) version: String,
    /// The words it was called with.
    pub(crate) words: String,
    pub(crate) outcome: Outcome,
    /// Why there is nothing, or what has to be known of the scores.
    pub(crate) note: String,
    pub(crate) bytes: u64,
    /// Seconds of processor and on the clock, search and encode together.
    pub(crate) cpu_s: f64,
    pub(crate) wall_s: f64,
    /// Of these, the search; absent for those who do not search.
    pub(crate) search_cpu_s: Option<f64>,
    pub(crate) search_wall_s: Option<f64>,
    pub(crate) probes: Option<u32>,
    /// Per cent of the machine that others took meanwhile.
    pub(crate) others: f64,
    /// Streams that the result lacks.
    pub(crate) lost: Vec<String>,
    /// Which picture of the original it shows.
    pub(crate) picture: usize,
    /// For each frame of the result.
    pub(crate) scores: Vec<f32>,
    /// When each is shown, where that is not the original's.
    pub(crate) times: Vec<f64>,
}

impl Run {
    /// What the scores say, in the scenes of the original.
    pub(crate) fn levels(&self, clip: &Clip) -> Option<Levels> {
        if self.outcome == Outcome::Kept {
            let all = 100.0;
            return Some(Levels {
                mean: all,
                scene: all,
                worst5: all,
                second: all,
            });
        }
        clip.levels(self.picture, &self.scores, &self.times)
    }

    /// Whether it left a file that somebody can use.
    pub(crate) fn has_file(&self) -> bool {
        matches!(self.outcome, Outcome::Made | Outcome::Kept)
    }
}

/// Everything that is known.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Results {
    /// By their ids.
    pub(crate) clips: BTreeMap<String, Clip>,
    pub(crate) runs: Vec<Run>,
}

impl Results {
    /// What a contestant did to a clip.
    pub(crate) fn run(&self, clip: &str, tool: &str) -> Option<&Run> {
        let mut runs = self.runs.iter();
        runs.find(|run| run.clip == clip && run.tool == tool)
    }

    fn put(&mut self, run: Run) {
        let is_same = |old: &Run| old.clip == run.clip && old.tool == run.tool;
        self.runs.retain(|old| !is_same(old));
        self.runs.push(run);
        let key = |run: &Run| (run.clip.clone(), run.tool.clone());
        self.runs.sort_by_key(key);
    }
}

/// The file of results.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    pub(crate) known: Results,
}

impl Store {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut store = Self {
            path: path.to_owned(),
            known: Results::default(),
        };
        store.read()?;
        Ok(store)
    }

    fn read(&mut self) -> Result<()> {
        if self.path.exists() {
            let text = fs::read(&self.path)?;
            let known = serde_json::from_slice(&text);
            self.known =
                known.with_context(|| format!("{} is no file of results", self.path.display()))?;
        }
        Ok(())
    }

    /// Puts a run in, in place of the last one of the same contestant.
    pub(crate) fn put_run(&mut self, run: Run) -> Result<()> {
        self.change(|known| known.put(run))
    }

    pub(crate) fn put_clip(&mut self, clip: Clip) -> Result<()> {
        self.change(|known| {
            known.clips.insert(clip.id.clone(), clip);
        })
    }

    fn change(&mut self, act: impl FnOnce(&mut Results)) -> Result<()> {
        let lock = File::create(self.path.with_extension("lock"))?;
        lock.lock()?;
        self.read()?;
        act(&mut self.known);
        let new = self.path.with_extension("new");
        fs::write(&new, serde_json::to_vec(&self.known)?)?;
        fs::rename(new, &self.path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(tool: &str, bytes: u64) -> Run {
        Run {
            clip: "c".into(),
            tool: tool.into(),
            bytes,
            ..Run::default()
        }
    }

    #[test]
    fn two_who_write_lose_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("results.json");
        let (mut one, mut two) = (Store::open(&path).unwrap(), Store::open(&path).unwrap());
        one.put_run(run("a", 1)).unwrap();
        two.put_run(run("b", 2)).unwrap();
        one.put_run(run("a", 3)).unwrap();
        let known = Store::open(&path).unwrap().known;
        let bytes = |tool| known.run("c", tool).map(|run| run.bytes);
        assert_eq!(
            (bytes("a"), bytes("b"), bytes("d")),
            (Some(3), Some(2), None)
        );
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("results.json");
        fs::write(&path, "[1]").unwrap();
        assert!(Store::open(&path).is_err());
    }

    #[test]
    fn the_original_is_as_good_as_itself() {
        let mut kept = run("a", 1);
        kept.outcome = Outcome::Kept;
        let clip = Clip::default();
        assert!(kept.levels(&clip).unwrap().hold() && kept.has_file());
        assert_eq!(run("a", 1).levels(&clip), None);
    }
}
