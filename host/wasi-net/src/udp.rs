//! `wasi:sockets/udp`.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;

use sandbar_net::limits::{DATAGRAM_BYTES, INBOX_BYTES};
use sandbar_net::{ConnectError, Datagrams, SendError};
use wasmtime::component::Resource;
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::poll::{DynPollable, Pollable, subscribe};

use crate::NetView;
use crate::bindings::wasi::sockets::udp::{
    Host, HostIncomingDatagramStream, HostOutgoingDatagramStream, HostUdpSocket, IncomingDatagram, OutgoingDatagram,
};
use crate::bindings::{ErrorCode, IpAddressFamily, IpSocketAddress};
use crate::convert::{from_wasi, to_wasi};
use crate::create::InstanceNetwork;
use crate::error::{SocketError, bind_code, connect_code};
use crate::notice::Notice;

/// Datagrams that one call moves: bounds what the host copies for it, a MiB at most.
const AT_ONCE: usize = 16;

type Result<T> = std::result::Result<T, SocketError>;
type Socket = Resource<UdpSocket>;

/// A UDP socket.
pub struct UdpSocket {
    pub(crate) family: IpAddressFamily,
    state: State,
    remote: Option<SocketAddr>,
    options: Options,
}

enum State {
    Unbound,
    /// `finish-bind` is awaited; nothing is left to do.
    Binding(Arc<Datagrams>),
    Bound(Arc<Datagrams>),
}

/// What a guest has set. Kept and read back; the network has buffers and lifetimes of its own.
struct Options {
    hop_limit: u8,
    receive_buffer: u64,
    send_buffer: u64,
}

impl UdpSocket {
    pub(crate) fn new(family: IpAddressFamily) -> Self {
        Self {
            family,
            state: State::Unbound,
            remote: None,
            options: Options {
                hop_limit: 64,
                receive_buffer: INBOX_BYTES as u64,
                send_buffer: INBOX_BYTES as u64,
            },
        }
    }
}

#[async_trait]
impl Pollable for UdpSocket {
    /// Nothing that a socket does takes time.
    async fn ready(&mut self) {}
}

/// What comes to a socket, from `remote` alone if there is one.
pub struct Incoming {
    port: Arc<Datagrams>,
    remote: Option<SocketAddr>,
}

#[async_trait]
impl Pollable for Incoming {
    async fn ready(&mut self) {
        poll_fn(|context| self.port.poll_receive(self.remote, context)).await;
    }
}

/// What leaves a socket, to `remote` if there is one.
pub struct Outgoing {
    port: Arc<Datagrams>,
    family: IpAddressFamily,
    remote: Option<SocketAddr>,
    notice: Notice,
    /// Datagrams that may be sent after the last `check-send`.
    permit: usize,
}

#[async_trait]
impl Pollable for Outgoing {
    /// What finds no room is lost.
    async fn ready(&mut self) {}
}

impl Outgoing {
    fn send(&self, datagram: &OutgoingDatagram) -> std::result::Result<(), ErrorCode> {
        let given = datagram.remote_address.as_ref();
        let given = given.map(|given| from_wasi(given, self.family)).transpose()?;
        let to = match (given, self.remote) {
            (Some(given), Some(remote)) if given != remote => return Err(ErrorCode::InvalidArgument),
            (given, remote) => given.or(remote).ok_or(ErrorCode::InvalidArgument)?,
        };
        if to.port() == 0 {
            return Err(ErrorCode::InvalidArgument);
        }
        match self.port.send(to, &datagram.data) {
            Ok(()) => Ok(()),
            // Whoever speaks to many is not told that one of them is not there.
            Err(SendError::Failed(ConnectError::Refused(_))) if self.remote.is_none() => Ok(()),
            Err(SendError::Failed(error)) => {
                if let ConnectError::NotAllowed(refusal) = &error {
                    self.notice.tell(&to, refusal);
                }
                Err(connect_code(&error))
            }
            Err(SendError::TooLarge(_)) => Err(ErrorCode::DatagramTooLarge),
        }
    }
}

/// No value may be zero.
fn positive<T: PartialEq + From<u8>>(value: T) -> Result<T> {
    if value == T::from(0) {
        Err(ErrorCode::InvalidArgument.into())
    } else {
        Ok(value)
    }
}

impl Host for NetView<'_> {}

