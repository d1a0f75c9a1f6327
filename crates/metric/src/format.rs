//! How the bytes of a raw frame are laid out: planes one after the other, rows without padding.
//!
//! This is what FFmpeg writes with `-f rawvideo`: luma, then both chroma planes, of which odd sides are rounded up.
//! Samples of more than 8 bits are 16 bits wide, little endian, with their value in the lower bits.

use thiserror::Error;

/// Longer sides are refused. It bounds what is allocated, and the sums of a block's columns (see `depth`).
const LONGEST_SIDE: usize = 16_384;

/// Size and sample layout of planar frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Luma samples in a row.
    pub width: usize,
    /// Luma rows.
    pub height: usize,
    /// How the planes of colour are sampled.
    pub chroma: Chroma,
    /// 8 to 16. Above 8, samples are `u16`, little endian.
    pub bit_depth: u32,
}

/// The planes of colour beside luma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chroma {
    /// Grey: luma only.
    None,
    /// Half the columns, half the rows.
    Yuv420,
    /// Half the columns.
    Yuv422,
    /// As many samples as luma.
    Yuv444,
}

/// A buffer is not one frame, or one stacked pair of frames, of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WrongLength {
    /// Too few or too many bytes.
    #[error("{found} bytes are not the {expected} bytes of the frame")]
    Bytes {
        /// What the format asks for.
        expected: usize,
        /// What was handed in.
        found: usize,
    },
    /// Stacking frames of 4:2:0 whose height is odd loses a row of chroma: there is no such buffer.
    #[error("frames of {height} rows cannot be stacked in 4:2:0, an even number can")]
    OddHeight {
        /// Rows of one frame.
        height: usize,
    },
}

/// One plane: luma is 0, then come Cb and Cr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl Format {
    /// None when a side is 0 or longer than 16384, or the depth is not one of 8 to 16 bits.
    pub fn new(width: usize, height: usize, chroma: Chroma, bit_depth: u32) -> Option<Self> {
        let format = Self {
            width,
            height,
            chroma,
            bit_depth,
        };
        format.is_supported().then_some(format)
    }

    /// The bytes of one frame without padding, as `-f rawvideo` writes it.
    pub fn frame_bytes(&self) -> usize {
        self.planes().map(|plane| self.plane_bytes(plane)).sum()
    }

    /// The fields are public, so a value need not have come from `new`.
    pub(crate) fn is_supported(&self) -> bool {
        let sides = 1..=LONGEST_SIDE;
        sides.contains(&self.width)
            && sides.contains(&self.height)
            && (8..=16).contains(&self.bit_depth)
    }

    /// The planes in the order of their bytes: one, or three.
    pub(crate) fn planes(&self) -> impl Iterator<Item = Plane> + use<> {
        let (width, height) = (self.width, self.height);
        let luma = Plane { width, height };
        let chroma = match self.chroma {
            Chroma::None => None,
            Chroma::Yuv420 => Some((width.div_ceil(2), height.div_ceil(2))),
            Chroma::Yuv422 => Some((width.div_ceil(2), height)),
            Chroma::Yuv444 => Some((width, height)),
        };
        let chroma = chroma.map(|(width, height)| Plane { width, height });
        [Some(luma), chroma, chroma].into_iter().flatten()
    }

    pub(crate) fn plane_bytes(&self, plane: Plane) -> usize {
        plane.width * plane.height * self.sample_bytes()
    }

    pub(crate) fn sample_bytes(&self) -> usize {
        if self.bit_depth > 8 { 2 } else { 1 }
    }

    /// The largest value of a sample.
    pub(crate) fn peak(&self) -> u16 {
        u16::MAX >> (16 - self.bit_depth)
    }

    /// Whether `vstack` of two such frames holds all rows of both.
    pub(crate) fn stacks(&self) -> bool {
        self.chroma != Chroma::Yuv420 || self.height.is_multiple_of(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(chroma: Chroma, bit_depth: u32, expected: usize) {
        let format = Format::new(5, 3, chroma, bit_depth).unwrap();
        assert_eq!(format.frame_bytes(), expected, "{format:?}");
    }

    #[test]
    fn chroma_is_rounded_up() {
        check(Chroma::None, 8, 15);
        check(Chroma::Yuv420, 8, 15 + 2 * 6);
        check(Chroma::Yuv422, 8, 15 + 2 * 9);
        check(Chroma::Yuv444, 10, 3 * 30);
    }

    #[test]
    fn sizes_and_depths_have_limits() {
        let is_some = |w, h, depth| Format::new(w, h, Chroma::Yuv420, depth).is_some();
        assert!(is_some(1, 16_384, 16));
        assert!(!is_some(0, 2, 8) && !is_some(2, 0, 8) && !is_some(16_385, 2, 8));
        assert!(!is_some(2, 2, 7) && !is_some(2, 2, 17));
    }
}
