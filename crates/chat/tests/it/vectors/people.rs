//! Certificates with what each byte of them decides, and whether their devices are believed as members.

use super::{check_vectors, hex};
use kinora_chat::Name;
use kinora_chat::certificate::{Certificate, Device, DeviceId, Identity, IdentityKey};
use kinora_chat::member::{DirectoryView, Entry, check_member};
use kinora_chat::removal::Removal;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn device(name: &str, id: u8, label: &str) -> Device {
    Device {
        name: Name::new(name).unwrap(),
        id: DeviceId([id; 16]),
        label: label.into(),
        leaf_key: [9; 32],
        issued_at: 1_790_000_000,
    }
}

fn good() -> Vec<(u8, Certificate)> {
    let of = |secret: u8, device| {
        (
            secret,
            Identity::new(&[secret; 32]).certify(device).unwrap(),
        )
    };
    let last = Device {
        issued_at: u64::MAX,
        ..device("x.y-z_1", 0xff, &"é".repeat(32))
    };
    vec![
        of(1, device("asha", 7, "laptop")),
        of(2, device("रवि", 8, "")),
        of(3, device(&"山".repeat(32), 9, "電話")),
        of(4, last),
    ]
}

fn described((secret, certificate): &(u8, Certificate)) -> Value {
    let device = &certificate.device;
    json!({
        "secret": hex(&[*secret; 32]),
        "identity": hex(&Identity::new(&[*secret; 32]).public().0),
        "name": device.name.as_str(),
        "id": device.id.to_string(),
        "label": device.label,
        "leaf_key": hex(&device.leaf_key),
        "issued_at": device.issued_at.to_string(),
        "bytes": hex(&certificate.to_bytes()),
    })
}

fn verdict(bytes: &[u8], identity: &IdentityKey) -> &'static str {
    match Certificate::from_bytes(bytes) {
        Err(fault) => fault.code(),
        Ok(certificate) if certificate.is_signed_by(identity) => "signed",
        Ok(_) => "not_signed",
    }
}

/// Each byte of a certificate changed in one bit, and what becomes of it.
fn flipped(bytes: &[u8], identity: &IdentityKey) -> Vec<&'static str> {
    let one = |at: usize| {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1 << (at % 8);
        verdict(&changed, identity)
    };
    (0..bytes.len()).map(one).collect()
}

/// Bytes that are near a certificate, and keys under which anybody's signature would fit.
fn odd(good: &[u8], identity: &IdentityKey) -> Vec<Value> {
    let (fields, signature) = good.split_at(good.len() - 64);
    let neutral = IdentityKey(std::array::from_fn(|at| u8::from(at == 0)));
    let by_nobody = [fields, &neutral.0, &[0; 32]].concat();
    let with = |bytes: &[u8]| [bytes, signature].concat();
    let head = |name: &str, label: &str| {
        let (name_length, label_length) = (
            u16::try_from(name.len()).unwrap(),
            u16::try_from(label.len()).unwrap(),
        );
        let start = [
            &[1],
            &name_length.to_be_bytes()[..],
            name.as_bytes(),
            &[7; 16],
        ]
        .concat();
        with(
            &[
                &start[..],
                &label_length.to_be_bytes(),
                label.as_bytes(),
                &[9; 32],
                &[0; 8],
            ]
            .concat(),
        )
    };
    let mut cases = vec![
        (Vec::new(), *identity),
        (good[..good.len() - 1].to_vec(), *identity),
        ([good, &[0]].concat(), *identity),
        (vec![1; 600], *identity),
        (head("Asha", "laptop"), *identity),
        (head("kinora", "laptop"), *identity),
        (head("asha", "two\nlines"), *identity),
        (head("asha", "\u{202e}turned"), *identity),
        (head("asha", "\u{feff}marked"), *identity),
        (head("asha", &"x".repeat(65)), *identity),
        (by_nobody.clone(), *identity),
        (by_nobody, neutral),
        (good.to_vec(), IdentityKey([2; 32])),
        (good.to_vec(), IdentityKey([0; 32])),
        (good.to_vec(), IdentityKey([0xff; 32])),
    ];
    // The group's order added to a signature's number gives a second signature, for whoever does not look.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut twice = good.to_vec();
    let from = twice.len() - 32;
    let mut carry = 0;
    for (at, order) in ORDER.iter().enumerate() {
        let sum = u16::from(twice[from + at]) + u16::from(*order) + carry;
        twice[from + at] = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    cases.push((twice, *identity));
    let case = |(bytes, identity): &(Vec<u8>, IdentityKey)| json!({"bytes": hex(bytes), "identity": hex(&identity.0), "verdict": verdict(bytes, identity)});
    cases.iter().map(case).collect()
}

#[test]
fn vectors_of_certificates() {
    let good = good();
    let identity = Identity::new(&[1; 32]).public();
    let first = good[0].1.to_bytes();
    check_vectors(
        "certificates",
        &json!({
            "about": "Good certificates; what becomes of the first when bit n % 8 of byte n is another; and odd bytes.",
            "good": good.iter().map(described).collect::<Vec<_>>(),
            "flipped": flipped(&first, &identity),
            "odd": odd(&first, &identity),
        }),
    );
}

fn removal_verdict(bytes: &[u8], identity: &IdentityKey) -> &'static str {
    match Removal::from_bytes(bytes) {
        Err(fault) => fault.code(),
        Ok(removal) if removal.is_signed_by(identity) => "signed",
        Ok(_) => "not_signed",
    }
}

