//! Golden bytes, which other clients are tested with, too; bad bytes; and the seeds of the fuzzer, which are the same.
//!
//! After a change of the vectors: `KINORA_WRITE_SEEDS=1 cargo test -p kinora-talk seeds` writes the files anew.

use super::*;
use crate::certificate::{Certificate, Device, Identity};
use crate::field::Fixed;
use crate::removal::Removal;
use std::fs;
use std::path::{Path, PathBuf};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn bytes<const MOST: usize>(text: &str) -> Bytes<MOST> {
    Bytes::new(text.as_bytes().to_vec()).unwrap()
}

fn certificate() -> CertificateBytes {
    let device = Device {
        name: name("asha"),
        id: DeviceId([7; 16]),
        label: "laptop".into(),
        leaf_key: [9; 32],
        issued_at: 1_790_000_000,
    };
    let certificate = Identity::new(&[1; 32]).certify(device).unwrap();
    Bytes::new(certificate.to_bytes()).unwrap()
}

fn removal() -> RemovalBytes {
    let device = Certificate::from_bytes(&certificate()).unwrap();
    let removal = Removal::new(&Identity::new(&[1; 32]), &device.device, 1_790_000_001);
    Bytes::new(removal.to_bytes()).unwrap()
}

/// One of each frame of a client.
fn asks() -> Vec<(&'static str, Ask)> {
    let (reference, group) = (Fixed([1; 16]), Fixed([2; 32]));
    vec![
        (
            "register",
            Register {
                identity: IdentityKey([3; 32]),
                certificate: certificate(),
                proof: Fixed([4; 64]),
            }
            .into(),
        ),
        (
            "login",
            Login {
                device: DeviceId([7; 16]),
                proof: Fixed([4; 64]),
            }
            .into(),
        ),
        (
            "publish",
            Publish {
                packages: Few::new(vec![bytes("one"), bytes("two")]).unwrap(),
                last_resort: Some(bytes("last")),
            }
            .into(),
        ),
        (
            "claim",
            Claim {
                reference,
                name: name("ravi"),
            }
            .into(),
        ),
        (
            "open",
            Open {
                reference,
                peer: name("ravi"),
                group,
                welcome: bytes("welcome"),
                replaces: None,
                step: 1,
            }
            .into(),
        ),
        (
            "commit",
            Commit {
                reference,
                peer: name("ravi"),
                group,
                epoch: 300,
                commit: bytes("commit"),
                welcome: Some(bytes("welcome")),
                welcomed: Few::new(vec![DeviceId([8; 16])]).unwrap(),
                step: 2,
            }
            .into(),
        ),
        (
            "send",
            Send {
                reference,
                peer: name("ravi"),
                group,
                epoch: 1,
                message: bytes("sealed"),
                step: 3,
                follows: None,
            }
            .into(),
        ),
        (
            "send_behind",
            Send {
                reference,
                peer: name("ravi"),
                group,
                epoch: 1,
                message: bytes("sealed"),
                step: 3,
                follows: Some(Fixed([6; 16])),
            }
            .into(),
        ),
        (
            "ack",
            Ack {
                number: 70_000,
                step: 4,
            }
            .into(),
        ),
        (
            "signal",
            Signal {
                peer: name("ravi"),
                bytes: bytes("typing"),
            }
            .into(),
        ),
        ("look", Look {}.into()),
        ("bye", Bye {}.into()),
        (
            "remove",
            Remove {
                reference,
                removal: removal(),
            }
            .into(),
        ),
    ]
}

