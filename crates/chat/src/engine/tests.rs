//! Two people with their devices, and a server that brings things late, twice, changed or not at all.

use super::*;
use crate::Fault;
use crate::Name;
use crate::certificate::{Device, DeviceId, Identity};
use crate::limits::{FORWARD_MAX, REORDER_MAX};
use crate::member::{DirectoryView, Entry};
use std::collections::{BTreeMap, BTreeSet};

/// OpenMLS asks the system's clock whether a package has expired, so packages have to be of today.
#[expect(clippy::disallowed_types, reason = "what is tested reads it, too")]
fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_secs()
}

/// A client called `asha.1`: the person, and which device.
fn client(who: &str, suite: Suite) -> Client {
    let (name, number) = who.split_once('.').unwrap();
    let newcomer = Newcomer::new(suite).unwrap();
    let device = Device {
        name: Name::new(name).unwrap(),
        id: id(name, number.parse().unwrap()),
        label: who.into(),
        leaf_key: newcomer.leaf_key(),
        issued_at: 1,
    };
    newcomer
        .certified(identity(name).certify(device).unwrap())
        .unwrap()
}

fn id(name: &str, number: u8) -> DeviceId {
    DeviceId([name.as_bytes()[0] ^ number; 16])
}

fn identity(name: &str) -> Identity {
    Identity::new(&[name.as_bytes()[0]; 32])
}

fn view() -> DirectoryView {
    let entry = |name: &str| {
        let devices = (1..=3).map(|number| id(name, number));
        let entry = Entry {
            identity: identity(name).public(),
            devices: devices.collect(),
        };
        (Name::new(name).unwrap(), entry)
    };
    DirectoryView {
        users: BTreeMap::from(["asha", "ravi", "mala"].map(entry)),
    }
}

struct Pair {
    asha: Client,
    ravi: Client,
    a: Group,
    b: Group,
}

fn pair(suite: Suite) -> Pair {
    let (asha, mut ravi) = (client("asha.1", suite), client("ravi.1", suite));
    let packages = ravi.key_packages(1, now()).unwrap();
    let (mut a, pending) = asha.open([1; 32], &packages, now(), &view()).unwrap();
    assert_eq!(a.seal(asha.keys(), b"early"), Err(Fault::CommitPending));
    a.confirm().unwrap();
    let b = ravi.join(&pending.welcome.unwrap(), &view()).unwrap();
    assert_eq!((a.authenticator(), a.epoch()), (b.authenticator(), 1));
    Pair { asha, ravi, a, b }
}

fn text(group: &mut Group, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    match group.open_message(bytes, &view())? {
        Event::Message { payload, .. } => Ok(payload),
        other => panic!("{other:?}"),
    }
}

fn check_talk(suite: Suite) {
    let Pair {
        asha,
        ravi,
        mut a,
        mut b,
    } = pair(suite);
    let sealed = a.seal(asha.keys(), b"namaste").unwrap();
    let event = b.open_message(&sealed, &view()).unwrap();
    assert_eq!(
        event,
        Event::Message {
            from: asha.device().clone(),
            payload: b"namaste".to_vec()
        }
    );
    let back = b.seal(ravi.keys(), b"hello").unwrap();
    assert_eq!(text(&mut a, &back), Ok(b"hello".to_vec()));
    assert_eq!(a.open_message(&sealed, &view()), Ok(Event::Own));
    let old = b.seal(ravi.keys(), b"on its way").unwrap();
    let update = a.update(asha.keys()).unwrap();
    assert_eq!(update.epoch, 1);
    let event = b.open_message(&update.commit, &view()).unwrap();
    assert!(matches!(event, Event::Commit { is_out: false, .. }));
    a.confirm().unwrap();
    assert_eq!((a.authenticator(), a.epoch()), (b.authenticator(), 2));
    assert_eq!(text(&mut a, &old), Ok(b"on its way".to_vec()));
}

#[test]
fn two_people_talk_in_both_suites() {
    check_talk(Suite::Classic);
    check_talk(Suite::Hybrid);
}

#[test]
fn a_replay_is_refused_and_a_changed_bit_disturbs_nothing() {
    let Pair {
        asha, mut a, mut b, ..
    } = pair(Suite::Classic);
    let sealed = a.seal(asha.keys(), b"one").unwrap();
    for at in (0..sealed.len()).step_by(7) {
        let mut changed = sealed.clone();
        changed[at] ^= 0x10;
        assert!(b.open_message(&changed, &view()).is_err(), "byte {at}");
        assert!(
            b.open_message(&sealed[..at], &view()).is_err(),
            "cut at {at}"
        );
    }
    assert_eq!(text(&mut b, &sealed), Ok(b"one".to_vec()));
    assert_eq!(text(&mut b, &sealed), Err(Fault::MessageReplayed));
}

