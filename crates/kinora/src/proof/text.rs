//! A report on a terminal, or in a log: at most 80 columns, no more lines than fit onto a screen or two.

use super::Look;
use super::chart::chart;
use super::words::{self, moment, score};
use crate::terminal::{ERROR, WARNING, WORTH, styled};
use crate::units::show_size;
use kinora_media::quality::Report;
use kinora_media::quality::report::{Scene, Status};

/// So many scenes are listed one by one, of more only the [`WORST`].
const SCENES: usize = 20;
const WORST: usize = 10;
/// Columns before what a line says.
const INDENT: usize = 12;

/// The whole report, without a line feed at its end.
#[must_use]
pub(crate) fn text(report: &Report, look: Look) -> String {
    let mut lines = head(report, look);
    let chart = chart(report, look);
    if !chart.is_empty() {
        lines.push(String::new());
        lines.extend(wrapped("", &legend(report, look), 2, look.width));
        lines.extend(chart);
    }
    lines.extend(scenes(report, look));
    lines.join("\n")
}

fn head(report: &Report, look: Look) -> Vec<String> {
    let (verdict, why) = words::verdict(report);
    let style = match report.status {
        Status::Held => WORTH,
        Status::BestEffort | Status::KeptOriginal => WARNING,
    };
    let mut lines = wrapped("", &format!("{verdict}: {why}"), 0, look.width);
    if let Some(first) = lines.first_mut() {
        *first = first.replacen(verdict, &styled(style, verdict, look.colours), 1);
    }
    let mut add = |name: &str, text: String| {
        if !text.is_empty() {
            lines.extend(wrapped(name, &text, INDENT, look.width));
        }
    };
    add("asked", words::wish(report));
    if report.status != Status::KeptOriginal {
        let sizes = words::sizes(report.input_bytes, report.output_bytes);
        add("size", sizes);
    }
    add("picture", words::encoder(report));
    add("footage", words::footage(report));
    lines.extend(levels(report, look));
    for (n, line) in words::about_metric(report).iter().enumerate() {
        let name = if n == 0 { "scores" } else { "" };
        lines.extend(wrapped(name, line, INDENT, look.width));
    }
    lines.extend(wrapped(
        "effort",
        &words::effort(report),
        INDENT,
        look.width,
    ));
    lines
}

/// Goal against measured, one level a line.
fn levels(report: &Report, look: Look) -> Vec<String> {
    let all = words::levels(report);
    let mut lines = Vec::new();
    for (n, level) in all.iter().enumerate() {
        let title = if n == 0 { "quality" } else { "" };
        let mark = match level.is_held() {
            None => String::new(),
            Some(true) => format!(" {}", look.one("✓", "ok")),
            Some(false) => styled(
                ERROR,
                &format!(" {}", look.one("✗ missed", "missed")),
                look.colours,
            ),
        };
        let of = level.goal.map(|goal| format!(" of {}", words::goal(goal)));
        let at = level.at_s.map(|at| format!(" at {}", moment(at)));
        lines.push(format!(
            "  {title:<10}{:<13}{:>5}{}{}{mark}",
            level.name,
            score(level.measured),
            of.unwrap_or_default(),
            at.unwrap_or_default(),
        ));
    }
    lines
}

fn legend(report: &Report, look: Look) -> String {
    let metric = words::metric(&report.metric);
    let floor = super::curve::floor(report).map(|floor| {
        let line = look.one("┄┄", "--");
        format!("; {line} floor under every scene {}", words::goal(floor))
    });
    format!("{metric} over time{}", floor.unwrap_or_default())
}

/// A table of all scenes, or of the worst.
fn scenes(report: &Report, look: Look) -> Vec<String> {
    let count = report.scenes.len();
    if count == 0 {
        return Vec::new();
    }
    let mut listed: Vec<_> = report.scenes.iter().enumerate().collect();
    let mut lines = vec![String::new()];
    if count > SCENES {
        listed.sort_by(|(_, a), (_, b)| a.mean.total_cmp(&b.mean));
        listed.truncate(WORST);
        lines.push(format!("  The {WORST} worst of {count} scenes"));
    }
    lines.push(
        format!(
            "  {:>4} {:>9} {:>7}{} {:>6}",
            "no.",
            "from",
            "CRF",
            look.wide(format!(" {:>9}", "size")),
            "mean"
        ) + &look.wide(format!(" {:>10}", "worst 5 %")),
    );
    let floor = super::curve::floor(report);
    lines.extend(
        listed
            .iter()
            .map(|(n, scene)| row(n + 1, scene, floor, look)),
    );
    lines
}

fn row(number: usize, scene: &Scene, floor: Option<f64>, look: Look) -> String {
    let mean = format!(" {:>6}", score(scene.mean));
    let missed = floor.is_some_and(|floor| !words::reaches(scene.mean, floor));
    let mean = if missed {
        styled(ERROR, &mean, look.colours)
    } else {
        mean
    };
    let size = look.wide(format!(" {:>9}", show_size(scene.bytes)));
    let worst = look.wide(format!(" {:>10}", score(scene.worst5)));
    format!(
        "  {number:>4} {:>9} {:>7}{size}{mean}{worst}",
        moment(scene.start_s),
        words::crf(scene.crf),
    )
}

/// A name and what is said beside it from column `indent` on, broken between words. A word that is longer than a line
/// is broken, too.
fn wrapped(name: &str, text: &str, indent: usize, width: usize) -> Vec<String> {
    let room = width.saturating_sub(indent).max(10);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let words = text.split_whitespace();
    for word in words.flat_map(|word| pieces(word, room)) {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    lines.push(line);
    let named = lines.into_iter().enumerate().map(|(n, line)| {
        let before = match name {
            "" => String::new(),
            name if n == 0 => format!("  {name}"),
            _ => String::new(),
        };
        format!("{before:indent$}{line}")
    });
    named.collect()
}

fn pieces(word: &str, room: usize) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    characters
        .chunks(room)
        .map(|piece| piece.iter().collect())
        .collect()
}
