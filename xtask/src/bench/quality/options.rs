//! What `cargo xtask bench quality` is told.

use super::tool::Family;
use anyhow::{Context, Result, bail, ensure};
use std::path::PathBuf;
use std::time::Duration;

const USAGE: &str = "\
cargo xtask bench quality --clips DIR [--only NAME,...] [--tools KIND,...] [--for h264|av1] [--quick] [--write]
                          [--out DIR] [--results FILE.json] [--limit SECONDS] [--program PROGRAM]

  --clips    a directory with videos
  --only     clips whose names begin like this
  --tools    what to run: ours, plain, ab-av1, ab-av1-1080p, single, handbrake; none only prints what is
             known
  --for      only this kind of result
  --quick    short clips only, and neither HandBrake nor a search for a single CRF
  --write    puts what is known into docs/benchmarks.md
  --out      where the compressed files stay (target/bench/quality)
  --results  what was measured before, and will be kept (results.json in there)
  --limit    how long one run of a peer may take (600)
  --program  measures another build of ours";

const KINDS: [&str; 7] = [
    "ours",
    "plain",
    "ab-av1",
    "ab-av1-1080p",
    "single",
    "handbrake",
    "none",
];

/// See the text above.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) clips: PathBuf,
    pub(crate) quick: bool,
    pub(crate) write: bool,
    pub(crate) out: Option<PathBuf>,
    pub(crate) results: Option<PathBuf>,
    pub(crate) limit: Duration,
    pub(crate) program: Option<PathBuf>,
    only: Vec<String>,
    tools: Vec<String>,
    family: Option<String>,
}

impl Options {
    pub(crate) fn read(words: &[&str]) -> Result<Self> {
        let mut options = Self {
            limit: Duration::from_secs(600),
            ..Self::default()
        };
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            match word {
                "--quick" => options.quick = true,
                "--write" => options.write = true,
                _ => {
                    let value = words.next();
                    let value =
                        value.with_context(|| format!("{word} needs a value\n\n{USAGE}"))?;
                    options.set(word, value)?;
                }
            }
        }
        ensure!(
            options.clips.as_os_str() != "",
            "--clips is missing\n\n{USAGE}"
        );
        Ok(options)
    }

    fn set(&mut self, word: &str, value: &str) -> Result<()> {
        let path = || std::path::absolute(value);
        let list = || value.split(',').map(str::to_owned).collect();
        match word {
            "--clips" => self.clips = path()?,
            "--out" => self.out = Some(path()?),
            "--results" => self.results = Some(path()?),
            "--program" => self.program = Some(path()?),
            "--only" => self.only = list(),
            "--tools" => self.tools = list(),
            "--for" => self.family = Some(value.to_owned()),
            "--limit" => self.limit = Duration::from_secs(value.parse()?),
            other => bail!("no such option: {other}\n\n{USAGE}"),
        }
        let odd = self
            .tools
            .iter()
            .find(|kind| !KINDS.contains(&kind.as_str()));
        ensure!(odd.is_none(), "no such kind: {odd:?}\n\n{USAGE}");
        Ok(())
    }

    pub(crate) fn wants(&self, kind: &str) -> bool {
        self.tools.is_empty() || self.tools.iter().any(|wanted| wanted == kind)
    }

    pub(crate) fn wants_family(&self, family: Family) -> bool {
        let mut wanted = self.family.iter();
        wanted.all(|wanted| wanted == family.name())
    }

    pub(crate) fn wants_clip(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| name.starts_with(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_wanted() {
        let words = "--clips c --only live,theora --tools plain,none --for av1 --quick --limit 60";
        let words: Vec<&str> = words.split(' ').collect();
        let options = Options::read(&words).unwrap();
        assert!(options.wants("plain") && !options.wants("ours"));
        assert!(options.wants_clip("live720p.mp4") && !options.wants_clip("phone.mp4"));
        assert!(options.wants_family(Family::Av1) && !options.wants_family(Family::H264));
        assert!(options.quick && !options.write);
        assert_eq!(options.limit.as_secs(), 60);
        let options = Options::read(&["--clips", "c"]).unwrap();
        assert!(
            options.wants("ours") && options.wants_clip("a") && options.wants_family(Family::H264)
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for words in [
            &["--quick"][..],
            &["--clips"],
            &["--clips", "c", "--tools", "theirs"],
            &["--clips", "c", "--fast", "x"],
        ] {
            assert!(Options::read(words).is_err(), "{words:?}");
        }
    }
}
