//! TCP on the sandbox's network.

use super::fail;
use super::handles::{self, Handle};
use crate::world::wasi::sockets::instance_network::instance_network;
use crate::world::wasi::sockets::ip_name_lookup::resolve_addresses;
use crate::world::wasi::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};
use crate::world::wasi::sockets::tcp::{ShutdownType, TcpSocket};
use crate::world::wasi::sockets::tcp_create_socket::create_tcp_socket;
use rquickjs::{Ctx, Function, Object, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub fn install<'js>(ctx: &Ctx<'js>, binding: &Object<'js>) -> Result<()> {
    binding.set("resolve", Function::new(ctx.clone(), resolve)?)?;
    binding.set("connect", Function::new(ctx.clone(), connect)?)?;
    binding.set("connected", Function::new(ctx.clone(), connected)?)?;
    binding.set("listen", Function::new(ctx.clone(), listen)?)?;
    binding.set("accept", Function::new(ctx.clone(), accept)?)?;
    binding.set("shutdown", Function::new(ctx.clone(), shutdown)?)?;
    binding.set("addresses", Function::new(ctx.clone(), addresses)?)?;
    binding.set("ipVersion", Function::new(ctx.clone(), ip_version)?)
}

fn name_of(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::AccessDenied => "EACCES",
        ErrorCode::NotSupported => "ENOTSUP",
        ErrorCode::OutOfMemory => "ENOMEM",
        ErrorCode::Timeout => "ETIMEDOUT",
        ErrorCode::WouldBlock | ErrorCode::NotInProgress => "EAGAIN",
        ErrorCode::AddressNotBindable => "EADDRNOTAVAIL",
        ErrorCode::AddressInUse => "EADDRINUSE",
        ErrorCode::RemoteUnreachable => "EHOSTUNREACH",
        ErrorCode::ConnectionRefused => "ECONNREFUSED",
        ErrorCode::ConnectionReset => "ECONNRESET",
        ErrorCode::ConnectionAborted => "ECONNABORTED",
        ErrorCode::NewSocketLimit => "EMFILE",
        ErrorCode::NameUnresolvable => "ENOTFOUND",
        ErrorCode::TemporaryResolverFailure => "EAI_AGAIN",
        _ => "EINVAL",
    }
}

fn address(ip: IpAddr, port: u16) -> IpSocketAddress {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            IpSocketAddress::Ipv4(Ipv4SocketAddress {
                port,
                address: (a, b, c, d),
            })
        }
        IpAddr::V6(ip) => {
            let [a, b, c, d, e, f, g, h] = ip.segments();
            IpSocketAddress::Ipv6(Ipv6SocketAddress {
                port,
                flow_info: 0,
                address: (a, b, c, d, e, f, g, h),
                scope_id: 0,
            })
        }
    }
}

fn shown(address: &IpAddress) -> String {
    match *address {
        IpAddress::Ipv4((a, b, c, d)) => Ipv4Addr::new(a, b, c, d).to_string(),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => Ipv6Addr::new(a, b, c, d, e, f, g, h).to_string(),
    }
}

/// Addresses of a name; waits for them.
fn resolve(ctx: Ctx<'_>, name: String) -> Result<Vec<String>> {
    let refuse = |code| fail(&ctx, name_of(code));
    let stream = resolve_addresses(&instance_network(), &name).map_err(refuse)?;
    let mut found = Vec::new();
    loop {
        match stream.resolve_next_address() {
            Ok(Some(address)) => found.push(shown(&address)),
            Ok(None) => return Ok(found),
            Err(ErrorCode::WouldBlock) => stream.subscribe().block(),
            Err(code) => return Err(refuse(code)),
        }
    }
}

/// 4, 6, or 0 for what is no address.
fn ip_version(text: String) -> u32 {
    match text.parse() {
        Ok(IpAddr::V4(_)) => 4,
        Ok(IpAddr::V6(_)) => 6,
        Err(_) => 0,
    }
}

fn socket(ctx: &Ctx<'_>, ip: &str) -> Result<(TcpSocket, IpAddr)> {
    let ip: IpAddr = ip.parse().map_err(|_| fail(ctx, "EINVAL"))?;
    let family = if ip.is_ipv4() {
        IpAddressFamily::Ipv4
    } else {
        IpAddressFamily::Ipv6
    };
    let socket = create_tcp_socket(family).map_err(|code| fail(ctx, name_of(code)))?;
    Ok((socket, ip))
}

