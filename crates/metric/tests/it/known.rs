//! Cases that are worked out by hand, and the contract of the face.

use kinora_metric::{Chroma, Format, WrongLength, Xpsnr};

/// 64x64 samples of 8 bits have blocks of 4x4 and a scale of sqrt(2048 / sqrt(4096 / 8294400)) = 303.579.
fn grey() -> Format {
    Format::new(64, 64, Chroma::None, 8).unwrap()
}

/// Luma's weighted squared error of the last of several equal pairs.
fn last(pairs: usize, reference: &[u8], distorted: &[u8]) -> f64 {
    let mut metric = Xpsnr::new(grey(), 25.0);
    let mut found = 0.0;
    for _ in 0..pairs {
        found = metric.pair(reference, distorted).unwrap().wsse[0];
    }
    found
}

/// The picture with another value at (25, 25), the second sample of its block in both directions.
fn with(picture: &[u8], value: u8) -> Vec<u8> {
    let mut out = picture.to_vec();
    out[25 * 64 + 25] = value;
    out
}

#[test]
fn what_is_flat_and_still_hides_least() {
    let flat = vec![128; 64 * 64];
    // An error of 8 where the activity is at its floor, 4: 64 / 4 * 303.579.
    assert_eq!(last(2, &flat, &with(&flat, 136)), 4857.0);
}

#[test]
fn first_frames_come_after_black() {
    let flat = vec![128; 64 * 64];
    // A change of 128, counted twice: 64 / 256 * 303.579.
    assert_eq!(last(1, &flat, &with(&flat, 136)), 76.0);
}

#[test]
fn detail_hides_errors() {
    let spike = with(&[100; 64 * 64], 140);
    // The filter gives 12 * 40 once, 2 * 40 four times and 40 four times, over 16 samples: 60. 64 / 60 * 303.579.
    assert_eq!(last(2, &spike, &with(&spike, 148)), 324.0);
}

#[test]
fn tiny_pictures_have_plain_psnr() {
    let format = Format::new(4, 4, Chroma::None, 8).unwrap();
    let mut distorted = [50; 16];
    distorted[5] = 60;
    let score = Xpsnr::new(format, 25.0).pair(&[50; 16], &distorted);
    // 10 log10(16 * 255² / 10²)
    assert!((score.unwrap().luma_db() - 40.172).abs() < 1e-3);
}

#[test]
fn colour_is_weighed_by_luma() {
    let format = Format::new(64, 64, Chroma::Yuv420, 8).unwrap();
    let reference = vec![128; format.frame_bytes()];
    let mut distorted = reference.clone();
    // One sample of Cr.
    distorted[64 * 64 + 32 * 32] = 136;
    let mut metric = Xpsnr::new(format, 25.0);
    metric.pair(&reference, &distorted).unwrap();
    let score = metric.pair(&reference, &distorted).unwrap();
    assert_eq!(score.wsse, [0.0, 0.0, 4857.0]);
    // 10 log10(32 * 32 * 255² / 4857)
    assert!((score.db()[2] - 41.370).abs() < 1e-3, "{:?}", score.db());
    assert_eq!(score.luma_db(), f64::INFINITY);
    // A sixth of chroma's error: 7.782 dB more.
    assert!((score.combined_db() - 49.151).abs() < 1e-3);
}

#[test]
fn lengths_are_checked() {
    let format = Format::new(4, 3, Chroma::Yuv420, 10).unwrap();
    let mut metric = Xpsnr::new(format, 25.0);
    let frame = vec![0; format.frame_bytes()];
    let short = WrongLength::Bytes {
        expected: 40,
        found: 39,
    };
    assert_eq!(metric.pair(&frame, &frame[1..]), Err(short));
    assert_eq!(metric.pair(&frame[1..], &frame), Err(short));
    let odd = WrongLength::OddHeight { height: 3 };
    assert_eq!(metric.stacked(&[0; 80]), Err(odd));
    let even = Format::new(4, 4, Chroma::Yuv420, 10).unwrap();
    assert!(Xpsnr::new(even, 25.0).stacked(&[0; 95]).is_err());
    assert!(Xpsnr::new(even, 25.0).stacked(&[0; 96]).is_ok());
}

#[test]
#[should_panic(expected = "is not supported")]
fn formats_are_checked() {
    let mut format = grey();
    format.bit_depth = 7;
    Xpsnr::new(format, 25.0);
}
