//! What is signed to show who asks: a fixed label, the server's nonce, the name under which the server was called, and
//! what it is about.
//!
//! The name of the server is the one that the client used (the `Host` of its request, in lower case). So a server that
//! passes on another one's nonce gets a signature that is worth nothing there.

use crate::certificate::{Certificate, DeviceId};
use crate::layout::Writer;
use ed25519_dalek::{Signature, VerifyingKey};

/// Go before what is signed, so that no signature made for something else fits.
const REGISTRATION: &[u8] = b"kinora chat registration\0";
const LOGIN: &[u8] = b"kinora chat login\0";

/// What an identity signs to bind its name, or to add a device: `label · nonce 32 · host · certificate`, the last two
/// behind their lengths (u16).
pub fn registration(nonce: &[u8; 32], host: &str, certificate: &Certificate) -> Vec<u8> {
    let writer = Writer::new(REGISTRATION).fixed(nonce);
    let writer = writer.variable(shortened(host));
    writer.variable(&certificate.to_bytes()).finish()
}

/// What a device signs with its own key to log in: `label · nonce 32 · host · device id 16`, the host behind its length.
pub fn login(nonce: &[u8; 32], host: &str, device: DeviceId) -> Vec<u8> {
    let writer = Writer::new(LOGIN).fixed(nonce);
    writer.variable(shortened(host)).fixed(&device.0).finish()
}

/// Whether this Ed25519 key signed these bytes. Keys of small order and second spellings of a signature do not count.
pub fn is_signed(key: &[u8; 32], bytes: &[u8], signature: &[u8; 64]) -> bool {
    let key = VerifyingKey::from_bytes(key);
    let signature = Signature::from_bytes(signature);
    key.is_ok_and(|key| key.verify_strict(bytes, &signature).is_ok())
}

/// No host is that long; what is cut is only never equal.
fn shortened(host: &str) -> &[u8] {
    &host.as_bytes()[..host.len().min(crate::limits::HOST_BYTES_MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::{Device, Identity};
    use crate::name::Name;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn certificate(identity: &Identity) -> Certificate {
        let device = Device {
            name: Name::new("asha").unwrap(),
            id: DeviceId([7; 16]),
            label: "laptop".into(),
            leaf_key: Identity::new(&[9; 32]).public().0,
            issued_at: 5,
        };
        identity.certify(device).unwrap()
    }

    #[test]
    fn the_layouts_are_fixed() {
        let signed = login(&[1; 32], "localhost:8080", DeviceId([7; 16]));
        let expected = format!(
            "{}{}000e{}{}",
            hex(b"kinora chat login\0"),
            "01".repeat(32),
            hex(b"localhost:8080"),
            "07".repeat(16)
        );
        assert_eq!(hex(&signed), expected);
        let certificate = certificate(&Identity::new(&[1; 32]));
        let signed = registration(&[1; 32], "a", &certificate);
        let bytes = certificate.to_bytes();
        let expected = format!(
            "{}{}000161{:04x}{}",
            hex(b"kinora chat registration\0"),
            "01".repeat(32),
            bytes.len(),
            hex(&bytes)
        );
        assert_eq!(hex(&signed), expected);
    }

    #[test]
    fn a_proof_is_good_for_one_server_one_nonce_and_one_purpose() {
        let identity = Identity::new(&[1; 32]);
        let certificate = certificate(&identity);
        let signed = registration(&[1; 32], "good.example", &certificate);
        let signature = identity.sign(&signed);
        let key = identity.public().0;
        assert!(is_signed(&key, &signed, &signature));
        for other in [
            registration(&[2; 32], "good.example", &certificate),
            registration(&[1; 32], "evil.example", &certificate),
            login(&[1; 32], "good.example", DeviceId([7; 16])),
        ] {
            assert!(!is_signed(&key, &other, &signature));
        }
        let mut changed = signature;
        changed[5] ^= 1;
        assert!(!is_signed(&key, &signed, &changed));
        assert!(!is_signed(&[0; 32], &signed, &signature));
    }
}
