//! Golden requests of every client, and what a server understands.

use kinora_mmp::{Confirmed, Digest, Fault, Head, ReplyMode, Request, Submit};
use serde_json::{Map, Value, json};

use crate::golden::{Golden, REQUESTS};
use crate::splits::{Seen, feed};

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("not an object: {other}"),
    }
}

/// A request with a small file.
pub(crate) fn parse(value: Value, media_type: &str) -> Result<Request, Fault> {
    Request::parse(&Head::new(object(value)).with_payload(media_type, 5))
}

pub(crate) fn submit(value: Value, media_type: &str) -> Submit {
    match parse(value.clone(), media_type) {
        Ok(Request::Submit(submit)) => *submit,
        other => panic!("{value}: {other:?}"),
    }
}

fn head_of(golden: &Golden) -> Head {
    let bytes = golden.bytes();
    match feed([bytes.as_slice()]).swap_remove(0) {
        Seen::Head(head) => head,
        other => panic!("{}: {other:?}", golden.name),
    }
}

fn summary(request: &Request) -> String {
    match request {
        Request::Ping(_) => "ping".into(),
        Request::Submit(submit) => submit_summary(submit),
        Request::Status { task_id, watch, .. } => {
            format!("status {task_id}{}", if *watch { " watch" } else { "" })
        }
        Request::Download {
            task_id, offset, ..
        } => format!("download {task_id} from {offset}"),
        Request::Cancel { task_id, .. } => format!("cancel {task_id}"),
        Request::Confirm {
            what: Confirmed::Task(task_id),
            ..
        } => format!("confirm task {task_id}"),
        Request::Confirm {
            what:
                Confirmed::Upload {
                    idempotency_key,
                    digest,
                },
            ..
        } => {
            format!("confirm upload {idempotency_key}{}", kind(digest.as_ref()))
        }
        Request::Resume {
            idempotency_key, ..
        } => format!("resume {idempotency_key}"),
        Request::Keep { task_id, name, .. } => format!("keep {task_id} {name:?}"),
        Request::Library {
            search,
            title,
            expires,
            ..
        } => {
            let title = title
                .as_ref()
                .map_or_else(String::new, |id| format!(" {id}"));
            format!("library {search:?} {expires:?}{title}")
        }
        Request::Goodbye => "goodbye".into(),
    }
}

fn submit_summary(submit: &Submit) -> String {
    let reply = match submit.reply {
        ReplyMode::Accepted => "accepted",
        ReplyMode::Held => "held",
    };
    let parameters = Value::Object(submit.parameters.clone());
    let mut line = format!(
        "{} {parameters} {reply} {}",
        submit.operation, submit.media_type
    );
    if let Some(name) = &submit.file_name {
        line += &format!(" {name:?}");
    }
    if let Some(key) = &submit.idempotency_key {
        line += &format!(" {}/{} key {key}", submit.offset, submit.length);
    }
    line + if submit.confirm { " confirm" } else { "" } + kind(submit.digest.as_ref())
}

fn kind(digest: Option<&Digest>) -> &'static str {
    match digest {
        Some(Digest::Blake3(_)) => " Blake3",
        Some(Digest::Sha256(_)) => " Sha256",
        None => "",
    }
}

#[test]
fn golden_requests_mean_what_they_say() {
    for golden in REQUESTS {
        let request = Request::parse(&head_of(golden)).unwrap();
        assert_eq!(summary(&request), golden.meaning, "{}", golden.name);
    }
}

#[test]
fn golden_requests_are_written_as_they_were_read() {
    for golden in REQUESTS {
        let head = head_of(golden);
        assert_eq!(
            feed([head.encode().unwrap().as_slice()])[0],
            Seen::Head(head)
        );
    }
}

#[test]
fn who_waits_for_the_result() {
    use ReplyMode::{Accepted, Held};
    let cases = [
        (json!({"operation": "compress"}), "mp4", Held),
        (json!({"action": "compress"}), "mp4", Held),
        (
            json!({"operation": "compress", "wait": false}),
            "mp4",
            Accepted,
        ),
        (
            json!({"operation": "compress", "ext": ["job"]}),
            "mp4",
            Accepted,
        ),
        (
            json!({"operation": "compress", "ext": ["job"], "wait": "true"}),
            "mp4",
            Held,
        ),
        (json!({"operation": "compress", "ext": "mp4"}), "mp4", Held),
        (
            json!({"action": "upload", "operation": "compress"}),
            "mp4",
            Accepted,
        ),
        (
            json!({"action": "UPLOAD", "type": "compress"}),
            "video/mp4",
            Accepted,
        ),
        (
            json!({"action": "upload", "type": "compress", "file_name": "a.mp4"}),
            "video/mp4",
            Accepted,
        ),
        (
            json!({"action": "upload", "operation": "compress", "file_name": "a.mp4"}),
            "mp4",
            Accepted,
        ),
        (
            json!({"action": "upload", "operation": "compress", "file_name": "a.mp4"}),
            "video/mp4",
            Held,
        ),
        (
            json!({"action": "upload", "operation": "compress", "file_name": "a.mp4", "wait": false}),
            "video/mp4",
            Accepted,
        ),
        (
            json!({"action": "upload", "operation": "compress", "wait": true}),
            "mp4",
            Held,
        ),
    ];
    for (request, media_type, expected) in cases {
        assert_eq!(
            submit(request.clone(), media_type).reply,
            expected,
            "{request}"
        );
    }
}

