//! How a user's next device gets the identity: from an older one, sealed for it alone.
//!
//! The new device makes an X25519 key that lives for as long as it waits, and shows it: its [`Code`]. The older one seals
//! the identity and its contacts to it (HPKE, RFC 9180, base mode) and gives an *answer*, a text that may go any way, for
//! nobody else can open it. The code is what has to be right: whoever puts another one in its place gets the identity, so
//! it is read from one's own screen. X25519 and no hybrid: what is sealed is a signature key, of use to nobody who
//! opens it when such keys are broken.
//!
//! code: `KINORA-LINK-`, then in base32 (RFC 4648 §6, without padding) `version 1 · key 32 · first 4 bytes of SHA-256(CONTEXT · version · key)`
//! answer: between two lines, in base32 `version 1 · encapsulated key 32 · AES-256-GCM of the CBOR, filled with zeros`

use crate::Name;
use crate::certificate::IdentityKey;
use crate::contact::Contact;
use crate::fault::Fault;
use crate::limits::{ANSWER_CHARS_MAX, HANDED_CONTACTS_MAX, HANDED_MIN};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use minicbor::{Decode, Encode};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{
    HpkeAeadType, HpkeCiphertext, HpkeConfig, HpkeKdfType, HpkeKemType, HpkeKeyPair,
};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

const VERSION: u8 = 1;
const CONTEXT: &[u8] = b"kinora chat device\0";
const PREFIX: &str = "KINORA-LINK-";
const FIRST: &str = "-----BEGIN KINORA DEVICE-----";
const LAST: &str = "-----END KINORA DEVICE-----";
/// Characters between two strokes of a code, and in a line of an answer.
const GROUP: usize = 4;
const LINE: usize = 64;
const CONFIG: HpkeConfig = HpkeConfig(
    HpkeKemType::DhKem25519,
    HpkeKdfType::HkdfSha256,
    HpkeAeadType::AesGcm256,
);

/// What a new device shows: its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Code([u8; 32]);

/// A new device that waits for the answer.
pub struct Newcomer {
    keys: HpkeKeyPair,
    code: Code,
}

/// What goes from one device to the other.
#[derive(Clone, PartialEq, Eq)]
pub struct Handover {
    /// The user's name.
    pub name: Name,
    /// The secret of [`crate::certificate::Identity`].
    pub secret: [u8; 32],
    /// Whom the older device knows.
    pub contacts: Vec<(Name, Contact)>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Written {
    #[n(0)]
    name: String,
    #[cbor(n(1), with = "minicbor::bytes")]
    secret: [u8; 32],
    #[n(2)]
    contacts: Vec<WrittenContact>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct WrittenContact {
    #[n(0)]
    name: String,
    #[cbor(n(1), with = "minicbor::bytes")]
    key: [u8; 32],
    #[n(2)]
    is_verified: bool,
}

impl Newcomer {
    /// Makes the key of these random bytes.
    ///
    /// # Errors
    /// [`Fault::Engine`] when the cipher fails, which it does not.
    pub fn new(random: &[u8; 32]) -> Result<Self, Fault> {
        let provider = OpenMlsRustCrypto::default();
        let keys = provider.crypto().derive_hpke_keypair(CONFIG, random);
        let keys = keys.map_err(|_| Fault::Engine)?;
        let code = Code(
            keys.public
                .as_slice()
                .try_into()
                .map_err(|_| Fault::Engine)?,
        );
        Ok(Self { keys, code })
    }

    /// What the older device has to be given.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Opens an answer.
    ///
    /// # Errors
    /// [`Fault::AnswerUnusable`] for all that was not sealed for this device.
    pub fn open(&self, answer: &str) -> Result<Handover, Fault> {
        let bytes = unarmored(answer).ok_or(Fault::AnswerUnusable)?;
        let (version, rest) = bytes.split_first().ok_or(Fault::AnswerUnusable)?;
        let (kem, cipher) = rest.split_first_chunk().ok_or(Fault::AnswerUnusable)?;
        if *version != VERSION || is_of_small_order(kem) {
            return Err(Fault::AnswerUnusable);
        }
        let input = HpkeCiphertext {
            kem_output: kem.to_vec().into(),
            ciphertext: cipher.to_vec().into(),
        };
        let provider = OpenMlsRustCrypto::default();
        let aad = self.code.bytes();
        let opened = provider
            .crypto()
            .hpke_open(CONFIG, &input, &self.keys.private, CONTEXT, &aad);
        read(&opened.map_err(|_| Fault::AnswerUnusable)?).ok_or(Fault::AnswerUnusable)
    }
}

impl fmt::Debug for Newcomer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Newcomer").field(&self.code).finish()
    }
}

