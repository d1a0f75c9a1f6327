//! What holds for all frames, and that the fast way gives what the plain one gives.

use kinora_metric::{Chroma, Format, Summary, Xpsnr};
use proptest::prelude::*;

use crate::made;
use crate::plain::Luma;

fn chroma() -> impl Strategy<Value = Chroma> {
    use Chroma::{None, Yuv420, Yuv422, Yuv444};
    prop_oneof![Just(None), Just(Yuv420), Just(Yuv422), Just(Yuv444)]
}

prop_compose! {
    /// Sizes on both sides of the limit below which pictures are one block.
    fn format()(width in 1..150usize, height in 1..150usize, chroma in chroma(), bits in 8..=16u32) -> Format {
        Format::new(width, height, chroma, bits).unwrap()
    }
}

fn peak(format: &Format) -> u16 {
    u16::MAX >> (16 - format.bit_depth)
}

/// Three moving frames, each with noise, together.
fn moving(format: &Format, strength: u16) -> Summary {
    let (mut metric, mut summary) = (Xpsnr::new(*format, 50.0), Summary::default());
    for time in 0..3 {
        let reference = made::shapes(format, time);
        let distorted = made::noisy(&reference, strength, peak(format), time as u64);
        let pack = |samples: &[u16]| made::packed(samples, format.bit_depth);
        summary.push(&metric.pair(&pack(&reference), &pack(&distorted)).unwrap());
    }
    summary
}

/// Any samples of the depth, from very dark and very bright ones only when `is_hard`: those reach the limits of sums.
fn samples(format: &Format, seed: u64, is_hard: bool) -> Vec<i64> {
    let bytes = made::bytes(seed, 2 * format.width * format.height);
    let sample = |pair: &[u8]| {
        let any = u16::from_le_bytes([pair[0], pair[1]]) & peak(format);
        let hard = if pair[0] > 127 { peak(format) } else { 0 };
        i64::from(if is_hard { hard } else { any })
    };
    bytes.chunks_exact(2).map(sample).collect()
}

