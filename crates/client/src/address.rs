//! Where a server is: `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`.

use crate::Fault;
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// The port that a server listens on unless it is told otherwise.
pub const DEFAULT_PORT: u16 = 9001;

/// A server's name and port, not looked up yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// The name, as it was given.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The same host at another port.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        Self {
            host: self.host.clone(),
            port,
        }
    }

    /// Looks the name up; there may be several addresses, to be tried in order.
    ///
    /// # Errors
    /// When the name is unknown or has no address.
    pub fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let found: Vec<_> = (self.host.as_str(), self.port).to_socket_addrs()?.collect();
        if found.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the name has no address",
            ));
        }
        Ok(found)
    }
}

impl Default for Address {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: DEFAULT_PORT,
        }
    }
}

impl FromStr for Address {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let bad = |reason| Fault::BadAddress {
            text: text.into(),
            reason,
        };
        let (host, port) = split(text).ok_or_else(|| bad("the brackets do not match"))?;
        let port = match port {
            None => DEFAULT_PORT,
            Some(port) => port
                .parse()
                .map_err(|_| bad("the port must be 1 to 65535"))?,
        };
        if host.is_empty() {
            return Err(bad("the host is missing"));
        }
        if port == 0 {
            return Err(bad("the port must be 1 to 65535"));
        }
        if host.contains(|c: char| c.is_whitespace() || c == '/' || c == '@') {
            return Err(bad("a host has no spaces, slashes or at signs"));
        }
        Ok(Self {
            host: host.into(),
            port,
        })
    }
}

/// Host and port as written; `None` when a bracket stands alone.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return match after {
            "" => Some((host, None)),
            _ => Some((host, Some(after.strip_prefix(':')?))),
        };
    }
    // More than one colon without brackets is a bare IPv6 address.
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => Some((host, Some(port))),
        _ => Some((text, None)),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let got = match text.parse::<Address>() {
            Ok(address) => address.to_string(),
            Err(fault) => fault.to_string(),
        };
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn addresses_as_people_write_them() {
        check("localhost", "localhost:9001");
        check("10.0.0.7:99", "10.0.0.7:99");
        check("::1", "[::1]:9001");
        check("[::1]:7", "[::1]:7");
        check("[fe80::1]", "[fe80::1]:9001");
    }

    #[test]
    fn what_is_wrong_is_said() {
        check(
            ":9001",
            r#"":9001" is no server address: the host is missing"#,
        );
        check(
            "a:70000",
            r#""a:70000" is no server address: the port must be 1 to 65535"#,
        );
        check(
            "a:0",
            r#""a:0" is no server address: the port must be 1 to 65535"#,
        );
        check(
            "[::1:7",
            r#""[::1:7" is no server address: the brackets do not match"#,
        );
        check(
            "http://a",
            r#""http://a" is no server address: the port must be 1 to 65535"#,
        );
        check(
            "a b",
            r#""a b" is no server address: a host has no spaces, slashes or at signs"#,
        );
    }
}
