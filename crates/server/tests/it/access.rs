//! Who is let in: every route and every verb, for each kind of credential. The visitor comes from elsewhere, by the
//! word of a proxy that the server believes.

use crate::http::client::{Answer, Caller, read_head};
use crate::peer::House;
use crate::wire::{Peer, clip};
use kinora_server::access::{Access, Ledger, Scope, revoke_links};
use serde_json::{Value, json};
use std::io::{Read, Write};

/// An address that belongs to nobody (RFC 5737).
const ELSEWHERE: &str = "203.0.113.9";
/// One in the trusted network.
const TRUSTED: &str = "198.51.100.7";

/// What each route asks for: nothing, any token, or one with one of these scopes.
const ROUTES: &[(&str, &str, Option<&[Scope]>)] = &[
    ("post", "/api/sessions", None),
    ("get", "/healthz", None),
    ("get", "/readyz", Some(&[])),
    ("get", "/api/operations", Some(&[])),
    ("post", "/api/operations/{name}", Some(&[])),
    ("get", "/api/openapi.json", Some(&[])),
    ("get", "/api/docs", Some(&[])),
    ("get", "/api/status", Some(&[Scope::Administer])),
    ("get", "/metrics", Some(&[Scope::Administer])),
    ("get", "/api/links", Some(&[Scope::Administer])),
    ("delete", "/api/links/{id}", Some(&[Scope::Administer])),
    ("get", "/api/jobs", Some(&[Scope::Process])),
    ("post", "/api/jobs", Some(&[Scope::Process])),
    ("get", "/api/jobs/{id}", Some(&[Scope::Process])),
    ("delete", "/api/jobs/{id}", Some(&[Scope::Process])),
    ("get", "/api/jobs/{id}/result", Some(&[Scope::Process])),
    ("get", "/api/jobs/{id}/report", Some(&[Scope::Process])),
    ("post", "/api/jobs/{id}/keep", Some(&[Scope::Process])),
    ("get", "/api/jobs/{id}/events", Some(&[Scope::Process])),
    ("get", "/api/events", Some(&[Scope::Process])),
    ("get", "/api/library", Some(&[Scope::Watch])),
    ("get", "/api/library/{id}", Some(&[Scope::Watch])),
    ("get", "/chat", Some(&[Scope::Watch, Scope::Process])),
    ("post", PARCELS, Some(&[Scope::Watch, Scope::Process])),
    ("head", PARCEL, Some(&[Scope::Watch, Scope::Process])),
    ("patch", PARCEL, Some(&[Scope::Watch, Scope::Process])),
    ("get", PARCEL, Some(&[Scope::Watch, Scope::Process])),
    ("delete", PARCEL, Some(&[Scope::Watch, Scope::Process])),
    ("options", "/files/", Some(&[Scope::Process])),
    ("post", "/files/", Some(&[Scope::Process])),
    ("head", "/files/{id}", Some(&[Scope::Process])),
    ("patch", "/files/{id}", Some(&[Scope::Process])),
    ("delete", "/files/{id}", Some(&[Scope::Process])),
];

/// Files that people send each other: beside a token they need the pass of a device.
const PARCELS: &str = "/api/talk/parcels";
const PARCEL: &str = "/api/talk/parcels/{id}";

/// Addresses that say themselves who may.
const LINKS: &[&str] = &[
    "/watch/{permission}/{id}/title",
    "/watch/{permission}/{id}/{version}/{file}",
    "/watch/{permission}/{id}/{version}/{part}/{file}",
];

fn house() -> House {
    House::with(|config| {
        config.access = Access::Tokens;
        config.http.proxies = vec!["127.0.0.1".parse().unwrap()];
        config.mmp.proxies = vec!["127.0.0.2".parse().unwrap()];
        config.mmp.trust = vec!["198.51.100.0/24".parse().unwrap()];
    })
}

fn ledger(house: &House) -> Ledger {
    Ledger::of(&house.config.data)
}

fn token(house: &House, name: &str, scopes: &[Scope]) -> String {
    let made = ledger(house).create(name, scopes, 0, None);
    made.unwrap().reveal().to_owned()
}

fn expired(house: &House) -> String {
    let made = ledger(house).create("late", &Scope::ALL, 0, Some(1));
    made.unwrap().reveal().to_owned()
}

