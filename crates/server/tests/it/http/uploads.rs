//! tus 1.0: what each extension promises.

use super::client::{Answer, Caller};
use crate::peer::House;
use crate::wire::clip;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use sha1::Digest as _;

const TUS: (&str, &str) = ("tus-resumable", "1.0.0");
const PIECE: (&str, &str) = ("content-type", "application/offset+octet-stream");

/// A session that speaks tus.
pub(crate) fn uploader(house: &House) -> Caller {
    Caller::new(house.http()).with(TUS.0, TUS.1)
}

pub(crate) fn metadata(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs
        .iter()
        .map(|(word, value)| format!("{word} {}", STANDARD.encode(value)));
    pairs.collect::<Vec<_>>().join(",")
}

/// Begins an upload of the usual clip; its address.
pub(crate) fn create(caller: &Caller, pairs: &[(&str, &str)]) -> String {
    let length = clip().len().to_string();
    let fields = [
        ("upload-length", length.as_str()),
        ("upload-metadata", &metadata(pairs)),
    ];
    let made = caller.post("/files/", &fields, b"");
    assert_eq!(made.status, 201, "{made:?}");
    assert!(made.field("upload-expires").unwrap().ends_with(" GMT"));
    made.field("location").unwrap().to_owned()
}

pub(crate) fn patch(
    caller: &Caller,
    path: &str,
    offset: usize,
    body: &[u8],
    more: &[(&str, &str)],
) -> Answer {
    let offset = offset.to_string();
    let mut fields = vec![PIECE, ("upload-offset", offset.as_str())];
    fields.extend_from_slice(more);
    caller.ask("PATCH", path, &fields, body)
}

pub(crate) fn offset(caller: &Caller, path: &str) -> usize {
    let head = caller.ask("HEAD", path, &[], b"");
    assert_eq!(head.status, 200, "{head:?}");
    assert_eq!(head.field("cache-control"), Some("no-store"));
    assert_eq!(
        head.field("upload-length").unwrap(),
        clip().len().to_string()
    );
    head.field("upload-offset").unwrap().parse().unwrap()
}

fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

#[test]
fn the_server_says_what_it_can() {
    let house = House::new();
    let answer = Caller::nobody(house.http()).ask("OPTIONS", "/files/", &[], b"");
    assert_eq!(answer.status, 204);
    let field = |name| {
        answer
            .field(name)
            .unwrap_or_else(|| panic!("{name}: {:?}", answer.fields))
    };
    assert_eq!(field("tus-version"), "1.0.0");
    assert_eq!(field("tus-resumable"), "1.0.0");
    assert_eq!(
        field("tus-extension"),
        "creation,creation-with-upload,termination,checksum,expiration"
    );
    assert_eq!(field("tus-checksum-algorithm"), "sha1,sha256");
    assert_eq!(field("tus-max-size"), ((1u64 << 40) - 1).to_string());
}

