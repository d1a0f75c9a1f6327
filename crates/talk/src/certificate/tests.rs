use super::*;

fn example() -> Certificate {
    let device = Device {
        name: Name::new("asha").unwrap(),
        id: DeviceId([7; 16]),
        label: "laptop".into(),
        leaf_key: [9; 32],
        issued_at: 1_790_000_000,
    };
    Identity::new(&[1; 32]).certify(device).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_layout_is_fixed() {
    let bytes = example().to_bytes();
    let (signed, signature) = bytes.split_at(bytes.len() - 64);
    let expected = format!(
        "01{}{}{}{}{}{}{}",
        "0004",
        "61736861",
        "07".repeat(16),
        "0006",
        "6c6170746f70",
        "09".repeat(32),
        "000000006ab13b80"
    );
    assert_eq!(hex(signed), expected);
    assert_eq!(hex(signature), SIGNATURE);
    assert_eq!(Certificate::from_bytes(&bytes), Ok(example()));
}

const SIGNATURE: &str = concat!(
    "19d44bb0ea92562b3a71840c6d35144d5f1cc2d9aebfa34047ebd7e85d640025",
    "cf58a6b7261ce294290581bb1e5d4842ce1efff9df2a329f6945a1723ef4fe04"
);

#[test]
fn every_cut_and_every_addition_is_refused() {
    let bytes = example().to_bytes();
    for end in 0..bytes.len() {
        assert!(Certificate::from_bytes(&bytes[..end]).is_err(), "{end}");
    }
    assert!(Certificate::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    assert!(Certificate::from_bytes(&[1; 100_000]).is_err());
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (bytes, identity) = (example().to_bytes(), Identity::new(&[1; 32]).public());
    assert!(example().is_signed_by(&identity));
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let is_good =
            Certificate::from_bytes(&changed).is_ok_and(|each| each.is_signed_by(&identity));
        assert!(!is_good, "bit {bit}");
    }
}

#[test]
fn only_its_identity_counts() {
    assert!(!example().is_signed_by(&Identity::new(&[2; 32]).public()));
    // The neutral element would accept a signature by nobody.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let mut by_nobody = example();
    by_nobody.signature = [0; 64];
    by_nobody.signature[0] = 1;
    assert!(!by_nobody.is_signed_by(&IdentityKey(neutral)));
}

#[test]
fn labels_are_one_line() {
    for label in ["a\nb", "a\u{202e}b", &"x".repeat(65)] {
        let device = Device {
            label: label.into(),
            ..example().device
        };
        assert!(
            Identity::new(&[1; 32]).certify(device).is_err(),
            "{label:?}"
        );
    }
}
