//! The API says of itself what it does, and `docs/api.json` is what it says.

use super::client::{Answer, Caller, read_head};
use crate::peer::House;
use serde_json::{Value, json};

/// Set to write the file instead of comparing it.
const WRITE: &str = "KINORA_WRITE_DOCS";

#[test]
fn the_committed_description_is_what_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.json");
    let served = kinora_server::api_description();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(path, &served).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == served,
        "docs/api.json is not what the code says: run {WRITE}=1 cargo test -p kinora-server description"
    );
    let house = House::new();
    let caller = Caller::nobody(house.http());
    assert_eq!(caller.get("/api/openapi.json").body, served.as_bytes());
}

#[test]
fn everything_it_names_is_there() {
    let api: Value = serde_json::from_str(&kinora_server::api_description()).unwrap();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1."));
    let house = House::new();
    let caller = Caller::new(house.http()).with("tus-resumable", "1.0.0");
    let mut references = Vec::new();
    collect(&api, &mut references);
    for reference in references {
        assert!(api.pointer(&reference[1..]).is_some(), "{reference}");
    }
    for (path, methods) in api["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let at = path
                .replace("{id}", &"0".repeat(32))
                .replace("{name}", "gif");
            // The head is enough: streams of events have no end.
            let mut stream = caller.begin(&method.to_uppercase(), &at, &[], 0);
            let (answer, body) = read_head(&mut stream).unwrap();
            let answer = Answer { body, ..answer };
            let text = String::from_utf8_lossy(&answer.body);
            let is_there = answer.status != 405 && !text.contains("\"code\":\"no_page\"");
            assert!(is_there, "{method} {path}: {answer:?}");
        }
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                references.push(reference.clone());
            }
            members.values().for_each(|each| collect(each, references));
        }
        Value::Array(items) => items.iter().for_each(|each| collect(each, references)),
        _ => {}
    }
}

#[test]
fn the_page_for_people_needs_nothing_else() {
    let house = House::new();
    let caller = Caller::nobody(house.http());
    let page = caller.get("/api/docs");
    assert_eq!(page.field("content-type"), Some("text/html; charset=utf-8"));
    let text = String::from_utf8(page.body).unwrap();
    for word in [
        "POST /api/jobs",
        "PATCH /files/{id}",
        "id=\"JobBody\"",
        "client_busy",
    ] {
        assert!(text.contains(word), "{word}");
    }
    for word in ["<script", "<img", "style=", "href=\"http", "@import"] {
        assert!(!text.contains(word), "no other host, and no script: {word}");
    }
    assert_eq!(
        caller.get("/api/docs.css").field("content-type"),
        Some("text/css; charset=utf-8")
    );
}

#[test]
fn operations_are_listed_and_checked() {
    let house = House::new();
    let caller = Caller::nobody(house.http());
    let list = caller.get("/api/operations").json();
    let gif = list["operations"]
        .as_array()
        .unwrap()
        .iter()
        .find(|each| each["name"] == "gif")
        .unwrap();
    let start = gif["options"]
        .as_array()
        .unwrap()
        .iter()
        .find(|each| each["name"] == "start")
        .unwrap();
    assert_eq!(start["kind"], "seconds");
    let check = |name: &str, options: Value| {
        caller.post(
            &format!("/api/operations/{name}"),
            &[],
            options.to_string().as_bytes(),
        )
    };
    assert_eq!(
        check("gif", json!({"start": 1})).json()["options"]["start"],
        1.0
    );
    let wrong = check("gif", json!({"start": "soon"}));
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (422, "invalid_option")
    );
    assert_eq!(check("nonsense", json!({})).code(), "unknown_operation");
    assert_eq!(check("gif", json!([])).code(), "bad_json");
}
