use super::*;
use kinora_chat::certificate::{Device, Identity};
use kinora_talk::field::{Bytes, Few};

fn shown(key: u8, devices: &[u8]) -> frame::Person {
    let identity = Identity::new(&[key; 32]);
    let certificate = |id: &u8| {
        let device = Device {
            name: Name::new("ravi").unwrap(),
            id: DeviceId([*id; 16]),
            label: format!("device {id}"),
            leaf_key: [*id; 32],
            issued_at: 1,
        };
        Bytes::new(identity.certify(device).unwrap().to_bytes()).unwrap()
    };
    frame::Person {
        name: Name::new("ravi").unwrap(),
        identity: identity.public(),
        certificates: Few::new(devices.iter().map(certificate).collect()).unwrap(),
        is_here: true,
        removals: Few::default(),
    }
}

#[test]
fn what_is_new_of_somebody_is_told() {
    let (mut people, ravi) = (People::default(), Name::new("ravi").unwrap());
    assert_eq!(people.see(&shown(1, &[1])), News::default());
    let news = people.see(&shown(1, &[1, 2]));
    assert_eq!(
        (news.added, news.has_changed),
        (vec!["device 2".into()], false)
    );
    // Nobody talked with them yet: another key is nothing to be told.
    assert!(!people.see(&shown(2, &[1])).has_changed);
    people.pin(&ravi).unwrap();
    assert!(people.see(&shown(3, &[1])).has_changed);
    assert!(!people.see(&shown(3, &[1])).has_changed, "told once");
    let again = People::of(vec![people.kept(&ravi).unwrap()], Vec::new()).unwrap();
    let known = &again.0[&ravi];
    assert_eq!(known.contact, people.0[&ravi].contact);
    assert_eq!(known.devices, people.0[&ravi].devices);
}

#[test]
fn a_device_that_nobody_certified_is_nobodys() {
    let mut people = People::default();
    let mut forged = shown(1, &[1]);
    forged.identity = Identity::new(&[2; 32]).public();
    people.see(&forged);
    let ravi = Name::new("ravi").unwrap();
    assert!(
        people.view([&ravi, &ravi], true).users[&ravi]
            .devices
            .is_empty()
    );
}

/// The same with these devices removed by this key.
fn without(by: u8, key: u8, devices: &[u8], gone: &[u8]) -> frame::Person {
    let removal = |id: &u8| {
        let all = shown(by, &[*id]);
        let certificate = Certificate::from_bytes(&all.certificates[0]).unwrap();
        let removal = Removal::new(&Identity::new(&[by; 32]), &certificate.device, 5);
        Bytes::new(removal.to_bytes()).unwrap()
    };
    frame::Person {
        removals: Few::new(gone.iter().map(removal).collect()).unwrap(),
        ..shown(key, devices)
    }
}

#[test]
fn a_removal_is_told_once_and_stays() {
    let (mut people, ravi) = (People::default(), Name::new("ravi").unwrap());
    people.see(&shown(1, &[1, 2]));
    people.pin(&ravi).unwrap();
    let news = people.see(&without(1, 1, &[1], &[2]));
    assert_eq!(news.removed, ["device 2"]);
    assert_eq!(people.see(&without(1, 1, &[1], &[2])), News::default());
    // Listed beside its removal, by a server that is behind: no news, and no device.
    assert_eq!(people.see(&without(1, 1, &[1, 2], &[2])), News::default());
    // The server keeps the removal back: it is known here, and that is told, also by what was kept.
    let kept = people.kept_removals(&ravi);
    let mut again = People::of(vec![people.kept(&ravi).unwrap()], kept).unwrap();
    for people in [&mut people, &mut again] {
        let news = people.see(&shown(1, &[1, 2]));
        assert_eq!(
            (news.withheld.as_slice(), news.added.len()),
            (&["device 2".to_owned()][..], 0)
        );
        assert_eq!(people.0[&ravi].devices.len(), 1);
        let views = [false, true].map(|ever| people.view([&ravi, &ravi], ever));
        let counts = views.map(|view| view.users[&ravi].devices.len());
        assert_eq!(counts, [1, 2]);
    }
    let news = people.see(&shown(1, &[]));
    assert_eq!(
        (news.missing, news.removed),
        (vec!["device 1".to_owned()], vec![])
    );
}

#[test]
fn nobody_else_removes_a_device() {
    let (mut people, ravi) = (People::default(), Name::new("ravi").unwrap());
    people.see(&shown(1, &[1, 2]));
    people.pin(&ravi).unwrap();
    assert_eq!(people.see(&without(9, 1, &[1, 2], &[2])), News::default());
    assert_eq!(people.0[&ravi].devices.len(), 2);
    // A key that the server makes up takes nothing back of what the known one said, nor says anything for it.
    people.see(&without(1, 1, &[1], &[2]));
    people.see(&without(9, 9, &[1, 2], &[1]));
    let news = people.see(&shown(1, &[1, 2]));
    assert_eq!(news.withheld, ["device 2"]);
    assert_eq!(people.0[&ravi].devices.len(), 1);
}
