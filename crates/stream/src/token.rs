//! Signed permissions to watch: who has one may, and nobody keeps a list.
//!
//! A token is 100 hexadecimal digits: a version, the scope, when it ends (seconds since 1970 in 64 bits), a mark of who
//! was given it (64 bits), and a keyed BLAKE3 over these and the title. The title is not in it; it stands in the address
//! anyway.

use blake3::Hash;

/// What a token lets its bearer do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Read playlists and segments of the title.
    Watch,
    /// The same, and the whole file.
    Download,
}

/// Why a token does not open the title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a token, or not one of this server for this title.
    #[error("the link is not valid")]
    Invalid,
    /// It was one.
    #[error("the link has expired")]
    Expired,
}

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// What it permits.
    pub scope: Scope,
    /// From when on it is worth nothing, in seconds since 1970.
    pub expires_s: u64,
    /// A mark of who was given it, for whoever may have to take it back; 0 for nobody in particular.
    pub holder: u64,
}

const VERSION: u8 = 2;
/// Version, scope, the end, and the holder.
const HEAD_BYTES: usize = 18;

/// A token for a title.
pub fn sign(key: &[u8; 32], title: &str, grant: &Grant) -> String {
    let head = head(grant);
    let mut text = String::with_capacity(2 * HEAD_BYTES + 64);
    for byte in head {
        text.push_str(&format!("{byte:02x}"));
    }
    text.push_str(mac(key, &head, title).to_hex().as_str());
    text
}

/// What the token permits; compared in constant time, and the end is looked at only when the rest is right.
pub fn verify(key: &[u8; 32], title: &str, token: &str, now_s: u64) -> Result<Grant, Refusal> {
    let (head, mac_text) = token
        .split_at_checked(2 * HEAD_BYTES)
        .ok_or(Refusal::Invalid)?;
    let head = decode(head).ok_or(Refusal::Invalid)?;
    let found = Hash::from_hex(mac_text).map_err(|_| Refusal::Invalid)?;
    if found != mac(key, &head, title) {
        return Err(Refusal::Invalid);
    }
    let (plain, numbers) = head.split_at(2);
    let (end, holder) = numbers.split_at(8);
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let scope = match plain {
        [VERSION, 0] => Scope::Watch,
        [VERSION, 1] => Scope::Download,
        _ => return Err(Refusal::Invalid),
    };
    let expires_s = number(end);
    if expires_s <= now_s {
        return Err(Refusal::Expired);
    }
    Ok(Grant {
        scope,
        expires_s,
        holder: number(holder),
    })
}

fn head(grant: &Grant) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[0] = VERSION;
    head[1] = grant.scope as u8;
    head[2..10].copy_from_slice(&grant.expires_s.to_be_bytes());
    head[10..].copy_from_slice(&grant.holder.to_be_bytes());
    head
}

/// The head has one length, so no title can pass for a part of it.
fn mac(key: &[u8; 32], head: &[u8; HEAD_BYTES], title: &str) -> Hash {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(head).update(title.as_bytes());
    hasher.finalize()
}

fn decode(text: &str) -> Option<[u8; HEAD_BYTES]> {
    let digits = text.as_bytes();
    let digit = |at: usize| (char::from(digits[at])).to_digit(16);
    let mut bytes = [0; HEAD_BYTES];
    if digits.len() != 2 * HEAD_BYTES {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = (digit(2 * place)? << 4 | digit(2 * place + 1)?) as u8;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    #[test]
    fn a_token_opens_its_title_until_its_end() {
        let grant = Grant {
            scope: Scope::Watch,
            expires_s: 1000,
            holder: 0xab00_0000_0000_00cd,
        };
        let token = sign(&KEY, "film", &grant);
        assert_eq!(verify(&KEY, "film", &token, 999), Ok(grant));
        assert_eq!(verify(&KEY, "film", &token, 1000), Err(Refusal::Expired));
        assert_eq!(verify(&KEY, "films", &token, 0), Err(Refusal::Invalid));
        assert_eq!(verify(&[8; 32], "film", &token, 0), Err(Refusal::Invalid));
        let whole = Grant {
            scope: Scope::Download,
            expires_s: u64::MAX,
            holder: 0,
        };
        let text = sign(&KEY, "film", &whole);
        assert_eq!(verify(&KEY, "film", &text, 5), Ok(whole));
        assert!(
            token.starts_with("020000000000000003e8ab000000000000cd"),
            "{token}"
        );
        assert_eq!(token.len(), 100);
    }

    #[test]
    fn every_changed_digit_is_seen() {
        let grant = Grant {
            scope: Scope::Watch,
            expires_s: 1000,
            holder: 7,
        };
        let token = sign(&KEY, "film", &grant);
        for place in 0..token.len() {
            let other = if &token[place..=place] == "0" {
                "1"
            } else {
                "0"
            };
            let changed = [&token[..place], other, &token[place + 1..]].concat();
            assert_eq!(verify(&KEY, "film", &changed, 0), Err(Refusal::Invalid));
            assert_eq!(
                verify(&KEY, "film", &token[..place], 0),
                Err(Refusal::Invalid)
            );
        }
        assert_eq!(verify(&KEY, "film", "ä€", 0), Err(Refusal::Invalid));
    }
}