#[test]
fn an_upload_in_pieces_becomes_the_job_that_came_with_it() {
    let house = House::new();
    let caller = uploader(&house);
    let order = [
        ("filename", "é.mp4"),
        ("operation", "gif"),
        ("options", r#"{"duration": 0.5}"#),
    ];
    let path = create(&caller, &order);
    let (first, rest) = clip().split_at(clip().len() / 3);
    let answer = patch(&caller, &path, 0, first, &[]);
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(
        answer.field("upload-offset").unwrap(),
        first.len().to_string()
    );
    assert_eq!(answer.field("kinora-job"), None);
    assert_eq!(offset(&caller, &path), first.len());
    assert_eq!(
        caller.get(&format!("/api/jobs/{}", id_of(&path))).status,
        404,
        "no job yet"
    );
    let last = patch(&caller, &path, first.len(), rest, &[]);
    assert_eq!(
        (last.status, last.field("kinora-job")),
        (204, Some(id_of(&path))),
        "{last:?}"
    );
    let job = caller.wait_for(id_of(&path));
    assert_eq!(job["state"], "completed", "{job}");
    assert_eq!(
        (&job["file_name"], &job["operation"]),
        (&json!("é.mp4"), &json!("gif"))
    );
    let result = caller.get(job["result"]["url"].as_str().unwrap());
    assert_eq!(
        result.field("content-disposition").unwrap(),
        "attachment; filename=\"_.gif\"; filename*=UTF-8''%C3%A9.gif"
    );
    assert_eq!(
        offset(&caller, &path),
        clip().len(),
        "a client that missed the last answer is content"
    );
}

#[test]
fn an_upload_waits_for_its_order() {
    let house = House::new();
    let caller = uploader(&house);
    let path = create(&caller, &[("filename", "a.mp4")]);
    let order = |operation: &str| {
        let body = json!({"upload": id_of(&path), "operation": operation}).to_string();
        caller.post(
            "/api/jobs",
            &[("content-type", "application/json")],
            body.as_bytes(),
        )
    };
    let early = order("audio");
    assert_eq!(
        (early.status, early.code().as_str()),
        (409, "upload_incomplete")
    );
    assert_eq!(patch(&caller, &path, 0, clip(), &[]).status, 204);
    assert_eq!(order("nonsense").status, 422);
    let made = order("audio");
    assert_eq!(
        (made.status, made.text("id").as_str()),
        (201, id_of(&path)),
        "{made:?}"
    );
    assert_eq!(order("audio").status, 201, "asked twice, the same job");
    assert_eq!(order("gif").code(), "conflict");
    assert_eq!(caller.wait_for(id_of(&path))["state"], "completed");
}

#[test]
fn creation_may_bring_bytes() {
    let house = House::new();
    let caller = uploader(&house);
    let length = clip().len().to_string();
    let half = clip().len() / 2;
    let made = caller.post(
        "/files/",
        &[("upload-length", &length), PIECE],
        &clip()[..half],
    );
    assert_eq!(
        (made.status, made.field("upload-offset").unwrap()),
        (201, half.to_string().as_str())
    );
    let path = made.field("location").unwrap();
    assert_eq!(patch(&caller, path, half, &clip()[half..], &[]).status, 204);
    assert_eq!(offset(&caller, path), clip().len());
    let pairs = metadata(&[("operation", "audio")]);
    let fields = [
        ("upload-length", length.as_str()),
        PIECE,
        ("upload-metadata", &pairs),
    ];
    let whole = caller.post("/files/", &fields, clip());
    assert!(whole.field("kinora-job").is_some(), "{whole:?}");
}

#[test]
fn no_byte_counts_twice() {
    let house = House::new();
    let caller = uploader(&house);
    let path = create(&caller, &[]);
    let wrong = |offset: usize, body: &[u8], have: usize| {
        let answer = patch(&caller, &path, offset, body, &[]);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (409, "offset_mismatch")
        );
        assert_eq!(answer.field("upload-offset").unwrap(), have.to_string());
        assert_eq!(answer.json()["have"], have);
    };
    wrong(1, b"abc", 0);
    assert_eq!(patch(&caller, &path, 0, &clip()[..1000], &[]).status, 204);
    wrong(0, &clip()[..1000], 1000);
    wrong(500, &clip()[..1000], 1000);
    wrong(2000, &clip()[..1000], 1000);
    assert_eq!(
        patch(&caller, &path, 1000, &clip()[1000..], &[]).status,
        204
    );
    wrong(1000, &clip()[1000..], clip().len());
    assert_eq!(
        patch(&caller, &path, clip().len(), b"", &[]).status,
        204,
        "nothing more is no fault"
    );
    let order = json!({"upload": id_of(&path), "operation": "audio"}).to_string();
    caller.post(
        "/api/jobs",
        &[("content-type", "application/json")],
        order.as_bytes(),
    );
    assert_eq!(caller.wait_for(id_of(&path))["state"], "completed");
}

#[test]
fn more_than_announced_is_refused() {
    let house = House::with(|config| config.storage.ceiling = 100 << 20);
    let caller = uploader(&house);
    let create = |length: &str| caller.post("/files/", &[("upload-length", length)], b"");
    for (length, status, code) in [
        ("200000000", 413, "file_too_large"),
        ("0", 422, "empty_file"),
        ("-1", 400, "bad_request"),
        ("", 400, "bad_request"),
        ("99999999999999999999999", 400, "bad_request"),
    ] {
        let answer = create(length);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{length}"
        );
    }
    let path = create("10").field("location").unwrap().to_owned();
    let answer = patch(&caller, &path, 0, b"eleven byte", &[]);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (413, "file_too_large")
    );
    assert_eq!(
        caller.ask("HEAD", &path, &[], b"").field("upload-offset"),
        Some("0")
    );
    assert_eq!(
        create("104857600").status,
        201,
        "what is only announced holds nothing"
    );
}

#[test]
fn a_client_has_a_few_open_uploads() {
    let house = House::with(|config| config.jobs.client_limit = 2);
    let caller = uploader(&house);
    let paths = [create(&caller, &[]), create(&caller, &[])];
    let other = uploader(&house).post("/files/", &[("upload-length", "5")], b"");
    assert_eq!((other.status, other.code().as_str()), (429, "client_busy"));
    caller.ask("DELETE", &paths[0], &[], b"");
    create(&caller, &[]);
}

#[test]
fn a_checksum_decides_about_all_of_a_body() {
    let house = House::new();
    let caller = uploader(&house);
    let path = create(&caller, &[]);
    let (first, rest) = clip().split_at(5000);
    let sum = |bytes: &[u8]| format!("sha1 {}", STANDARD.encode(sha1::Sha1::digest(bytes)));
    let send = |offset, body: &[u8], sum: &str| {
        patch(&caller, &path, offset, body, &[("upload-checksum", sum)])
    };
    let wrong = send(0, first, &sum(rest));
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (460, "digest_mismatch")
    );
    assert_eq!(offset(&caller, &path), 0);
    assert_eq!(send(0, first, &sum(first)).status, 204);
    assert_eq!(send(5000, rest, &sum(first)).status, 460);
    assert_eq!(offset(&caller, &path), 5000);
    for nonsense in ["crc32 AAAA", "sha1", "sha1 ???"] {
        let answer = send(5000, rest, nonsense);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "bad_request"),
            "{nonsense}"
        );
    }
    let sha256 = format!("sha256 {}", STANDARD.encode(sha2::Sha256::digest(rest)));
    assert_eq!(send(5000, rest, &sha256).status, 204);
    assert_eq!(offset(&caller, &path), clip().len());
}

