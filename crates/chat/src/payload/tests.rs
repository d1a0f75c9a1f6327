//! Golden bytes, bounds, and bytes that nobody wrote.

use super::*;
use crate::attachment::Key;
use crate::limits::{FILE_BYTES_MAX, FILE_NAME_MAX, MEDIA_TYPE_MAX};
use kinora_talk::field::Fixed;
use proptest::prelude::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn id(counter: u64) -> MessageId {
    MessageId {
        device: DeviceId([7; 16]),
        counter,
    }
}

fn file(name: &str, size: u64, media_type: &str) -> Content {
    Content::File(Attachment {
        parcel: Fixed([4; 16]),
        key: Key([6; 32]),
        size,
        name: name.into(),
        media_type: media_type.into(),
    })
}

fn of(content: Content) -> Message {
    Message::new(
        3,
        1_790_000_000_000,
        Some(Seen {
            id: id(2),
            digest: [9; 32],
        }),
        content,
    )
}

fn check_golden(content: Content, expected: &str) {
    let bytes = of(content.clone()).to_bytes().unwrap();
    let seen = format!(
        "82825007070707070707070707070707070707025820{}",
        "09".repeat(32)
    );
    let cbor = format!("a5000101030{}03{seen}04{expected}", "21b000001a0c4506c00");
    let length = cbor.len() / 2;
    assert_eq!(hex(&bytes[..HEAD + length]), format!("{length:08x}{cbor}"));
    assert_eq!(Message::from_bytes(&bytes), Ok(of(content)));
}

#[test]
fn the_bytes_are_fixed() {
    let device = "0707".repeat(8);
    check_golden(Content::Text("hi".into()), "820081626869");
    check_golden(
        Content::Receipt(Progress::Read, vec![id(5)]),
        &format!("82018201818250{device}05"),
    );
    check_golden(
        Content::Edit(id(1), "ho".into()),
        &format!("8202828250{device}0162686f"),
    );
    check_golden(
        Content::Card("t1".into(), "Sita".into(), 751_000),
        "82038362743164536974611a000b7598",
    );
    let (parcel, key) = ("04".repeat(16), "06".repeat(32));
    check_golden(
        file("a.mp4", 70_000, "video/mp4"),
        &format!("8204818550{parcel}5820{key}1a0001117065612e6d703469766964656f2f6d7034"),
    );
}

#[test]
fn sizes_show_only_their_class() {
    let size = |length: usize| {
        let text = Content::Text("x".repeat(length));
        Message::new(1, 0, None, text)
            .to_bytes()
            .map(|bytes| bytes.len())
    };
    assert_eq!(size(0), Ok(256));
    assert_eq!(size(200), Ok(256));
    assert_eq!(size(250), Ok(512));
    assert_eq!(size(1000), Ok(1024));
    assert_eq!(size(1010), Ok(2048));
    assert_eq!(size(65_536), Ok(131_072));
    assert_eq!(size(65_537), Err(Fault::TextTooLong));
    let receipt = of(Content::Receipt(Progress::Delivered, vec![id(1)]));
    assert_eq!(receipt.to_bytes().unwrap().len(), 256);
}

#[test]
fn bounds_hold_on_both_ways() {
    let refused = [
        Content::Receipt(Progress::Read, vec![]),
        Content::Receipt(Progress::Read, vec![id(1); RECEIPTS_MAX + 1]),
        Content::Card("x".repeat(TITLE_ID_MAX + 1), String::new(), 0),
        Content::Card(String::new(), "x".repeat(CARD_TITLE_MAX + 1), 0),
        file("", 1, ""),
        file(&"x".repeat(FILE_NAME_MAX + 1), 1, ""),
        file("x", FILE_BYTES_MAX + 1, ""),
        file("x", 1, &"x".repeat(MEDIA_TYPE_MAX + 1)),
    ];
    for content in refused {
        let message = of(content);
        let written = pad(&message.cbor()).unwrap();
        assert!(message.to_bytes().is_err(), "{message:?}");
        assert!(Message::from_bytes(&written).is_err(), "{message:?}");
    }
    let mut uncounted = of(Content::Text("x".into()));
    uncounted.counter = 0;
    assert!(uncounted.to_bytes().is_err());
}

