//! Golden answers: what each client gets to see, and what our own client makes of it.

use kinora_mmp::answer::{self, Problem, ResultView, StateView};
use kinora_mmp::limits::{HEADER, MAX_JSON};
use kinora_mmp::{Head, Mirror, Reply};
use serde_json::{Map, Value, json};

use crate::golden::{ANSWERS, Golden};
use crate::requests::{object, submit};
use crate::splits::{Seen, feed};

const DIGEST: &str = "abababababababababababababababababababababababababababababababab";

fn state<'a>(status: &'a str, stage: &'a str) -> StateView<'a> {
    StateView {
        task_id: "0f3c",
        status,
        progress: 0.0,
        stage,
        speed: None,
        remaining_seconds: None,
        place: None,
        attempt: 1,
        notes: &[],
        problem: None,
        size: None,
        original_size: 9,
        kept_original: false,
        extension: None,
        poll_after_ms: Some(500),
        digest: Some(DIGEST),
        report: None,
    }
}

fn result(extension: &str) -> ResultView<'_> {
    ResultView {
        task_id: "0f3c",
        extension,
        size: 5,
        offset: 0,
        digest: DIGEST,
        original_size: 9,
        kept_original: false,
        notes: &[],
        file_name: Some("holiday.mov"),
        report: None,
    }
}

fn mirror(request: Value, media_type: &str) -> Mirror {
    submit(request, media_type).mirror
}

fn bare() -> Mirror {
    Mirror::default()
}

fn native() -> Mirror {
    Mirror {
        ext: true,
        ..Mirror::default()
    }
}

/// A client that wants reports.
fn curious() -> Mirror {
    Mirror {
        report: true,
        ..native()
    }
}

fn unreadable() -> Problem {
    Problem::new(
        "decoder_missing",
        "The file can't be read.",
        "Send another file.",
    )
}

/// The answer of that name, made anew.
fn made(name: &str) -> Head {
    let notes = ["The original is smaller.".to_owned()];
    let kept = ResultView {
        size: 9,
        offset: 4,
        kept_original: true,
        notes: &notes,
        ..result("mp4")
    };
    let kept_state = StateView {
        progress: 1.0,
        size: Some(9),
        kept_original: true,
        notes: &notes,
        ..state("completed", "done")
    };
    let trim = json!({"action": "upload", "operation": "trim", "file_name": "a.mp4", "parameters": {"type": "gif"}});
    let report = object(json!({"version": 1, "status": "held"}));
    match name {
        "a_result" => answer::result(
            &mirror(json!({"command": 1, "extention": "mp4"}), "mp4"),
            &result("mp4"),
        ),
        "error" => answer::error(&unreadable(), Map::new()),
        "b_accepted" => answer::accepted(
            &mirror(json!({"action": "upload", "type": "compress"}), "mp4"),
            "0f3c",
            Map::new(),
        ),
        "b_queued" => answer::state(
            &bare(),
            &StateView {
                place: Some(1),
                ..state("queued", "waiting")
            },
        ),
        "b_processing" => {
            let (speed, remaining_seconds) = (Some(2.5), Some(12.5));
            answer::state(
                &bare(),
                &StateView {
                    progress: 0.499,
                    speed,
                    remaining_seconds,
                    ..state("processing", "encoding")
                },
            )
        }
        "b_completed" => {
            let (size, extension) = (Some(5), Some("mp4"));
            answer::state(
                &bare(),
                &StateView {
                    progress: 1.0,
                    size,
                    extension,
                    ..state("completed", "done")
                },
            )
        }
        "b_failed" => answer::state(
            &bare(),
            &StateView {
                attempt: 2,
                problem: Some(&unreadable()),
                ..state("failed", "probing")
            },
        ),
        "b_result" => answer::result(
            &mirror(json!({"action": "upload", "type": "gif"}), "mp4"),
            &result("gif"),
        ),
        "c_pong" => answer::pong(
            &bare(),
            "0.1.0",
            object(json!({"max_payload": 1_099_511_627_775u64})),
            None,
        ),
        "c_result" => answer::result(&mirror(trim, "video/mp4"), &result("gif")),
        "native_received" => answer::received(&native(), DIGEST, 9),
        "native_resumed" => answer::resumed(&native(), 4, 9),
        "native_cancelled" => answer::cancelled(&bare(), "0f3c"),
        "native_confirmed" => answer::confirmed(&bare(), "0f3c"),
        "native_state" => answer::state(
            &native(),
            &StateView {
                extension: Some("mp4"),
                ..kept_state
            },
        ),
        "native_rest" => answer::result(&native(), &kept),
        "native_state_report" => answer::state(
            &curious(),
            &StateView {
                progress: 1.0,
                size: Some(5),
                extension: Some("mp4"),
                poll_after_ms: None,
                report: Some(&report),
                ..state("completed", "done")
            },
        ),
        "native_result_report" => answer::result(
            &curious(),
            &ResultView {
                report: Some(&report),
                ..result("mp4")
            },
        ),
        "offset_mismatch" => {
            let problem = Problem::new("offset_mismatch", "Not there.", "Go on at have.");
            answer::error(&problem, object(json!({"have": 4, "code": "overwritten"})))
        }
        other => panic!("no answer {other}"),
    }
}

