//! Quality over time in a few lines of a terminal, with the floor, and the scenes' sizes below it.

use super::Look;
use super::curve::{self, Bar, Curve};
use super::words::{goal, moment};
use crate::terminal::{HELP, WARNING, WORTH, styled};
use kinora_media::quality::Report;

/// Lines of the curve.
const ROWS: usize = 7;
/// Columns before the curve: indent, a number, the axis.
const MARGIN: usize = 7;
/// Dots of one character: braille has two by four.
const ACROSS: usize = 2;
const DOWN: usize = 4;
/// Bits of a braille character by column and row.
const DOTS: [[u32; DOWN]; ACROSS] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The same eight steps for terminals without them.
const PLAIN_BLOCKS: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];

/// The chart's lines, none when there is nothing to draw.
pub(super) fn chart(report: &Report, look: Look) -> Vec<String> {
    let Some(curve) = Curve::of(report) else {
        return Vec::new();
    };
    let field = Field::new(report, &curve, look);
    let mut lines: Vec<_> = (0..ROWS).map(|row| field.line(row)).collect();
    lines.push(field.times(curve.end_s));
    lines.extend(field.sizes(&curve::bars(report), curve.end_s));
    lines
}

/// What a cell shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Empty,
    Floor,
    Curve,
    BelowFloor,
}

struct Field {
    look: Look,
    columns: usize,
    low: f64,
    floor: Option<f64>,
    /// Which dots are set, row by row.
    dots: Vec<Vec<u32>>,
    below: Vec<bool>,
}

impl Field {
    fn new(report: &Report, curve: &Curve, look: Look) -> Self {
        let columns = look.width.saturating_sub(MARGIN).max(10);
        let mut field = Self {
            look,
            columns,
            low: curve.low(curve::floor(report), |piece| piece.mean),
            floor: curve::floor(report),
            dots: vec![vec![0; columns]; ROWS],
            below: vec![false; columns],
        };
        field.draw(&curve.columns(columns * ACROSS));
        field
    }

    /// Joins neighbours by upright strokes.
    fn draw(&mut self, scores: &[Option<f64>]) {
        let mut before = None;
        for (x, score) in scores.iter().enumerate() {
            let Some(score) = *score else {
                before = None;
                continue;
            };
            let y = self.dot(score);
            let from = before.unwrap_or(y);
            // A stroke ends one short of its neighbour, which is drawn already.
            let (top, bottom) = match from {
                from if from < y => (from + 1, y),
                from if from > y => (y, from - 1),
                _ => (y, y),
            };
            for y in top..=bottom {
                self.dots[y / DOWN][x / ACROSS] |= DOTS[x % ACROSS][y % DOWN];
            }
            self.below[x / ACROSS] |= self.floor.is_some_and(|floor| score < floor - 0.05);
            before = Some(y);
        }
    }

    /// The line of dots on which a score stands, from the top.
    fn dot(&self, score: f64) -> usize {
        let last = (ROWS * DOWN - 1) as f64;
        let share = (100.0 - score) / (100.0 - self.low);
        (share * last).round().clamp(0.0, last) as usize
    }

    fn floor_row(&self) -> Option<usize> {
        self.floor.map(|floor| self.dot(floor) / DOWN)
    }

    fn line(&self, row: usize) -> String {
        let label = match row {
            _ if self.floor_row() == Some(row) => goal(self.floor.unwrap_or_default()),
            0 => "100".into(),
            _ if row == ROWS - 1 => goal(self.low),
            _ => String::new(),
        };
        let axis = self.look.one("│", "|");
        format!("{label:>5} {axis}{}", self.cells(row))
    }

    /// Runs of one kind are coloured together.
    fn cells(&self, row: usize) -> String {
        let mut line = String::new();
        let mut column = 0;
        while column < self.columns {
            let kind = self.kind(row, column);
            let same = (column..self.columns).take_while(|c| self.kind(row, *c) == kind);
            let run: String = same.map(|c| self.character(row, c, kind)).collect();
            column += run.chars().count();
            let style = match kind {
                Kind::Empty => None,
                Kind::Floor => Some(HELP),
                Kind::Curve => Some(WORTH),
                // A moment below the floor is no missed floor: that one is a scene's.
                Kind::BelowFloor => Some(WARNING),
            };
            match style {
                Some(style) => line.push_str(&styled(style, &run, self.look.colours)),
                None => line.push_str(&run),
            }
        }
        line.trim_end().to_owned()
    }

    fn kind(&self, row: usize, column: usize) -> Kind {
        match (self.dots[row][column], self.floor_row() == Some(row)) {
            (0, true) => Kind::Floor,
            (0, false) => Kind::Empty,
            _ if self.below[column] => Kind::BelowFloor,
            _ => Kind::Curve,
        }
    }

    fn character(&self, row: usize, column: usize, kind: Kind) -> char {
        match (kind, self.look.unicode) {
            (Kind::Empty, _) => ' ',
            (Kind::Floor, true) => '┄',
            (Kind::Floor, false) => '-',
            (_, true) => char::from_u32(0x2800 + self.dots[row][column]).unwrap_or('*'),
            (_, false) => '*',
        }
    }

    /// Beginning, middle and end, below the axis.
    fn times(&self, end_s: f64) -> String {
        let [middle, end] = [end_s / 2.0, end_s].map(moment);
        let left = self.columns / 2;
        let right = self.columns.saturating_sub(left + middle.len());
        let blank = " ".repeat(MARGIN);
        format!("{blank}{:left$}{middle}{end:>right$}", "0:00.0")
    }

    /// One block for each column: bytes in a second of the scene that is there.
    fn sizes(&self, bars: &[Bar], end_s: f64) -> Option<String> {
        if bars.is_empty() {
            return None;
        }
        let steps = if self.look.unicode {
            BLOCKS
        } else {
            PLAIN_BLOCKS
        };
        let peak = curve::peak(bars);
        let block = |column: usize| {
            let at = (column as f64 + 0.5) / self.columns as f64 * end_s;
            let bar = bars
                .iter()
                .find(|bar| bar.scene.end_s > at && bar.scene.start_s <= at);
            let step = |bar: &Bar| (bar.rate / peak * 7.0).round().clamp(0.0, 7.0) as usize;
            bar.map_or(' ', |bar| steps[step(bar)])
        };
        let row: String = (0..self.columns).map(block).collect();
        Some(format!("{:>5}  {}", "size", row.trim_end()))
    }
}