#[test]
fn a_newer_client_is_told_from_a_broken_one() {
    let code = |cbor: &[u8]| Message::from_bytes(&pad(cbor).unwrap()).map_err(|fault| fault.code());
    // Kind 9.
    assert_eq!(
        code(b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x09\x81\x61x"),
        Err("payload_newer")
    );
    // Version 2.
    assert_eq!(
        code(b"\xa4\x00\x02\x01\x01\x02\x00\x04\x82\x00\x81\x61x"),
        Err("payload_newer")
    );
    // An unknown key is passed over.
    let text = Message::new(1, 0, None, Content::Text("x".into()));
    assert_eq!(
        code(b"\xa5\x00\x01\x01\x01\x02\x00\x04\x82\x00\x81\x61x\x18\x40\x81\x01"),
        Ok(text)
    );
    assert_eq!(
        code(b"\xa4\x00\x01\x01\x01\x02\x00\x04\x82\x00\x81\x61x\x00"),
        Err("payload_damaged")
    );
    assert_eq!(code(b""), Err("payload_damaged"));
    assert_eq!(code(&[0x81; 60_000]), Err("payload_damaged"));
    assert_eq!(
        code(b"\xa1\x00\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
        Err("payload_damaged")
    );
}

#[test]
fn every_cut_and_every_wrong_padding_is_refused() {
    let bytes = of(Content::Text("hello".into())).to_bytes().unwrap();
    for end in 0..bytes.len() {
        assert!(Message::from_bytes(&bytes[..end]).is_err(), "{end}");
    }
    let mut longer = bytes.clone();
    longer.resize(512, 0);
    assert!(Message::from_bytes(&longer).is_err());
    let mut marked = bytes;
    marked[255] = 1;
    assert!(Message::from_bytes(&marked).is_err());
}

#[test]
fn a_digest_names_writer_and_words() {
    let (one, other) = (of(Content::Text("a".into())), of(Content::Text("b".into())));
    assert_ne!(
        one.digest(DeviceId([1; 16])),
        other.digest(DeviceId([1; 16]))
    );
    assert_ne!(one.digest(DeviceId([1; 16])), one.digest(DeviceId([2; 16])));
}

fn any_id() -> impl Strategy<Value = MessageId> {
    (any::<[u8; 16]>(), any::<u64>()).prop_map(|(device, counter)| MessageId {
        device: DeviceId(device),
        counter,
    })
}

fn any_content() -> impl Strategy<Value = Content> {
    prop_oneof![
        ".{0,2000}".prop_map(Content::Text),
        (any::<bool>(), prop::collection::vec(any_id(), 1..20)).prop_map(|(is_read, ids)| {
            let progress = if is_read {
                Progress::Read
            } else {
                Progress::Delivered
            };
            Content::Receipt(progress, ids)
        }),
        (any_id(), ".{0,300}").prop_map(|(of, text)| Content::Edit(of, text)),
        (".{0,8}", ".{0,32}", any::<u64>())
            .prop_map(|(id, title, at)| Content::Card(id, title, at)),
        (".{1,40}", 0..=FILE_BYTES_MAX, ".{0,60}").prop_map(|(name, size, media_type)| file(
            &name,
            size,
            &media_type
        )),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        counter in 1..u64::MAX,
        at in any::<u64>(),
        seen in prop::option::of((any_id(), any::<[u8; 32]>())),
        content in any_content(),
    ) {
        let seen = seen.map(|(id, digest)| Seen { id, digest });
        let message = Message::new(counter, at, seen, content);
        prop_assert_eq!(Message::from_bytes(&message.to_bytes().unwrap()), Ok(message));
    }

    #[test]
    fn hostile_bytes_are_read_or_refused(mut cbor in prop::collection::vec(any::<u8>(), 0..600), flip in any::<prop::sample::Index>(), bit in 0..8u8) {
        let _ = Message::from_bytes(&cbor);
        let _ = Message::from_bytes(&pad(&cbor).unwrap());
        // Close to something good is where parsers break.
        let mut good = of(Content::Receipt(Progress::Read, vec![id(1), id(2)])).cbor();
        let at = flip.index(good.len());
        good[at] ^= 1u8 << bit;
        let _ = Message::from_bytes(&pad(&good).unwrap());
        good.truncate(at);
        cbor.splice(0..0, good);
        let _ = Message::from_bytes(&pad(&cbor).unwrap());
    }
}
