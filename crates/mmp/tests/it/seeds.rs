//! The fuzz targets' seeds are the golden vectors, as files, and are run like the targets run them.
//!
//! After a change of the vectors: `KINORA_WRITE_SEEDS=1 cargo test -p kinora-mmp seeds` writes the files anew.
#![expect(
    clippy::disallowed_methods,
    reason = "tests may read files, the crate itself may not"
)]

use std::path::{Path, PathBuf};

use kinora_mmp::{Reply, Request};
use serde_json::Value;

use crate::golden::{ANSWERS, REQUESTS};
use crate::splits::{Seen, feed};

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target)
}

/// Name and content of each seed of a target, as the target reads it.
fn seeds(target: &str) -> Vec<(&'static str, Vec<u8>)> {
    let all = REQUESTS.iter().chain(ANSWERS);
    match target {
        // The first byte says how the rest is cut.
        "frame" => all
            .map(|golden| (golden.name, [&[7], golden.bytes().as_slice()].concat()))
            .collect(),
        // JSON, a line feed, the media type.
        "request" => REQUESTS
            .iter()
            .map(|golden| {
                (
                    golden.name,
                    [golden.json, "\n", golden.media_type].concat().into(),
                )
            })
            .collect(),
        "reply" => ANSWERS
            .iter()
            .map(|golden| {
                (
                    golden.name,
                    [golden.json, "\n", golden.media_type].concat().into(),
                )
            })
            .collect(),
        other => panic!("no target {other}"),
    }
}

#[test]
fn the_seeds_are_the_golden_vectors() {
    for target in ["frame", "request", "reply"] {
        for (name, content) in seeds(target) {
            let path = folder(target).join(name);
            if std::env::var_os("KINORA_WRITE_SEEDS").is_some() {
                std::fs::create_dir_all(folder(target)).unwrap();
                std::fs::write(&path, &content).unwrap();
            }
            assert_eq!(
                std::fs::read(&path).expect(name),
                content,
                "{target}/{name}"
            );
        }
    }
}

/// Also what a fuzzer has found and somebody has put beside the vectors.
#[test]
fn every_seed_is_survived() {
    for target in ["frame", "request", "reply"] {
        for entry in std::fs::read_dir(folder(target)).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            match (target, bytes.split_first()) {
                ("frame", Some((cut, rest))) => {
                    let pieces = rest.chunks(usize::from(*cut).max(1));
                    assert_eq!(feed(pieces), feed([rest]));
                }
                _ => survive(&bytes),
            }
        }
    }
}

fn survive(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (json, media_type) = text.split_once('\n').unwrap_or((&text, ""));
    if let Ok(Value::Object(json)) = serde_json::from_str(json) {
        let head = kinora_mmp::Head::new(json).with_payload(media_type, 5);
        let _ = (Request::parse(&head), Reply::parse(&head));
        assert!(matches!(
            feed([head.encode().expect("fits").as_slice()])[0],
            Seen::Head(_)
        ));
    }
}
