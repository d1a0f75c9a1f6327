//! The blocks of a picture: their size, which samples their activity is taken from, and how weights spread.
//!
//! Blocks stand in rows, numbered from the left and from the top; those at the right and lower edge may be smaller. A
//! chroma plane has as many blocks as luma, so one weight serves the same place in all planes.

use std::ops::Range;

use crate::format::{Format, Plane};

/// Samples of the picture for which the constants were found (3840x2160).
const UHD: f64 = 3840.0 * 2160.0;
/// Above this many samples, a bit more than HD, activity is taken from a picture of half the size.
const HALVED_ABOVE: usize = 2048 * 1152;
/// Up to this many samples, weights are limited by those of the neighbours.
const SMOOTHED_UP_TO: usize = 640 * 480;

/// How a format is divided into blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Grid {
    width: usize,
    height: usize,
    block_width: usize,
    block_height: usize,
    /// Blocks beside each other.
    pub(crate) columns: usize,
    /// The filter's reach over the picture's edge, and its step: 1, or 2 where the picture is halved.
    pub(crate) margin: usize,
    /// What all weights are multiplied with, so that an average picture's XPSNR is about its PSNR.
    pub(crate) scale: f64,
    /// Too small a picture: one block, plain PSNR.
    pub(crate) is_plain: bool,
}

impl Grid {
    /// Block side and scale from the size (XPSNR paper, section 2; filter `xpsnr`): 128 for UHD, in proportion to the
    /// root of the number of samples, in steps of 4.
    pub(crate) fn new(format: &Format) -> Self {
        let (width, height) = (format.width, format.height);
        let share = (width * height) as f64 / UHD;
        let side = 4 * (32.0 * share.sqrt() + 0.5) as usize;
        let is_plain = side == 0;
        let mean_activity = f64::from(1u32 << (2 * format.bit_depth - 5));
        let block_width = if is_plain { width } else { side };
        Self {
            width,
            height,
            block_width,
            block_height: if is_plain { height } else { side },
            columns: width.div_ceil(block_width),
            margin: if width * height > HALVED_ABOVE { 2 } else { 1 },
            scale: if is_plain {
                1.0
            } else {
                (mean_activity / share.max(0.00001).sqrt()).sqrt()
            },
            is_plain,
        }
    }

    pub(crate) fn blocks(&self) -> usize {
        self.columns * self.height.div_ceil(self.block_height)
    }

    /// The blocks' columns in a plane.
    pub(crate) fn across(&self, plane: Plane) -> impl Iterator<Item = Range<usize>> + use<> {
        spans(plane.width, self.block_width * plane.width / self.width)
    }

    /// The blocks' rows in a plane.
    pub(crate) fn down(&self, plane: Plane) -> impl Iterator<Item = Range<usize>> + use<> {
        spans(plane.height, self.block_height * plane.height / self.height)
    }

    /// The part of a block's columns in which the high-pass filter has neighbours on both sides.
    pub(crate) fn inner_columns(&self, span: &Range<usize>) -> Range<usize> {
        inner(span, self.width, self.margin)
    }

    /// The same for its rows.
    pub(crate) fn inner_rows(&self, span: &Range<usize>) -> Range<usize> {
        inner(span, self.height, self.margin)
    }

    /// Limits each weight by the largest of its neighbours to the left, to the right and above, in small pictures: a
    /// flat block alone among busy ones is not seen as flat. What was limited limits those that follow.
    ///
    /// As in the filter, the last block looks to the left and above only, and stays as it is in a single row. In a
    /// single column, where the filter makes all weights 0, only the block above counts.
    pub(crate) fn smooth(&self, weights: &mut [f64]) {
        if self.is_plain || self.width * self.height > SMOOTHED_UP_TO {
            return;
        }
        let last = weights.len().saturating_sub(1);
        for at in 0..weights.len() {
            let column = at % self.columns;
            let left = (column > 0).then(|| weights[at - 1]);
            let right = (column + 1 < self.columns).then(|| weights[at + 1]);
            let above = at.checked_sub(self.columns).map(|above| weights[above]);
            let is_free = at == last && above.is_none();
            let limit = [left, right, above].into_iter().flatten().reduce(f64::max);
            if let Some(limit) = limit.filter(|_| !is_free) {
                weights[at] = weights[at].min(limit);
            }
        }
    }
}

