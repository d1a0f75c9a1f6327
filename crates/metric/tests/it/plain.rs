//! Luma's XPSNR sample by sample in wide numbers, slow and easy to read: what the fast one must equal.

use kinora_metric::Format;

/// One frame with those before it, as numbers.
pub(crate) struct Luma<'a> {
    pub(crate) format: Format,
    pub(crate) is_fast: bool,
    pub(crate) now: &'a [i64],
    pub(crate) before: &'a [i64],
    pub(crate) earlier: &'a [i64],
    pub(crate) distorted: &'a [i64],
}

impl Luma<'_> {
    /// The weighted squared error.
    pub(crate) fn wsse(&self) -> f64 {
        let (width, height) = (self.format.width, self.format.height);
        let share = (width * height) as f64 / (3840.0 * 2160.0);
        let side = 4 * (share.sqrt() * 32.0 + 0.5) as usize;
        if side == 0 {
            return self.error(0, 0, width, height);
        }
        let columns = width.div_ceil(side);
        let (mut errors, mut weights) = (Vec::new(), Vec::new());
        for y in (0..height).step_by(side) {
            for x in (0..width).step_by(side) {
                let (right, bottom) = (width.min(x + side), height.min(y + side));
                errors.push(self.error(x, y, right, bottom));
                weights.push(1.0 / self.activity(x, y, right, bottom));
            }
        }
        if width * height <= 640 * 480 {
            limit(&mut weights, columns);
        }
        let mean = f64::from(2u32.pow(2 * self.format.bit_depth - 9)) * 16.0;
        let scale = (mean / share.max(0.00001).sqrt()).sqrt();
        let sum: f64 = errors.iter().zip(weights).map(|(e, w)| e * w).sum();
        (sum * scale).round()
    }

    fn error(&self, x: usize, y: usize, right: usize, bottom: usize) -> f64 {
        let at = |(x, y): (usize, usize)| y * self.format.width + x;
        let samples = (y..bottom).flat_map(|y| (x..right).map(move |x| (x, y)));
        let error = samples.map(at).map(|n| self.now[n] - self.distorted[n]);
        error.map(|error| error * error).sum::<i64>() as f64
    }

    fn activity(&self, x: usize, y: usize, right: usize, bottom: usize) -> f64 {
        let (width, height) = (self.format.width, self.format.height);
        let step = if width * height > 2048 * 1152 { 2 } else { 1 };
        let low = |start: usize| if start == 0 { step } else { start };
        let high = |end: usize, side: usize| end - if end == side { step.min(end) } else { 0 };
        let (left, top) = (low(x), low(y));
        let (inner_right, inner_bottom) = (high(right, width), high(bottom, height));
        if inner_right <= left || inner_bottom <= top {
            return 1.0;
        }
        let (mut detail, mut change) = (0, 0);
        for y in (top..inner_bottom).step_by(step) {
            for x in (left..inner_right).step_by(step) {
                detail += self.detail(x, y, step).abs();
            }
        }
        for y in (y..bottom).step_by(step) {
            for x in (x..right).step_by(step) {
                change += 2 * self.change(x, y, step).abs();
            }
        }
        let inner = (inner_right - left) * (inner_bottom - top);
        let mean = change as f64 / ((right - x) * (bottom - y)) as f64;
        let floor = f64::from(1u32 << (self.format.bit_depth - 6));
        (detail as f64 / inner as f64 + mean).max(floor)
    }

    /// The high-pass filters as they are drawn on paper.
    fn detail(&self, x: usize, y: usize, step: usize) -> i64 {
        let small: &[&[i64]] = &[&[-1, -2, -1], &[-2, 12, -2], &[-1, -2, -1]];
        let halved: &[&[i64]] = &[
            &[0, -1, -1, -1, -1, 0],
            &[-1, -2, -3, -3, -2, -1],
            &[-1, -3, 12, 12, -3, -1],
            &[-1, -3, 12, 12, -3, -1],
            &[-1, -2, -3, -3, -2, -1],
            &[0, -1, -1, -1, -1, 0],
        ];
        let filter = if step == 1 { small } else { halved };
        let mut sum = 0;
        for (dy, row) in filter.iter().enumerate() {
            for (dx, factor) in row.iter().enumerate() {
                sum += factor * self.at(self.now, x + dx - step, y + dy - step);
            }
        }
        sum
    }

    fn change(&self, x: usize, y: usize, step: usize) -> i64 {
        let mut sum = 0;
        for (x, y) in (y..y + step).flat_map(|y| (x..x + step).map(move |x| (x, y))) {
            let (now, before) = (self.at(self.now, x, y), self.at(self.before, x, y));
            sum += now - before;
            if self.is_fast {
                sum -= before - self.at(self.earlier, x, y);
            }
        }
        sum
    }

    /// Beyond the right and the lower edge, the edge goes on.
    fn at(&self, frame: &[i64], x: usize, y: usize) -> i64 {
        let (width, height) = (self.format.width, self.format.height);
        frame[y.min(height - 1) * width + x.min(width - 1)]
    }
}

fn limit(weights: &mut [f64], columns: usize) {
    let count = weights.len();
    for n in 0..count {
        let mut around = Vec::new();
        if n % columns > 0 {
            around.push(weights[n - 1]);
        }
        if n % columns < columns - 1 {
            around.push(weights[n + 1]);
        }
        if n >= columns {
            around.push(weights[n - columns]);
        }
        let is_last_of_single_row = n + 1 == count && n < columns;
        if !around.is_empty() && !is_last_of_single_row {
            weights[n] = weights[n].min(around.into_iter().fold(0.0, f64::max));
        }
    }
}
