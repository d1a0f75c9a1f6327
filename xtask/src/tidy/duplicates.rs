//! Crates that are built in two versions: each costs time, room and a second look at its advisories, so each needs a
//! reason that is still true.

use super::finding::Finding;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// OpenMLS's own ciphers are of two generations of RustCrypto.
const OF_OPENMLS: &str =
    "its curves, Ed25519 and AES-GCM are of the older RustCrypto, X-Wing and ML-DSA of the newer";

/// What a passphrase goes through is of the newer generation.
const OF_SCRYPT: &str = "OpenMLS's ciphers use the older one, scrypt the newer";

/// The WebSocket is behind the others.
const OF_WEBSOCKET: &str = "axum's WebSocket and tungstenite use the older one, all else the newer";

/// Name, and why two versions of it are there.
const KNOWN: &[(&str, &str)] = &[
    ("base64", OF_WEBSOCKET),
    ("rand", OF_WEBSOCKET),
    ("sha1", OF_WEBSOCKET),
    ("signal-hook", "crossterm 0.29 uses 0.3, we use 0.4"),
    ("getrandom", "ring 0.17 uses 0.2, everything else 0.4"),
    (
        "syn",
        "tracing-attributes and enumflags2 (of landlock) use 2, all other derives 3",
    ),
    ("block-buffer", OF_OPENMLS),
    (
        "chacha20",
        "OpenMLS uses 0.9, rand in the tests of the chat 0.10",
    ),
    ("cipher", OF_SCRYPT),
    ("const-oid", OF_OPENMLS),
    ("cpufeatures", OF_OPENMLS),
    ("crypto-common", OF_OPENMLS),
    ("curve25519-dalek", OF_OPENMLS),
    ("der", OF_OPENMLS),
    ("digest", OF_OPENMLS),
    ("hkdf", OF_OPENMLS),
    ("hmac", OF_OPENMLS),
    ("inout", OF_SCRYPT),
    ("pkcs8", OF_OPENMLS),
    ("rand_chacha", OF_OPENMLS),
    ("rand_core", OF_OPENMLS),
    ("sha2", OF_OPENMLS),
    ("signature", OF_OPENMLS),
    ("spki", OF_OPENMLS),
    ("x25519-dalek", OF_OPENMLS),
];

/// Looks at what is built for this platform.
pub(crate) fn check(metadata: &Value) -> Vec<Finding> {
    judge(metadata, KNOWN)
}

fn judge(metadata: &Value, known: &[(&str, &str)]) -> Vec<Finding> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let built: BTreeSet<&str> = list(&metadata["resolve"]["nodes"])
        .filter_map(|node| node["id"].as_str())
        .collect();
    for package in list(&metadata["packages"]) {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        if built.contains(text("id")) {
            versions
                .entry(text("name"))
                .or_default()
                .insert(text("version"));
        }
    }
    let is_known = |name: &str| known.iter().any(|(each, _)| *each == name);
    let several = |name: &str| versions.get(name).is_some_and(|all| all.len() > 1);
    let new = versions
        .iter()
        .filter(|(name, all)| all.len() > 1 && !is_known(name));
    let new = new.map(|(name, all)| {
        let all: Vec<&str> = all.iter().copied().collect();
        let wrong = format!(
            "{name} is built in {} versions: {}",
            all.len(),
            all.join(", ")
        );
        let todo = "take versions that agree, or say in xtask/src/tidy/duplicates.rs why not";
        Finding::new("Cargo.lock", 1, wrong, todo)
    });
    let old = known.iter().filter(|(name, _)| !several(name));
    let old = old.map(|(name, _)| {
        let wrong = format!("{name} is built in one version by now");
        Finding::new(
            "Cargo.lock",
            1,
            wrong,
            "take it from the list in xtask/src/tidy/duplicates.rs",
        )
    });
    new.chain(old).collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_second_version_needs_a_reason_that_is_true() {
        let package = |name: &str, version: &str| json!({"id": format!("{name}@{version}"), "name": name, "version": version});
        let metadata = json!({
            "packages": [package("a", "1"), package("a", "2"), package("b", "1"), package("c", "1"), package("c", "2")],
            "resolve": {"nodes": [{"id": "a@1"}, {"id": "a@2"}, {"id": "b@1"}, {"id": "c@1"}]},
        });
        let found = |known: &[(&str, &str)]| -> Vec<String> {
            let found = judge(&metadata, known);
            found.iter().map(ToString::to_string).collect()
        };
        let new = found(&[]);
        assert_eq!(new.len(), 1, "{new:?}");
        assert!(new[0].contains("a is built in 2 versions: 1, 2"), "{new:?}");
        assert!(found(&[("a", "reason")]).is_empty());
        assert_eq!(found(&[("a", "reason"), ("b", "no more")]).len(), 1);
    }
}
