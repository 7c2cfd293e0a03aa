//! Which addresses are the public internet, and which are nobody's business inside a sandbox.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is, by where it may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Routed on the public internet.
    Public,
    /// `0.0.0.0/8`, `::`: this host.
    Unspecified,
    /// `127.0.0.0/8`, `::1`.
    Loopback,
    /// RFC 1918 and unique local addresses: somebody's own network.
    Private,
    /// `169.254.0.0/16`, `fe80::/10`, `fec0::/10`: the next cable, and the metadata services of clouds.
    LinkLocal,
    /// `100.64.0.0/10`: a provider's network behind its NAT.
    Shared,
    /// Many receivers, or all of them.
    Multicast,
    /// A cloud's metadata or host agent at an address that looks public.
    Metadata,
    /// A tunnel or translation whose other end cannot be told (6to4, Teredo, ISATAP, local NAT64).
    Tunnel,
    /// Documentation, benchmarks, protocol assignments, the future.
    Reserved,
}

impl Class {
    /// For people: `… is <this>`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "a public address",
            Self::Unspecified => "an unspecified address",
            Self::Loopback => "a loopback address",
            Self::Private => "an address of a private network",
            Self::LinkLocal => "a link-local address",
            Self::Shared => "an address of a provider's own network",
            Self::Multicast => "a multicast or broadcast address",
            Self::Metadata => "a metadata service",
            Self::Tunnel => "an address of a tunnel",
            Self::Reserved => "a reserved address",
        }
    }
}

/// The address as it is meant: IPv4 inside IPv6 (mapped, compatible, NAT64's well-known prefix) becomes IPv4, so that one
/// place has one spelling. `::` and `::1` stay what they are.
#[must_use]
pub fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address else {
        return address;
    };
    match six.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => address,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            IpAddr::V4(embedded(high, low))
        }
        _ => address,
    }
}

