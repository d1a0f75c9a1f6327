//! What OpenMLS keeps, as bytes that the caller stores: `version 1 · suite · head · entries`, all behind u32 lengths.

use super::suite::Suite;
use crate::fault::Fault;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;
use std::collections::{BTreeMap, HashMap};

/// Raised when OpenMLS changes what it stores.
const VERSION: u8 = 1;

/// All that a provider keeps.
pub(super) type Entries = HashMap<Vec<u8>, Vec<u8>>;

/// A copy of what is kept.
pub(super) fn entries(provider: &OpenMlsRustCrypto) -> Entries {
    let values = provider.storage().values.read();
    values.expect("no holder of this lock panics").clone()
}

/// Keeps this and nothing else.
pub(super) fn replace(provider: &OpenMlsRustCrypto, entries: Entries) {
    let values = provider.storage().values.write();
    *values.expect("no holder of this lock panics") = entries;
}

/// A provider that keeps this.
pub(super) fn provider(entries: Entries) -> OpenMlsRustCrypto {
    let provider = OpenMlsRustCrypto::default();
    replace(&provider, entries);
    provider
}

/// Writes a state. Equal states give equal bytes.
pub(super) fn write(suite: Suite, head: &[u8], entries: &Entries) -> Vec<u8> {
    let mut bytes = vec![VERSION, suite.tag()];
    let sorted: BTreeMap<_, _> = entries.iter().collect();
    let fields = sorted
        .into_iter()
        .flat_map(|(key, value)| [&key[..], &value[..]]);
    for field in [head].into_iter().chain(fields) {
        let length = u32::try_from(field.len()).expect("no part of a state is near 4 GiB");
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}

/// Reads a state that [`write`] wrote.
pub(super) fn read(bytes: &[u8]) -> Result<(Suite, Vec<u8>, Entries), Fault> {
    let parse = || {
        let (version, rest) = bytes.split_first()?;
        let (tag, mut rest) = rest.split_first()?;
        let suite = Suite::of_tag(*tag).filter(|_| *version == VERSION)?;
        let head = field(&mut rest)?;
        let mut entries = Entries::new();
        while !rest.is_empty() {
            entries.insert(field(&mut rest)?, field(&mut rest)?);
        }
        Some((suite, head, entries))
    };
    parse().ok_or(Fault::StateDamaged)
}

fn field(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let (length, after) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (taken, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(taken.to_vec())
}