fn summary(reply: &Reply) -> String {
    match reply {
        Reply::Accepted { task_id } => format!("accepted {task_id}"),
        Reply::Received { size, .. } => format!("received {size} bytes"),
        Reply::Resumed { have, length } => format!("resumed at {have} of {length}"),
        Reply::State(state) => {
            let code = state.problem.as_ref().map(|problem| problem.code.as_str());
            format!("state {} {}", state.status, code.unwrap_or_default())
                .trim_end()
                .to_owned()
        }
        Reply::Result(made) => {
            let (ending, name) = (
                made.extension.as_deref().unwrap_or_default(),
                made.file_name.as_deref().unwrap_or_default(),
            );
            let line = format!(
                "result {ending} {} bytes from {} of {} {name}",
                made.payload_len, made.offset, made.size
            );
            line.trim_end().to_owned()
        }
        Reply::Success(_) => "success".into(),
        Reply::Pong(_) => "pong".into(),
        Reply::Error { code, .. } => format!("error {code}"),
    }
}

fn head_of(golden: &Golden) -> Head {
    match feed([golden.bytes().as_slice()]).swap_remove(0) {
        Seen::Head(head) => head,
        other => panic!("{}: {other:?}", golden.name),
    }
}

#[test]
fn golden_answers_byte_by_byte() {
    for golden in ANSWERS {
        let bytes = [made(golden.name).encode().unwrap(), golden.payload.into()].concat();
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            String::from_utf8_lossy(&golden.bytes()),
            "{}",
            golden.name
        );
        assert_eq!(bytes, golden.bytes(), "{}", golden.name);
    }
}

#[test]
fn golden_answers_as_our_client_reads_them() {
    for golden in ANSWERS {
        let reply = Reply::parse(&head_of(golden)).unwrap();
        assert_eq!(summary(&reply), golden.meaning, "{}", golden.name);
    }
}

#[test]
fn a_state_is_read_back_whole() {
    let notes = ["One.".to_owned(), "Two.".to_owned()];
    let (speed, remaining_seconds, place) = (Some(1.5), Some(3.0), Some(2));
    let view = StateView {
        progress: 0.25,
        speed,
        remaining_seconds,
        place,
        attempt: 3,
        notes: &notes,
        ..state("processing", "encoding")
    };
    let Ok(Reply::State(read)) = Reply::parse(&answer::state(&native(), &view)) else {
        panic!()
    };
    assert_eq!(
        (
            read.progress,
            read.speed,
            read.remaining_seconds,
            read.place
        ),
        (0.25, speed, remaining_seconds, place)
    );
    assert_eq!(
        (read.attempt, read.notes.as_slice(), read.poll_after_ms),
        (3, notes.as_slice(), Some(500))
    );
    assert_eq!(
        (
            read.digest.as_deref(),
            read.problem.is_none(),
            read.is_final()
        ),
        (Some(DIGEST), true, false)
    );
}

