//! The seeds of the fuzzer: each is what it says, and holds whole, cut short and changed.
//!
//! `KINORA_WRITE_SEEDS=1 cargo test -p kinora-chat outside` makes new ones, which is needed when OpenMLS writes its state in
//! another way.

use super::*;
use crate::attachment::{Attachment, Key};
use crate::backup::{self, Known, Said};
use crate::certificate::Device;
use crate::engine::{Event, Newcomer, Suite};
use crate::passphrase::{Chance, Passphrase, Sealer};
use crate::payload::{Content, MessageId, Progress};
use kinora_talk::field::Fixed;
use std::fs;
use std::path::{Path, PathBuf};

/// Between the places at which a state is looked at again: importing it takes its time.
const STRIDE: usize = 7;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn seeds(name: &str) -> PathBuf {
    root().join("../../fuzz/seeds").join(name)
}

#[expect(clippy::disallowed_methods, reason = "seeds are files")]
fn keep(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "seeds are files")]
fn kept(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}

fn all(name: &str) -> Vec<Vec<u8>> {
    let files = fs::read_dir(seeds(name)).unwrap();
    files.map(|entry| kept(&entry.unwrap().path())).collect()
}

#[expect(clippy::disallowed_types, reason = "key packages have to be of today")]
fn today() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_secs()
}

fn device(name: &str, byte: u8) -> Client {
    let newcomer = Newcomer::new(Suite::Classic).unwrap();
    let device = Device {
        name: Name::folded(name).unwrap(),
        id: DeviceId([byte; 16]),
        label: "device".into(),
        leaf_key: newcomer.leaf_key(),
        issued_at: 1,
    };
    let certificate = Identity::new(&[byte; 32]).certify(device).unwrap();
    newcomer.certified(certificate).unwrap()
}

fn messages() -> Vec<(&'static str, Message)> {
    let id = MessageId {
        device: DeviceId([1; 16]),
        counter: 4,
    };
    let file = Attachment {
        parcel: Fixed([4; 16]),
        key: Key([6; 32]),
        size: 5,
        name: "a.mp4".into(),
        media_type: "video/mp4".into(),
    };
    let contents = [
        ("text", Content::Text("hello".into())),
        ("receipt", Content::Receipt(Progress::Read, vec![id])),
        ("edit", Content::Edit(id, "other words".into())),
        (
            "card",
            Content::Card("0f".repeat(16), "A show".into(), 751_000),
        ),
        ("file", Content::File(file)),
    ];
    let message = |(name, content)| (name, Message::new(1, 1_790_000_000_000, None, content));
    contents.map(message).into()
}

/// The beginning of a file, and records as they stand in it.
fn backups() -> Vec<(&'static str, Vec<u8>)> {
    let chance = Chance {
        salt: [1; 16],
        key: [2; 16],
        nonce: [3; 16],
    };
    let passphrase = Passphrase::known("correct horse battery".into());
    let (_, head) = Sealer::new(&passphrase, 1, &chance).unwrap();
    let asha = Name::folded("asha").unwrap();
    let known = Known {
        name: "ravi".into(),
        key: [2; 32],
        is_verified: true,
    };
    let said = Said {
        peer: "ravi".into(),
        is_own: true,
        device: [1; 16],
        counter: 4,
        written_ms: 1_790_000_000_000,
        at_ms: 1_790_000_000_001,
        text: "hello".into(),
        content: Some(minicbor::to_vec(&messages()[0].1).unwrap()),
        is_edited: true,
        progress: 2,
    };
    let record = |(name, record): (&'static str, Record)| {
        let bytes = record.to_bytes().unwrap();
        (name, bytes[LENGTH_BYTES..].to_vec())
    };
    let records = [
        ("owner", Record::Head(backup::Head::new(&asha, [9; 32]))),
        ("contact", Record::Contact(known)),
        ("removal", Record::Removal(vec![1, 2, 3])),
        ("said", Record::Said(said)),
    ];
    let mut all = vec![("file", head)];
    all.extend(records.map(record));
    all
}

fn write() {
    for (name, message) in messages() {
        keep(
            &seeds("chat_payload").join(name),
            &message.to_bytes().unwrap(),
        );
    }
    let newcomer = crate::handover::Newcomer::new(&[9; 32]).unwrap();
    keep(
        &seeds("chat_code").join("code"),
        newcomer.code().to_string().as_bytes(),
    );
    for (name, text) in [
        ("plain", "a.mp4"),
        ("up", "../../.ssh/id"),
        ("bell", "a\u{7}\n\u{202e}4pm.exe"),
    ] {
        keep(&seeds("chat_file_name").join(name), text.as_bytes());
    }
    for (name, bytes) in backups() {
        keep(&seeds("chat_backup").join(name), &bytes);
    }
    let (asha, mut ravi) = (device("asha", 1), device("ravi", 2));
    let packages = ravi.key_packages(2, today()).unwrap();
    let open = |id: u8, package: &Vec<u8>| {
        let opened = asha.open([id; 32], std::slice::from_ref(package), today(), &view());
        let (mut group, pending) = opened.unwrap();
        group.confirm().unwrap();
        (group, pending.welcome.unwrap())
    };
    let (mut first, welcome) = open(1, &packages[0]);
    let group = ravi.join(&welcome, &view()).unwrap();
    let (_, welcome) = open(2, &packages[1]);
    let text = messages().remove(0).1.to_bytes().unwrap();
    let message = first.seal(asha.keys(), &text).unwrap();
    let commit = first.update(asha.keys()).unwrap().commit;
    for (name, bytes) in [
        ("welcome", &welcome),
        ("message", &message),
        ("commit", &commit),
        ("package", &packages[0]),
    ] {
        keep(&seeds("chat_mls").join(name), bytes);
    }
    keep(&root().join("src/outside/client"), &ravi.export());
    keep(&root().join("src/outside/group"), &group.export());
}

#[expect(clippy::disallowed_methods, reason = "somebody asks for new seeds")]
fn is_asked_for() -> bool {
    std::env::var("KINORA_WRITE_SEEDS").is_ok()
}

#[test]
fn seeds_of_mls_are_taken() {
    if is_asked_for() {
        return write();
    }
    let seed = |name: &str| kept(&seeds("chat_mls").join(name));
    let mut ravi = Client::import(CLIENT).unwrap();
    assert_eq!(ravi.join(&seed("welcome"), &view()).unwrap().id(), [2; 32]);
    let mut group = Group::import(GROUP).unwrap();
    let Event::Message { payload, .. } = group.open_message(&seed("message"), &view()).unwrap()
    else {
        panic!("it is a message");
    };
    assert_eq!(
        Message::from_bytes(&payload).unwrap(),
        messages().remove(0).1
    );
    let commit = group.open_message(&seed("commit"), &view()).unwrap();
    assert!(matches!(commit, Event::Commit { .. }));
}

/// Of what stands in a backup no state is written, so the bytes are always the same.
#[test]
fn seeds_of_backups_are_what_is_written() {
    for (name, bytes) in backups() {
        assert!(kept(&seeds("chat_backup").join(name)) == bytes, "{name}");
    }
}

#[test]
fn every_seed_holds_whole_cut_and_changed() {
    for (name, parser) in PARSERS {
        let stride = if *name == "chat_mls" { STRIDE } else { 1 };
        for seed in all(name) {
            parser(&seed);
            for at in (0..seed.len()).step_by(stride) {
                parser(&seed[..at]);
                let mut other = seed.clone();
                for change in [0x01, 0x80, 0xff] {
                    other[at] = seed[at] ^ change;
                    parser(&other);
                }
            }
        }
    }
}
