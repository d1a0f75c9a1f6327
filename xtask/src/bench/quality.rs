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

use super::report::{self, Section};
use super::{PAGE, child, machine, server};
use crate::tree::Tree;
use anyhow::{Context, Result, ensure};
use compare::{Group, View, headlines};
use contest::Contest;
use options::Options;
use results::{Clip, Results, Run, Store};
use score::{GOAL, Levels};
use std::path::{Path, PathBuf};
use tool::{Family, Scale, Tool};

/// Every so many clips, in the order of their names, one is held out.
const HELD_OUT: usize = 5;
const FAMILIES: [Family; 2] = [Family::H264, Family::Av1];
/// No single CRF is looked for on longer clips, in seconds: scoring them takes a quarter of an hour each time.
const LONG: f64 = 120.0;
/// In a quick measurement clips are no longer, in seconds.
const LONGEST_QUICK: f64 = 10.0;
/// A single CRF whose file is so much larger than the original has lost.
const TOO_LARGE: f64 = 1.3;

/// A clip that takes part.
#[derive(Debug)]
struct Entry {
    file: PathBuf,
    clip: Clip,
    held_out: bool,
}

impl Entry {
    fn is_long(&self) -> bool {
        self.clip.seconds() > LONG
    }
}

/// Measures what is asked for, and prints the tables of everything that is known.
pub(crate) fn run(tree: &Tree, words: &[&str]) -> Result<()> {
    let options = Options::read(words)?;
    let out = options.out.clone();
    let out = out.unwrap_or_else(|| tree.path("target/bench/quality"));
    let contest = Contest::new(tree.path("target/lib/kinora/ffmpeg"), &out, options.limit)?;
    let contest = admit(tree, contest, &options)?;
    let file = options.results.clone();
    let mut store = Store::open(&file.unwrap_or_else(|| out.join("results.json")))?;
    let entries = entries(&contest, &options, &mut store)?;
    ensure!(!entries.is_empty(), "there is no video to measure with");
    // A long clip takes as long as all others together, so they come last.
    let (long, short): (Vec<&Entry>, Vec<&Entry>) =
        entries.iter().partition(|entry| entry.is_long());
    for clips in [short, long] {
        for job in plan(&options) {
            for entry in &clips {
                measure(&contest, &mut store, job, entry)?;
            }
        }
    }
    tell(tree, &contest, &options, &store.known, &entries)
}

/// What is done to each clip, the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    Hold(Tool),
    /// Looks for the single CRF that gives the same guarantee.
    Single(Family),
}

fn plan(options: &Options) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    let mut add =
        |tool: fn(Family) -> Tool| jobs.extend(FAMILIES.map(|family| Job::Hold(tool(family))));
    add(Tool::Ours);
    add(|family| Tool::Plain(family, family.usual_crf()));
    add(|family| Tool::AbAv1(family, Scale::Own));
    if !options.quick {
        jobs.push(Job::Single(Family::H264));
        jobs.extend(FAMILIES.map(|family| Job::Hold(Tool::HandBrake(family))));
        jobs.extend(FAMILIES.map(|family| Job::Hold(Tool::AbAv1(family, Scale::Default))));
        jobs.push(Job::Single(Family::Av1));
    }
    let group = |job: &Job| match job {
        Job::Hold(tool) => tool.group(),
        Job::Single(_) => "single",
    };
    let family = |job: &Job| match job {
        Job::Hold(tool) => tool.family(),
        Job::Single(family) => *family,
    };
    jobs.retain(|job| options.wants(group(job)) && options.wants_family(family(job)));
    jobs
}

/// Lets those take part whose programs are here.
fn admit(tree: &Tree, mut contest: Contest, options: &Options) -> Result<Contest> {
    let ffmpeg = contest.ffmpeg.clone();
    let version = contest.ask_version(&ffmpeg, "-version")?;
    contest.admit("plain", &ffmpeg, version.clone());
    let own = tree.path("target/bench-peers/bin/ab-av1");
    let ab_av1 = if own.is_file() {
        Some(own)
    } else {
        child::find("ab-av1")
    };
    match ab_av1 {
        Some(program) => {
            let own = contest.ask_version(&program, "--version")?;
            contest.admit("ab-av1", &program, format!("{own}; {version}"));
        }
        None => println!(
            "    ab-av1 is missing and left out: cargo install --root target/bench-peers ab-av1 --locked"
        ),
    }
    match child::find("HandBrakeCLI") {
        Some(program) => {
            let own = contest.ask_version(&program, "--version")?;
            contest.admit("handbrake", &program, own);
        }
        None => println!("    HandBrakeCLI is missing and left out: package handbrake-cli"),
    }
    if options.wants("ours") {
        let program = match &options.program {
            Some(program) => program.clone(),
            None => server::build(tree)?,
        };
        let own = footage::digest(&program)?;
        contest.admit("ours", &program, format!("{own}; {version}"));
    }
    Ok(contest)
}

/// The clips of the directory in the order of their names; what cannot be decoded is named and left out.
fn entries(contest: &Contest, options: &Options, store: &mut Store) -> Result<Vec<Entry>> {
    let directory = &options.clips;
    let listed = std::fs::read_dir(directory);
    let listed = listed.with_context(|| format!("{} cannot be read", directory.display()))?;
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in listed {
        files.push(std::fs::canonicalize(entry?.path())?);
    }
    files.retain(|file| is_video(file));
    files.sort();
    let mut entries = Vec::new();
    for (n, file) in files.into_iter().enumerate() {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if !options.wants_clip(&name) {
            continue;
        }
        match look(contest, store, &file, &name) {
            Ok(clip) if options.quick && clip.seconds() > LONGEST_QUICK => {}
            Ok(clip) => entries.push(Entry {
                held_out: n % HELD_OUT == HELD_OUT - 1,
                clip,
                file,
            }),
            Err(error) => println!("    {name} is left out: {error:#}"),
        }
    }
    Ok(entries)
}

fn is_video(file: &Path) -> bool {
    let known = [
        "mp4", "mov", "mkv", "webm", "avi", "ts", "ogv", "m4v", "mpg",
    ];
    let extension = file.extension().unwrap_or_default().to_string_lossy();
    file.is_file() && known.contains(&extension.to_lowercase().as_str())
}

fn look(contest: &Contest, store: &mut Store, file: &Path, name: &str) -> Result<Clip> {
    if let Some(clip) = store.known.clips.get(&footage::digest(file)?) {
        return Ok(clip.clone());
    }
    let clip = contest.look(file, name)?;
    store.put_clip(clip.clone())?;
    Ok(clip)
}

fn measure(contest: &Contest, store: &mut Store, job: Job, entry: &Entry) -> Result<()> {
    match job {
        Job::Hold(tool) => hold(contest, store, tool, entry),
        Job::Single(family) if !entry.is_long() => {
            // First for the whole guarantee, then for the floor alone: most encodes serve both.
            for mean in [GOAL.mean, 0.0] {
                find_single(contest, store, family, entry, &Levels { mean, ..GOAL })?;
            }
            Ok(())
        }
        Job::Single(_) => Ok(()),
    }
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
        if group == Group::HeldOut {
            section.note(format!("These are: {}.", names.join(", ")));
        }
        text += &format!("{}\n", section.text());
    }
    text
}
