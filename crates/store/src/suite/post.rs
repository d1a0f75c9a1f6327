//! Names, packages, the order of conversations, and queues.

use super::cases;
use crate::post::{
    Act, Bounds, Change, Device, DeviceRemoval, Kind, Mail, NewDevice, Outcome, Post, Reached,
    Refusal, Registered, Removed, Seat, Waiting,
};

cases!(dyn Post:
    a_name_belongs_to_one_key,
    lookalikes_are_one_name,
    a_device_is_registered_once,
    a_person_has_a_bound_of_devices,
    a_removed_device_never_comes_back,
    what_waited_for_a_removed_device_is_gone,
    people_come_in_the_order_of_their_names,
    a_package_is_given_out_once,
    old_and_surplus_packages_go,
    a_pair_has_one_group,
    one_commit_ends_an_epoch,
    messages_of_near_epochs_are_taken,
    a_queue_has_no_gaps,
    repetitions_change_nothing,
    a_message_waits_for_the_one_that_it_follows,
    a_refusal_leaves_the_rest_of_its_batch,
    a_queue_has_a_bound,
    an_own_device_gets_what_the_others_get,
    a_welcome_goes_to_whom_it_names,
    a_step_never_goes_back,
    what_expires_is_gone,
    numbers_of_strangers_break_nothing,
);

const BOUNDS: Bounds = Bounds {
    queue: 5,
    queue_bytes: 1_000,
    grace: 2,
    envelope_keep_s: 100,
    repeat_keep_s: 1_000,
};
const GROUP: [u8; 32] = [7; 32];

fn new(name: &str, key: u8, id: u8) -> NewDevice {
    NewDevice {
        name: name.into(),
        skeleton: name.replace('0', "o"),
        identity: [key; 32],
        id: [id; 16],
        certificate: vec![id; 40],
    }
}

/// A device that is new, of whoever has this letter.
fn device(post: &dyn Post, name: &str, id: u8) -> Seat {
    let key = name.as_bytes()[0];
    match post.register(&new(name, key, id), 16, 20).unwrap() {
        Registered::New(device) => device.seat,
        other => panic!("{other:?}"),
    }
}

fn look(post: &dyn Post, id: u8) -> Device {
    post.device(&[id; 16]).unwrap().unwrap()
}

fn mail(seat: Seat, reference: u8, peer: &str, group: [u8; 32], mail: Mail) -> Change {
    let act = Act::Mail {
        reference: [reference; 16],
        peer: peer.into(),
        group,
        mail,
    };
    Change { seat, step: 1, act }
}

fn open(seat: Seat, reference: u8, peer: &str, group: [u8; 32]) -> Change {
    let welcome = b"welcome".to_vec();
    let open = Mail::Open {
        replaces: None,
        welcome,
    };
    mail(seat, reference, peer, group, open)
}

fn commit(seat: Seat, reference: u8, peer: &str, epoch: u64) -> Change {
    let commit = Mail::Commit {
        epoch,
        commit: b"commit".to_vec(),
        welcome: None,
    };
    mail(seat, reference, peer, GROUP, commit)
}

fn message(seat: Seat, reference: u8, peer: &str, epoch: u64, text: &str) -> Change {
    let message = text.as_bytes().to_vec();
    mail(
        seat,
        reference,
        peer,
        GROUP,
        Mail::Message {
            epoch,
            message,
            follows: None,
        },
    )
}

/// The same, behind another one of this device.
fn behind(seat: Seat, reference: u8, first: u8, peer: &str, text: &str) -> Change {
    let message = text.as_bytes().to_vec();
    let follows = Some([first; 16]);
    let epoch = 1;
    mail(
        seat,
        reference,
        peer,
        GROUP,
        Mail::Message {
            epoch,
            message,
            follows,
        },
    )
}

fn ack(seat: Seat, number: u64) -> Change {
    let act = Act::Ack(number);
    Change { seat, step: 0, act }
}

fn write(post: &dyn Post, change: Change) -> Outcome {
    post.write(&[change], 5_000, &BOUNDS).unwrap().remove(0)
}

