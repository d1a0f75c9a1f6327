//! Bytes that nobody meant: no panic, and no more memory than is promised.

use kinora_stream::cut::{self, Targets};
use kinora_stream::{Fault, Index, limits, subtitle};
use proptest::prelude::*;

use crate::source::{Source, has_ffmpeg, read};

/// What is inside `moov`, and the length of the file.
fn movie(source: &Source) -> (Vec<u8>, u64) {
    let bytes = &source.bytes;
    let at = bytes.windows(4).position(|four| four == b"moov").unwrap();
    let size = u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap()) as usize;
    (bytes[at + 4..at - 4 + size].to_vec(), bytes.len() as u64)
}

fn film() -> Source {
    Source::made(
        "film.mp4",
        "-f lavfi -i testsrc2=size=64x48:rate=25:duration=2 -f lavfi -i sine=duration=2 -c:v libx264 -bf 2 -g 10 -c:a aac",
    )
}

/// Reads, and does all that follows from reading.
fn survive(movie: &[u8], length: u64) {
    let Ok(index) = Index::read(movie, length) else {
        return;
    };
    let samples: u64 = index
        .tracks
        .iter()
        .map(|track| u64::from(track.len()))
        .sum();
    assert!(samples <= u64::from(limits::SAMPLES));
    assert!(index.memory() <= limits::SAMPLES as usize * limits::SAMPLE_BYTES);
    for track in &index.tracks {
        let cuts = if track.is_video() {
            cut::video(track, &Targets::default(), &[])
        } else {
            cut::audio_alone(track, &Targets::default())
        };
        if let Ok(cuts) = cuts {
            assert_eq!(cuts.iter().map(|cut| cut.count).sum::<u32>(), track.len());
        }
    }
}

#[test]
fn every_truncation_is_survived() {
    if !has_ffmpeg() {
        return;
    }
    let (movie, length) = movie(&film());
    for end in 0..movie.len() {
        survive(&movie[..end], length);
    }
}

#[test]
fn every_changed_byte_is_survived() {
    if !has_ffmpeg() {
        return;
    }
    let (movie, length) = movie(&film());
    for place in 0..movie.len() {
        for value in [0, 0xff] {
            let mut changed = movie.clone();
            changed[place] = value;
            survive(&changed, length);
        }
    }
}

#[test]
fn the_seed_of_the_fuzzer_is_a_film() {
    let seed = include_bytes!("../../../../fuzz/seeds/movie/small");
    let index = read(seed).unwrap();
    let names: Vec<_> = index
        .tracks
        .iter()
        .map(|track| track.codec.name.as_str())
        .collect();
    assert_eq!(names, ["avc1.64000A", "mp4a.40.2"]);
    assert_eq!(index.tracks[1].language, "deu");
}

#[test]
fn a_cut_file_has_no_index() {
    if !has_ffmpeg() {
        return;
    }
    let source = film();
    for end in 0..source.bytes.len() {
        let found = read(&source.bytes[..end]);
        assert!(matches!(found, Err(Fault::Damaged(_))), "{end}: {found:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn flips_are_survived(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        if let Some((movie, length)) = shared() {
            let mut changed = movie.clone();
            for (place, value) in flips {
                changed[place.index(movie.len())] = value;
            }
            survive(&changed, *length);
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        survive(&bytes, 1 << 20);
        let _ = read(&bytes);
    }
}

fn shared() -> Option<&'static (Vec<u8>, u64)> {
    static FILM: std::sync::OnceLock<Option<(Vec<u8>, u64)>> = std::sync::OnceLock::new();
    FILM.get_or_init(|| has_ffmpeg().then(|| movie(&film())))
        .as_ref()
}

/// Those of the fuzz target `subtitle`: whole, cut short at every byte, and changed at every byte.
#[test]
#[expect(clippy::disallowed_methods, reason = "seeds are files")]
fn seeds_of_subtitles_are_read_with_care() {
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/subtitle");
    let mut seeds = 0;
    for seed in std::fs::read_dir(place).unwrap() {
        let bytes = std::fs::read(seed.unwrap().path()).unwrap();
        assert!(subtitle::Subtitles::read(&bytes).is_ok());
        seeds += 1;
        for end in 0..=bytes.len() {
            subtitle::outside(&bytes[..end]);
        }
        for at in 0..bytes.len() {
            for other in b"\0\n<&{->9:\xff" {
                let mut changed = bytes.clone();
                changed[at] = *other;
                subtitle::outside(&changed);
            }
        }
    }
    assert!(seeds >= 5, "{seeds}");
}
