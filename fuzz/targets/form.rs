//! A form of HTTP, in pieces. What must hold stands in `kinora_server::outside`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| kinora_server::outside::run("form", data));
