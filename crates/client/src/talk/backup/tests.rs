//! What goes in comes out, and nothing else does; and a file of the first version still opens.

use super::*;
use crate::talk::store::{KeptPerson, Store, Write as Part};
use kinora_chat::Name;
use kinora_chat::backup::{Head as Whose, Said};
use kinora_chat::payload::{Content, Progress};

/// 2^10: what is tested here is not how long it takes.
const QUICK: u8 = 10;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.into()).unwrap()
}

fn asha() -> Name {
    Name::new("asha").unwrap()
}

fn said(counter: u64, is_own: bool) -> Said {
    Said {
        peer: "ravi".into(),
        is_own,
        device: [7; 16],
        counter,
        written_ms: 5,
        at_ms: 6,
        text: format!("text {counter}"),
        content: (counter == 2).then(|| vec![0x82, 0x09, 0x80]),
        is_edited: counter == 1,
        progress: 1,
    }
}

/// A directory of somebody who knows three people and has said something.
fn lived_in(messages: impl Iterator<Item = Said>) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    drop(Core::open(place.path(), Some(&asha()), "old", 1).unwrap());
    let mut store = Store::open(place.path()).unwrap();
    let person = |(name, standing): (&str, u8)| {
        Part::Person(KeptPerson {
            name: name.into(),
            standing,
            known: (standing > 0).then_some([standing; 32]),
            shown: [9; 32],
            devices: Vec::new(),
        })
    };
    let people = [("ravi", 2), ("mia", 4), ("tom", 1), ("zoe", 0)];
    let mut parts: Vec<Part> = people.map(person).into();
    parts.extend(messages.map(Part::Bygone));
    store.write(&parts).unwrap();
    place
}

fn two() -> tempfile::TempDir {
    lived_in([said(1, false), said(2, true)].into_iter())
}

fn kept(place: &Path, word: &str) -> (Backup, Vec<u8>) {
    let mut bytes = Vec::new();
    let backup = back_up_with(place, &passphrase(word), QUICK, &mut bytes).unwrap();
    (backup, bytes)
}

fn opened(bytes: &[u8], word: &str) -> Result<(Backup, tempfile::TempDir), Fault> {
    let place = tempfile::tempdir().unwrap();
    let backup = restore(place.path(), &passphrase(word), &mut &*bytes, None, "new")?;
    Ok((backup, place))
}

#[test]
fn what_was_known_and_said_comes_back_and_no_ratchet_does() {
    let old = two();
    let (backup, bytes) = kept(old.path(), "correct horse battery");
    assert_eq!((backup.contacts, backup.messages), (3, 2));
    let (again, new) = opened(&bytes, "correct horse battery").unwrap();
    assert_eq!(again, backup);
    let (before, after) = (
        Store::open(old.path()).unwrap(),
        Store::open(new.path()).unwrap(),
    );
    let ravi = Name::new("ravi").unwrap();
    let past = after.past(&ravi, 9).unwrap();
    assert_eq!(past.len(), 2);
    assert_eq!(past, before.past(&ravi, 9).unwrap());
    assert_eq!(after.new_messages().unwrap(), []);
    assert_eq!(after.owed().unwrap(), [], "nobody is told again what came");
    let standings = after.people().unwrap().into_iter();
    let mut standings: Vec<_> = standings
        .map(|each| (each.name, each.standing, each.known.unwrap()[0]))
        .collect();
    standings.sort();
    let known = [("mia", 2, 4), ("ravi", 2, 2), ("tom", 1, 1)];
    assert_eq!(
        standings,
        known.map(|(name, how, key)| (name.into(), how, key))
    );
    let same = |name: &str| after.fact(name).unwrap() == before.fact(name).unwrap();
    assert!(same("identity") && !same("client"));
    assert_eq!(after.conversations().unwrap().len(), 0);
    drop((before, after));

    // The new one has keys of its own, and nothing that is to be sent.
    let core = Core::open(new.path(), None, "x", 1).unwrap();
    assert!(core.is_done());
}

#[test]
fn another_passphrase_and_a_changed_file_bring_back_nothing() {
    let old = two();
    let (_, bytes) = kept(old.path(), "correct horse battery");
    let check = |bytes: &[u8], word: &str, code: &str| {
        let fault = opened(bytes, word).unwrap_err();
        assert_eq!(fault.code(), code, "{fault}");
    };
    check(&bytes, "correct horse staple", "wrong_passphrase");
    for end in [0, 30, 150, 170, bytes.len() - 1] {
        check(&bytes[..end], "correct horse battery", "backup_damaged");
    }
    check(&[0; 4096], "correct horse battery", "backup_damaged");
    let mut changed = bytes.clone();
    let last = changed.len() - 40;
    changed[last] ^= 1;
    check(&changed, "correct horse battery", "backup_damaged");
    let newer = [b"age-encryption.org/v9\n", &bytes[22..]].concat();
    check(&newer, "correct horse battery", "backup_newer");

    let place = tempfile::tempdir().unwrap();
    let word = passphrase("correct horse battery");
    let other = restore(place.path(), &word, &mut &bytes[..], Some("ravi"), "new");
    assert_eq!(other.unwrap_err().code(), "other_name");
    restore(place.path(), &word, &mut &bytes[..], Some("asha"), "new").unwrap();
    let nameless = tempfile::tempdir().unwrap();
    let none = back_up_with(nameless.path(), &word, QUICK, &mut Vec::new());
    assert_eq!(none.unwrap_err().code(), "no_name");
}

