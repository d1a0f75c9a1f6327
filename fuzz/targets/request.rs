//! Requests: any object is understood or refused in words that are fit to show.
//!
//! Input: JSON, a line feed, the media type.
#![no_main]

use kinora_mmp::{Head, Request};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const OPERATIONS: [&str; 7] = [
    "compress", "resize", "aspect", "audio", "gif", "webm", "convert",
];

fuzz_target!(|data: &[u8]| {
    let Some(head) = head(data) else { return };
    match Request::parse(&head) {
        Ok(Request::Submit(submit)) => {
            assert!(OPERATIONS.contains(&submit.operation.as_str()));
            assert_eq!(submit.length - submit.offset, head.payload_len);
            assert!(submit.media_type.bytes().all(|b| b.is_ascii_alphanumeric()));
            assert!(
                submit
                    .file_name
                    .is_none_or(|name| !name.contains(['/', '\\', '\0', '\n']))
            );
        }
        Ok(_) => {}
        Err(fault) => {
            let description = fault.to_string();
            assert!(!fault.is_fatal() && description.len() < 4000);
            assert!(!description.contains(char::is_control), "{description:?}");
        }
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
