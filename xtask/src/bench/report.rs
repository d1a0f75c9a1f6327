//! What was measured, as sections of a Markdown table, and its place in docs/benchmarks.md.

use super::series::{Number, Series};
use anyhow::{Context, Result};
use std::fmt::Write as _;

/// What a number should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

impl Aim {
    fn is_met(self, number: f64) -> bool {
        match self {
            Self::AtLeast(least) => number >= least,
            Self::AtMost(most) => number <= most,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {}", Number(least)),
            Self::AtMost(most) => format!("≤ {}", Number(most)),
        }
    }
}

#[derive(Clone, Debug)]
struct Row {
    what: String,
    numbers: String,
    aim: String,
    verdict: &'static str,
}

/// One topic: a heading, what has to be known to read it, and its lines.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    title: String,
    notes: Vec<String>,
    rows: Vec<Row>,
}

impl Section {
    pub(crate) fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            notes: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// A sentence below the table; also what was skipped and why.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        println!("    {text}");
        self.notes.push(text);
    }

    /// A line without an aim: a peer, or something to read the others by.
    pub(crate) fn row(&mut self, what: impl Into<String>, numbers: &Series, unit: &str) {
        self.add(what.into(), numbers, unit, None);
    }

    /// A line whose median is held against an aim.
    pub(crate) fn aimed(
        &mut self,
        what: impl Into<String>,
        numbers: &Series,
        unit: &str,
        aim: Aim,
    ) {
        self.add(what.into(), numbers, unit, Some((aim, numbers.median())));
    }

    /// A line of which no run may miss the aim.
    pub(crate) fn always(
        &mut self,
        what: impl Into<String>,
        numbers: &Series,
        unit: &str,
        aim: Aim,
    ) {
        let worst = match aim {
            Aim::AtLeast(_) => numbers.smallest(),
            Aim::AtMost(_) => numbers.largest(),
        };
        self.add(what.into(), numbers, unit, Some((aim, worst)));
    }

    fn add(&mut self, what: String, numbers: &Series, unit: &str, aim: Option<(Aim, f64)>) {
        if numbers.is_empty() {
            return;
        }
        let row = Row {
            what,
            numbers: format!("{numbers} {unit}").trim_end().to_owned(),
            aim: aim.map(|(aim, _)| aim.text()).unwrap_or_default(),
            verdict: match aim {
                None => "",
                Some((aim, number)) if aim.is_met(number) => "yes",
                Some(_) => "**no**",
            },
        };
        println!(
            "    {}: {} {} {}",
            row.what, row.numbers, row.aim, row.verdict
        );
        self.rows.push(row);
    }

    /// As Markdown.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("### {}\n\n", self.title);
        if !self.rows.is_empty() {
            text.push_str("| what | median (least .. most) | aim | met |\n|---|---|---|---|\n");
        }
        for row in &self.rows {
            // Writing into a string does not fail.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} |",
                row.what, row.numbers, row.aim, row.verdict
            );
        }
        text.push('\n');
        for note in &self.notes {
            let _ = writeln!(text, "- {note}");
        }
        text
    }
}

/// The page with one part of it replaced; the other parts keep what was measured before.
pub(crate) fn insert(page: &str, part: &str, measured: &str) -> Result<String> {
    let (begin, end) = marks(part);
    let lost = || format!("docs/benchmarks.md has lost the marks of {part}: {begin}{end}");
    let (before, rest) = page.split_once(&begin).with_context(lost)?;
    let (_, after) = rest.split_once(&end).with_context(lost)?;
    Ok(format!(
        "{before}{begin}\n{}\n\n{end}{after}",
        measured.trim()
    ))
}

fn marks(part: &str) -> (String, String) {
    let mark = |edge| format!("<!-- {part}: {edge} (cargo xtask bench --write) -->\n");
    (mark("begin"), mark("end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_held_against_its_aim() {
        let mut section = Section::new("Uploads");
        let rates: Series = [0.4, 0.6, 0.7].into_iter().collect();
        section.row("rate", &rates, "GB/s");
        section.aimed("rate", &rates, "GB/s", Aim::AtLeast(0.5));
        section.always("rate", &rates, "GB/s", Aim::AtLeast(0.5));
        let text = section.text();
        assert!(
            text.contains("| rate | 0.60 (0.40 .. 0.70) GB/s |  |  |"),
            "{text}"
        );
        assert!(text.contains("| ≥ 0.50 | yes |"), "{text}");
        assert!(text.contains("| ≥ 0.50 | **no** |"), "{text}");
    }

    #[test]
    fn only_one_part_of_the_page_changes() {
        let (begin, end) = marks("share");
        let page = format!("before\n{begin}old\n{end}after\n");
        let page = insert(&page, "share", "new\n").unwrap();
        assert_eq!(page, format!("before\n{begin}\nnew\n\n{end}after\n"));
        assert!(insert(&page, "memory", "new").is_err());
    }
}
