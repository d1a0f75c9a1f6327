//! What only a file can get wrong.

use super::*;
use std::os::unix::fs::PermissionsExt;

fn message(peer: &str, counter: u64, is_own: bool) -> KeptMessage {
    KeptMessage {
        id: 0,
        peer: Name::new(peer).unwrap(),
        is_own,
        device: [7; 16],
        counter,
        written_ms: 5,
        at_ms: 6,
        text: format!("text {counter}"),
    }
}

#[test]
fn it_is_for_its_owner_alone_and_for_one_process() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("a/b");
    let mut store = Store::open(&directory).unwrap();
    store.write(&[Write::Fact("x", vec![1])]).unwrap();
    for entry in std::fs::read_dir(&directory).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
    let second = Store::open(&directory);
    assert!(matches!(second, Err(Fault::TalkInUse { .. })));
    drop(store);
    let again = Store::open(&directory).unwrap();
    assert_eq!(again.fact("x").unwrap(), Some(vec![1]));
}

#[test]
fn a_step_is_whole_or_not_there() {
    let place = tempfile::tempdir().unwrap();
    let mut store = Store::open(place.path()).unwrap();
    let written = Write::Written(message("ravi", 1, true), [1; 16], vec![9]);
    store.write(&[written]).unwrap();
    let row = store.outbox().unwrap().remove(0);
    assert_eq!(
        (row.reference, row.payload, row.frame),
        ([1; 16], vec![9], None)
    );
    // The second row has a reference to a message that is not there.
    let sent = [Write::Sent(row.id), Write::Fact("x", vec![1])];
    store
        .connection
        .execute_batch(
            "create trigger no before insert on facts begin select raise(abort, 'full'); end",
        )
        .unwrap();
    assert!(store.write(&sent).is_err());
    assert_eq!(store.outbox().unwrap().len(), 1);
    assert_eq!(store.fact("x").unwrap(), None);
}

#[test]
fn a_message_is_kept_once_and_shown_until_it_was() {
    let place = tempfile::tempdir().unwrap();
    let mut store = Store::open(place.path()).unwrap();
    for _ in 0..2 {
        store
            .write(&[Write::Received(message("ravi", 1, false))])
            .unwrap();
    }
    store
        .write(&[Write::Received(message("ravi", 2, false))])
        .unwrap();
    store
        .write(&[Write::Received(message("mia", 9, true))])
        .unwrap();
    let new = store.new_messages().unwrap();
    let counters: Vec<u64> = new.iter().map(|each| each.counter).collect();
    assert_eq!(counters, [1, 2]);
    store.shown(new[0].id).unwrap();
    assert_eq!(store.new_messages().unwrap().len(), 1);
}

#[test]
fn a_file_of_a_newer_program_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    drop(Store::open(place.path()).unwrap());
    let direct = Connection::open(place.path().join("talk.db")).unwrap();
    direct.pragma_update(None, "user_version", 9).unwrap();
    drop(direct);
    assert!(matches!(
        Store::open(place.path()),
        Err(Fault::TalkFile { .. })
    ));
}
