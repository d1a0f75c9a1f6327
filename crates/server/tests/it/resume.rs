//! Uploads that break off and go on.

use crate::peer::House;
use crate::wire::{Peer, clip};
use serde_json::{Value, json};
use std::io::Write;
use std::net::Shutdown;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn order(offset: usize) -> Value {
    json!({
        "action": "upload", "operation": "audio", "ext": ["digest", "resume", "job"],
        "idempotency_key": KEY, "offset": offset, "length": clip().len(),
    })
}

fn resume(peer: &mut Peer) -> crate::wire::Answer {
    let ask = json!({"action": "resume", "idempotency_key": KEY, "ext": ["resume"]});
    peer.ask(ask, "", b"")
}

/// Sends `upto` bytes and ends the sending side; returns when the server has let go of the connection, and so has
/// written down where it is.
fn break_off(peer: &mut Peer, upto: usize) {
    peer.send_head(order(0), "mp4", clip().len() as u64);
    peer.stream.write_all(&clip()[..upto]).unwrap();
    peer.stream.shutdown(Shutdown::Write).unwrap();
    assert!(peer.try_answer().is_err(), "there is nothing to answer");
}

#[test]
fn an_upload_goes_on_where_it_stopped() {
    let house = House::new();
    break_off(&mut house.connect(), 10_000);
    let mut peer = house.connect();
    let have = resume(&mut peer);
    assert_eq!(have.json["have"], 10_000, "{:?}", have.json);
    let accepted = peer.ask(order(10_000), "mp4", &clip()[10_000..]);
    assert_eq!(accepted.text("status"), "accepted", "{:?}", accepted.json);
    let task = accepted.text("task_id").to_owned();
    assert_eq!(peer.wait_for(&task).text("status"), "completed");
    assert_eq!(
        resume(&mut peer).text("task_id"),
        task,
        "it is a job by now"
    );
}

#[test]
fn an_upload_goes_on_after_the_server_was_restarted() {
    let mut house = House::new();
    break_off(&mut house.connect(), 20_000);
    house.stop();
    house.start();
    let mut peer = house.connect();
    assert_eq!(resume(&mut peer).json["have"], 20_000);
    let mut order = order(20_000);
    order["digest"] = json!({"blake3": blake3::hash(clip()).to_hex().as_str()});
    let accepted = peer.ask(order, "mp4", &clip()[20_000..]);
    assert_eq!(accepted.text("status"), "accepted", "{:?}", accepted.json);
}

#[test]
fn a_server_that_stops_keeps_what_has_arrived() {
    let mut house = House::new();
    let mut peer = house.connect();
    peer.send_head(order(0), "mp4", clip().len() as u64);
    peer.stream.write_all(&clip()[..30_000]).unwrap();
    while resume(&mut house.connect()).text("status") == "error" {}
    house.stop();
    assert_eq!(peer.answer().text("code"), "server_stopping");
    house.start();
    let mut peer = house.connect();
    let have = resume(&mut peer).json["have"].as_u64().unwrap();
    let have = usize::try_from(have).unwrap();
    assert!(have <= 30_000, "{have}");
    let accepted = peer.ask(order(have), "mp4", &clip()[have..]);
    assert_eq!(accepted.text("status"), "accepted", "{:?}", accepted.json);
}

#[test]
fn a_stale_offset_is_refused_with_the_right_one() {
    let house = House::new();
    break_off(&mut house.connect(), 10_000);
    let mut peer = house.connect();
    let refused = peer.ask(order(5_000), "mp4", &clip()[5_000..]);
    assert_eq!(refused.text("code"), "offset_mismatch");
    assert_eq!(refused.json["have"], 10_000);
    assert_eq!(
        resume(&mut peer).json["have"],
        10_000,
        "nothing was stored twice"
    );
}

#[test]
fn the_newer_connection_takes_an_upload_over() {
    let house = House::new();
    let mut older = house.connect();
    older.send_head(order(0), "mp4", clip().len() as u64);
    older.stream.write_all(&clip()[..10_000]).unwrap();
    let mut newer = house.connect();
    while resume(&mut newer).text("status") == "error" {}
    let refused = newer.ask(order(clip().len() - 1), "mp4", &clip()[..1]);
    assert_eq!(
        refused.text("code"),
        "offset_mismatch",
        "{:?}",
        refused.json
    );
    assert_eq!(older.answer().text("code"), "upload_in_use");
    let have = usize::try_from(resume(&mut newer).json["have"].as_u64().unwrap()).unwrap();
    let accepted = newer.ask(order(have), "mp4", &clip()[have..]);
    assert_eq!(accepted.text("status"), "accepted", "{:?}", accepted.json);
}

#[test]
fn an_unknown_key_begins_anew() {
    let house = House::new();
    assert_eq!(resume(&mut house.connect()).text("code"), "unknown_upload");
}