#[test]
fn a_job_that_ended_badly_always_carries_an_error() {
    // Client B's loop ends on `error`, and knows neither of the last two.
    for (status, code) in [
        ("failed", "job_failed"),
        ("cancelled", "job_cancelled"),
        ("expired", "job_expired"),
    ] {
        let json = answer::state(&bare(), &state(status, "done")).json;
        assert_eq!(
            (&json["status"], &json["error"]["code"], &json["success"]),
            (&json!(status), &json!(code), &json!(false))
        );
    }
    for status in ["queued", "processing", "completed"] {
        let json = answer::state(&bare(), &state(status, "waiting")).json;
        assert!(!json.contains_key("error") && json["success"] == json!(true));
    }
}

#[test]
fn names_and_styles_are_mirrored() {
    let check =
        |request: Value, media_type: &str, expected_type: &str, member: &str, name: &str| {
            let mirror = mirror(request, media_type);
            let head = answer::result(&mirror, &result("webm"));
            assert_eq!(
                (head.media_type.as_str(), &head.json[member]),
                (expected_type, &json!(name))
            );
            let accepted = answer::accepted(&mirror, "0f3c", Map::new());
            assert!(accepted.media_type.is_empty() && accepted.json.contains_key(member));
        };
    check(
        json!({"operation": "webm", "filename": "a"}),
        "mp4",
        "webm",
        "filename",
        "a",
    );
    check(
        json!({"operation": "webm", "file_name": "a.mp4"}),
        ".mp4",
        ".webm",
        "file_name",
        "a.webm",
    );
    check(
        json!({"operation": "webm", "file_name": "a.mp4", "ext": []}),
        "video/mp4",
        "video/webm",
        "file_name",
        "a.webm",
    );
}

#[test]
fn the_operation_comes_back_exactly_as_sent() {
    for sent in [
        json!("Extract_Audio"),
        json!(4),
        json!("4"),
        json!("convert-to-mp3"),
    ] {
        let mirror = mirror(json!({"operation": sent}), "mp4");
        assert_eq!(
            answer::result(&mirror, &result("mp3")).json["operation"],
            sent
        );
        assert_eq!(
            answer::error_to(&mirror, &unreadable(), Map::new()).json["operation"],
            sent
        );
    }
}

#[test]
fn extension_members_are_for_those_who_ask() {
    let members = [
        "ext",
        "digest",
        "size",
        "offset",
        "poll_after_ms",
        "kept_original",
    ];
    for json in [
        answer::result(&bare(), &result("mp4")).json,
        answer::state(&bare(), &state("queued", "waiting")).json,
    ] {
        assert!(
            members.iter().all(|member| !json.contains_key(*member)),
            "{json:?}"
        );
    }
    let json = answer::error_to(&native(), &unreadable(), Map::new()).json;
    assert_eq!(json["ext"], json!(["digest", "resume", "job", "report"]));
}

#[test]
fn numbers_that_json_cannot_write_are_left_out() {
    let view = StateView {
        progress: f64::NAN,
        speed: Some(f64::INFINITY),
        remaining_seconds: Some(f64::NAN),
        ..state("processing", "encoding")
    };
    let json = answer::state(&bare(), &view).json;
    assert!(
        json["progress"] == json!(0.0)
            && !json.contains_key("speed")
            && !json.contains_key("remaining_seconds")
    );
    let over = answer::state(
        &bare(),
        &StateView {
            progress: 7.0,
            ..view
        },
    )
    .json;
    assert_eq!(over["progress"], json!(1.0));
}

#[test]
fn the_longest_answer_fits_into_a_frame() {
    // The worst character for JSON is a control character: six bytes for one.
    let endless = "\u{1}".repeat(100_000);
    let notes = vec![endless.clone(); 100];
    let problem = Problem::new("job_failed", endless.clone(), endless.clone());
    let failed = StateView {
        notes: &notes,
        problem: Some(&problem),
        ..state("failed", "done")
    };
    let finished = ResultView {
        notes: &notes,
        file_name: Some(&endless),
        ..result("mp4")
    };
    for head in [
        answer::state(&native(), &failed),
        answer::result(&native(), &finished),
        answer::error(&problem, Map::new()),
    ] {
        assert!(head.encode().is_ok());
    }
}