fn taken(post: &dyn Post, change: Change) -> u64 {
    match write(post, change) {
        Outcome::Taken { behind, .. } => behind,
        other => panic!("{other:?}"),
    }
}

fn refused(post: &dyn Post, change: Change, why: Refusal) {
    assert_eq!(write(post, change), Outcome::Refused(why));
}

fn queue(post: &dyn Post, seat: Seat, after: u64) -> Vec<Waiting> {
    post.waiting(seat, after, 100, 10_000).unwrap()
}

fn texts(post: &dyn Post, seat: Seat, after: u64) -> Vec<(u64, String)> {
    let text = |each: Waiting| (each.number, String::from_utf8(each.bytes).unwrap());
    queue(post, seat, after).into_iter().map(text).collect()
}

/// Two people with a device each, and a conversation in its first epoch.
fn talking(post: &dyn Post) -> (Seat, Seat) {
    let (asha, ravi) = (device(post, "asha", 1), device(post, "ravi", 2));
    assert_eq!(taken(post, open(asha, 200, "ravi", GROUP)), 0);
    write(post, ack(ravi, 1));
    (asha, ravi)
}

fn a_name_belongs_to_one_key(post: &dyn Post) {
    let first = new("asha", 1, 1);
    assert!(matches!(
        post.register(&first, 16, 20),
        Ok(Registered::New(_))
    ));
    let known = post.register(&first, 16, 20).unwrap();
    assert_eq!(known, Registered::Known(look(post, 1)));
    let stranger = post.register(&new("asha", 2, 2), 16, 20).unwrap();
    assert_eq!(stranger, Registered::NameTaken);
    assert_eq!(post.device(&[2; 16]).unwrap(), None);
    let second = post.register(&new("asha", 1, 2), 16, 20).unwrap();
    assert!(matches!(second, Registered::New(device) if device.name == "asha"));
}

fn lookalikes_are_one_name(post: &dyn Post) {
    device(post, "otto", 1);
    let lookalike = post.register(&new("ott0", 9, 2), 16, 20).unwrap();
    assert_eq!(lookalike, Registered::NameTaken);
    assert_eq!(post.person("ott0").unwrap(), None);
}

fn a_device_is_registered_once(post: &dyn Post) {
    device(post, "asha", 1);
    let theirs = post.register(&new("ravi", 5, 1), 16, 20).unwrap();
    assert_eq!(theirs, Registered::DeviceTaken);
    assert_eq!(post.person("ravi").unwrap(), None);
    let other = NewDevice {
        certificate: vec![0; 40],
        ..new("asha", b'a', 1)
    };
    assert_eq!(
        post.register(&other, 16, 20).unwrap(),
        Registered::DeviceTaken
    );
}

fn a_person_has_a_bound_of_devices(post: &dyn Post) {
    for id in 0..3 {
        device(post, "asha", id);
    }
    let fourth = post.register(&new("asha", b'a', 9), 3, 20).unwrap();
    assert_eq!(fourth, Registered::TooManyDevices);
    let known = post.register(&new("asha", b'a', 2), 3, 20).unwrap();
    assert!(matches!(known, Registered::Known(_)));
}

fn remove(post: &dyn Post, name: &str, id: u8) -> Removed {
    let removal = DeviceRemoval {
        name: name.into(),
        id: [id; 16],
        bytes: vec![id; 9],
    };
    post.remove(&removal).unwrap()
}