impl Handover {
    /// Seals it for the device that shows this code: an answer, in lines.
    ///
    /// # Errors
    /// [`Fault::CodeUnusable`] when the code holds no key.
    pub fn seal(&self, code: &Code) -> Result<String, Fault> {
        let contacts = self.contacts.iter();
        let contacts = contacts.filter_map(|(name, contact)| written(name, contact));
        let all = Written {
            name: self.name.to_string(),
            secret: self.secret,
            contacts: contacts.take(HANDED_CONTACTS_MAX).collect(),
        };
        let mut plain = minicbor::to_vec(all).expect("a vector takes all that is written to it");
        // How many people one knows is nobody's business.
        plain.resize(plain.len().next_power_of_two().max(HANDED_MIN), 0);
        let provider = OpenMlsRustCrypto::default();
        let crypto = provider.crypto();
        let sealed = crypto.hpke_seal(CONFIG, &code.0, CONTEXT, &code.bytes(), &plain);
        let sealed = sealed.map_err(|_| Fault::CodeUnusable)?;
        let parts = [
            &[VERSION],
            sealed.kem_output.as_slice(),
            sealed.ciphertext.as_slice(),
        ];
        Ok(armored(&parts.concat()))
    }
}

impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handover").field(&self.name).finish()
    }
}

impl Code {
    fn bytes(self) -> [u8; 33] {
        let mut bytes = [VERSION; 33];
        bytes[1..].copy_from_slice(&self.0);
        bytes
    }

    fn check(self) -> [u8; 4] {
        let hash = Sha256::new_with_prefix(CONTEXT);
        let hash: [u8; 32] = hash.chain_update(self.bytes()).finalize().into();
        [hash[0], hash[1], hash[2], hash[3]]
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = BASE32_NOPAD.encode(&[&self.bytes()[..], &self.check()].concat());
        let groups: Vec<&str> = pieces(&letters, GROUP).collect();
        write!(f, "{PREFIX}{}", groups.join("-"))
    }
}

impl FromStr for Code {
    type Err = Fault;

    /// Strokes, blanks and the case of letters make no difference.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let is_filler = |c: char| c == '-' || c.is_whitespace();
        let text: String = text.chars().filter(|c| !is_filler(*c)).collect();
        let text = text.to_ascii_uppercase();
        let parse = || {
            let letters = text.strip_prefix("KINORALINK")?;
            let bytes = BASE32_NOPAD.decode(letters.as_bytes()).ok()?;
            let bytes: [u8; 37] = bytes.try_into().ok()?;
            let (version, rest) = bytes.split_first()?;
            let (key, check) = rest.split_first_chunk()?;
            let code = Self(*key);
            let is_good = *version == VERSION && code.check() == check;
            (is_good && !is_of_small_order(key)).then_some(code)
        };
        parse().ok_or(Fault::CodeUnusable)
    }
}

/// Points of which eight add up to nothing, in each spelling: what is agreed on with one of them everybody knows (RFC 9180 §7.1.4).
const SMALL: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

fn is_of_small_order(key: &[u8; 32]) -> bool {
    let mut point = *key;
    point[31] &= 0x7f;
    SMALL.contains(&HEXLOWER.encode(&point).as_str())
}

fn written(name: &Name, contact: &Contact) -> Option<WrittenContact> {
    // Of a changed key the one that was known: the new device sees by itself that it has changed.
    let (key, is_verified) = match contact {
        Contact::New => return None,
        Contact::Pinned(key) => (key, false),
        Contact::Verified(key) => (key, true),
        Contact::Changed {
            known,
            was_verified,
            ..
        } => (known, *was_verified),
    };
    Some(WrittenContact {
        name: name.to_string(),
        key: key.0,
        is_verified,
    })
}

fn read(plain: &[u8]) -> Option<Handover> {
    let mut decoder = minicbor::Decoder::new(plain);
    let all: Written = decoder.decode().ok()?;
    let zeros = plain.get(decoder.position()..)?;
    if zeros.iter().any(|byte| *byte != 0) || all.contacts.len() > HANDED_CONTACTS_MAX {
        return None;
    }
    let contact = |each: WrittenContact| {
        let key = IdentityKey(each.key);
        let contact = match each.is_verified {
            true => Contact::Verified(key),
            false => Contact::Pinned(key),
        };
        Some((Name::folded(&each.name).ok()?, contact))
    };
    Some(Handover {
        name: Name::folded(&all.name).ok()?,
        secret: all.secret,
        contacts: all
            .contacts
            .into_iter()
            .map(contact)
            .collect::<Option<_>>()?,
    })
}

fn armored(bytes: &[u8]) -> String {
    let letters = BASE32_NOPAD.encode(bytes);
    let lines: Vec<&str> = pieces(&letters, LINE).collect();
    format!("{FIRST}\n{}\n{LAST}\n", lines.join("\n"))
}

/// What stands between the two lines, whatever stands around them.
fn unarmored(text: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(FIRST)?;
    let (letters, _) = rest.split_once(LAST)?;
    if letters.len() > ANSWER_CHARS_MAX {
        return None;
    }
    let letters: String = letters.split_whitespace().collect();
    BASE32_NOPAD.decode(letters.as_bytes()).ok()
}

/// Whether this line ends an answer. One that was scanned stands in one line.
pub fn is_end(line: &str) -> bool {
    line.trim_end().ends_with(LAST)
}

fn pieces(letters: &str, size: usize) -> impl Iterator<Item = &str> {
    let starts = (0..letters.len()).step_by(size);
    starts.map(move |start| &letters[start..letters.len().min(start + size)])
}

#[cfg(test)]
mod tests;
