//! The index of an MP4: any bytes give an index within its limits, or a fault; what follows from an index holds.
#![no_main]

use kinora_stream::cut::{self, Targets};
use kinora_stream::locate::Locator;
use kinora_stream::{Index, limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut locator = Locator::new(data.len() as u64);
    loop {
        let wanted = locator.wanted();
        let begin = wanted.offset as usize;
        match locator.feed(&data[begin..begin + wanted.length as usize]) {
            Ok(None) => {}
            Ok(Some(place)) => {
                let begin = place.offset as usize;
                return check(&data[begin..begin + place.length as usize], data.len() as u64);
            }
            Err(_) => return check(data, 1 << 20),
        }
    }
});

fn check(movie: &[u8], length: u64) {
    let Ok(index) = Index::read(movie, length) else {
        return;
    };
    let samples: u64 = index.tracks.iter().map(|track| u64::from(track.len())).sum();
    assert!(samples <= u64::from(limits::SAMPLES));
    for track in &index.tracks {
        let cuts = if track.is_video() {
            cut::video(track, &Targets::default(), &[])
        } else {
            cut::audio_alone(track, &Targets::default())
        };
        let Ok(cuts) = cuts else { continue };
        assert_eq!(cuts.iter().map(|cut| cut.count).sum::<u32>(), track.len());
    }
}
