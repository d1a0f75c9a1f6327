//! Devices of people over a server in memory: what is shown, told and changed, whatever becomes of connections and processes.

mod world;

use super::*;
use crate::talk::core::adopt::Owner;
use crate::talk::limits::WINDOW;
use crate::talk::store::fuse::Fuse;
use kinora_chat::handover::{Handover, Newcomer as Asker};
use kinora_chat::payload::{Content, MessageId, Progress};
use proptest::prelude::*;
use world::{Seat, World};

fn shown(seat: &Seat, from: &str) -> Vec<String> {
    let theirs = seat.shown.iter().filter(|each| each.from.as_str() == from);
    theirs.map(|each| each.text.clone()).collect()
}

fn authenticator(seat: &Seat, with: &str) -> Vec<u8> {
    let with = Name::new(with).unwrap();
    let group = seat.core.conversations[&with].group.as_ref().unwrap();
    group.authenticator()
}

/// How far this user's messages to somebody came, by what they say.
fn fates(seat: &Seat, to: &str) -> Vec<(String, Option<Progress>)> {
    let said = seat.core.store.past(&Name::new(to).unwrap(), 500).unwrap();
    let own = said.into_iter().filter(|said| said.is_own);
    own.map(|said| (said.text, said.progress)).collect()
}

#[derive(Clone, Debug)]
enum Act {
    Write,
    WriteMuch,
    Busy,
    Hear,
    Serve,
    Connect,
    Cut,
    Crash,
    HearAndCrash,
    Pass(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Write),
        1 => Just(Act::WriteMuch),
        1 => Just(Act::Busy),
        12 => Just(Act::Hear),
        12 => Just(Act::Serve),
        3 => Just(Act::Connect),
        1 => Just(Act::Cut),
        1 => Just(Act::Crash),
        1 => Just(Act::HearAndCrash),
        3 => (0..4_000u64).prop_map(Act::Pass),
        // Long enough for keys to be renewed.
        1 => Just(Act::Pass(601_000)),
    ]
}

fn perform(world: &mut World, at: usize, act: &Act) {
    match act {
        Act::Write => write(world, at, 1),
        // More than may be on their way at once.
        Act::WriteMuch => write(world, at, WINDOW + 4),
        Act::Busy => world.busy += 3,
        Act::Hear => drop(world.hear(at)),
        Act::Serve => drop(world.serve(at)),
        Act::Connect => world.connect(at),
        Act::Cut => world.cut(at),
        Act::Crash => world.crash(at),
        Act::HearAndCrash => world.hear_and_crash(at),
        Act::Pass(ms) => world.pass(*ms),
    }
}

