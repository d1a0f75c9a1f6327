//! What goes over to a new device: its code as it may be typed, what is sealed for it, and what becomes of other texts.
//!
//! An answer is another one each time it is sealed, so those of the file are kept as long as the same stands in them.

use super::{check_vectors, hex};
use kinora_chat::Name;
use kinora_chat::certificate::IdentityKey;
use kinora_chat::contact::Contact;
use kinora_chat::handover::{Code, Handover, Newcomer};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{
    HpkeAeadType, HpkeCiphertext, HpkeConfig, HpkeKdfType, HpkeKemType, HpkeKeyPair,
};
use serde_json::{Value, json};

const CONTEXT: &[u8] = b"kinora chat device\0";
const CONFIG: HpkeConfig = HpkeConfig(
    HpkeKemType::DhKem25519,
    HpkeKdfType::HkdfSha256,
    HpkeAeadType::AesGcm256,
);
const RANDOM: [u8; 32] = [1; 32];
const FIRST: &str = "-----BEGIN KINORA DEVICE-----";
const LAST: &str = "-----END KINORA DEVICE-----";

fn keys() -> HpkeKeyPair {
    let provider = OpenMlsRustCrypto::default();
    let keys = provider.crypto().derive_hpke_keypair(CONFIG, &RANDOM);
    keys.unwrap()
}

/// What is authenticated beside the content.
fn versioned() -> Vec<u8> {
    [&[1], keys().public.as_slice()].concat()
}

fn lettered(bytes: &[u8]) -> String {
    let letters = data_encoding::BASE32_NOPAD.encode(bytes);
    let lines = letters.as_bytes().chunks(64);
    let lines: Vec<_> = lines.map(String::from_utf8_lossy).collect();
    format!("{FIRST}\n{}\n{LAST}\n", lines.join("\n"))
}

fn bytes_of(answer: &str) -> Vec<u8> {
    let letters: String = answer
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    data_encoding::BASE32_NOPAD
        .decode(letters.as_bytes())
        .unwrap()
}

/// What stands in an answer for the one device of this file.
fn plain_of(answer: &str) -> Option<Vec<u8>> {
    let bytes = bytes_of(answer);
    let sealed = HpkeCiphertext {
        kem_output: bytes[1..33].to_vec().into(),
        ciphertext: bytes[33..].to_vec().into(),
    };
    let provider = OpenMlsRustCrypto::default();
    let secret = keys().private;
    let opened = provider
        .crypto()
        .hpke_open(CONFIG, &sealed, &secret, CONTEXT, &versioned());
    opened.ok()
}

/// The answer with this in it: that of the file, if there is one.
fn sealed(what: &str, plain: &[u8]) -> String {
    let before: Value =
        serde_json::from_str(include_str!("../../../vectors/handovers.json")).unwrap();
    let all = before["answers"].as_array().into_iter().flatten();
    let kept = all
        .filter(|each| each["what"] == what)
        .filter_map(|each| each["answer"].as_str())
        .find(|answer| plain_of(answer).as_deref() == Some(plain));
    if let Some(kept) = kept {
        return kept.to_owned();
    }
    let provider = OpenMlsRustCrypto::default();
    let public = keys().public;
    let made = provider
        .crypto()
        .hpke_seal(CONFIG, &public, CONTEXT, &versioned(), plain);
    let made = made.unwrap();
    let parts = [&[1], made.kem_output.as_slice(), made.ciphertext.as_slice()];
    lettered(&parts.concat())
}

fn handover(contacts: usize) -> Handover {
    let contact = |n: usize| {
        let key = IdentityKey([u8::try_from(n).unwrap(); 32]);
        let contact = match n % 2 {
            0 => Contact::Pinned(key),
            _ => Contact::Verified(key),
        };
        (Name::new(&format!("friend-{n}")).unwrap(), contact)
    };
    Handover {
        name: Name::new("花子").unwrap(),
        secret: [7; 32],
        contacts: (0..contacts).map(contact).collect(),
    }
}

/// What an answer to this device has in it.
fn plain(handover: &Handover) -> Vec<u8> {
    let code = Newcomer::new(&RANDOM).unwrap().code();
    plain_of(&handover.seal(&code).unwrap()).unwrap()
}

