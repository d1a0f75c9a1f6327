//! Results: ranges, versions, and what stands in their heads.

use super::client::{Answer, Caller};
use crate::peer::House;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Digest as _;

/// A house with a finished job, and the address of its result.
fn finished() -> (House, Caller, String) {
    let house = House::new();
    let caller = Caller::new(house.http());
    let id = caller.submit(&[("operation", "audio")]).text("id");
    assert_eq!(caller.wait_for(&id)["state"], "completed");
    (house, caller, format!("/api/jobs/{id}/result"))
}

#[test]
fn a_result_says_what_it_is() {
    let (_house, caller, path) = finished();
    let whole = caller.get(&path);
    let field = |name: &str| {
        whole
            .field(name)
            .unwrap_or_else(|| panic!("{name}: {:?}", whole.fields))
    };
    assert_eq!(field("content-type"), "audio/mpeg");
    assert_eq!(
        field("content-disposition"),
        "attachment; filename=\"a clip.mp3\""
    );
    assert_eq!(field("x-content-type-options"), "nosniff");
    assert_eq!(
        field("content-security-policy"),
        "sandbox; default-src 'none'"
    );
    assert_eq!(field("cross-origin-resource-policy"), "same-origin");
    assert_eq!(field("accept-ranges"), "bytes");
    let digest = blake3::hash(&whole.body).to_hex();
    assert_eq!(field("etag"), format!("\"b3-{digest}\""));
    let head = caller.ask("HEAD", &path, &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(
        head.field("content-length").unwrap(),
        whole.body.len().to_string()
    );
    assert_eq!(head.field("etag"), whole.field("etag"));
}

#[test]
fn a_digest_comes_to_who_wants_it() {
    let (_house, caller, path) = finished();
    assert_eq!(caller.get(&path).field("repr-digest"), None);
    let wants = caller.with("want-repr-digest", "sha-256=1");
    let whole = wants.get(&path);
    let digest = STANDARD.encode(sha2::Sha256::digest(&whole.body));
    let expected = format!("sha-256=:{digest}:");
    assert_eq!(whole.field("repr-digest"), Some(expected.as_str()));
    let part = wants.with("range", "bytes=0-9").get(&path);
    assert_eq!(
        part.field("repr-digest"),
        Some(expected.as_str()),
        "of the whole"
    );
    assert_eq!(part.body, &whole.body[..10]);
}

#[test]
fn parts_are_sent_as_they_are_asked_for() {
    let (_house, caller, path) = finished();
    let whole = caller.get(&path);
    let (size, tag) = (whole.body.len(), whole.field("etag").unwrap().to_owned());
    let ask = |fields: &[(&str, &str)]| caller.ask("GET", &path, fields, b"");
    let check = |answer: Answer, first: usize, last: usize| {
        assert_eq!(answer.status, 206);
        assert_eq!(answer.body, &whole.body[first..=last]);
        let part = format!("bytes {first}-{last}/{size}");
        assert_eq!(answer.field("content-range"), Some(part.as_str()));
    };
    check(ask(&[("range", "bytes=0-0")]), 0, 0);
    check(ask(&[("range", "bytes=100-199")]), 100, 199);
    check(ask(&[("range", "bytes=100-")]), 100, size - 1);
    check(ask(&[("range", "bytes=-5")]), size - 5, size - 1);
    check(ask(&[("range", "bytes=5-6"), ("if-range", &tag)]), 5, 6);
    let other = ask(&[("range", "bytes=5-6"), ("if-range", "\"b3-other\"")]);
    assert_eq!((other.status, other.body.len()), (200, size));
    assert_eq!(ask(&[("range", "bytes=0-1,5-6")]).status, 200);
    let beyond = ask(&[("range", &format!("bytes={size}-"))]);
    assert_eq!((beyond.status, beyond.code().as_str()), (416, "range"));
    assert_eq!(
        beyond.field("content-range").unwrap(),
        format!("bytes */{size}")
    );
    assert_eq!(ask(&[("if-none-match", &tag)]).status, 304);
    assert_eq!(ask(&[("if-none-match", "\"other\"")]).status, 200);
    assert_eq!(ask(&[("if-match", "\"other\"")]).status, 412);
    assert_eq!(ask(&[("if-match", &tag)]).status, 200);
}
