//! What must hold stands in `kinora_talk::outside`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| kinora_talk::outside::run("talk_removal", data));
