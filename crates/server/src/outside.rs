//! Every parser of this crate that strangers reach, as a function from bytes: for the fuzzer (`fuzz/`) and for the tests
//! below, which run each seed of it, cut short at every byte and changed at every byte.

use crate::access::Secret;
use crate::http::outside as http;
use crate::listen::gate;
use crate::listen::proxy::{self, Step};

/// Name of the fuzz target and of its folder of seeds, and what it runs.
pub type Parser = (&'static str, fn(&[u8]));

/// All of them.
pub const PARSERS: &[Parser] = &[
    ("proxy", proxy_head),
    ("hello", hello),
    ("token", token),
    ("form", http::form),
    ("forwarded", http::proxies),
    ("upload", http::uploads),
    ("range", http::ranges),
    ("session", http::sessions),
];

/// Runs the parser of this name.
///
/// # Panics
/// When something does not hold that has to; or there is none of this name.
pub fn run(name: &str, data: &[u8]) {
    let found = PARSERS.iter().find(|(each, _)| *each == name);
    let (_, parser) = found.expect("a parser of this name");
    parser(data);
}

/// A head of the PROXY protocol, read as from a socket: no byte behind it is taken, and its length has a bound.
fn proxy_head(data: &[u8]) {
    let mut taken = 0;
    while let Ok(Step::More(n)) = proxy::step(&data[..taken]) {
        assert!((1..=2048).contains(&n));
        taken += n;
        if taken > data.len() {
            return;
        }
    }
    assert!(taken <= 16 + 2048);
}

/// The first bytes of a connection: what has been decided stays so, and soon something is.
fn hello(data: &[u8]) {
    let mut decided = None;
    for n in 0..=data.len().min(64) {
        let now = gate::looks(&data[..n]);
        assert!(decided.is_none() || now == decided);
        assert!(now.is_some() || n < 10);
        decided = now;
    }
}

/// A token: what is taken for one has its form.
fn token(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Some(secret) = Secret::parse(text)
    {
        assert!(secret.reveal().starts_with("kin_") && text.contains(secret.reveal()));
        assert!(!format!("{secret:?}").contains(secret.reveal()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    fn seeds(name: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
        let files = fs::read_dir(folder.join(name)).unwrap();
        files
            .map(|file| fs::read(file.unwrap().path()).unwrap())
            .collect()
    }

    #[test]
    fn every_seed_holds_whole_cut_and_changed() {
        for (name, parser) in PARSERS {
            let seeds = seeds(name);
            assert!(!seeds.is_empty(), "{name} has no seed");
            for seed in seeds {
                parser(&seed);
                for at in 0..seed.len() {
                    parser(&seed[..at]);
                    let mut other = seed.clone();
                    for change in [0x01, 0x80, 0xff] {
                        other[at] = seed[at] ^ change;
                        parser(&other);
                    }
                }
            }
        }
    }
}