fn revoked(house: &House) -> String {
    let text = token(house, "gone", &Scope::ALL);
    assert!(ledger(house).revoke("gone").unwrap());
    text
}

fn visitor(house: &House) -> Caller {
    Caller::nobody(house.http()).with("x-forwarded-for", ELSEWHERE)
}

/// A connection that a proxy has made for somebody.
fn connect_for(house: &House, source: &str) -> Peer {
    let mut peer = house.connect_as(2);
    let head = format!("PROXY TCP4 {source} 192.0.2.1 1234 9001\r\n");
    peer.stream.write_all(head.as_bytes()).unwrap();
    peer
}

fn refused(answer: &Answer, status: u16, code: &str, what: &str) {
    assert_eq!(answer.status, status, "{what}: {answer:?}");
    if !answer.body.is_empty() {
        assert_eq!(answer.code(), code, "{what}");
    }
    if matches!(status, 401 | 403) {
        let field = answer.field("www-authenticate").unwrap();
        assert!(field.starts_with("Bearer"), "{what}: {field}");
    }
}

#[test]
fn the_table_has_every_route() {
    let api: Value = serde_json::from_str(&kinora_server::api_description()).unwrap();
    for (path, item) in api["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let is_link = method == "get" && LINKS.contains(&path.as_str());
            let known = is_link || ROUTES.iter().any(|(m, p, _)| m == method && p == path);
            assert!(known, "say who may {method} {path}");
        }
    }
}

#[test]
fn a_link_that_was_made_up_is_worth_nothing() {
    let house = house();
    let holder = token(&house, "all", &Scope::ALL);
    for link in LINKS {
        let path = link.replace(['{', '}'], "");
        for caller in [visitor(&house), visitor(&house).with_token(&holder)] {
            let answer = caller.ask("GET", &path, &[], b"");
            assert!(matches!(answer.status, 403 | 404), "{link}: {answer:?}");
        }
    }
}

#[test]
fn each_route_is_for_who_has_the_scope() {
    let house = house();
    let worthless = [
        ("no token of ours", format!("kin_{}", "a".repeat(52))),
        ("no token at all", "kns_0".to_owned()),
        ("expired", expired(&house)),
        ("revoked", revoked(&house)),
    ];
    let scopes = Scope::ALL.map(|scope| (scope, token(&house, scope.as_str(), &[scope])));
    for (method, path, need) in ROUTES {
        let path = path.replace("{id}", &"0".repeat(32));
        let path = path.replace("{name}", "gif");
        let ask = |caller: &Caller| caller.ask(&method.to_uppercase(), &path, &[], b"");
        let what = format!("{method} {path}");
        if need.is_some() || *method == "post" {
            refused(&ask(&visitor(&house)), 401, "token_required", &what);
            for (why, text) in &worthless {
                let answer = ask(&visitor(&house).with_token(text));
                refused(&answer, 401, "invalid_token", &format!("{what}, {why}"));
            }
        } else {
            assert_eq!(ask(&visitor(&house)).status, 200, "{what}");
        }
        for (scope, text) in &scopes {
            let wanted = need.unwrap_or_default();
            // Streams of events have no end.
            if wanted.contains(scope) && path == "/api/events" {
                continue;
            }
            let answer = ask(&visitor(&house).with_token(text));
            let what = format!("{what} with {scope}");
            match wanted.is_empty() || wanted.contains(scope) {
                true if path.starts_with(PARCELS) => {
                    assert_eq!(answer.status, 403, "{what}: {answer:?}");
                    assert!(answer.body.is_empty() || answer.code() == "pass_required");
                }
                true => assert!(!matches!(answer.status, 401 | 403), "{what}: {answer:?}"),
                false => refused(&answer, 403, "wrong_scope", &what),
            }
        }
    }
}

