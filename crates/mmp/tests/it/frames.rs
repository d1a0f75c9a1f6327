//! The frame's own bytes: sizes at their edges, and bytes that are no frame.

use kinora_mmp::limits::{HEADER, MAX_JSON, MAX_MEDIA_TYPE, MAX_PAYLOAD};
use kinora_mmp::{Event, Fault, Head, Header, Incoming};
use serde_json::{Map, json};

use crate::requests::object;
use crate::splits::{Seen, feed};

#[test]
fn golden_headers() {
    let check = |bytes: [u8; HEADER], json_len: u16, media_type_len: u8, payload_len: u64| {
        let header = Header {
            json_len,
            media_type_len,
            payload_len,
        };
        assert_eq!((Header::decode(&bytes), header.encode()), (header, bytes));
    };
    check([0, 0, 0, 0, 0, 0, 0, 0], 0, 0, 0);
    check([0, 1, 1, 0, 0, 0, 0, 1], 1, 1, 1);
    check([0x12, 0x34, 4, 1, 2, 3, 4, 5], 0x1234, 4, 0x01_0203_0405);
    check([0xff; HEADER], 65_535, 255, MAX_PAYLOAD);
}

fn framed(json: &[u8], media_type: &[u8], payload_len: u64) -> Vec<u8> {
    let header = Header {
        json_len: json.len() as u16,
        media_type_len: media_type.len() as u8,
        payload_len,
    };
    [header.encode().as_slice(), json, media_type].concat()
}

#[test]
fn sizes_at_their_edges() {
    let longest = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_JSON - 8));
    for json in ["", "{}", longest.as_str()] {
        for media_type in ["".to_owned(), "m".to_owned(), "m".repeat(MAX_MEDIA_TYPE)] {
            for payload in [0, 1, MAX_PAYLOAD] {
                let bytes = framed(json.as_bytes(), media_type.as_bytes(), payload);
                let seen = feed([bytes.as_slice()]);
                let Seen::Head(head) = &seen[0] else {
                    panic!("{seen:?}")
                };
                assert_eq!(
                    (head.media_type.as_str(), head.payload_len),
                    (media_type.as_str(), payload)
                );
                assert_eq!(
                    seen.len(),
                    if payload == 0 { 2 } else { 1 },
                    "End follows at once only without payload"
                );
            }
        }
    }
}

#[test]
fn the_largest_payload_is_counted_to_its_end() {
    let mut incoming = Incoming::new();
    let bytes = framed(b"{}", b"mp4", MAX_PAYLOAD);
    incoming.advance(&bytes).unwrap();
    let piece = vec![0; 1 << 20];
    for _ in 0..3 {
        let step = incoming.advance(&piece).unwrap();
        assert_eq!(
            (step.used, step.event),
            (1 << 20, Some(Event::Payload(1 << 20)))
        );
    }
    assert_eq!(incoming.wanted(), MAX_PAYLOAD - (3 << 20));
}

#[test]
fn bytes_that_are_no_json_object() {
    let deep = [b"{\"a\":".repeat(5000), b"1".to_vec(), b"}".repeat(5000)].concat();
    let cases: [(&[u8], &str); 9] = [
        (b"\xff\xfe", "can't be read"),
        (b"{\"a\":\"\xc3\"}", "can't be read"),
        (b"{", "can't be read"),
        (b"{} {}", "can't be read"),
        (b"{\"a\":NaN}", "can't be read"),
        (b"[]", "an array"),
        (b"\"compress\"", "a string"),
        (b"null", "null"),
        (&deep, "can't be read"),
    ];
    for (json, described) in cases {
        let bytes = [framed(json, b"mp4", 3), b"ABC".to_vec()].concat();
        let seen = feed([bytes.as_slice()]);
        let [Seen::Fault(fault), Seen::Payload(payload), Seen::End] = seen.as_slice() else {
            panic!("{seen:?}")
        };
        assert_eq!(
            (fault.code(), payload.as_slice()),
            ("invalid_json", b"ABC".as_slice())
        );
        assert!(fault.to_string().contains(described), "{fault}");
    }
}

#[test]
fn a_media_type_that_is_no_text() {
    let bytes = framed(b"{}", b"\xff\x00", 0);
    let seen = feed([bytes.as_slice()]);
    assert!(
        matches!(&seen[..], [Seen::Fault(Fault::MediaType { .. }), Seen::End]),
        "{seen:?}"
    );
}

#[test]
fn a_web_browser_is_turned_away_at_once() {
    let request = b"GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n";
    for seen in [feed([request.as_slice()]), feed(request.chunks(1))] {
        assert_eq!(
            seen,
            [Seen::Fault(Fault::OtherProtocol { protocol: "HTTP" })]
        );
    }
    let mut incoming = Incoming::new();
    incoming.advance(request).unwrap_err();
    assert!(incoming.advance(b"").unwrap_err().is_fatal());
}

#[test]
fn what_is_wanted_and_where_a_stream_may_end() {
    let mut incoming = Incoming::new();
    assert_eq!((incoming.wanted(), incoming.is_between_frames()), (8, true));
    incoming.advance(&[0, 2, 3]).unwrap();
    assert_eq!(
        (incoming.wanted(), incoming.is_between_frames()),
        (5, false)
    );
    incoming.advance(&[0, 0, 0, 0, 9, b'{']).unwrap();
    assert_eq!(
        (incoming.wanted(), incoming.is_between_frames()),
        (4, false)
    );
    incoming.advance(b"}mp4").unwrap();
    assert_eq!(
        (incoming.wanted(), incoming.is_between_frames()),
        (9, false)
    );
    incoming.advance(b"123456789").unwrap();
    assert_eq!(
        (incoming.wanted(), incoming.is_between_frames()),
        (0, false)
    );
    assert_eq!(incoming.advance(b"").unwrap().event, Some(Event::End));
    assert_eq!((incoming.wanted(), incoming.is_between_frames()), (8, true));
}

#[test]
fn what_does_not_fit_is_not_written() {
    let part = |head: Head| match head.encode() {
        Err(Fault::TooLarge { part, .. }) => part,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        part(Head::new(object(json!({"a": "x".repeat(MAX_JSON)})))),
        "JSON"
    );
    assert_eq!(
        part(Head::new(Map::new()).with_payload("m".repeat(256), 0)),
        "media type"
    );
    assert_eq!(
        part(Head::new(Map::new()).with_payload("mp4", MAX_PAYLOAD + 1)),
        "payload"
    );
    assert!(
        Head::new(Map::new())
            .with_payload("m".repeat(255), MAX_PAYLOAD)
            .encode()
            .is_ok()
    );
}