/// One of each frame of the server.
fn tells() -> Vec<(&'static str, Tell)> {
    let (reference, group) = (Fixed([1; 16]), Fixed([2; 32]));
    let person = Person {
        name: name("asha"),
        identity: IdentityKey([3; 32]),
        certificates: Few::new(vec![certificate()]).unwrap(),
        is_here: true,
        removals: Few::new(vec![removal()]).unwrap(),
    };
    let package = Package {
        device: DeviceId([7; 16]),
        bytes: bytes("one"),
    };
    vec![
        (
            "challenge",
            Challenge {
                nonce: Fixed([5; 32]),
                host: Text::cut("localhost:8080"),
                now_s: 1_790_000_000,
            }
            .into(),
        ),
        (
            "ready",
            Ready {
                name: name("asha"),
                packages: 20,
                has_last_resort: true,
                first: 5,
                last: 9,
                step: 4,
                pass: Some(Fixed([8; 32])),
            }
            .into(),
        ),
        (
            "people",
            People {
                people: Few::new(vec![person]).unwrap(),
                has_more: false,
            }
            .into(),
        ),
        (
            "presence",
            Presence {
                joined: Few::new(vec![name("asha")]).unwrap(),
                left: Few::default(),
            }
            .into(),
        ),
        ("published", Published { packages: 20 }.into()),
        (
            "claimed",
            Claimed {
                reference,
                packages: Few::new(vec![package]).unwrap(),
            }
            .into(),
        ),
        (
            "taken",
            Taken {
                reference,
                behind: 4,
                at_ms: 1_790_000_000_000,
            }
            .into(),
        ),
        (
            "deliver",
            Deliver {
                number: 5,
                kind: Kind::Welcome,
                from: name("asha"),
                with: name("asha"),
                group,
                epoch: 1,
                envelope: bytes("sealed"),
                at_ms: 1_790_000_000_000,
            }
            .into(),
        ),
        (
            "signalled",
            Signal {
                peer: name("asha"),
                bytes: bytes("typing"),
            }
            .into(),
        ),
        (
            "refused",
            Refused {
                code: Text::cut("stale_epoch"),
                description: Text::cut("what failed"),
                solution: Text::cut("what to do"),
                reference: Some(reference),
                retry_after_s: None,
                epoch: Some(7),
            }
            .into(),
        ),
        ("removed", Removed { reference }.into()),
    ]
}

fn golden() -> Vec<(&'static str, Vec<u8>)> {
    let asks = asks().into_iter().map(|(name, ask)| (name, ask.to_bytes()));
    let tells = tells()
        .into_iter()
        .map(|(name, tell)| (name, tell.to_bytes()));
    asks.chain(tells).collect()
}

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds")
}

#[expect(clippy::disallowed_methods, reason = "seeds are files")]
fn keep(path: &Path, bytes: &[u8]) {
    if std::env::var("KINORA_WRITE_SEEDS").is_ok() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(fs::read(path).unwrap(), bytes, "{}", path.display());
}

#[test]
fn golden_bytes_are_the_seeds() {
    for (name, bytes) in golden() {
        keep(&seeds().join("talk_frame").join(name), &bytes);
    }
    keep(&seeds().join("talk_certificate/laptop"), &certificate());
    keep(&seeds().join("talk_removal/laptop"), &removal());
    for name in ["asha", "Ａｓｈａ", "jürgen.müller", "太郎_2"] {
        keep(
            &seeds().join("talk_name").join(name.len().to_string()),
            name.as_bytes(),
        );
    }
}

#[test]
fn frames_are_read_as_they_are_written() {
    for (name, ask) in asks() {
        assert_eq!(Ask::from_bytes(&ask.to_bytes()), Ok(ask), "{name}");
    }
    for (name, tell) in tells() {
        assert_eq!(Tell::from_bytes(&tell.to_bytes()), Ok(tell), "{name}");
    }
}

#[test]
fn a_few_bytes_by_hand() {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    assert_eq!(hex(&Ask::from(Bye {}).to_bytes()), "a1000b");
    let ack = Ask::from(Ack {
        number: 70_000,
        step: 4,
    });
    assert_eq!(hex(&ack.to_bytes()), "a30008011a000111700204");
    let presence = &tells()[3].1;
    assert_eq!(hex(&presence.to_bytes()), "a3001823018164617368610280");
    // Key 9 is of a later version.
    assert_eq!(
        Ask::from_bytes(&[0xa2, 0, 11, 9, 0x82, 1, 2]),
        Ok(Bye {}.into())
    );
}

