//! The receiving half: any bytes in pieces of any size give the same events as in one piece.
//!
//! Input: one byte for the pieces' size, then what comes over the wire.
#![no_main]

use kinora_mmp::{Event, Head, Incoming};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((cut, wire)) = data.split_first() else {
        return;
    };
    let in_pieces = events(wire.chunks(usize::from(*cut).max(1)));
    assert_eq!(in_pieces, events(std::iter::once(wire)));
    for head in &in_pieces.heads {
        check_round_trip(head);
    }
});

/// What came, and a code for each fault.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    heads: Vec<Head>,
    payload: Vec<u8>,
    ends: usize,
    faults: Vec<&'static str>,
}

fn events<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Seen {
    let (mut incoming, mut seen) = (Incoming::new(), Seen::default());
    for mut rest in pieces {
        loop {
            let step = match incoming.advance(rest) {
                Ok(step) => step,
                Err(fault) => {
                    seen.faults.push(fault.code());
                    if fault.is_fatal() {
                        return seen;
                    }
                    continue;
                }
            };
            let (used, more) = rest.split_at(step.used);
            rest = more;
            match step.event {
                Some(Event::Head(head)) => seen.heads.push(head),
                Some(Event::Payload(n)) => seen.payload.extend_from_slice(&used[used.len() - n..]),
                Some(Event::End) => seen.ends += 1,
                None => break,
            }
        }
        assert!(rest.is_empty(), "without an event everything is used");
    }
    seen
}

/// What was read can be written (unless that makes it longer: escapes, digits) and read again. Values are
/// not compared, because the last digit of a long decimal may change in reading.
fn check_round_trip(head: &Head) {
    let Ok(bytes) = head.encode() else { return };
    let again = events(std::iter::once(bytes.as_slice()));
    assert_eq!(again.heads.len(), 1, "{:?}", again.faults);
    assert_eq!(again.heads[0].media_type, head.media_type);
    assert_eq!(again.heads[0].payload_len, head.payload_len);
    assert!(again.heads[0].json.keys().eq(head.json.keys()));
}