fn a_removed_device_never_comes_back(post: &dyn Post) {
    let (asha, second) = (device(post, "asha", 1), device(post, "asha", 2));
    let ravi = device(post, "ravi", 3);
    assert_eq!(remove(post, "ravi", 2), Removed::Unknown, "another one's");
    assert_eq!(remove(post, "asha", 9), Removed::Unknown);
    assert_eq!(remove(post, "asha", 2), Removed::Now(second));
    assert_eq!(remove(post, "asha", 2), Removed::Before);
    assert_eq!(post.device(&[2; 16]).unwrap(), None);
    assert!(post.is_removed(&[2; 16]).unwrap() && !post.is_removed(&[1; 16]).unwrap());
    let again = post.register(&new("asha", b'a', 2), 16, 20).unwrap();
    assert_eq!(again, Registered::DeviceRemoved);
    let person = post.person("asha").unwrap().unwrap();
    assert_eq!(
        (person.certificates, person.removals),
        (vec![vec![1; 40]], vec![vec![2; 9]])
    );
    // Its number is nobody's, either, though it was the highest but one, and then the highest.
    assert_eq!(remove(post, "ravi", 3), Removed::Now(ravi));
    let next = device(post, "asha", 4);
    assert!(![asha, second, ravi].contains(&next));
    // All that one ever had are counted.
    let one_more = |ever| post.register(&new("asha", b'a', 5), 16, ever).unwrap();
    assert_eq!(one_more(3), Registered::TooManyDevices);
    assert!(matches!(one_more(4), Registered::New(_)));
}

fn what_waited_for_a_removed_device_is_gone(post: &dyn Post) {
    let (asha, ravi) = talking(post);
    let second = device(post, "ravi", 3);
    post.publish(second, &[b"one".to_vec()], Some(b"last"), 100, 50)
        .unwrap();
    taken(post, message(asha, 1, "ravi", 1, "a"));
    taken(post, message(second, 1, "asha", 1, "b"));
    assert_eq!(remove(post, "ravi", 3), Removed::Now(second));
    assert_eq!(texts(post, second, 0), []);
    assert_eq!(post.claim("ravi", asha, 10).unwrap(), Some(Vec::new()));
    // What it sent stays; what it still sends is refused, and nobody else's part of the transaction is.
    let changes = [
        ack(second, 1),
        message(second, 2, "asha", 1, "late"),
        message(asha, 2, "ravi", 1, "c"),
    ];
    let outcomes = post.write(&changes, 5_000, &BOUNDS).unwrap();
    assert_eq!(outcomes[1], Outcome::Refused(Refusal::DeviceRemoved));
    assert!(matches!(&outcomes[2], Outcome::Taken { reached, .. } if reached.len() == 1));
    assert_eq!(
        texts(post, ravi, 1),
        [(2, "a".into()), (3, "b".into()), (4, "c".into())]
    );
    assert_eq!(texts(post, asha, 0), [(1, "b".into())]);
}

fn people_come_in_the_order_of_their_names(post: &dyn Post) {
    for (id, name) in [(1, "ravi"), (2, "asha"), (3, "mia")] {
        device(post, name, id);
    }
    device(post, "asha", 4);
    let names = |after: &str, limit| -> Vec<String> {
        let people = post.people(after, limit).unwrap();
        people.into_iter().map(|person| person.name).collect()
    };
    assert_eq!(names("", 2), ["asha", "mia"]);
    assert_eq!(names("mia", 2), ["ravi"]);
    let asha = post.person("asha").unwrap().unwrap();
    assert_eq!(asha.identity, [b'a'; 32]);
    assert_eq!(asha.certificates, [vec![2; 40], vec![4; 40]]);
}