#[test]
fn order_and_loss_are_borne_within_their_limits() {
    let Pair {
        asha, mut a, mut b, ..
    } = pair(Suite::Classic);
    let mut next = || a.seal(asha.keys(), b"x").unwrap();
    let window: Vec<_> = (0..REORDER_MAX).map(|_| next()).collect();
    for sealed in window[1..].iter().rev() {
        assert!(text(&mut b, sealed).is_ok());
    }
    assert!(text(&mut b, &window[0]).is_ok());
    let skipped = (0..FORWARD_MAX).map(|_| next()).last().unwrap();
    assert!(text(&mut b, &skipped).is_ok());
    assert_eq!(text(&mut b, &window[0]), Err(Fault::MessageReplayed));
    let too_far = (0..FORWARD_MAX + 2).map(|_| next()).last().unwrap();
    assert_eq!(text(&mut b, &too_far), Err(Fault::MessageTooFar));
}

#[test]
fn epochs_are_kept_for_two_and_missed_ones_are_named() {
    let Pair {
        asha,
        ravi,
        mut a,
        mut b,
    } = pair(Suite::Classic);
    let first = b.seal(ravi.keys(), b"first").unwrap();
    let second = b.seal(ravi.keys(), b"second").unwrap();
    let mut commits = Vec::new();
    for _ in 0..3 {
        if commits.len() == 2 {
            assert_eq!(text(&mut a, &first), Ok(b"first".to_vec()));
        }
        commits.push(a.update(asha.keys()).unwrap().commit);
        a.confirm().unwrap();
    }
    assert_eq!(
        text(&mut a, &second),
        Err(Fault::EpochPast { have: 4, got: 1 })
    );
    assert_eq!(
        b.open_message(&commits[1], &view()),
        Err(Fault::EpochAhead { have: 1, got: 2 })
    );
    for commit in &commits {
        b.open_message(commit, &view()).unwrap();
    }
    assert_eq!(a.authenticator(), b.authenticator());
    assert_eq!(
        b.open_message(&commits[0], &view()),
        Err(Fault::EpochPast { have: 4, got: 1 })
    );
}

#[test]
fn one_of_two_commits_wins_and_the_other_never_was() {
    let Pair {
        asha,
        ravi,
        mut a,
        mut b,
    } = pair(Suite::Classic);
    let (ours, theirs) = (
        a.update(asha.keys()).unwrap(),
        b.update(ravi.keys()).unwrap(),
    );
    assert_eq!(ours.epoch, theirs.epoch);
    a.open_message(&theirs.commit, &view()).unwrap();
    b.confirm().unwrap();
    assert!(!a.has_pending());
    assert_eq!(a.authenticator(), b.authenticator());
    a.update(asha.keys()).unwrap();
    a.withdraw().unwrap();
    let sealed = a.seal(asha.keys(), b"still").unwrap();
    assert_eq!(text(&mut b, &sealed), Ok(b"still".to_vec()));
}

#[test]
fn devices_come_and_go() {
    let Pair {
        asha,
        mut ravi,
        mut a,
        mut b,
    } = pair(Suite::Classic);
    let mut tablet = client("asha.2", Suite::Classic);
    let packages = tablet.key_packages(1, now()).unwrap();
    let added = a.change(asha.keys(), &[], &packages, &view()).unwrap();
    a.confirm().unwrap();
    let event = b.open_message(&added.commit, &view()).unwrap();
    let Event::Commit { added: new, .. } = event else {
        panic!()
    };
    assert_eq!(new, [tablet.device().clone()]);
    let mut t = tablet.join(&added.welcome.unwrap(), &view()).unwrap();
    assert_eq!(t.authenticator(), b.authenticator());
    let sealed = b.seal(ravi.keys(), b"both").unwrap();
    assert_eq!(
        (text(&mut a, &sealed), text(&mut t, &sealed)),
        (Ok(b"both".to_vec()), Ok(b"both".to_vec()))
    );

    let removed = a
        .change(asha.keys(), &[tablet.device().clone()], &[], &view())
        .unwrap();
    a.confirm().unwrap();
    b.open_message(&removed.commit, &view()).unwrap();
    let event = t.open_message(&removed.commit, &view()).unwrap();
    assert!(matches!(event, Event::Commit { is_out: true, .. }));
    let after = b.seal(ravi.keys(), b"after").unwrap();
    assert_eq!(t.open_message(&after, &view()), Err(Fault::GroupOver));
    assert_eq!(t.seal(tablet.keys(), b"x"), Err(Fault::GroupOver));

    // A device that lost its state is put back by one commit.
    let packages = ravi.key_packages(1, now()).unwrap();
    let twice = a.change(asha.keys(), &[], &packages, &view());
    assert_eq!(twice.map_err(|fault| fault.code()), Err("not_allowed"));
    let lost = [ravi.device().clone()];
    let again = a.change(asha.keys(), &lost, &packages, &view()).unwrap();
    a.confirm().unwrap();
    let mut b = ravi.join(&again.welcome.unwrap(), &view()).unwrap();
    let sealed = a.seal(asha.keys(), b"again").unwrap();
    assert_eq!(text(&mut b, &sealed), Ok(b"again".to_vec()));
}

