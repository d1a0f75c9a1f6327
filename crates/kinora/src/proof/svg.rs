//! Quality over time as a drawing: the curve, its worst frames, goal and floor, and the scenes' sizes below it.
//!
//! Colours come from the page's style sheet, so that one drawing serves light and dark.

use super::curve::{self, Bar, Curve};
use super::words::{self, escape, goal, moment, score};
use crate::units::show_size;
use kinora_media::quality::Report;
use std::fmt::Write;

/// What the curve has, left and right of the plot, and between it and the bars; in units of the drawing.
const LEFT: f64 = 44.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 12.0;
const GAP: f64 = 26.0;
/// The scenes' bars.
const BARS: f64 = 64.0;
/// The words below.
const BOTTOM: f64 = 24.0;

/// How large a drawing is, in pixels as far as letters are concerned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
    /// Name of the class by which the style sheet chooses one of several.
    pub(super) class: &'static str,
}

/// The drawing; `None` when there is nothing to draw.
pub(super) fn drawing(report: &Report, size: Size) -> Option<String> {
    let curve = Curve::of(report)?;
    let plot = Plot::new(report, &curve, size);
    let mut svg = format!(
        "<svg class=\"{}\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n",
        size.class,
        size.width,
        size.height,
        summary(report)
    );
    let bars = curve::bars(report);
    svg.push_str(&plot.bands(&bars));
    svg.push_str(&plot.grid());
    svg.push_str(&plot.range(&curve));
    svg.push_str(&plot.line(&curve));
    svg.push_str(&plot.lines(report));
    svg.push_str(&plot.bars(&bars, report));
    svg.push_str(&plot.times());
    svg.push_str("</svg>\n");
    Some(svg)
}

/// For those who do not see the drawing. Made of our own words and numbers only, but for the metric's name.
fn summary(report: &Report) -> String {
    let metric = escape(&words::metric(&report.metric));
    let mean = report
        .measured
        .map(|m| format!(", mean {}", score(m.levels.mean)));
    let floor = curve::floor(report).map(|f| format!(", floor {}", goal(f)));
    format!(
        "{metric} over time{}{}; size of each scene below",
        mean.unwrap_or_default(),
        floor.unwrap_or_default()
    )
}

/// The lowest line that is drawn.
fn lowest_line(report: &Report) -> Option<f64> {
    let goal = report.goal?;
    Some(goal.mean.min(goal.scene).min(goal.worst5))
}

struct Plot {
    size: Size,
    low: f64,
    end_s: f64,
    right: f64,
    bottom: f64,
}

impl Plot {
    fn new(report: &Report, curve: &Curve, size: Size) -> Self {
        Self {
            low: curve.low(lowest_line(report), |piece| piece.least),
            end_s: curve.end_s,
            right: size.width - RIGHT,
            bottom: size.height - BOTTOM - BARS - GAP,
            size,
        }
    }

    fn x(&self, at_s: f64) -> f64 {
        LEFT + (at_s / self.end_s).clamp(0.0, 1.0) * (self.right - LEFT)
    }

    fn y(&self, score: f64) -> f64 {
        let share = (100.0 - score) / (100.0 - self.low);
        TOP + share.clamp(0.0, 1.0) * (self.bottom - TOP)
    }

    /// Every second scene on a ground of its own, so that one sees where scenes begin.
    fn bands(&self, bars: &[Bar]) -> String {
        let bottom = self.size.height - BOTTOM;
        let mut svg = String::new();
        for bar in bars.iter().filter(|bar| bar.number % 2 == 0) {
            let (from, to) = (self.x(bar.scene.start_s), self.x(bar.scene.end_s));
            let _ = writeln!(
                svg,
                "<rect class=\"band\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                to - from,
                bottom - TOP
            );
        }
        svg
    }

