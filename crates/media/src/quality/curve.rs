//! How quality and size of one scene depend on the CRF: straight lines of logarithms.
//!
//! `ln(100 - VMAF)` and `ln(bytes)` are so nearly linear in the CRF that two points give the place of a goal within
//! 0.2 VMAF, where a line through the scores themselves needs five (56 measured curves of four encoders' settings).
//! Between two points the line is drawn through both; beyond them, with the slope of the nearest two, which is not let
//! run away: flat or broken curves come from screen captures and damaged sources.

/// Slopes of scenes differ by this part of the usual one.
const DIFFERS: f64 = 0.17;

/// A value at each CRF that was tried, and the slope that an encoder usually has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    /// (CRF, ln value), by CRF.
    points: Vec<(f64, f64)>,
    /// ln value per CRF step, where only one point is known.
    slope: f64,
}

impl Curve {
    /// Nothing is known but the usual slope, which is not 0.
    pub fn new(slope: f64) -> Self {
        Self {
            points: Vec::new(),
            slope,
        }
    }

    /// One more point; a CRF that was tried before gets the new value.
    pub fn push(&mut self, crf: f64, value: f64) {
        self.points.retain(|(known, _)| (known - crf).abs() > 1e-6);
        self.points.push((crf, value.max(1e-6).ln()));
        self.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }

    /// One point that outweighs the only one there is, which is off by about `off`, as a logarithm. That one stays for the
    /// slope alone: the further away it is, the more it says of it.
    pub fn outweigh(&mut self, crf: f64, value: f64, off: f64) {
        if let [(other, known)] = self.points[..] {
            let away = crf - other;
            let ln = value.max(1e-6).ln();
            let (measured, usual) = ((ln - known) / away, self.slope);
            let (doubt, differs) = ((off / away).powi(2), (usual * DIFFERS).powi(2));
            let slope = (measured * differs + usual * doubt) / (differs + doubt);
            if slope.is_finite() {
                self.points = vec![(other, ln - self.tamed(slope) * away)];
            }
        }
        self.push(crf, value);
    }

    /// The value at a CRF. Infinite when nothing is known.
    pub fn at(&self, crf: f64) -> f64 {
        self.ln_at(crf).exp()
    }

    /// Forgets points that lie so near to this CRF.
    pub fn forget_near(&mut self, crf: f64, near: f64) {
        self.points.retain(|(known, _)| (known - crf).abs() >= near);
    }

    /// Its slope was measured.
    pub fn is_line(&self) -> bool {
        self.points.len() > 1
    }

    /// The CRF at which the value is reached.
    pub fn reach(&self, value: f64) -> Option<f64> {
        let wanted = value.max(1e-6).ln();
        let (mut low, mut high) = (-200.0, 200.0);
        self.points.first()?;
        let rises = self.slope > 0.0;
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            if (self.ln_at(middle) < wanted) == rises {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some((low + high) / 2.0)
    }

    /// How far a CRF is from the nearest that was tried.
    pub fn distance(&self, crf: f64) -> f64 {
        let away = self.points.iter().map(|(known, _)| (known - crf).abs());
        away.fold(f64::INFINITY, f64::min)
    }

    fn ln_at(&self, crf: f64) -> f64 {
        let above = self.points.partition_point(|(known, _)| *known < crf);
        let (from, to) = match self.points.len() {
            0 => return f64::INFINITY,
            1 => (0, 0),
            count => {
                let right = above.clamp(1, count - 1);
                (right - 1, right)
            }
        };
        let (a, b) = (self.points[from], self.points[to]);
        let measured = if from == to {
            self.slope
        } else {
            (b.1 - a.1) / (b.0 - a.0)
        };
        let is_inside = from != to && (a.0..=b.0).contains(&crf);
        // Values that fall where they should rise are noise between two near points: the line stays monotonous.
        let slope = if is_inside && measured * self.slope > 0.0 {
            measured
        } else {
            self.tamed(measured)
        };
        let near = if (crf - a.0).abs() <= (crf - b.0).abs() {
            a
        } else {
            b
        };
        near.1 + slope * (crf - near.0)
    }

    /// A slope within a third and three times the usual one.
    fn tamed(&self, slope: f64) -> f64 {
        (slope / self.slope).clamp(1.0 / 3.0, 3.0) * self.slope
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points that other people published, the goal 95, and what they found in the end.
    #[test]
    fn two_points_predict_the_third() {
        let check = |points: [(f64, f64); 2], crf: f64, found: f64| {
            let mut curve = Curve::new(0.115);
            for (crf, score) in points {
                curve.push(crf, 100.0 - score);
            }
            let score = 100.0 - curve.at(crf);
            assert!((score - found).abs() < 0.35, "{score} for {found}");
        };
        check([(22.0, 92.18), (20.5, 93.74)], 19.0, 94.98);
        check([(28.0, 83.81), (17.2, 96.49)], 19.7, 95.0);
    }

    #[test]
    fn one_point_has_the_usual_slope() {
        let mut curve = Curve::new(0.1);
        assert_eq!(curve.at(20.0), f64::INFINITY);
        assert_eq!(curve.reach(5.0), None);
        curve.push(20.0, 5.0);
        assert!((curve.at(30.0) - 5.0 * 1f64.exp()).abs() < 1e-9);
        assert!((curve.reach(5.0).unwrap() - 20.0).abs() < 1e-6);
        assert_eq!(curve.distance(23.0), 3.0);
    }

    #[test]
    fn what_outweighs_a_point_leaves_of_it_what_it_says_of_the_slope() {
        let with = |other: f64, value: f64| {
            let mut curve = Curve::new(0.1);
            curve.push(other, value);
            curve.outweigh(20.0, 5.0, 0.2);
            assert!((curve.at(20.0) - 5.0).abs() < 1e-9);
            (curve.at(21.0) / 5.0).ln()
        };
        // On the line, whatever the distance.
        assert!((with(24.0, 5.0 * 0.4f64.exp()) - 0.1).abs() < 1e-9);
        // Near by it is noise, far away a slope of its own.
        let steep = |away: f64| with(20.0 + away, 5.0 * (0.15 * away).exp());
        assert!((0.1..0.105).contains(&steep(1.0)), "{}", steep(1.0));
        assert!((0.13..0.15).contains(&steep(20.0)), "{}", steep(20.0));
        // At the same place it says nothing.
        assert!((with(20.0, 9.0) - 0.1).abs() < 1e-9);
        let mut curve = Curve::new(0.1);
        curve.outweigh(20.0, 5.0, 0.2);
        assert!((curve.at(20.0) - 5.0).abs() < 1e-9);
    }

    #[test]
    fn a_flat_or_falling_curve_stays_usable() {
        let mut curve = Curve::new(0.1);
        curve.push(20.0, 5.0);
        curve.push(22.0, 4.0);
        assert!(curve.at(30.0) > curve.at(25.0));
        assert!(curve.reach(8.0).unwrap() > 22.0);
        let mut size = Curve::new(-0.12);
        size.push(20.0, 1000.0);
        size.push(30.0, 300.0);
        assert!(size.at(25.0) < 1000.0 && size.at(25.0) > 300.0);
        assert!((size.reach(1000.0).unwrap() - 20.0).abs() < 1e-6);
    }
}
