use super::*;

const DEVICE: DeviceId = DeviceId([1; 16]);

fn take(ledger: &mut Ledger, counter: u64) -> bool {
    ledger.take(
        MessageId {
            device: DEVICE,
            counter,
        },
        counter * 100,
    )
}

fn check(ledger: &Ledger, expected: &[(u64, u64, u64, u64)]) {
    let gaps = ledger.gaps();
    let found: Vec<_> = gaps
        .iter()
        .map(|gap| (gap.first, gap.last, gap.after_ms, gap.before_ms))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn gaps_open_shrink_split_and_close() {
    let mut ledger = Ledger::default();
    assert!(take(&mut ledger, 1));
    assert!(take(&mut ledger, 6));
    check(&ledger, &[(2, 5, 100, 600)]);
    assert!(take(&mut ledger, 3));
    check(&ledger, &[(2, 2, 100, 300), (4, 5, 300, 600)]);
    assert!(!take(&mut ledger, 3));
    assert!(!take(&mut ledger, 6));
    assert!(take(&mut ledger, 2) && take(&mut ledger, 5) && take(&mut ledger, 4));
    check(&ledger, &[]);
    assert!(!take(&mut ledger, 4));
}

#[test]
fn it_is_taken_up_as_it_was() {
    let mut ledger = Ledger::default();
    take(&mut ledger, 1);
    take(&mut ledger, 6);
    let bytes = ledger.export();
    assert_eq!(Ledger::import(&bytes), Ok(ledger));
    for at in 0..bytes.len() {
        assert_eq!(Ledger::import(&bytes[..at]), Err(Fault::StateDamaged));
    }
}

/// As the version before this one wrote it.
#[test]
fn an_old_one_is_taken_up() {
    let mut ledger = Ledger::default();
    take(&mut ledger, 1);
    let line = [0x83, 1, 0x18, 100, 0x80];
    let old = [&[0x81, 0xa1, 0x50][..], &DEVICE.0, &line].concat();
    assert_eq!(Ledger::import(&old), Ok(ledger));
}

#[test]
fn one_that_came_in_later_misses_nothing_of_before() {
    let mut ledger = Ledger::default();
    ledger.begin(DEVICE, 4_000);
    let mut ledger = Ledger::import(&ledger.export()).unwrap();
    assert!(take(&mut ledger, 41));
    assert!(!take(&mut ledger, 40));
    check(&ledger, &[]);
    assert!(take(&mut ledger, 43));
    check(&ledger, &[(42, 42, 4_100, 4_300)]);
    // Came in again: what was written between is not missing, what was missing is.
    ledger.begin(DEVICE, 9_000);
    assert!(!take(&mut ledger, 43));
    assert!(take(&mut ledger, 50) && take(&mut ledger, 52));
    check(&ledger, &[(42, 42, 4_100, 4_300), (51, 51, 5_000, 5_200)]);
}

#[test]
fn hostile_counters_make_no_long_lists() {
    let mut ledger = Ledger::default();
    for n in 0..10_000 {
        take(&mut ledger, 1 + n * 2);
    }
    assert_eq!(ledger.gaps().len(), GAPS_MAX);
    assert!(ledger.take(
        MessageId {
            device: DEVICE,
            counter: u64::MAX
        },
        0
    ));
    assert!(!ledger.take(
        MessageId {
            device: DEVICE,
            counter: u64::MAX
        },
        0
    ));
    assert_eq!(ledger.gaps().last().map(|gap| gap.last), Some(u64::MAX - 1));
}
