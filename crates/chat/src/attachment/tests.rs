//! What is sealed opens, and nothing else does.

use super::*;
use proptest::prelude::*;

const KEY: Key = Key([7; 32]);
const CHUNK: u64 = CHUNK_BYTES as u64;

/// Bytes that differ from chunk to chunk.
fn content(size: usize) -> Vec<u8> {
    (0..size)
        .map(|n| (n % 251) as u8 ^ (n >> 16) as u8)
        .collect()
}

fn sealed(content: &[u8]) -> Vec<Vec<u8>> {
    let mut sealer = Sealer::new(&KEY, content.len() as u64).unwrap();
    let mut rest = content;
    let mut chunks = Vec::new();
    while let Some(wanted) = sealer.wants() {
        let (next, after) = rest.split_at(wanted);
        rest = after;
        chunks.push(sealer.seal(next).unwrap());
    }
    chunks
}

/// All of it, or the fault; `None` when chunks are missing.
fn opened(size: usize, chunks: &[Vec<u8>]) -> Result<Option<Vec<u8>>, Fault> {
    let mut opener = Opener::new(&KEY, size as u64)?;
    let mut content = Vec::new();
    for chunk in chunks {
        content.extend(opener.open(chunk.clone())?);
    }
    Ok(opener.wants().is_none().then_some(content))
}

#[test]
fn what_is_sealed_opens() {
    for size in [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000] {
        let content = content(size);
        let chunks = sealed(&content);
        let whole: usize = chunks.iter().map(Vec::len).sum();
        assert_eq!(whole as u64, sealed_size(size as u64), "{size}");
        assert_eq!(opened(size, &chunks), Ok(Some(content)), "{size}");
    }
}

#[test]
fn a_sealer_that_goes_on_seals_the_same() {
    let content = content(200_000);
    let chunks = sealed(&content);
    let mut sealer = Sealer::behind(&KEY, 200_000, 2).unwrap();
    assert_eq!((sealer.chunks(), sealer.wants()), (2, Some(65_536)));
    assert_eq!(sealer.seal(&content[131_072..196_608]).unwrap(), chunks[2]);
    assert_eq!(chunks[2].len(), SEALED_CHUNK_BYTES);
    assert_eq!(Sealer::behind(&KEY, 200_000, 4).unwrap().wants(), None);
    assert_eq!(
        Sealer::behind(&KEY, 200_000, u32::MAX).unwrap().wants(),
        None
    );
}

#[test]
fn sizes_show_only_their_class() {
    assert_eq!(padded_size(0), CHUNK);
    assert_eq!(padded_size(65_537), 65_536 + 4_096);
    assert_eq!(padded_size(FILE_BYTES_MAX), FILE_BYTES_MAX);
    for size in (16..40).flat_map(|bits| [1_u64 << bits, (1 << bits) + 1, (3 << bits) / 2 + 7]) {
        let padded = padded_size(size);
        assert!(padded >= size && padded - size <= size / 16, "{size}");
        assert_eq!(padded_size(padded), padded, "{size}");
    }
}

#[test]
fn the_tail_is_cut_off_moved_or_added_by_nobody() {
    let size = 200_000;
    let chunks = sealed(&content(size));
    assert_eq!(chunks.len(), 4);
    let refused = |chunks: &[Vec<u8>]| assert_eq!(opened(size, chunks), Err(Fault::FileDamaged));
    assert_eq!(
        opened(size, &chunks[..3]),
        Ok(None),
        "a file that is cut off is not whole"
    );
    refused(&chunks[1..]);
    refused(&[chunks[0].clone(), chunks[2].clone()]);
    refused(&[&chunks[..], &chunks[3..]].concat());
    // The last chunk of another file with the same key is none in the middle of this one.
    let other = sealed(&content(70_000));
    refused(&[chunks[0].clone(), other[1].clone()]);
    assert!(opened(70_000, &chunks[..2]).is_err());
    let mut short = chunks.clone();
    short[3].pop();
    refused(&short);
}

#[test]
fn another_size_opens_nothing() {
    let chunks = sealed(&content(70_000));
    // Of the same class: what is zeros to one is content to the other.
    assert_eq!(opened(69_999, &chunks), Err(Fault::FileDamaged));
    assert!(opened(140_000, &chunks).is_err());
    assert_eq!(
        Sealer::new(&KEY, FILE_BYTES_MAX + 1).err(),
        Some(Fault::FileDamaged)
    );
}

#[test]
fn a_file_that_changes_is_not_sent_on() {
    let mut sealer = Sealer::new(&KEY, 70_000).unwrap();
    assert_eq!(sealer.seal(&[1; 100]), Err(Fault::FileChanged));
    sealer.seal(&[1; CHUNK_BYTES]).unwrap();
    sealer.seal(&[1; 70_000 - CHUNK_BYTES]).unwrap();
    assert_eq!(sealer.wants(), None);
    assert_eq!(sealer.seal(&[]), Err(Fault::FileChanged));
}

#[test]
fn names_become_harmless() {
    let check = |sent: &str, name: &str| assert_eq!(harmless_name(sent), name, "{sent:?}");
    check("Sita sings.mp4", "Sita sings.mp4");
    check("../../etc/passwd", "passwd");
    check("C:\\Windows\\a.mp4", "a.mp4");
    check("/", "file");
    check("...", "file");
    check(".bashrc", "bashrc");
    check("a\u{202e}4pm.exe", "a4pm.exe");
    check("a\nb\u{1b}[31m.txt", "ab[31m.txt");
    check("a: b?.txt ", "a_ b_.txt");
    check("नमस्ते.mp4", "नमस्ते.mp4");
    let long = harmless_name(&format!("{}.mp4", "ü".repeat(150)));
    assert_eq!(long, format!("{}.mp4", "ü".repeat(98)));
    let odd = harmless_name(&format!("x.{}", "y".repeat(300)));
    assert_eq!(odd.len(), FILE_NAME_MAX);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_flip_is_noticed(size in 0_usize..150_000, at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut chunks = sealed(&content(size));
        let which = at.index(chunks.len());
        let place = at.index(chunks[which].len());
        chunks[which][place] ^= 1 << bit;
        prop_assert_eq!(opened(size, &chunks), Err(Fault::FileDamaged));
    }

    #[test]
    fn every_name_is_one_that_can_be_kept(sent in ".{0,400}") {
        let name = harmless_name(&sent);
        prop_assert!((1..=FILE_NAME_MAX).contains(&name.len()));
        prop_assert!(!name.starts_with('.') && !name.contains(['/', '\\', '\0', '\n']));
        prop_assert_eq!(harmless_name(&name), name);
    }
}