/// The last of three frames, both ways.
fn check_plain(format: Format, rate: f64, seed: u64, is_hard: bool) {
    let frames: Vec<Vec<i64>> = (0..6)
        .map(|n| samples(&format, seed + n, is_hard))
        .collect();
    let pack = |samples: &[i64]| {
        let samples: Vec<u16> = samples.iter().map(|each| *each as u16).collect();
        made::packed(&samples, format.bit_depth)
    };
    let mut metric = Xpsnr::new(format, rate);
    let mut found = 0.0;
    for pair in frames.chunks_exact(2) {
        let score = metric.pair(&pack(&pair[0]), &pack(&pair[1])).unwrap();
        found = score.wsse[0];
    }
    let plain = Luma {
        format,
        is_fast: rate >= 32.0,
        now: &frames[4],
        before: &frames[2],
        earlier: &frames[0],
        distorted: &frames[5],
    };
    let expected = plain.wsse();
    // The order in which fractions are added differs at most in the last whole number.
    assert!(
        (found - expected).abs() <= 1.0,
        "{format:?} {rate}: {found}, plain {expected}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn identical_frames_are_infinitely_close(format in format(), seed: u64) {
        let frame = made::bytes(seed, format.frame_bytes());
        let score = Xpsnr::new(format, 25.0).pair(&frame, &frame).unwrap();
        prop_assert_eq!(score.wsse, [0.0; 3]);
        prop_assert_eq!(score.db(), [f64::INFINITY; 3]);
        prop_assert_eq!(score.combined_db(), f64::INFINITY);
    }

    /// Also samples with bits above their depth.
    #[test]
    fn any_bytes_have_a_score(format in format(), rate: f64, seed: u64) {
        let mut metric = Xpsnr::new(format, rate);
        for seed in 0..3 ^ (seed & 3) {
            let one = made::bytes(seed, format.frame_bytes());
            let other = made::bytes(seed ^ 0xff00, format.frame_bytes());
            let score = metric.pair(&one, &other).unwrap();
            prop_assert!(!score.combined_db().is_nan() && score.db().iter().all(|db| !db.is_nan()));
        }
    }

    #[test]
    fn a_stacked_pair_is_a_pair(mut format in format(), seed: u64) {
        format.height = format.height.next_multiple_of(2);
        let half = |n: usize| n.div_ceil(2);
        let (width, height) = (format.width, format.height);
        let chroma = match format.chroma {
            Chroma::None => 0,
            Chroma::Yuv420 => half(width) * half(height),
            Chroma::Yuv422 => half(width) * height,
            Chroma::Yuv444 => width * height,
        };
        let bytes = if format.bit_depth > 8 { 2 } else { 1 };
        let planes = [width * height * bytes, chroma * bytes, chroma * bytes];
        let reference = made::bytes(seed, format.frame_bytes());
        let distorted = made::bytes(!seed, format.frame_bytes());
        let stacked = made::stacked(&planes, &reference, &distorted);
        let expected = Xpsnr::new(format, 25.0).pair(&reference, &distorted);
        prop_assert_eq!(Xpsnr::new(format, 25.0).stacked(&stacked), expected);
    }

    #[test]
    fn a_restart_forgets(format in format(), rate in 10.0..70.0, seed: u64) {
        let frame = |n: u64| made::bytes(seed ^ n, format.frame_bytes());
        let mut metric = Xpsnr::new(format, rate);
        let expected = metric.pair(&frame(1), &frame(2)).unwrap();
        metric.pair(&frame(3), &frame(4)).unwrap();
        metric.restart();
        prop_assert_eq!(metric.pair(&frame(1), &frame(2)).unwrap(), expected);
    }

    #[test]
    fn more_noise_is_a_lower_score(mut format in format(), strength in 1..20u16) {
        format.width += 8;
        format.height += 8;
        let (less, more) = (moving(&format, strength), moving(&format, 3 * strength));
        for (less, more) in less.db().into_iter().zip(more.db()) {
            prop_assert!(less > more || less == f64::INFINITY, "{less} {more}");
        }
    }

    #[test]
    fn two_more_bits_change_nothing(width in 23..75usize, height in 23..75usize, strength in 2..20u16) {
        // Even sides: a block of a single row or column weighs 1 in every depth.
        let eight = Format::new(2 * width, 2 * height, Chroma::Yuv420, 8).unwrap();
        let ten = Format { bit_depth: 10, ..eight };
        let (mut narrow, mut wide) = (Xpsnr::new(eight, 25.0), Xpsnr::new(ten, 25.0));
        for time in 0..3 {
            let reference = made::shapes(&eight, time);
            let distorted = made::noisy(&reference, strength, 255, time as u64);
            let shift = |samples: &[u16]| {
                let samples: Vec<u16> = samples.iter().map(|sample| sample << 2).collect();
                made::packed(&samples, 10)
            };
            let pack = |samples: &[u16]| made::packed(samples, 8);
            let eight = narrow.pair(&pack(&reference), &pack(&distorted)).unwrap();
            let ten = wide.pair(&shift(&reference), &shift(&distorted)).unwrap();
            for (eight, ten) in eight.db().into_iter().zip(ten.db()) {
                // The peak is 1023 and not 4 * 255: 0.026 dB.
                prop_assert!((ten - eight - 0.0255).abs() < 0.005, "{eight} {ten}");
            }
        }
    }

    #[test]
    fn fast_is_plain(mut format in format(), rate in prop_oneof![Just(25.0), Just(60.0)], seed: u64, is_hard: bool) {
        format.chroma = Chroma::None;
        check_plain(format, rate, seed >> 8, is_hard);
    }
}

#[test]
fn fast_is_plain_for_large_pictures() {
    // HD and UHD, odd sides, a last block of a single sample, and the highest blocks there are.
    let sizes = [
        (1535, 1537),
        (1281, 720),
        (16_383, 151),
        (2305, 1025),
        (3027, 783),
    ];
    for (n, (width, height)) in sizes.into_iter().enumerate() {
        for bits in [8, 9, 10, 11, 12, 16] {
            let format = Format::new(width, height, Chroma::None, bits).unwrap();
            check_plain(format, 25.0 + 10.0 * n as f64, bits.into(), n % 2 == 0);
        }
    }
}
