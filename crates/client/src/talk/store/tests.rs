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
        content: None,
        is_edited: false,
        progress: None,
        was_shown: false,
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
    // Of this user too, when it was written on another device.
    store
        .write(&[Write::Received(message("mia", 9, true))])
        .unwrap();
    let own = Write::Written(message("mia", 3, true), [1; 16], vec![9]);
    store.write(&[own]).unwrap();
    let new = store.new_messages().unwrap();
    let counters: Vec<u64> = new.iter().map(|each| each.counter).collect();
    assert_eq!(counters, [1, 2, 9]);
    store.shown(new[0].id, false).unwrap();
    store.shown(new[2].id, true).unwrap();
    assert_eq!(store.new_messages().unwrap().len(), 1);
    // What was shown and has changed is shown again, once.
    for text in ["other", "another"] {
        let edit = Write::Edited(new[0].id, text.into());
        store
            .write(&[edit, Write::Edited(new[1].id, text.into())])
            .unwrap();
    }
    let changed = store.new_messages().unwrap();
    let told: Vec<_> = changed
        .iter()
        .map(|each| (each.text.as_str(), each.was_shown, each.is_edited))
        .collect();
    assert_eq!(told, [("another", true, true), ("another", false, true)]);
    store.shown(new[0].id, false).unwrap();
    assert_eq!(store.new_messages().unwrap().len(), 1);
}

#[test]
fn who_wrote_is_told_once_how_far_it_came() {
    let place = tempfile::tempdir().unwrap();
    let mut store = Store::open(place.path()).unwrap();
    let ravi = Name::new("ravi").unwrap();
    for counter in 1..=3 {
        let received = Write::Received(message("ravi", counter, false));
        store.write(&[received]).unwrap();
    }
    let own = Write::Received(message("ravi", 9, true));
    store.write(&[own]).unwrap();
    let untold = |store: &Store, progress| {
        let untold = store.untold(&ravi, progress, 2).unwrap();
        untold.iter().map(|(_, id)| id.counter).collect::<Vec<_>>()
    };
    assert!(untold(&store, Progress::Read).is_empty());
    assert_eq!(untold(&store, Progress::Delivered), [1, 2]);
    assert_eq!(store.owed().unwrap(), std::slice::from_ref(&ravi));
    let ids: Vec<i64> = (1..=3).collect();
    let told = ids
        .iter()
        .map(|id| Write::Progress(*id, Progress::Delivered));
    store.write(&told.collect::<Vec<_>>()).unwrap();
    assert!(store.owed().unwrap().is_empty());
    store.read(&ravi).unwrap();
    assert_eq!(untold(&store, Progress::Read), [1, 2]);
    store.write(&[Write::Progress(1, Progress::Read)]).unwrap();
    // It never goes back.
    store
        .write(&[Write::Progress(1, Progress::Delivered)])
        .unwrap();
    assert_eq!(untold(&store, Progress::Read), [2, 3]);
    store.write(&[Write::Hushed]).unwrap();
    assert!(store.owed().unwrap().is_empty());
}

#[test]
fn how_far_the_sending_of_a_file_has_come_is_kept() {
    let place = tempfile::tempdir().unwrap();
    let mut store = Store::open(place.path()).unwrap();
    let sending = Sending {
        reference: [1; 16],
        to: Name::new("ravi").unwrap(),
        path: "/films/holiday.mp4".into(),
        begun: None,
    };
    store.write(&[Write::Sending(sending.clone())]).unwrap();
    assert_eq!(store.sendings().unwrap(), std::slice::from_ref(&sending));
    let begun = Begun {
        parcel: [2; 16],
        key: Key([3; 32]),
        size: 5_000_000,
        modified_ns: -1,
        chunks: 64,
        digest: [4; 32],
    };
    let write = Write::Begun([1; 16], begun.clone());
    store.write(&[write]).unwrap();
    let begun = Some(begun);
    assert_eq!(store.sendings().unwrap(), [Sending { begun, ..sending }]);
    store.write(&[Write::Gone([1; 16])]).unwrap();
    assert!(store.sendings().unwrap().is_empty());
}

#[test]
fn a_file_of_the_first_version_is_taken_up() {
    let place = tempfile::tempdir().unwrap();
    let direct = Connection::open(place.path().join("talk.db")).unwrap();
    let old = format!(
        "{} insert into messages values (1, 'ravi', 1, x'{id}', 1, 5, 6, 'mine', 1), (2, 'ravi', 0, x'{id}', 2, 5, 6, 'theirs', 0);
         insert into outbox values (7, 'ravi', x'{id}', x'09', null, 1);
         pragma user_version = 1",
        STEPS[0],
        id = "07".repeat(16),
    );
    direct.execute_batch(&old).unwrap();
    drop(direct);
    let store = Store::open(place.path()).unwrap();
    let row = store.outbox().unwrap().remove(0);
    assert_eq!((row.id, row.message), (7, Some(1)));
    let new = store.new_messages().unwrap();
    assert_eq!((new.len(), new[0].text.as_str()), (1, "theirs"));
    // Of what came before there were receipts nobody is told.
    assert!(store.owed().unwrap().is_empty());
    let said = store.past(&Name::new("ravi").unwrap(), 9).unwrap();
    assert_eq!((said[0].waits, said[0].progress), (Some([7; 16]), None));
    drop(store);
    Store::open(place.path()).unwrap();
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