/// What `address` is, in whatever spelling.
#[must_use]
pub fn classify(address: IpAddr) -> Class {
    match canonical(address) {
        IpAddr::V4(four) => classify_v4(four),
        IpAddr::V6(six) => classify_v6(six),
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

fn classify_v4(address: Ipv4Addr) -> Class {
    match address.octets() {
        [0, ..] => Class::Unspecified,
        [127, ..] => Class::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Class::Private,
        [169, 254, ..] => Class::LinkLocal,
        [100, 64..=127, ..] => Class::Shared,
        // The agent of every Azure machine; trusted by name servers and health probes.
        [168, 63, 129, 16] => Class::Metadata,
        // Broadcast is its last.
        [224..=239, ..] | [255, 255, 255, 255] => Class::Multicast,
        [192, 88, 99, _] => Class::Tunnel,
        [192, 0, 0 | 2, _] | [198, 18..=19, ..] | [198, 51, 100, _] | [203, 0, 113, _] | [240..=255, ..] => {
            Class::Reserved
        }
        _ => Class::Public,
    }
}

fn classify_v6(address: Ipv6Addr) -> Class {
    let segments = address.segments();
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Class::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Loopback,
        [0xfc00..=0xfdff, ..] => Class::Private,
        [0xfe80..=0xfeff, ..] => Class::LinkLocal,
        [0xff00..=0xffff, ..] => Class::Multicast,
        // 6to4, Teredo, NAT64 of a local prefix, IPv4 translated.
        [0x2002, ..] | [0x2001, 0, ..] | [0x64, 0xff9b, ..] | [0, 0, 0, 0, 0xffff, ..] => Class::Tunnel,
        // ISATAP: the interface part holds an IPv4 address, whatever the prefix.
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => Class::Tunnel,
        // Protocol assignments, documentation (two of them).
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Class::Reserved,
        // Only this eighth is handed out to the internet.
        [0x2000..=0x3fff, ..] => Class::Public,
        _ => Class::Reserved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cidr;
    use proptest::prelude::*;

    /// Written by hand from the IANA registries, apart from the code.
    const NEVER: [&str; 34] = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",
        "::/127",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "4000::/2",
        "8000::/2",
        "c000::/3",
        "e000::/4",
        "f000::/5",
        "f800::/6",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
        "0:0:0:0:ffff::/96",
    ];
    const PUBLIC: [&str; 8] = [
        "1.1.1.1/32",
        "8.8.8.0/24",
        "93.184.0.0/16",
        "140.82.112.0/20",
        "172.32.0.0/11",
        "2606:4700::/32",
        "2001:4860::/32",
        "2a00::/12",
    ];

    fn network(text: &str) -> Cidr {
        text.parse().expect("a network")
    }

    /// Any address of one of `networks`.
    fn inside(networks: &'static [&'static str]) -> impl Strategy<Value = IpAddr> {
        (0..networks.len(), any::<u128>()).prop_map(|(which, bits)| network(networks[which]).nth(bits))
    }

    /// Spellings of an IPv4 address in IPv6 that lead to it.
    fn spellings(four: Ipv4Addr) -> Vec<IpAddr> {
        let bits = u128::from(u32::from(four));
        let prefixes: [u128; 2] = [0xffff_u128 << 32, 0x64_ff9b_u128 << 96];
        prefixes
            .iter()
            .map(|prefix| IpAddr::from(Ipv6Addr::from(prefix | bits)))
            .collect()
    }

    proptest! {
        #[test]
        fn nothing_that_is_not_public_counts_as_public(address in inside(&NEVER)) {
            prop_assert_ne!(classify(address), Class::Public, "{}", address);
            if let IpAddr::V4(four) = address {
                for spelling in spellings(four) {
                    prop_assert_eq!(canonical(spelling), address);
                    prop_assert_eq!(classify(spelling), classify(address), "{}", spelling);
                }
                let compatible = IpAddr::from(Ipv6Addr::from(u128::from(u32::from(four))));
                prop_assert_ne!(classify(compatible), Class::Public);
                let [a, b, c, d] = four.octets().map(u128::from);
                let bits = a << 24 | b << 16 | c << 8 | d;
                for tunnel in [0x2002_u128 << 112 | bits << 80, 0x2001_u128 << 112 | bits, 0x2a00_u128 << 112 | 0x5efe << 32 | bits] {
                    prop_assert_eq!(classify(IpAddr::from(Ipv6Addr::from(tunnel))), Class::Tunnel);
                }
            }
        }

        #[test]
        fn the_public_internet_is_public(address in inside(&PUBLIC)) {
            // An interface part that looks like ISATAP is refused wherever it is.
            prop_assume!(!matches!(address, IpAddr::V6(six) if six.segments()[5] == 0x5efe));
            prop_assert_eq!(classify(address), Class::Public, "{}", address);
            if let IpAddr::V4(four) = address {
                for spelling in spellings(four) {
                    prop_assert_eq!(classify(spelling), Class::Public, "{}", spelling);
                }
            }
        }

        #[test]
        fn every_address_has_one_canonical_spelling(bits in any::<u128>(), four in any::<u32>()) {
            for address in [IpAddr::from(Ipv6Addr::from(bits)), IpAddr::from(Ipv4Addr::from(four))] {
                prop_assert_eq!(canonical(canonical(address)), canonical(address));
                prop_assert_eq!(classify(canonical(address)), classify(address));
            }
        }

        #[test]
        fn public_is_exactly_what_no_network_of_the_list_has(four in any::<u32>()) {
            let address = IpAddr::from(Ipv4Addr::from(four));
            let listed = NEVER.iter().any(|never| network(never).contains(address));
            prop_assert_eq!(classify(address) != Class::Public, listed, "{}", address);
        }
    }

    #[test]
    fn metadata_services_are_out_of_reach() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "::169.254.169.254",
            "fe80::a9fe:a9fe",
            "2002:a9fe:a9fe::",
        ] {
            let address: IpAddr = address.parse().expect("an address");
            assert_ne!(classify(address), Class::Public, "{address}");
        }
    }
}
