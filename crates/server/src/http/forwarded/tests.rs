//! What proxies say, and what others would like them to have said.

use super::*;
use proptest::prelude::*;

fn socket_at(address: &str) -> Socket {
    Socket {
        peer: SocketAddr::new(address.parse().unwrap(), 1),
        is_encrypted: false,
        must_encrypt: false,
    }
}

fn asked(socket: &str, fields: &[(&'static str, &str)]) -> Result<(String, bool), ()> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, value.parse().unwrap());
    }
    let proxies = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"].map(|each| each.parse().unwrap());
    let peer = peer(&socket_at(socket), &headers, &proxies);
    peer.map(|peer| (peer.address.to_string(), peer.is_local))
        .map_err(drop)
}

#[test]
fn only_known_proxies_are_believed() {
    let check = |socket: &str, fields: &[(&'static str, &str)], address: &str, local: bool| {
        let expected = Ok((address.to_owned(), local));
        assert_eq!(asked(socket, fields), expected, "{socket} {fields:?}");
    };
    const F: &str = "forwarded";
    const X: &str = "x-forwarded-for";
    check("192.0.2.1", &[], "192.0.2.1", false);
    check("192.0.2.1", &[(X, "127.0.0.1")], "192.0.2.1", false);
    check("::1", &[], "::1", true);
    check("::1", &[(X, "127.0.0.1")], "::1", false);
    check("::1", &[("via", "1.1 x")], "::1", false);
    check("127.0.0.1", &[], "127.0.0.1", true);
    check("127.0.0.1", &[(X, "192.0.2.1")], "192.0.2.1", false);
    check("127.0.0.1", &[(X, "127.0.0.1")], "127.0.0.1", true);
    check("::ffff:127.0.0.1", &[(X, "192.0.2.1")], "192.0.2.1", false);
    check(
        "10.0.0.1",
        &[(X, "127.0.0.1, 192.0.2.1, 10.9.9.9")],
        "192.0.2.1",
        false,
    );
    check(
        "10.0.0.1",
        &[(X, "127.0.0.1"), (X, "192.0.2.1")],
        "192.0.2.1",
        false,
    );
    check("10.0.0.1", &[(X, "garbage, 192.0.2.1")], "192.0.2.1", false);
    check("10.0.0.1", &[(X, "10.1.1.1, 10.2.2.2")], "10.1.1.1", false);
    check("10.0.0.1", &[(X, "192.0.2.1:555")], "192.0.2.1", false);
    check(
        "10.0.0.1",
        &[(X, "[2001:db8::1]:555")],
        "2001:db8::1",
        false,
    );
    check(
        "10.0.0.1",
        &[(F, "for=192.0.2.1;proto=https;by=10.0.0.1")],
        "192.0.2.1",
        false,
    );
    check(
        "10.0.0.1",
        &[(F, "For=\"[2001:db8::1]:47\"")],
        "2001:db8::1",
        false,
    );
    check(
        "10.0.0.1",
        &[(F, "for=\"127.0.0.1, for=192.0.2.1")],
        "192.0.2.1",
        false,
    );
    check(
        "10.0.0.1",
        &[(F, "for=192.0.2.1"), (X, "192.0.2.1")],
        "192.0.2.1",
        false,
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let check = |fields: &[(&'static str, &str)]| {
        assert_eq!(asked("10.0.0.1", fields), Err(()), "{fields:?}");
    };
    check(&[("x-forwarded-for", "unknown")]);
    check(&[("x-forwarded-for", "")]);
    check(&[("x-forwarded-for", "192.0.2.1, 10.0.0.300")]);
    check(&[("forwarded", "for=_hidden")]);
    check(&[("forwarded", "proto=https")]);
    check(&[
        ("forwarded", "for=127.0.0.1"),
        ("x-forwarded-for", "192.0.2.1"),
    ]);
}

proptest! {
    #[test]
    fn nobody_can_hide_the_hop_that_a_proxy_saw(
        theirs in prop::collection::vec("[ -~]{0,40}", 0..4),
        name in prop::sample::select(vec!["forwarded", "x-forwarded-for"]),
    ) {
        let own = if name == "forwarded" { "for=192.0.2.1" } else { "192.0.2.1" };
        let joined = theirs.iter().map(String::as_str).chain([own]).collect::<Vec<_>>().join(",");
        prop_assert_eq!(asked("10.0.0.1", &[(name, &joined)]), Ok(("192.0.2.1".to_owned(), false)));
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(value) = hyper::header::HeaderValue::from_bytes(&bytes) {
            for name in [FORWARDED, X_FORWARDED_FOR] {
                let headers = HeaderMap::from_iter([(name, value.clone())]);
                let proxies = ["10.0.0.0/8".parse().unwrap()];
                let _ = peer(&socket_at("10.0.0.1"), &headers, &proxies);
            }
        }
    }
}