#[test]
fn an_upload_is_ended_and_leaves_nothing() {
    let mut house = House::new();
    let caller = uploader(&house);
    let path = create(&caller, &[]);
    patch(&caller, &path, 0, &clip()[..1000], &[]);
    assert_eq!(caller.ask("DELETE", &path, &[], b"").status, 204);
    let gone = caller.ask("HEAD", &path, &[], b"");
    assert_eq!(gone.status, 404);
    assert_eq!(
        patch(&caller, &path, 1000, b"abc", &[]).code(),
        "unknown_upload"
    );
    assert_eq!(
        caller.ask("DELETE", &path, &[], b"").code(),
        "unknown_upload"
    );
    let path = create(&caller, &[("operation", "audio")]);
    patch(&caller, &path, 0, clip(), &[]);
    caller.wait_for(id_of(&path));
    assert_eq!(
        caller.ask("DELETE", &path, &[], b"").code(),
        "conflict",
        "it is a job"
    );
    caller.ask("DELETE", &format!("/api/jobs/{}", id_of(&path)), &[], b"");
    house.stop();
    assert_eq!(house.kept(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn an_upload_that_does_not_move_expires() {
    let house = House::with(|config| config.storage.upload_keep = 0);
    let caller = uploader(&house);
    let path = create(&caller, &[]);
    // The janitor comes by every second; until then the upload is there, and its time is over.
    while caller.ask("HEAD", &path, &[], b"").status == 200 {
        std::thread::yield_now();
    }
    assert_eq!(caller.ask("HEAD", &path, &[], b"").status, 404);
}

#[test]
fn an_upload_is_there_for_its_session_only() {
    let house = House::new();
    let (owner, stranger) = (uploader(&house), uploader(&house));
    let nobody = Caller::nobody(house.http()).with(TUS.0, TUS.1);
    let path = create(&owner, &[]);
    let begun = nobody.post("/files/", &[("upload-length", "5")], b"");
    assert_eq!((begun.status, begun.code().as_str()), (401, "no_session"));
    for other in [&stranger, &nobody] {
        assert_eq!(other.ask("HEAD", &path, &[], b"").status, 404);
        assert_eq!(
            other.ask("DELETE", &path, &[], b"").code(),
            "unknown_upload"
        );
        assert_eq!(patch(other, &path, 0, b"abc", &[]).code(), "unknown_upload");
        let order = json!({"upload": id_of(&path), "operation": "audio"}).to_string();
        let ordered = other.post(
            "/api/jobs",
            &[("content-type", "application/json")],
            order.as_bytes(),
        );
        assert!(matches!(ordered.status, 401 | 404), "{ordered:?}");
    }
    assert_eq!(offset(&owner, &path), 0);
    let answer = house.connect().ask(
        json!({"action": "resume", "idempotency_key": id_of(&path), "ext": ["resume"]}),
        "",
        b"",
    );
    assert_ne!(
        answer.text("status"),
        "success",
        "nor for another door: {:?}",
        answer.json
    );
}

#[test]
fn requests_that_are_not_tus_are_told_so() {
    let house = House::new();
    let caller = Caller::new(house.http());
    let answer = caller.post("/files/", &[("upload-length", "5")], b"");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (412, "wrong_version")
    );
    assert_eq!(answer.field("tus-version"), Some("1.0.0"));
    let answer = caller
        .with(TUS.0, "0.2.2")
        .post("/files/", &[("upload-length", "5")], b"");
    assert_eq!(answer.status, 412);
    let caller = caller.with(TUS.0, TUS.1);
    let path = create(&caller, &[]);
    let plain = caller.ask("PATCH", &path, &[("upload-offset", "0")], b"abc");
    assert_eq!((plain.status, plain.code().as_str()), (415, "media_type"));
    let nowhere = caller.ask("PATCH", &path, &[PIECE], b"abc");
    assert_eq!(
        (nowhere.status, nowhere.code().as_str()),
        (400, "bad_request")
    );
    let bad = caller.post(
        "/files/",
        &[("upload-length", "5"), ("upload-metadata", "operation ???")],
        b"",
    );
    assert_eq!(bad.code(), "bad_request");
    let pairs = metadata(&[("operation", "nonsense")]);
    let bad = caller.post(
        "/files/",
        &[("upload-length", "5"), ("upload-metadata", &pairs)],
        b"",
    );
    assert_eq!(bad.code(), "unknown_operation", "before the first byte");
    let overridden = [
        PIECE,
        ("upload-offset", "0"),
        ("x-http-method-override", "PATCH"),
    ];
    assert_eq!(caller.post(&path, &overridden, b"abc").status, 204);
    assert_eq!(offset(&caller, &path), 3);
}
