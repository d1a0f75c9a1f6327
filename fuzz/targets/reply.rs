//! Answers: our own client survives any server.
//!
//! Input: JSON, a line feed, the media type.
#![no_main]

use kinora_mmp::{Head, Reply};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Some(head) = head(data) else { return };
    match Reply::parse(&head) {
        Ok(Reply::State(state)) => assert!((0.0..=1.0).contains(&state.progress)),
        Ok(Reply::Result(delivery)) => {
            assert!(
                delivery
                    .extension
                    .is_none_or(|ending| ending.bytes().all(|b| b.is_ascii_alphanumeric()))
            );
            assert!(
                delivery
                    .file_name
                    .is_none_or(|name| !name.contains(['/', '\\', '\0', '\n']))
            );
        }
        Ok(_) | Err(_) => {}
    }
});

fn head(data: &[u8]) -> Option<Head> {
    let end = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (json, rest) = data.split_at(end);
    let media_type = std::str::from_utf8(rest.get(1..).unwrap_or_default()).ok()?;
    match serde_json::from_slice(json).ok()? {
        Value::Object(json) => Some(Head::new(json).with_payload(media_type, 5)),
        _ => None,
    }
}
