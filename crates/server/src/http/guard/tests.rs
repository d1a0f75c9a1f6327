use super::*;

fn config(listen: &str, hosts: &[&str]) -> HttpConfig {
    HttpConfig {
        listen: vec![listen.parse().unwrap()],
        hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
        ..HttpConfig::default()
    }
}

#[test]
fn hosts_are_ours_or_strange() {
    let check = |listen: &str, host: &str, ours: bool| {
        let hosts = Hosts::new(&config(listen, &["Studio.lan"]));
        assert_eq!(hosts.allow(host), ours, "{host} at {listen}");
    };
    let local = "127.0.0.1:8080";
    for host in [
        "localhost:8080",
        "127.0.0.1",
        "127.0.0.1:8080",
        "[::1]:8080",
        "kinora.localhost",
        "STUDIO.lan:8080",
        "studio.lan.",
    ] {
        check(local, host, true);
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "192.168.1.2",
        "",
        "[::",
        "[",
        ":80",
    ] {
        check(local, host, false);
    }
    check("192.168.1.2:80", "192.168.1.2", true);
    check("0.0.0.0:80", "192.168.1.2", true);
    check("0.0.0.0:80", "evil.example", false);
}

fn asked(method: Method, fields: &[(&'static str, &str)]) -> Result<(), String> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, value.parse().unwrap());
    }
    let hosts = Hosts::new(&config("127.0.0.1:8080", &[]));
    let uri = Uri::from_static("/api/jobs");
    let done = check(&method, &uri, &headers, &hosts, (false, false));
    done.map_err(|refusal| refusal.fault.problem.code)
}

#[test]
fn pages_of_others_are_refused() {
    let host = ("host", "localhost:8080");
    let refused = |method: Method, fields: &[(&'static str, &str)], code: &str| {
        assert_eq!(asked(method, fields), Err(code.to_owned()), "{fields:?}");
    };
    for method in [Method::GET, Method::POST, Method::DELETE] {
        assert_eq!(asked(method.clone(), &[host]), Ok(()));
        let own = [
            host,
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://localhost:8080"),
        ];
        assert_eq!(asked(method.clone(), &own), Ok(()));
        refused(
            method.clone(),
            &[host, ("sec-fetch-site", "cross-site")],
            "cross_site",
        );
        refused(
            method.clone(),
            &[host, ("sec-fetch-site", "same-site")],
            "cross_site",
        );
        refused(
            method.clone(),
            &[host, ("origin", "http://localhost:9000")],
            "cross_site",
        );
        refused(method.clone(), &[host, ("origin", "null")], "cross_site");
        refused(method, &[("host", "evil.example")], "wrong_host");
    }
    refused(Method::GET, &[], "bad_request");
    refused(Method::GET, &[host, host], "bad_request");
    let link = [
        host,
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
    ];
    assert_eq!(asked(Method::GET, &link), Ok(()));
    refused(Method::POST, &link, "cross_site");
}
