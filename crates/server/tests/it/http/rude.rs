//! Clients that are slow, silent or strange.

use super::client::{Caller, read};
use super::uploads::{create, offset, uploader};
use crate::peer::House;
use crate::wire::clip;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A server that has no patience.
fn hasty() -> House {
    House::with(|config| config.http.patience = Some(Duration::from_millis(500)))
}

fn raw(house: &House, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(house.http()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream.write_all(bytes).unwrap();
    stream
}

/// Whether the server has ended the connection without a word.
fn is_ended(mut stream: TcpStream) -> bool {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

#[test]
fn clients_that_do_not_go_on_are_let_go() {
    let house = hasty();
    let silent = raw(&house, b"");
    let half = raw(&house, b"GET / HTTP/1.1\r\nhost: localhost\r\nx: ");
    let mut between = raw(&house, b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert_eq!(read(&mut between, "GET").unwrap().status, 200);
    assert!(is_ended(silent), "no byte");
    assert!(is_ended(half), "half a head");
    assert!(is_ended(between), "nothing after an answer");
}

#[test]
fn a_body_that_stops_is_refused_and_what_came_is_kept() {
    let house = hasty();
    let caller = uploader(&house);
    let path = create(&caller, &[]);
    let fields = [
        ("content-type", "application/offset+octet-stream"),
        ("upload-offset", "0"),
    ];
    let mut stream = caller.begin("PATCH", &path, &fields, clip().len() as u64);
    stream.write_all(&clip()[..1000]).unwrap();
    let answer = read(&mut stream, "PATCH").unwrap();
    assert_eq!((answer.status, answer.code().as_str()), (408, "too_slow"));
    assert_eq!(offset(&caller, &path), 1000);
}

#[test]
fn a_client_that_stops_reading_is_let_go() {
    let house = hasty();
    let caller = Caller::new(house.http());
    // Sound and picture without compression: more than the socket buffers of both sides hold.
    let made = caller.submit(&[
        ("operation", "convert"),
        ("format", "avi"),
        ("video", "rawvideo"),
    ]);
    let done = caller.wait_for(&made.text("id"));
    let size = done["result"]["size"]
        .as_u64()
        .unwrap_or_else(|| panic!("{done}"));
    let mut stream = caller.begin("GET", done["result"]["url"].as_str().unwrap(), &[], 0);
    socket2::SockRef::from(&stream)
        .set_recv_buffer_size(4096)
        .unwrap();
    stream.read_exact(&mut [0u8; 1]).unwrap();
    // Others are served all the same, until this one has been given up and only they are left.
    let open = || {
        let page = String::from_utf8(caller.get("/metrics").body).unwrap();
        let line = page
            .lines()
            .find_map(|line| line.strip_prefix("kinora_connections{door=\"http\"} "));
        line.unwrap().parse::<u64>().unwrap()
    };
    let is_let_go = (0..100_000).any(|_| open() == 1);
    assert!(is_let_go, "{size} bytes do not fit into buffers");
}

#[test]
fn heads_have_limits() {
    let house = House::new();
    let caller = Caller::nobody(house.http());
    let long = "x".repeat(20_000);
    assert_eq!(caller.with("x-long", &long).get("/").status, 431);
    let mut many = caller.clone();
    for n in 0..80 {
        many = many.with(&format!("x-{n}"), "1");
    }
    assert_eq!(many.get("/").status, 431);
    let mut nonsense = raw(&house, b"\x16\x03\x01 nonsense\r\n\r\n");
    assert_eq!(read(&mut nonsense, "GET").unwrap().status, 400);
}

#[test]
fn pages_of_other_sites_and_strange_names_are_refused() {
    let house = House::new();
    let caller = Caller::new(house.http());
    let refused = |caller: Caller, status: u16, code: &str| {
        let answer = caller.submit(&[("operation", "audio")]);
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
    };
    refused(
        caller.with("sec-fetch-site", "cross-site"),
        403,
        "cross_site",
    );
    refused(
        caller.with("origin", "http://evil.example"),
        403,
        "cross_site",
    );
    refused(caller.with("host", "evil.example"), 421, "wrong_host");
    let own = format!("http://{}", house.http());
    let same = caller
        .with("sec-fetch-site", "same-origin")
        .with("origin", &own);
    assert_eq!(same.submit(&[("operation", "audio")]).status, 201);
}

#[test]
fn everything_is_counted() {
    let house = House::new();
    let caller = Caller::new(house.http());
    let id = caller.submit(&[("operation", "audio")]).text("id");
    caller.wait_for(&id);
    let size = caller.get(&format!("/api/jobs/{id}/result")).body.len();
    let page = String::from_utf8(caller.get("/metrics").body).unwrap();
    let check = |line: &str| assert!(page.lines().any(|each| each == line), "{line}\n{page}");
    check("kinora_jobs{state=\"completed\"} 1");
    check("kinora_jobs_accepted_total{operation=\"audio\"} 1");
    check("kinora_attempts_total{operation=\"audio\",end=\"completed\"} 1");
    check(&format!("kinora_received_bytes_total {}", clip().len()));
    check(&format!("kinora_sent_bytes_total {size}"));
    check(&format!("kinora_storage_reserved_bytes {size}"));
    check("kinora_storage_parcels_bytes 0");
    check(
        "kinora_http_requests_total{route=\"/api/jobs/{id}/result\",method=\"GET\",status=\"200\"} 1",
    );
    check("# TYPE kinora_queue_length gauge");
    let status = caller.get("/api/status").json();
    assert_eq!(
        (&status["completed"], &status["storage_reserved"]),
        (&1.into(), &size.into())
    );
    assert_eq!(status["attempts"][0]["operation"], "audio");
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

#[test]
fn what_is_not_there_is_said() {
    let house = House::new();
    let caller = Caller::new(house.http());
    let check = |method: &str, path: &str, status: u16, code: &str| {
        let answer = caller.ask(method, path, &[], b"");
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{method} {path}"
        );
    };
    check("GET", "/api/nonsense", 404, "no_page");
    check("GET", "/nonsense.js", 404, "no_page");
    check("GET", "/api/jobs/nonsense", 404, "unknown_task");
    check("PUT", "/api/jobs", 405, "no_method");
    check("POST", "/", 405, "no_method");
    let page = caller.get("/a/view/of/the/page");
    assert_eq!(
        (page.status, page.field("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert!(
        page.field("content-security-policy")
            .unwrap()
            .contains("script-src 'self'")
    );
}
