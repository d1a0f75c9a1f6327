//! What ffprobe says of a file: any bytes give a description within its limits, or a fault.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(info) = kinora_media::probe::parse(data) {
        assert!(info.streams.len() <= kinora_media::limits::STREAMS);
    }
});
