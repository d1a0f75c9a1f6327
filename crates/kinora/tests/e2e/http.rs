//! The HTTP door of the real binary, by programs that were not written for it: curl, two clients of tus, and one
//! that reads the description of the API and tries what it allows.

use crate::harness::{Server, kinora};
use crate::wire::clip;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A server, and a clip on disk.
struct Scene {
    server: Option<Server>,
    place: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let server = Server::start(&place.path().join("data"), &[]);
        std::fs::write(place.path().join("a clip.mp4"), clip()).unwrap();
        Self {
            server: Some(server),
            place,
        }
    }

    fn http(&self) -> SocketAddr {
        self.server.as_ref().unwrap().http
    }

    fn clip(&self) -> PathBuf {
        self.place.path().join("a clip.mp4")
    }

    fn curl(&self, path: &str, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--max-time", "120"])
            .args(arguments)
            .arg(format!("http://{}{path}", self.http()))
            .current_dir(self.place.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{path}: {output:?}");
        output.stdout
    }

    fn json(&self, path: &str, arguments: &[&str]) -> Value {
        let told = self.curl(path, arguments);
        let read = serde_json::from_slice(&told);
        read.unwrap_or_else(|_| panic!("{path}: {}", String::from_utf8_lossy(&told)))
    }

    fn token(&self) -> String {
        let session = self.json("/api/sessions", &["--request", "POST"]);
        session["token"].as_str().unwrap().to_owned()
    }

    /// Follows a job to its end, and looks at it then.
    fn ended(&self, token: &str, id: &str) -> Value {
        let field = format!("Authorization: Bearer {token}");
        self.curl(
            &format!("/api/jobs/{id}/events"),
            &["--no-buffer", "--header", &field],
        );
        self.json(&format!("/api/jobs/{id}"), &["--header", &field])
    }
}

#[expect(clippy::print_stderr, reason = "what is skipped is said")]
fn has_curl() -> bool {
    let there = Command::new("curl").arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: there is no curl");
    }
    there
}

#[test]
fn one_line_of_curl_is_enough() {
    if !has_curl() {
        return;
    }
    let scene = Scene::new();
    let form = [
        "-F",
        "file=@a clip.mp4",
        "-F",
        "operation=gif",
        "-F",
        "duration=0.5",
    ];
    let made = scene.json("/api/jobs", &form);
    let (id, token) = (
        made["id"].as_str().unwrap(),
        made["token"].as_str().unwrap(),
    );
    let job = scene.ended(token, id);
    assert_eq!(job["state"], "completed", "{job}");
    let field = format!("Authorization: Bearer {token}");
    let path = job["result"]["url"].as_str().unwrap();
    scene.curl(
        path,
        &["--remote-name", "--remote-header-name", "--header", &field],
    );
    let result = std::fs::read(scene.place.path().join("a clip.gif")).unwrap();
    assert_eq!(&result[..4], b"GIF8");
    let key = scene.place.path().join("data/session.key");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(key).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(scene.server.unwrap().terminate(), Some(0));
}

#[test]
fn a_server_is_for_this_machine_unless_it_is_opened() {
    let place = tempfile::tempdir().unwrap();
    let refused = kinora()
        .args([
            "serve",
            "--mmp-listen",
            "127.0.0.1:0",
            "--http-listen",
            "0.0.0.0:0",
            "--data",
        ])
        .arg(place.path().join("data"))
        .output()
        .unwrap();
    assert!(!refused.status.success());
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("access = \"tokens\""), "{told}");
    let open = ["--http-listen", "0.0.0.0:0", "--set", "access=open"];
    let server = Server::start(&place.path().join("data"), &open);
    assert_eq!(server.terminate(), Some(0));
}

/// Where a client has been fetched to, beside what was built.
#[expect(clippy::print_stderr, reason = "what is skipped is said")]
pub(crate) fn fetched(name: &str) -> Option<PathBuf> {
    let binary = Path::new(env!("CARGO_BIN_EXE_kinora"));
    let path = binary.parent()?.parent()?.join("lib/clients").join(name);
    let there = path.is_dir();
    if !there {
        eprintln!("skipped: no {name}; scripts/fetch-clients.sh target fetches it");
    }
    there.then_some(path)
}

