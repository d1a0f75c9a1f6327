//! What must hold stands in `kinora_chat::outside`.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| kinora_chat::outside::run("chat_backup", data));