/// `0..length` in pieces of `size`; the last may be shorter.
fn spans(length: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    let size = size.max(1);
    (0..length)
        .step_by(size)
        .map(move |start| start..length.min(start + size))
}

/// May be empty, also with an end before its start.
fn inner(span: &Range<usize>, length: usize, margin: usize) -> Range<usize> {
    let start = span.start.max(margin);
    let end = if span.end < length {
        span.end
    } else {
        span.end.saturating_sub(margin)
    };
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Chroma;

    fn grid(width: usize, height: usize) -> Grid {
        Grid::new(&Format::new(width, height, Chroma::Yuv420, 8).unwrap())
    }

    #[test]
    fn blocks_grow_with_the_picture() {
        let check = |width, height, side, margin| {
            let grid = grid(width, height);
            let found = (grid.block_width, grid.block_height, grid.margin);
            assert_eq!(found, (side, side, margin), "{width}x{height}");
        };
        check(3840, 2160, 128, 2);
        check(1920, 1080, 64, 1);
        check(1080, 1920, 64, 1);
        check(1280, 720, 44, 1);
        check(64, 64, 4, 1);
        // sqrt(2^7 * 16) for 8 bit at UHD.
        assert!((grid(3840, 2160).scale - 45.254_834).abs() < 1e-6);
    }

    #[test]
    fn tiny_pictures_are_one_block() {
        let grid = grid(45, 44);
        assert!(grid.is_plain);
        let chroma = Plane {
            width: 23,
            height: 22,
        };
        assert_eq!((grid.blocks(), grid.scale), (1, 1.0));
        assert!(grid.across(chroma).eq(std::iter::once(0..23)));
        assert!(grid.down(chroma).eq(std::iter::once(0..22)));
    }

    #[test]
    fn every_plane_has_the_same_blocks() {
        for (width, height) in [(1081, 607), (426, 240), (1, 2100), (2100, 1), (3027, 1387)] {
            for chroma in [Chroma::Yuv420, Chroma::Yuv422, Chroma::Yuv444] {
                let format = Format::new(width, height, chroma, 8).unwrap();
                let grid = Grid::new(&format);
                for plane in format.planes() {
                    assert_eq!(grid.across(plane).count(), grid.columns);
                    let rows = grid.down(plane).count();
                    assert_eq!(rows * grid.columns, grid.blocks(), "{format:?}");
                }
            }
        }
    }

    #[test]
    fn filters_keep_off_the_edge() {
        let grid = grid(1280, 720);
        assert_eq!(grid.inner_columns(&(0..44)), 1..44);
        assert_eq!(grid.inner_columns(&(44..88)), 44..88);
        assert_eq!(grid.inner_rows(&(704..720)), 704..719);
        assert!(grid.inner_rows(&(719..720)).is_empty());
    }

    #[test]
    fn a_lone_weight_is_limited_by_its_neighbours() {
        // 12 columns of blocks of 4 samples.
        let grid = grid(48, 43);
        let mut weights = vec![1.0; grid.blocks()];
        weights[14] = 9.0;
        weights[30] = 9.0;
        weights[31] = 8.0;
        let last = weights.len() - 1;
        weights[last] = 7.0;
        grid.smooth(&mut weights);
        // 30 may keep what its right neighbour has; that one is then limited by 30.
        let mut expected = vec![1.0; grid.blocks()];
        expected[30] = 8.0;
        expected[31] = 8.0;
        assert_eq!(weights, expected);
    }
}