#[test]
fn strangers_and_the_unlisted_stay_outside() {
    let Pair {
        asha, mut a, mut b, ..
    } = pair(Suite::Classic);
    let mut third = client("mala.1", Suite::Classic);
    let packages = third.key_packages(1, now()).unwrap();
    let refused = a.change(asha.keys(), &[], &packages, &view());
    assert_eq!(refused.map_err(|fault| fault.code()), Err("not_allowed"));

    let mut tablet = client("asha.2", Suite::Classic);
    let packages = tablet.key_packages(1, now()).unwrap();
    let added = a.change(asha.keys(), &[], &packages, &view()).unwrap();
    let mut before = view();
    before.users.get_mut(&asha.device().name).unwrap().devices = BTreeSet::from([asha.device().id]);
    let refused = b.open_message(&added.commit, &before);
    assert_eq!(refused.map_err(|fault| fault.code()), Err("unknown_device"));
    let refused = tablet.join(added.welcome.as_ref().unwrap(), &before);
    assert_eq!(
        refused.map(|_| ()).map_err(|fault| fault.code()),
        Err("unknown_device")
    );
    // When the directory knows the device, the same bytes are taken.
    b.open_message(&added.commit, &view()).unwrap();
    let t = tablet.join(&added.welcome.unwrap(), &view()).unwrap();
    assert_eq!(t.authenticator(), b.authenticator());

    let mut swapped = view();
    swapped.users.get_mut(&asha.device().name).unwrap().identity = identity("mala").public();
    a.confirm().unwrap();
    let update = a.update(asha.keys()).unwrap();
    let refused = b.open_message(&update.commit, &swapped);
    assert_eq!(
        refused.map_err(|fault| fault.code()),
        Err("certificate_forged")
    );
}

#[test]
fn a_device_cannot_take_the_id_of_another() {
    let (asha, ravi) = (
        client("asha.1", Suite::Classic),
        Newcomer::new(Suite::Classic).unwrap(),
    );
    let taken = Device {
        name: Name::new("ravi").unwrap(),
        leaf_key: ravi.leaf_key(),
        ..asha.device().clone()
    };
    let mut ravi = ravi
        .certified(identity("ravi").certify(taken).unwrap())
        .unwrap();
    let mut view = view();
    view.users
        .get_mut(&ravi.device().name)
        .unwrap()
        .devices
        .insert(asha.device().id);
    let packages = ravi.key_packages(1, now()).unwrap();
    let refused = asha.open([1; 32], &packages, now(), &view);
    assert_eq!(
        refused.map(|_| ()).map_err(|fault| fault.code()),
        Err("not_allowed")
    );
}

#[test]
fn a_package_is_good_once_and_the_last_resort_for_ever() {
    let (asha, mut ravi) = (
        client("asha.1", Suite::Classic),
        client("ravi.1", Suite::Classic),
    );
    let welcome = |packages: &[Vec<u8>], id| {
        let (_, pending) = asha.open([id; 32], packages, now(), &view()).unwrap();
        pending.welcome.unwrap()
    };
    let packages = ravi.key_packages(1, now()).unwrap();
    let (one, two) = (welcome(&packages, 1), welcome(&packages, 2));
    assert!(ravi.join(&one, &view()).is_ok());
    assert_eq!(
        ravi.join(&two, &view()).map(|_| ()),
        Err(Fault::WelcomeUnusable)
    );
    let last = [ravi.last_resort(now()).unwrap()];
    let (three, four) = (welcome(&last, 3), welcome(&last, 4));
    assert!(ravi.join(&three, &view()).is_ok());
    assert!(ravi.join(&four, &view()).is_ok());
    let expired = ravi.key_packages(1, 1_000_000).unwrap();
    assert_eq!(
        asha.open([5; 32], &expired, now(), &view()).map(|_| ()),
        Err(Fault::PackageUnusable)
    );
    assert_eq!(
        asha.open([6; 32], &[], now(), &view())
            .map(|_| ())
            .map_err(|fault| fault.code()),
        Err("not_allowed")
    );
}

