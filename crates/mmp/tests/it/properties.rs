//! What must hold for any bytes and any cuts.

use kinora_mmp::limits::MAX_PAYLOAD;
use kinora_mmp::{Head, Incoming, Reply, Request};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::splits::{Seen, feed};

/// JSON objects with the words that the protocol knows, so that random requests get past the first check.
fn json_object() -> impl Strategy<Value = Map<String, Value>> {
    let word = prop::sample::select(vec![
        "operation",
        "action",
        "type",
        "command",
        "parameters",
        "args",
        "upload",
        "status",
        "compress",
        "resize",
        "trim",
        "gif",
        "crf",
        "width",
        "size",
        "1280x720",
        "start",
        "duration",
        "00:00:10",
        "-1",
        "5",
        "task_id",
        "ext",
        "digest",
        "offset",
        "length",
        "idempotency_key",
        "0123456789abcdef",
        "error",
        "progress",
        "queued",
        "accepted",
        "file_name",
        "a.mp4",
        "filter",
    ]);
    let text = prop_oneof![word.prop_map(str::to_owned), ".{0,12}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        (-2i64..7).prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 16, 4, {
        let text = text.clone();
        move |inner| {
            let object = prop::collection::btree_map(text.clone(), inner.clone(), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                object.prop_map(|members| json!(members))
            ]
        }
    });
    prop::collection::btree_map(text, value, 0..8).prop_map(|members| members.into_iter().collect())
}

fn pieces<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    at.sort_unstable();
    at.push(bytes.len());
    let mut start = 0;
    at.into_iter()
        .map(|end| &bytes[std::mem::replace(&mut start, end)..end])
        .collect()
}

proptest! {
    #[test]
    fn a_head_is_read_as_it_was_written(
        json in json_object(),
        media_type in ".{0,40}",
        payload in prop::collection::vec(any::<u8>(), 0..200),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let head = Head::new(json).with_payload(media_type, payload.len() as u64);
        let bytes = [head.encode().unwrap(), payload.clone()].concat();
        let mut expected = vec![Seen::Head(head)];
        if !payload.is_empty() {
            expected.push(Seen::Payload(payload));
        }
        expected.push(Seen::End);
        prop_assert_eq!(feed(pieces(&bytes, &cuts)), expected);
    }

    #[test]
    fn any_bytes_are_survived_and_cuts_change_nothing(
        bytes in prop::collection::vec(prop_oneof![3 => Just(0u8), 1 => any::<u8>()], 0..600),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        prop_assert_eq!(feed(pieces(&bytes, &cuts)), feed([bytes.as_slice()]));
    }

    #[test]
    fn every_call_makes_progress(bytes in prop::collection::vec(any::<u8>(), 1..300)) {
        let mut incoming = Incoming::new();
        let mut rest = bytes.as_slice();
        // A header, a head, a fault, an end: no byte needs more than four calls.
        for _ in 0..bytes.len() * 4 + 4 {
            let Ok(step) = incoming.advance(rest) else { continue };
            prop_assert!(step.used <= rest.len() && incoming.wanted() <= 65_535 + 255 + MAX_PAYLOAD);
            rest = &rest[step.used..];
            if step.event.is_none() {
                prop_assert!(rest.is_empty());
                return Ok(());
            }
        }
        prop_assert!(false, "still busy with {} bytes", rest.len());
    }

    #[test]
    fn any_object_is_survived_as_request_and_as_answer(json in json_object(), media_type in ".{0,20}", payload_len in 0..=MAX_PAYLOAD) {
        let head = Head::new(json).with_payload(media_type, payload_len);
        if let Err(fault) = Request::parse(&head) {
            prop_assert!(!fault.to_string().contains(char::is_control));
            prop_assert!(fault.to_string().len() < 4000 && !fault.code().is_empty() && !fault.solution().is_empty());
        }
        let _ = Reply::parse(&head);
    }

    #[test]
    fn what_is_canonical_stays_as_it_is(json in json_object()) {
        let head = |json| Head::new(json).with_payload("mp4", 1);
        if let Ok(Request::Submit(first)) = Request::parse(&head(json)) {
            let again = json!({"operation": first.operation, "parameters": first.parameters, "ext": []});
            let Value::Object(again) = again else { unreachable!() };
            if let Ok(Request::Submit(second)) = Request::parse(&head(again)) {
                prop_assert_eq!((first.operation, first.parameters), (second.operation, second.parameters));
            }
        }
    }
}
