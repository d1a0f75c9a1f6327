//! From a form to a job and its end, and every way in which a request can be wrong.

use super::client::Caller;
use crate::peer::House;
use crate::wire::{clip, long_clip};
use serde_json::json;

#[test]
fn one_call_brings_a_video_and_another_its_result() {
    let house = House::new();
    let caller = Caller::new(house.http());
    let made = caller.submit(&[("operation", "resize"), ("size", "144p")]);
    assert_eq!(made.status, 201, "{made:?}");
    let job = made.json();
    assert_eq!(job["operation"], "resize");
    assert_eq!(job["file_name"], "a clip.mp4");
    assert_eq!(job["input_size"], clip().len());
    let done = caller.wait_for(&made.text("id"));
    assert_eq!(done["state"], "completed", "{done}");
    assert_eq!(done["progress"], 1.0);
    let result = caller.get(done["result"]["url"].as_str().unwrap());
    assert_eq!(result.status, 200);
    assert_eq!(&result.body[4..8], b"ftyp");
    assert_eq!(done["result"]["size"], result.body.len());
    assert_eq!(
        done["result"]["blake3"],
        blake3::hash(&result.body).to_hex().as_str()
    );
}

#[test]
fn fields_may_stand_behind_the_file() {
    let house = House::new();
    let caller = Caller::new(house.http());
    let mut body =
        b"--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"\r\n\r\n"
            .to_vec();
    body.extend_from_slice(clip());
    body.extend_from_slice(
        b"\r\n--xx\r\nContent-Disposition: form-data; name=\"options\"\r\n\r\n{\"start\": 1}\r\n\
          --xx\r\nContent-Disposition: form-data; name=\"duration\"\r\n\r\n0.5\r\n\
          --xx\r\nContent-Disposition: form-data; name=\"operation\"\r\n\r\ngif\r\n--xx--\r\n",
    );
    let kind = [("content-type", "multipart/form-data; boundary=xx")];
    let made = caller.post("/api/jobs", &kind, &body);
    assert_eq!(made.status, 201, "{made:?}");
    let job = made.json();
    assert_eq!(job["input_size"], clip().len());
    assert_eq!(
        (&job["options"]["start"], &job["options"]["duration"]),
        (&json!(1.0), &json!(0.5))
    );
    assert_eq!(caller.wait_for(&made.text("id"))["state"], "completed");
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_kept() {
    let mut house = House::new();
    let caller = Caller::new(house.http());
    let file = Some(("a.mp4", clip()));
    let check = |fields: &[(&str, &str)], file, status: u16, code: &str| {
        let answer = caller.form(fields, file);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{fields:?}"
        );
    };
    check(&[("operation", "nonsense")], file, 422, "unknown_operation");
    check(
        &[("operation", "compress"), ("colour", "red")],
        file,
        422,
        "unknown_option",
    );
    check(
        &[("operation", "gif"), ("start", "soon")],
        file,
        422,
        "invalid_option",
    );
    check(&[], file, 400, "bad_form");
    check(&[("operation", "compress")], None, 422, "empty_file");
    check(
        &[("operation", "compress")],
        Some(("a.mp4", b"")),
        422,
        "empty_file",
    );
    check(
        &[("operation", "compress"), ("options", "[1]")],
        file,
        400,
        "bad_form",
    );
    let long = "x".repeat(70_000);
    check(&[("operation", &long)], file, 400, "bad_form");
    let many: Vec<(&str, &str)> = vec![("operation", "compress"); 65];
    check(&many, file, 400, "bad_form");
    house.stop();
    assert_eq!(house.kept(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn bodies_that_cannot_be_read_are_refused() {
    let house = House::new();
    let caller = Caller::new(house.http());
    let check = |kind: &str, body: &[u8], status: u16, code: &str| {
        let answer = caller.post("/api/jobs", &[("content-type", kind)], body);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{kind}"
        );
    };
    check("text/plain", b"a", 415, "media_type");
    check("application/json", b"{", 400, "bad_json");
    check("application/json", b"{\"upload\": 1}", 400, "bad_json");
    check("application/json", &[b' '; 70_000], 413, "file_too_large");
    let order = json!({"upload": "0".repeat(32), "operation": "compress"}).to_string();
    check("application/json", order.as_bytes(), 404, "unknown_upload");
    check("multipart/form-data", b"--xx--", 400, "bad_form");
    check(
        "multipart/form-data; boundary=xx",
        b"--xxnonsense",
        400,
        "bad_form",
    );
    let kind = [("content-type", "multipart/form-data; boundary=xx")];
    let mut stream = caller.begin_chunked("/api/jobs", &kind);
    let part = "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc";
    std::io::Write::write_all(
        &mut stream,
        format!("{:x}\r\n{part}\r\n", part.len()).as_bytes(),
    )
    .unwrap();
    let answer = super::client::read(&mut stream, "POST").unwrap();
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (411, "length_required")
    );
}

#[test]
fn a_job_is_cancelled_and_deleted() {
    let mut house = House::new();
    let caller = Caller::new(house.http());
    let made = caller.form(&[("operation", "webm")], Some(("long.mp4", long_clip())));
    let path = format!("/api/jobs/{}", made.text("id"));
    assert_eq!(caller.get(&format!("{path}/result")).status, 409);
    let cancelled = caller.ask("DELETE", &path, &[], b"");
    assert_eq!(cancelled.text("state"), "cancelled", "{cancelled:?}");
    assert_eq!(caller.get(&path).json()["problem"]["code"], "cancelled");
    let done = caller.submit(&[("operation", "audio")]);
    let path = format!("/api/jobs/{}", done.text("id"));
    caller.wait_for(&done.text("id"));
    assert_eq!(
        caller.ask("DELETE", &path, &[], b"").text("state"),
        "expired"
    );
    assert_eq!(
        caller.ask("DELETE", &path, &[], b"").text("state"),
        "expired"
    );
    let gone = caller.get(&format!("{path}/result"));
    assert_eq!((gone.status, gone.code().as_str()), (410, "result_expired"));
    house.stop();
    assert_eq!(house.kept(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn too_many_jobs_are_said() {
    let house = House::with(|config| config.jobs.client_limit = 1);
    let caller = Caller::new(house.http());
    let made = caller.form(&[("operation", "webm")], Some(("long.mp4", long_clip())));
    assert_eq!(made.status, 201);
    let busy = caller.submit(&[("operation", "audio")]);
    assert_eq!((busy.status, busy.code().as_str()), (429, "client_busy"));
    assert!(busy.field("retry-after").is_some());
    let other_session = Caller::new(house.http());
    assert_eq!(
        other_session.submit(&[("operation", "audio")]).status,
        429,
        "the same client"
    );
    caller.ask(
        "DELETE",
        &format!("/api/jobs/{}", made.text("id")),
        &[],
        b"",
    );
}

#[test]
fn too_little_room_is_said() {
    let house = House::with(|config| config.storage.ceiling = 100 << 20);
    let caller = Caller::new(house.http());
    let fields = [("content-type", "multipart/form-data; boundary=xx")];
    let part = "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc";
    let begin = |length| {
        let mut stream = caller.begin("POST", "/api/jobs", &fields, length);
        std::io::Write::write_all(&mut stream, part.as_bytes()).unwrap();
        stream
    };
    let send = |length| super::client::read(&mut begin(length), "POST").unwrap();
    let never = send(200 << 20);
    let told = (never.status, never.code());
    assert_eq!(told, (413, "file_too_large".to_owned()));
    // There would be room for it, beside nothing else.
    let _held = begin(90 << 20);
    let reserved =
        || Caller::nobody(house.http()).get("/api/status").json()["storage_reserved"].as_u64();
    while reserved().unwrap() < 80 << 20 {}
    let full = send(90 << 20);
    assert_eq!((full.status, full.code().as_str()), (507, "storage_full"));
}

#[test]
fn one_file_makes_one_form() {
    let house = House::new();
    let file =
        "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nabc\r\n";
    let body = format!("{file}{file}--xx--\r\n");
    let kind = [("content-type", "multipart/form-data; boundary=xx")];
    let answer = Caller::new(house.http()).post("/api/jobs", &kind, body.as_bytes());
    assert_eq!((answer.status, answer.code().as_str()), (400, "bad_form"));
}
