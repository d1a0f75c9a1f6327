//! Which crate may use which: the picture in ARCHITECTURE.md as a table.
//!
//! Tests may use more (`dev-dependencies` are not looked at); what is shipped may not.

use super::finding::Finding;
use serde_json::Value;

/// Each crate of ours with those it may use. A crate that is not listed is a new wall, and needs a reason.
const WALLS: &[(&str, &[&str])] = &[
    ("kinora-mmp", &[]),
    ("kinora-media", &[]),
    ("kinora-metric", &[]),
    ("kinora-stream", &[]),
    // What both sides know of each other's talk; it has nothing that decrypts.
    ("kinora-talk", &[]),
    // Clients use it. The server has no way to: it cannot decrypt what it moves.
    ("kinora-chat", &["kinora-talk"]),
    // Nothing at all, in the place of a package that is never built.
    ("openmls_sqlite_storage", &[]),
    ("kinora-store", &[]),
    (
        "kinora-jobs",
        &["kinora-media", "kinora-metric", "kinora-store"],
    ),
    (
        "kinora-client",
        &["kinora-mmp", "kinora-media", "kinora-talk", "kinora-chat"],
    ),
    (
        "kinora-server",
        &[
            "kinora-mmp",
            "kinora-media",
            "kinora-stream",
            "kinora-talk",
            "kinora-store",
            "kinora-jobs",
        ],
    ),
    (
        "kinora",
        &[
            "kinora-server",
            "kinora-client",
            "kinora-jobs",
            "kinora-media",
        ],
    ),
    // The table of operations for `docs`, the wires for `bench`.
    ("xtask", &["kinora-media", "kinora-mmp", "kinora-talk"]),
];

/// Crates that do no I/O, and all that they may use: enough to have a written form and an error.
const PURE: &[&str] = &[
    "kinora-mmp",
    "kinora-media",
    "kinora-metric",
    "kinora-stream",
    "kinora-talk",
    "kinora-chat",
];
/// A hash is arithmetic, too, and so are bytes written in letters.
const PURE_MAY_USE: &[&str] = &[
    "blake3",
    "data-encoding",
    "serde",
    "serde_json",
    "thiserror",
];

/// Foreign crates that belong to certain rooms.
const RESERVED: &[(&str, &[&str])] = &[
    ("anyhow", &["kinora", "xtask"]),
    ("clap", &["kinora"]),
    ("indicatif", &["kinora"]),
    // The client keeps keys and messages of its user.
    ("rusqlite", &["kinora-store", "kinora-client", "xtask"]),
    ("tokio", &["kinora-jobs", "kinora-server", "kinora"]),
    ("nix", &["kinora-server"]),
    ("axum", &["kinora-server"]),
    ("hyper", &["kinora-server"]),
    ("aes-gcm", &["kinora-chat"]),
    ("chacha20poly1305", &["kinora-chat"]),
    ("scrypt", &["kinora-chat"]),
    ("openmls", &["kinora-chat"]),
    ("openmls_rust_crypto", &["kinora-chat"]),
];

/// What knows scripts, checks signatures and writes CBOR. None of it is a cipher.
const OF_TALK: &[&str] = &[
    "caseless",
    "ed25519-dalek",
    "minicbor",
    "unicode-normalization",
    "unicode-security",
];

/// What ciphers: only the talk between clients needs it, and nothing else may have it. The server would not decrypt with
/// a cipher of its own, either.
const OF_CHAT: &[&str] = &[
    "aes-gcm",
    "chacha20poly1305",
    "hkdf",
    "hmac",
    "minicbor",
    "openmls",
    "openmls_basic_credential",
    "openmls_rust_crypto",
    "openmls_traits",
    "scrypt",
    "sha2",
    "zeroize",
];

/// Looks at every crate of the workspace; `read` gives the text of a manifest.
pub(crate) fn check(metadata: &Value, read: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let root = metadata["workspace_root"].as_str().unwrap_or_default();
    let mut findings = Vec::new();
    for package in list(&metadata["packages"]).filter(|package| package["source"].is_null()) {
        let name = package["name"].as_str().unwrap_or_default();
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        let path = manifest
            .strip_prefix(root)
            .unwrap_or(manifest)
            .trim_start_matches('/');
        let text = read(path).unwrap_or_default();
        let shipped = list(&package["dependencies"]).filter(|each| each["kind"] != "dev");
        if !WALLS.iter().any(|(known, _)| *known == name) {
            let wrong = format!("{name} is not in the table of rooms");
            findings.push(Finding::new(
                path,
                1,
                wrong,
                "add it to xtask/src/tidy/walls.rs and ARCHITECTURE.md, with its reason",
            ));
            continue;
        }
        for used in shipped.filter_map(|each| each["name"].as_str()) {
            if let Some(todo) = refusal(name, used) {
                let wrong = format!("{name} uses {used}");
                findings.push(Finding::new(path, line_of(&text, used), wrong, todo));
            }
        }
    }
    findings
}

