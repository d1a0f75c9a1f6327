//! How good and how small: ours beside `ab-av1`, HandBrake and FFmpeg alone on the same clips, before one referee
//! (`cargo xtask bench quality`).
//!
//! Processor time is what is compared; it hardly depends on who else uses the machine. What was measured is kept in a
//! file, so that after a change of ours only ours runs again. Peers that are not here are named and left out.

mod program;
mod score;
mod single;
mod footage;
mod referee;
mod results;
mod tool;
mod contest;
mod compare;
mod table;
mod options;
mod entrants;
mod entries;
mod plan;

use super::report::{self, Section};
use super::{PAGE, machine};
use crate::tree::Tree;
use anyhow::{Context, Result, ensure};
use compare::{Group, View, headlines};
use contest::Contest;
use entries::Entry;
use options::Options;
use plan::Job;
use results::{Clip, Results, Run, Store};
use score::{GOAL, Levels};
use tool::{FAMILIES, Family, Tool};

/// A single CRF whose file is so much larger than the original has lost.
const TOO_LARGE: f64 = 1.3;

/// Measures what is asked for, and prints the tables of everything that is known.
pub(crate) fn run(tree: &Tree, words: &[&str]) -> Result<()> {
    let options = Options::read(words)?;
    let out = options.out.clone();
    let out = out.unwrap_or_else(|| tree.path("target/bench/quality"));
    let contest = Contest::new(tree.path("target/lib/kinora/ffmpeg"), &out, options.limit)?;
    let contest = entrants::admit(tree, contest, &options)?;
    let file = options.results.clone();
    let mut store = Store::open(&file.unwrap_or_else(|| out.join("results.json")))?;
    let mut entries = entries::list(&contest, &options, &mut store)?;
    ensure!(!entries.is_empty(), "there is no video to measure with");
    // A long clip takes as long as all others together, so they come last.
    entries.sort_by_key(Entry::is_long);
    let border = entries.partition_point(|entry| !entry.is_long());
    let (short, long) = entries.split_at_mut(border);
    for clips in [short, long] {
        for job in plan::jobs(&options) {
            for entry in &mut *clips {
                measure(&contest, &mut store, job, entry)?;
            }
        }
    }
    tell(tree, &contest, &options, &store.known, &entries)
}

fn measure(contest: &Contest, store: &mut Store, job: Job, entry: &mut Entry) -> Result<()> {
    match job {
        Job::Ceiling => look_up(contest, store, entry),
        Job::Hold(tool) => hold(contest, store, tool, entry),
        Job::Single(family) if !entry.is_long() && entry.clip.can_reach_goal() => {
            // First for the whole guarantee, then for the floor alone: most encodes serve both.
            for mean in [GOAL.mean, 0.0] {
                find_single(contest, store, family, entry, &Levels { mean, ..GOAL })?;
            }
            Ok(())
        }
        Job::Single(_) => Ok(()),
    }
}

/// How each picture of a clip scores beside itself, unless that is known.
fn look_up(contest: &Contest, store: &mut Store, entry: &mut Entry) -> Result<()> {
    for picture in entry.clip.ceilings.len()..entry.clip.frames.len() {
        let ceiling = contest.ceiling(&entry.clip, &entry.file, picture)?;
        entry.clip.ceilings.push(ceiling);
        store.put_clip(entry.clip.clone())?;
        let levels = entry.clip.ceiling(picture);
        println!("    {} beside itself: {levels:.2?}", entry.clip.name);
    }
    Ok(())
}

