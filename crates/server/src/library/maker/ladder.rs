//! The renditions of a title, and how they are gone on with after an interruption.

use super::growth::{Growth, Trouble, prefix};
use super::parts::Parts;
use super::{Job, Left, Watching, later, left, piece};
use crate::library::made::Made;
use crate::library::presentation::{Origin, Presentation};
use crate::library::reading;
use crate::library::workshop::Bench;
use kinora_jobs::Progress;
use kinora_jobs::runner::{Runner, Stop, Watch, Wish};
use kinora_media::ladder::{Coding, Ladder, Way};
use kinora_media::quality::outline::concat_list;
use kinora_stream::Index;
use kinora_stream::index::Track;
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Instant;

/// What is kept of a ladder, within the directory of what was made of a title.
pub(super) const PARTS: &str = "parts";
/// A frame may be shown so much earlier or later than the record has it, in seconds: what rounding to the units of a
/// file does, and less than the shortest frame.
const LATE_S: f64 = 0.001;

/// How a run ended.
enum Ended {
    /// All that it had to make is there.
    Whole,
    /// Its way did not lead to where it should begin.
    Astray,
}

impl Job<'_> {
    /// What everybody plays is there: makes the same heights in AV1, if that is wanted. A title without is still whole.
    pub(super) fn advanced(&self, watch: &mut Watching<'_>) -> Result<(), Left> {
        let made = self.made();
        if !self.maker.lacks_av1(self.title, &made) {
            Parts::remove(&self.parts());
            return Ok(());
        }
        let missing = self.maker.missing(self.title, &made, Coding::Av1);
        let ended = self.ladder(&missing, Coding::Av1, watch);
        let Err(Left::Never(reason)) = ended else {
            return ended;
        };
        tracing::warn!(
            title = self.title.name,
            reason,
            "a title without renditions in AV1"
        );
        self.add(Made {
            av1_failure: Some(reason),
            ..self.made()
        })
    }

    /// Who makes a ladder.
    fn runner(&self, coding: Coding) -> Runner<'_> {
        self.maker.workshop.runner_of(self.file, coding)
    }

    /// Makes renditions of these heights, with all sound.
    pub(super) fn ladder(
        &self,
        heights: &[u32],
        coding: Coding,
        watch: &mut Watching<'_>,
    ) -> Result<(), Left> {
        let plan = Ladder::new(heights, coding, self.info, &self.runner(coding).context());
        let plan = plan.map_err(|fault| Left::Never(fault.to_string()))?;
        let began = Instant::now();
        self.sound(&plan, watch)?;
        let mut parts = Parts::open(&self.parts(), &self.recipe(&plan)).map_err(later)?;
        let kept = parts.frames().len();
        let ended = self.pictures_of(&plan, &mut parts, watch);
        // What was made of files of an earlier run proves nothing before it has been made anew.
        if let Err(Left::Never(reason)) = ended {
            parts.clear().map_err(later)?;
            return Err(match kept {
                0 => Left::Never(reason),
                _ => Left::Later(reason),
            });
        }
        ended?;
        let (frames, runs) = (parts.frames().len(), parts.count());
        Parts::remove(&self.parts());
        let seconds = began.elapsed().as_secs_f64();
        tracing::info!(target: "performance", title = self.title.name, ?heights, ?coding, seconds, frames, kept, runs, "renditions");
        Ok(())
    }

    fn parts(&self) -> PathBuf {
        self.maker.shelf.place_of(self.title).join(PARTS)
    }

    /// What parts were made for: others are thrown away.
    fn recipe(&self, plan: &Ladder) -> String {
        let runner = self.runner(plan.coding);
        let step = plan.pictures("", None, self.info, &runner.context());
        let words: Vec<String> = step.arguments.iter().map(ToString::to_string).collect();
        format!("{}\n{}", runner.tools.main().version, words.join(" "))
    }

    /// All sound of a title that browsers do not play by itself, in one piece: an encoder that begins anew is heard.
    fn sound(&self, plan: &Ladder, watch: &mut Watching<'_>) -> Result<(), Left> {
        let mut made = self.made();
        if !made.sounds.is_empty() {
            return Ok(());
        }
        let runner = self.runner(plan.coding);
        let Some(step) = plan.sound(self.info, &runner.context()) else {
            return Ok(());
        };
        let bench = self.maker.workshop.bench().map_err(later)?;
        let (before, share) = (watch.before, watch.share);
        watch.share = share * 0.05;
        runner
            .make(&bench.lent(self.file), &step, self.info.duration_us, watch)
            .map_err(left)?;
        (watch.before, watch.share) = (before + share * 0.05, share * 0.95);
        let place = self.maker.shelf.place_of(self.title);
        for (_, name) in &plan.sounds {
            bench.hand_over(name, &place).map_err(later)?;
            made.sounds.push(piece(name));
        }
        self.add(made)
    }

    fn pictures_of(
        &self,
        plan: &Ladder,
        parts: &mut Parts,
        watch: &mut Watching<'_>,
    ) -> Result<(), Left> {
        let mut way = match plan.is_seekable {
            true => Way::Index,
            false => Way::Decoding,
        };
        let bench = self.maker.workshop.bench().map_err(later)?;
        while !parts.is_whole() {
            match (self.run(plan, parts, way, &bench, watch)?, way) {
                (Ended::Whole, _) => {}
                (Ended::Astray, Way::Index) => way = Way::Decoding,
                (Ended::Astray, Way::Decoding) => parts.clear().map_err(later)?,
            }
        }
        self.join(plan, parts, &bench, watch)?;
        self.verify(plan, parts, &bench)?;
        let place = self.maker.shelf.place_of(self.title);
        let mut made = self.made();
        let all = match plan.coding {
            Coding::H264 => &mut made.pictures,
            Coding::Av1 => &mut made.av1,
        };
        for (_, name) in &plan.rungs {
            bench.hand_over(name, &place).map_err(later)?;
            all.retain(|each| &each.file != name);
            all.push(piece(name));
        }
        self.add(made)
    }

    /// Makes what is left.
    fn run(
        &self,
        plan: &Ladder,
        parts: &mut Parts,
        way: Way,
        bench: &Bench,
        watch: &mut Watching<'_>,
    ) -> Result<Ended, Left> {
        let runner = self.runner(plan.coding);
        let rest = parts.rest(way);
        let number = prefix(parts.count());
        let step = plan.pictures(&number, rest.as_ref(), self.info, &runner.context());
        // Of a run that went astray.
        for (_, name) in &plan.rungs {
            let _ = fs::remove_file(bench.file(&format!("{number}{name}")));
        }
        let _ = fs::remove_file(bench.file(&format!("{number}record")));
        let before = watch.before;
        if let (Some(rest), Way::Index, Some(whole)) = (rest, way, self.info.duration_us) {
            let done = rest.next as f64 * plan.tick.value() * 1e6 / whole.max(1) as f64;
            watch.before += watch.share * done.clamp(0.0, 1.0);
        }
        tracing::info!(
            title = self.title.name,
            frames = parts.frames().len(),
            ?way,
            "renditions are gone on with"
        );
        let mut looking = Looking {
            growth: Growth::new(parts, plan, way, bench),
            watch,
            trouble: None,
        };
        let made = runner.make(
            &bench.lent(self.file),
            &step,
            self.info.duration_us,
            &mut looking,
        );
        let ended = looking.judge(made, self);
        watch.before = before;
        ended
    }

    /// Joins the parts of each rendition.
    fn join(
        &self,
        plan: &Ladder,
        parts: &Parts,
        bench: &Bench,
        watch: &mut Watching<'_>,
    ) -> Result<(), Left> {
        let runner = self.runner(plan.coding);
        let first = parts.frames().first().map_or(0, |frame| frame.shown);
        let first_us = (first as f64 * plan.tick.value() * 1e6).round().max(0.0) as u64;
        (watch.before, watch.share) = (watch.before + watch.share, 0.0);
        for (place, (_, name)) in plan.rungs.iter().enumerate() {
            if !parts.is_uniform(place).map_err(later)? {
                return Err(unsound("its parts have other parameter sets"));
            }
            let list = parts.list(place, plan.tick);
            for (part, _) in &list {
                bench.take(&parts.path(part), part).map_err(later)?;
            }
            let file = format!("{name}.txt");
            fs::write(bench.file(&file), concat_list(&list)).map_err(later)?;
            let step = Ladder::join(&file, first_us, name, &runner.context());
            runner
                .make(&bench.lent(self.file), &step, None, watch)
                .map_err(left)?;
        }
        Ok(())
    }

    /// Every rendition has all frames at their times, and can be cut; all at the same times, those that were made before
    /// among them.
    fn verify(&self, plan: &Ladder, parts: &Parts, bench: &Bench) -> Result<(), Left> {
        let mut all = Presentation::default();
        let mut add = |name: &str, index: Index| {
            let added = all.add_picture(name, "", index);
            added.map_err(|fault| unsound(&fault.to_string()))
        };
        let read = |file: &File| reading::index(file).map_err(|error| unsound(&error.to_string()));
        for (_, name) in &plan.rungs {
            let index = read(&File::open(bench.file(name)).map_err(later)?)?;
            let is_whole = index
                .video()
                .is_some_and(|track| is_whole(track, plan, parts));
            if !is_whole {
                return Err(unsound(
                    "it has not the frames of its original at their times",
                ));
            }
            add(name, index)?;
        }
        let made = self.made();
        for piece in made.pictures.iter().chain(&made.av1) {
            let origin = Origin::Made(piece.file.clone());
            let file = self.maker.shelf.open(self.title, &origin);
            add(&piece.file, read(&file.map_err(|_| Left::Stopped)?)?)?;
        }
        if !all.is_aligned() {
            return Err(unsound(
                "renditions begin their segments at different times",
            ));
        }
        let shorter = self.title.facts.duration_ms.saturating_sub(all.duration_ms);
        // Tracks of many recordings end apart; half of it missing is something else.
        if shorter > self.title.facts.duration_ms / 2 {
            return Err(unsound("it is much shorter than its original"));
        }
        Ok(())
    }
}