#[test]
fn vectors_of_removals() {
    let of = |secret: u8, device: &Device, at| {
        let identity = Identity::new(&[secret; 32]);
        (
            secret,
            identity.public(),
            Removal::new(&identity, device, at),
        )
    };
    let good = [
        of(1, &device("asha", 7, "laptop"), 1_790_000_001),
        of(2, &device("रवि", 8, ""), 0),
        of(3, &device(&"山".repeat(32), 9, "電話"), u64::MAX),
    ];
    let described = good.iter().map(|(secret, identity, removal)| {
        json!({
            "secret": hex(&[*secret; 32]), "identity": hex(&identity.0), "name": removal.name.as_str(),
            "id": removal.id.to_string(), "label": removal.label, "removed_at": removal.removed_at.to_string(),
            "bytes": hex(&removal.to_bytes()),
        })
    });
    let (first, identity) = (good[0].2.to_bytes(), good[0].1);
    let flipped = (0..first.len()).map(|at| {
        let mut changed = first.clone();
        changed[at] ^= 1 << (at % 8);
        removal_verdict(&changed, &identity)
    });
    // A certificate of the same device is no removal of it, whatever is signed is signed for one purpose.
    let certificate = Identity::new(&[1; 32]).certify(device("asha", 7, "laptop"));
    let mut turned = first.clone();
    turned[25] = b'\n';
    let odd = [
        (Vec::new(), identity),
        (certificate.unwrap().to_bytes(), identity),
        ([&first[..], &[0]].concat(), identity),
        (first[..first.len() - 1].to_vec(), identity),
        (vec![1; 600], identity),
        (turned, identity),
        (first.clone(), IdentityKey([2; 32])),
        (first.clone(), IdentityKey([0; 32])),
    ];
    let odd = odd.iter().map(|(bytes, identity)| {
        json!({"bytes": hex(bytes), "identity": hex(&identity.0), "verdict": removal_verdict(bytes, identity)})
    });
    check_vectors(
        "removals",
        &json!({
            "about": "Good removals; what becomes of the first when bit n % 8 of byte n is another; and odd bytes.",
            "good": described.collect::<Vec<_>>(),
            "flipped": flipped.collect::<Vec<_>>(),
            "odd": odd.collect::<Vec<_>>(),
        }),
    );
}

#[test]
fn vectors_of_members() {
    let entry = |secret: u8, ids: &[u8]| Entry {
        identity: Identity::new(&[secret; 32]).public(),
        devices: ids
            .iter()
            .map(|id| DeviceId([*id; 16]))
            .collect::<BTreeSet<_>>(),
    };
    let users = [("asha", entry(1, &[7])), ("रवि", entry(2, &[8, 9]))];
    let view = DirectoryView {
        users: users
            .iter()
            .map(|(name, entry)| (Name::new(name).unwrap(), entry.clone()))
            .collect::<BTreeMap<_, _>>(),
    };
    let certified = |secret: u8, device: Device| {
        Identity::new(&[secret; 32])
            .certify(device)
            .unwrap()
            .to_bytes()
    };
    let asha = certified(1, device("asha", 7, "laptop"));
    let cases = [
        ("a device of the directory", asha.clone(), vec![9; 32]),
        ("another key", asha.clone(), vec![8; 32]),
        ("a shorter key", asha.clone(), vec![9; 31]),
        (
            "another identity",
            certified(2, device("asha", 7, "laptop")),
            vec![9; 32],
        ),
        (
            "a removed device",
            certified(1, device("asha", 8, "laptop")),
            vec![9; 32],
        ),
        (
            "nobody",
            certified(1, device("mala", 7, "laptop")),
            vec![9; 32],
        ),
        (
            "a second device",
            certified(2, device("रवि", 9, "電話")),
            vec![9; 32],
        ),
        (
            "the device of somebody else",
            certified(2, device("रवि", 7, "")),
            vec![9; 32],
        ),
        ("a cut certificate", asha[1..].to_vec(), vec![9; 32]),
        ("nothing", Vec::new(), vec![9; 32]),
    ];
    let case = |(what, bytes, leaf): &(&str, Vec<u8>, Vec<u8>)| {
        let verdict = match check_member(bytes, leaf, &view) {
            Ok(device) => json!({"device": device.id.to_string()}),
            Err(fault) => json!({"refused": fault.code()}),
        };
        json!({"what": what, "certificate": hex(bytes), "leaf_key": hex(leaf), "verdict": verdict})
    };
    let listed = |(name, entry): &(&str, Entry)| {
        let devices: Vec<String> = entry.devices.iter().map(ToString::to_string).collect();
        json!({"name": name, "identity": hex(&entry.identity.0), "devices": devices})
    };
    check_vectors(
        "members",
        &json!({
            "about": "A directory, and whether these are believed to be devices of it.",
            "directory": users.iter().map(listed).collect::<Vec<_>>(),
            "cases": cases.iter().map(case).collect::<Vec<_>>(),
        }),
    );
}
