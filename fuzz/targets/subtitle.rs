//! Subtitles as people wrote them. What must hold stands in `kinora_stream::subtitle::outside`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| kinora_stream::subtitle::outside(data));