/// A server of before there were removals says nothing of them.
#[test]
fn a_person_without_removals_is_read() {
    let mut old = vec![0xa3, 0, 0x18, 34, 1, 0x81, 0xa4, 1, 0x64];
    old.extend(b"asha");
    old.extend([2, 0x58, 32]);
    old.extend([3; 32]);
    old.extend([3, 0x80, 4, 0xf5, 2, 0xf4]);
    let Ok(Tell::People(people)) = Tell::from_bytes(&old) else {
        panic!("it is not read");
    };
    assert_eq!(people.people[0].removals.len(), 0);
}

#[test]
fn what_is_cut_short_is_no_frame() {
    for (name, bytes) in golden() {
        for at in 0..bytes.len() {
            let (ask, tell) = (
                Ask::from_bytes(&bytes[..at]),
                Tell::from_bytes(&bytes[..at]),
            );
            assert!(ask.is_err() && tell.is_err(), "{name} cut at {at}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(Ask::from_bytes(&longer).is_err() && Tell::from_bytes(&longer).is_err());
    }
}

#[test]
fn bad_bytes_are_told_apart() {
    let check = |bytes: &[u8], code: &str| {
        assert_eq!(
            Ask::from_bytes(bytes).unwrap_err().code(),
            code,
            "{bytes:02x?}"
        );
    };
    check(&[], "bad_frame");
    check(&[0xa0], "bad_frame");
    // An indefinite length, another key first, a kind that is no number.
    check(&[0xbf, 0, 11, 0xff], "bad_frame");
    check(&[0xa1, 1, 11], "bad_frame");
    check(&[0xa1, 0, 0x61, 0x61], "bad_frame");
    check(&[0xa1, 0, 31], "bad_frame");
    check(&[0xa1, 0, 0x18, 99], "unknown_frame");
    // A frame of the server.
    check(&tells()[3].1.to_bytes(), "unknown_frame");
    // Missing fields, one of another type, a list that says it is longer than it may be.
    check(&[0xa1, 0, 8], "bad_frame");
    check(&[0xa3, 0, 8, 1, 0x61, 0x61, 2, 1], "bad_frame");
    check(&[0xa2, 0, 3, 1, 0x9a, 0xff, 0xff, 0xff, 0xff], "bad_frame");
    check(&vec![0xa1; FRAME_BYTES_MAX + 1], "bad_frame");
}

#[test]
fn each_field_has_its_bound() {
    let long = vec![0; SIGNAL_BYTES_MAX + 1];
    assert!(Bytes::<SIGNAL_BYTES_MAX>::new(long.clone()).is_err());
    let mut frame = vec![0xa3, 0, 9, 1, 0x64];
    frame.extend(b"ravi");
    frame.extend([2, 0x59, 0x04, 0x01]);
    frame.extend(&long);
    assert_eq!(Ask::from_bytes(&frame).unwrap_err().code(), "bad_frame");
    let at = frame.len() - long.len() - 1;
    frame[at] = 0;
    frame.pop();
    assert!(Ask::from_bytes(&frame).is_ok());
    // A name that is not folded is no name.
    frame[5] = b'R';
    assert!(Ask::from_bytes(&frame).is_err());
    assert_eq!(&*Text::<5>::cut("añños"), "aññ");
    let many: Vec<Name> = (0..=NAMES_MAX).map(|_| name("asha")).collect();
    assert!(Few::<Name, NAMES_MAX>::new(many).is_err());
}

#[test]
fn every_seed_holds_whole_cut_and_changed() {
    for (name, parser) in crate::outside::PARSERS {
        #[expect(clippy::disallowed_methods, reason = "seeds are files")]
        let read = |entry: fs::DirEntry| fs::read(entry.path()).unwrap();
        let files = fs::read_dir(seeds().join(name)).unwrap();
        for seed in files.map(|entry| read(entry.unwrap())) {
            parser(&seed);
            for at in 0..seed.len() {
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
