//! The head that a proxy puts before a connection to say who is behind it (the PROXY protocol, versions 1 and 2, as
//! HAProxy's `proxy-protocol.txt` describes them).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};

/// What version 2 begins with (§2.2).
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// What version 1 begins with (§2.1).
const WORD: &[u8] = b"PROXY ";
/// The longest line of version 1, with its end (§2.1).
const LINE: usize = 107;
/// Bytes behind the fixed part of version 2: addresses, and what else a proxy adds (certificates, names).
const MOST: usize = 2048;
/// It is the first thing that a proxy sends (§2).
const PATIENCE: Duration = Duration::from_secs(5);

/// How reading goes on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// So many more bytes belong to the head in any case.
    More(usize),
    /// It is over. The client's address, unless the proxy speaks for itself or does not know.
    Done(Option<SocketAddr>),
}

/// Reads the head, and nothing behind it.
///
/// # Errors
/// When it is none, or does not come.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let all = async {
        let mut bytes = Vec::new();
        loop {
            match step(&bytes).map_err(io::Error::other)? {
                Step::Done(source) => return Ok(source),
                Step::More(n) => {
                    let at = bytes.len();
                    bytes.resize(at + n, 0);
                    stream.read_exact(&mut bytes[at..]).await?;
                }
            }
        }
    };
    let read = tokio::time::timeout(PATIENCE, all).await;
    read.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Looks at all bytes so far, of which none may be behind the head.
///
/// # Errors
/// Why they are no head.
pub(crate) fn step(bytes: &[u8]) -> Result<Step, &'static str> {
    let start = &bytes[..bytes.len().min(SIGNATURE.len())];
    if !SIGNATURE.starts_with(start) && !is_word(start) {
        return Err("these are not its first bytes");
    }
    match bytes.len() {
        // The shortest line of version 1 is longer.
        n if n < SIGNATURE.len() => Ok(Step::More(SIGNATURE.len() - n)),
        _ if is_word(start) => line(bytes),
        _ => binary(bytes),
    }
}

fn is_word(start: &[u8]) -> bool {
    let n = start.len().min(WORD.len());
    start[..n] == WORD[..n]
}

fn line(bytes: &[u8]) -> Result<Step, &'static str> {
    if !bytes.ends_with(b"\n") {
        return match bytes.len() < LINE {
            true => Ok(Step::More(1)),
            false => Err("the line does not end"),
        };
    }
    let text = bytes.strip_suffix(b"\r\n").ok_or("the line ends wrongly")?;
    let text = std::str::from_utf8(text).map_err(|_| "the line is no text")?;
    let words: Vec<&str> = text.split(' ').collect();
    let source = match words.as_slice() {
        ["PROXY", "UNKNOWN", ..] => return Ok(Step::Done(None)),
        ["PROXY", family @ ("TCP4" | "TCP6"), source, _, port, _] => {
            let address = match *family {
                "TCP4" => source.parse().ok().map(IpAddr::V4),
                _ => source.parse().ok().map(IpAddr::V6),
            };
            address.zip(port.parse::<u16>().ok())
        }
        _ => None,
    };
    let (address, port) = source.ok_or("the line has no addresses")?;
    Ok(Step::Done(Some(SocketAddr::new(address, port))))
}

fn binary(bytes: &[u8]) -> Result<Step, &'static str> {
    let Some((head, rest)) = bytes.split_first_chunk::<16>() else {
        return Ok(Step::More(16 - bytes.len()));
    };
    let length = usize::from(u16::from_be_bytes([head[14], head[15]]));
    if length > MOST {
        return Err("it is too long");
    }
    if rest.len() < length {
        return Ok(Step::More(length - rest.len()));
    }
    match head[12] {
        // LOCAL: the proxy itself, to see whether we live.
        0x20 => Ok(Step::Done(None)),
        0x21 => Ok(Step::Done(source(head[13], rest)?)),
        _ => Err("it has another version"),
    }
}

/// The source of a connection, by family and transport; what is neither TCP over IPv4 nor over IPv6 has none.
fn source(family: u8, rest: &[u8]) -> Result<Option<SocketAddr>, &'static str> {
    const SHORT: &str = "the addresses are cut off";
    let (address, port) = match family {
        0x11 => {
            let block = rest.first_chunk::<12>().ok_or(SHORT)?;
            let source = Ipv4Addr::new(block[0], block[1], block[2], block[3]);
            (IpAddr::V4(source), [block[8], block[9]])
        }
        0x21 => {
            let block = rest.first_chunk::<36>().ok_or(SHORT)?;
            let source = block.first_chunk::<16>().ok_or(SHORT)?;
            (IpAddr::V6(Ipv6Addr::from(*source)), [block[32], block[33]])
        }
        _ => return Ok(None),
    };
    Ok(Some(SocketAddr::new(address, u16::from_be_bytes(port))))
}

#[cfg(test)]
mod tests;