fn a_package_is_given_out_once(post: &dyn Post) {
    let (asha, ravi) = (device(post, "asha", 1), device(post, "ravi", 2));
    let packages = [b"one".to_vec(), b"two".to_vec()];
    let left = post
        .publish(asha, &packages, Some(b"last"), 100, 50)
        .unwrap();
    assert_eq!((left, look(post, 1).packages), (2, 2));
    assert!(look(post, 1).has_last_resort && !look(post, 2).has_last_resort);
    let claim = || {
        let found = post.claim("asha", ravi, 10).unwrap().unwrap();
        let bytes = found.into_iter().map(|package| package.bytes);
        bytes
            .map(|bytes| String::from_utf8(bytes).unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(claim(), ["one"]);
    assert_eq!(claim(), ["two"]);
    assert_eq!(claim(), ["last"]);
    assert_eq!(claim(), ["last"]);
    post.publish(asha, &[], Some(b"newer"), 100, 50).unwrap();
    assert_eq!(claim(), ["newer"]);
    assert_eq!(post.claim("nobody", ravi, 10).unwrap(), None);
    // Of oneself, the others.
    assert_eq!(post.claim("asha", asha, 10).unwrap(), Some(Vec::new()));
}

fn old_and_surplus_packages_go(post: &dyn Post) {
    let (asha, ravi) = (device(post, "asha", 1), device(post, "ravi", 2));
    let packages: Vec<Vec<u8>> = (0..5).map(|n| vec![n]).collect();
    assert_eq!(post.publish(asha, &packages, None, 100, 3).unwrap(), 3);
    let first = post.claim("asha", ravi, 99).unwrap().unwrap();
    assert_eq!(first[0].bytes, [2], "the oldest went");
    assert_eq!(post.claim("asha", ravi, 100).unwrap(), Some(Vec::new()));
    assert_eq!(post.sweep(100).unwrap(), 2);
    assert_eq!(look(post, 1).packages, 0);
}

fn a_pair_has_one_group(post: &dyn Post) {
    let (asha, ravi) = (device(post, "asha", 1), device(post, "ravi", 2));
    taken(post, open(asha, 1, "ravi", GROUP));
    refused(post, open(ravi, 1, "asha", [8; 32]), Refusal::Superseded);
    refused(post, open(asha, 2, "ravi", [8; 32]), Refusal::Superseded);
    refused(post, open(asha, 3, "nobody", GROUP), Refusal::UnknownPeer);
    refused(post, open(asha, 4, "asha", GROUP), Refusal::Yourself);
    let again = |replaces| {
        let welcome = b"again".to_vec();
        mail(ravi, 5, "asha", [8; 32], Mail::Open { replaces, welcome })
    };
    refused(post, again(Some([9; 32])), Refusal::Superseded);
    taken(post, again(Some(GROUP)));
    refused(
        post,
        message(asha, 6, "ravi", 1, "old"),
        Refusal::NoConversation,
    );
}

fn one_commit_ends_an_epoch(post: &dyn Post) {
    let (asha, ravi) = talking(post);
    taken(post, commit(asha, 1, "ravi", 1));
    let stale = Refusal::StaleEpoch { current: 2 };
    refused(post, commit(ravi, 1, "asha", 1), stale);
    refused(post, commit(ravi, 2, "asha", 3), stale);
    // What comes up to this number was taken before: the other one's commit.
    assert_eq!(taken(post, commit(ravi, 3, "asha", 2)), 2);
    assert_eq!(queue(post, asha, 0)[0].kind, Kind::Commit);
    assert_eq!(queue(post, asha, 0)[0].epoch, 2);
}

fn messages_of_near_epochs_are_taken(post: &dyn Post) {
    let (asha, ravi) = talking(post);
    for epoch in 1..=3 {
        let reference = epoch as u8;
        taken(post, commit(asha, reference, "ravi", epoch));
        write(post, ack(ravi, 9));
    }
    let stale = Refusal::StaleEpoch { current: 4 };
    refused(post, message(ravi, 1, "asha", 1, "old"), stale);
    refused(post, message(ravi, 2, "asha", 5, "early"), stale);
    taken(post, message(ravi, 3, "asha", 2, "late"));
    taken(post, message(ravi, 4, "asha", 4, "now"));
    assert_eq!(
        texts(post, asha, 0),
        [(1, "late".into()), (2, "now".into())]
    );
}

fn a_queue_has_no_gaps(post: &dyn Post) {
    let (asha, ravi) = talking(post);
    for n in 1..=4 {
        assert_eq!(taken(post, message(asha, n, "ravi", 1, &n.to_string())), 0);
    }
    let expected = [(2, "1".into()), (3, "2".into()), (4, "3".into())];
    assert_eq!(texts(post, ravi, 0)[..3], expected);
    write(post, ack(ravi, 3));
    assert_eq!(texts(post, ravi, 0), [(4, "3".into()), (5, "4".into())]);
    // An older acknowledgement, that was on its way.
    write(post, ack(ravi, 2));
    let now = look(post, 2);
    assert_eq!((now.first, now.last), (4, 5));
    assert_eq!(post.waiting(ravi, 0, 1, 100).unwrap().len(), 1);
    assert_eq!(post.waiting(ravi, 0, 9, 1).unwrap().len(), 1);
    write(post, ack(ravi, 5));
    let now = look(post, 2);
    assert_eq!((now.first, now.last), (6, 5));
    taken(post, message(asha, 5, "ravi", 1, "5"));
    assert_eq!(texts(post, ravi, 5), [(6, "5".into())]);
    let first = &queue(post, ravi, 5)[0];
    assert_eq!((first.from.as_str(), first.with.as_str()), ("asha", "asha"));
    assert_eq!((first.group, first.epoch, first.at_ms), (GROUP, 1, 5_000));
}

fn repetitions_change_nothing(post: &dyn Post) {
    let (asha, ravi) = talking(post);
    let first = write(post, message(asha, 1, "ravi", 1, "a"));
    let Outcome::Taken { at_ms, reached, .. } = first else {
        panic!("{first:?}");
    };
    let one = |number| Reached {
        seat: ravi,
        number,
        is_own: false,
    };
    assert_eq!(reached, [one(2)]);
    taken(post, message(ravi, 1, "asha", 1, "b"));
    let again = message(asha, 1, "ravi", 1, "a");
    let again = post.write(&[again], 9_000, &BOUNDS).unwrap().remove(0);
    let reached = Vec::new();
    let same = Outcome::Taken {
        behind: 0,
        at_ms,
        reached,
    };
    assert_eq!(again, same);
    assert_eq!(texts(post, ravi, 0), [(2, "a".into())]);
    taken(post, commit(asha, 2, "ravi", 1));
    taken(post, commit(asha, 2, "ravi", 1));
    taken(post, message(asha, 3, "ravi", 2, "c"));
}

fn a_message_waits_for_the_one_that_it_follows(post: &dyn Post) {
    let (asha, ravi) = talking(post);
    let late = behind(asha, 2, 1, "ravi", "two");
    refused(post, late.clone(), Refusal::OutOfTurn);
    // Of another device it tells nothing.
    taken(post, message(ravi, 1, "asha", 1, "of ravi"));
    refused(post, late.clone(), Refusal::OutOfTurn);
    taken(post, message(asha, 1, "ravi", 1, "one"));
    taken(post, late.clone());
    taken(post, behind(asha, 3, 2, "ravi", "three"));
    taken(post, late);
    let found = [(2, "one".into()), (3, "two".into()), (4, "three".into())];
    assert_eq!(texts(post, ravi, 0), found);
}

fn a_refusal_leaves_the_rest_of_its_batch(post: &dyn Post) {
    let (asha, ravi) = talking(post);
    let changes = [
        message(asha, 1, "ravi", 1, "a"),
        commit(ravi, 1, "asha", 1),
        commit(asha, 2, "ravi", 1),
        message(asha, 3, "ravi", 1, "b"),
    ];
    let outcomes = post.write(&changes, 5_000, &BOUNDS).unwrap();
    let is_refused: Vec<bool> = outcomes
        .iter()
        .map(|outcome| matches!(outcome, Outcome::Refused(_)))
        .collect();
    assert_eq!(is_refused, [false, false, true, false]);
    assert_eq!(texts(post, ravi, 0), [(2, "a".into()), (3, "b".into())]);
}

fn a_queue_has_a_bound(post: &dyn Post) {
    let (asha, ravi) = talking(post);
    for n in 1..=5 {
        taken(post, message(asha, n, "ravi", 1, "x"));
    }
    refused(post, message(asha, 6, "ravi", 1, "x"), Refusal::QueueFull);
    refused(post, commit(asha, 7, "ravi", 1), Refusal::QueueFull);
    taken(post, message(ravi, 1, "asha", 1, "x"));
    write(post, ack(ravi, 2));
    taken(post, message(asha, 6, "ravi", 1, "y"));
    write(post, ack(ravi, 9));
    let long = "x".repeat(999);
    taken(post, message(asha, 8, "ravi", 1, &long));
    refused(post, message(asha, 9, "ravi", 1, "xx"), Refusal::QueueFull);
    taken(post, message(asha, 9, "ravi", 1, "x"));
}

fn an_own_device_gets_what_the_others_get(post: &dyn Post) {
    let (asha, ravi) = talking(post);
    let second = device(post, "asha", 3);
    taken(post, message(asha, 1, "ravi", 1, "a"));
    taken(post, message(ravi, 1, "asha", 1, "b"));
    let seen = |seat| -> Vec<(String, String)> {
        let queue = queue(post, seat, 0).into_iter();
        queue.map(|each| (each.from, each.with)).collect()
    };
    let pair = |from: &str, with: &str| (from.to_owned(), with.to_owned());
    assert_eq!(seen(second), [pair("asha", "ravi"), pair("ravi", "ravi")]);
    assert_eq!(seen(asha), [pair("ravi", "ravi")]);
    assert_eq!(seen(ravi), [pair("asha", "asha")]);
}

fn a_welcome_goes_to_whom_it_names(post: &dyn Post) {
    let (asha, ravi) = talking(post);
    let second = device(post, "ravi", 3);
    let add = Mail::Commit {
        epoch: 1,
        commit: b"commit".to_vec(),
        welcome: Some((b"welcome".to_vec(), vec![[3; 16], [99; 16]])),
    };
    taken(post, mail(asha, 1, "ravi", GROUP, add));
    assert_eq!(texts(post, ravi, 0), [(2, "commit".into())]);
    assert_eq!(texts(post, second, 0), [(1, "welcome".into())]);
    assert_eq!(queue(post, second, 0)[0].epoch, 2);
}

fn a_step_never_goes_back(post: &dyn Post) {
    let (asha, _) = talking(post);
    let at = |step| Change {
        step,
        ..ack(asha, 0)
    };
    write(post, at(7));
    write(post, at(3));
    assert_eq!(look(post, 1).step, 7);
}

fn what_expires_is_gone(post: &dyn Post) {
    let (asha, ravi) = talking(post);
    taken(post, message(asha, 1, "ravi", 1, "old"));
    let later = message(asha, 2, "ravi", 1, "new");
    post.write(&[later], 50_000, &BOUNDS).unwrap();
    post.sweep(105).unwrap();
    assert_eq!(texts(post, ravi, 0), [(3, "new".into())]);
    assert_eq!((look(post, 2).first, look(post, 2).last), (3, 3));
    // The sums went with the rows: five fit again.
    for n in 3..=6 {
        taken(post, message(asha, n, "ravi", 1, "x"));
    }
    refused(post, message(asha, 7, "ravi", 1, "x"), Refusal::QueueFull);
    // A repetition after its time is another request.
    post.sweep(1_006).unwrap();
    let first = write(post, message(asha, 1, "ravi", 1, "again"));
    assert!(
        matches!(first, Outcome::Taken { reached, .. } if reached.iter().all(|to| to.seat == ravi) && reached.len() == 1)
    );
}

fn numbers_of_strangers_break_nothing(post: &dyn Post) {
    let (asha, ravi) = talking(post);
    let step = u64::MAX;
    let changes = [
        Change {
            step,
            ..ack(asha, u64::MAX)
        },
        message(asha, 1, "ravi", u64::MAX, "x"),
        commit(asha, 2, "ravi", u64::MAX),
        message(asha, 3, "ravi", 1, "x"),
    ];
    let outcomes = post.write(&changes, 5_000, &BOUNDS).unwrap();
    assert!(matches!(outcomes[3], Outcome::Taken { .. }));
    assert_eq!(queue(post, ravi, u64::MAX >> 1), []);
    taken(post, message(ravi, 1, "asha", 1, "y"));
    assert_eq!(texts(post, asha, 0), [(1, "y".into())]);
}