#[test]
fn a_job_is_there_for_its_token_at_both_doors() {
    let house = house();
    let text = token(&house, "ann", &[Scope::Process]);
    let ann = visitor(&house).with_token(&text);
    let other = token(&house, "bob", &[Scope::Process]);
    let bob = visitor(&house).with_token(&other);
    let id = ann.submit(&[("operation", "audio")]).text("id");
    assert_eq!(ann.wait_for(&id)["state"], "completed");
    for (method, path) in [
        ("GET", ""),
        ("GET", "/result"),
        ("GET", "/report"),
        ("DELETE", ""),
    ] {
        let path = format!("/api/jobs/{id}{path}");
        let answer = bob.ask(method, &path, &[], b"");
        refused(&answer, 404, "unknown_task", &path);
        let unknown = path.replace(&id, &"0".repeat(32));
        assert_eq!(answer.body, bob.ask(method, &unknown, &[], b"").body);
    }
    assert_eq!(bob.get("/api/jobs").json()["jobs"], json!([]));
    // The same at the other door, and back.
    let status = |token: &str| {
        let request = json!({"action": "status", "task_id": id, "token": token, "ext": ["job"]});
        let answer = connect_for(&house, ELSEWHERE).ask(request, "", b"");
        let code = answer.json.get("code");
        code.map_or("none", |code| code.as_str().unwrap())
            .to_owned()
    };
    assert_eq!(status(&text), "none");
    assert_eq!(status(&other), "unknown_task");
    let mut peer = connect_for(&house, ELSEWHERE);
    let order = json!({"action": "upload", "operation": "audio", "wait": false, "token": text});
    let task = peer.ask(order, "mp4", clip()).text("task_id").to_owned();
    // Sent once, it holds for the connection.
    peer.wait_for(&task);
    assert_eq!(ann.get(&format!("/api/jobs/{task}")).status, 200);
    assert_eq!(bob.get(&format!("/api/jobs/{task}")).status, 404);
}

#[test]
fn the_page_signs_in_and_out_with_its_token() {
    let house = house();
    let text = token(&house, "ann", &[Scope::Process]);
    let nobody = visitor(&house);
    assert_eq!(nobody.get("/").field("set-cookie"), None);
    let body = json!({"token": text}).to_string();
    let signed = nobody.post("/api/sessions", &[], body.as_bytes());
    assert_eq!(signed.status, 201, "{signed:?}");
    let cookie = signed.field("set-cookie").unwrap().to_owned();
    assert!(!cookie.contains(&text), "the token itself is not kept");
    let page = nobody.with("cookie", cookie.split(';').next().unwrap());
    let program = nobody.with_token(&signed.text("token"));
    let id = page.submit(&[("operation", "audio")]).text("id");
    assert_eq!(program.wait_for(&id)["state"], "completed");
    let wrong = json!({"token": format!("kin_{}", "a".repeat(52))}).to_string();
    let answer = nobody.post("/api/sessions", &[], wrong.as_bytes());
    refused(&answer, 401, "invalid_token", "a wrong token");
    ledger(&house).revoke("ann").unwrap();
    refused(&page.get("/api/jobs"), 401, "token_required", "the cookie");
    refused(
        &program.get("/api/jobs"),
        401,
        "invalid_token",
        "the session",
    );
    // A new token of the name has its jobs.
    let again = token(&house, "ann", &[Scope::Process]);
    let path = format!("/api/jobs/{id}");
    assert_eq!(nobody.with_token(&again).get(&path).status, 200);
}

#[test]
fn a_stream_of_events_ends_with_its_token() {
    let house = house();
    let text = token(&house, "ann", &[Scope::Process]);
    let ann = visitor(&house).with_token(&text);
    let mut stream = ann.begin("GET", "/api/events", &[], 0);
    let (answer, _) = read_head(&mut stream).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    ledger(&house).revoke("ann").unwrap();
    // Something happens, so that the stream is looked at again.
    house.connect().submit("audio", clip());
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    let rest = String::from_utf8_lossy(&rest);
    assert!(!rest.contains("event: job"), "{rest}");
}