fn unsound(reason: &str) -> Left {
    Left::Never(format!("a rendition is not sound: {reason}"))
}

/// Whether a rendition shows every frame of the record when the record says.
fn is_whole(track: &Track, plan: &Ladder, parts: &Parts) -> bool {
    let mut shown: Vec<i64> = track.samples(0).map(|sample| sample.shown).collect();
    shown.sort_unstable();
    let timescale = f64::from(track.timescale);
    let is_near = |(shown, frame): (&i64, i64)| {
        (*shown as f64 / timescale - frame as f64 * plan.tick.value()).abs() < LATE_S
    };
    let recorded = parts.frames().iter().map(|frame| frame.shown);
    shown.len() == parts.frames().len() && shown.iter().zip(recorded).all(is_near)
}

/// Looks at the files of a run whenever it tells how far it is.
struct Looking<'a, 'b> {
    growth: Growth<'a>,
    watch: &'a mut Watching<'b>,
    trouble: Option<Trouble>,
}

impl Watch for Looking<'_, '_> {
    fn report(&mut self, progress: &Progress) -> Wish {
        let wish = self.watch.report(progress);
        if wish != Wish::Continue {
            return wish;
        }
        if self.trouble.is_some() {
            return Wish::Cancel;
        }
        match self.growth.look() {
            Ok(()) => Wish::Continue,
            Err(trouble) => {
                self.trouble = Some(trouble);
                Wish::Cancel
            }
        }
    }
}