fn write(world: &mut World, at: usize, count: usize) {
    let to = ["ravi", "asha"][at];
    for _ in 0..count {
        let text = format!("{} of {at}", world.seats[at].written.len() + 1);
        world.write(at, to, &text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_or_shown_twice(acts in prop::collection::vec((0..2usize, act()), 1..120)) {
        let mut world = World::new(&["asha", "ravi"]);
        for (at, act) in &acts {
            perform(&mut world, *at, act);
        }
        world.settle();
        for (at, name, other) in [(0, "asha", "ravi"), (1, "ravi", "asha")] {
            let seat = &world.seats[at];
            prop_assert_eq!(shown(seat, other), world.seats[1 - at].written.clone());
            // And both know of each other that all of it was read.
            let read: Vec<_> = seat.written.iter().map(|text| (text.clone(), Some(Progress::Read))).collect();
            prop_assert_eq!(fates(seat, other), read);
            prop_assert!(seat.notes().iter().all(|note| !note.contains("not arrived")), "{:?}", seat.notes());
            if seat.core.conversations.contains_key(&Name::new(other).unwrap()) {
                prop_assert_eq!(authenticator(seat, other), authenticator(&world.seats[1 - at], name));
            }
        }
    }
}

/// What came for a group was passed over until the answer to its opening had come, for it was not known by then.
#[test]
fn an_answer_that_was_lost_loses_nothing_that_came_after_it() {
    let mut world = World::new(&["asha", "ravi"]);
    world.write(1, "asha", "hello");
    for step in [World::serve, World::hear, World::serve] {
        assert!(step(&mut world, 1));
    }
    // The server has taken the opening, and that gets lost.
    world.cut(1);
    world.write(0, "ravi", "hello to you");
    while world.hear(0) || world.serve(0) {}
    world.settle();
    assert_eq!(shown(&world.seats[1], "asha"), ["hello to you"]);
    for seat in &world.seats {
        assert_eq!(seat.notes(), Vec::<&str>::new());
    }
}

/// Each of the two ends at a hundred of its writes, in turn before one counts and after, and goes on as another process.
#[test]
fn whichever_write_ends_a_process_nothing_is_lost_or_shown_twice() {
    const KILLS: u32 = 100;
    let mut world = World::new(&["asha", "ravi"]);
    let mut kills = [0_u32; 2];
    for round in 0.. {
        for (at, kills) in kills.iter_mut().enumerate() {
            if world.seats[at].fuse.is_none() && *kills < KILLS {
                *kills += 1;
                // Long lives between short ones: those get on with it.
                let left = 1 + *kills * 5 % 14;
                let is_after = kills.is_multiple_of(2);
                world.seats[at].fuse = Some(Fuse { left, is_after });
            }
            world.connect(at);
            write(&mut world, at, if round % 8 == 0 { 5 } else { 1 });
            world.flow(at);
        }
        world.pass(if round % 9 == 0 { 601_000 } else { 2_500 });
        if kills == [KILLS; 2] && world.seats.iter().all(|seat| seat.fuse.is_none()) {
            break;
        }
    }
    world.settle();
    for (at, other) in [(0, "ravi"), (1, "asha")] {
        assert_eq!(shown(&world.seats[at], other), world.seats[1 - at].written);
        let notes = world.seats[at].notes();
        assert!(notes.is_empty(), "{notes:?}");
    }
    assert_eq!(
        authenticator(&world.seats[0], "ravi"),
        authenticator(&world.seats[1], "asha")
    );
}

/// Each of these used up a look into the directory, which had not come by then.
#[test]
fn what_waits_of_somebody_new_waits_for_the_directory() {
    let mut world = World::new(&["asha", "ravi"]);
    world.cut(0);
    let mira = world.join("mira");
    let said = ["one", "two", "three", "four", "five", "six"];
    for text in said {
        world.write(mira, "asha", text);
        world.flow(mira);
    }
    world.settle();
    assert_eq!(shown(&world.seats[0], "mira"), said);
    assert_eq!(world.seats[0].notes(), Vec::<&str>::new());
}

#[test]
fn news_of_others_are_no_answer_to_who_somebody_is() {
    let mut world = World::new(&["asha", "ravi"]);
    world.hidden = Some(Name::new("mira").unwrap());
    let mira = world.join("mira");
    world.write(mira, "asha", "hello");
    world.flow(mira);
    while world.hear(0) {}
    for _ in 0..5 {
        world.news(0, "ravi");
        assert!(world.hear(0));
    }
    world.hidden = None;
    world.settle();
    assert_eq!(shown(&world.seats[0], "mira"), ["hello"]);
    assert_eq!(world.seats[0].notes(), Vec::<&str>::new());
}

/// Somebody talks with somebody else.
fn pair() -> World {
    let mut world = World::new(&["asha", "ravi"]);
    world.write(0, "ravi", "hello");
    world.settle();
    assert_eq!(shown(&world.seats[1], "asha"), ["hello"]);
    world
}

#[test]
fn many_messages_are_on_their_way_at_once_and_the_rest_behind_them() {
    let mut world = pair();
    write(&mut world, 0, WINDOW + 4);
    assert_eq!(world.under_way(0), WINDOW);
    assert!(world.serve(0) && world.hear(0));
    assert_eq!(world.under_way(0), WINDOW);
    world.cut(0);
    world.settle();
    assert_eq!(shown(&world.seats[1], "asha"), world.seats[0].written);
}

/// The server takes the ones behind it, unless they say what they follow.
#[test]
fn what_follows_a_refused_message_does_not_overtake_it() {
    let mut world = pair();
    write(&mut world, 0, 5);
    world.busy = 1;
    world.settle();
    assert_eq!(shown(&world.seats[1], "asha"), world.seats[0].written);
    for seat in &world.seats {
        assert_eq!(seat.notes(), Vec::<&str>::new());
    }
    let told = |event: &&Event| matches!(event, Event::Refused { .. });
    assert_eq!(world.seats[0].events.iter().filter(told).count(), 1);
}

#[test]
fn keys_are_renewed_when_nothing_is_on_its_way() {
    let mut world = pair();
    world.pass(601_000);
    world.write(1, "asha", "hello to you");
    world.flow(1);
    world.flow(0);
    write(&mut world, 0, 3);
    // The commit goes alone, and what was written goes behind it.
    assert_eq!(world.under_way(0), 1);
    world.settle();
    assert_eq!(shown(&world.seats[1], "asha"), world.seats[0].written);
    assert_eq!(
        authenticator(&world.seats[0], "ravi"),
        authenticator(&world.seats[1], "asha")
    );
}

#[test]
fn only_ones_own_texts_can_be_changed() {
    let mut world = pair();
    let hello = MessageId {
        device: world.seats[0].id,
        counter: 1,
    };
    world.say(1, "asha", Content::Edit(hello, "goodbye".into()));
    let nowhere = MessageId {
        counter: 99,
        ..hello
    };
    world.say(1, "asha", Content::Edit(nowhere, "goodbye".into()));
    world.settle();
    let asha = &world.seats[0];
    assert_eq!(fates(asha, "ravi")[0].0, "hello");
    let notes = asha.notes().join("; ");
    assert!(notes.contains("no text of theirs"), "{notes}");
    assert!(notes.contains("that is not here"), "{notes}");

    let reference = random().unwrap();
    let now_ms = world.now_ms;
    let core = &mut world.seats[0].core;
    core.edit("ravi", "good evening", reference, now_ms)
        .unwrap();
    world.settle();
    let last = world.seats[1].shown.last().unwrap();
    assert_eq!((last.text.as_str(), last.is_edited), ("good evening", true));
    assert_eq!(fates(&world.seats[0], "ravi")[0].0, "good evening");
}

#[test]
fn what_a_later_version_says_is_noted_and_nothing_else_happens() {
    let mut world = pair();
    let now_ms = world.now_ms;
    let seat = &mut world.seats[0];
    let peer = Name::new("ravi").unwrap();
    // Content of the kind 9, in a payload of the smallest class.
    let mut payload = b"\0\0\0\x0e\xa4\x00\x01\x01\x02\x02\x00\x04\x82\x09\x81\x61x".to_vec();
    payload.resize(256, 0);
    let aside = Write::Aside(peer.clone(), random().unwrap(), payload);
    seat.core.put(&peer, vec![aside], now_ms).unwrap();
    world.settle();
    world.write(0, "ravi", "readable");
    world.settle();
    let ravi = &world.seats[1];
    assert_eq!(shown(ravi, "asha"), ["hello", "readable"]);
    let notes = ravi.notes().join("; ");
    assert!(notes.contains("update this client"), "{notes}");
    assert!(!notes.contains("started anew"), "{notes}");
}

#[test]
fn a_receipt_is_told_of_by_nobody_and_only_if_that_is_wanted() {
    let mut world = pair();
    let told = |seat: &Seat| {
        let came = |event: &&Event| matches!(event, Event::Came { .. });
        seat.events.iter().filter(came).count()
    };
    assert_eq!(
        told(&world.seats[0]),
        1,
        "delivered and read are one, if it is read at once"
    );
    let kept = |world: &World, at: usize, peer: &str| {
        world.seats[at].core.conversations[&Name::new(peer).unwrap()].written
    };
    let before = (kept(&world, 0, "ravi"), kept(&world, 1, "asha"));
    world.settle();
    assert_eq!((kept(&world, 0, "ravi"), kept(&world, 1, "asha")), before);
    world.seats[1].core.set_telling(false).unwrap();
    world.write(0, "ravi", "two");
    world.settle();
    world.crash(1);
    world.settle();
    world.seats[1].core.set_telling(true).unwrap();
    world.write(0, "ravi", "three");
    world.settle();
    let read = Some(Progress::Read);
    let found: Vec<_> = fates(&world.seats[0], "ravi")
        .into_iter()
        .map(|(_, fate)| fate)
        .collect();
    assert_eq!(found, [read, None, read]);
}

#[test]
fn who_does_not_tell_how_far_messages_came_is_not_told() {
    let mut world = pair();
    let told = |seat: &mut Seat| {
        seat.core.past("ravi").unwrap();
        let Some(Event::Past { said, .. }) = seat.core.events.pop_back() else {
            panic!("it was asked for");
        };
        said.into_iter()
            .map(|said| said.progress)
            .collect::<Vec<_>>()
    };
    let read = Some(Progress::Read);
    assert_eq!(told(&mut world.seats[0]), [read]);
    world.seats[0].core.set_telling(false).unwrap();
    world.write(0, "ravi", "two");
    world.settle();
    assert_eq!(told(&mut world.seats[0]), [None, None]);
    world.seats[0].core.set_telling(true).unwrap();
    assert_eq!(told(&mut world.seats[0]), [read, None]);
}

#[test]
fn that_somebody_writes_is_said_at_most_every_three_seconds_and_once() {
    let mut world = pair();
    let writes = |world: &mut World, ms: u64| {
        world.now_ms += ms;
        let now_ms = world.now_ms;
        world.seats[0].core.writing("ravi", now_ms).unwrap();
        let asks = std::mem::take(&mut world.seats[0].core.asks);
        asks.into_iter().next()
    };
    let first = writes(&mut world, 60_000).unwrap();
    assert_eq!(writes(&mut world, 2_999), None);
    assert!(writes(&mut world, 1).is_some());
    let Ok(Ask::Signal(signal)) = Ask::from_bytes(&first) else {
        panic!("it is a signal");
    };
    let peer = Name::new("asha").unwrap();
    let signal = kinora_talk::frame::Signal { peer, ..signal };
    let now_ms = world.now_ms;
    let ravi = &mut world.seats[1].core;
    for _ in 0..2 {
        ravi.signalled(&signal, now_ms);
    }
    let event = ravi.events.pop_front();
    assert!(matches!(event, Some(Event::Writing { .. })), "{event:?}");
    assert_eq!(ravi.events.pop_front(), None, "a repetition says nothing");
    world.seats[0].core.is_mute = true;
    assert_eq!(writes(&mut world, 60_000), None);
    // Who does not tell is not told.
    world.seats[0].core.is_mute = false;
    let again = writes(&mut world, 60_000).unwrap();
    let Ok(Ask::Signal(again)) = Ask::from_bytes(&again) else {
        panic!("it is a signal");
    };
    let signal = kinora_talk::frame::Signal {
        bytes: again.bytes,
        ..signal
    };
    let now_ms = world.now_ms;
    let ravi = &mut world.seats[1].core;
    ravi.is_mute = true;
    ravi.signalled(&signal, now_ms);
    assert_eq!(ravi.events.pop_front(), None);
    ravi.is_mute = false;
    ravi.signalled(&signal, now_ms);
    assert!(ravi.events.pop_front().is_some());
}

/// A second device of the one who sits here comes, and gets the last seat.
fn link(world: &mut World, at: usize, label: &str) {
    let opened = adopt(world, at, label);
    world.settle();
    let last = world.seats.last().unwrap();
    assert!(matches!(
        Core::adopt(last.place.path(), &opened, "x", world.now_ms / 1000),
        Err(Fault::TalkInUse { .. })
    ));
}

/// The same, before it has been at the server.
fn adopt(world: &mut World, at: usize, label: &str) -> Handover {
    let place = tempfile::tempdir().unwrap();
    let asker = Asker::new(&[5; 32]).unwrap();
    world.cut(at);
    let Seat {
        core, place: old, ..
    } = world.seats.remove(at);
    drop(core);
    let (handover, owner) = Core::handover(old.path()).unwrap();
    let answer = handover.seal(&asker.code()).unwrap();
    let opened = asker.open(&answer).unwrap();
    let now_s = world.now_ms / 1000;
    let adopted: Owner = Core::adopt(place.path(), &opened, label, now_s).unwrap();
    assert_eq!(adopted, owner);
    let seat = Seat::new(old, None, world.now_ms);
    world.seats.insert(at, seat);
    world.seats.push(Seat::new(place, None, world.now_ms));
    opened
}

/// It is announced when it comes in, which is before it has left the packages with which it is let in.
#[test]
fn a_new_device_is_let_in_as_soon_as_it_has_left_packages() {
    let mut world = pair();
    adopt(&mut world, 0, "laptop");
    let new = world.seats.len() - 1;
    world.connect(new);
    assert!(world.hear(new) && world.serve(new), "it is registered");
    world.flow(1);
    let ravi = &world.seats[1];
    assert_eq!(devices_in(ravi, "asha").len(), 2, "no package was there");
    // No time passes from here on.
    for at in [new, 1, new] {
        world.flow(at);
    }
    world.write(1, "asha", "at once");
    world.flow(1);
    world.flow(new);
    assert_eq!(shown(&world.seats[new], "ravi"), ["at once"]);
}

/// The identity goes over, and with it who was compared; then all devices talk in one group.
#[test]
fn a_new_device_comes_into_what_goes_on() {
    let mut world = pair();
    let (number, _) = number_shown(&mut world.seats[0]);
    world.seats[0].core.compared("ravi", Some(&number)).unwrap();
    link(&mut world, 0, "laptop");
    let notes = world.seats[1].notes().join("; ");
    assert!(
        notes.contains("asha added the device \"laptop\""),
        "{notes}"
    );
    let ravi = Name::new("ravi").unwrap();
    assert_eq!(
        world.seats[2].core.people.0[&ravi].contact.word(),
        "verified"
    );
    for (at, to, text) in [
        (2, "ravi", "from the new"),
        (0, "ravi", "from the old"),
        (1, "asha", "to both"),
    ] {
        world.write(at, to, text);
        world.settle();
    }
    assert_eq!(
        shown(&world.seats[1], "asha"),
        ["hello", "from the new", "from the old"]
    );
    assert_eq!(shown(&world.seats[0], "asha"), ["from the new"]);
    assert_eq!(shown(&world.seats[2], "asha"), ["from the old"]);
    for at in [0, 2] {
        assert_eq!(shown(&world.seats[at], "ravi"), ["to both"]);
        assert_eq!(
            authenticator(&world.seats[at], "ravi"),
            authenticator(&world.seats[1], "asha")
        );
    }
    let missing = world
        .seats
        .iter()
        .flat_map(Seat::notes)
        .filter(|note| note.contains("not arrived"));
    assert_eq!(missing.count(), 0);
}

/// Removes a device of the one who sits here, by its label.
fn remove(world: &mut World, at: usize, label: &str) {
    let now_ms = world.now_ms;
    world.seats[at]
        .core
        .remove(label, random().unwrap(), now_ms);
    world.settle();
}

fn devices_in(seat: &Seat, with: &str) -> Vec<String> {
    let group = seat.core.conversations[&Name::new(with).unwrap()]
        .group
        .as_ref();
    let members = group.unwrap().members().into_iter();
    let mut labels: Vec<String> = members
        .map(|device| format!("{} {}", device.name, device.label))
        .collect();
    labels.sort();
    labels
}

#[test]
fn a_removed_device_reads_nothing_more() {
    let mut world = pair();
    link(&mut world, 0, "laptop");
    world.write(1, "asha", "to both");
    world.settle();
    let before = world.queue(0).len();
    remove(&mut world, 0, "laptop");
    world.write(1, "asha", "not for the laptop");
    world.settle();
    assert_eq!(
        shown(&world.seats[0], "ravi"),
        ["to both", "not for the laptop"]
    );
    assert_eq!(shown(&world.seats[2], "ravi"), ["to both"]);
    assert_eq!(
        devices_in(&world.seats[0], "ravi"),
        ["asha device", "ravi device"]
    );
    assert_eq!(
        authenticator(&world.seats[0], "ravi"),
        authenticator(&world.seats[1], "asha")
    );
    let told = world.seats[1].notes().join("; ");
    assert!(
        told.contains("asha removed the device \"laptop\""),
        "{told}"
    );
    let told = world.seats[0].notes().join("; ");
    assert!(
        !told.contains("started anew") && !told.contains("not arrived"),
        "{told}"
    );

    // A server that gives the removed device everything all the same gives it nothing that it can open.
    let stolen = world.queue(0)[before..].to_vec();
    assert!(
        stolen
            .iter()
            .any(|each| each.kind == kinora_talk::frame::Kind::Message)
    );
    let ravi = Name::new("ravi").unwrap();
    let laptop = &mut world.seats[2].core;
    let view = laptop.view(&ravi);
    let group = laptop
        .conversations
        .get_mut(&ravi)
        .unwrap()
        .group
        .as_mut()
        .unwrap();
    for each in &stolen {
        let opened = group.open_message(&each.envelope, &view);
        let is_out = matches!(
            opened,
            Ok(kinora_chat::engine::Event::Commit { is_out: true, .. })
        );
        assert!(is_out || opened.is_err(), "{opened:?}");
    }
}

#[test]
fn a_removal_that_the_server_keeps_back_is_noticed() {
    let mut world = pair();
    link(&mut world, 0, "laptop");
    remove(&mut world, 0, "laptop");
    world.withholds = true;
    for at in [0, 1] {
        // What was seen is known after a new start, too.
        world.crash(at);
    }
    world.settle();
    world.write(1, "asha", "still not for the laptop");
    world.settle();
    let told = world.seats[1].notes().join("; ");
    assert!(told.contains("keeps back that it was removed"), "{told}");
    assert_eq!(
        devices_in(&world.seats[1], "asha"),
        ["asha device", "ravi device"]
    );
    assert_eq!(shown(&world.seats[0], "ravi"), ["still not for the laptop"]);
}

/// The number that this seat was shown last.
fn number_shown(seat: &mut Seat) -> (String, &'static str) {
    seat.core.safety("ravi", false);
    let mut events = std::mem::take(&mut seat.core.events).into_iter();
    let found = events.find_map(|event| match event {
        Event::Safety { number, word, .. } => Some((number, word)),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn a_key_that_the_server_swaps_is_noticed_and_no_old_number_vouches_for_it() {
    let mut world = pair();
    let (old, word) = number_shown(&mut world.seats[0]);
    assert_eq!(word, "pinned");
    world.swap("ravi");
    world.flow(0);
    let told = world.seats[0].notes().join("; ");
    assert!(
        told.contains("the key of ravi has changed; /verify ravi tells more"),
        "{told}"
    );
    // What the user had before their eyes is of the key before: neither saying yes to it nor giving its digits counts.
    let core = &mut world.seats[0].core;
    for number in [None, Some(old.as_str()), Some("12345")] {
        core.compared("ravi", number).unwrap();
        let event = core.events.pop_back();
        let Some(Event::Refused { problem, .. }) = event else {
            panic!("{event:?}");
        };
        let expected = if number == Some("12345") {
            "number_incomplete"
        } else {
            "numbers_differ"
        };
        assert_eq!(problem.code, expected);
    }
    let (new, word) = number_shown(&mut world.seats[0]);
    assert_eq!(word, "changed");
    assert_ne!(old, new);
    // Under one's own name it ends the connection.
    world.swap("asha");
    let page = world.people();
    let fault = world.seats[0].core.page(&page, world.now_ms).unwrap_err();
    assert_eq!(fault.code(), "identity_changed");
}

#[test]
fn a_swapped_key_of_somebody_compared_stops_what_is_written() {
    let mut world = pair();
    let (number, _) = number_shown(&mut world.seats[0]);
    world.seats[0].core.compared("ravi", Some(&number)).unwrap();
    world.swap("ravi");
    world.flow(0);
    world.write(0, "ravi", "not for them");
    world.flow(0);
    assert!(refused(&world.seats[0], "key_changed"));
    assert!(world.seats[0].core.outbox.is_empty());
    assert_eq!(shown(&world.seats[1], "asha"), ["hello"]);
}

/// What a decision of the user about ravi was refused with, if it was.
fn decided(seat: &mut Seat, decide: impl FnOnce(&mut Core)) -> Option<String> {
    seat.core.events.clear();
    decide(&mut seat.core);
    let code = |event: Event| match event {
        Event::Refused { problem, .. } => Some(problem.code),
        _ => None,
    };
    seat.core.events.drain(..).find_map(code)
}

#[test]
fn a_key_that_changes_after_it_was_shown_is_not_taken_unseen() {
    let mut world = pair();
    let (number, _) = number_shown(&mut world.seats[0]);
    world.seats[0].core.compared("ravi", Some(&number)).unwrap();
    world.swap("ravi");
    world.flow(0);
    let (first, word) = number_shown(&mut world.seats[0]);
    assert_eq!(word, "changed");
    world.swap_for("ravi", [67; 32]);
    world.flow(0);
    let seat = &mut world.seats[0];
    for number in [None, Some(first.as_str()), Some("12345")] {
        let code = decided(seat, |core| core.accepted("ravi", number).unwrap());
        assert_eq!(code.as_deref(), Some("key_changed_again"), "{number:?}");
    }
    let (second, word) = number_shown(seat);
    assert_eq!(word, "changed");
    assert_ne!(first, second);
    let code = decided(seat, |core| core.accepted("ravi", Some(&second)).unwrap());
    assert_eq!(code, None);
    assert_eq!(number_shown(seat), (second, "pinned"));
}

#[test]
fn nothing_is_said_about_a_number_that_nobody_has_seen() {
    let mut world = pair();
    world.swap("ravi");
    world.flow(0);
    let seat = &mut world.seats[0];
    let not_shown = Some("number_not_shown".to_owned());
    let accept = |core: &mut Core| core.accepted("ravi", None).unwrap();
    assert_eq!(decided(seat, accept), not_shown);
    let compare = |core: &mut Core| core.compared("ravi", None).unwrap();
    assert_eq!(decided(seat, compare), not_shown);
    let (number, word) = number_shown(seat);
    assert_eq!(word, "changed");
    assert_eq!(decided(seat, accept), None);
    assert_eq!(number_shown(seat), (number, "pinned"));
}

#[test]
fn an_old_directory_is_noticed() {
    let mut world = pair();
    let old = world.people();
    link(&mut world, 0, "laptop");
    world.show(1, old);
    world.flow(1);
    let told = world.seats[1].notes().join("; ");
    let expected =
        "does not show the device \"laptop\" of asha any more, though asha has not removed it";
    assert!(told.contains(expected), "{told}");
}

/// News of somebody who goes at once are sent when they are gone already, and before their going.
#[test]
fn who_went_while_there_was_news_of_them_is_told_of_once() {
    let mut world = pair();
    world.seats[0].events.clear();
    let ravi = Name::new("ravi").unwrap();
    world.away = Some(ravi.clone());
    world.news(0, "ravi");
    world.flow(0);
    world.seats[0].core.moved(&ravi, false);
    world.settle();
    let told = world.seats[0].events.iter();
    let told = told.filter(|event| matches!(event, Event::Left(name) if *name == ravi));
    assert_eq!(told.count(), 1);
}

#[test]
fn only_another_device_of_ones_own_is_removed() {
    let mut world = pair();
    link(&mut world, 0, "device");
    for (which, code) in [("device", "several_devices"), ("laptop", "no_such_device")] {
        remove(&mut world, 0, which);
        assert!(refused(&world.seats[0], code), "{code}");
    }
    let own = world.seats[0].id.to_string();
    remove(&mut world, 0, &own);
    assert!(refused(&world.seats[0], "own_device"));
    let ravis = world.seats[1].id.to_string();
    remove(&mut world, 0, &ravis);
    assert_eq!(devices_in(&world.seats[1], "asha").len(), 3);
    let other = world.seats[2].id.to_string();
    remove(&mut world, 0, &other);
    assert_eq!(devices_in(&world.seats[1], "asha").len(), 2);
}

fn refused(seat: &Seat, code: &str) -> bool {
    let is_it =
        |event: &Event| matches!(event, Event::Refused { problem, .. } if problem.code == code);
    seat.events.iter().any(is_it)
}

/// Nobody could ever read it: what is said to somebody who has no device just now waits for their next one.
#[test]
fn a_message_waits_for_somebody_who_has_no_device() {
    let mut world = pair();
    let now_s = world.now_ms / 1000;
    let ravi = &world.seats[1].core;
    let removal = Removal::new(&ravi.identity, ravi.client.device(), now_s);
    world.remove(removal);
    world.cut(0);
    world.connect(0);
    while world.hear(0) || world.serve(0) {}
    world.write(0, "ravi", "for later");
    while world.hear(0) || world.serve(0) {}
    assert!(!world.seats[0].core.is_done());
    assert_eq!(devices_in(&world.seats[0], "ravi"), ["asha device"]);

    let Seat { core, place, .. } = world.seats.remove(1);
    drop(core);
    let (handover, _) = Core::handover(place.path()).unwrap();
    let place = tempfile::tempdir().unwrap();
    Core::adopt(place.path(), &handover, "new", now_s).unwrap();
    let now_ms = world.now_ms;
    world.seats.push(Seat::new(place, None, now_ms));
    world.settle();
    assert_eq!(shown(&world.seats[1], "asha"), ["for later"]);
}