#[test]
fn each_verb_is_for_who_has_a_token_or_is_trusted() {
    let house = house();
    let right = token(&house, "ann", &[Scope::Process]);
    let wrong = token(&house, "eve", &[Scope::Watch, Scope::Administer]);
    let (late, gone) = (expired(&house), revoked(&house));
    let id = "0".repeat(32);
    let verbs = [
        json!({"action": "ping"}),
        json!({"action": "upload", "operation": "nonsense", "wait": false}),
        json!({"action": "status", "task_id": id}),
        json!({"action": "download", "task_id": id}),
        json!({"action": "cancel", "task_id": id}),
        json!({"action": "keep", "task_id": id}),
        json!({"action": "confirm", "task_id": id}),
        json!({"action": "confirm", "idempotency_key": id}),
        json!({"action": "resume", "idempotency_key": id}),
    ];
    for verb in verbs {
        let is_upload = verb["action"] == "upload";
        let ask = |peer: &mut Peer, token: Option<&str>| {
            let mut verb = verb.clone();
            if let Some(token) = token {
                verb["token"] = token.into();
            }
            let payload: &[u8] = if is_upload { b"some" } else { b"" };
            let answer = peer.ask(verb, "", payload);
            answer
                .json
                .get("code")
                .map_or("", |code| code.as_str().unwrap())
                .to_owned()
        };
        let code = |source, token| ask(&mut connect_for(&house, source), token);
        // What it is answered when nothing stands in the way.
        let plain = ask(&mut house.connect(), None);
        assert!(!plain.contains("token"), "{verb}: {plain}");
        let is_parsed = plain != "unknown_operation";
        let refusal = |code: &'static str| if is_parsed { code } else { "unknown_operation" };
        let is_ping = verb["action"] == "ping";
        assert_eq!(code(ELSEWHERE, None), refusal("token_required"), "{verb}");
        assert_eq!(code(TRUSTED, None), plain, "{verb}");
        assert_eq!(code(ELSEWHERE, Some(&right)), plain, "{verb}");
        let lacking = if is_ping { "" } else { refusal("wrong_scope") };
        assert_eq!(code(ELSEWHERE, Some(&wrong)), lacking, "{verb}");
        for worthless in [&late, &gone] {
            for source in [ELSEWHERE, TRUSTED] {
                assert_eq!(
                    code(source, Some(worthless)),
                    refusal("invalid_token"),
                    "{verb}"
                );
            }
        }
    }
}

#[test]
fn an_id_is_enough_for_what_nobody_owns() {
    let house = house();
    let mut trusted = connect_for(&house, TRUSTED);
    let free = trusted.submit("audio", clip());
    trusted.wait_for(&free);
    let text = token(&house, "ann", &[Scope::Process]);
    let order = json!({"action": "upload", "operation": "audio", "wait": false, "token": text});
    let answer = connect_for(&house, ELSEWHERE).ask(order, "mp4", clip());
    let owned = answer.text("task_id").to_owned();
    house.connect().ask(json!({"action": "ping"}), "", b"");
    let code = |action: &str, id: &str, token: Option<&str>| {
        let request = json!({"action": action, "task_id": id, "token": token, "ext": ["job"]});
        let answer = connect_for(&house, ELSEWHERE).ask(request, "", b"");
        answer
            .json
            .get("code")
            .map_or("", |code| code.as_str().unwrap())
            .to_owned()
    };
    let stranger = token(&house, "bob", &[Scope::Process]);
    for action in ["status", "download", "cancel", "confirm"] {
        assert_eq!(code(action, &owned, None), "token_required", "{action}");
        assert_eq!(
            code(action, &owned, Some(&stranger)),
            "unknown_task",
            "{action}"
        );
        assert_eq!(code(action, &free, None), "", "{action}");
    }
    // A machine of the trusted network is nobody's owner either.
    let request = json!({"action": "status", "task_id": owned});
    assert_eq!(trusted.ask(request, "", b"").text("code"), "unknown_task");
}

#[test]
fn a_key_is_worth_nothing_to_others() {
    let house = house();
    let ann = token(&house, "ann", &[Scope::Process]);
    let bob = token(&house, "bob", &[Scope::Process]);
    let key = "k".repeat(32);
    let begin = |token: &str| {
        let order = json!({
            "action": "upload", "operation": "audio", "idempotency_key": key, "commit": "confirm",
            "token": token, "ext": ["resume"],
        });
        connect_for(&house, ELSEWHERE).ask(order, "mp4", clip())
    };
    assert_eq!(begin(&ann).text("status"), "received");
    assert_eq!(begin(&bob).text("code"), "conflict");
    for action in ["resume", "confirm"] {
        let request = json!({"action": action, "idempotency_key": key, "token": bob});
        let answer = connect_for(&house, ELSEWHERE).ask(request, "", b"");
        assert_eq!(answer.text("code"), "unknown_upload", "{action}");
    }
    let request = json!({"action": "confirm", "idempotency_key": key, "token": ann});
    let answer = connect_for(&house, ELSEWHERE).ask(request, "", b"");
    assert_eq!(answer.text("status"), "accepted");
}