/// What to do when `name` must not use `used`.
fn refusal(name: &str, used: &str) -> Option<&'static str> {
    let lists = |table: &[(&str, &[&str])], key: &str, entry: &str| {
        table
            .iter()
            .find(|(each, _)| *each == key)
            .map(|(_, entries)| entries.contains(&entry))
    };
    if WALLS.iter().any(|(each, _)| *each == used) {
        let is_allowed = lists(WALLS, name, used).unwrap_or(false);
        return (!is_allowed).then_some("ask the room that may, or change the wall in ARCHITECTURE.md and xtask/src/tidy/walls.rs");
    }
    let is_own = match name {
        "kinora-talk" => OF_TALK.contains(&used),
        "kinora-chat" => OF_CHAT.contains(&used),
        _ => false,
    };
    if PURE.contains(&name) && !PURE_MAY_USE.contains(&used) && !is_own {
        return Some("this crate is pure: hand the value in, or do the work in a room above");
    }
    let is_reserved = lists(RESERVED, used, name) == Some(false);
    is_reserved.then_some("this dependency belongs to other rooms; see xtask/src/tidy/walls.rs")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn line_of(manifest: &str, name: &str) -> usize {
    let is_it = |line: &str| line.split(['.', ' ', '=']).next() == Some(name);
    manifest.lines().position(is_it).map_or(1, |n| n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check_crate(name: &str, used: &[(&str, Option<&str>)], expected: &[&str]) {
        let dependencies: Vec<Value> = used
            .iter()
            .map(|(name, kind)| json!({"name": name, "kind": kind}))
            .collect();
        let metadata = json!({
            "workspace_root": "/r",
            "packages": [
                {"name": name, "manifest_path": "/r/crates/x/Cargo.toml", "source": null, "dependencies": dependencies},
                {"name": "serde", "manifest_path": "/s", "source": "registry", "dependencies": [{"name": "nix"}]},
            ],
        });
        let manifest = "[dependencies]\nserde.workspace = true\ntokio.workspace = true\n";
        let found = check(&metadata, |_| Some(manifest.into()));
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn arrows_run_downwards() {
        check_crate(
            "kinora-jobs",
            &[("kinora-store", None), ("serde", None)],
            &[],
        );
        check_crate(
            "kinora-store",
            &[("kinora-jobs", None)],
            &["kinora-store uses kinora-jobs"],
        );
        check_crate(
            "kinora-server",
            &[("kinora-client", None)],
            &["uses kinora-client"],
        );
        check_crate("kinora-server", &[("kinora-client", Some("dev"))], &[]);
        check_crate("kinora-new", &[], &["not in the table"]);
    }

    #[test]
    fn pure_crates_stay_pure() {
        check_crate("kinora-mmp", &[("serde", None)], &[]);
        check_crate(
            "kinora-mmp",
            &[("tokio", None)],
            &["crates/x/Cargo.toml:3: kinora-mmp uses tokio"],
        );
        check_crate("kinora-media", &[("getrandom", None)], &["uses getrandom"]);
    }

    #[test]
    fn the_server_cannot_decrypt() {
        check_crate("kinora-client", &[("kinora-chat", None)], &[]);
        check_crate("kinora-server", &[("kinora-talk", None)], &[]);
        check_crate("kinora-talk", &[("openmls", None)], &["uses openmls"]);
        check_crate(
            "kinora-talk",
            &[("kinora-chat", None)],
            &["uses kinora-chat"],
        );
        check_crate("kinora-chat", &[("openmls", None)], &[]);
        check_crate("kinora-chat", &[("tokio", None)], &["uses tokio"]);
        for room in ["kinora-server", "kinora-store", "kinora-jobs"] {
            check_crate(room, &[("kinora-chat", None)], &["uses kinora-chat"]);
            check_crate(room, &[("openmls", None)], &["uses openmls"]);
        }
    }

    #[test]
    fn some_dependencies_have_a_home() {
        check_crate("kinora-client", &[("tokio", None)], &["uses tokio"]);
        check_crate("kinora-store", &[("rusqlite", None), ("rustix", None)], &[]);
    }
}
