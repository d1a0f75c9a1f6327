//! Frames made up for tests.

use kinora_metric::Format;

/// Any bytes, the same for the same seed. (Marsaglia's xorshift with 64 bits.)
pub(crate) fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Soft shapes that move: every plane a slope with waves, shifted by `time`.
pub(crate) fn shapes(format: &Format, time: usize) -> Vec<u16> {
    let peak = f64::from(u16::MAX >> (16 - format.bit_depth));
    let sample = |n: usize| {
        let at = (n + 3 * time) as f64;
        let wave = (at / 7.0).sin() + (at / format.width as f64 / 5.0).cos();
        (peak * (0.5 + 0.2 * wave)) as u16
    };
    let bytes_each = if format.bit_depth > 8 { 2 } else { 1 };
    (0..format.frame_bytes() / bytes_each).map(sample).collect()
}

/// The samples with an error of up to `strength` in each.
pub(crate) fn noisy(samples: &[u16], strength: u16, peak: u16, seed: u64) -> Vec<u16> {
    let noise = bytes(seed, samples.len());
    let moved = |(sample, noise): (&u16, u8)| {
        let error = i32::from(noise) % (2 * i32::from(strength) + 1) - i32::from(strength);
        (i32::from(*sample) + error).clamp(0, peak.into()) as u16
    };
    samples.iter().zip(noise).map(moved).collect()
}

/// As the frame's bytes.
pub(crate) fn packed(samples: &[u16], bit_depth: u32) -> Vec<u8> {
    if bit_depth == 8 {
        samples.iter().map(|sample| *sample as u8).collect()
    } else {
        samples.iter().flat_map(|each| each.to_le_bytes()).collect()
    }
}

/// Reference over distorted, plane by plane.
pub(crate) fn stacked(planes: &[usize], reference: &[u8], distorted: &[u8]) -> Vec<u8> {
    let (mut out, mut start) = (Vec::new(), 0);
    for length in planes {
        out.extend(&reference[start..start + length]);
        out.extend(&distorted[start..start + length]);
        start += length;
    }
    out
}
