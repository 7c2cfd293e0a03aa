//! Between std's addresses and those of WASI.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use crate::bindings::wasi::sockets::network::{Ipv4SocketAddress, Ipv6SocketAddress};
use crate::bindings::{ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress};

pub(crate) fn family(address: IpAddr) -> IpAddressFamily {
    if address.is_ipv6() {
        IpAddressFamily::Ipv6
    } else {
        IpAddressFamily::Ipv4
    }
}

pub(crate) fn address(address: IpAddr) -> IpAddress {
    match address {
        IpAddr::V4(four) => IpAddress::Ipv4(four.octets().into()),
        IpAddr::V6(six) => IpAddress::Ipv6(six.segments().into()),
    }
}

pub(crate) fn to_wasi(address: SocketAddr) -> IpSocketAddress {
    match address {
        SocketAddr::V4(four) => IpSocketAddress::Ipv4(Ipv4SocketAddress {
            port: four.port(),
            address: four.ip().octets().into(),
        }),
        SocketAddr::V6(six) => IpSocketAddress::Ipv6(Ipv6SocketAddress {
            port: six.port(),
            flow_info: six.flowinfo(),
            address: six.ip().segments().into(),
            scope_id: six.scope_id(),
        }),
    }
}

/// An address that a socket of `family` may name: unicast, of its family, not IPv4 in disguise.
pub(crate) fn from_wasi(given: &IpSocketAddress, family: IpAddressFamily) -> Result<SocketAddr, ErrorCode> {
    let address: SocketAddr = match given {
        IpSocketAddress::Ipv4(four) => {
            let (a, b, c, d) = four.address;
            (Ipv4Addr::new(a, b, c, d), four.port).into()
        }
        IpSocketAddress::Ipv6(six) => {
            let (a, b, c, d, e, f, g, h) = six.address;
            // A scope names a link, and there is none.
            SocketAddrV6::new(Ipv6Addr::new(a, b, c, d, e, f, g, h), six.port, 0, 0).into()
        }
    };
    let unicast = match address.ip() {
        IpAddr::V4(four) => !four.is_multicast() && !four.is_broadcast(),
        IpAddr::V6(six) => !six.is_multicast() && six.to_ipv4_mapped().is_none(),
    };
    if !unicast || self::family(address.ip()) != family {
        return Err(ErrorCode::InvalidArgument);
    }
    Ok(address)
}
