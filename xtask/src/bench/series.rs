//! Numbers of several runs, and what is said of them: the median, with the smallest and the largest.

use std::fmt;

/// One measured quantity, a number for each run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn push(&mut self, number: f64) {
        self.0.push(number);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The middle one; of an even count the mean of the two in the middle.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        match sorted.len() {
            0 => f64::NAN,
            n => f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]),
        }
    }

    pub(crate) fn smallest(&self) -> f64 {
        self.sorted().first().copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn largest(&self) -> f64 {
        self.sorted().last().copied().unwrap_or(f64::NAN)
    }

    /// Run by run, this one over the other: what both had in common falls out.
    pub(crate) fn over(&self, other: &Self) -> Self {
        self.0.iter().zip(&other.0).map(|(a, b)| a / b).collect()
    }

    pub(crate) fn map(&self, each: impl Fn(f64) -> f64) -> Self {
        self.0.iter().copied().map(each).collect()
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

impl FromIterator<f64> for Series {
    fn from_iter<T: IntoIterator<Item = f64>>(numbers: T) -> Self {
        Self(numbers.into_iter().collect())
    }
}

/// As many digits as say something: `0.95`, `12.3`, `104,000`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number(pub(crate) f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number) = *self;
        match number.abs() {
            size if size >= 1000.0 => f.write_str(&grouped(number)),
            size if size >= 100.0 => write!(f, "{number:.0}"),
            size if size >= 10.0 => write!(f, "{number:.1}"),
            _ => write!(f, "{number:.2}"),
        }
    }
}

/// Three digits are all that a measurement of this kind is worth.
fn grouped(number: f64) -> String {
    let unit = 10f64.powf((number.abs().log10().floor() - 2.0).max(0.0));
    let digits = format!("{:.0}", (number / unit).round() * unit);
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Number(self.median()))?;
        if self.0.len() > 1 {
            let (low, high) = (Number(self.smallest()), Number(self.largest()));
            write!(f, " ({low} .. {high})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(numbers: &[f64], expected: &str) {
        let series: Series = numbers.iter().copied().collect();
        assert_eq!(series.to_string(), expected);
    }

    #[test]
    fn a_series_is_its_median_and_its_ends() {
        check(&[0.5], "0.50");
        check(&[3.0, 1.0, 2.0], "2.00 (1.00 .. 3.00)");
        check(&[10.0, 20.0], "15.0 (10.0 .. 20.0)");
        check(
            &[123_456.0, 1000.0, 1_234_567.0],
            "123,000 (1,000 .. 1,230,000)",
        );
    }

    #[test]
    fn ratios_are_taken_run_by_run() {
        let ours: Series = [1.0, 4.0].into_iter().collect();
        let theirs: Series = [2.0, 2.0].into_iter().collect();
        assert_eq!(ours.over(&theirs), [0.5, 2.0].into_iter().collect());
    }
}