#[test]
fn a_proxy_that_does_not_say_for_whom_is_not_trusted() {
    let house = house();
    let mut silent = house.connect_as(2);
    silent.send(json!({"action": "ping"}), "", b"");
    assert!(silent.try_answer().is_err(), "no head, no answer");
    let mut unknown = house.connect_as(2);
    unknown.stream.write_all(b"PROXY UNKNOWN\r\n").unwrap();
    let answer = unknown.ask(json!({"action": "ping"}), "", b"");
    assert_eq!(answer.text("code"), "token_required");
}

#[test]
fn without_tokens_only_this_machine_is_told_how_the_server_does() {
    let house = House::with(|config| config.http.proxies = vec!["127.0.0.1".parse().unwrap()]);
    let here = Caller::nobody(house.http());
    let admin = token(&house, "root", &[Scope::Administer]);
    for path in ["/metrics", "/api/status"] {
        assert_eq!(here.get(path).status, 200);
        refused(&visitor(&house).get(path), 404, "no_page", path);
        assert_eq!(visitor(&house).with_token(&admin).get(path).status, 200);
    }
    assert_eq!(here.get("/api/operations").status, 200);
    // A token is kept to its scopes wherever it is shown.
    let answer = here.with_token(&admin).get("/api/jobs");
    refused(&answer, 403, "wrong_scope", "an operator's token");
}

#[test]
fn links_end_with_the_token_that_they_were_given_to_or_when_all_are_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    crate::http::library::film(&folder.path().join("a.mp4"), crate::http::library::USUAL);
    let path = folder.path().to_owned();
    let house = House::with(|config| {
        config.access = Access::Tokens;
        config.library.directories = vec![path];
        config.library.heights = Vec::new();
    });
    let [ann, bob] = ["ann", "bob"].map(|name| token(&house, name, &[Scope::Watch]));
    let nobody = Caller::nobody(house.http());
    let link = |token: &str| loop {
        let list = nobody.with_token(token).get("/api/library").json();
        if let Some(url) = list["titles"][0]["hls_url"].as_str() {
            return url.to_owned();
        }
        std::thread::yield_now();
    };
    let (hers, his) = (link(&ann), link(&bob));
    assert_ne!(hers, his);
    // By MMP, too: what `kinora share` prints.
    let ask = json!({"action": "library", "expires": 3600, "token": ann, "ext": ["job"]});
    let shared = house.connect().ask(ask, "", b"");
    let shared = shared.json["titles"][0]["hls"].as_str().unwrap().to_owned();
    for url in [&hers, &his, &shared] {
        assert_eq!(nobody.get(url).status, 200);
    }
    // One of two is taken back by whoever runs the server.
    let ask = json!({"action": "library", "expires": 7200, "token": bob, "ext": ["job"]});
    let other = house.connect().ask(ask, "", b"");
    let other = other.json["titles"][0]["hls"].as_str().unwrap().to_owned();
    let links = nobody.get("/api/links").json();
    let holders = ["ann", "bob"].map(Value::from);
    let found = links["links"].as_array().unwrap();
    assert!(
        found.iter().map(|link| &link["holder"]).eq(&holders),
        "{links}"
    );
    let id = found[1]["id"].as_str().unwrap();
    let path = format!("/api/links/{id}");
    assert_eq!(nobody.ask("DELETE", &path, &[], b"").status, 204);
    assert_eq!(nobody.get(&other).code(), "link_expired");
    assert_eq!(nobody.get(&shared).status, 200);
    let again = nobody.ask("DELETE", "/api/links/0123456789ab", &[], b"");
    assert_eq!(again.code(), "unknown_link");
    assert!(ledger(&house).revoke("ann").unwrap());
    for url in [&hers, &shared] {
        let answer = nobody.get(url);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (410, "link_expired")
        );
    }
    assert_eq!(nobody.get(&his).status, 200);
    revoke_links(&house.config.data).unwrap();
    assert_eq!(nobody.get(&his).code(), "invalid_link");
    assert_eq!(nobody.get(&link(&bob)).status, 200);
}
