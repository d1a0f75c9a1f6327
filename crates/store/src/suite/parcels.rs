//! Parcels: who may have one, how it grows, and when it is gone.

use super::cases;
use crate::Fault;
use crate::parcel::{Depot, NewParcel, Parcel, ParcelId, Parcels, Parted, Reserved, Room};
use crate::post::{NewDevice, Post, Registered, Seat};
use std::os::unix::fs::FileExt;

/// A backend keeps both in one place: a parcel is somebody's.
pub trait Both: Parcels + Post {}
impl<T: Parcels + Post> Both for T {}

cases!(dyn Both:
    a_parcel_is_for_two_people_and_nobody_else,
    room_is_set_aside_and_given_back,
    it_grows_from_where_it_is,
    it_goes_when_every_device_of_the_reader_has_it,
    whoever_sent_it_can_take_it_back,
    its_time_ends,
);

/// The tests of [`Depot`].
pub(super) const DEPOT: &[super::Case<dyn Depot>] = &[
    ("bytes_are_kept_by_their_id", bytes_are_kept_by_their_id),
    ("what_nobody_owns_is_swept", what_nobody_owns_is_swept),
];

const ROOM: Room = Room {
    all: 1_000,
    person: 600,
};

/// A device of whoever has this letter.
fn device(store: &dyn Both, name: &str, id: u8) -> Seat {
    let new = NewDevice {
        name: name.into(),
        skeleton: name.into(),
        identity: [name.as_bytes()[0]; 32],
        id: [id; 16],
        certificate: vec![id; 40],
    };
    match store.register(&new, 16, 16).unwrap() {
        Registered::New(device) => device.seat,
        other => panic!("{other:?}"),
    }
}

fn reserve(store: &dyn Both, id: u8, seat: Seat, to: &str, size: u64) -> Reserved {
    let new = NewParcel {
        id: ParcelId([id; 16]),
        seat,
        to: to.into(),
        size,
        expires_s: 100,
    };
    store.reserve(&new, &ROOM).unwrap()
}

fn look(store: &dyn Both, id: u8, seat: Seat) -> Option<Parcel> {
    store.parcel(&ParcelId([id; 16]), seat, 50).unwrap()
}

fn a_parcel_is_for_two_people_and_nobody_else(store: &dyn Both) {
    let (asha, ravi, mira) = (
        device(store, "asha", 1),
        device(store, "ravi", 2),
        device(store, "mira", 3),
    );
    let phone = device(store, "asha", 4);
    assert_eq!(reserve(store, 9, asha, "ravi", 100), Reserved::New);
    let mut parcel = Parcel {
        size: 100,
        received: 0,
        is_own: true,
        expires_s: 100,
    };
    assert_eq!(look(store, 9, asha), Some(parcel));
    assert_eq!(look(store, 9, phone), Some(parcel));
    parcel.is_own = false;
    assert_eq!(look(store, 9, ravi), Some(parcel));
    assert_eq!(look(store, 9, mira), None);
    assert_eq!(look(store, 8, asha), None);
    assert_eq!(
        store.part(&ParcelId([9; 16]), mira).unwrap(),
        Parted::Unknown
    );
    assert_eq!(reserve(store, 8, asha, "asha", 1), Reserved::Yourself);
    assert_eq!(reserve(store, 8, asha, "nobody", 1), Reserved::UnknownPeer);
    assert_eq!(store.all().unwrap(), [ParcelId([9; 16])]);
}

fn room_is_set_aside_and_given_back(store: &dyn Both) {
    let (asha, ravi) = (device(store, "asha", 1), device(store, "ravi", 2));
    assert_eq!(reserve(store, 1, asha, "ravi", 500), Reserved::New);
    assert_eq!(
        reserve(store, 2, asha, "ravi", 101),
        Reserved::PersonFull(100)
    );
    assert_eq!(reserve(store, 2, ravi, "asha", 501), Reserved::Full(500));
    assert_eq!(reserve(store, 2, ravi, "asha", 500), Reserved::New);
    assert_eq!(store.held().unwrap(), 1_000);
    assert_eq!(store.part(&ParcelId([1; 16]), asha).unwrap(), Parted::Gone);
    assert_eq!(store.held().unwrap(), 500);
    assert_eq!(reserve(store, 3, asha, "ravi", 500), Reserved::New);
}

