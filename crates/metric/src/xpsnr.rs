//! The face: pairs of frames in, scores out.

use crate::engine::{self, Measure, Pair};
use crate::format::{Format, WrongLength};
use crate::score::FrameScore;

/// Compares frame after frame; keeps what the temporal activity needs of earlier ones.
///
/// Memory: two luma planes (three from 32 frames per second on), and a few rows.
pub struct Xpsnr {
    format: Format,
    engine: Box<dyn Measure>,
}

impl Xpsnr {
    /// From 32 frames per second on, change is measured over three frames instead of two.
    ///
    /// # Panics
    /// When the format is one that `Format::new` would not have made.
    pub fn new(format: Format, frames_per_second: f64) -> Self {
        assert!(format.is_supported(), "{format:?} is not supported");
        Self {
            format,
            engine: engine::new(format, frames_per_second),
        }
    }

    /// Forget earlier reference frames: a new block of frames begins.
    ///
    /// Its first frame (the first two from 32 frames per second on) will then score too high, as the first frame of a
    /// file does in FFmpeg's filter: it is compared with black, so it seems to change a lot. On real clips that was 7
    /// to 14 dB; who averages over short blocks leaves such frames out.
    pub fn restart(&mut self) {
        self.engine.restart();
    }

    /// One pair in one buffer, as FFmpeg's `vstack` of reference (top) and distorted (bottom) makes it: a frame of
    /// twice the height, each plane of which holds the reference's rows and then those of the distorted.
    ///
    /// In 4:2:0 the height of one frame has to be even: stacked chroma has `height` rows, two halves of odd heights
    /// would need one more.
    pub fn stacked(&mut self, stacked: &[u8]) -> Result<FrameScore, WrongLength> {
        if !self.format.stacks() {
            let height = self.format.height;
            return Err(WrongLength::OddHeight { height });
        }
        check_length(2 * self.format.frame_bytes(), stacked)?;
        let (mut rest, mut pairs) = (stacked, Vec::with_capacity(3));
        for plane in self.format.planes() {
            let bytes = self.format.plane_bytes(plane);
            let (reference, after) = rest.split_at(bytes);
            let (distorted, after) = after.split_at(bytes);
            pairs.push(Pair {
                reference,
                distorted,
            });
            rest = after;
        }
        Ok(self.measure(&pairs))
    }

    /// The same from two separate frames.
    pub fn pair(&mut self, reference: &[u8], distorted: &[u8]) -> Result<FrameScore, WrongLength> {
        let expected = self.format.frame_bytes();
        check_length(expected, reference)?;
        check_length(expected, distorted)?;
        let (mut start, mut pairs) = (0, Vec::with_capacity(3));
        for plane in self.format.planes() {
            let bytes = start..start + self.format.plane_bytes(plane);
            start = bytes.end;
            pairs.push(Pair {
                reference: &reference[bytes.clone()],
                distorted: &distorted[bytes],
            });
        }
        Ok(self.measure(&pairs))
    }

    fn measure(&mut self, pairs: &[Pair<'_>]) -> FrameScore {
        let mut greatest = [0.0; 3];
        let peak = f64::from(self.format.peak());
        for (greatest, plane) in greatest.iter_mut().zip(self.format.planes()) {
            *greatest = (plane.width * plane.height) as f64 * peak * peak;
        }
        FrameScore::new(self.engine.measure(pairs), greatest)
    }
}

fn check_length(expected: usize, bytes: &[u8]) -> Result<(), WrongLength> {
    let found = bytes.len();
    if found == expected {
        Ok(())
    } else {
        Err(WrongLength::Bytes { expected, found })
    }
}
