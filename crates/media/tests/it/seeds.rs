//! The seed of the fuzz target `probe`: read whole, cut short at every byte, and changed at every byte.

use kinora_media::{limits, probe};

const SEED: &[u8] = include_bytes!("../../../../fuzz/seeds/probe/small");

fn check(bytes: &[u8]) -> bool {
    let read = probe::parse(bytes);
    if let Ok(info) = &read {
        assert!(info.streams.len() <= limits::STREAMS);
    }
    read.is_ok()
}

#[test]
fn what_ffprobe_says_is_read_with_care() {
    assert!(check(SEED));
    for at in 0..SEED.len() {
        assert!(!check(&SEED[..at]), "{at}");
        for other in [b'0', b'-', b'9', b'"', b'[', 0xff] {
            let mut bytes = SEED.to_vec();
            bytes[at] = other;
            check(&bytes);
        }
    }
}