#[test]
fn a_report_is_for_those_who_list_it() {
    let report = object(json!({"version": 1, "scenes": [{"mean": 95.5}]}));
    let done = StateView {
        report: Some(&report),
        ..state("completed", "done")
    };
    let finished = ResultView {
        report: Some(&report),
        ..result("mp4")
    };
    for mirror in [bare(), native()] {
        assert!(!answer::state(&mirror, &done).json.contains_key("report"));
        assert!(
            !answer::result(&mirror, &finished)
                .json
                .contains_key("report")
        );
    }
    let Ok(Reply::State(read)) = Reply::parse(&answer::state(&curious(), &done)) else {
        panic!()
    };
    assert_eq!(read.report.as_ref(), Some(&report));
    let Ok(Reply::Result(read)) = Reply::parse(&answer::result(&curious(), &finished)) else {
        panic!()
    };
    assert_eq!(read.report.as_ref(), Some(&report));
    let failed = StateView {
        status: "failed",
        ..done
    };
    assert!(
        !answer::state(&curious(), &failed)
            .json
            .contains_key("report")
    );
}

#[test]
fn a_report_that_does_not_fit_is_left_out() {
    let sized = |bytes: usize| object(json!({"reason": "x".repeat(bytes)}));
    let fits = |bytes: usize| {
        let report = sized(bytes);
        let head = answer::result(
            &curious(),
            &ResultView {
                report: Some(&report),
                ..result("mp4")
            },
        );
        assert!(head.encode().is_ok(), "{bytes}");
        head.json.contains_key("report")
    };
    // What the rest of the answer and the report's own punctuation need.
    let rest = answer::result(&curious(), &result("mp4")).encode().unwrap();
    let rest = rest.len() - HEADER - "mp4".len() + r#","report":{"reason":""}"#.len();
    assert!(fits(MAX_JSON - rest));
    assert!(!fits(MAX_JSON - rest + 1));
    assert!(!fits(MAX_JSON * 2));
}

#[test]
fn a_report_that_is_no_object_is_none() {
    for report in [json!(null), json!("good"), json!([1]), json!(95.2)] {
        let json = object(json!({"status": "success", "report": report}));
        let head = Head::new(json).with_payload("mp4", 5);
        let Ok(Reply::Result(read)) = Reply::parse(&head) else {
            panic!()
        };
        assert_eq!(read.report, None);
    }
}

#[test]
fn answers_of_other_servers() {
    let parse = |json: Value| Reply::parse(&Head::new(object(json)));
    let error = |json: Value| match parse(json) {
        Ok(Reply::Error {
            code,
            description,
            solution,
            ..
        }) => (code, description, solution),
        other => panic!("{other:?}"),
    };
    let triple = |code: &str, description: &str, solution: &str| {
        (code.to_owned(), description.to_owned(), solution.to_owned())
    };
    assert_eq!(
        error(json!({"error": "no space"})),
        triple("unknown", "no space", "")
    );
    assert_eq!(
        error(json!({"status": "error", "error_code": "E7", "message": "bad"})),
        triple("E7", "bad", "")
    );
    assert_eq!(
        error(json!({"error": {"code": "x", "description": "y", "solution": "z"}})),
        triple("x", "y", "z")
    );
    assert!(
        matches!(parse(json!({"status": "processing", "task_id": 7})), Ok(Reply::State(state)) if state.task_id == "7")
    );
    assert_eq!(
        parse(json!({"status": "accepted"})).unwrap_err().code(),
        "invalid_answer"
    );
    assert_eq!(parse(json!({})).unwrap_err().code(), "invalid_answer");
    let empty_rest = Head::new(object(json!({"status": "success"}))).with_payload("mp4", 0);
    assert!(
        matches!(Reply::parse(&empty_rest), Ok(Reply::Result(delivery)) if delivery.payload_len == 0)
    );
}
