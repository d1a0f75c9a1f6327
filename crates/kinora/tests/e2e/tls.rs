//! TLS as others speak it: curl, OpenSSL and this program's own client, from an address that is not loopback.

use crate::harness::{Server, kinora};
use crate::wire::{Peer, clip};
use serde_json::json;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// An address of this machine that is not loopback, and the programs that look from outside.
#[expect(clippy::print_stderr, reason = "what is skipped is said")]
fn far() -> Option<IpAddr> {
    for program in [["curl", "--version"], ["openssl", "version"]] {
        if Command::new(program[0]).arg(program[1]).output().is_err() {
            eprintln!("skipped: there is no {}", program[0]);
            return None;
        }
    }
    let named = Command::new("hostname").arg("-I").output();
    let named = named.map_or_else(|_| String::new(), |output| text(&output.stdout));
    let mut addresses = named
        .split_whitespace()
        .filter_map(|text| text.parse().ok());
    let found = addresses.find(|address: &IpAddr| address.is_ipv4() && !address.is_loopback());
    if found.is_none() {
        eprintln!("skipped: this machine has no address beside loopback");
    }
    found
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

/// A server on that address whose users need tokens, one of them, and a user's own place.
struct Scene {
    server: Server,
    place: tempfile::TempDir,
    secret: String,
    key: String,
}

impl Scene {
    fn new(far: IpAddr, more: &[&str]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        let made = kinora()
            .args(["token", "create", "ann", "--data"])
            .arg(&data)
            .output();
        let secret = text(&made.unwrap().stdout);
        fs::write(place.path().join("a.mp4"), clip()).unwrap();
        let (server, key) = serve(&data, far, 0, more);
        Self {
            server,
            place,
            secret,
            key,
        }
    }

    fn curl(&self, scheme: &str, path: &str, arguments: &[&str]) -> Output {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--include", "--max-time", "60"])
            .args(arguments)
            .arg(format!("{scheme}://{}{path}", self.server.http))
            .output();
        output.unwrap()
    }

    fn client(&self, words: &[&str]) -> Output {
        let output = kinora()
            .args(words)
            .env("XDG_CONFIG_HOME", self.place.path().join("config"))
            .env("XDG_STATE_HOME", self.place.path().join("state"))
            .env("KINORA_SERVER", self.server.address.to_string())
            .env("KINORA_TOKEN", &self.secret)
            .current_dir(self.place.path())
            .output();
        output.unwrap()
    }

    fn known(&self) -> String {
        let path = self.place.path().join("config/kinora/known-servers");
        fs::read_to_string(path).unwrap_or_default()
    }

    /// The certificate that was generated.
    fn certificate(&self) -> PathBuf {
        self.place.path().join("data/tls.pem")
    }
}

fn serve(data: &Path, far: IpAddr, port: u16, more: &[&str]) -> (Server, String) {
    let tokens = ["--set", "access=tokens"];
    let all: Vec<&str> = tokens.iter().chain(more).copied().collect();
    let mmp = format!("{far}:{port}");
    let mut server = Server::start_at(data, &mmp, &format!("{far}:0"), &all);
    let key = server.told("tls ");
    (server, key)
}

/// What OpenSSL says to a handshake.
fn handshake(address: &str, arguments: &[&str]) -> Output {
    let output = Command::new("openssl")
        .args(["s_client", "-brief", "-connect", address])
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    output.unwrap()
}

#[test]
fn browsers_and_programs_are_led_to_tls() {
    let Some(far) = far() else { return };
    let scene = Scene::new(far, &[]);
    let page = text(&scene.curl("http", "/?a=1", &[]).stdout);
    assert!(page.starts_with("HTTP/1.1 308"), "{page}");
    let place = format!("location: https://{}/?a=1", scene.server.http);
    assert!(page.contains(&place), "{page}");
    let asked = text(
        &scene
            .curl("http", "/api/jobs", &["-H", "host: localhost"])
            .stdout,
    );
    assert!(
        asked.starts_with("HTTP/1.1 403") && asked.contains("\"tls_required\""),
        "{asked}"
    );
    let stranger = text(
        &scene
            .curl("http", "/", &["-H", "host: evil.example"])
            .stdout,
    );
    assert!(stranger.starts_with("HTTP/1.1 421"), "{stranger}");

    let authority = scene.certificate();
    let trusted = ["--cacert", authority.to_str().unwrap()];
    let shown = json!({"token": scene.secret}).to_string();
    let kind = "content-type: application/json";
    let signed = scene.curl(
        "https",
        "/api/sessions",
        &[&trusted[..], &["--data", &shown, "-H", kind]].concat(),
    );
    let signed = text(&signed.stdout);
    let field = signed.lines().find(|line| line.starts_with("set-cookie: "));
    let cookie = field.unwrap_or_else(|| panic!("{signed}"));
    assert!(
        cookie.starts_with("set-cookie: __Host-kinora_session=knt_"),
        "{cookie}"
    );
    assert!(
        cookie.contains("; Secure") && cookie.contains("; Path=/;"),
        "{cookie}"
    );
    let value = cookie["set-cookie: ".len()..].split(';').next().unwrap();
    let ask = |cookie: &str, origin: &str| {
        let (cookie, origin) = (format!("cookie: {cookie}"), format!("origin: {origin}"));
        let more = ["-H", cookie.as_str(), "-H", origin.as_str()];
        let answer = scene.curl("https", "/api/jobs", &[&trusted[..], &more].concat());
        text(&answer.stdout).lines().next().unwrap().to_owned()
    };
    let (good, plain) = (
        format!("https://{}", scene.server.http),
        format!("http://{}", scene.server.http),
    );
    assert_eq!(ask(value, &good), "HTTP/1.1 200 OK");
    assert_eq!(ask(value, &plain), "HTTP/1.1 403 Forbidden");
    let tossed = value.strip_prefix("__Host-").unwrap();
    assert_eq!(ask(tossed, &good), "HTTP/1.1 401 Unauthorized");

    let pinned =
        |key: &str| scene.curl("https", "/healthz", &["--insecure", "--pinnedpubkey", key]);
    assert!(pinned(&scene.key).status.success());
    assert!(
        !pinned("sha256//LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM=")
            .status
            .success()
    );
    let data = format!("data={}", scene.place.path().join("data").display());
    let doctor = kinora().args(["doctor", "--json", "--set", &data]).output();
    let told = text(&doctor.unwrap().stdout);
    assert!(told.contains(&scene.key), "{told}");
    let log = fs::read_to_string(scene.place.path().join("data.log")).unwrap();
    assert!(!log.contains("PRIVATE KEY"));
}

#[test]
fn handshakes_are_as_they_should_be() {
    let Some(far) = far() else { return };
    let scene = Scene::new(far, &[]);
    let (mmp, http) = (
        scene.server.address.to_string(),
        scene.server.http.to_string(),
    );
    let authority = scene.certificate();
    let sound = [
        "-CAfile",
        authority.to_str().unwrap(),
        "-verify_return_error",
    ];
    let check = |address: &str, more: &[&str], words: Option<&str>| {
        let done = handshake(address, &[&sound[..], more].concat());
        let told = text(&done.stderr);
        assert_eq!(done.status.success(), words.is_some(), "{more:?}: {told}");
        assert!(told.contains(words.unwrap_or_default()), "{more:?}: {told}");
    };
    check(&mmp, &[], Some("Protocol version: TLSv1.3"));
    check(&mmp, &["-alpn", "mmp"], Some("Verification: OK"));
    check(&mmp, &["-alpn", "http/1.1"], None);
    check(&mmp, &["-tls1_2"], None);
    check(
        &http,
        &["-alpn", "h2,http/1.1"],
        Some("Protocol version: TLSv1.3"),
    );
    check(&http, &["-alpn", "mmp"], None);
    check(&http, &["-tls1_2"], Some("Protocol version: TLSv1.2"));
    check(&http, &["-tls1_1"], None);
    let mut peer = Peer::connect(scene.server.address);
    let ping = json!({"action": "ping", "token": scene.secret});
    assert_eq!(peer.ask(ping, "", b"").text("code"), "tls_required");
}

#[test]
fn the_client_knows_servers_again() {
    let Some(far) = far() else { return };
    let scene = Scene::new(far, &[]);
    let sent = scene.client(&["audio", "a.mp4"]);
    let told = text(&sent.stderr);
    assert!(sent.status.success(), "{told}");
    assert!(
        told.contains("first meeting") && told.contains(&scene.key),
        "{told}"
    );
    assert!(scene.known().contains(&scene.key), "{}", scene.known());
    let again = scene.client(&["audio", "a.mp4", "--force"]);
    let told = text(&again.stderr);
    assert!(
        again.status.success() && !told.contains("first meeting"),
        "{told}"
    );

    let refused = |words: &[&str], code: i32, saying: &str| {
        let output = scene.client(words);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {told}");
        assert!(told.contains(saying), "{words:?}: {told}");
    };
    refused(&["status", "abc", "--plain"], 2, "without TLS");
    let unknown = || refused(&["status", &"0".repeat(32)], 4, "no such task");
    unknown();

    // The same address, but somebody else answers there.
    let Scene {
        server,
        place,
        secret,
        key,
    } = scene;
    let port = server.address.port();
    assert_eq!(server.terminate(), Some(0));
    let data = place.path().join("data");
    fs::remove_file(data.join("tls.key")).unwrap();
    fs::remove_file(data.join("tls.pem")).unwrap();
    let (server, other) = serve(&data, far, port, &[]);
    assert_ne!(other, key);
    let scene = Scene {
        server,
        place,
        secret,
        key: other,
    };
    let refused = |words: &[&str], code: i32, saying: &[&str]| {
        let output = scene.client(words);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {told}");
        assert!(
            saying.iter().all(|word| told.contains(word)),
            "{words:?}: {told}"
        );
    };
    let words = [key.as_str(), scene.key.as_str(), "kinora trust"];
    refused(&["status", "abc"], 9, &words);
    let address = scene.server.address.to_string();
    refused(&["trust", &address, &key], 9, &words[..2]);
    assert!(
        scene
            .client(&["trust", &address, &scene.key])
            .status
            .success()
    );
    refused(&["status", &"0".repeat(32)], 4, &["no such task"]);
    assert!(
        scene
            .client(&["trust", &address, "--plain"])
            .status
            .success()
    );
    refused(&["status", "abc"], 2, &["without TLS"]);
    assert_eq!(scene.known().lines().count(), 2, "{}", scene.known());
}

#[test]
fn who_is_trusted_may_speak_plainly() {
    let Some(far) = far() else { return };
    let scene = Scene::new(far, &["--set", &format!("mmp.trust={far}")]);
    let mut peer = Peer::connect(scene.server.address);
    assert_eq!(
        peer.ask(json!({"action": "ping"}), "", b"").text("status"),
        "success"
    );
    let all = Scene::new(
        far,
        &["--set", &format!("mmp.trust={far}"), "--set", "tls.mode=on"],
    );
    let mut peer = Peer::connect(all.server.address);
    assert_eq!(
        peer.ask(json!({"action": "ping"}), "", b"").text("code"),
        "tls_required"
    );
}

#[test]
fn without_tls_tokens_stay_at_home() {
    let Some(far) = far() else { return };
    let place = tempfile::tempdir().unwrap();
    let refused = kinora()
        .args(["serve", "--set", "access=tokens", "--set", "tls.mode=off"])
        .args([
            "--http-listen",
            &format!("{far}:0"),
            "--mmp-listen",
            "127.0.0.1:0",
        ])
        .arg("--data")
        .arg(place.path().join("data"))
        .output()
        .unwrap();
    let told = text(&refused.stderr);
    assert!(
        !refused.status.success() && told.contains("http.proxies"),
        "{told}"
    );
    let open = ["--set", "access=open", "--set", "tls.mode=off"];
    let address = format!("{far}:0");
    let data = place.path().join("open");
    let server = Server::start_at(&data, &address, &address, &open);
    let mut peer = Peer::connect(server.address);
    assert_eq!(
        peer.ask(json!({"action": "ping"}), "", b"").text("status"),
        "success"
    );
    let log = fs::read_to_string(data.with_extension("log")).unwrap();
    assert!(log.contains("TLS is off"), "{log}");
}

/// A pair as an operator would bring it, and its key's name.
fn own_pair(place: &Path) -> String {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args([
            "-subj",
            "/CN=studio.lan",
            "-days",
            "30",
            "-keyout",
            "own.key",
            "-out",
            "own.pem",
        ])
        .current_dir(place)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let digest = "openssl x509 -in own.pem -noout -pubkey | openssl pkey -pubin -outform der | \
                  openssl dgst -sha256 -binary | openssl base64";
    let output = Command::new("sh")
        .args(["-c", digest])
        .current_dir(place)
        .output();
    format!("sha256//{}", text(&output.unwrap().stdout))
}

#[test]
fn a_renewed_certificate_needs_no_restart() {
    let Some(far) = far() else { return };
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let path = |name: &str| {
        format!(
            "tls.{}={}",
            name,
            place
                .path()
                .join(format!("own.{}", if name == "key" { "key" } else { "pem" }))
                .display()
        )
    };
    let (certificate, key) = (path("certificate"), path("key"));
    let own = ["--set", certificate.as_str(), "--set", key.as_str()];
    fs::write(place.path().join("own.key"), "x").unwrap();
    fs::write(place.path().join("own.pem"), "x").unwrap();
    let refused = kinora()
        .args([
            "serve",
            "--mmp-listen",
            "127.0.0.1:0",
            "--http-listen",
            "off",
            "--data",
        ])
        .arg(&data)
        .args(own)
        .output()
        .unwrap();
    let told = text(&refused.stderr);
    assert!(
        !refused.status.success() && told.contains("own.pem: there is no certificate"),
        "{told}"
    );

    let first = own_pair(place.path());
    let (server, shown) = serve(&data, far, 0, &own);
    assert_eq!(shown, first);
    let answers = |key: &str| {
        let done = Command::new("curl")
            .args([
                "--silent",
                "--insecure",
                "--max-time",
                "60",
                "--pinnedpubkey",
                key,
            ])
            .arg(format!("https://{}/healthz", server.http))
            .output();
        done.unwrap().status.success()
    };
    assert!(answers(&first));
    let second = own_pair(place.path());
    server.signal(rustix::process::Signal::HUP);
    // Each try is a handshake of its own; the signal is heard within the first few.
    assert!((0..2_000).any(|_| answers(&second)));
    assert!(!answers(&first));
    fs::write(place.path().join("own.pem"), "spoilt").unwrap();
    server.signal(rustix::process::Signal::HUP);
    let log = || fs::read_to_string(data.with_extension("log")).unwrap();
    assert!((0..2_000).any(|_| answers(&second) && log().contains("stays in force")));
    assert!(answers(&second));
    assert_eq!(server.terminate(), Some(0));
}
