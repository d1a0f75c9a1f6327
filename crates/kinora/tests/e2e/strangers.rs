//! Three programs that were never written for us (MMP §3) are served without a change to them.

use crate::harness::Server;
use crate::wire::clip;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A server, a clip of 320x180 with sound on disk, and a place for results.
struct Scene {
    server: Server,
    place: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let server = Server::start(&place.path().join("data"), &[]);
        std::fs::write(place.path().join("a.mp4"), clip()).unwrap();
        Self { server, place }
    }

    /// Runs one client; what it printed, and whether it was content.
    fn client(&self, name: &str, arguments: &[&str]) -> (bool, Value) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/clients")
            .join(name);
        let output = Command::new("python3")
            .arg(script)
            .args(["127.0.0.1", &self.server.address.port().to_string()])
            .args([
                self.place.path().join("a.mp4"),
                self.place.path().join("out"),
            ])
            .args(arguments)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        let line = told
            .lines()
            .last()
            .unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (output.status.success(), serde_json::from_str(line).unwrap())
    }

    /// The streams of what this client got.
    fn result(&self, name: &str, arguments: &[&str], ending: &str) -> Vec<Value> {
        let (content, told) = self.client(name, arguments);
        assert!(content, "{arguments:?}: {told}");
        let path = PathBuf::from(told["path"].as_str().unwrap());
        assert_eq!(path.extension().unwrap(), ending, "{told}");
        streams(&path)
    }
}

fn streams(path: &Path) -> Vec<Value> {
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-show_streams"])
        .arg(path)
        .output()
        .unwrap();
    let probe: Value = serde_json::from_slice(&probe.stdout).unwrap();
    probe["streams"].as_array().unwrap().clone()
}

fn size(streams: &[Value]) -> (u64, u64) {
    let video = streams.iter().find(|s| s["codec_type"] == "video").unwrap();
    (
        video["width"].as_u64().unwrap(),
        video["height"].as_u64().unwrap(),
    )
}

#[test]
fn client_a_is_served() {
    let scene = Scene::new();
    let ask = |request: Value, ending| {
        let mut request = request;
        request["extention"] = json!("mp4");
        scene.result("client_a.py", &[&request.to_string()], ending)
    };
    assert_eq!(
        size(&ask(json!({"command": 1, "crf": "30"}), "mp4")),
        (320, 180)
    );
    // Number 2 is the aspect ratio and number 3 the resolution, the other way round from other numbered clients.
    for (choice, ratio) in [("1", 16.0 / 9.0), ("2", 4.0 / 3.0), ("3", 1.0)] {
        let (width, height) = size(&ask(json!({"command": 2, "ratio_choice": choice}), "mp4"));
        assert!(
            (width as f64 / height as f64 / ratio - 1.0).abs() < 0.02,
            "{choice}: {width}x{height}"
        );
    }
    let sizes = [
        ("1", (1920, 1080)),
        ("2", (1280, 720)),
        ("3", (854, 480)),
        ("4", (640, 360)),
    ];
    for (choice, wanted) in sizes {
        assert_eq!(
            size(&ask(
                json!({"command": "3", "resolution_choice": choice}),
                "mp4"
            )),
            wanted
        );
    }
    assert_eq!(ask(json!({"command": 4}), "mp3")[0]["codec_name"], "mp3");
    assert_eq!(ask(json!({"command": 5}), "gif")[0]["codec_name"], "gif");
    // "exit" comes with the whole file, ends that connection, and the server lives on.
    scene.client("client_a.py", &[r#"{"command": -1, "extention": "mp4"}"#]);
    assert_eq!(ask(json!({"command": 4}), "mp3")[0]["codec_name"], "mp3");
}

#[test]
fn client_b_is_served() {
    let scene = Scene::new();
    let ask = |kind: &str, parameters: Value, ending| {
        let arguments = ["--interval", "0.1", kind, &parameters.to_string()];
        scene.result("client_b.py", &arguments, ending)
    };
    assert_eq!(size(&ask("compress", json!({}), "mp4")), (320, 180));
    assert_eq!(
        size(&ask(
            "resolution",
            json!({"width": 1280, "height": 720}),
            "mp4"
        )),
        (1280, 720)
    );
    let (width, height) = size(&ask("aspect_ratio", json!({"aspect_ratio": "1:1"}), "mp4"));
    assert_eq!(width, height);
    assert_eq!(
        ask("extract_audio", json!({}), "mp3")[0]["codec_name"],
        "mp3"
    );
    let range = json!({"start_time": 0.0, "duration": 1.0});
    assert_eq!(ask("gif", range.clone(), "gif")[0]["codec_name"], "gif");
    assert_eq!(ask("webm", range, "webm")[0]["codec_name"], "vp9");
    let late = json!({"start_time": 100.0, "duration": 5.0}).to_string();
    let (content, told) = scene.client("client_b.py", &["--interval", "0.1", "gif", &late]);
    assert!(!content);
    assert!(told.to_string().contains("range_beyond_end"), "{told}");
}

#[test]
fn client_c_is_served() {
    let scene = Scene::new();
    let ask = |operation: &str, parameters: Value, ending| {
        scene.result("client_c.py", &[operation, &parameters.to_string()], ending)
    };
    assert_eq!(size(&ask("compress", json!({}), "mp4")), (320, 180));
    for (choice, wanted) in [("1", (1920, 1080)), ("2", (1280, 720)), ("3", (640, 480))] {
        assert_eq!(size(&ask("resize", json!({"size": choice}), "mp4")), wanted);
    }
    for (ratio, fit, wanted) in [
        ("2", "1", 4.0 / 3.0),
        ("3", "2", 1.0),
        ("1", "1", 16.0 / 9.0),
    ] {
        let (width, height) = size(&ask(
            "aspect",
            json!({"ratio": ratio, "fit_mode": fit}),
            "mp4",
        ));
        assert!(
            (width as f64 / height as f64 / wanted - 1.0).abs() < 0.02,
            "{ratio}: {width}x{height}"
        );
    }
    assert_eq!(ask("convert", json!({}), "mp3")[0]["codec_name"], "mp3");
    let part = json!({"type": "webm", "start_time": "00:00:01", "duration": "1"});
    assert_eq!(ask("trim", part, "webm")[0]["codec_name"], "vp9");
    let part = json!({"type": "gif", "start_time": "0", "duration": "1"});
    assert_eq!(ask("trim", part, "gif")[0]["codec_name"], "gif");
    let late = json!({"type": "gif", "start_time": "100", "duration": "1"});
    let (content, told) = scene.client("client_c.py", &["trim", &late.to_string()]);
    assert!(!content);
    assert!(told.to_string().contains("range_beyond_end"), "{told}");
}
