//! What every client has to agree on, as files that each client's tests read: names, certificates, members, messages,
//! signals, what goes over to a new device.
//!
//! `KINORA_WRITE_DOCS=1 cargo test -p kinora-chat vectors` writes them anew. Here they are compared with what this crate
//! does; `web/tests/talk` compares them with what the page does. `safety.json` was calculated apart from both.

mod attachments;
mod bounds;
mod handovers;
mod names;
mod people;
mod payloads;
mod signals;

use serde_json::Value;
use std::path::Path;

const WRITE: &str = "KINORA_WRITE_DOCS";

/// Compares a file with what it should say, or writes it. Paths are relative to this crate.
#[expect(
    clippy::disallowed_methods,
    reason = "a test compares files; the crate touches none"
)]
fn check_file(path: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var(WRITE).is_ok() {
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let name = path.display();
    assert!(
        found == expected,
        "{name} is not what this crate does: run this test with {WRITE}=1"
    );
}

fn check_vectors(name: &str, vectors: &Value) {
    let text = serde_json::to_string_pretty(vectors).unwrap();
    check_file(&format!("vectors/{name}.json"), &format!("{text}\n"));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Numbers that look random, and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}