fn described(handover: &Handover) -> Value {
    let contact = |(name, contact): &(Name, Contact)| match contact {
        Contact::Pinned(key) => json!([name.as_str(), hex(&key.0), false]),
        Contact::Verified(key) => json!([name.as_str(), hex(&key.0), true]),
        Contact::New | Contact::Changed { .. } => unreachable!("nobody is so here"),
    };
    let contacts: Vec<Value> = handover.contacts.iter().map(contact).collect();
    json!({"name": handover.name.as_str(), "secret": hex(&handover.secret), "contacts": contacts})
}

fn answer(what: &str, answer: &str) -> Value {
    let verdict = match Newcomer::new(&RANDOM).unwrap().open(answer) {
        Ok(handover) => described(&handover),
        Err(fault) => json!(fault.code()),
    };
    json!({"what": what, "answer": answer, "verdict": verdict})
}

/// Nobody of this version writes these.
fn odd_plains() -> Vec<(&'static str, Vec<u8>)> {
    let key = |head: &[u8], byte: u8| [head, &[byte; 32]].concat();
    let name = [&[0x00_u8, 0x64][..], b"asha"].concat();
    let secret = key(&[0x01, 0x58, 32], 7);
    let nobody = [0x02, 0x80];
    let ravi = [&[0x64_u8][..], b"ravi", &key(&[0x58, 32], 2), &[0xf5]].concat();
    let of = |fields: &[&[u8]]| fields.concat();
    vec![
        ("less than usual", of(&[&[0xa3], &name, &secret, &nobody])),
        (
            "fields in another order, and one that is not known",
            of(&[&[0xa4], &nobody, &secret, &[0x09, 0x81, 0x01], &name]),
        ),
        (
            "lists without a length",
            of(&[
                &[0xbf],
                &name,
                &secret,
                &[0x02, 0x9f, 0x9f],
                &ravi,
                &[0xff, 0xff, 0xff],
            ]),
        ),
        (
            "somebody with more than is known",
            of(&[&[0xa3], &name, &secret, &[0x02, 0x81, 0x84], &ravi, &[0x01]]),
        ),
        (
            "somebody with less",
            of(&[
                &[0xa3],
                &name,
                &secret,
                &[0x02, 0x81, 0x82],
                &ravi[..ravi.len() - 1],
            ]),
        ),
        (
            "the same field twice",
            of(&[&[0xa4], &name, &secret, &nobody, &[0x02, 0x81, 0x83], &ravi]),
        ),
        ("no people", of(&[&[0xa2], &name, &secret])),
        ("no secret", of(&[&[0xa2], &name, &nobody])),
        ("no name", of(&[&[0xa2], &secret, &nobody])),
        (
            "a secret that is too short",
            of(&[&[0xa3], &name, &[0x01, 0x58, 31], &[7; 31], &nobody]),
        ),
        (
            "a name that is not folded",
            of(&[&[0xa3, 0x00, 0x64], b"Asha", &secret, &nobody]),
        ),
        (
            "somebody's name is none",
            of(&[
                &[0xa3],
                &name,
                &secret,
                &[0x02, 0x81, 0x83, 0x61],
                b"a",
                &ravi[5..],
            ]),
        ),
        (
            "something other than nought behind it",
            of(&[&[0xa3], &name, &secret, &nobody, &[0, 0, 1]]),
        ),
        ("it is cut", of(&[&[0xa3], &name, &secret[..20]])),
        ("nothing", Vec::new()),
        ("all nought", vec![0; 1_024]),
    ]
}

/// What becomes of an answer on its way.
fn odd_texts(good: &str) -> Vec<(&'static str, String)> {
    let code = Newcomer::new(&[2; 32]).unwrap().code();
    let other = handover(0);
    let letters = good.lines().collect::<Vec<_>>();
    let lines = |all: &[&str]| all.join("\n");
    let mut bytes = bytes_of(good);
    bytes[0] = 2;
    let newer = lettered(&bytes);
    bytes[0] = 1;
    bytes[40] ^= 1;
    let changed = lettered(&bytes);
    bytes[40] ^= 1;
    bytes[2] ^= 1;
    let another_key = lettered(&bytes);
    let short = lettered(&bytes_of(good)[..32]);
    let mut swapped = letters.clone();
    swapped.swap(2, 3);
    let small = letters[1..letters.len() - 1].join("\n").to_lowercase();
    vec![
        (
            "as it was mailed",
            format!("look:\r\n{}\r\nthat was it", good.replace('\n', "\r\n  ")),
        ),
        ("in one line", lines(&letters).replace('\n', " ")),
        (
            "blanks of another kind",
            good.replacen('\n', "\u{a0}\u{3000}\u{85}", 3),
        ),
        ("what is no blank", good.replacen('\n', "\n\u{feff}", 1)),
        ("two of them", format!("{good}{good}")),
        ("for another device", kept_for(&other, &code)),
        ("of a newer version", newer),
        ("a bit is another one", changed),
        ("its key is another one", another_key),
        ("less than a key", short),
        ("without its end", lines(&letters[..letters.len() - 1])),
        ("without its beginning", lines(&letters[1..])),
        (
            "without a line",
            lines(&[&letters[..3], &letters[4..]].concat()),
        ),
        ("two lines for each other", lines(&swapped)),
        ("in small letters", lines(&[FIRST, &small, LAST])),
        (
            "filled up as others do",
            good.replace(&format!("\n{LAST}"), &format!("===\n{LAST}")),
        ),
        ("only its lines", format!("{FIRST}\n{LAST}\n")),
        ("no text", String::new()),
        ("some words", "what was I to paste here?".into()),
    ]
}

