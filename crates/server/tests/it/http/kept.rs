//! Results that are put into the library, and folders that no library may have.

use super::client::Caller;
use super::library::{Cinema, USUAL, film};
use super::renditions::when;
use crate::peer::House;
use serde_json::json;
use std::fs;

/// A house whose library takes results, with a completed job of this kind.
fn finished(operation: &str) -> (House, tempfile::TempDir, Caller, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let house = House::with(|config| {
        config.library.keep_in = path;
        config.library.heights = Vec::new();
    });
    let caller = Caller::new(house.http());
    let id = caller.submit(&[("operation", operation)]).text("id");
    assert_eq!(caller.wait_for(&id)["state"], "completed");
    (house, folder, caller, id)
}

fn names(folder: &tempfile::TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_result_that_is_kept_is_a_title() {
    let (house, folder, caller, id) = finished("compress");
    let operations = caller.get("/api/operations").json();
    assert_eq!(operations["can_keep"], true);
    let path = format!("/api/jobs/{id}/keep");
    let kept = caller.post(&path, &[], b"").json();
    assert_eq!(kept["name"], "a clip.mp4", "{kept}");
    // Twice is once; another name is another file, and no way out.
    assert_eq!(caller.post(&path, &[], b"").json(), kept);
    let wish = br#"{"name": "../../Our holiday"}"#;
    let again = caller.post(&path, &[("content-type", "application/json")], wish);
    assert_eq!(again.json()["name"], "Our holiday.mp4");
    assert_eq!(names(&folder), ["Our holiday.mp4", "a clip.mp4"]);
    let result = caller.get(&format!("/api/jobs/{id}/result")).body;
    assert_eq!(fs::read(folder.path().join("a clip.mp4")).unwrap(), result);
    let title = format!("/api/library/{}", kept["title"].as_str().unwrap());
    let found = loop {
        let found = caller.get(&title);
        if found.status == 200 {
            break found.json();
        }
        std::thread::yield_now();
    };
    assert_eq!(found["name"], "a clip");
    // Nobody else's job.
    let stranger = Caller::new(house.http());
    assert_eq!(stranger.post(&path, &[], b"").code(), "unknown_task");
    // A name that another video has stays that video's.
    fs::write(folder.path().join("a clip.mp4"), "mine").unwrap();
    let third = caller.post(&path, &[], b"").json();
    assert_eq!(third["name"], "a clip (2).mp4");
    assert_eq!(fs::read(folder.path().join("a clip.mp4")).unwrap(), b"mine");
}

#[test]
fn what_cannot_be_kept_is_said() {
    let (house, folder, caller, id) = finished("audio");
    let path = format!("/api/jobs/{id}/keep");
    let refused = caller.post(&path, &[], b"");
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (409, "not_a_video")
    );
    let mut peer = house.connect();
    let answer = peer.ask(json!({"action": "keep", "task_id": id}), "", b"");
    // Over MMP it is another's, for HTTP made it.
    assert_eq!(answer.text("code"), "unknown_task");
    assert_eq!(names(&folder), Vec::<String>::new());
    let plain = House::new();
    let caller = Caller::new(plain.http());
    assert_eq!(caller.get("/api/operations").json()["can_keep"], false);
    let id = caller.submit(&[("operation", "audio")]).text("id");
    let path = format!("/api/jobs/{id}/keep");
    assert_eq!(caller.wait_for(&id)["state"], "completed");
    assert_eq!(caller.post(&path, &[], b"").code(), "keeping_is_off");
}

#[test]
fn a_library_that_holds_the_servers_own_files_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (films, data) = (place.path().join("films"), place.path().join("films/data"));
    fs::create_dir_all(&films).unwrap();
    let start = |data: &std::path::Path, films: &std::path::Path| {
        let mut config = kinora_server::Config {
            data: data.to_owned(),
            ..kinora_server::Config::default()
        };
        config.mmp.listen = vec!["127.0.0.1:0".parse().unwrap()];
        config.http.listen = Vec::new();
        config.library.directories = vec![films.to_owned()];
        kinora_server::Server::start(config).map(kinora_server::Server::stop)
    };
    let refused = start(&data, &films).unwrap_err();
    assert_eq!(refused.code, "library_holds_data");
    let below = place.path().join("data/films");
    fs::create_dir_all(&below).unwrap();
    let refused = start(&place.path().join("data"), &below).unwrap_err();
    assert_eq!(refused.code, "library_holds_data");
    let missing = start(&place.path().join("other"), &place.path().join("none")).unwrap_err();
    assert_eq!(missing.code, "no_library");
}

#[test]
fn pages_of_named_sites_may_play() {
    let folder = tempfile::tempdir().unwrap();
    film(&folder.path().join("a.mp4"), USUAL);
    let path = folder.path().to_owned();
    let site = "https://films.example";
    let house = House::with(|config| {
        config.library.directories = vec![path];
        config.library.heights = Vec::new();
        config.library.cors_origins = vec![site.to_owned()];
    });
    let cinema = Cinema { house, folder };
    let title = when(&cinema, |title| title["hls_url"].is_string());
    let main = title["hls_url"].as_str().unwrap();
    let guest = cinema
        .caller()
        .with("origin", site)
        .with("sec-fetch-site", "cross-site");
    let played = guest.get(main);
    assert_eq!(played.status, 200);
    assert_eq!(played.field("access-control-allow-origin"), Some(site));
    assert_eq!(played.field("vary"), Some("origin"));
    assert!(
        played
            .field("access-control-expose-headers")
            .unwrap()
            .contains("content-range")
    );
    let asked = guest.with("access-control-request-method", "GET");
    let asked = asked.ask("OPTIONS", main, &[], b"");
    assert_eq!(asked.status, 204);
    assert!(
        asked
            .field("access-control-allow-headers")
            .unwrap()
            .contains("range")
    );
    assert_eq!(guest.get("/api/library").code(), "cross_site");
    let stranger = cinema.caller().with("origin", "https://evil.example");
    let refused = stranger.get(main);
    assert_eq!(refused.code(), "cross_site");
    assert_eq!(refused.field("access-control-allow-origin"), None);
    // Who keeps answers for several sites has to tell them apart.
    assert_eq!(cinema.caller().get(main).field("vary"), Some("origin"));
}
