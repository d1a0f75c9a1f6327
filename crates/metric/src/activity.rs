//! How much a block of luma hides: its detail, and its change since the frames before.
//!
//! Only the reference is looked at. Both parts are means over the block; their sum, never below a floor, is the
//! activity, and the weight of the block's squared error is one over it (XPSNR paper, section 2).
//!
//! In one place FFmpeg's filter differs (up to 9.0): beyond HD it calculates the detail of edge blocks that are at most
//! 14 samples wide, and then drops it. A picture of 1440x2560 has such blocks; the difference was 0.002 dB. Here their
//! detail counts.

use std::ops::Range;

use crate::depth::Depth;
use crate::format::{Format, Plane};
use crate::grid::Grid;
use crate::rows::{self, Between, Moments};

/// Change counts twice as much as detail: the paper's gamma.
const CHANGE: u64 = 2;

/// The luma planes of the latest reference frames, and what is needed to look at them.
pub(crate) struct Activity<D: Depth> {
    grid: Grid,
    luma: Plane,
    /// Below this, a block counts as flat. It makes up for the gain of the high-pass filter.
    floor: f64,
    /// Latest first. Only sequences of 32 frames per second and more need the third. Black at the start, as in the
    /// filter: first frames seem to change a lot, and their errors to be well hidden.
    frames: Vec<Vec<D::Sample>>,
    detail: Vec<u32>,
    change: Vec<u32>,
    between: Between<D::Lane>,
}

impl<D: Depth> Activity<D> {
    pub(crate) fn new(format: &Format, grid: Grid, frames_per_second: f64) -> Self {
        let (width, height) = (format.width, format.height);
        let kept = if frames_per_second >= 32.0 { 3 } else { 2 };
        Self {
            grid,
            luma: Plane { width, height },
            floor: f64::from(1u32 << (format.bit_depth - 6)),
            frames: vec![vec![D::Sample::default(); width * height]; kept],
            detail: vec![0; width],
            change: vec![0; width],
            between: Between::new(width),
        }
    }

    pub(crate) fn restart(&mut self) {
        for frame in &mut self.frames {
            frame.fill(D::Sample::default());
        }
    }

    /// The next reference frame begins: its rows are to be written here.
    pub(crate) fn next(&mut self) -> &mut [D::Sample] {
        self.frames.rotate_right(1);
        &mut self.frames[0]
    }

    /// The weights of the blocks in a row of them, `down` being their rows of samples.
    pub(crate) fn weights(&mut self, down: &Range<usize>, out: &mut Vec<f64>) {
        let inner_rows = self.grid.inner_rows(down);
        self.add_detail(inner_rows.clone());
        self.add_change(down.clone());
        for across in self.grid.across(self.luma) {
            out.push(self.weight(&across, down.len(), inner_rows.len()));
        }
    }

    /// One over the activity. A block without a sample that has all its neighbours weighs 1, as in the filter.
    fn weight(&self, across: &Range<usize>, height: usize, inner_height: usize) -> f64 {
        let inner = self.grid.inner_columns(across);
        let step = self.grid.margin;
        let inner_size = inner.len() * inner_height;
        if inner_size == 0 {
            return 1.0;
        }
        let detail = sum(&self.detail[inner], step) as f64 / inner_size as f64;
        let size = across.len() * height;
        let change = (CHANGE * sum(&self.change[across.clone()], step)) as f64 / size as f64;
        1.0 / (detail + change).max(self.floor)
    }

    fn add_detail(&mut self, inner: Range<usize>) {
        self.detail.fill(0);
        // Without columns inside there is nothing to filter.
        if self.luma.width <= 2 * self.grid.margin {
            return;
        }
        let Self { frames, luma, .. } = self;
        let at = |y: usize| row(&frames[0], *luma, y.min(luma.height - 1));
        for y in inner.step_by(self.grid.margin) {
            if self.grid.margin == 1 {
                let rows = [at(y - 1), at(y), at(y + 1)];
                rows::high_pass::<D>(&mut self.detail, rows, &mut self.between);
            } else {
                let rows = [y - 2, y - 1, y, y + 1, y + 2, y + 3].map(at);
                rows::high_pass_halved::<D>(&mut self.detail, rows, &mut self.between);
            }
        }
    }

    fn add_change(&mut self, down: Range<usize>) {
        self.change.fill(0);
        let Self { frames, luma, .. } = self;
        let at = |y: usize| {
            let y = y.min(luma.height - 1);
            Moments {
                now: row(&frames[0], *luma, y),
                before: row(&frames[1], *luma, y),
                earlier: frames.get(2).map(|frame| row(frame, *luma, y)),
            }
        };
        for y in down.step_by(self.grid.margin) {
            if self.grid.margin == 1 {
                rows::change::<D>(&mut self.change, at(y), &mut self.between);
            } else {
                let rows = [at(y), at(y + 1)];
                rows::change_halved::<D>(&mut self.change, rows, &mut self.between);
            }
        }
    }
}

fn row<S>(samples: &[S], plane: Plane, y: usize) -> &[S] {
    &samples[y * plane.width..(y + 1) * plane.width]
}

fn sum(columns: &[u32], step: usize) -> u64 {
    columns
        .iter()
        .step_by(step)
        .map(|&each| u64::from(each))
        .sum()
}
