//! `wasi:sockets/tcp`.

use std::sync::Arc;

use sandbar_net::Connection;
use wasmtime::component::Resource;
use wasmtime_wasi_io::poll::{DynPollable, subscribe};
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream};

use crate::NetView;
use crate::bindings::wasi::sockets::tcp::{Host, HostTcpSocket, ShutdownType};
use crate::bindings::{ErrorCode, IpAddressFamily, IpSocketAddress};
use crate::convert::{from_wasi, to_wasi};
use crate::create::InstanceNetwork;
use crate::error::SocketError;
use crate::socket::{Options, TcpSocket};
use crate::streams::streams;

type Result<T> = std::result::Result<T, SocketError>;
type Socket = Resource<TcpSocket>;
type Streams = (Resource<DynInputStream>, Resource<DynOutputStream>);

impl NetView<'_> {
    fn options(&mut self, socket: &Socket) -> Result<&mut Options> {
        Ok(&mut self.table.get_mut(socket)?.options)
    }

    /// The streams are children: they go before their socket.
    fn push_streams(&mut self, socket: &Socket, connection: &Arc<Connection>) -> Result<Streams> {
        let (input, output) = streams(connection);
        let input = self.table.push_child(input, socket)?;
        match self.table.push_child(output, socket) {
            Ok(output) => Ok((input, output)),
            Err(error) => {
                self.table.delete(input)?;
                Err(error.into())
            }
        }
    }
}

/// Refuses 0 where WASI wants a positive number.
fn positive<T: PartialEq + From<u8>>(value: T) -> Result<T> {
    if value == T::from(0) {
        Err(ErrorCode::InvalidArgument.into())
    } else {
        Ok(value)
    }
}

impl Host for NetView<'_> {}

impl HostTcpSocket for NetView<'_> {
    fn start_bind(&mut self, this: Socket, network: Resource<InstanceNetwork>, local: IpSocketAddress) -> Result<()> {
        self.table.get(&network)?;
        let socket = self.table.get_mut(&this)?;
        let local = from_wasi(&local, socket.family)?;
        Ok(socket.start_bind(&self.ctx.network, local)?)
    }

    fn finish_bind(&mut self, this: Socket) -> Result<()> {
        Ok(self.table.get_mut(&this)?.finish_bind()?)
    }

    fn start_connect(
        &mut self,
        this: Socket,
        network: Resource<InstanceNetwork>,
        remote: IpSocketAddress,
    ) -> Result<()> {
        self.table.get(&network)?;
        let socket = self.table.get_mut(&this)?;
        let remote = from_wasi(&remote, socket.family)?;
        Ok(socket.start_connect(self.ctx, remote)?)
    }

    fn finish_connect(&mut self, this: Socket) -> Result<Streams> {
        let connection = self.table.get_mut(&this)?.finish_connect()?;
        self.push_streams(&this, &connection)
    }

    fn start_listen(&mut self, this: Socket) -> Result<()> {
        Ok(self.table.get_mut(&this)?.start_listen()?)
    }

    fn finish_listen(&mut self, this: Socket) -> Result<()> {
        Ok(self.table.get_mut(&this)?.finish_listen()?)
    }

    fn accept(&mut self, this: Socket) -> Result<(Socket, Resource<DynInputStream>, Resource<DynOutputStream>)> {
        let (accepted, connection) = self.table.get(&this)?.accept()?;
        let socket = self.table.push(accepted)?;
        match self.push_streams(&socket, &connection) {
            Ok((input, output)) => Ok((socket, input, output)),
            Err(error) => {
                self.table.delete(socket)?;
                Err(error)
            }
        }
    }

    fn local_address(&mut self, this: Socket) -> Result<IpSocketAddress> {
        Ok(to_wasi(self.table.get(&this)?.local()?))
    }

    fn remote_address(&mut self, this: Socket) -> Result<IpSocketAddress> {
        Ok(to_wasi(self.table.get(&this)?.remote()?))
    }

    fn is_listening(&mut self, this: Socket) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.is_listening())
    }

    fn address_family(&mut self, this: Socket) -> wasmtime::Result<IpAddressFamily> {
        Ok(self.table.get(&this)?.family)
    }

    fn set_listen_backlog_size(&mut self, this: Socket, value: u64) -> Result<()> {
        let value = positive(value)?;
        Ok(self.table.get_mut(&this)?.set_backlog(value)?)
    }

    fn keep_alive_enabled(&mut self, this: Socket) -> Result<bool> {
        Ok(self.options(&this)?.keep_alive)
    }

    fn set_keep_alive_enabled(&mut self, this: Socket, value: bool) -> Result<()> {
        self.options(&this)?.keep_alive = value;
        Ok(())
    }

    fn keep_alive_idle_time(&mut self, this: Socket) -> Result<u64> {
        Ok(self.options(&this)?.keep_alive_idle)
    }

    fn set_keep_alive_idle_time(&mut self, this: Socket, value: u64) -> Result<()> {
        self.options(&this)?.keep_alive_idle = positive(value)?;
        Ok(())
    }

    fn keep_alive_interval(&mut self, this: Socket) -> Result<u64> {
        Ok(self.options(&this)?.keep_alive_interval)
    }

    fn set_keep_alive_interval(&mut self, this: Socket, value: u64) -> Result<()> {
        self.options(&this)?.keep_alive_interval = positive(value)?;
        Ok(())
    }

    fn keep_alive_count(&mut self, this: Socket) -> Result<u32> {
        Ok(self.options(&this)?.keep_alive_count)
    }

    fn set_keep_alive_count(&mut self, this: Socket, value: u32) -> Result<()> {
        self.options(&this)?.keep_alive_count = positive(value)?;
        Ok(())
    }

    fn hop_limit(&mut self, this: Socket) -> Result<u8> {
        Ok(self.options(&this)?.hop_limit)
    }

    fn set_hop_limit(&mut self, this: Socket, value: u8) -> Result<()> {
        self.options(&this)?.hop_limit = positive(value)?;
        Ok(())
    }

    fn receive_buffer_size(&mut self, this: Socket) -> Result<u64> {
        Ok(self.options(&this)?.receive_buffer)
    }

    fn set_receive_buffer_size(&mut self, this: Socket, value: u64) -> Result<()> {
        self.options(&this)?.receive_buffer = positive(value)?;
        Ok(())
    }

    fn send_buffer_size(&mut self, this: Socket) -> Result<u64> {
        Ok(self.options(&this)?.send_buffer)
    }

    fn set_send_buffer_size(&mut self, this: Socket, value: u64) -> Result<()> {
        self.options(&this)?.send_buffer = positive(value)?;
        Ok(())
    }

    fn subscribe(&mut self, this: Socket) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, this)
    }

    fn shutdown(&mut self, this: Socket, how: ShutdownType) -> Result<()> {
        let connection = self.table.get(&this)?.connection().ok_or(ErrorCode::InvalidState)?;
        if matches!(how, ShutdownType::Receive | ShutdownType::Both) {
            connection.close_read();
        }
        if matches!(how, ShutdownType::Send | ShutdownType::Both) {
            connection.close_write();
        }
        Ok(())
    }

    fn drop(&mut self, this: Socket) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
