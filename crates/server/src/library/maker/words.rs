//! Subtitles out of a title's own file: FFmpeg takes them out, and what it wrote is read like anybody else's.

use super::{Job, Left, Watching, later, left, piece};
use crate::library::made::{Made, Words};
use crate::library::reading;
use crate::library::workshop::Bench;
use kinora_media::subtitles::{Subtitles, Track};
use std::fs::{self, File};

impl Job<'_> {
    /// Takes out all that are text, once. A title without them is still one.
    pub(super) fn words(&self, watch: &mut Watching<'_>) -> Result<(), Left> {
        if self.made().has_read {
            return Ok(());
        }
        let words = match self.taken(watch) {
            Err(Left::Never(reason)) => {
                tracing::info!(
                    title = self.title.name,
                    reason,
                    "a title without its subtitles"
                );
                Vec::new()
            }
            taken => taken?,
        };
        self.add(Made {
            words,
            has_read: true,
            ..self.made()
        })
    }

    fn taken(&self, watch: &mut Watching<'_>) -> Result<Vec<Words>, Left> {
        let runner = self.maker.workshop.runner(self.file);
        let plan = Subtitles::new(self.info, &runner.context());
        let plan = plan.map_err(|fault| Left::Never(fault.to_string()))?;
        let Some(plan) = plan else {
            return Ok(Vec::new());
        };
        let bench = self.maker.workshop.bench().map_err(later)?;
        let lent = bench.lent(self.file);
        let ended = runner.make(&lent, &plan.step, self.info.duration_us, watch);
        ended.map_err(left)?;
        let mut words = Vec::new();
        for track in &plan.tracks {
            words.extend(self.rewritten(track, &bench)?);
        }
        Ok(words)
    }

    /// What the track says, written anew; nothing of it where nothing can be read.
    fn rewritten(&self, track: &Track, bench: &Bench) -> Result<Option<Words>, Left> {
        let file = File::open(bench.file(&track.file)).map_err(later)?;
        let read = match reading::words(&file) {
            Ok(read) => read,
            Err(reading::Unread::Io(error)) => return Err(later(error)),
            Err(reading::Unread::Fault(fault)) => {
                tracing::info!(title = self.title.name, track.file, %fault, "no subtitles");
                return Ok(None);
            }
        };
        let name = format!("{}.clean", track.file);
        fs::write(bench.file(&name), read.webvtt()).map_err(later)?;
        let place = self.maker.shelf.place_of(self.title);
        bench.hand_over(&name, &place).map_err(later)?;
        Ok(Some(Words {
            tag: piece("").tag,
            file: name,
            language: track.language.clone(),
            name: track.name.clone(),
            is_forced: track.is_forced,
            is_descriptive: track.is_descriptive,
        }))
    }
}
