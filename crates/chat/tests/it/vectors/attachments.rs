//! Files as they are sealed: sizes, bytes, and names that were made harmless.

use super::{check_vectors, hex};
use kinora_chat::attachment::{Key, Opener, Sealer, harmless_name, padded_size, sealed_size};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const SIZES: &[u64] = &[
    0,
    1,
    65_535,
    65_536,
    65_537,
    70_000,
    131_072,
    131_073,
    1_000_000,
    5_000_000,
    268_435_456,
    268_435_457,
    1 << 40,
];
const SEALED: &[u64] = &[0, 1, 65_536, 65_537, 200_000];
const NAMES: &[&str] = &[
    "Sita sings the blues.mp4",
    "../../etc/passwd",
    "C:\\Windows\\a.mp4",
    "",
    "/",
    "...",
    ". .",
    ".bashrc",
    "a.",
    "a\u{202e}4pm.exe",
    "a\nb\u{1b}[31m\u{7f}\u{85}.txt",
    "\u{feff}a\u{200b}b\u{61c}\u{2066}c.txt",
    "a: b?*|<>\".txt ",
    "\u{a0}a\u{3000}",
    "नमस्ते, 世界.mp4",
    "a/b\\c",
    "file\0name",
];

/// The same bytes in every client: content byte `n` is `(7n + n >> 8) mod 256`.
fn content(size: u64) -> Vec<u8> {
    (0..size).map(|n| (n * 7 + (n >> 8)) as u8).collect()
}

fn key(of: u64) -> Key {
    Key(Sha256::digest(of.to_be_bytes()).into())
}

fn sealed(size: u64) -> Value {
    let (key, content) = (key(size), content(size));
    let mut sealer = Sealer::new(&key, size).unwrap();
    let (mut rest, mut all, mut heads) = (&content[..], Vec::new(), Vec::new());
    while let Some(wanted) = sealer.wants() {
        let (next, after) = rest.split_at(wanted);
        rest = after;
        let chunk = sealer.seal(next).unwrap();
        heads.push(hex(&chunk[..32]));
        all.extend(chunk);
    }
    let mut opener = Opener::new(&key, size).unwrap();
    let (mut rest, mut again) = (&all[..], Vec::new());
    while let Some(wanted) = opener.wants() {
        let (next, after) = rest.split_at(wanted);
        rest = after;
        again.extend(opener.open(next.to_vec()).unwrap());
    }
    assert!(again == content && rest.is_empty());
    json!({
        "key": hex(&key.0), "size": size, "sealed": all.len(), "heads": heads,
        "content_sha256": hex(&Sha256::digest(&content)), "sealed_sha256": hex(&Sha256::digest(&all)),
    })
}

#[test]
fn vectors_of_attachments() {
    // Names that have to be cut are too long to be read in a list.
    let long = [
        format!("{}.mp4", "ü".repeat(150)),
        format!("x.{}", "y".repeat(300)),
        "z".repeat(201),
    ];
    let names = NAMES.iter().copied().chain(long.iter().map(String::as_str));
    check_vectors(
        "attachments",
        &json!({
            "about": "Sizes of files; files of which byte n is (7n + n >> 8) mod 256, sealed, with the first bytes of each chunk; names.",
            "sizes": SIZES.iter().map(|size| json!([size, padded_size(*size), sealed_size(*size)])).collect::<Vec<_>>(),
            "files": SEALED.iter().map(|size| sealed(*size)).collect::<Vec<_>>(),
            "names": names.map(|name| json!([name, harmless_name(name)])).collect::<Vec<_>>(),
        }),
    );
}
