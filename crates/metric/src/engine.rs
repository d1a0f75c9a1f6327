//! One pair of frames: squared errors of all blocks of all planes, weighted by luma's activity.

use crate::activity::Activity;
use crate::depth::{Depth, Eight, Narrow, Wide, fits_narrow};
use crate::format::{Format, Plane};
use crate::grid::Grid;
use crate::rows;

/// The bytes of one plane of both frames.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) reference: &'a [u8],
    pub(crate) distorted: &'a [u8],
}

/// Measures frames of one format, whatever numbers it needs for that.
pub(crate) trait Measure: Send + Sync {
    /// Weighted squared error of each plane. `pairs` are the format's planes, of the right length.
    fn measure(&mut self, pairs: &[Pair<'_>]) -> [f64; 3];
    fn restart(&mut self);
}

/// The engine with the narrowest numbers that hold the format's values.
pub(crate) fn new(format: Format, frames_per_second: f64) -> Box<dyn Measure> {
    let grid = Grid::new(&format);
    if format.bit_depth == 8 {
        Box::new(Engine::<Eight>::new(format, grid, frames_per_second))
    } else if fits_narrow(format.peak(), grid.margin) {
        Box::new(Engine::<Narrow>::new(format, grid, frames_per_second))
    } else {
        Box::new(Engine::<Wide>::new(format, grid, frames_per_second))
    }
}

struct Engine<D: Depth> {
    format: Format,
    grid: Grid,
    activity: Activity<D>,
    weights: Vec<f64>,
    /// Squared errors of the blocks of the plane at hand.
    errors: Vec<u64>,
    squares: Vec<D::Square>,
    /// A row of each frame, where bytes have to become samples first.
    rooms: [Vec<D::Sample>; 2],
}

impl<D: Depth> Engine<D> {
    fn new(format: Format, grid: Grid, frames_per_second: f64) -> Self {
        let room = || vec![D::Sample::default(); format.width];
        Self {
            format,
            grid,
            activity: Activity::new(&format, grid, frames_per_second),
            weights: Vec::with_capacity(grid.blocks()),
            errors: Vec::with_capacity(grid.blocks()),
            squares: vec![D::Square::default(); format.width],
            rooms: [room(), room()],
        }
    }

    /// Keeps the reference's luma, and weighs its blocks.
    fn weigh(&mut self, plane: Plane, reference: &[u8]) {
        self.weights.clear();
        if self.grid.is_plain {
            self.weights.push(1.0);
            return;
        }
        let peak = self.format.peak();
        let bytes = reference.chunks_exact(plane.width * self.format.sample_bytes());
        let kept = self.activity.next().chunks_exact_mut(plane.width);
        for (kept, bytes) in kept.zip(bytes) {
            let samples = D::samples(bytes, peak, &mut self.rooms[0]);
            kept.copy_from_slice(samples);
        }
        for down in self.grid.down(plane) {
            self.activity.weights(&down, &mut self.weights);
        }
        self.grid.smooth(&mut self.weights);
    }

    /// Squared errors of a plane's blocks.
    fn compare(&mut self, plane: Plane, pair: Pair<'_>) {
        self.errors.clear();
        let (peak, stride) = (self.format.peak(), plane.width * self.format.sample_bytes());
        let [one_room, other_room] = &mut self.rooms;
        let (one_room, other_room) = (&mut one_room[..plane.width], &mut other_room[..plane.width]);
        for down in self.grid.down(plane) {
            self.squares.fill(D::Square::default());
            for y in down {
                let row = y * stride..(y + 1) * stride;
                let one = D::samples(&pair.reference[row.clone()], peak, one_room);
                let other = D::samples(&pair.distorted[row], peak, other_room);
                rows::squares::<D>(&mut self.squares, one, other);
            }
            for across in self.grid.across(plane) {
                let columns = self.squares[across].iter();
                self.errors.push(columns.map(|&each| each.into()).sum());
            }
        }
    }

    /// The filter counts whole errors, so what is nearly nothing is nothing.
    fn weighted(&self) -> f64 {
        let blocks = self.errors.iter().zip(&self.weights);
        let sum: f64 = blocks.map(|(&error, weight)| error as f64 * weight).sum();
        (sum * self.grid.scale + 0.5).floor()
    }
}

impl<D: Depth> Measure for Engine<D> {
    fn measure(&mut self, pairs: &[Pair<'_>]) -> [f64; 3] {
        let mut wsse = [0.0; 3];
        let planes = self.format.planes().zip(pairs).zip(&mut wsse).enumerate();
        for (n, ((plane, pair), wsse)) in planes {
            if n == 0 {
                self.weigh(plane, pair.reference);
            }
            self.compare(plane, *pair);
            *wsse = self.weighted();
        }
        wsse
    }

    fn restart(&mut self) {
        self.activity.restart();
    }
}
