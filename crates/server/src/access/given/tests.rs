use super::*;
use std::fs;

fn link(id: &str, expires_s: u64) -> GivenLink {
    GivenLink {
        id: id.into(),
        name: "Film".into(),
        holder: "ann".into(),
        made_s: 5,
        expires_s,
        is_revoked: false,
    }
}

fn given() -> (tempfile::TempDir, Given) {
    let place = tempfile::tempdir().unwrap();
    let given = Given::of(place.path());
    (place, given)
}

fn ids(given: &Given, now_s: u64) -> Vec<String> {
    let links = given.list(now_s).unwrap().into_iter();
    links.map(|link| link.id).collect()
}

#[test]
fn links_are_listed_until_they_end_or_are_taken_back() {
    let (_place, given) = given();
    assert_eq!(ids(&given, 0), Vec::<String>::new());
    given.note(vec![link("a", 10), link("b", 20)], 6).unwrap();
    given.note(vec![link("b", 20), link("c", 30)], 6).unwrap();
    assert_eq!(ids(&given, 6), ["a", "b", "c"]);
    assert_eq!(ids(&given, 10), ["b", "c"]);
    assert!(given.revoke("b", 6).unwrap());
    assert!(!given.revoke("d", 6).unwrap());
    assert_eq!(ids(&given, 6), ["a", "c"]);
    assert!(given.revoked().unwrap().contains("b"));
    // It is not forgotten by being given once more, but by its end.
    given.note(vec![link("b", 20)], 7).unwrap();
    assert_eq!(ids(&given, 7), ["a", "c"]);
    given.note(vec![], 20).unwrap();
    assert!(given.revoked().unwrap().is_empty());
}

#[test]
fn one_holder_leaves_room_for_others() {
    let (_place, given) = given();
    let many = (0..MOST_OF_ONE).map(|n| link(&format!("{n}"), 9));
    given.note(many.collect(), 6).unwrap();
    let refused = given.note(vec![link("more", 9)], 6).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::QuotaExceeded);
    let other = GivenLink {
        holder: "bob".into(),
        ..link("more", 9)
    };
    given.note(vec![other], 6).unwrap();
    // Those whose time is over make room.
    given.note(vec![link("later", 20)], 9).unwrap();
    assert_eq!(ids(&given, 9), ["later"]);
}

#[test]
fn a_link_that_is_not_listed_is_taken_back_by_its_address() {
    let (_place, given) = given();
    let permission = format!("0200{:016x}{:016x}{}", 50, 0, "ab".repeat(32));
    let address = format!("https://films.example/shared/{permission}/0123");
    assert!(given.revoke(&address, 6).unwrap());
    assert!(given.revoked().unwrap().contains(id(&permission).unwrap()));
    assert_eq!(id(&permission), Some("abababababab"));
    given.note(vec![], 50).unwrap();
    assert!(given.revoked().unwrap().is_empty());
    assert!(!given.revoke("https://films.example/shared/", 6).unwrap());
}

#[test]
fn the_stored_form_stays_readable_and_damage_is_told() {
    let (place, given) = given();
    let golden = r#"{"version":1,"links":[{"id":"0123456789ab","name":"Film","holder":"","made_s":5,"expires_s":9,"is_revoked":true}]}"#;
    fs::write(given.path(), golden).unwrap();
    assert!(given.revoked().unwrap().contains("0123456789ab"));
    for bytes in ["", "[]", "{\"version\":1}"] {
        fs::write(given.path(), bytes).unwrap();
        assert_eq!(
            given.revoked().unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
        assert!(
            given.note(vec![link("a", 9)], 0).is_err(),
            "nothing is written over it"
        );
    }
    drop(place);
}
