//! A client that speaks plain HTTP/1.1, one request on each connection.

use crate::wire::clip;
use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No answer takes longer than this on any machine; a test that waits for one fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(120);

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(each, _)| each == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn text(&self, member: &str) -> String {
        let json = self.json();
        json[member]
            .as_str()
            .unwrap_or_else(|| panic!("no {member}: {json}"))
            .to_owned()
    }

    /// The code of a problem, whose form is looked at, too.
    pub(crate) fn code(&self) -> String {
        assert_eq!(
            self.field("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        assert_eq!(self.json()["status"], self.status);
        assert_eq!(
            self.text("type"),
            format!("urn:kinora:problem:{}", self.text("code"))
        );
        assert!(!self.text("solution").is_empty());
        self.text("code")
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) address: SocketAddr,
    pub(crate) fields: Vec<(String, String)>,
}

impl Caller {
    /// Without a session.
    pub(crate) fn nobody(address: SocketAddr) -> Self {
        Self {
            address,
            fields: Vec::new(),
        }
    }

    /// With a session of its own.
    pub(crate) fn new(address: SocketAddr) -> Self {
        let nobody = Self::nobody(address);
        let token = nobody.post("/api/sessions", &[], b"").text("token");
        nobody.with_token(&token)
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.fields.push((name.to_owned(), value.to_owned()));
        other
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
        self.ask("POST", path, fields, body)
    }

    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut stream = self.begin(method, path, fields, body.len() as u64);
        // A server that refuses early may not take all of it.
        let _ = stream.write_all(body);
        read(&mut stream, method).expect("an answer")
    }

    /// The head of a request; what follows is the test's business.
    pub(crate) fn begin(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        length: u64,
    ) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        let mut all: Vec<(&str, String)> =
            fields.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
        all.extend(self.fields.iter().map(|(n, v)| (n.as_str(), v.clone())));
        for (name, usual) in [
            ("host", self.address.to_string()),
            ("content-length", length.to_string()),
        ] {
            if !all.iter().any(|(each, _)| *each == name) {
                all.push((name, usual));
            }
        }
        for (name, value) in all {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    /// The head of a request whose body has no length.
    pub(crate) fn begin_chunked(&self, path: &str, fields: &[(&str, &str)]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut head = format!(
            "POST {path} HTTP/1.1\r\nconnection: close\r\nhost: {}\r\n",
            self.address
        );
        head.push_str("transfer-encoding: chunked\r\n");
        let own = self.fields.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        for (name, value) in fields.iter().copied().chain(own) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    /// Sends the usual clip, and waits for nothing.
    pub(crate) fn submit(&self, fields: &[(&str, &str)]) -> Answer {
        self.form(fields, Some(("a clip.mp4", clip())))
    }

    /// Sends a form; the file stands behind the fields.
    pub(crate) fn form(&self, fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Answer {
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend_from_slice(
                format!(
                    "--xx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                )
                .as_bytes(),
            );
        }
        if let Some((name, content)) = file {
            let head = format!(
                "--xx\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--xx--\r\n");
        self.post(
            "/api/jobs",
            &[("content-type", "multipart/form-data; boundary=xx")],
            &body,
        )
    }

    /// Follows a job to its end by its events.
    pub(crate) fn wait_for(&self, id: &str) -> Value {
        loop {
            let job = self.get(&format!("/api/jobs/{id}")).json();
            let state = job["state"]
                .as_str()
                .unwrap_or_else(|| panic!("{job}"))
                .to_owned();
            if !matches!(state.as_str(), "queued" | "processing") {
                return job;
            }
            std::thread::yield_now();
        }
    }
}

/// Reads one answer.
pub(crate) fn read(stream: &mut TcpStream, method: &str) -> io::Result<Answer> {
    let (mut answer, mut body) = read_head(stream)?;
    let mut buffer = vec![0u8; 1 << 16];
    let length = answer
        .field("content-length")
        .map(|length| length.parse::<usize>().unwrap());
    let length = match length {
        _ if method == "HEAD" || matches!(answer.status, 204 | 304) => Some(0),
        length => length,
    };
    while length.is_none_or(|length| body.len() < length) {
        match stream.read(&mut buffer)? {
            0 if length.is_none() => break,
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => body.extend_from_slice(&buffer[..n]),
        }
    }
    answer.body = body;
    Ok(answer)
}

/// The head of an answer, and what has come of its body.
pub(crate) fn read_head(stream: &mut TcpStream) -> io::Result<(Answer, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0u8; 1 << 16];
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            if !bytes.starts_with(b"HTTP/1.1 100") {
                break at;
            }
            bytes.drain(..at + 4);
            continue;
        }
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => bytes.extend_from_slice(&buffer[..n]),
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let fields = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let answer = Answer {
        status,
        fields,
        body: Vec::new(),
    };
    Ok((answer, bytes.split_off(head_end + 4)))
}