fn connect(ctx: Ctx<'_>, ip: String, port: u16) -> Result<u32> {
    let (socket, ip) = socket(&ctx, &ip)?;
    socket
        .start_connect(&instance_network(), address(ip, port))
        .map_err(|code| fail(&ctx, name_of(code)))?;
    handles::add(
        &ctx,
        Handle::Socket {
            input: None,
            output: None,
            socket,
        },
    )
}

/// Whether the connection stands now; throws why it does not come about.
fn connected(ctx: Ctx<'_>, number: u32) -> Result<bool> {
    handles::with(&ctx, number, |handle| match handle {
        Handle::Socket { input, output, socket } => match socket.finish_connect() {
            Ok((from, to)) => {
                *input = Some(from);
                *output = Some(to);
                Ok(true)
            }
            Err(ErrorCode::WouldBlock) => Ok(false),
            Err(code) => Err(fail(&ctx, name_of(code))),
        },
        _ => Err(fail(&ctx, "EBADF")),
    })
}

fn listen(ctx: Ctx<'_>, ip: String, port: u16, backlog: f64) -> Result<u32> {
    let refuse = |code| fail(&ctx, name_of(code));
    let (socket, ip) = socket(&ctx, &ip)?;
    socket
        .start_bind(&instance_network(), address(ip, port))
        .map_err(refuse)?;
    finish(&socket, TcpSocket::finish_bind).map_err(refuse)?;
    // A host that knows no backlog has its own.
    let _ = socket.set_listen_backlog_size(backlog.max(1.0) as u64);
    socket.start_listen().map_err(refuse)?;
    finish(&socket, TcpSocket::finish_listen).map_err(refuse)?;
    handles::add(
        &ctx,
        Handle::Socket {
            input: None,
            output: None,
            socket,
        },
    )
}

fn finish<T>(
    socket: &TcpSocket,
    step: impl Fn(&TcpSocket) -> std::result::Result<T, ErrorCode>,
) -> std::result::Result<T, ErrorCode> {
    loop {
        match step(socket) {
            Err(ErrorCode::WouldBlock) => socket.subscribe().block(),
            done => return done,
        }
    }
}

/// The next connection, or 0 if none waits.
fn accept(ctx: Ctx<'_>, number: u32) -> Result<u32> {
    let accepted = handles::with(&ctx, number, |handle| match handle {
        Handle::Socket { socket, .. } => match socket.accept() {
            Ok(accepted) => Ok(Some(accepted)),
            Err(ErrorCode::WouldBlock | ErrorCode::ConnectionAborted) => Ok(None),
            Err(code) => Err(fail(&ctx, name_of(code))),
        },
        _ => Err(fail(&ctx, "EBADF")),
    })?;
    accepted.map_or(Ok(0), |(socket, input, output)| {
        handles::add(
            &ctx,
            Handle::Socket {
                input: Some(input),
                output: Some(output),
                socket,
            },
        )
    })
}

/// No more is sent.
fn shutdown(ctx: Ctx<'_>, number: u32) -> Result<()> {
    handles::with(&ctx, number, |handle| {
        if let Handle::Socket { output, socket, .. } = handle {
            if let Some(output) = output.take() {
                // What was written is still to go out.
                let _ = output.flush();
                drop(output);
            }
            // A connection that has ended is as shut as it can be.
            let _ = socket.shutdown(ShutdownType::Send);
        } else if let Handle::Stream { output, descriptor, .. } = handle {
            *output = None;
            *descriptor = None;
        }
        Ok(())
    })
}

/// `[own address, own port, peer's address, peer's port]`, empty for what is not known.
fn addresses(ctx: Ctx<'_>, number: u32) -> Result<Vec<String>> {
    handles::with(&ctx, number, |handle| match handle {
        Handle::Socket { socket, .. } => {
            let mut all = Vec::with_capacity(4);
            for found in [socket.local_address(), socket.remote_address()] {
                let (ip, port) = match found {
                    Ok(IpSocketAddress::Ipv4(at)) => (shown(&IpAddress::Ipv4(at.address)), at.port.to_string()),
                    Ok(IpSocketAddress::Ipv6(at)) => (shown(&IpAddress::Ipv6(at.address)), at.port.to_string()),
                    Err(_) => (String::new(), String::new()),
                };
                all.extend([ip, port]);
            }
            Ok(all)
        }
        _ => Err(fail(&ctx, "EBADF")),
    })
}
