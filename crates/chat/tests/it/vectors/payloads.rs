//! Messages as they are encrypted, and what becomes of them when bytes are others.

use super::{Dice, check_vectors, hex};
use kinora_chat::attachment::{Attachment, Key};
use kinora_chat::certificate::DeviceId;
use kinora_chat::payload::{Content, Message, MessageId, Progress, Seen};
use kinora_talk::field::Fixed;
use serde_json::{Value, json};

const WRITER: DeviceId = DeviceId([5; 16]);
/// Changed messages of each good one.
const CHANGES: usize = 120;

fn id(counter: u64) -> MessageId {
    MessageId {
        device: DeviceId([7; 16]),
        counter,
    }
}

fn file(name: &str, size: u64, media_type: &str) -> Content {
    Content::File(Attachment {
        parcel: Fixed([4; 16]),
        key: Key([6; 32]),
        size,
        name: name.into(),
        media_type: media_type.into(),
    })
}

fn good() -> Vec<Message> {
    let seen = Some(Seen {
        id: id(2),
        digest: [9; 32],
    });
    let of = |counter, at, seen, content| Message::new(counter, at, seen, content);
    vec![
        of(1, 0, None, Content::Text(String::new())),
        of(
            3,
            1_790_000_000_000,
            seen,
            Content::Text("नमस्ते, 世界".into()),
        ),
        of(
            24,
            255,
            seen,
            Content::Receipt(Progress::Delivered, vec![id(1)]),
        ),
        of(
            256,
            65_536,
            None,
            Content::Receipt(Progress::Read, (1..=30).map(id).collect()),
        ),
        of(
            u64::MAX,
            u64::MAX,
            seen,
            Content::Edit(id(u64::MAX), "ho".into()),
        ),
        of(
            70_000,
            1 << 33,
            None,
            Content::Card("t1".into(), "Sita".into(), 751_000),
        ),
        of(2, 1, None, Content::Text("x".repeat(1_000))),
        of(
            9,
            1 << 41,
            seen,
            file("Sita sings the blues.mp4", 70_000, "video/mp4"),
        ),
        of(10, 5, None, file("नमस्ते", 1 << 40, "")),
    ]
}

fn id_json(id: &MessageId) -> Value {
    json!({"device": id.device.to_string(), "counter": id.counter.to_string()})
}

fn described(message: &Message) -> Value {
    let content = match &message.content {
        Content::Text(text) => json!({"kind": "text", "text": text}),
        Content::Receipt(progress, ids) => {
            let progress = if *progress == Progress::Read {
                "read"
            } else {
                "delivered"
            };
            json!({"kind": "receipt", "progress": progress, "ids": ids.iter().map(id_json).collect::<Vec<_>>()})
        }
        Content::Edit(of, text) => json!({"kind": "edit", "of": id_json(of), "text": text}),
        Content::Card(title, name, at) => {
            json!({"kind": "card", "title": title, "name": name, "at_ms": at.to_string()})
        }
        Content::File(file) => json!({
            "kind": "file", "parcel": hex(&file.parcel.0), "key": hex(&file.key.0), "size": file.size, "name": file.name,
            "media_type": file.media_type,
        }),
    };
    let seen = message
        .last_seen
        .map(|seen| json!({"id": id_json(&seen.id), "digest": hex(&seen.digest)}));
    json!({
        "counter": message.counter.to_string(),
        "written_at_ms": message.written_at_ms.to_string(),
        "last_seen": seen,
        "content": content,
        "bytes": hex(&message.to_bytes().unwrap()),
        "digest": hex(&message.digest(WRITER)),
    })
}

/// The digest of what was read, or the code of the refusal.
fn verdict(padded: &[u8]) -> String {
    match Message::from_bytes(padded) {
        Ok(message) => hex(&message.digest(WRITER)),
        Err(fault) => fault.code().into(),
    }
}

fn padded(cbor: &[u8]) -> Vec<u8> {
    let length = u32::try_from(cbor.len()).unwrap();
    let mut bytes = [&length.to_be_bytes(), cbor].concat();
    bytes.resize(bytes.len().next_power_of_two().max(256), 0);
    bytes
}

/// One byte of a good message set to another, by the dice; most of them within the CBOR.
fn changed(messages: &[Message]) -> Vec<Value> {
    let mut dice = Dice(11);
    let mut changes = Vec::new();
    for (of, message) in messages.iter().enumerate() {
        let bytes = message.to_bytes().unwrap();
        let length = usize::try_from(u32::from_be_bytes(*bytes.first_chunk().unwrap())).unwrap();
        for _ in 0..CHANGES {
            let (at, to) = (
                dice.roll((length + 6).min(bytes.len())),
                u8::try_from(dice.roll(256)).unwrap(),
            );
            let mut other = bytes.clone();
            other[at] = to;
            changes.push(json!([of, at, to, verdict(&other)]));
        }
    }
    changes
}