fn find_single(
    contest: &Contest,
    store: &mut Store,
    family: Family,
    entry: &Entry,
    asked: &Levels,
) -> Result<()> {
    let too_large = (entry.clip.bytes as f64 * TOO_LARGE) as u64;
    let clips = [&entry.clip];
    loop {
        let view = View {
            results: &store.known,
            clips: &clips,
            family,
        };
        let points = view.points(&entry.clip);
        let Some(crf) = single::next(&points, asked, &family.range(), too_large) else {
            return Ok(());
        };
        let tool = Tool::Plain(family, crf);
        hold(contest, store, tool, entry)?;
        let run = store.known.run(&entry.clip.id, &tool.label());
        // What cannot be scored would be tried for ever.
        if run.and_then(|run| run.levels(&entry.clip)).is_none() {
            return Ok(());
        }
    }
}

/// Does a job, unless it was done before by the same programs with the same words.
fn hold(contest: &Contest, store: &mut Store, tool: Tool, entry: &Entry) -> Result<()> {
    let Some(version) = contest.version(tool) else {
        return Ok(());
    };
    let clip = &entry.clip;
    let words = tool.words(clip).join(" ");
    let known = store.known.run(&clip.id, &tool.label());
    if known.is_some_and(|run| run.version == version && run.words == words) {
        return Ok(());
    }
    let run = contest.hold(tool, clip, &entry.file);
    let run = run.with_context(|| format!("{} on {}", tool.label(), clip.name))?;
    println!("    {}", line(clip, &run));
    store.put_run(run)
}

fn line(clip: &Clip, run: &Run) -> String {
    let levels = run.levels(clip).filter(|_| run.has_file()).map(|levels| {
        format!(
            "mean {:.2}, scene {:.2}, worst 5 % {:.2}",
            levels.mean, levels.scene, levels.worst5
        )
    });
    format!(
        "{}, {}: {:.1} % of the original, {}, {:.1} CPU-s {}",
        run.tool,
        clip.name,
        run.bytes as f64 / clip.bytes as f64 * 100.0,
        levels.unwrap_or_else(|| "no scores".into()),
        run.cpu_s,
        run.note
    )
}

/// Prints what is known, and puts it where it is kept.
fn tell(
    tree: &Tree,
    contest: &Contest,
    options: &Options,
    known: &Results,
    entries: &[Entry],
) -> Result<()> {
    let (mut page, mut full) = (String::new(), String::new());
    for family in FAMILIES {
        let clips: Vec<&Clip> = entries.iter().map(|entry| &entry.clip).collect();
        let view = View {
            results: known,
            clips: &clips,
            family,
        };
        page += &groups(known, entries, family);
        page += &format!("{}\n", table::scoreboard(&view));
        page += &format!("{}\n", table::jobs(&view, &[Tool::Ours(family)]));
        full += &format!("{}\n", table::jobs(&view, &table::contestants(&view)));
    }
    std::fs::write(contest.out.join("jobs.md"), &full)?;
    println!("\n{page}\n{full}");
    if options.write {
        let versions = format!("- Measured on {}.\n", machine::describe());
        let page = report::insert(&tree.read(PAGE)?, "quality", &(page + &versions))?;
        std::fs::write(tree.path(PAGE), page)?;
    }
    Ok(())
}

/// The lines with aims for all clips, and for the two groups of them.
fn groups(known: &Results, entries: &[Entry], family: Family) -> String {
    let mut text = String::new();
    for group in [Group::All, Group::Tuned, Group::HeldOut] {
        let is_in = |entry: &&Entry| match group {
            Group::All => true,
            Group::Tuned => !entry.held_out,
            Group::HeldOut => entry.held_out,
        };
        let clips: Vec<&Clip> = entries
            .iter()
            .filter(is_in)
            .map(|entry| &entry.clip)
            .collect();
        let view = View {
            results: known,
            clips: &clips,
            family,
        };
        let mut section: Section = headlines(&view, group);
        let names: Vec<&str> = clips.iter().map(|clip| clip.name.as_str()).collect();
        if group == Group::HeldOut && !names.is_empty() {
            section.note(format!("These are: {}.", names.join(", ")));
        }
        text += &format!("{}\n", section.text());
    }
    text
}

#[cfg(test)]
mod tests;
