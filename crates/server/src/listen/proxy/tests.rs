//! Heads as proxies send them, and everything else.

use super::*;
use proptest::prelude::*;

fn v2(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    bytes.extend([command, family]);
    bytes.extend(u16::try_from(block.len()).unwrap().to_be_bytes());
    bytes.extend(block);
    bytes
}

/// Reads by steps, as a connection does, and says how many bytes the head took.
fn walk(bytes: &[u8]) -> Result<(usize, Option<SocketAddr>), &'static str> {
    let mut have = 0;
    loop {
        match step(&bytes[..have])? {
            Step::Done(source) => return Ok((have, source)),
            Step::More(0) => panic!("nothing more is no step"),
            Step::More(n) if have + n > bytes.len() => return Err("cut off"),
            Step::More(n) => have += n,
        }
    }
}

#[test]
fn heads_name_the_client() {
    let check = |bytes: &[u8], source: Option<&str>| {
        let source = source.map(|text| text.parse().unwrap());
        let mut more = bytes.to_vec();
        more.extend(b"what comes behind");
        assert_eq!(walk(&more), Ok((bytes.len(), source)), "{bytes:?}");
        for cut in 0..bytes.len() {
            assert_eq!(walk(&bytes[..cut]), Err("cut off"), "{cut} of {bytes:?}");
        }
    };
    check(
        b"PROXY TCP4 192.0.2.7 10.0.0.1 5000 9001\r\n",
        Some("192.0.2.7:5000"),
    );
    check(
        b"PROXY TCP6 2001:db8::7 ::1 5000 9001\r\n",
        Some("[2001:db8::7]:5000"),
    );
    check(b"PROXY UNKNOWN\r\n", None);
    check(b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", None);
    let v4 = [192, 0, 2, 7, 10, 0, 0, 1, 0x13, 0x88, 0x23, 0x29];
    check(&v2(0x21, 0x11, &v4), Some("192.0.2.7:5000"));
    let with_more: Vec<u8> = v4.iter().copied().chain([3, 0, 1, 9]).collect();
    check(&v2(0x21, 0x11, &with_more), Some("192.0.2.7:5000"));
    let mut v6 = [0u8; 36];
    v6[15] = 1;
    v6[33] = 9;
    check(&v2(0x21, 0x21, &v6), Some("[::1]:9"));
    check(&v2(0x20, 0, &[]), None);
    check(&v2(0x21, 0x31, &[0; 216]), None);
}

#[test]
fn what_is_no_head_is_refused() {
    let check = |bytes: &[u8]| {
        assert!(!matches!(walk(bytes), Ok(_) | Err("cut off")), "{bytes:?}");
    };
    check(b"\0\0\x05hello, this is MMP");
    check(b"GET / HTTP/1.1\r\n\r\n");
    check(b"PROXY TCP4 ::1 ::1 1 2\r\n");
    check(b"PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n");
    check(b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n");
    check(b"PROXY TCP4 1.2.3.4 1.2.3.4 99999 2\r\n");
    check(b"PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n");
    check(b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n");
    check(b"PROXY TCP4 \xff\r\n");
    check(&[b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat());
    check(&v2(0x11, 0x11, &[0; 12]));
    check(&v2(0x22, 0x11, &[0; 12]));
    check(&v2(0x21, 0x11, &[0; 11]));
    check(&v2(0x21, 0x21, &[0; 35]));
    check(&v2(0x21, 0x11, &vec![0; MOST + 1]));
}

proptest! {
    #[test]
    fn any_bytes_end_within_the_limits(
        start in prop::sample::select(vec![&b""[..], &b"PROXY "[..], &b"PROXY TCP4 "[..], &SIGNATURE[..], b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0"]),
        rest in prop::collection::vec(any::<u8>(), 0..3000),
    ) {
        let bytes = [start, &rest].concat();
        if let Ok((used, _)) = walk(&bytes) {
            prop_assert!(used <= 16 + MOST);
            prop_assert!(used <= bytes.len());
        }
    }

    #[test]
    fn every_address_comes_through(v4 in any::<u32>(), v6 in any::<u128>(), port in any::<u16>()) {
        let sources: [SocketAddr; 2] = [
            (Ipv4Addr::from(v4), port).into(),
            (Ipv6Addr::from(v6), port).into(),
        ];
        for source in sources {
            let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
            let line = format!("PROXY {family} {} {} {port} 1\r\n", source.ip(), source.ip());
            prop_assert_eq!(walk(line.as_bytes()), Ok((line.len(), Some(source))));
        }
    }
}
