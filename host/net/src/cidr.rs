//! Networks in CIDR notation.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::address::canonical;

/// A network: an address and how many of its bits count. Host bits that were given are cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    base: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// The prefix length is mandatory: `10.0.0.1` alone might mean one host or a network.
    #[error("{0:?} has no prefix length; for one address write {0}/32 (IPv6: /128)")]
    NoPrefix(String),
    /// Not an address, or not a number that fits.
    #[error("{0:?} is not a network such as 203.0.113.0/24 or 2001:db8::/32")]
    Malformed(String),
}

impl Cidr {
    /// Whether `address` belongs to it; IPv4 inside IPv6 counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, canonical(address)) {
            (IpAddr::V4(base), IpAddr::V4(address)) => u32::from(base) == u32::from(address) & mask_v4(self.prefix),
            (IpAddr::V6(base), IpAddr::V6(address)) => u128::from(base) == u128::from(address) & mask_v6(self.prefix),
            _ => false,
        }
    }

    /// The member whose host bits are the lowest of `bits`.
    #[cfg(test)]
    pub(crate) fn nth(&self, bits: u128) -> IpAddr {
        match self.base {
            IpAddr::V4(base) => Ipv4Addr::from(u32::from(base) | bits as u32 & !mask_v4(self.prefix)).into(),
            IpAddr::V6(base) => Ipv6Addr::from(u128::from(base) | bits & !mask_v6(self.prefix)).into(),
        }
    }
}

impl From<IpAddr> for Cidr {
    /// The one address.
    fn from(address: IpAddr) -> Self {
        let base = canonical(address);
        Self {
            base,
            prefix: if base.is_ipv4() { 32 } else { 128 },
        }
    }
}

fn mask_v4(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

fn mask_v6(prefix: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let malformed = || CidrError::Malformed(text.to_owned());
        let Some((address, prefix)) = text.split_once('/') else {
            return Err(match text.parse::<IpAddr>() {
                Ok(_) => CidrError::NoPrefix(text.to_owned()),
                Err(_) => malformed(),
            });
        };
        let address: IpAddr = address.parse().map_err(|_| malformed())?;
        // `+8` and `08` are numbers to Rust.
        let plain = prefix.bytes().all(|b| b.is_ascii_digit()) && (prefix == "0" || !prefix.starts_with('0'));
        let prefix: u8 = prefix.parse().ok().filter(|_| plain).ok_or_else(malformed)?;
        let base = match address {
            IpAddr::V4(four) if prefix <= 32 => Ipv4Addr::from(u32::from(four) & mask_v4(prefix)).into(),
            IpAddr::V6(six) if prefix <= 128 => Ipv6Addr::from(u128::from(six) & mask_v6(prefix)).into(),
            _ => return Err(malformed()),
        };
        Ok(Self { base, prefix })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_strictly() {
        for good in [
            "0.0.0.0/0",
            "10.0.0.0/8",
            "1.2.3.4/32",
            "::/0",
            "2001:db8::/32",
            "::1/128",
        ] {
            assert_eq!(good.parse::<Cidr>().expect(good).to_string(), good);
        }
        assert_eq!(
            "10.1.2.3/8".parse::<Cidr>().expect("host bits").to_string(),
            "10.0.0.0/8"
        );
        for bad in [
            "",
            "/",
            "10.0.0.0/33",
            "10.0.0/8",
            "010.0.0.0/8",
            "::/129",
            "1.2.3.4/+8",
            "1.2.3.4/08",
            "1.2.3.4/ 8",
            "a/8",
            "1.2.3.4/",
        ] {
            assert!(matches!(bad.parse::<Cidr>(), Err(CidrError::Malformed(_))), "{bad:?}");
        }
        let error = "10.0.0.1".parse::<Cidr>().expect_err("no prefix");
        assert!(error.to_string().contains("10.0.0.1/32"), "{error}");
    }

    #[test]
    fn membership() {
        let net: Cidr = "93.184.216.0/22".parse().expect("a network");
        for (address, inside) in [
            ("93.184.216.0", true),
            ("93.184.219.255", true),
            ("93.184.220.0", false),
            ("::ffff:93.184.217.1", true),
            ("2606::1", false),
        ] {
            assert_eq!(net.contains(address.parse().expect("an address")), inside, "{address}");
        }
        assert!(
            "::/0"
                .parse::<Cidr>()
                .expect("all")
                .contains("2606::1".parse().expect("an address"))
        );
        assert!(
            !"::/0"
                .parse::<Cidr>()
                .expect("all")
                .contains("1.1.1.1".parse().expect("an address"))
        );
    }
}