fn it_grows_from_where_it_is(store: &dyn Both) {
    let asha = device(store, "asha", 1);
    device(store, "ravi", 2);
    reserve(store, 1, asha, "ravi", 100);
    let grown = |from, to| store.grown(&ParcelId([1; 16]), from, to, 200).unwrap();
    assert!(grown(0, 40));
    assert!(!grown(0, 50), "two who go on from the same place");
    assert!(!grown(40, 101), "more than it has");
    assert!(grown(40, 100));
    let parcel = look(store, 1, asha).unwrap();
    assert_eq!((parcel.received, parcel.expires_s), (100, 200));
    assert!(!store.grown(&ParcelId([2; 16]), 0, 1, 200).unwrap());
}

fn it_goes_when_every_device_of_the_reader_has_it(store: &dyn Both) {
    let (asha, ravi) = (device(store, "asha", 1), device(store, "ravi", 2));
    let phone = device(store, "ravi", 3);
    reserve(store, 1, asha, "ravi", 100);
    let part = |seat| store.part(&ParcelId([1; 16]), seat).unwrap();
    assert_eq!(part(ravi), Parted::Stays);
    assert_eq!(part(ravi), Parted::Stays, "one device counts once");
    assert!(look(store, 1, ravi).is_some());
    assert_eq!(part(phone), Parted::Gone);
    assert_eq!(look(store, 1, asha), None);
    assert_eq!(part(phone), Parted::Unknown);
}

fn whoever_sent_it_can_take_it_back(store: &dyn Both) {
    let (asha, ravi) = (device(store, "asha", 1), device(store, "ravi", 2));
    device(store, "ravi", 3);
    reserve(store, 1, asha, "ravi", 100);
    let part = |seat| store.part(&ParcelId([1; 16]), seat).unwrap();
    assert_eq!(part(ravi), Parted::Stays);
    assert_eq!(part(asha), Parted::Gone);
    assert!(store.all().unwrap().is_empty());
}

fn its_time_ends(store: &dyn Both) {
    let (asha, ravi) = (device(store, "asha", 1), device(store, "ravi", 2));
    reserve(store, 1, asha, "ravi", 100);
    reserve(store, 2, asha, "ravi", 100);
    store.grown(&ParcelId([2; 16]), 0, 100, 300).unwrap();
    // Over is over, whether anybody has swept or not.
    assert_eq!(store.parcel(&ParcelId([1; 16]), ravi, 100).unwrap(), None);
    assert_eq!(store.expire(99).unwrap(), []);
    assert_eq!(store.expire(100).unwrap(), [ParcelId([1; 16])]);
    assert_eq!(store.all().unwrap(), [ParcelId([2; 16])]);
}

fn bytes_are_kept_by_their_id(depot: &dyn Depot) {
    let (one, other) = (ParcelId([1; 16]), ParcelId([2; 16]));
    let file = depot.create(&one, 100).unwrap();
    file.write_all_at(b"sealed", 50).unwrap();
    let file = depot.open(&one).unwrap();
    assert_eq!(file.metadata().unwrap().len(), 100);
    let mut bytes = [0; 6];
    file.read_exact_at(&mut bytes, 50).unwrap();
    assert_eq!(&bytes, b"sealed");
    assert!(depot.create(&one, 100).is_err(), "nothing is made twice");
    super::refused!(depot.open(&other), Fault::Missing { .. });
    depot.remove(&one).unwrap();
    depot.remove(&one).unwrap();
    super::refused!(depot.open(&one), Fault::Missing { .. });
    assert!(depot.create(&other, u64::MAX / 4).is_err());
    super::refused!(depot.open(&other), Fault::Missing { .. });
    assert!(depot.room(0).unwrap() > depot.room(1 << 20).unwrap());
}

fn what_nobody_owns_is_swept(depot: &dyn Depot) {
    let (one, other) = (ParcelId([1; 16]), ParcelId([2; 16]));
    depot.create(&one, 10).unwrap();
    depot.create(&other, 10).unwrap();
    assert_eq!(depot.sweep(&[other]).unwrap(), 1);
    super::refused!(depot.open(&one), Fault::Missing { .. });
    depot.open(&other).unwrap();
}