/// The Node.js that scripts/node.sh has fetched where the machine's own is too old, or the machine's own.
fn node_program() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_kinora"));
    let target = binary.parent().and_then(Path::parent);
    let fetched = target.map(|target| target.join("lib/node/bin/node"));
    fetched
        .filter(|node| node.is_file())
        .unwrap_or_else(|| "node".into())
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/clients")
        .join(name)
}

/// The address of the upload that a client has printed, and how far it came.
fn told(output: &Output) -> (String, usize) {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    let (url, offset) = text.trim().split_once(' ').unwrap();
    (url.to_owned(), offset.parse().unwrap())
}

/// Passes on what comes, until so many bytes have gone up; then that connection is cut, once.
fn cutting_proxy(to: SocketAddr, after: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let left = Arc::new(AtomicUsize::new(after));
    std::thread::spawn(move || {
        for near in listener.incoming().map_while(Result::ok) {
            let Ok(far) = TcpStream::connect(to) else {
                return;
            };
            let (mut up, mut down) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            let left = Arc::clone(&left);
            let (mut near, mut far) = (near, far);
            std::thread::spawn(move || drop(std::io::copy(&mut down, &mut near)));
            std::thread::spawn(move || {
                let mut buffer = vec![0u8; 16 * 1024];
                while let Ok(n @ 1..) = up.read(&mut buffer) {
                    let before = left.load(Ordering::SeqCst);
                    if before > 0 && before <= n {
                        left.store(0, Ordering::SeqCst);
                        let _ = far.write_all(&buffer[..before]);
                        break;
                    }
                    left.store(before.saturating_sub(n), Ordering::SeqCst);
                    if far.write_all(&buffer[..n]).is_err() {
                        break;
                    }
                }
                let _ = far.shutdown(Shutdown::Both);
                let _ = up.shutdown(Shutdown::Both);
            });
        }
    });
    address
}

struct Python {
    modules: PathBuf,
    token: String,
    clip: PathBuf,
}

impl Python {
    fn run(
        &self,
        server: SocketAddr,
        piece: usize,
        count: usize,
        known: &str,
        more: &[&str],
    ) -> Output {
        Command::new("python3")
            .arg(script("tus/upload.py"))
            .args([format!("http://{server}"), self.token.clone()])
            .arg(&self.clip)
            .args([piece.to_string(), count.to_string(), known.to_owned()])
            .args(more)
            .env("PYTHONPATH", &self.modules)
            .output()
            .unwrap()
    }
}

#[test]
fn tuspy_uploads_and_goes_on() {
    let Some(modules) = fetched("tuspy").filter(|_| has_curl()) else {
        return;
    };
    let mut scene = Scene::new();
    let token = scene.token();
    let python = Python {
        modules,
        token: token.clone(),
        clip: scene.clip(),
    };
    // Some pieces, then the server dies, then the rest.
    let (url, offset) = told(&python.run(scene.http(), 50_000, 3, "", &["checksum"]));
    assert_eq!(offset, 150_000);
    scene.server.take().unwrap().kill();
    scene.server = Some(Server::start(&scene.place.path().join("data"), &[]));
    let path = &url[url.find("/files/").unwrap()..];
    let known = format!("http://{}{path}", scene.http());
    let (_, offset) = told(&python.run(scene.http(), 50_000, 0, &known, &["checksum"]));
    assert_eq!(offset, clip().len());
    let id = path.rsplit('/').next().unwrap();
    let job = scene.ended(&token, id);
    assert_eq!(
        (job["state"].as_str(), job["file_name"].as_str()),
        (Some("completed"), Some("from python.mp4")),
        "{job}"
    );
    // One piece that is cut off in its middle.
    let proxy = cutting_proxy(scene.http(), 200_000);
    let (url, offset) = told(&python.run(proxy, clip().len(), 0, "", &[]));
    assert_eq!(offset, clip().len());
    let job = scene.ended(&token, url.rsplit('/').next().unwrap());
    assert_eq!(job["state"], "completed", "{job}");
}

