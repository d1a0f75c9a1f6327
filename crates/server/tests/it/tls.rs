//! Handshakes that are begun and not ended, at both doors. Whole ones are tested with the programs of others, on the
//! binary.

use crate::peer::House;
use crate::wire::Peer;
use serde_json::json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How a ClientHello begins, in a record of 512 bytes.
const HELLO: [u8; 11] = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];

/// Impatient, and with a single place at each door.
fn house() -> House {
    House::with(|config| {
        let patience = Some(Duration::from_millis(300));
        (config.mmp.patience, config.http.patience) = (patience, patience);
        (config.mmp.max_connections, config.http.max_connections) = (1, 1);
    })
}

fn begun(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

/// Reads until the server closes.
fn is_cut(mut stream: TcpStream) -> bool {
    let mut said = Vec::new();
    // A reset is an end as well.
    let _ = stream.read_to_end(&mut said);
    said.is_empty()
}

#[test]
fn half_a_handshake_holds_its_place_only_for_a_while() {
    let house = house();
    for n in [1, 5, 9, 11] {
        for address in [house.address(), house.http()] {
            assert!(
                is_cut(begun(address, &HELLO[..n])),
                "{n} bytes at {address}"
            );
        }
    }
    // Whoever waits behind one for the only place gets it.
    let _first = begun(house.address(), &HELLO);
    let mut peer = Peer::connect(house.address());
    assert_eq!(
        peer.ask(json!({"action": "ping"}), "", b"").text("status"),
        "success"
    );
}

#[test]
fn what_is_no_handshake_after_all_is_answered_so() {
    let house = house();
    let mut record = HELLO.to_vec();
    record.resize(5 + 512, 0xff);
    let mut stream = begun(house.http(), &record);
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    // An alert of TLS (RFC 8446 §6), or nothing more.
    assert!(said.is_empty() || said[0] == 21, "{said:?}");
}

#[test]
fn a_head_that_looks_like_a_handshake_is_a_head() {
    let house = house();
    let mut peer = house.connect();
    let json = format!(
        "{{\"action\":\"ping\",\"x\":\"{}\"}}",
        "a".repeat(5_635 - 24)
    );
    let mut frame = vec![22, 3, 3, 0, 0, 0, 0, 3];
    assert_eq!(json.len(), 5_635);
    frame.extend_from_slice(json.as_bytes());
    frame.extend_from_slice(b"mp4");
    // In two pieces, of which the first does not tell which it is.
    peer.stream.write_all(&frame[..3]).unwrap();
    peer.stream.write_all(&frame[3..]).unwrap();
    peer.stream.write_all(b"abc").unwrap();
    assert_eq!(peer.answer().text("status"), "success");
}