    fn grid(&self) -> String {
        let step = if 100.0 - self.low > 30.0 { 10.0 } else { 5.0 };
        let count = ((100.0 - self.low) / step).floor() as usize;
        let mut svg = String::new();
        for n in 0..=count {
            let score = 100.0 - n as f64 * step;
            let y = self.y(score);
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{score:.0}</text>",
                self.right,
                LEFT - 6.0,
                y + 4.0
            );
        }
        svg
    }

    /// From the mean down to the worst frame of each moment.
    fn range(&self, curve: &Curve) -> String {
        let mut path = String::new();
        for (n, piece) in curve.pieces.iter().enumerate() {
            let (from, to, y) = (self.x(piece.from_s), self.x(piece.to_s), self.y(piece.mean));
            let letter = if n == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{from:.1} {y:.1}H{to:.1}");
        }
        for piece in curve.pieces.iter().rev() {
            let (from, to, y) = (
                self.x(piece.from_s),
                self.x(piece.to_s),
                self.y(piece.least),
            );
            let _ = write!(path, "L{to:.1} {y:.1}H{from:.1}");
        }
        format!("<path class=\"range\" d=\"{path}Z\"/>\n")
    }

    fn line(&self, curve: &Curve) -> String {
        let mut path = String::new();
        for (n, piece) in curve.pieces.iter().enumerate() {
            let (from, to, y) = (self.x(piece.from_s), self.x(piece.to_s), self.y(piece.mean));
            let letter = if n == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{from:.1} {y:.1}H{to:.1}");
        }
        format!("<path class=\"curve\" d=\"{path}\"/>\n")
    }

    /// Goal of the mean, floor of the scenes, floor of the frames.
    fn lines(&self, report: &Report) -> String {
        let Some(levels) = report.goal else {
            return String::new();
        };
        let all = [
            ("goal", "goal of the mean", levels.mean),
            ("floor", "floor under every scene", levels.scene),
            ("floor5", "95 % of all frames", levels.worst5),
        ];
        let mut svg = String::new();
        for (class, name, level) in all
            .into_iter()
            .filter(|(.., level)| (self.low..=100.0).contains(level))
        {
            let y = self.y(level);
            let _ = writeln!(
                svg,
                "<line class=\"{class}\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\">\
                 <title>{name}: {}</title></line>",
                self.right,
                goal(level)
            );
        }
        svg
    }

    /// As wide as the scene is long and as high as its bytes in a second, so that the area is its size.
    fn bars(&self, bars: &[Bar], report: &Report) -> String {
        let bottom = self.size.height - BOTTOM;
        let peak = curve::peak(bars);
        let floor = curve::floor(report);
        let mut svg = String::new();
        for bar in bars {
            let scene = &bar.scene;
            let (from, to) = (self.x(scene.start_s), self.x(scene.end_s));
            let height = (bar.rate / peak * BARS).clamp(1.0, BARS);
            let missed = floor.is_some_and(|floor| !words::reaches(scene.mean, floor));
            let _ = writeln!(
                svg,
                "<rect class=\"{}\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\">\
                 <title>scene {}, {} to {}: CRF {}, {}, mean {}, worst 5 % {}</title></rect>",
                if missed { "bar missed" } else { "bar" },
                bottom - height,
                (to - from - 0.5).max(0.5),
                bar.number,
                moment(scene.start_s),
                moment(scene.end_s),
                words::crf(scene.crf),
                show_size(scene.bytes),
                score(scene.mean),
                score(scene.worst5),
            );
        }
        if !bars.is_empty() {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">size</text>",
                LEFT - 6.0,
                bottom - BARS / 2.0
            );
        }
        svg
    }

    fn times(&self) -> String {
        let y = self.size.height - 7.0;
        let count = if self.size.width > 600.0 { 4 } else { 2 };
        let mut svg = String::new();
        for n in 0..=count {
            let at = self.end_s * f64::from(n) / f64::from(count);
            let anchor = match n {
                0 => "start",
                n if n == count => "end",
                _ => "middle",
            };
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>",
                self.x(at),
                moment(at)
            );
        }
        svg
    }
}
