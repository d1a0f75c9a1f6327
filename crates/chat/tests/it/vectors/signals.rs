//! Signals as they are sealed, and what becomes of them when bytes are others.

use super::{check_vectors, hex};
use kinora_chat::certificate::DeviceId;
use kinora_chat::signal::{self, LABEL, Signal};
use serde_json::{Value, json};

const KEY: [u8; 32] = [3; 32];
/// Device, number, epoch, nonce.
const GOOD: &[(u8, u64, u64, u8)] = &[
    (7, 1_795_356_120_000, 1, 9),
    (0, 0, 0, 0),
    (0xff, u64::MAX, u64::MAX, 0xff),
];

fn sealed((device, number, epoch, nonce): (u8, u64, u64, u8)) -> Vec<u8> {
    let device = DeviceId([device; 16]);
    let signal = Signal { device, number };
    signal.seal(&KEY, epoch, [nonce; 12]).unwrap()
}

fn described(good: &(u8, u64, u64, u8)) -> Value {
    let (device, number, epoch, nonce) = *good;
    json!({
        "device": DeviceId([device; 16]).to_string(),
        "number": number.to_string(),
        "epoch": epoch.to_string(),
        "nonce": hex(&[nonce; 12]),
        "sealed": hex(&sealed(*good)),
    })
}

fn verdict(bytes: &[u8]) -> String {
    match Signal::open(&KEY, bytes) {
        Ok(signal) => format!("{} {}", signal.device, signal.number),
        Err(fault) => fault.code().into(),
    }
}

/// What somebody with the key may seal, and no client of this version does.
fn odd() -> Vec<Value> {
    let mut zeros = [0; 64];
    zeros[0] = 1;
    let (mut kind, mut padding) = (zeros, zeros);
    (kind[0], padding[63]) = (2, 1);
    let plains: [(&str, &[u8]); 6] = [
        ("all nought", &zeros),
        ("another kind", &kind),
        ("padding that is not nought", &padding),
        ("too short", &zeros[..63]),
        ("too long", &[zeros.as_slice(), &[0]].concat()),
        ("nothing", &[]),
    ];
    let seal = |plain: &[u8]| {
        let (head, nonce) = ([1, 0, 0, 0, 0, 0, 0, 0, 5], [4; 12]);
        [&head[..], &nonce[..], &encrypt(plain, &nonce, &head)].concat()
    };
    let describe = |(what, plain): (&str, &[u8])| {
        let sealed = seal(plain);
        json!({"what": what, "sealed": hex(&sealed), "verdict": verdict(&sealed)})
    };
    plains.map(describe).to_vec()
}

fn encrypt(plain: &[u8], nonce: &[u8; 12], head: &[u8; 9]) -> Vec<u8> {
    use openmls_traits::OpenMlsProvider;
    use openmls_traits::crypto::OpenMlsCrypto;
    let provider = openmls_rust_crypto::OpenMlsRustCrypto::default();
    let gcm = openmls_traits::types::AeadType::Aes256Gcm;
    let crypto = provider.crypto();
    crypto.aead_encrypt(gcm, &KEY, plain, nonce, head).unwrap()
}

#[test]
fn vectors_of_signals() {
    let first = sealed(GOOD[0]);
    // Every byte counts: each that is another one makes it nobody's, or a later version's.
    let changed = (0..first.len()).map(|at| {
        let mut other = first.clone();
        other[at] ^= 2;
        assert!(Signal::open(&KEY, &other).is_err(), "byte {at}");
        json!([at, other[at], verdict(&other)])
    });
    let changed: Vec<Value> = changed.collect();
    for length in 0..first.len() {
        assert!(signal::epoch(&first[..length]).is_err(), "{length}");
    }
    check_vectors(
        "signals",
        &json!({
            "about": "Good signals under one key; [byte of the first, what it is now, what becomes of it]; what others may seal. Numbers are decimal texts.",
            "label": LABEL,
            "key": hex(&KEY),
            "good": GOOD.iter().map(described).collect::<Vec<_>>(),
            "changed": changed,
            "odd": odd(),
        }),
    );
}
