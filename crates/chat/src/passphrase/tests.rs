//! What is sealed opens, by other programs of age, too; nothing else does.

use super::*;

/// 2^10: what is tested here is not how long it takes.
const QUICK: u8 = 10;

fn chance(byte: u8) -> Chance {
    Chance {
        salt: [byte; 16],
        key: [byte + 1; 16],
        nonce: [byte + 2; NONCE_BYTES],
    }
}

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery".into()).unwrap()
}

fn sealed(content: &[u8]) -> Vec<u8> {
    let (mut sealer, mut bytes) = Sealer::new(&passphrase(), QUICK, &chance(1)).unwrap();
    let chunks: Vec<&[u8]> = content.chunks(CHUNK_BYTES).collect();
    let chunks = if chunks.is_empty() {
        vec![&[][..]]
    } else {
        chunks
    };
    let last = chunks.len() - 1;
    for (at, chunk) in chunks.into_iter().enumerate() {
        bytes.extend(sealer.seal(chunk, at == last).unwrap());
    }
    bytes
}

fn opened(bytes: &[u8], with: &Passphrase) -> Result<Vec<u8>, Fault> {
    let (head, rest) = Head::read(bytes)?;
    let (nonce, mut rest) = rest.split_first_chunk().ok_or(ODD)?;
    let mut opener = head.open(with, nonce)?;
    let mut content = Vec::new();
    loop {
        let (chunk, behind) = rest.split_at(rest.len().min(SEALED_CHUNK_BYTES));
        content.extend(opener.open(chunk, behind.is_empty())?);
        rest = behind;
        if rest.is_empty() {
            return Ok(content);
        }
    }
}

#[test]
fn what_is_sealed_opens() {
    for size in [
        0,
        1,
        CHUNK_BYTES - 1,
        CHUNK_BYTES,
        CHUNK_BYTES + 1,
        3 * CHUNK_BYTES,
    ] {
        let content: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        let bytes = sealed(&content);
        assert!(opened(&bytes, &passphrase()) == Ok(content), "{size}");
        let (_, rest) = Head::read(&bytes).unwrap();
        assert!(bytes.len() - rest.len() < HEAD_BYTES_MAX);
    }
    assert_ne!(sealed(b"a"), {
        let (mut sealer, mut bytes) = Sealer::new(&passphrase(), QUICK, &chance(2)).unwrap();
        bytes.extend(sealer.seal(b"a", true).unwrap());
        bytes
    });
}

#[test]
fn nothing_else_opens() {
    let content = vec![5; CHUNK_BYTES + 100];
    let whole = sealed(&content);
    let (_, rest) = Head::read(&whole).unwrap();
    let head = whole.len() - rest.len();
    let other = Passphrase::known("correct horse staple".into());
    assert_eq!(opened(&whole, &other), Err(Fault::PassphraseWrong));
    let first = head + NONCE_BYTES;
    let second = first + SEALED_CHUNK_BYTES;
    let check = |bytes: &[u8]| {
        let fault = opened(bytes, &passphrase()).unwrap_err();
        assert_eq!(fault.code(), "backup_damaged", "{fault}");
    };
    for at in [
        0,
        10,
        head,
        first,
        first + 1,
        second - 1,
        second,
        whole.len() - 1,
    ] {
        check(&whole[..at]);
    }
    check(&[&whole[..], b"x"].concat());
    // The chunks change places, and one is repeated.
    check(&[&whole[..first], &whole[second..], &whole[first..second]].concat());
    check(&[&whole[..second], &whole[first..]].concat());
    for at in [head - 2, head, first, second, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        let fault = opened(&changed, &passphrase()).unwrap_err();
        assert_eq!(fault.code(), "backup_damaged", "{at}: {fault}");
    }
}

#[test]
fn heads_that_are_not_ours_are_refused_in_words() {
    let bytes = sealed(b"content");
    let text =
        String::from_utf8_lossy(&bytes[..bytes.len() - 7 - TAG_BYTES - NONCE_BYTES]).into_owned();
    let check = |from: &str, to: &str, words: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        let fault = Head::read(changed.as_bytes())
            .and_then(|(head, _)| head.open(&passphrase(), &[3; NONCE_BYTES]).map(|_| ()));
        let fault = fault.unwrap_err().to_string();
        assert!(fault.contains(words), "{to}: {fault}");
    };
    check("age-", "-----BEGIN AGE", "it is none");
    check("/v1\n", "/v2\n", "newer");
    check("scrypt", "X25519", "no passphrase opens it, but a key");
    check(" 10\n", " 21\n", "more memory");
    for work in [
        " 010\n", " +9\n", " 0\n", " -1\n", " 0x9\n", " 300\n", "\n", " 10 1\n",
    ] {
        check(" 10\n", work, "beginning was changed");
    }
    // Another salt or work makes another key, as another passphrase does.
    check(" 10\n", " 11\n", "does not open");
    check("--- ", "---", "beginning was changed");
    check("---", "-> X25519 a\n\n---", "beginning was changed");
    assert_eq!(
        Passphrase::new("too short".into()).unwrap_err(),
        Fault::PassphraseShort
    );
    assert!(!format!("{:?}", passphrase()).contains("horse"));
}

/// What age 1.1.1 (`age --passphrase`) made of three lines.
#[test]
fn a_file_of_another_program_opens() {
    let bytes = include_bytes!("other.age");
    let content = opened(bytes, &passphrase()).unwrap();
    assert_eq!(content, b"written by age\nfor Kinora\nto be read\n");
}

/// The vectors of age itself (C2SP/CCTV, age/testdata), where somebody has them.
#[test]
#[expect(clippy::disallowed_methods, reason = "vectors are files")]
fn the_vectors_of_age_hold() {
    let Ok(folder) = std::env::var("KINORA_AGE_VECTORS") else {
        eprintln!("skipped: KINORA_AGE_VECTORS names no folder with age's own vectors");
        return;
    };
    let mut counted = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap();
        let (about, file) = (
            String::from_utf8_lossy(&bytes[..end]).into_owned(),
            &bytes[end + 2..],
        );
        let field = |name: &str| {
            let lines = about.lines().filter_map(|line| line.split_once(": "));
            lines
                .filter(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
                .next()
        };
        let (Some(word), None, None) = (field("passphrase"), field("armored"), field("compressed"))
        else {
            continue;
        };
        counted += 1;
        let opened = opened(file, &Passphrase::known(word));
        assert_eq!(
            opened.is_ok(),
            field("expect").unwrap() == "success",
            "{}",
            path.display()
        );
    }
    assert!(counted > 20, "{counted}");
}
