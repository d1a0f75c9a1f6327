use super::*;
use crate::info::{Kind, Ratio, Size, Stream, Video};

const SIDES: Size = Size {
    width: 192,
    height: 96,
};

/// Numbers that look random, the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Nearly normal, of deviation 1.
    fn noise(&mut self) -> f32 {
        (0..12).map(|_| self.next()).sum::<f32>() - 6.0
    }
}

/// Bytes of a sample: luma by column, line and frame.
fn film(mut luma: impl FnMut(usize, usize, usize) -> f32) -> Vec<u8> {
    let (width, height) = (SIDES.width as usize, SIDES.height as usize);
    let at = |n: usize| (n % width, n / width % height, n / (width * height));
    (0..width * height * FRAMES)
        .map(at)
        .map(|(x, y, frame)| luma(x, y, frame).clamp(0.0, 255.0) as u8)
        .collect()
}

fn look(bytes: &[u8]) -> Option<Texture> {
    let mut viewer = texture::Viewer::new(SIDES);
    viewer.push(bytes);
    viewer.finish()
}

/// A slope with a texture on it that moves sideways.
fn pan(x: usize, y: usize, frame: usize) -> f32 {
    let place = (x + 3 * frame) as f32;
    90.0 + y as f32 * 0.7 + 25.0 * (place * 0.13).sin() * (y as f32 * 0.21).cos()
}

#[test]
fn noise_is_measured_through_texture_and_motion() {
    let check = |expected: f32| {
        let mut dice = Dice(7);
        let found = look(&film(|x, y, frame| {
            pan(x, y, frame) + expected * dice.noise()
        }));
        let found = found.unwrap().noise;
        assert!(
            (found - expected).abs() < 0.5 + expected * 0.15,
            "{expected}: {found}"
        );
    };
    check(0.0);
    check(2.0);
    check(6.0);
    // What stands still is texture, however rough it is.
    let rough = |x: usize, y: usize, _: usize| {
        let mut dice = Dice((x * 131 + y * 7919) as u64);
        dice.next();
        100.0 + 60.0 * dice.next()
    };
    assert_eq!(look(&film(rough)).unwrap().noise, 0.0);
}

/// Letters of two tones on a flat ground, one line of them changing.
fn text(x: usize, y: usize, frame: usize) -> f32 {
    let is_line = y % 32 < 16 && x % 192 < 120;
    let shift = if y < 16 { frame * 5 } else { 0 };
    let is_ink = is_line && (((x + shift) / 2 * 7 + y / 2 * 13) % 5 < 2);
    if is_ink { 30.0 } else { 235.0 }
}

#[test]
fn screens_are_told_from_film_and_drawings() {
    let screen = look(&film(text)).unwrap();
    assert!(screen.is_screen(), "{screen:?}");
    assert!(!look(&film(pan)).unwrap().is_screen());
    // Flat areas with soft edges, at rest.
    let drawn = film(|x, _, _| {
        if x < 96 {
            60.0
        } else {
            200.0_f32.min(60.0 + (x - 96) as f32 * 20.0)
        }
    });
    let drawn = look(&drawn).unwrap();
    assert!(drawn.repeated > 0.8 && !drawn.is_screen(), "{drawn:?}");
    let empty = look(&film(|_, _, _| 128.0)).unwrap();
    assert!(!empty.is_screen(), "{empty:?}");
}

#[test]
fn pictures_come_in_any_pieces_and_number() {
    let bytes = film(pan);
    let whole = look(&bytes);
    assert!(whole.is_some());
    let mut viewer = texture::Viewer::new(SIDES);
    bytes.chunks(1000).for_each(|piece| viewer.push(piece));
    // A child that does not stop costs nothing.
    viewer.push(&bytes);
    assert_eq!(viewer.finish(), whole);
    let one = SIDES.pixels() as usize;
    assert_eq!(look(&bytes[..2 * one - 1]), None);
    assert!(look(&bytes[..2 * one]).is_some());
}

#[test]
fn fields_follow_what_moves_and_else_the_flag() {
    let check = |(top, bottom, whole), flag, expected| {
        let votes = Votes { top, bottom, whole };
        assert_eq!(conclude(votes, flag), expected, "{votes:?} {flag:?}");
    };
    use Fields::{Bottom, Interlaced, Progressive, Top};
    check((0, 0, 0), Scan::Interlaced, Interlaced);
    check((0, 0, 0), Scan::Unknown, Progressive);
    check((0, 3, 0), Scan::Progressive, Progressive);
    check((60, 0, 0), Scan::Interlaced, Top);
    check((60, 0, 0), Scan::Progressive, Top);
    check((1, 50, 2), Scan::Unknown, Bottom);
    check((0, 0, 60), Scan::Interlaced, Progressive);
    check((24, 0, 36), Scan::Unknown, Progressive);
    check((24, 0, 36), Scan::Interlaced, Interlaced);
    check((50, 0, 10), Scan::Interlaced, Interlaced);
}

#[test]
fn verdicts_are_read() {
    let printed = "frame:0    pts:0       pts_time:0\nlavfi.idet.multiple.current_frame=tff\n\
                   lavfi.idet.multiple.current_frame=undetermined\nlavfi.idet.multiple.current_frame=progressive\r\n\
                   lavfi.idet.single.current_frame=bff\nlavfi.idet.multiple.current_frame=bff\nnonsense";
    let expected = Votes {
        top: 1,
        bottom: 1,
        whole: 1,
    };
    assert_eq!(Votes::read(printed), expected);
    assert_eq!(Votes::default().share(), 0.0);
}

#[test]
fn places_are_few_and_inside() {
    assert_eq!(places(1), [0]);
    assert_eq!(places(100), [50]);
    assert_eq!(places(400), [100, 300]);
    assert_eq!(places(100_000).len(), 5);
    assert!(places(100_000).iter().all(|&at| at < 100_000));
}

fn clip(codec: &str, bits: u64) -> MediaInfo {
    let video = Video {
        width: 1280,
        height: 720,
        average_rate: Some(Ratio { num: 25, den: 1 }),
        ..Video::default()
    };
    MediaInfo {
        streams: vec![Stream {
            codec: codec.into(),
            bit_rate: Some(bits),
            kind: Kind::Video(video),
            ..Stream::default()
        }],
        ..MediaInfo::default()
    }
}

#[test]
fn few_bits_are_efficient_by_codec() {
    let check = |codec, bits, expected| {
        let class = Class::of(&[], &clip(codec, bits));
        assert_eq!(class.efficient, expected, "{codec} {bits}");
    };
    // 23,040,000 pixels a second.
    check("h264", 1_100_000, true);
    check("h264", 1_200_000, false);
    check("hevc", 1_100_000, false);
    check("av1", 500_000, true);
    check("mpeg2video", 100_000, false);
}

#[test]
fn most_places_decide() {
    let grainy = Sample {
        texture: Some(Texture {
            noise: 4.0,
            ..Texture::default()
        }),
        ..Sample::default()
    };
    let clean = Sample {
        texture: Some(Texture::default()),
        ..Sample::default()
    };
    let words = |samples: &[Sample]| {
        let class = Class::of(samples, &clip("h264", 9_000_000));
        class.words().collect::<Vec<_>>()
    };
    assert_eq!(
        words(&[grainy.clone(), clean.clone(), grainy.clone()]),
        ["grain"]
    );
    assert!(words(&[grainy, clean.clone(), clean]).is_empty());
    let screen = Sample {
        texture: look(&film(text)),
        ..Sample::default()
    };
    // Nothing of a place that could not be decoded.
    assert_eq!(words(&[screen, Sample::default()]), ["screen"]);
}
