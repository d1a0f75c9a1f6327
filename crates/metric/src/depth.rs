//! Numbers for three ranges of bit depth: how samples are read, and how narrow sums may be.
//!
//! The narrower the numbers, the more of them fit into a vector. What must fit is said at each kind, for the largest
//! blocks (728 rows, of pictures of 16384x16384) and the largest filter gain (12, or 48 where the picture is halved).

use std::ops::{Add, AddAssign, Mul, Sub};

/// A kind of samples with the numbers to calculate in.
pub(crate) trait Depth: 'static {
    /// As it stands in the frame.
    type Sample: Copy + Default + Send + Sync;
    /// Holds every value of the filters.
    type Lane: Lane;
    /// Holds the squared errors of a block's column.
    type Square: Copy + Default + AddAssign + Into<u64> + Send + Sync;

    fn lane(sample: Self::Sample) -> Self::Lane;
    /// The absolute value. A column's sum of them fits `u32` in every kind: 48 * 65535 * 728 / 2 rows.
    fn magnitude(value: Self::Lane) -> u32;
    fn square(one: Self::Sample, other: Self::Sample) -> Self::Square;
    /// A row of samples from its bytes, in `room` if they need any work. No sample is above `peak`.
    fn samples<'a>(bytes: &'a [u8], peak: u16, room: &'a mut [Self::Sample]) -> &'a [Self::Sample];
}

/// Signed numbers of one width.
pub(crate) trait Lane:
    Copy
    + Default
    + From<u8>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + AddAssign
    + Send
    + Sync
{
}

impl Lane for i16 {}
impl Lane for i32 {}

/// 8 bits: 48 * 255 fits `i16`, 255² * 728 fits `u32`.
pub(crate) struct Eight;

/// More than 8 bits, as long as the filters' values fit `i16` (see `fits_narrow`).
pub(crate) struct Narrow;

/// Up to 16 bits.
pub(crate) struct Wide;

/// Whether samples up to `peak` can be calculated in `i16`, in a picture that is halved (`margin` 2) or not.
///
/// The filter of whole pictures has an intermediate value of 16 samples. Squares of 11 bits fit `u32` for 1024 rows.
pub(crate) fn fits_narrow(peak: u16, margin: usize) -> bool {
    let gain = if margin == 1 { 16 } else { 48 };
    u32::from(peak) * gain <= i16::MAX.unsigned_abs().into()
}

impl Depth for Eight {
    type Sample = u8;
    type Lane = i16;
    type Square = u32;

    fn lane(sample: u8) -> i16 {
        sample.into()
    }

    fn magnitude(value: i16) -> u32 {
        value.unsigned_abs().into()
    }

    fn square(one: u8, other: u8) -> u32 {
        // 255² is the largest square that `u16` holds: one narrow multiplication.
        let error = u16::from(one.abs_diff(other));
        (error * error).into()
    }

    fn samples<'a>(bytes: &'a [u8], _: u16, _: &'a mut [u8]) -> &'a [u8] {
        bytes
    }
}

impl Depth for Narrow {
    type Sample = u16;
    type Lane = i16;
    type Square = u32;

    fn lane(sample: u16) -> i16 {
        sample.cast_signed()
    }

    fn magnitude(value: i16) -> u32 {
        value.unsigned_abs().into()
    }

    fn square(one: u16, other: u16) -> u32 {
        let error = u32::from(one.abs_diff(other));
        error * error
    }

    fn samples<'a>(bytes: &'a [u8], peak: u16, room: &'a mut [u16]) -> &'a [u16] {
        little_endian(bytes, peak, room)
    }
}

impl Depth for Wide {
    type Sample = u16;
    type Lane = i32;
    type Square = u64;

    fn lane(sample: u16) -> i32 {
        sample.into()
    }

    fn magnitude(value: i32) -> u32 {
        value.unsigned_abs()
    }

    fn square(one: u16, other: u16) -> u64 {
        Narrow::square(one, other).into()
    }

    fn samples<'a>(bytes: &'a [u8], peak: u16, room: &'a mut [u16]) -> &'a [u16] {
        little_endian(bytes, peak, room)
    }
}

/// Bits above the depth are an encoder's fault or an attack on the sums: such samples are as bright as can be.
fn little_endian<'a>(bytes: &[u8], peak: u16, room: &'a mut [u16]) -> &'a [u16] {
    for (sample, bytes) in room.iter_mut().zip(bytes.chunks_exact(2)) {
        *sample = u16::from_le_bytes([bytes[0], bytes[1]]).min(peak);
    }
    room
}
