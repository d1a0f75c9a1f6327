//! Slow peers, in simulated time.

use kinora_mmp::limits::{
    HEAD_MS, IDLE_MS, PAYLOAD_GRACE_MS, PAYLOAD_WINDOW_BYTES, PAYLOAD_WINDOW_MS,
};
use kinora_mmp::{Event, Head, Incoming, Pace, PaceLimits, Step};

const START: u64 = 1_000_000;

fn payload_phase() -> Pace {
    let mut pace = Pace::new(START);
    pace.on_step(
        START,
        &Step {
            used: 20,
            event: Some(Event::Head(Head::default())),
        },
    );
    pace
}

#[test]
fn a_silent_connection_is_kept_for_the_idle_time() {
    let pace = Pace::new(START);
    assert_eq!(pace.deadline_ms(), START + IDLE_MS);
    assert!(!pace.is_too_slow(START + IDLE_MS - 1) && pace.is_too_slow(START + IDLE_MS));
}

#[test]
fn a_head_is_measured_from_its_first_byte() {
    let mut pace = Pace::new(START);
    let first = START + IDLE_MS - 1;
    // One byte every ten seconds: each is progress, none of them buys time.
    for at in [first, first + 10_000, first + 20_000] {
        pace.on_bytes(at, 1);
        assert_eq!(pace.deadline_ms(), first + HEAD_MS);
    }
    assert!(pace.is_too_slow(first + HEAD_MS));
    assert_eq!(pace.fault().code(), "too_slow");
    assert!(pace.fault().is_fatal());
}

#[test]
fn a_payload_has_grace_and_then_a_lowest_rate() {
    let mut pace = payload_phase();
    let first_deadline = START + PAYLOAD_GRACE_MS + PAYLOAD_WINDOW_MS;
    assert_eq!(pace.deadline_ms(), first_deadline);
    pace.on_bytes(START + 1000, PAYLOAD_WINDOW_BYTES - 1);
    assert_eq!(pace.deadline_ms(), first_deadline, "trickling buys no time");
    let last_moment = first_deadline - 1;
    pace.on_bytes(last_moment, 1);
    assert_eq!(pace.deadline_ms(), last_moment + PAYLOAD_WINDOW_MS);
}

#[test]
fn the_lowest_rate_is_enough_for_ever_and_half_of_it_is_not() {
    let survives = |bytes_per_second: u64| {
        let mut pace = payload_phase();
        (1..7200).all(|second| {
            let now = START + second * 1000;
            let in_time = !pace.is_too_slow(now);
            pace.on_step(
                now,
                &Step {
                    used: bytes_per_second as usize,
                    event: Some(Event::Payload(bytes_per_second as usize)),
                },
            );
            in_time
        })
    };
    assert!(survives(
        PAYLOAD_WINDOW_BYTES * 1000 / PAYLOAD_WINDOW_MS + 20
    ));
    assert!(!survives(PAYLOAD_WINDOW_BYTES * 500 / PAYLOAD_WINDOW_MS));
}

#[test]
fn what_this_side_wastes_is_excused() {
    let mut pace = payload_phase();
    let before = pace.deadline_ms();
    pace.excuse(5_000);
    assert_eq!(pace.deadline_ms(), before + 5_000);
}

#[test]
fn a_whole_conversation() {
    let mut incoming = Incoming::new();
    let mut pace = Pace::with_limits(
        0,
        PaceLimits {
            idle_ms: 100,
            head_ms: 10,
            ..PaceLimits::default()
        },
    );
    let frame = b"\x00\x02\x03\x00\x00\x00\x00\x02{}mp4AB";
    let (mut now, mut deadlines) = (0, Vec::new());
    for byte in frame.chunks(1) {
        now += 1;
        loop {
            let step = incoming
                .advance(if incoming.wanted() == 0 { &[] } else { byte })
                .unwrap();
            pace.on_step(now, &step);
            if step.used > 0 || step.event.is_none() {
                break;
            }
        }
        deadlines.push(pace.deadline_ms());
    }
    assert_eq!(deadlines[..12], [11; 12]);
    let first_window = 13 + PAYLOAD_GRACE_MS + PAYLOAD_WINDOW_MS;
    assert_eq!(deadlines[12..], [first_window; 3]);
    let end = incoming.advance(&[]).unwrap();
    pace.on_step(now, &end);
    assert_eq!(pace.deadline_ms(), now + 100);
}

#[test]
fn a_clock_near_its_end_does_not_wrap() {
    let mut pace = Pace::new(u64::MAX - 5);
    pace.on_bytes(u64::MAX - 4, u64::MAX);
    pace.on_head(u64::MAX - 3);
    pace.on_bytes(u64::MAX - 2, u64::MAX);
    pace.excuse(u64::MAX);
    assert_eq!(pace.deadline_ms(), u64::MAX);
}
