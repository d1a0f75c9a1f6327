//! Wrong options: each error names the option, what was found and what is allowed.

use insta::assert_snapshot;
use kinora_media::{Operation, operation};
use serde_json::{Value, json};

use crate::files::operation as read;

#[test]
fn errors_name_the_option_and_what_is_allowed() {
    let wrong: Vec<(&str, Value)> = vec![
        ("shrink", json!({})),
        ("compress", json!({ "crf": 23 })),
        ("compress", json!({ "quality": 52 })),
        ("compress", json!({ "quality": 22.5 })),
        ("compress", json!({ "quality": "-vf movie=/etc/passwd\n" })),
        (
            "compress",
            json!({ "quality": 20, "target_size": 1_000_000 }),
        ),
        ("compress", json!({ "target_size": -1 })),
        ("resize", json!({})),
        ("resize", json!({ "width": 8 })),
        ("resize", json!({ "size": "721p" })),
        ("resize", json!({ "size": "720p", "width": 640 })),
        (
            "resize",
            json!({ "width": 640, "height": 640, "fit": "zoom" }),
        ),
        ("resize", json!({ "width": 640, "upscale": "yes" })),
        ("aspect", json!({})),
        ("aspect", json!({ "ratio": "16x9" })),
        ("aspect", json!({ "ratio": "100:1" })),
        ("aspect", json!({ "ratio": "16:9", "fit": "blur" })),
        ("audio", json!({ "format": "ogg" })),
        ("audio", json!({ "quality": 10 })),
        ("audio", json!({ "format": "flac", "quality": 2 })),
        ("audio", json!({ "bitrate": 400_000 })),
        ("gif", json!({ "fps": 60 })),
        ("gif", json!({ "start": -1 })),
        ("gif", json!({ "start": "1" })),
        ("gif", json!({ "duration": 0 })),
        ("gif", json!({ "start": 5, "end": 5 })),
        ("webm", json!({ "duration": 2, "end": 5 })),
        ("webm", json!({ "codec": "h264" })),
        ("convert", json!({})),
        ("convert", json!({ "format": "mp4 -vf" })),
        ("convert", json!({ "format": "tee" })),
        ("convert", json!({ "format": "mkv", "video": ["h264"] })),
    ];
    let mut text = String::new();
    for (name, parameters) in wrong {
        let fault = read(name, &parameters).unwrap_err();
        text.push_str(&format!(
            "{name} {parameters}\n  {}: {fault}\n  {}\n",
            fault.code(),
            fault.solution()
        ));
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        assert_snapshot!("option_errors", text);
    });
}

#[test]
fn examples_of_the_table_are_right_and_survive_storage() {
    for row in operation::TABLE {
        let parameters: Value = serde_json::from_str(row.example).unwrap();
        let operation = read(row.name, &parameters).unwrap();
        let stored = serde_json::to_string(&operation).unwrap();
        assert_eq!(
            serde_json::from_str::<Operation>(&stored).unwrap(),
            operation,
            "{stored}"
        );
        assert_eq!(operation.name(), row.name);
        let (name, form) = operation.form();
        assert_eq!(Operation::from_form(name, &form).unwrap(), operation);
    }
}

#[test]
fn stored_operations_are_read_for_ever() {
    let stored = r#"{"operation":"webm","parameters":{"start":1.5,"end":4.0,"codec":"av1"}}"#;
    let operation: Operation = serde_json::from_str(stored).unwrap();
    assert_eq!(
        serde_json::to_string(&operation).unwrap(),
        r#"{"operation":"webm","parameters":{"codec":"av1","end":4.0,"start":1.5}}"#
    );
    assert!(
        serde_json::from_str::<Operation>(r#"{"operation":"webm","parameters":{"codec":"x"}}"#)
            .is_err()
    );
}
