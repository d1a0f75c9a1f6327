//! What is kept is gone on from when it is whole, and made again when it is not.

use super::*;

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap().to_be_bytes();
    [&size[..], kind, body].concat()
}

/// A file of groups with so many frames each.
fn pictures(groups: &[u32]) -> Vec<u8> {
    let mut file = [boxed(b"ftyp", b"iso5"), boxed(b"moov", &[1; 40])].concat();
    for frames in groups {
        let run = [&[0; 4][..], &frames.to_be_bytes()].concat();
        file.extend(boxed(b"moof", &boxed(b"traf", &boxed(b"trun", &run))));
        file.extend(boxed(b"mdat", &[7; 50]));
    }
    file
}

fn frame(shown: i64) -> Frame {
    Frame {
        shown,
        sum: u32::try_from(shown).unwrap() * 7,
    }
}

fn record(shown: std::ops::Range<i64>) -> Vec<u8> {
    let line = |shown| format!("0, {shown}, {shown}, 1, 2304, 0x{:08x}\n", shown * 7);
    let lines: String = shown.map(line).collect();
    format!("#tb 0: 1/25\n{lines}").into_bytes()
}

struct Scene(tempfile::TempDir);

impl Scene {
    /// Two parts: groups of 3 and 2 frames, then of 4, of which more has been written than is vouched for.
    fn new() -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        let mut parts = scene.open();
        let first = scene.part(&parts, 0, (&[3, 2], &[]), (0..6, 0));
        let frames: Vec<Frame> = (0..5).map(frame).collect();
        parts.grow(0, first, &frames, 2, Some(frame(5))).unwrap();
        let second = scene.part(&parts, 1, (&[4], &[4]), (3..10, 2));
        let frames: Vec<Frame> = (5..9).map(frame).collect();
        parts.grow(1, second, &frames, 4, Some(frame(9))).unwrap();
        scene
    }

    fn open(&self) -> Parts {
        Parts::open(self.0.path(), "recipe").unwrap()
    }

    fn part(
        &self,
        parts: &Parts,
        number: usize,
        (groups, more): (&[u32], &[u32]),
        (lines, known): (std::ops::Range<i64>, usize),
    ) -> Part {
        let held = |name: String, bytes: Vec<u8>, more: &[u8]| {
            fs::write(parts.path(&name), [&bytes[..], more].concat()).unwrap();
            Held {
                digest: blake3::hash(&bytes).to_hex().to_string(),
                bytes: bytes.len() as u64,
                name,
            }
        };
        let number = number + 1;
        let all = pictures(&[groups, more].concat());
        let whole = pictures(groups);
        Part {
            frames: groups.iter().sum::<u32>() as usize,
            known,
            pictures: vec![held(
                format!("{number}.64.mp4"),
                whole.clone(),
                &all[whole.len()..],
            )],
            record: held(format!("{number}.record"), record(lines), b"0, 99"),
        }
    }

    fn damage(&self, name: &str) {
        let path = self.0.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        bytes[70] ^= 1;
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn all_that_was_vouched_for_is_gone_on_from() {
    let scene = Scene::new();
    let parts = scene.open();
    assert_eq!((parts.count(), parts.is_whole()), (2, false));
    assert_eq!(parts.frames(), (0..9).map(frame).collect::<Vec<_>>());
    let rest = Rest {
        first: 0,
        group: 5,
        last: 8,
        next: 9,
        way: Way::Index,
    };
    assert_eq!(parts.rest(Way::Index), Some(rest));
    let known: Vec<i64> = parts
        .known(Way::Index)
        .iter()
        .map(|each| each.shown)
        .collect();
    assert_eq!(known, [5, 6, 7, 8, 9]);
    assert_eq!(parts.known(Way::Decoding).len(), 10);
    // What was written after it is cut off.
    let length = fs::metadata(parts.path("2.64.mp4")).unwrap().len();
    assert_eq!(length, pictures(&[4]).len() as u64);
    let tick = Ratio { num: 1, den: 25 };
    let list = [
        ("1.64.mp4".to_owned(), 200_000_000),
        ("2.64.mp4".to_owned(), 160_000_000),
    ];
    assert_eq!(parts.list(0, tick), list);
    assert!(parts.is_uniform(0).unwrap());
}

#[test]
fn damage_costs_what_it_has_damaged_and_what_follows() {
    let check = |name: &str, count: usize, next: Option<i64>| {
        let scene = Scene::new();
        scene.damage(name);
        let parts = scene.open();
        let rest = parts.rest(Way::Index).map(|rest| rest.next);
        assert_eq!((parts.count(), rest), (count, next), "{name}");
        let files = fs::read_dir(scene.0.path()).unwrap().count();
        assert_eq!(files, count * 2 + usize::from(count > 0), "{name}");
    };
    check("2.64.mp4", 1, Some(5));
    check("2.record", 1, Some(5));
    check("1.64.mp4", 0, None);
}

#[test]
fn a_damaged_note_is_none() {
    let scene = Scene::new();
    let note = scene.0.path().join(NOTE);
    let half = fs::read(&note).unwrap();
    fs::write(&note, &half[..half.len() / 2]).unwrap();
    assert_eq!(scene.open().count(), 0);
}

#[test]
fn another_recipe_begins_anew() {
    let scene = Scene::new();
    let parts = Parts::open(scene.0.path(), "another").unwrap();
    assert_eq!((parts.count(), parts.frames().len()), (0, 0));
    assert_eq!(fs::read_dir(scene.0.path()).unwrap().count(), 0);
}

#[test]
fn a_link_is_not_followed() {
    let scene = Scene::new();
    let path = scene.0.path().join("2.record");
    let elsewhere = scene.0.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    assert_eq!(scene.open().count(), 1);
}