#[test]
fn the_file_ending_comes_from_the_media_type_or_the_name() {
    let check = |request: Value, media_type: &str, expected: &str| {
        assert_eq!(
            submit(request, media_type).media_type,
            expected,
            "{media_type}"
        );
    };
    check(json!({"operation": "compress"}), ".MKV", "mkv");
    check(json!({"operation": "compress"}), "video/quicktime", "mov");
    check(
        json!({"operation": "compress", "file_name": "a.webm"}),
        "",
        "webm",
    );
    check(
        json!({"operation": "compress", "file_name": "a.webm"}),
        "application/octet-stream",
        "webm",
    );
    check(
        json!({"operation": "compress", "file_name": "a.b/c"}),
        "",
        "",
    );
    let unsafe_ending = parse(json!({"operation": "compress"}), "../../etc/passwd").unwrap_err();
    assert_eq!(unsafe_ending.code(), "invalid_media_type");
}

#[test]
fn a_file_name_is_for_people_only() {
    let check = |sent: &str, expected: Option<&str>| {
        let submit = submit(json!({"operation": "compress", "file_name": sent}), "mp4");
        assert_eq!(submit.file_name.as_deref(), expected, "{sent:?}");
    };
    check("a.mp4", Some("a.mp4"));
    check("/etc/../passwd", Some("passwd"));
    check("C:\\clips\\my clip.mp4", Some("my clip.mp4"));
    check("a\u{0}\r\n\u{1b}[2Jb\u{202e}.mp4", Some("a[2Jb.mp4"));
    check("..", None);
    check("clips/", None);
    check("", None);
    check(&"ü".repeat(300), Some("ü".repeat(200).as_str()));
}