/// An answer that is for somebody else, the same one each time.
fn kept_for(handover: &Handover, code: &Code) -> String {
    let before: Value =
        serde_json::from_str(include_str!("../../../vectors/handovers.json")).unwrap();
    let all = before["answers"].as_array().into_iter().flatten();
    let other = Newcomer::new(&[2; 32]).unwrap();
    let kept = all
        .filter_map(|each| each["answer"].as_str())
        .find(|answer| other.open(answer).as_ref() == Ok(handover));
    kept.map_or_else(|| handover.seal(code).unwrap(), str::to_owned)
}

/// A code as it is shown, typed and mistyped.
fn codes() -> Vec<Value> {
    let good = Newcomer::new(&RANDOM).unwrap().code().to_string();
    let nobody = |key: &[u8]| {
        use sha2::{Digest, Sha256};
        let bytes = [&[1], key].concat();
        let sum = Sha256::digest([CONTEXT, &bytes].concat());
        let all = [&bytes[..], &sum[..4]].concat();
        format!("KINORA-LINK-{}", data_encoding::BASE32_NOPAD.encode(&all))
    };
    let mut one = [0; 32];
    one[0] = 1;
    let typed = [
        good.clone(),
        Newcomer::new(&[2; 32]).unwrap().code().to_string(),
        good.to_lowercase().replace('-', " "),
        format!("\n {}\t", good.replace('-', "")),
        good.replace('-', "\u{3000}\u{2009}"),
        good.replace('K', "\u{212a}"),
        good.replacen('I', "ı", 1),
        good.replace('-', "_"),
        good.replacen("LINK", "LINKS", 1),
        good[..good.len() - 1].into(),
        format!("{good}A"),
        format!("{good}AAAA"),
        format!("{good}="),
        good.replacen("-AF", "-AE", 1),
        good["KINORA-LINK-".len()..].into(),
        format!("{good}{good}"),
        nobody(&[0; 32]),
        nobody(&one),
        nobody(&[9; 31]),
        String::new(),
        "KINORA-LINK-é".into(),
    ];
    let verdict = |typed: &String| match typed.parse::<Code>() {
        Ok(code) => json!({"typed": typed, "code": code.to_string()}),
        Err(fault) => json!({"typed": typed, "refused": fault.code()}),
    };
    typed.iter().map(verdict).collect()
}

#[test]
fn vectors_of_handovers() {
    let all = [0, 2, 30].map(handover);
    let good = all.iter().zip(["nobody", "two people", "many people"]);
    let handovers = good.clone().map(|(handover, what)| {
        let mut described = described(handover);
        described["what"] = json!(what);
        described["plain"] = json!(hex(&plain(handover)));
        described
    });
    let handovers: Vec<Value> = handovers.collect();
    let mut answers: Vec<Value> = good
        .map(|(handover, what)| answer(what, &sealed(what, &plain(handover))))
        .collect();
    let first = answers[0]["answer"].as_str().unwrap().to_owned();
    answers.extend(
        odd_plains()
            .iter()
            .map(|(what, plain)| answer(what, &sealed(what, plain))),
    );
    answers.extend(
        odd_texts(&first)
            .iter()
            .map(|(what, text)| answer(what, text)),
    );
    check_vectors(
        "handovers",
        &json!({
            "about": "Codes as they are typed, and how they are shown; what is sealed for a new device; answers to the code of the one with these random bytes, and what it reads in them.",
            "random": hex(&RANDOM),
            "codes": codes(),
            "handovers": handovers,
            "answers": answers,
        }),
    );
}
