//! Whose is whose: every address of the API for the owner, for a stranger, and for somebody without a session.

use super::client::{Answer, Caller};
use crate::peer::House;
use crate::wire::clip;
use serde_json::json;

/// Each address of a job, with the method that it takes and what its owner gets.
const OF_A_JOB: &[(&str, &str, u16)] = &[
    ("GET", "/api/jobs/{id}", 200),
    ("GET", "/api/jobs/{id}/result", 200),
    ("HEAD", "/api/jobs/{id}/result", 200),
    ("GET", "/api/jobs/{id}/report", 404),
    ("DELETE", "/api/jobs/{id}", 200),
];

fn check(answer: &Answer, status: u16, code: &str, what: &str) {
    assert_eq!(answer.status, status, "{what}: {answer:?}");
    if !answer.body.is_empty() {
        assert_eq!(answer.code(), code, "{what}");
    }
}

#[test]
fn a_job_is_there_for_its_session_only() {
    let house = House::new();
    let owner = Caller::new(house.http());
    let stranger = Caller::new(house.http());
    let nobody = Caller::nobody(house.http());
    let made = owner.submit(&[("operation", "audio")]);
    assert_eq!(made.status, 201, "{made:?}");
    assert!(made.json().get("token").is_none(), "it has a session");
    let id = made.text("id");
    assert_eq!(
        made.field("location"),
        Some(format!("/api/jobs/{id}").as_str())
    );
    assert_eq!(owner.wait_for(&id)["state"], "completed");
    for (method, path, expected) in OF_A_JOB {
        let path = path.replace("{id}", &id);
        let unknown = path.replace(&id, &"0".repeat(32));
        for asker in [&stranger, &nobody] {
            let what = format!("{method} {path}");
            check(
                &asker.ask(method, &path, &[], b""),
                404,
                "unknown_task",
                &what,
            );
        }
        // Not to be told from what does not exist.
        let of_unknown = owner.ask(method, &unknown, &[], b"");
        let of_other = stranger.ask(method, &path, &[], b"");
        assert_eq!(of_unknown.body, of_other.body);
        let answer = owner.ask(method, &path, &[], b"");
        assert_eq!(answer.status, *expected, "{method} {path}: {answer:?}");
    }
    let list = |caller: &Caller| {
        caller.get("/api/jobs").json()["jobs"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((list(&owner), list(&stranger)), (1, 0));
    check(&nobody.get("/api/jobs"), 401, "no_session", "a list");
}

#[test]
fn the_id_of_a_session_is_worth_nothing_over_mmp() {
    let house = House::new();
    let owner = Caller::new(house.http());
    let id = owner.submit(&[("operation", "audio")]).text("id");
    owner.wait_for(&id);
    for action in ["status", "download", "cancel", "confirm"] {
        let request = json!({"action": action, "task_id": id, "ext": ["job"]});
        let answer = house.connect().ask(request, "", b"");
        assert_eq!(answer.text("code"), "unknown_task", "{action}");
    }
    let task = house.connect().submit("audio", clip());
    house.connect().wait_for(&task);
    check(
        &owner.get(&format!("/api/jobs/{task}")),
        404,
        "unknown_task",
        "and the other way round",
    );
}

#[test]
fn who_comes_without_a_session_is_given_one() {
    let house = House::new();
    let nobody = Caller::nobody(house.http());
    let made = nobody.submit(&[("operation", "audio")]);
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.text("id");
    let with_token = nobody.with_token(&made.text("token"));
    assert_eq!(with_token.get(&format!("/api/jobs/{id}")).status, 200);
    let cookie = made.field("set-cookie").unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    let with_cookie = nobody.with(
        "cookie",
        &format!("a=b; {}", cookie.split(';').next().unwrap()),
    );
    assert_eq!(with_cookie.get(&format!("/api/jobs/{id}")).status, 200);
    let page = with_cookie.get("/");
    assert_eq!(page.field("set-cookie"), None, "it has one");
    assert!(nobody.get("/").field("set-cookie").is_some());
}

#[test]
fn a_forged_token_is_told_from_none() {
    let house = House::new();
    let token = Caller::nobody(house.http())
        .post("/api/sessions", &[], b"")
        .text("token");
    let forged = format!("{}0", &token[..token.len() - 1]);
    let forged = if forged == token {
        token.replace("kns_", "kns-")
    } else {
        forged
    };
    let forger = Caller::nobody(house.http()).with_token(&forged);
    let answer = forger.get("/api/jobs");
    check(&answer, 401, "invalid_token", "a forged token");
    assert_eq!(answer.field("www-authenticate"), Some("Bearer"));
    let old_cookie = Caller::nobody(house.http()).with("cookie", "kinora_session=nonsense");
    assert!(
        old_cookie.get("/").field("set-cookie").is_some(),
        "it gets another one"
    );
}

#[test]
fn sessions_outlive_a_restart() {
    let mut house = House::new();
    let owner = Caller::new(house.http());
    let id = owner.submit(&[("operation", "audio")]).text("id");
    owner.wait_for(&id);
    house.stop();
    house.start();
    let again = Caller {
        address: house.http(),
        ..owner
    };
    assert_eq!(
        again.get(&format!("/api/jobs/{id}")).json()["state"],
        "completed"
    );
}