#[test]
fn parts_of_an_upload_must_fit_together() {
    let key = "0123456789abcdef";
    let span = |members: Value| {
        let mut request = object(json!({"operation": "compress", "ext": []}));
        request.extend(object(members));
        parse(Value::Object(request), "mp4").map(|request| match request {
            Request::Submit(submit) => (submit.offset, submit.length),
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(span(json!({})), Ok((0, 5)));
    assert_eq!(span(json!({"idempotency_key": key})), Ok((0, 5)));
    assert_eq!(
        span(json!({"idempotency_key": key, "offset": "7", "length": 12})),
        Ok((7, 12))
    );
    assert_eq!(
        span(json!({"idempotency_key": key, "offset": 7})),
        Ok((7, 12))
    );
    let code = |members: Value| span(members).unwrap_err().code();
    assert_eq!(
        code(json!({"idempotency_key": key, "offset": 7, "length": 13})),
        "length_mismatch"
    );
    assert_eq!(
        code(json!({"idempotency_key": key, "offset": 13, "length": 7})),
        "length_mismatch"
    );
    assert_eq!(
        code(json!({"idempotency_key": key, "offset": u64::MAX})),
        "length_mismatch"
    );
    assert_eq!(
        code(json!({"idempotency_key": key, "offset": -1})),
        "invalid_member"
    );
    assert_eq!(code(json!({"idempotency_key": "short"})), "invalid_member");
    assert_eq!(
        code(json!({"idempotency_key": "0123456789abcde/"})),
        "invalid_member"
    );
    // Without a key there are no parts: a bare client may mean something else by these words.
    assert_eq!(span(json!({"length": 100})), Ok((0, 5)));
}

#[test]
fn the_last_byte_of_an_upload_may_have_come_already() {
    let request = json!({"operation": "compress", "idempotency_key": "0123456789abcdef", "offset": 9, "length": 9});
    let parsed = Request::parse(&Head::new(object(request)));
    assert!(
        matches!(parsed, Ok(Request::Submit(submit)) if submit.offset == 9 && submit.length == 9)
    );
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let check = |request: Value, payload: u64, code: &str, named: &str| {
        let head = Head::new(object(request.clone())).with_payload("mp4", payload);
        let fault = Request::parse(&head).unwrap_err();
        assert_eq!(fault.code(), code, "{request}");
        assert!(fault.to_string().contains(named), "{fault}");
        assert!(!fault.solution().is_empty() && !fault.is_fatal());
    };
    check(json!({}), 5, "missing_operation", "no operation");
    check(
        json!({"action": "upload"}),
        5,
        "missing_operation",
        "no operation",
    );
    check(
        json!({"operation": "explode"}),
        5,
        "unknown_operation",
        "explode",
    );
    check(json!({"command": 6}), 5, "unknown_operation", "6");
    check(json!({"command": 0}), 5, "unknown_operation", "0");
    check(
        json!({"operation": ["compress"]}),
        5,
        "raw_arguments_refused",
        "operation",
    );
    check(
        json!({"operation": "compress"}),
        0,
        "missing_payload",
        "no file",
    );
    check(json!({"action": "status"}), 0, "missing_member", "task_id");
    check(
        json!({"action": "status", "task_id": "../x"}),
        0,
        "invalid_member",
        "../x",
    );
    check(
        json!({"action": "status", "task_id": ""}),
        0,
        "invalid_member",
        "task_id",
    );
    check(
        json!({"action": "resume"}),
        0,
        "missing_member",
        "idempotency_key",
    );
    check(
        json!({"operation": "compress", "digest": {"md5": "00"}}),
        5,
        "invalid_member",
        "md5",
    );
    check(
        json!({"operation": "compress", "digest": {"blake3": "zz".repeat(32)}}),
        5,
        "invalid_member",
        "digest",
    );
}

#[test]
fn echoed_text_is_short_and_visible() {
    let long = parse(json!({"operation": "x\u{1b}\n".repeat(100_000)}), "mp4")
        .unwrap_err()
        .to_string();
    assert!(
        !long.contains(char::is_control) && long.chars().count() < 700,
        "{long}"
    );
    let short = parse(json!({"operation": "y".repeat(81)}), "mp4").unwrap_err();
    assert_eq!(
        short,
        Fault::UnknownOperation {
            sent: "y".repeat(79) + "…"
        }
    );
    let whole = parse(json!({"operation": "y".repeat(80)}), "mp4").unwrap_err();
    assert_eq!(
        whole,
        Fault::UnknownOperation {
            sent: "y".repeat(80)
        }
    );
}

#[test]
fn a_bad_duplicate_is_overridden_by_the_last() {
    let json = br#"{"operation":"gif","operation":"webm"}"#;
    let bytes = [
        &[0, json.len() as u8, 0, 0, 0, 0, 0, 1],
        json.as_slice(),
        b"X",
    ]
    .concat();
    let Seen::Head(head) = feed([bytes.as_slice()]).swap_remove(0) else {
        panic!()
    };
    assert!(
        matches!(Request::parse(&head), Ok(Request::Submit(submit)) if submit.operation == "webm")
    );
}

#[test]
fn a_result_is_kept_under_a_harmless_name() {
    let check = |json: Value, expected: &str| {
        let head = Head::new(json.as_object().unwrap().clone());
        assert_eq!(summary(&Request::parse(&head).unwrap()), expected);
    };
    check(json!({"action": "keep", "task_id": "a1"}), "keep a1 None");
    check(
        json!({"action": "keep", "task_id": "a1", "name": "../x\n/b.mp4"}),
        "keep a1 Some(\"b.mp4\")",
    );
    check(
        json!({"action": "keep", "task_id": "a1", "name": 7}),
        "keep a1 None",
    );
    let nameless = Head::new(json!({"action": "keep"}).as_object().unwrap().clone());
    assert!(Request::parse(&nameless).is_err());
}

#[test]
fn the_library_is_searched() {
    let check = |json: Value, expected: &str| {
        let head = Head::new(json.as_object().unwrap().clone());
        assert_eq!(summary(&Request::parse(&head).unwrap()), expected);
    };
    check(json!({"action": "library"}), "library \"\" None");
    check(
        json!({"action": "LIBRARY", "search": "a b", "expires": "60"}),
        "library \"a b\" Some(60)",
    );
    check(
        json!({"action": "library", "search": 7, "expires": null}),
        "library \"\" None",
    );
    let long = "x".repeat(1000);
    let expected = format!("library \"{}\" None", &long[..200]);
    check(json!({"action": "library", "search": long}), &expected);
    check(
        json!({"action": "library", "title": "0f3c", "expires": 60}),
        "library \"\" Some(60) 0f3c",
    );
    for wrong in [
        json!({"action": "library", "expires": -1}),
        json!({"action": "library", "title": "../a"}),
        json!({"action": "library", "title": 7}),
    ] {
        let wrong = Head::new(wrong.as_object().unwrap().clone());
        assert!(Request::parse(&wrong).is_err());
    }
}
