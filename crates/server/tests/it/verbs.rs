//! What each verb does for a client that keeps to the rules.

use crate::peer::House;
use crate::wire::clip;
use serde_json::json;

#[test]
fn ping_tells_version_and_limits() {
    let house = House::new();
    let answer = house.connect().ask(json!({"action": "ping"}), "", b"");
    assert_eq!(answer.text("status"), "success");
    assert_eq!(answer.text("version"), env!("CARGO_PKG_VERSION"));
}

#[test]
fn three_verbs_bring_a_smaller_file_back() {
    let house = House::new();
    let order = json!({"action": "upload", "type": "compress", "parameters": {}});
    let accepted = house.connect().ask(order, "mp4", clip());
    assert_eq!(accepted.text("status"), "accepted");
    let task = accepted.text("task_id").to_owned();
    let done = house.connect().wait_for(&task);
    assert_eq!(done.text("status"), "completed", "{:?}", done.json);
    let mut peer = house.connect();
    let result = peer.ask(json!({"action": "download", "task_id": task}), "", b"");
    assert_eq!(result.media_type, "mp4");
    assert!(result.payload.len() < clip().len());
    assert_eq!(&result.payload[4..8], b"ftyp");
}

#[test]
fn an_operation_by_itself_is_answered_with_its_result() {
    let mut house = House::new();
    let mut peer = house.connect();
    let result = peer.ask(json!({"operation": "audio"}), "mp4", clip());
    assert_eq!(result.media_type, "mp3", "{:?}", result.json);
    assert_eq!(result.text("status"), "success");
    drop(peer);
    house.stop();
    assert_eq!(house.kept(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn the_native_way_is_confirmed_on_both_sides() {
    let house = House::new();
    let mut peer = house.connect();
    let ext = json!(["digest", "resume", "job"]);
    let key = "k".repeat(32);
    let order = json!({
        "action": "upload", "operation": "compress", "parameters": {}, "ext": ext,
        "idempotency_key": key, "commit": "confirm", "length": clip().len(), "offset": 0,
    });
    let received = peer.ask(order.clone(), "mp4", clip());
    assert_eq!(received.text("status"), "received", "{:?}", received.json);
    let digest = blake3::hash(clip()).to_hex().to_string();
    let confirm = json!({
        "action": "confirm", "idempotency_key": key, "ext": ext, "digest": {"blake3": digest},
    });
    let accepted = peer.ask(confirm.clone(), "", b"");
    let task = accepted.text("task_id").to_owned();
    assert_eq!(
        peer.ask(confirm, "", b"").text("task_id"),
        task,
        "the same word, the same job"
    );
    assert_eq!(
        peer.ask(order.clone(), "mp4", clip()).text("task_id"),
        task,
        "the same key, the same job"
    );
    let done = peer.wait_for(&task);
    assert_eq!(done.text("status"), "completed");
    let result = peer.ask(
        json!({"action": "download", "task_id": task, "ext": ext}),
        "",
        b"",
    );
    let whole = result.payload.clone();
    let said = result.text("digest");
    assert_eq!(said, blake3::hash(&whole).to_hex().as_str());
    let rest = json!({"action": "download", "task_id": task, "ext": ext, "offset": 1000});
    assert_eq!(peer.ask(rest, "", b"").payload, &whole[1000..]);
    let word = json!({"action": "confirm", "task_id": task, "ext": ext});
    assert_eq!(peer.ask(word.clone(), "", b"").text("status"), "success");
    assert_eq!(peer.ask(word, "", b"").text("status"), "success");
    let again = peer.ask(json!({"action": "download", "task_id": task}), "", b"");
    assert_eq!(again.text("code"), "result_expired");
    assert_eq!(
        peer.ask(order, "mp4", clip()).text("task_id"),
        task,
        "a late repetition makes no second job"
    );
    assert_eq!(house.kept(), Vec::<std::path::PathBuf>::new());
}
