//! Tables of everything that was measured, as Markdown: a line for each contestant, and one for each job.

use super::compare::View;
use super::results::{Clip, Outcome, Run};
use super::score::{GOAL, Levels};
use super::tool::{Scale, Tool};
use crate::bench::series::{Number, Series};
use std::fmt::Write as _;

/// Of an original that scores less beside itself it is said.
const NEAR: f64 = 99.0;

/// Contestants in the order of the tables; of the plain encodes the usual one alone.
pub(crate) fn contestants(view: &View<'_>) -> Vec<Tool> {
    let family = view.family;
    vec![
        Tool::Ours(family),
        Tool::AbAv1(family, Scale::Own),
        Tool::AbAv1(family, Scale::Default),
        Tool::HandBrake(family),
        Tool::Plain(family, family.usual_crf()),
    ]
}

/// A line for each contestant over the clips that it was given.
pub(crate) fn scoreboard(view: &View<'_>) -> String {
    let mut text = String::from(
        "| who | clips | held | mean off by | worst scene | worst 5 % | worst second | size | search | whole | clock | \
         no file | larger | streams lost |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for tool in contestants(view) {
        let runs = view.clips.iter();
        let runs: Vec<(&Clip, &Run)> = runs
            .filter_map(|clip| Some((*clip, view.run(clip, tool)?)))
            .collect();
        if !runs.is_empty() {
            let _ = writeln!(text, "| {} | {} |", tool.label(), sums(&runs).join(" | "));
        }
    }
    text
}

fn sums(runs: &[(&Clip, &Run)]) -> Vec<String> {
    let levels: Vec<Levels> = made(runs)
        .filter_map(|(clip, run)| run.levels(clip))
        .collect();
    let series = |of: fn(&Levels) -> f64| -> Series { levels.iter().map(of).collect() };
    let usable: Vec<_> = runs.iter().filter(|(_, run)| run.has_file()).collect();
    let parts: Series = usable
        .iter()
        .map(|(clip, run)| run.bytes as f64 / clip.bytes as f64 * 100.0)
        .collect();
    let held = usable
        .iter()
        .filter(|(clip, run)| run.levels(clip).is_some_and(|levels| levels.hold()));
    let count = |is: &dyn Fn(&Clip, &Run) -> bool| {
        let found = runs.iter().filter(|(clip, run)| is(clip, run));
        found.count().to_string()
    };
    let sum = |of: &dyn Fn(&Run) -> f64| Number(runs.iter().map(|(_, run)| of(run)).sum());
    vec![
        runs.len().to_string(),
        held.count().to_string(),
        middle(&series(|levels| (levels.mean - GOAL.mean).abs())),
        least(&series(|levels| levels.scene)),
        least(&series(|levels| levels.worst5)),
        least(&series(|levels| levels.second)),
        format!("{} %", middle(&parts)),
        format!("{} s", sum(&|run| run.search_cpu_s.unwrap_or(0.0))),
        format!("{} s", sum(&|run| run.cpu_s)),
        format!("{} s", sum(&|run| run.wall_s)),
        count(&|_, run| !run.has_file()),
        count(&|clip, run| run.bytes > clip.bytes),
        count(&|_, run| !run.lost.is_empty()),
    ]
}

fn made<'a>(runs: &'a [(&'a Clip, &'a Run)]) -> impl Iterator<Item = (&'a Clip, &'a Run)> {
    let is_made = |(_, run): &&(&Clip, &Run)| run.outcome == Outcome::Made;
    runs.iter().filter(is_made).copied()
}

fn middle(numbers: &Series) -> String {
    shown((!numbers.is_empty()).then(|| numbers.median()))
}

fn least(numbers: &Series) -> String {
    shown((!numbers.is_empty()).then(|| numbers.smallest()))
}

fn shown(number: Option<f64>) -> String {
    number.map_or_else(|| "–".to_owned(), |number| Number(number).to_string())
}

/// A line for each job of these contestants, clip by clip.
pub(crate) fn jobs(view: &View<'_>, tools: &[Tool]) -> String {
    let mut text = String::from(
        "| clip | who | kB | of original | held | mean | worst scene | worst 5 % | worst second | search | whole | \
         clock | trials | to be known |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for clip in view.clips {
        let ceiling = clip.ceiling(0).filter(|ceiling| ceiling.worst5 < NEAR);
        if let Some(Levels {
            mean,
            scene,
            worst5,
            second,
        }) = ceiling
        {
            let _ = writeln!(
                text,
                "| {} | *beside itself* | {:.0} | 100.0 % |  | {mean:.2} | {scene:.2} | {worst5:.2} | {second:.2} |  |  |  |  |  |",
                clip.name,
                clip.bytes as f64 / 1000.0
            );
        }
        for tool in tools {
            if let Some(run) = view.run(clip, *tool) {
                let cells = cells(clip, run).join(" | ");
                let _ = writeln!(text, "| {} | {} | {cells} |", clip.name, run.tool);
            }
        }
    }
    text
}

fn cells(clip: &Clip, run: &Run) -> Vec<String> {
    let levels = run.levels(clip).filter(|_| run.has_file());
    let of = |of: fn(&Levels) -> f64| {
        levels.map_or_else(|| "–".into(), |all| format!("{:.2}", of(&all)))
    };
    let bytes = run.has_file().then_some(run.bytes as f64);
    let seconds = |number: Option<f64>| shown(number) + if number.is_some() { " s" } else { "" };
    vec![
        bytes.map_or_else(|| "–".into(), |bytes| format!("{:.0}", bytes / 1000.0)),
        bytes.map_or_else(
            || "–".into(),
            |bytes| format!("{:.1} %", bytes / clip.bytes as f64 * 100.0),
        ),
        levels
            .map_or("–", |all| if all.hold() { "yes" } else { "**no**" })
            .to_owned(),
        of(|all| all.mean),
        of(|all| all.scene),
        of(|all| all.worst5),
        of(|all| all.second),
        seconds(run.search_cpu_s),
        seconds(Some(run.cpu_s)),
        seconds(Some(run.wall_s)),
        run.probes
            .map_or_else(|| "–".into(), |probes| probes.to_string()),
        remarks(clip, run),
    ]
}

fn remarks(clip: &Clip, run: &Run) -> String {
    let mut remarks = vec![match run.outcome {
        Outcome::Made => String::new(),
        Outcome::Kept => "original kept".to_owned(),
        Outcome::Nothing => "**no result**".to_owned(),
        Outcome::OverTime => "**over time**".to_owned(),
    }];
    remarks.push(run.note.replace('|', "/"));
    if run.bytes > clip.bytes {
        remarks.push("**larger**".to_owned());
    }
    if !run.lost.is_empty() {
        remarks.push(format!("**lost: {}**", run.lost.join(", ")));
    }
    remarks.retain(|remark| !remark.is_empty());
    remarks.join("; ")
}