#[test]
fn where_somebody_is_nobody_comes_back() {
    let old = two();
    let (_, bytes) = kept(old.path(), "correct horse battery");
    let mut store = Store::open(old.path()).unwrap();
    let registered = Part::Fact("registered", 1_u64.to_be_bytes().to_vec());
    store.write(&[registered]).unwrap();
    drop(store);
    let word = passphrase("correct horse battery");
    let again = restore(old.path(), &word, &mut &bytes[..], None, "new");
    assert_eq!(again.unwrap_err().code(), "has_name");
}

/// A backup in which these records stand.
fn made_of(records: &[Record]) -> Vec<u8> {
    let (word, mut bytes) = (passphrase("correct horse battery"), Vec::new());
    let mut sealing = Sealing::new(&word, QUICK, &mut bytes).unwrap();
    for record in records {
        sealing.put(&record.to_bytes().unwrap()).unwrap();
    }
    sealing.finish().unwrap();
    bytes
}

#[test]
fn records_that_make_no_sense_bring_back_nothing() {
    let head = || Record::Head(Whose::new(&asha(), [3; 32]));
    let nobody = Said {
        peer: "No Name".into(),
        ..said(1, true)
    };
    let said = || Record::Said(said(1, true));
    for wrong in [
        vec![],
        vec![said()],
        vec![head(), said(), head()],
        vec![head(), said(), Record::Said(nobody)],
        vec![head(), said(), Record::Removal(vec![1, 2])],
    ] {
        let place = tempfile::tempdir().unwrap();
        let word = passphrase("correct horse battery");
        let refused = restore(place.path(), &word, &mut &made_of(&wrong)[..], None, "new");
        assert_eq!(refused.unwrap_err().code(), "backup_damaged");
        let store = Store::open(place.path()).unwrap();
        assert!(store.fact("identity").unwrap().is_none() && store.people().unwrap().is_empty());
        let ravi = Name::new("ravi").unwrap();
        assert_eq!(store.past(&ravi, 9).unwrap(), []);
    }
    for wrong in [&[0, 0][..], &[0, 0, 0, 9, 1], &[0xff, 0xff, 0xff, 0xff]] {
        let (word, mut bytes) = (passphrase("correct horse battery"), Vec::new());
        let mut sealing = Sealing::new(&word, QUICK, &mut bytes).unwrap();
        sealing.put(&head().to_bytes().unwrap()).unwrap();
        sealing.put(wrong).unwrap();
        sealing.finish().unwrap();
        let fault = opened(&bytes, "correct horse battery").unwrap_err();
        assert_eq!(fault.code(), "backup_damaged", "{wrong:?}");
    }
}

/// Over the borders of many chunks, whole chunks among them.
#[test]
fn a_long_history_comes_back_in_order() {
    let long = |counter: u64| Said {
        text: format!(
            "{counter} {}",
            "x".repeat(usize::try_from(counter * 37 % 5_000).unwrap())
        ),
        content: None,
        ..said(counter, counter.is_multiple_of(2))
    };
    let old = lived_in((1..=1_000).map(long));
    let (backup, bytes) = kept(old.path(), "correct horse battery");
    assert_eq!(backup.messages, 1_000);
    assert!(bytes.len() > 20 * CHUNK_BYTES, "{}", bytes.len());
    let (_, new) = opened(&bytes, "correct horse battery").unwrap();
    let past = |place: &Path| {
        let store = Store::open(place).unwrap();
        store.past(&Name::new("ravi").unwrap(), 2_000).unwrap()
    };
    assert!(past(old.path()) == past(new.path()));
}

/// What the page has made (`web/tests/talk/backup.test.ts`, which writes it anew), and its words.
#[test]
fn a_backup_of_the_page_opens() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/talk/backup/page.age");
    let (backup, place) = opened(&std::fs::read(&path).unwrap(), "correct horse battery").unwrap();
    assert_eq!(backup.owner.name, asha());
    assert_eq!((backup.contacts, backup.messages), (1, 3));
    let ravi = Name::new("ravi").unwrap();
    let store = Store::open(place.path()).unwrap();
    let past = store.past(&ravi, 9).unwrap();
    let texts: Vec<&str> = past.iter().map(|said| said.text.as_str()).collect();
    assert_eq!(texts, ["text 1", "नमस्ते", "Our holiday"]);
    let card = Content::Card("ab".into(), "Our holiday".into(), 751_000);
    assert_eq!(past[2].content, Some(card));
    assert_eq!(past[0].progress, Some(Progress::Read));
    assert_eq!(store.removals().unwrap().len(), 1);
}

/// A backup is opened years later: whoever changes what stands in it notices here. `KINORA_WRITE_SEEDS=1` writes it anew.
#[test]
fn a_backup_of_the_first_version_opens() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/talk/backup/golden.age");
    if std::env::var("KINORA_WRITE_SEEDS").is_ok() {
        std::fs::write(&path, kept(two().path(), "correct horse battery").1).unwrap();
    }
    let golden = std::fs::read(&path).unwrap();
    let (backup, place) = opened(&golden, "correct horse battery").unwrap();
    assert_eq!(backup.owner.name, asha());
    assert_eq!((backup.contacts, backup.messages), (3, 2));
    let ravi = Name::new("ravi").unwrap();
    let past = Store::open(place.path()).unwrap().past(&ravi, 9).unwrap();
    let texts: Vec<&str> = past.iter().map(|said| said.text.as_str()).collect();
    assert_eq!(texts, ["text 1", "text 2"]);
}
