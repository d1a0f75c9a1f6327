use super::*;

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = (8 + body.len() as u32).to_be_bytes().to_vec();
    bytes.extend(kind);
    bytes.extend(body);
    bytes
}

/// A description with one entry: a picture of 64x48 with these boxes.
fn picture(kind: &[u8; 4], boxes: &[Vec<u8>]) -> Result<Codec, Fault> {
    let mut body = vec![0; VISUAL_BYTES];
    body[25] = 64;
    body[27] = 48;
    body.extend(boxes.concat());
    let description = [vec![0; 8], boxed(kind, &body)].concat();
    Codec::read(&description, true)
}

fn check(kind: &[u8; 4], config: (&[u8; 4], &[u8]), name: &str) {
    let codec = picture(kind, &[boxed(config.0, config.1)]).unwrap();
    assert_eq!(codec.name, name);
}

#[test]
fn names_say_profile_and_level() {
    let avc = [1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 2, 0x67, 9, 1, 0, 1, 0x68];
    check(b"avc1", (b"avcC", &avc), "avc1.64001F");
    let mut hevc = vec![1, 0x21, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 120];
    hevc.extend([0; 10]);
    check(b"hvc1", (b"hvcC", &hevc), "hvc1.1.6.H120.90");
    check(b"av01", (b"av1C", &[0x81, 0x05, 0x4c, 0]), "av01.0.05M.10");
    check(
        b"vp09",
        (b"vpcC", &[1, 0, 0, 0, 2, 31, 0xa0]),
        "vp09.02.31.10",
    );
}

#[test]
fn parameter_sets_move_into_the_samples() {
    let avc = [1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 2, 0x67, 9, 1, 0, 1, 0x68];
    let codec = picture(b"avc1", &[boxed(b"avcC", &avc)]).unwrap();
    assert_eq!(
        codec.parameter_sets(),
        [0, 0, 0, 2, 0x67, 9, 0, 0, 0, 1, 0x68]
    );
    let within = codec.in_band();
    assert_eq!(within.name, "avc3.64001F");
    assert_eq!(&within.entry[4..8], b"avc3");
}

#[test]
fn the_colour_box_tells_the_range() {
    let config = boxed(b"av1C", &[0x81, 0x05, 0x4c, 0]);
    let range = |transfer: u8| {
        let colour = [b"nclx".as_slice(), &[0, 9, 0, transfer, 0, 9, 0]].concat();
        match picture(b"av01", &[config.clone(), boxed(b"colr", &colour)]) {
            Ok(Codec {
                kind: Kind::Video { range, .. },
                ..
            }) => range.word(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!([range(16), range(18), range(1)], ["PQ", "HLG", "SDR"]);
}

#[test]
fn unknown_codings_are_refused() {
    assert!(matches!(picture(b"encv", &[]), Err(Fault::Unsupported(_))));
    assert_eq!(
        picture(b"avc1", &[boxed(b"avcC", &[1, 2, 3])]),
        Err(Fault::Damaged("a decoder configuration is too short"))
    );
}
