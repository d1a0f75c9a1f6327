//! Who may have a parcel, and how one grows.

use super::*;
use kinora_store::TaskId;
use kinora_store::contract::{self, NewUpload};
use kinora_store::files;
use kinora_store::post::{NewDevice, Post, Registered};
use kinora_store::sqlite::{Database, PostOffice};
use std::path::Path;

const NOW_S: u64 = 1_000_000;
const SIZE: u64 = 100_000;
const CEILING: u64 = 20 << 20;
const RESERVED: u64 = 12 << 20;

struct Place {
    parcels: Parcels,
    seats: Vec<Seat>,
    directory: tempfile::TempDir,
}

fn place(change: impl FnOnce(&mut TalkConfig)) -> Place {
    let directory = tempfile::tempdir().unwrap();
    let post = PostOffice::open(&directory.path().join("talk.db")).unwrap();
    let seats = ["asha", "ravi", "mira"].map(|name| seat(&post, name));
    let jobs = Database::open(&directory.path().join("kinora.db")).unwrap();
    // Of a job that has set this much aside.
    let upload = NewUpload {
        id: TaskId::random(),
        idempotency_key: None,
        client: "somebody".into(),
        owner: None,
        order: "{}".into(),
        length: RESERVED,
        expires_at: i64::MAX,
    };
    jobs.begin(&upload, contract::Room::shared(CEILING), 0)
        .unwrap();
    let mut config = TalkConfig::default();
    change(&mut config);
    let parcels = Parcels::open(Parts {
        records: Arc::new(post),
        depot: Arc::new(files::Depot::open(directory.path()).unwrap()),
        config,
        jobs: Arc::new(jobs),
        ceiling: CEILING,
        upload_keep_s: 100,
        margin: 0,
    });
    Place {
        parcels: parcels.unwrap(),
        seats: seats.into(),
        directory,
    }
}

fn seat(post: &PostOffice, name: &str) -> Seat {
    let new = NewDevice {
        name: name.into(),
        skeleton: name.into(),
        identity: [name.as_bytes()[0]; 32],
        id: [name.as_bytes()[0]; 16],
        certificate: vec![1],
    };
    match post.register(&new, 16, 16).unwrap() {
        Registered::New(device) => device.seat,
        other => panic!("{other:?}"),
    }
}

fn files(place: &Path) -> usize {
    std::fs::read_dir(place.join("parcels")).unwrap().count()
}

fn code<T>(done: Result<T, Fault>) -> String {
    match done {
        Ok(_) => "done".into(),
        Err(fault) => fault.problem.code,
    }
}

#[test]
fn it_is_for_two_people_and_goes_when_it_was_fetched() {
    let place = place(|_| {});
    let (parcels, seats) = (&place.parcels, &place.seats);
    let (asha, ravi, mira) = (seats[0], seats[1], seats[2]);
    let (id, _) = parcels.reserve(asha, "Ravi", SIZE, NOW_S).unwrap();
    assert_eq!(code(parcels.fetch(&id, ravi, NOW_S)), "parcel_incomplete");
    assert_eq!(code(parcels.take_up(&id, ravi, 0, NOW_S)), "unknown_parcel");
    let mut arriving = parcels.take_up(&id, asha, 0, NOW_S).unwrap();
    arriving.write(&[7; 60_000]).unwrap();
    assert_eq!(parcels.settle(&arriving, NOW_S).unwrap().received, 60_000);
    let again = parcels.take_up(&id, asha, 0, NOW_S).unwrap_err();
    assert_eq!(again.extra["have"], 60_000);
    let mut arriving = parcels.take_up(&id, asha, 60_000, NOW_S).unwrap();
    arriving.write(&[8; 40_000]).unwrap();
    assert_eq!(code(arriving.write(&[9])), "file_too_large");
    parcels.settle(&arriving, NOW_S).unwrap();
    let (file, size) = parcels.fetch(&id, ravi, NOW_S).unwrap();
    let mut bytes = vec![0; size as usize];
    file.read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!((bytes[59_999], bytes[60_000], size), (7, 8, SIZE));
    // Whoever else knows its address has nothing of it.
    assert_eq!(code(parcels.look(&id, mira, NOW_S)), "unknown_parcel");
    assert_eq!(code(parcels.fetch(&id, mira, NOW_S)), "unknown_parcel");
    assert_eq!(code(parcels.part(&id, mira)), "unknown_parcel");
    parcels.part(&id, ravi).unwrap();
    assert_eq!(code(parcels.fetch(&id, ravi, NOW_S)), "unknown_parcel");
    assert_eq!(files(place.directory.path()), 0);
}

