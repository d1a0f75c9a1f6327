//! Files of one's own: read, read again, and kept when they are spoilt.

use super::*;
use std::fs;
use std::path::Path;

/// A pair as somebody else would have made it.
fn write_pair(place: &Path) {
    let pair = rcgen::generate_simple_self_signed(vec!["studio.lan".to_owned()]).unwrap();
    fs::write(place.join("own.pem"), pair.cert.pem()).unwrap();
    fs::write(place.join("own.key"), pair.signing_key.serialize_pem()).unwrap();
}

fn own(place: &Path) -> TlsConfig {
    TlsConfig {
        certificate: place.join("own.pem"),
        key: place.join("own.key"),
        ..TlsConfig::default()
    }
}

#[test]
fn a_changed_pair_is_taken_up_and_a_spoilt_one_is_not() {
    let place = tempfile::tempdir().unwrap();
    write_pair(place.path());
    let keeper = Keeper::open(&own(place.path()), place.path(), &[]).unwrap();
    let first = keeper.shown();
    assert!(!keeper.refresh());
    assert_eq!(keeper.shown(), first);
    // The same file written again, as by a start that sets modes, is no other certificate.
    let path = place.path().join("own.pem");
    let same = fs::read(&path).unwrap();
    fs::write(&path, same).unwrap();
    assert!(!keeper.refresh());
    write_pair(place.path());
    assert!(keeper.refresh());
    let second = keeper.shown();
    assert_ne!(second.key, first.key);
    let key = fs::read(place.path().join("own.key")).unwrap();
    for spoilt in [
        "",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ] {
        fs::write(place.path().join("own.key"), spoilt).unwrap();
        keeper.refresh();
        assert_eq!(keeper.shown(), second);
    }
    fs::remove_file(place.path().join("own.pem")).unwrap();
    keeper.refresh();
    assert_eq!(keeper.shown(), second);
    // Between its two files a renewal fits nothing; then it does.
    write_pair(place.path());
    let renewed = fs::read(place.path().join("own.key")).unwrap();
    fs::write(place.path().join("own.key"), key).unwrap();
    keeper.refresh();
    assert_eq!(keeper.shown(), second);
    fs::write(place.path().join("own.key"), renewed).unwrap();
    keeper.refresh();
    assert_ne!(keeper.shown().key, second.key);
}

#[test]
fn what_cannot_be_used_is_said() {
    let place = tempfile::tempdir().unwrap();
    let check = |words: &str| {
        let problem = Keeper::open(&own(place.path()), place.path(), &[]).unwrap_err();
        assert_eq!(problem.code, "tls_files");
        assert!(problem.description.contains(words), "{problem:?}");
        assert!(look(&own(place.path()), place.path()).is_err());
    };
    check("own.pem: No such file");
    write_pair(place.path());
    let key = fs::read(place.path().join("own.key")).unwrap();
    write_pair(place.path());
    fs::write(place.path().join("own.key"), key).unwrap();
    check("own.key: this is not the key of");
    fs::write(place.path().join("own.key"), "secret").unwrap();
    check("own.key: there is no key");
    fs::write(place.path().join("own.pem"), "none").unwrap();
    check("own.pem: there is no certificate");
}

#[test]
fn a_generated_one_is_for_the_names_of_the_server() {
    let place = tempfile::tempdir().unwrap();
    let config = TlsConfig::default();
    assert_eq!(look(&config, place.path()), Ok(None));
    let given = ["studio.lan", "no name\n"].map(str::to_owned);
    let listen = ["192.0.2.7", "0.0.0.0"].map(|ip| ip.parse().unwrap());
    let names = generated::names(listen.into_iter(), &given);
    for name in ["localhost", "::1", "192.0.2.7", "studio.lan"] {
        assert!(names.iter().any(|each| each == name), "{names:?}");
    }
    let strange = |name: &String| name.contains(' ') || name == "0.0.0.0";
    assert!(!names.iter().any(strange), "{names:?}");
    let keeper = Keeper::open(&config, place.path(), &names).unwrap();
    assert_eq!(look(&config, place.path()), Ok(Some(keeper.shown())));
}

#[test]
fn what_was_just_generated_has_not_changed() {
    let place = tempfile::tempdir().unwrap();
    let keeper = Keeper::open(&TlsConfig::default(), place.path(), &[]).unwrap();
    let first = keeper.current();
    keeper.refresh();
    assert!(Arc::ptr_eq(&first, &keeper.current()));
}