impl Looking<'_, '_> {
    fn judge(mut self, made: Result<Vec<String>, Stop>, job: &Job<'_>) -> Result<Ended, Left> {
        let looked = match (self.trouble.take(), &made) {
            (Some(trouble), _) => Err(trouble),
            (None, Ok(_)) => self.growth.finish(),
            // The title is another one now.
            (None, Err(Stop::Asked(Wish::Cancel))) => Ok(()),
            (None, Err(_)) => self.growth.save(),
        };
        match looked {
            Ok(()) => {}
            Err(Trouble::Astray) => {
                tracing::info!(
                    title = job.title.name,
                    "frames were not found again where they had been"
                );
                return Ok(Ended::Astray);
            }
            Err(Trouble::Io(error)) => return Err(later(error)),
            Err(trouble @ Trouble::Unsound(_)) => return Err(Left::Never(trouble.to_string())),
        }
        match made {
            Ok(_) => Ok(Ended::Whole),
            Err(stop) => {
                if is_full(&stop) {
                    Parts::remove(&job.parts());
                }
                Err(left(stop))
            }
        }
    }
}

/// A full disk would stay full if what was made stayed.
fn is_full(stop: &Stop) -> bool {
    matches!(stop, Stop::Failed { problem, .. } if problem.code == "disk_full")
}