/// CBOR that no client writes, and any may get.
const ODD: &[(&str, &[u8])] = &[
    ("nothing", b""),
    ("another kind", b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x09\x81\x61x"),
    ("another version", b"\xa4\x00\x02\x01\x01\x02\x00\x04\x82\x00\x81\x61x"),
    ("a version beyond a byte", b"\xa4\x00\x19\x01\x00\x01\x01\x02\x00\x04\x82\x00\x81\x61x"),
    ("an unknown key", b"\xa5\x00\x01\x01\x01\x02\x00\x04\x82\x00\x81\x61x\x18\x40\x81\x01"),
    ("an unknown key below nothing", b"\xa5\x00\x01\x01\x01\x02\x00\x04\x82\x00\x81\x61x\x20\xf6"),
    ("unknown keys with all kinds of values", b"\xa9\x00\x01\x01\x01\x02\x00\x04\x82\x00\x81\x61x\x05\xc1\x1a\0\0\0\0\x06\xfb\0\0\0\0\0\0\0\0\x07\x5f\x41\x01\xff\x08\x9f\x01\xff\x09\xbf\x01\xf5\xff"),
    ("something behind it", b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x00\x81\x61x\x00"),
    ("a map without an end", b"\xbf\x00\x01\x01\x01\x02\x00\x04\x82\x00\x81\x61x\xff"),
    ("a map that is never closed", b"\xbf\x00\x01\x01\x01\x02\x00\x04\x82\x00\x81\x61x"),
    ("lists without an end", b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x00\x9f\x61x\xff"),
    ("content without an end", b"\xa4\x00\x01\x01\x01\x02\x00\x04\x9f\x00\x81\x61x\xff"),
    ("more parts than it has", b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x00\x83\x61x\x01\x02"),
    ("fewer parts than it has", b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x00\x80"),
    ("long numbers", b"\xa4\x18\x00\x19\x00\x01\x01\x1a\0\0\0\x01\x02\x1b\0\0\0\0\0\0\0\0\x04\x82\x18\x00\x81\x78\x01x"),
    ("a key twice", b"\xa5\x00\x01\x01\x01\x01\x02\x02\x00\x04\x82\x00\x81\x61x"),
    ("no counter", b"\xa3\x00\x01\x02\x00\x04\x82\x00\x81\x61x"),
    ("the counter nought", b"\xa4\x00\x01\x01\x00\x02\x00\x04\x82\x00\x81\x61x"),
    ("nothing seen, in words", b"\xa5\x00\x01\x01\x01\x02\x00\x03\xf6\x04\x82\x00\x81\x61x"),
    ("a text in pieces", b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x00\x81\x7f\x61x\xff"),
    ("a text that is none", b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x00\x81\x61\xff"),
    ("a negative counter", b"\xa4\x00\x01\x01\x20\x02\x00\x04\x82\x00\x81\x61x"),
    ("a key that is a text", b"\xa5\x00\x01\x01\x01\x02\x00\x04\x82\x00\x81\x61x\x61k\x00"),
    ("an endless list", b"\xa1\x00\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
    ("a length of no kind", b"\xa4\x00\x1c\x01\x01\x02\x00\x04\x82\x00\x81\x61x"),
    ("another progress", b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x01\x82\x02\x80"),
    ("a receipt for nothing", b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x01\x82\x01\x80"),
    ("a list", b"\x80"),
    ("a file with nothing", b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x04\x81\x80"),
    ("a file without a name", b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x04\x81\x85\x50\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x58\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x60\x60"),
    ("a file with a part more", b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x04\x81\x86\x50\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x58\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x61n\x60\x18\x2a"),
    ("a file with a short key", b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x04\x81\x85\x50\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x44\0\0\0\0\x01\x61n\x60"),
    ("a file beyond all sizes", b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x04\x81\x85\x50\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x58\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x1b\xff\xff\xff\xff\xff\xff\xff\xff\x61n\x60"),
];

#[test]
fn vectors_of_payloads() {
    let good = good();
    let odd = |(what, cbor): &(&str, &[u8])| json!({"what": what, "cbor": hex(cbor), "verdict": verdict(&padded(cbor))});
    check_vectors(
        "payloads",
        &json!({
            "about": "Good messages; [which, byte, what it is now, what becomes of it]; odd CBOR. What is read is named by its digest.",
            "writer": WRITER.to_string(),
            "good": good.iter().map(described).collect::<Vec<_>>(),
            "changed": changed(&good),
            "odd": ODD.iter().map(odd).collect::<Vec<_>>(),
        }),
    );
}