impl HostUdpSocket for NetView<'_> {
    fn start_bind(&mut self, this: Socket, network: Resource<InstanceNetwork>, local: IpSocketAddress) -> Result<()> {
        self.table.get(&network)?;
        let socket = self.table.get_mut(&this)?;
        let local = from_wasi(&local, socket.family)?;
        match socket.state {
            State::Unbound => {}
            State::Binding(_) => return Err(ErrorCode::ConcurrencyConflict.into()),
            State::Bound(_) => return Err(ErrorCode::InvalidState.into()),
        }
        let port = self.ctx.network.bind_datagrams(local);
        socket.state = State::Binding(Arc::new(port.map_err(|error| bind_code(&error))?));
        Ok(())
    }

    fn finish_bind(&mut self, this: Socket) -> Result<()> {
        let socket = self.table.get_mut(&this)?;
        match &socket.state {
            State::Binding(port) => {
                socket.state = State::Bound(Arc::clone(port));
                Ok(())
            }
            _ => Err(ErrorCode::NotInProgress.into()),
        }
    }

    fn stream(
        &mut self,
        this: Socket,
        remote: Option<IpSocketAddress>,
    ) -> Result<(Resource<Incoming>, Resource<Outgoing>)> {
        let socket = self.table.get_mut(&this)?;
        let State::Bound(port) = &socket.state else {
            return Err(ErrorCode::InvalidState.into());
        };
        let remote = match &remote {
            Some(given) => Some(from_wasi(given, socket.family)?),
            None => None,
        };
        if remote.is_some_and(|remote| remote.port() == 0 || remote.ip().is_unspecified()) {
            return Err(ErrorCode::InvalidArgument.into());
        }
        socket.remote = remote;
        let (family, port) = (socket.family, Arc::clone(port));
        let incoming = Incoming {
            port: Arc::clone(&port),
            remote,
        };
        let outgoing = Outgoing {
            port,
            family,
            remote,
            notice: self.ctx.notice.clone(),
            permit: 0,
        };
        let incoming = self.table.push(incoming)?;
        match self.table.push(outgoing) {
            Ok(outgoing) => Ok((incoming, outgoing)),
            Err(error) => {
                self.table.delete(incoming)?;
                Err(error.into())
            }
        }
    }

    fn local_address(&mut self, this: Socket) -> Result<IpSocketAddress> {
        match &self.table.get(&this)?.state {
            State::Unbound => Err(ErrorCode::InvalidState.into()),
            State::Binding(port) | State::Bound(port) => Ok(to_wasi(port.address())),
        }
    }

    fn remote_address(&mut self, this: Socket) -> Result<IpSocketAddress> {
        let remote = self.table.get(&this)?.remote;
        Ok(to_wasi(remote.ok_or(ErrorCode::InvalidState)?))
    }

    fn address_family(&mut self, this: Socket) -> wasmtime::Result<IpAddressFamily> {
        Ok(self.table.get(&this)?.family)
    }

    fn unicast_hop_limit(&mut self, this: Socket) -> Result<u8> {
        Ok(self.table.get(&this)?.options.hop_limit)
    }

    fn set_unicast_hop_limit(&mut self, this: Socket, value: u8) -> Result<()> {
        self.table.get_mut(&this)?.options.hop_limit = positive(value)?;
        Ok(())
    }

    fn receive_buffer_size(&mut self, this: Socket) -> Result<u64> {
        Ok(self.table.get(&this)?.options.receive_buffer)
    }

    fn set_receive_buffer_size(&mut self, this: Socket, value: u64) -> Result<()> {
        self.table.get_mut(&this)?.options.receive_buffer = positive(value)?;
        Ok(())
    }

    fn send_buffer_size(&mut self, this: Socket) -> Result<u64> {
        Ok(self.table.get(&this)?.options.send_buffer)
    }

    fn set_send_buffer_size(&mut self, this: Socket, value: u64) -> Result<()> {
        self.table.get_mut(&this)?.options.send_buffer = positive(value)?;
        Ok(())
    }

    fn subscribe(&mut self, this: Socket) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, this)
    }

    fn drop(&mut self, this: Socket) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl HostIncomingDatagramStream for NetView<'_> {
    fn receive(&mut self, this: Resource<Incoming>, most: u64) -> Result<Vec<IncomingDatagram>> {
        let incoming = self.table.get(&this)?;
        let most = usize::try_from(most).unwrap_or(AT_ONCE).min(AT_ONCE);
        let mut received = Vec::new();
        while received.len() < most {
            match incoming.port.receive(incoming.remote) {
                Ok(Some(datagram)) => received.push(IncomingDatagram {
                    data: datagram.bytes.into(),
                    remote_address: to_wasi(datagram.from),
                }),
                Ok(None) => break,
                // Told to whoever speaks to one alone; and what has come already goes first.
                Err(error) if received.is_empty() && incoming.remote.is_some() => {
                    return Err(connect_code(&error).into());
                }
                Err(_) => break,
            }
        }
        Ok(received)
    }

    fn subscribe(&mut self, this: Resource<Incoming>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, this)
    }

    fn drop(&mut self, this: Resource<Incoming>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl HostOutgoingDatagramStream for NetView<'_> {
    fn check_send(&mut self, this: Resource<Outgoing>) -> Result<u64> {
        self.table.get_mut(&this)?.permit = AT_ONCE;
        Ok(AT_ONCE as u64)
    }

    fn send(&mut self, this: Resource<Outgoing>, datagrams: Vec<OutgoingDatagram>) -> Result<u64> {
        let outgoing = self.table.get_mut(&this)?;
        if datagrams.len() > outgoing.permit {
            return Err(SocketError::Trap(wasmtime::format_err!(
                "sent more datagrams than check-send permitted"
            )));
        }
        outgoing.permit -= datagrams.len();
        let mut sent = 0;
        for datagram in &datagrams {
            match outgoing.send(datagram) {
                Ok(()) => sent += 1,
                Err(code) if sent == 0 => return Err(code.into()),
                // The next call finds the reason.
                Err(_) => break,
            }
        }
        Ok(sent)
    }

    fn subscribe(&mut self, this: Resource<Outgoing>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, this)
    }

    fn drop(&mut self, this: Resource<Outgoing>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

const _: () = assert!(AT_ONCE * DATAGRAM_BYTES <= 1 << 20);
