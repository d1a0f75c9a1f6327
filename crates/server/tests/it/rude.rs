//! Clients that break the rules: each costs little, and leaves nothing behind.

use crate::peer::House;
use crate::wire::clip;
use serde_json::json;
use std::io::Write;
use std::net::Shutdown;
use std::time::Duration;

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
    assert_eq!(refused.text("code"), "file_too_large");
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

/// A server that has no patience.
fn hasty(ms: u64) -> House {
    House::with(|config| config.mmp.patience = Some(Duration::from_millis(ms)))
}

#[test]
fn a_client_that_stops_sending_is_let_go() {
    // Made before anybody's time runs.
    let clip = clip();
    let mut house = hasty(1000);
    let mut midway = house.connect();
    midway.send_head(json!({"operation": "compress"}), "mp4", clip.len() as u64);
    midway.stream.write_all(&clip[..1000]).unwrap();
    let mut in_head = house.connect();
    in_head.stream.write_all(b"\0").unwrap();
    let mut silent = house.connect();
    assert_eq!(midway.answer().text("code"), "too_slow");
    assert_eq!(in_head.answer().text("code"), "too_slow");
    assert!(midway.try_answer().is_err());
    assert!(in_head.try_answer().is_err());
    assert!(
        silent.try_answer().is_err(),
        "nobody waits for an answer between two frames"
    );
    house.stop();
    assert_eq!(house.kept(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_client_that_sends_a_trickle_is_let_go() {
    let clip = clip();
    let mut house = hasty(1000);
    let mut trickle = house.connect();
    trickle.send_head(json!({"operation": "compress"}), "mp4", clip.len() as u64);
    trickle.stream.set_nodelay(true).unwrap();
    // Byte after byte, as fast as one-byte packets go: far below 64 KiB in each window.
    let sent = clip.iter().take_while(|byte| {
        let pause = std::time::Instant::now();
        while pause.elapsed().as_micros() < 200 {}
        trickle.stream.write_all(std::slice::from_ref(byte)).is_ok()
    });
    assert!(sent.count() < clip.len(), "the server ended it");
    house.stop();
    assert_eq!(house.kept(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_client_that_stops_reading_is_let_go() {
    let clip = clip();
    let mut house = hasty(1000);
    let mut peer = house.connect();
    let socket = socket2::SockRef::from(&peer.stream);
    socket.set_recv_buffer_size(4096).unwrap();
    // Sound without compression: more than the socket buffers of both sides hold.
    let order =
        json!({"operation": "convert", "parameters": {"format": "avi", "video": "rawvideo"}});
    peer.send(order, "mp4", clip);
    // Another client's request is served all the same.
    assert_eq!(
        house
            .connect()
            .ask(json!({"action": "ping"}), "", b"")
            .text("status"),
        "success"
    );
    house
        .connect_as(9)
        .ask(json!({"operation": "audio"}), "mp4", clip);
    let mut first = [0u8; 1];
    std::io::Read::read_exact(&mut peer.stream, &mut first).unwrap();
    house.stop();
    assert_eq!(house.kept(), Vec::<std::path::PathBuf>::new());
}