#[test]
fn tus_js_client_uploads_and_goes_on() {
    let Some(modules) = fetched("tus-js-client").filter(|_| has_curl()) else {
        return;
    };
    let mut scene = Scene::new();
    let token = scene.token();
    let node = |server: SocketAddr, known: &str| {
        Command::new(node_program())
            .arg(script("tus/upload.cjs"))
            .arg(&modules)
            .args([format!("http://{server}"), token.clone()])
            .arg(scene.clip())
            .arg(known)
            .output()
            .unwrap()
    };
    // Cut off in the middle of a piece; it goes on by itself.
    let proxy = cutting_proxy(scene.http(), 250_000);
    let (url, _) = told(&node(proxy, ""));
    let id = url.rsplit('/').next().unwrap().to_owned();
    let job = scene.ended(&token, &id);
    assert_eq!(
        (job["state"].as_str(), job["file_name"].as_str()),
        (Some("completed"), Some("from node.mp4")),
        "{job}"
    );
    // What curl began and a server that died had, node ends.
    let field = format!("Authorization: Bearer {token}");
    let length = format!("Upload-Length: {}", clip().len());
    let begin = [
        "--request",
        "POST",
        "--header",
        &field,
        "--header",
        "Tus-Resumable: 1.0.0",
        "--header",
        &length,
    ];
    let operation = [
        "--header",
        "Upload-Metadata: operation YXVkaW8=",
        "--dump-header",
        "-",
    ];
    let head = scene.curl("/files/", &[&begin[..], &operation[..]].concat());
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head
        .lines()
        .find_map(|line| line.strip_prefix("location: "))
        .unwrap()
        .trim()
        .to_owned();
    std::fs::write(scene.place.path().join("first"), &clip()[..100_000]).unwrap();
    let patch = [
        "--request",
        "PATCH",
        "--header",
        &field,
        "--header",
        "Tus-Resumable: 1.0.0",
        "--header",
        "Upload-Offset: 0",
    ];
    let body = [
        "--header",
        "Content-Type: application/offset+octet-stream",
        "--data-binary",
        "@first",
    ];
    scene.curl(&path, &[&patch[..], &body[..]].concat());
    scene.server.take().unwrap().kill();
    scene.server = Some(Server::start(&scene.place.path().join("data"), &[]));
    let known = format!("http://{}{path}", scene.http());
    let node = Command::new(node_program())
        .arg(script("tus/upload.cjs"))
        .arg(&modules)
        .args([format!("http://{}", scene.http()), token.clone()])
        .arg(scene.clip())
        .arg(&known)
        .output()
        .unwrap();
    assert_eq!(told(&node).0, known);
    let job = scene.ended(&token, path.rsplit('/').next().unwrap());
    assert_eq!(job["state"], "completed", "{job}");
}

#[test]
fn whatever_the_description_allows_is_no_error_of_the_server() {
    let Some(modules) = fetched("schemathesis").filter(|_| has_curl()) else {
        return;
    };
    let scene = Scene::new();
    let tried = Command::new("python3")
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("http://{}/api/openapi.json", scene.http()))
        .args([
            "--header",
            &format!("Authorization: Bearer {}", scene.token()),
        ])
        .args([
            "--checks",
            "not_a_server_error",
            "--phases",
            "examples,coverage,fuzzing",
        ])
        .args([
            "--max-examples",
            "10",
            "--generation-deterministic",
            "--no-color",
        ])
        // An answer that does not end while the job does not.
        .args(["--exclude-path-regex", "events"])
        .env("PYTHONPATH", &modules)
        .env("SCHEMATHESIS_HOOKS", script("schemathesis/hooks.py"))
        .current_dir(scene.place.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&tried.stdout);
    assert!(tried.status.success(), "{told}");
    // Not by trying nothing: "577 generated, 577 passed".
    let tries = told
        .split(" generated,")
        .next()
        .and_then(|said| said.split_whitespace().last());
    let tries: usize = tries.unwrap().parse().unwrap();
    assert!(tries > 200, "{told}");
    let alive = scene.json("/api/status", &[]);
    assert!(alive.is_object(), "{alive}");
}
