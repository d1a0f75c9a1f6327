//! The report of a compression on its way from the engine to the user, over a server and without one.

use crate::cli::{Ended, User, at_home};
use crate::wire::clip;
use serde_json::Value;
use std::fs;

/// What every report of a search says, however it ended.
fn check_report(report: &Value, case: &str) {
    assert_eq!(report["version"], 1, "{case}: {report}");
    let status = report["status"].as_str().unwrap();
    assert!(
        ["held", "best_effort", "kept_original"].contains(&status),
        "{case}: {status}"
    );
    assert_eq!(report["input_bytes"], clip().len(), "{case}");
    let measured = !report["measured"].is_null();
    assert_eq!(measured, status != "kept_original", "{case}: {report}");
    assert_eq!(report["wish"]["quality"], "small", "{case}");
}

#[test]
fn a_report_comes_back_from_the_server_in_every_form() {
    let user = User::new();
    let ended = user.run("compress in.mp4 --quality small --report html --json");
    assert_eq!(ended.code, Some(0), "{}", ended.errors);
    let last = ended.lines().pop().unwrap();
    check_report(&last["report"], "json lines");
    assert_eq!(last["report_file"], "in.compressed.report.html");
    let page = fs::read_to_string(user.path("in.compressed.report.html")).unwrap();
    let kept = last["report"]["status"] == "kept_original";
    assert_eq!(page.contains("<svg"), !kept, "{last}");
    assert_eq!(
        page.contains("data:image/jpeg;base64,/9j/"),
        !kept,
        "{last}"
    );
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert_eq!(
        user.names(),
        ["in.compressed.mp4", "in.compressed.report.html", "in.mp4"]
    );

    fs::remove_file(user.path("in.compressed.mp4")).unwrap();
    let taken = user.run("compress in.mp4 --quality small --report html");
    assert_eq!(taken.code, Some(3));
    assert!(
        taken
            .errors
            .contains("in.compressed.report.html exists already")
    );
    assert!(
        !user.path("in.compressed.mp4").exists(),
        "found before the work"
    );

    user.run("compress in.mp4 --quality small --max-wait 0s")
        .check(7, "");
    let listed = user.run("jobs --json").lines().pop().unwrap();
    let id = listed["task_id"].as_str().unwrap().to_owned();
    let fetched = user.run(&format!("fetch {id} --report json"));
    assert_eq!((fetched.code, fetched.errors.as_str()), (Some(0), ""));
    let [report] = fetched.lines().try_into().unwrap();
    check_report(&report, "fetched");
    assert!(user.path("in.compressed.mp4").exists());
}

#[test]
fn a_report_is_shown_without_a_server_too() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("in.mp4"), clip()).unwrap();
    let run = |line| Ended::of(at_home(home.path(), line).output().unwrap());
    let shown = run("compress in.mp4 --quality small --local --report");
    let shown = shown.check(0, "in.compressed.mp4\n");
    for word in ["asked     for compatible, quality small", "effort    "] {
        assert!(shown.errors.contains(word), "{}", shown.errors);
    }
    assert!(!shown.errors.contains('\u{1b}'), "no terminal, no colours");
}

#[test]
fn what_has_no_report_says_so() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("in.mp4"), clip()).unwrap();
    let run = |line| Ended::of(at_home(home.path(), line).output().unwrap());
    let shown = run("compress in.mp4 --quality 30 --local --report html");
    let shown = shown.check(0, "in.compressed.mp4\n");
    assert!(
        shown.errors.contains("there is no report"),
        "{}",
        shown.errors
    );
    assert!(!home.path().join("in.compressed.report.html").exists());
}
