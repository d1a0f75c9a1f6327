//! What is done to rows of samples: each function adds one row's part to sums per column.
//!
//! Sums per column, and not per block, keep the loops as long as the picture is wide whatever the blocks' width is.

use crate::depth::{Depth, Lane};

/// Adds squared differences.
pub(crate) fn squares<D: Depth>(sums: &mut [D::Square], one: &[D::Sample], other: &[D::Sample]) {
    for ((sum, one), other) in sums.iter_mut().zip(one).zip(other) {
        *sum += D::square(*one, *other);
    }
}

/// Rooms for what lies between samples and sums, one number longer than a row.
pub(crate) struct Between<L> {
    outer: Vec<L>,
    near: Vec<L>,
    centre: Vec<L>,
}

impl<L: Lane> Between<L> {
    pub(crate) fn new(width: usize) -> Self {
        let room = || vec![L::default(); width + 1];
        Self {
            outer: room(),
            near: room(),
            centre: room(),
        }
    }
}

/// Adds the magnitude of the high-pass filter around `rows[1]`: 12 for the sample itself, -2 for those beside, above
/// and below, -1 for those at the corners (XPSNR paper, section 2).
///
/// That is 16 times the sample less what (1, 2, 1) gives in both directions, which takes fewer steps. The first and
/// the last column get nothing.
pub(crate) fn high_pass<D: Depth>(
    sums: &mut [u32],
    rows: [&[D::Sample]; 3],
    between: &mut Between<D::Lane>,
) {
    let [two, sixteen] = [2, 16].map(D::Lane::from);
    let [above, here, below] = rows;
    let down = &mut between.centre[..here.len()];
    for (((down, above), here), below) in down.iter_mut().zip(above).zip(here).zip(below) {
        *down = D::lane(*above) + two * D::lane(*here) + D::lane(*below);
    }
    let neighbours = down.iter().zip(&down[1..]).zip(&down[2..]);
    let samples = sums[1..].iter_mut().zip(&here[1..]);
    for ((sum, here), ((left, middle), right)) in samples.zip(neighbours) {
        let value = sixteen * D::lane(*here) - *left - two * *middle - *right;
        *sum += D::magnitude(value);
    }
}

/// The same for pictures that are halved: the filter goes around the four samples of which `rows[2]` holds the upper
/// ones, the column of the sum is the left one. Every second column counts; the others hold nothing of use.
///
/// The six rows are alike in pairs around the middle: with the pairs' sums from the middle outwards c, b and a, the
/// filter (filter `xpsnr`, its high-pass with downsampling) weighs columns as
/// -(c + b), -(3c + 2b + a), 12c - 3b - a, and the same backwards.
pub(crate) fn high_pass_halved<D: Depth>(
    sums: &mut [u32],
    rows: [&[D::Sample]; 6],
    between: &mut Between<D::Lane>,
) {
    fold::<D>(rows, between);
    let Between {
        outer,
        near,
        centre,
    } = between;
    let minus = outer
        .iter()
        .zip(&near[1..])
        .zip(&near[4..])
        .zip(&outer[5..]);
    let plus = centre[2..].iter().zip(&centre[3..]);
    for ((sum, (left, right)), (((a, b), c), d)) in sums[2..].iter_mut().zip(plus).zip(minus) {
        *sum += D::magnitude(*left + *right - *a - *b - *c - *d);
    }
}

/// Six rows into the three ways in which a column counts. The last column stands twice: a picture of odd width has
/// nothing beside it.
fn fold<D: Depth>(rows: [&[D::Sample]; 6], between: &mut Between<D::Lane>) {
    let [two, three, twelve] = [2, 3, 12].map(D::Lane::from);
    let width = rows[0].len();
    let Between {
        outer,
        near,
        centre,
    } = between;
    pair::<D>(outer, rows[0], rows[5]);
    pair::<D>(near, rows[1], rows[4]);
    pair::<D>(centre, rows[2], rows[3]);
    for ((outer, near), centre) in outer.iter_mut().zip(&mut *near).zip(&mut *centre) {
        let (a, b, c) = (*outer, *near, *centre);
        *outer = c + b;
        *near = three * c + two * b + a;
        *centre = twelve * c - three * b - a;
    }
    for column in [outer, near, centre] {
        column[width] = column[width - 1];
    }
}

fn pair<D: Depth>(out: &mut [D::Lane], one: &[D::Sample], other: &[D::Sample]) {
    for ((out, one), other) in out.iter_mut().zip(one).zip(other) {
        *out = D::lane(*one) + D::lane(*other);
    }
}

/// One row now, one frame ago, and two frames ago where the second difference is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Moments<'a, S> {
    pub(crate) now: &'a [S],
    pub(crate) before: &'a [S],
    pub(crate) earlier: Option<&'a [S]>,
}

/// Adds the magnitude of the change of each sample.
pub(crate) fn change<D: Depth>(
    sums: &mut [u32],
    row: Moments<'_, D::Sample>,
    between: &mut Between<D::Lane>,
) {
    differences::<D>(&mut between.outer, row);
    for (sum, value) in sums.iter_mut().zip(&between.outer) {
        *sum += D::magnitude(*value);
    }
}

/// The same for pictures that are halved: four samples change together, their sum stands at the left column.
pub(crate) fn change_halved<D: Depth>(
    sums: &mut [u32],
    rows: [Moments<'_, D::Sample>; 2],
    between: &mut Between<D::Lane>,
) {
    let width = rows[0].now.len();
    let (upper, lower) = (&mut between.outer, &mut between.near);
    differences::<D>(upper, rows[0]);
    differences::<D>(lower, rows[1]);
    for (upper, lower) in upper.iter_mut().zip(lower) {
        *upper += *lower;
    }
    upper[width] = upper[width - 1];
    for ((sum, left), right) in sums.iter_mut().zip(&upper[..]).zip(&upper[1..]) {
        *sum += D::magnitude(*left + *right);
    }
}

/// First or second difference in time.
fn differences<D: Depth>(out: &mut [D::Lane], row: Moments<'_, D::Sample>) {
    let samples = row.now.iter().zip(row.before);
    let Some(earlier) = row.earlier else {
        for (out, (now, before)) in out.iter_mut().zip(samples) {
            *out = D::lane(*now) - D::lane(*before);
        }
        return;
    };
    let two = D::Lane::from(2);
    for ((out, (now, before)), earlier) in out.iter_mut().zip(samples).zip(earlier) {
        *out = D::lane(*now) - two * D::lane(*before) + D::lane(*earlier);
    }
}
