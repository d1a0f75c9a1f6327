//! Uploads that are cut off, crowded, or outlive their server: no acknowledged byte is lost.

use super::client::{Caller, read};
use super::uploads::{create, offset, patch, uploader};
use crate::peer::House;
use crate::wire::{clip, long_clip};
use std::io::{Read, Write};
use std::net::TcpStream;

/// The head of a `PATCH` that has been taken up, and a part of its body, on a connection that stays open.
fn begin(caller: &Caller, path: &str, at: usize, body: &[u8], announced: usize) -> TcpStream {
    let at = at.to_string();
    let fields = [
        ("content-type", "application/offset+octet-stream"),
        ("upload-offset", at.as_str()),
        ("expect", "100-continue"),
    ];
    let mut stream = caller.begin("PATCH", path, &fields, announced as u64);
    // The server asks for the body when the upload is its own.
    let mut asked = [0u8; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut asked).unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100 "));
    stream.write_all(body).unwrap();
    stream
}

#[test]
fn what_arrived_before_a_cut_is_kept() {
    let house = House::new();
    let caller = uploader(&house);
    let path = create(&caller, &[("operation", "audio")]);
    let half = clip().len() / 2;
    drop(begin(&caller, &path, 0, &clip()[..half], clip().len()));
    let at = offset(&caller, &path);
    assert!(at <= half, "{at} of {half}");
    let last = patch(&caller, &path, at, &clip()[at..], &[]);
    assert_eq!(last.status, 204, "{last:?}");
    let id = last.field("kinora-job").unwrap().to_owned();
    let job = caller.wait_for(&id);
    assert_eq!(job["state"], "completed", "the bytes are the clip's: {job}");
}

#[test]
fn a_newer_request_ends_an_older_one() {
    let house = House::new();
    let caller = uploader(&house);
    let path = create(&caller, &[]);
    let mut older = begin(&caller, &path, 0, &clip()[..1000], clip().len());
    let at = offset(&caller, &path);
    let refused = read(&mut older, "PATCH").unwrap();
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (423, "upload_in_use")
    );
    let last = patch(&caller, &path, at, &clip()[at..], &[]);
    assert_eq!(last.status, 204, "{last:?}");
}

#[test]
fn a_body_with_a_checksum_that_breaks_off_does_not_count() {
    let house = House::new();
    let caller = uploader(&house);
    let path = create(&caller, &[]);
    let checked = caller.with("upload-checksum", "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
    drop(begin(&checked, &path, 0, &clip()[..1000], clip().len()));
    assert_eq!(offset(&caller, &path), 0);
}

#[test]
fn a_restart_loses_no_acknowledged_byte() {
    let mut house = House::new();
    let caller = uploader(&house);
    let path = create(&caller, &[("operation", "audio")]);
    let third = clip().len() / 3;
    assert_eq!(patch(&caller, &path, 0, &clip()[..third], &[]).status, 204);
    // A second piece is on its way when the server stops.
    let mut cut = begin(
        &caller,
        &path,
        third,
        &clip()[third..2 * third],
        clip().len() - third,
    );
    house.stop();
    if let Ok(answer) = read(&mut cut, "PATCH") {
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (503, "server_stopping")
        );
    }
    house.start();
    let caller = Caller {
        address: house.http(),
        ..caller
    };
    let at = offset(&caller, &path);
    assert!((third..=2 * third).contains(&at), "{at}");
    assert_eq!(patch(&caller, &path, at, &clip()[at..], &[]).status, 204);
    let id = path.rsplit('/').next().unwrap();
    assert_eq!(caller.wait_for(id)["state"], "completed");
}

#[test]
fn a_form_that_breaks_off_leaves_nothing() {
    let mut house = House::new();
    let caller = Caller::new(house.http());
    let head = "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
    let kind = [("content-type", "multipart/form-data; boundary=xx")];
    for cut in [0, 20, head.len(), head.len() + 1000] {
        let mut stream = caller.begin("POST", "/api/jobs", &kind, 1 << 20);
        let body = [head.as_bytes(), long_clip()].concat();
        stream.write_all(&body[..cut]).unwrap();
    }
    house.stop();
    assert_eq!(house.kept(), Vec::<std::path::PathBuf>::new());
}
