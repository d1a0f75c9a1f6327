//! A range of addresses: `192.168.0.0/16`, `fd00::/8`, or one address by itself.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    base: IpAddr,
    prefix: u32,
}

impl Network {
    /// Whether an address lies in it. An IPv4 address counts as one however it is written.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.base.is_ipv4() && same_start(self.base, address, self.prefix)
    }
}

/// Whether an address lies in any of them.
#[must_use]
pub fn contains(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.has(address))
}

/// Bits of the whole address, and how many there are.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

fn same_start(one: IpAddr, other: IpAddr, prefix: u32) -> bool {
    let ((one, width), (other, _)) = (bits(one), bits(other));
    let rest = width.saturating_sub(prefix);
    (one ^ other).checked_shr(rest).unwrap_or(0) == 0
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no range of addresses such as 192.168.0.0/16");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let base: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let base = base.to_canonical();
        let (all, width) = bits(base);
        let prefix = prefix.map_or(Ok(width), |prefix| {
            prefix.trim().parse().map_err(|_| wrong())
        });
        let prefix: u32 = prefix?;
        if prefix > width {
            return Err(wrong());
        }
        // Bits behind the prefix mean that something else was meant.
        let rest = u128::MAX.checked_shl(width - prefix).unwrap_or(0);
        if all & !rest != 0 {
            return Err(format!(
                "{text:?} has an address that goes on behind its prefix"
            ));
        }
        Ok(Self { base, prefix })
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lie_inside_or_outside() {
        let check = |network: &str, address: &str, inside: bool| {
            let network: Network = network.parse().unwrap();
            let has = network.has(address.parse().unwrap());
            assert_eq!(has, inside, "{address} in {network}");
        };
        check("192.168.0.0/16", "192.168.255.1", true);
        check("192.168.0.0/16", "192.169.0.1", false);
        check("192.168.0.0/16", "::ffff:192.168.0.9", true);
        check("192.168.0.7", "192.168.0.7", true);
        check("192.168.0.7", "192.168.0.8", false);
        check("0.0.0.0/0", "8.8.8.8", true);
        check("0.0.0.0/0", "::1", false);
        check("::/0", "2001:db8::1", true);
        check("::/0", "10.0.0.1", false);
        check("fd00::/8", "fdff::1", true);
        check("fd00::/8", "fe80::1", false);
        check("::1", "::1", true);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [
            "",
            "home",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.1/8",
            "10.0.0.0/-1",
            "10/8",
            "/8",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        let network: Network = "10.0.0.0/8".parse().unwrap();
        assert_eq!(network.to_string(), "10.0.0.0/8");
    }
}
