//! However the bytes are cut, the events are the same.

use kinora_mmp::{Event, Fault, Incoming};

use crate::golden::{ANSWERS, REQUESTS};

/// What came out of the receiving half, with adjoining payload put together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Seen {
    Head(kinora_mmp::Head),
    Payload(Vec<u8>),
    End,
    Fault(Fault),
}

/// Feeds the pieces one after another and collects what is seen; checks the contract on the way.
pub(crate) fn feed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Seen> {
    let mut incoming = Incoming::new();
    let mut seen: Vec<Seen> = Vec::new();
    for piece in pieces {
        let mut rest = piece;
        loop {
            let step = match incoming.advance(rest) {
                Ok(step) => step,
                Err(fault) => {
                    let fatal = fault.is_fatal();
                    seen.push(Seen::Fault(fault));
                    if fatal {
                        return seen;
                    }
                    continue;
                }
            };
            let (used, more) = rest.split_at(step.used);
            rest = more;
            match step.event {
                Some(Event::Head(head)) => seen.push(Seen::Head(head)),
                Some(Event::Payload(n)) => {
                    assert!(n >= 1 && n <= used.len());
                    let bytes = &used[used.len() - n..];
                    match seen.last_mut() {
                        Some(Seen::Payload(all)) => all.extend_from_slice(bytes),
                        _ => seen.push(Seen::Payload(bytes.to_vec())),
                    }
                }
                Some(Event::End) => seen.push(Seen::End),
                None => {
                    assert!(rest.is_empty(), "without an event everything is used");
                    break;
                }
            }
        }
    }
    seen
}

fn check_every_split(name: &str, bytes: &[u8]) {
    let whole = feed([bytes]);
    for cut in 0..=bytes.len() {
        let (left, right) = bytes.split_at(cut);
        assert_eq!(feed([left, right]), whole, "{name} cut at {cut}");
    }
    assert_eq!(feed(bytes.chunks(1)), whole, "{name} byte by byte");
}

#[test]
fn every_golden_frame_survives_every_split() {
    for golden in REQUESTS.iter().chain(ANSWERS) {
        check_every_split(golden.name, &golden.bytes());
    }
}

#[test]
fn frames_in_a_row_survive_every_split() {
    let some = |name: &str| {
        REQUESTS
            .iter()
            .find(|golden| golden.name == name)
            .unwrap()
            .bytes()
    };
    let conversation = [
        some("b_status"),
        some("c_convert"),
        some("c_ping"),
        some("a_mp3"),
    ]
    .concat();
    let ends = feed([conversation.as_slice()])
        .into_iter()
        .filter(|seen| *seen == Seen::End);
    assert_eq!(ends.count(), 4);
    check_every_split("four frames", &conversation);
}

#[test]
fn a_refused_head_is_passed_over_at_every_split() {
    let refused: [&[u8]; 4] = [
        b"\x00\x02\x03\x00\x00\x00\x00\x05[]mp4MOVIE",
        b"\x00\x01\x00\x00\x00\x00\x00\x00{",
        b"\x00\x02\x01\x00\x00\x00\x00\x03{}\xffABC",
        b"\x00\x04\x00\x00\x00\x00\x00\x01\xff\xfe\xfd\xfcX",
    ];
    let good = b"\x00\x02\x00\x00\x00\x00\x00\x00{}";
    for bytes in refused {
        let both = [bytes, good].concat();
        let seen = feed([both.as_slice()]);
        assert!(matches!(seen[0], Seen::Fault(_)));
        let after = &seen[seen.len() - 3..];
        assert!(
            matches!(after, [Seen::End, Seen::Head(_), Seen::End]),
            "{after:?}"
        );
        check_every_split("refused", &both);
    }
}
