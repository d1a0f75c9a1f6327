//! From weighted squared errors to decibels, for one frame and for many.

/// Weighted squared error of one frame per plane, and its dB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameScore {
    /// Luma, Cb, Cr; whole numbers, 0 for a plane that equals its original or does not exist.
    pub wsse: [f64; 3],
    /// The squared error of a plane that is wrong by the whole range everywhere; 0 for a plane that does not exist.
    greatest: [f64; 3],
}

impl FrameScore {
    pub(crate) fn new(wsse: [f64; 3], greatest: [f64; 3]) -> Self {
        Self { wsse, greatest }
    }

    /// dB of luma, Cb and Cr: infinite for planes that are identical, and for those that do not exist.
    pub fn db(&self) -> [f64; 3] {
        [0, 1, 2].map(|plane| decibels(self.share(plane)))
    }

    /// dB of luma alone, the value that most tools call XPSNR.
    pub fn luma_db(&self) -> f64 {
        decibels(self.share(0))
    }

    /// One value for all planes: luma's mean weighted error counts four times, that of each chroma plane once.
    ///
    /// No standard defines such a value. The authors of XPSNR print the planes' minimum; encoders' communities average
    /// 4:1:1. Averaging errors, and not decibels, keeps the good side of both: a plane that is far better than the
    /// others does not lift the result, and identical chroma does not make it infinite.
    pub fn combined_db(&self) -> f64 {
        let importance = [4.0, 1.0, 1.0];
        let (mut error, mut total) = (0.0, 0.0);
        for (plane, importance) in importance.into_iter().enumerate() {
            if self.greatest[plane] > 0.0 {
                error += importance * self.share(plane);
                total += importance;
            }
        }
        decibels(error / total)
    }

    /// The error as a share of the greatest.
    fn share(&self, plane: usize) -> f64 {
        if self.wsse[plane] > 0.0 {
            self.wsse[plane] / self.greatest[plane]
        } else {
            0.0
        }
    }
}

/// The mean over many frames, as the filter's last line states it.
///
/// It is the square of the mean root, not the mean error: single bad frames count less than in PSNR. Where the roots
/// are below 1 on average, which is hardly any error at all, the filter averages decibels instead.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    frames: u64,
    /// Sum of the roots of what the frames' `wsse` say.
    roots: [f64; 3],
    /// The same as shares of the greatest error, so that frames of several formats can be mixed.
    shares: [f64; 3],
    decibels: [f64; 3],
}

impl Summary {
    /// Takes one more frame in.
    pub fn push(&mut self, frame: &FrameScore) {
        self.frames += 1;
        let db = frame.db();
        for (plane, db) in db.into_iter().enumerate() {
            self.roots[plane] += frame.wsse[plane].sqrt();
            self.shares[plane] += frame.share(plane).sqrt();
            self.decibels[plane] += db;
        }
    }

    /// dB of luma, Cb and Cr: infinite without frames, and for planes that do not exist.
    pub fn db(&self) -> [f64; 3] {
        if self.frames == 0 {
            return [f64::INFINITY; 3];
        }
        let frames = self.frames as f64;
        [0, 1, 2].map(|plane| {
            if self.roots[plane] >= frames {
                decibels((self.shares[plane] / frames).powi(2))
            } else {
                self.decibels[plane] / frames
            }
        })
    }

    /// How many frames were taken in.
    pub fn frames(&self) -> u64 {
        self.frames
    }
}

fn decibels(share: f64) -> f64 {
    if share > 0.0 {
        -10.0 * share.log10()
    } else {
        f64::INFINITY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luma(wsse: f64) -> FrameScore {
        FrameScore::new([wsse, 0.0, 0.0], [1e6, 0.0, 0.0])
    }

    #[test]
    fn planes_are_stated_one_by_one_and_together() {
        let score = FrameScore::new([100.0, 0.0, 600.0], [1e6, 1e5, 1e5]);
        assert!((score.luma_db() - 40.0).abs() < 1e-9);
        assert_eq!(score.db()[1], f64::INFINITY);
        // (4 * 1e-4 + 0 + 6e-3) / 6
        assert!((score.combined_db() - 29.7197).abs() < 1e-3);
    }

    #[test]
    fn grey_is_combined_from_luma_alone() {
        assert!((luma(100.0).combined_db() - 40.0).abs() < 1e-9);
        assert_eq!(luma(0.0).combined_db(), f64::INFINITY);
    }

    #[test]
    fn the_summary_squares_the_mean_root() {
        let mut summary = Summary::default();
        assert_eq!(summary.db(), [f64::INFINITY; 3]);
        // Roots 10 and 30: the mean is 20, its square 400 of a million.
        summary.push(&luma(100.0));
        summary.push(&luma(900.0));
        assert!((summary.db()[0] - 33.9794).abs() < 1e-4);
        assert_eq!(summary.frames(), 2);
    }

    #[test]
    fn hardly_any_error_is_averaged_in_decibels() {
        let mut summary = Summary::default();
        summary.push(&luma(0.0));
        summary.push(&luma(1.0));
        assert_eq!(summary.db()[0], f64::INFINITY);
    }
}