#[test]
fn a_state_goes_on_where_it_was_stored() {
    let Pair {
        asha,
        mut ravi,
        mut a,
        mut b,
    } = pair(Suite::Hybrid);
    let sealed = a.seal(asha.keys(), b"one").unwrap();
    let (client_state, group_state) = (asha.export(), a.export());
    let asha = Client::import(&client_state).unwrap();
    let mut a = Group::import(&group_state).unwrap();
    assert_eq!(
        (asha.export(), a.export()),
        (client_state.clone(), group_state.clone())
    );
    let next = a.seal(asha.keys(), b"two").unwrap();
    assert_eq!(text(&mut b, &sealed), Ok(b"one".to_vec()));
    assert_eq!(text(&mut b, &next), Ok(b"two".to_vec()));
    // A commit that waits for the server waits also over a restart.
    let update = a.update(asha.keys()).unwrap();
    let mut a = Group::import(&a.export()).unwrap();
    assert!(a.has_pending());
    a.confirm().unwrap();
    b.open_message(&update.commit, &view()).unwrap();
    assert_eq!(a.authenticator(), b.authenticator());
    // Packages, too, are there after a restart.
    let packages = ravi.key_packages(1, now()).unwrap();
    let mut ravi = Client::import(&ravi.export()).unwrap();
    let (_, pending) = asha.open([9; 32], &packages, now(), &view()).unwrap();
    assert!(ravi.join(&pending.welcome.unwrap(), &view()).is_ok());
    for end in 0..40 {
        assert!(
            Group::import(&group_state[..end]).is_err()
                && Client::import(&client_state[..end]).is_err()
        );
    }
}

#[test]
fn a_stolen_state_opens_neither_the_past_nor_what_follows_an_update() {
    let Pair {
        asha,
        ravi,
        mut a,
        mut b,
    } = pair(Suite::Classic);
    let past = a.seal(asha.keys(), b"past").unwrap();
    text(&mut b, &past).unwrap();
    let mut stolen = Group::import(&b.export()).unwrap();
    assert_eq!(text(&mut stolen, &past), Err(Fault::MessageReplayed));
    let update = b.update(ravi.keys()).unwrap();
    b.confirm().unwrap();
    a.open_message(&update.commit, &view()).unwrap();
    let healed = a.seal(asha.keys(), b"healed").unwrap();
    // The thief sees the commit and cannot follow it: it was made by the very device that was robbed.
    assert_eq!(stolen.open_message(&update.commit, &view()), Ok(Event::Own));
    assert_eq!(
        text(&mut stolen, &healed),
        Err(Fault::EpochAhead { have: 1, got: 2 })
    );
    assert_eq!(text(&mut b, &healed), Ok(b"healed".to_vec()));
}

#[test]
fn forgetting_the_past_closes_it() {
    let Pair {
        asha,
        ravi,
        mut a,
        mut b,
    } = pair(Suite::Classic);
    let old = b.seal(ravi.keys(), b"old").unwrap();
    a.update(asha.keys()).unwrap();
    a.confirm().unwrap();
    a.forget_past().unwrap();
    assert!(a.open_message(&old, &view()).is_err());
}

#[test]
fn signals_are_of_one_epoch_and_use_no_key_of_messages() {
    for suite in [Suite::Hybrid, Suite::Classic] {
        let Pair {
            asha,
            ravi,
            mut a,
            mut b,
        } = pair(suite);
        let state = a.export();
        let sealed = a.seal_signal(5, [1; 12]).unwrap();
        assert_eq!(a.export(), state, "nothing of the ratchet moved");
        let (from, signal) = b.open_signal(&sealed).unwrap();
        assert_eq!((&from, signal.number), (asha.device(), 5));
        let mut other = sealed.clone();
        other[40] ^= 1;
        assert_eq!(b.open_signal(&other), Err(Fault::MessageDamaged));

        let update = b.update(ravi.keys()).unwrap();
        a.open_message(&update.commit, &view()).unwrap();
        let ahead = a.seal_signal(6, [2; 12]).unwrap();
        assert_eq!(
            b.open_signal(&ahead),
            Err(Fault::EpochAhead { have: 1, got: 2 })
        );
        b.confirm().unwrap();
        assert_eq!(b.open_signal(&ahead).unwrap().1.number, 6);
        assert_eq!(
            b.open_signal(&sealed),
            Err(Fault::EpochPast { have: 2, got: 1 })
        );
        // The number of the epoch can be changed by anybody; the key is that of another one then.
        let mut moved = sealed;
        moved[8] = 2;
        assert_eq!(b.open_signal(&moved), Err(Fault::MessageDamaged));
    }
}