#[test]
fn of_two_who_go_on_from_one_place_one_counts() {
    let place = place(|_| {});
    let asha = place.seats[0];
    let (id, _) = place.parcels.reserve(asha, "ravi", SIZE, NOW_S).unwrap();
    let take = || place.parcels.take_up(&id, asha, 0, NOW_S).unwrap();
    let (mut slow, mut fast) = (take(), take());
    slow.write(&[1; 10]).unwrap();
    fast.write(&[1; 20]).unwrap();
    place.parcels.settle(&fast, NOW_S).unwrap();
    let late = place.parcels.settle(&slow, NOW_S).unwrap_err();
    assert_eq!(
        (late.problem.code.as_str(), &late.extra["have"]),
        ("offset_mismatch", &20.into())
    );
}

#[test]
fn sizes_and_room_have_bounds() {
    let place = place(|config| {
        config.file_size = 1 << 20;
        config.person_space = 3 << 20;
        config.space = 5 << 20;
    });
    let (asha, ravi) = (place.seats[0], place.seats[1]);
    let reserve = |seat, to: &str, size| code(place.parcels.reserve(seat, to, size, NOW_S));
    // A file of the largest size is longer when it is sealed.
    assert_eq!(reserve(asha, "ravi", (1 << 20) + (1 << 16)), "done");
    assert_eq!(reserve(asha, "ravi", 2 << 20), "file_too_large");
    assert_eq!(reserve(asha, "ravi", 10), "file_too_small");
    assert_eq!(reserve(asha, "ravi", 1 << 20), "done");
    assert_eq!(reserve(asha, "ravi", 1 << 20), "talk_space_full");
    assert_eq!(reserve(ravi, "asha", 1 << 20), "done");
    assert_eq!(reserve(ravi, "asha", 1 << 20), "done");
    assert_eq!(reserve(ravi, "asha", 1 << 20), "talk_space_full");
    assert_eq!(reserve(asha, "asha", 1 << 16), "not_yourself");
    assert_eq!(reserve(asha, "nobody", 1 << 16), "unknown_user");
    assert_eq!(reserve(asha, "\u{202e}", 1 << 16), "name_invalid");
}

#[test]
fn what_jobs_have_set_aside_is_no_room_for_parcels() {
    let place = place(|_| {});
    let asha = place.seats[0];
    let reserve = |size| place.parcels.reserve(asha, "ravi", size, NOW_S);
    assert_eq!(code(reserve(CEILING - RESERVED + 1)), "talk_space_full");
    assert_eq!(code(reserve(5 << 20)), "done");
    assert_eq!(code(reserve(5 << 20)), "talk_space_full");
}

#[test]
fn what_nobody_fetches_is_swept() {
    let place = place(|_| {});
    let asha = place.seats[0];
    let (whole, _) = place.parcels.reserve(asha, "ravi", SIZE, NOW_S).unwrap();
    let (half, _) = place.parcels.reserve(asha, "ravi", SIZE, NOW_S).unwrap();
    let mut arriving = place.parcels.take_up(&whole, asha, 0, NOW_S).unwrap();
    arriving.write(&[0; SIZE as usize]).unwrap();
    place.parcels.settle(&arriving, NOW_S).unwrap();
    place.parcels.sweep(NOW_S + 100).unwrap();
    assert_eq!(
        code(place.parcels.look(&half, asha, NOW_S)),
        "unknown_parcel"
    );
    assert_eq!(files(place.directory.path()), 1);
    let kept_s = TalkConfig::default().file_keep;
    assert_eq!(
        code(place.parcels.fetch(&whole, asha, NOW_S + kept_s - 1)),
        "done"
    );
    place.parcels.sweep(NOW_S + kept_s).unwrap();
    assert_eq!(files(place.directory.path()), 0);
}
