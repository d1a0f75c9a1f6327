//! The HTTP door beside nginx: results on many connections, uploads beside MMP, and the first load of the page.
//!
//! On loopback the kernel charges the work of receiving to either side by chance, so server and client are counted
//! together; the client throws the bytes away inside the kernel.

use super::Bench;
use super::child::{self, Running};
use super::clip;
use super::load::{Connection, Pattern};
use super::place::Place;
use super::process;
use super::report::{Aim, Section};
use super::series::Series;
use super::server::Server;
use anyhow::{Context, Result, ensure};
use rustix::net::{RecvFlags, recv};
use std::fs;
use std::io::{Read, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Connections at the same time.
const WIDTHS: [usize; 3] = [1, 16, 64];
/// Length of the result.
const LENGTH: u64 = 16 << 20;
/// A silence longer than this is an error.
const PATIENCE: Duration = Duration::from_secs(60);
const GIB: f64 = (1u64 << 30) as f64;

/// One turn of one server.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    /// Processor seconds of server and client.
    pub(super) cpu: f64,
    pub(super) seconds: f64,
}

/// A server of files.
pub(super) struct Peer {
    address: SocketAddr,
    path: String,
    fields: String,
    /// Whose processor time counts.
    pids: Vec<u32>,
}

impl Peer {
    /// One whose files need no fields.
    pub(super) fn of(address: SocketAddr, pids: Vec<u32>) -> Self {
        Self {
            address,
            path: String::new(),
            fields: String::new(),
            pids,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Results, uploads and the page.
pub(crate) fn run(bench: &Bench) -> Result<Vec<Section>> {
    // Results are sent from where they lie, which is a disk and its cache.
    let on_disk = Server::start_with_http(&bench.program, &bench.disk, "auto")?;
    let results = results(bench, &on_disk, on_disk.http.context("no HTTP door")?)?;
    drop(on_disk);
    let server = Server::start_with_http(&bench.program, &Place::memory(), "auto")?;
    let http = server.http.context("no HTTP door")?;
    Ok(vec![results, uploads(bench, &server, http)?, page(http)?])
}

fn results(bench: &Bench, server: &Server, http: SocketAddr) -> Result<Section> {
    let mut section = Section::new(&format!("A result of {} MiB over HTTP", LENGTH >> 20));
    if !child::is_installed("nginx") {
        section.note("Skipped: nginx is not installed.");
        return Ok(section);
    }
    let directory = server.directory.path();
    let ours = make_result(server, http)?;
    let length = fetch(&mut connect(http)?, &ours.path, &ours.fields)?;
    let nginx = Nginx::start(directory, length)?;
    let (rounds, bytes) = if bench.quick {
        (2, 1 << 28)
    } else {
        (7, 2 << 30)
    };
    for width in WIDTHS {
        let [mut a, mut b, mut rate, mut their_rate] = [const { Series::new() }; 4];
        for _ in 0..rounds {
            let turns = (bytes / length).max(width as u64);
            let theirs = turn(&nginx.peer, width, turns)?;
            let own = turn(&ours, width, turns)?;
            let gib = (turns * length) as f64 / GIB;
            a.push(own.cpu / gib);
            b.push(theirs.cpu / gib);
            rate.push(gib / own.seconds);
            their_rate.push(gib / theirs.seconds);
        }
        let who = |name: &str, what: &str| format!("{name}, {width} connections: {what}");
        section.row(who("kinora", "server and client"), &a, "CPU-s/GiB");
        section.row(who("nginx", "server and client"), &b, "CPU-s/GiB");
        section.aimed(
            who("kinora over nginx", "processor"),
            &a.over(&b),
            "",
            Aim::AtMost(0.75),
        );
        section.row(
            who("kinora over nginx", "rate"),
            &rate.over(&their_rate),
            "",
        );
    }
    section.note(format!(
        "{rounds} rounds, nginx (sendfile, one worker a core) and kinora in turn, the same bytes from the disk's cache; the client \
         has the kernel throw them away."
    ));
    Ok(section)
}

/// A job whose result is about [`LENGTH`] long, made over HTTP so that the session has it.
fn make_result(server: &Server, http: SocketAddr) -> Result<Peer> {
    let sound = clip::sound(server.directory.path(), LENGTH)?;
    let bytes = fs::read(&sound)?;
    let border = "kinora-bench";
    let mut body = Vec::new();
    for (name, value) in [("operation", "audio"), ("format", "wav")] {
        write!(
            body,
            "--{border}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )?;
    }
    write!(
        body,
        "--{border}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.flac\"\r\n\r\n"
    )?;
    body.extend_from_slice(&bytes);
    write!(body, "\r\n--{border}--\r\n")?;
    let mut stream = connect(http)?;
    write!(
        stream,
        "POST /api/jobs HTTP/1.1\r\nhost: {http}\r\ncontent-type: multipart/form-data; boundary={border}\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)?;
    let answer: serde_json::Value = serde_json::from_slice(&text(&mut stream)?)?;
    let id = answer["id"].as_str().context("no job")?.to_owned();
    let token = answer["token"].as_str().context("no token")?;
    let fields = format!("authorization: Bearer {token}\r\n");
    let until = Instant::now() + PATIENCE;
    loop {
        let mut stream = connect(http)?;
        write!(
            stream,
            "GET /api/jobs/{id} HTTP/1.1\r\nhost: {http}\r\n{fields}\r\n"
        )?;
        let job: serde_json::Value = serde_json::from_slice(&text(&mut stream)?)?;
        if job["state"] == "completed" {
            break;
        }
        ensure!(Instant::now() < until, "the job does not end: {job}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(Peer {
        address: http,
        path: format!("/api/jobs/{id}/result"),
        fields,
        pids: vec![server.id()],
    })
}

/// So many answers over so many connections.
fn turn(peer: &Peer, width: usize, turns: u64) -> Result<Turn> {
    let before = cpu(peer)?;
    let began = Instant::now();
    let each = turns / width as u64;
    std::thread::scope(|threads| {
        let lanes: Vec<_> = (0..width)
            .map(|_| {
                threads.spawn(move || -> Result<()> {
                    let mut stream = connect(peer.address)?;
                    for _ in 0..each {
                        fetch(&mut stream, &peer.path, &peer.fields)?;
                    }
                    Ok(())
                })
            })
            .collect();
        lanes.into_iter().try_for_each(|lane| {
            lane.join()
                .unwrap_or_else(|_| anyhow::bail!("a client has panicked"))
        })
    })?;
    // What was left by rounding belongs to the reckoning.
    let done = (each * width as u64) as f64 / turns as f64;
    Ok(Turn {
        cpu: (cpu(peer)? - before) / done,
        seconds: began.elapsed().as_secs_f64() / done,
    })
}

pub(super) fn cpu(peer: &Peer) -> Result<f64> {
    let all = peer.pids.iter().copied().chain([std::process::id()]);
    all.map(process::cpu).sum()
}

pub(super) fn connect(to: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(to)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// One request; the body is thrown away. Returns its length.
pub(super) fn fetch(stream: &mut TcpStream, path: &str, fields: &str) -> Result<u64> {
    let host = stream.peer_addr()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {host}\r\n{fields}\r\n"
    )?;
    let (length, mut have) = head(stream)?;
    let mut none: [MaybeUninit<u8>; 1 << 18] = [MaybeUninit::uninit(); 1 << 18];
    let whole = length;
    let mut left = length - have.len() as u64;
    have.clear();
    while left > 0 {
        let room = usize::try_from(left)?.min(none.len());
        // MSG_TRUNC of a TCP socket: the bytes are dropped and not copied (tcp(7)).
        let (_, n) = recv(&*stream, &mut none[..room], RecvFlags::TRUNC)?;
        ensure!(n > 0, "the answer ended early");
        left -= n as u64;
    }
    Ok(whole)
}

/// Reads an answer's head: the length of its body, and what has come of that.
fn head(stream: &mut TcpStream) -> Result<(u64, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut piece = [0u8; 2048];
    let end = loop {
        let n = stream.read(&mut piece)?;
        ensure!(n > 0, "no answer");
        bytes.extend_from_slice(&piece[..n]);
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        ensure!(bytes.len() < 1 << 16, "a head without an end");
    };
    let text = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    ensure!(text.starts_with("http/1.1 2"), "{text}");
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    Ok((
        length.context("an answer of no length")?,
        bytes.split_off(end + 4),
    ))
}

/// The whole body of the next answer.
pub(super) fn text(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let (length, mut body) = head(stream)?;
    let rest = length - body.len() as u64;
    stream.take(rest).read_to_end(&mut body)?;
    Ok(body)
}

/// One upload of each door in turn, into memory.
fn uploads(bench: &Bench, server: &Server, http: SocketAddr) -> Result<Section> {
    let length: u64 = if bench.quick { 1 << 27 } else { 1 << 30 };
    let rounds = if bench.quick { 1 } else { 5 };
    let mut section = Section::new(&format!("Upload of {} MiB over HTTP and MMP", length >> 20));
    let pattern = Pattern::new();
    let digest = pattern.digest(length);
    let [mut tus, mut mmp, mut tus_rate, mut mmp_rate] = [const { Series::new() }; 4];
    for _ in 0..rounds {
        let mut connection: Connection = server.connect()?;
        let (key, seconds, cpu) =
            server.measure(|| connection.upload(&pattern, length, &digest))?;
        connection.discard(&key)?;
        mmp.push(cpu / (length as f64 / 1e9));
        mmp_rate.push(length as f64 / 1e9 / seconds);
        let (place, fields) = begin(http, length)?;
        let (_, seconds, cpu) =
            server.measure(|| patch(http, &place, &fields, &pattern, length))?;
        remove(http, &place, &fields)?;
        tus.push(cpu / (length as f64 / 1e9));
        tus_rate.push(length as f64 / 1e9 / seconds);
    }
    section.row("HTTP (tus), processor of the server", &tus, "CPU-s/GB");
    section.row("MMP, processor of the server", &mmp, "CPU-s/GB");
    section.row("HTTP over MMP, processor", &tus.over(&mmp), "");
    section.row("HTTP over MMP, rate", &tus_rate.over(&mmp_rate), "");
    section.note(format!(
        "{rounds} rounds, each door once in each, into memory, hashed and synced by both."
    ));
    Ok(section)
}

/// Begins a tus upload: where it is, and the fields that prove whose.
fn begin(http: SocketAddr, length: u64) -> Result<(String, String)> {
    let mut stream = connect(http)?;
    write!(
        stream,
        "POST /api/sessions HTTP/1.1\r\nhost: {http}\r\ncontent-length: 0\r\n\r\n"
    )?;
    let session: serde_json::Value = serde_json::from_slice(&text(&mut stream)?)?;
    let token = session["token"].as_str().context("no token")?;
    let fields = format!("authorization: Bearer {token}\r\ntus-resumable: 1.0.0\r\n");
    let mut stream = connect(http)?;
    write!(
        stream,
        "POST /files/ HTTP/1.1\r\nhost: {http}\r\n{fields}upload-length: {length}\r\ncontent-length: 0\r\n\r\n"
    )?;
    let mut answer = [0u8; 4096];
    let n = stream.read(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer[..n]).into_owned();
    let place = answer.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location")
            .then(|| value.trim().to_owned())
    });
    let place = place.with_context(|| format!("no upload: {answer}"))?;
    let path = place
        .find("/files/")
        .map_or(place.as_str(), |at| &place[at..]);
    Ok((path.to_owned(), fields))
}

fn patch(
    http: SocketAddr,
    place: &str,
    fields: &str,
    pattern: &Pattern,
    length: u64,
) -> Result<()> {
    let mut stream = connect(http)?;
    write!(
        stream,
        "PATCH {place} HTTP/1.1\r\nhost: {http}\r\n{fields}content-type: application/offset+octet-stream\r\n\
         upload-offset: 0\r\ncontent-length: {length}\r\n\r\n"
    )?;
    pattern.send(&mut stream, length)?;
    answered(&mut stream)
}

fn remove(http: SocketAddr, place: &str, fields: &str) -> Result<()> {
    let mut stream = connect(http)?;
    write!(
        stream,
        "DELETE {place} HTTP/1.1\r\nhost: {http}\r\n{fields}\r\n"
    )?;
    answered(&mut stream)
}

fn answered(stream: &mut TcpStream) -> Result<()> {
    let mut answer = [0u8; 4096];
    let n = stream.read(&mut answer)?;
    let text = String::from_utf8_lossy(&answer[..n]).into_owned();
    ensure!(text.starts_with("HTTP/1.1 2"), "{text}");
    Ok(())
}

/// What a browser fetches before it can show anything, as it is sent: gzip.
fn page(http: SocketAddr) -> Result<Section> {
    let mut section = Section::new("The page, first load");
    let get = |path: &str| -> Result<Vec<u8>> {
        let mut stream = connect(http)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {http}\r\naccept-encoding: gzip\r\n\r\n"
        )?;
        text(&mut stream)
    };
    let mut plain = connect(http)?;
    write!(plain, "GET / HTTP/1.1\r\nhost: {http}\r\n\r\n")?;
    let html = String::from_utf8_lossy(&text(&mut plain)?).into_owned();
    let mut bytes = get("/")?.len();
    let parts = html.split('"').filter(|part| part.starts_with("/assets/"));
    let mut count = 1;
    for path in parts {
        bytes += get(path)?.len();
        count += 1;
    }
    let mut size = Series::new();
    size.push(bytes as f64 / 1000.0);
    section.aimed("shell, gzip", &size, "kB", Aim::AtMost(60.0));
    section.note(format!(
        "{count} files: the page, and what it names as needed at once."
    ));
    Ok(section)
}

/// nginx with files, from the same memory as ours.
pub(super) struct Nginx {
    _running: Running,
    peer: Peer,
}

impl Nginx {
    fn start(directory: &Path, length: u64) -> Result<Self> {
        let file = vec![7u8; usize::try_from(length)?];
        Self::with(directory, &[("result".to_owned(), file)])
    }

    /// Where it is.
    pub(super) fn address(&self) -> SocketAddr {
        self.peer.address
    }

    /// Its processes.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.peer.pids.clone()
    }

    /// With these files, by their names.
    pub(super) fn with(directory: &Path, files: &[(String, Vec<u8>)]) -> Result<Self> {
        let root = directory.join("nginx");
        fs::create_dir_all(&root)?;
        for (name, bytes) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&root))?;
            fs::write(path, bytes)?;
        }
        let address = child::free_address()?;
        let config = format!(
            "daemon off; worker_processes auto; pid {0}/pid; error_log stderr crit; events {{ worker_connections 256; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n\
             client_body_temp_path {0}/a; proxy_temp_path {0}/b; fastcgi_temp_path {0}/c; uwsgi_temp_path {0}/d;\n\
             scgi_temp_path {0}/e; add_header Access-Control-Allow-Origin *; server {{ listen {address}; root {0}; }} }}\n",
            root.display()
        );
        fs::write(root.join("conf"), config)?;
        let mut command = Command::new("nginx");
        command
            .arg("-p")
            .arg(&root)
            .arg("-c")
            .arg(root.join("conf"));
        // Workers run as another user, who has to get there.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(directory, open)?;
        let mut running = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
        running.listens(address.port())?;
        let mut pids = process::children(running.id());
        pids.push(running.id());
        Ok(Self {
            peer: Peer {
                address,
                path: "/result".into(),
                fields: String::new(),
                pids,
            },
            _running: running,
        })
    }
}
