//! Generated from `wit/deps/sockets`.
#![allow(missing_docs, reason = "generated; documented in WIT")]

wasmtime::component::bindgen!({
    path: ["../../wit/deps/io", "../../wit/deps/clocks", "../../wit/deps/sockets"],
    inline: "
        package sandbar:wasi-net;
        world host {
            import wasi:sockets/network@0.2.12;
            import wasi:sockets/instance-network@0.2.12;
            import wasi:sockets/ip-name-lookup@0.2.12;
            import wasi:sockets/tcp@0.2.12;
            import wasi:sockets/tcp-create-socket@0.2.12;
            import wasi:sockets/udp@0.2.12;
            import wasi:sockets/udp-create-socket@0.2.12;
        }
    ",
    world: "sandbar:wasi-net/host",
    imports: { default: trappable },
    trappable_error_type: { "wasi:sockets/network.error-code" => crate::error::SocketError },
    with: {
        "wasi:io/poll": wasmtime_wasi_io::bindings::wasi::io::poll,
        "wasi:io/streams": wasmtime_wasi_io::bindings::wasi::io::streams,
        "wasi:io/error": wasmtime_wasi_io::bindings::wasi::io::error,
        "wasi:clocks/monotonic-clock": wasmtime_wasi::p2::bindings::clocks::monotonic_clock,
        "wasi:sockets/network.network": crate::create::InstanceNetwork,
        "wasi:sockets/ip-name-lookup.resolve-address-stream": crate::lookup::Lookup,
        "wasi:sockets/tcp.tcp-socket": crate::socket::TcpSocket,
        "wasi:sockets/udp.udp-socket": crate::udp::UdpSocket,
        "wasi:sockets/udp.incoming-datagram-stream": crate::udp::Incoming,
        "wasi:sockets/udp.outgoing-datagram-stream": crate::udp::Outgoing,
    },
    require_store_data_send: true,
});

pub(crate) use wasi::sockets::network::{ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress};
