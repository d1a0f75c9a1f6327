//! What one client may take: its share of the space, connections, requests; and what a broken upload gives back.

use crate::http::client::Caller;
use crate::peer::House;
use crate::wire::{Answer, Peer, clip};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::Shutdown;

/// The clip's size as it is announced.
fn whole() -> u64 {
    clip().len() as u64
}

fn order(key: u8, offset: u64) -> Value {
    json!({
        "action": "upload", "operation": "audio", "ext": ["digest", "resume", "job"],
        "idempotency_key": format!("{key:032}"), "offset": offset, "length": clip().len(),
    })
}

/// Announces an upload, sends some of it, and is gone; returns when the server has noticed.
fn broken(peer: &mut Peer, key: u8, upto: usize) {
    peer.send_head(order(key, 0), "mp4", whole());
    peer.stream.write_all(&clip()[..upto]).unwrap();
    peer.stream.shutdown(Shutdown::Write).unwrap();
    assert!(peer.try_answer().is_err(), "there is nothing to answer");
}

/// Announces an upload and sends nothing; returns when the server has reserved its space.
fn announced(house: &House, last: u8, key: u8) -> Peer {
    let before = reserved(house);
    let mut peer = house.connect_as(last);
    peer.send_head(order(key, 0), "mp4", whole());
    while reserved(house) < before + whole() {}
    peer
}

fn reserved(house: &House) -> u64 {
    let answer = Caller::nobody(house.http()).ask("GET", "/api/status", &[], b"");
    let status: Value = serde_json::from_slice(&answer.body).unwrap();
    status["storage_reserved"].as_u64().unwrap()
}

fn on_disk(house: &House) -> u64 {
    let sizes = house
        .kept()
        .into_iter()
        .map(|path| path.metadata().unwrap().len());
    sizes.sum()
}

fn refused(answer: &Answer, code: &str) {
    assert_eq!(answer.text("code"), code, "{:?}", answer.json);
}

#[test]
fn a_broken_upload_holds_what_has_come_and_no_more() {
    let house = House::with(|config| config.storage.ceiling = whole() + 20_000);
    broken(&mut house.connect(), 1, 10_000);
    assert_eq!((reserved(&house), on_disk(&house)), (10_000, 10_000));
    let other = announced(&house, 2, 2);
    let mut peer = house.connect();
    refused(
        &peer.ask(order(1, 10_000), "mp4", &clip()[10_000..]),
        "storage_full",
    );
    drop(other);
    while reserved(&house) > 10_000 {}
    let done = house
        .connect()
        .ask(order(1, 10_000), "mp4", &clip()[10_000..]);
    assert_eq!(done.text("status"), "accepted", "{:?}", done.json);
    let task = done.text("task_id").to_owned();
    assert_eq!(house.connect().wait_for(&task).text("status"), "completed");
}

#[test]
fn an_upload_that_is_only_announced_costs_nothing() {
    let house = House::new();
    let session = Caller::new(house.http());
    let fields = [
        ("tus-resumable", "1.0.0".to_owned()),
        ("upload-length", "1000000000".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let made = session.ask("POST", "/files/", &fields, b"");
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!((reserved(&house), on_disk(&house)), (0, 0));
}

#[test]
fn a_client_has_its_share_of_the_space() {
    let house = House::with(|config| {
        config.storage.ceiling = 3 * whole();
        config.storage.client_percent = 50;
    });
    let _first = announced(&house, 2, 1);
    let mut second = house.connect_as(2);
    refused(
        &second.ask(order(2, 0), "mp4", clip()),
        "client_storage_full",
    );
    let _other = announced(&house, 3, 3);
    let form = [("content-type", "multipart/form-data; boundary=b")];
    let answer = Caller::nobody(house.http()).ask("POST", "/api/jobs", &form, b"--b--\r\n");
    assert_ne!(answer.status, 507, "{answer:?}");
}

/// A client from elsewhere, by the word of a proxy.
fn proxied(house: &House, source: &str) -> Peer {
    let mut peer = house.connect_as(9);
    let head = format!("PROXY TCP4 {source} 192.0.2.1 1234 9001\r\n");
    peer.stream.write_all(head.as_bytes()).unwrap();
    peer
}

#[test]
fn a_client_has_some_connections_and_requests() {
    let proxies = || vec!["127.0.0.9".parse().unwrap()];
    let house = House::with(|config| {
        config.mmp.proxies = proxies();
        (config.mmp.client_connections, config.mmp.client_rate) = (2, 1);
    });
    let ping = |peer: &mut Peer| Value::from(peer.ask(json!({"action": "ping"}), "", b"").json);
    let mut first = proxied(&house, "203.0.113.9");
    let mut second = proxied(&house, "203.0.113.9");
    assert_eq!(
        (&ping(&mut first)["status"], &ping(&mut second)["status"]),
        (&json!("success"), &json!("success"))
    );
    let mut third = proxied(&house, "203.0.113.9");
    assert_eq!(
        third.stream.read(&mut [0]).unwrap(),
        0,
        "it is one too many"
    );
    assert_eq!(
        ping(&mut proxied(&house, "203.0.113.10"))["status"],
        "success"
    );
    let many: Vec<_> = (0..40).map(|_| ping(&mut first)).collect();
    assert!(
        many.iter()
            .any(|answer| answer["code"] == "too_many_requests"),
        "{many:?}"
    );
    assert_eq!(ping(&mut house.connect())["status"], "success");
}

#[test]
fn requests_over_http_have_a_rate() {
    let house = House::with(|config| {
        config.http.proxies = vec!["127.0.0.1".parse().unwrap()];
        config.http.client_rate = 1;
    });
    let ask = |from: &str| {
        let caller = Caller::nobody(house.http()).with("x-forwarded-for", from);
        caller.ask("GET", "/healthz", &[], b"")
    };
    let answers: Vec<_> = (0..40).map(|_| ask("203.0.113.9")).collect();
    let refused = answers.iter().find(|answer| answer.status == 429);
    let refused = refused.expect("forty are more than ten and one a second");
    assert_eq!(refused.code(), "too_many_requests");
    assert!(refused.field("retry-after").is_some());
    assert_eq!(ask("203.0.113.10").status, 200);
}
