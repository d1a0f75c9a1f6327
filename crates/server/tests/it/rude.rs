//! Clients that break the rules: each costs little, and leaves nothing behind.

use crate::peer::{House, clip};
use serde_json::json;
use std::io::Write;
use std::net::Shutdown;

#[test]
fn a_wrong_digest_keeps_nothing() {
    let house = House::new();
    let order = json!({"operation": "compress", "digest": {"blake3": "0".repeat(64)}});
    let refused = house.connect().ask(order, "mp4", clip());
    assert_eq!(refused.text("code"), "digest_mismatch");
    assert_eq!(house.kept(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn garbage_gets_an_error_and_the_server_lives() {
    let house = House::new();
    let mut peer = house.connect();
    peer.stream
        .write_all(b"\x00\x05\x00\x00\x00\x00\x00\x00hello")
        .unwrap();
    assert_eq!(peer.answer().text("status"), "error");
    let answer = peer.ask(json!({"action": "ping"}), "", b"");
    assert_eq!(
        answer.text("status"),
        "success",
        "the same connection goes on"
    );
}

#[test]
fn a_tebibyte_is_refused_before_its_first_byte() {
    let house = House::with(|config| config.storage.ceiling = 1 << 30);
    let mut peer = house.connect();
    peer.send_head(json!({"operation": "compress"}), "mp4", (1 << 40) - 1);
    let refused = peer.answer();
    assert_eq!(refused.text("code"), "storage_full");
    assert!(!refused.text("solution").is_empty());
    assert_eq!(house.kept(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn an_upload_that_breaks_off_leaves_no_trace_wherever_it_does() {
    let mut house = House::new();
    for cut in [1, 7, 8, 20, 100, 1000, clip().len() / 2] {
        let mut peer = house.connect();
        let head = kinora_mmp::frame::Head {
            json: json!({"operation": "compress"})
                .as_object()
                .unwrap()
                .clone(),
            media_type: "mp4".into(),
            payload_len: clip().len() as u64,
        };
        let mut bytes = head.encode().unwrap();
        bytes.extend_from_slice(clip());
        peer.stream.write_all(&bytes[..cut]).unwrap();
        peer.stream.shutdown(Shutdown::Both).unwrap();
    }
    house.stop();
    assert_eq!(house.kept(), Vec::<std::path::PathBuf>::new());
}
