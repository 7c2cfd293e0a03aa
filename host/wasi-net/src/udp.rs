//! `wasi:sockets/udp`: linked, so that programs which mention it load; no socket of this kind is ever made.

use wasmtime::component::Resource;
use wasmtime_wasi_io::poll::DynPollable;

use crate::NetView;
use crate::bindings::wasi::sockets::udp::{
    Host, HostIncomingDatagramStream, HostOutgoingDatagramStream, HostUdpSocket, IncomingDatagram, OutgoingDatagram,
};
use crate::bindings::{IpAddressFamily, IpSocketAddress};
use crate::create::InstanceNetwork;
use crate::error::SocketError;

/// What is never made: a guest that names one holds no handle of it, and traps.
#[derive(Debug)]
pub enum Never {}

type Result<T> = std::result::Result<T, SocketError>;
type Socket = Resource<Never>;

impl NetView<'_> {
    fn never<T>(&self, socket: &Socket) -> Result<T> {
        match *self.table.get(socket)? {}
    }
}

impl Host for NetView<'_> {}

impl HostUdpSocket for NetView<'_> {
    fn start_bind(&mut self, this: Socket, _: Resource<InstanceNetwork>, _: IpSocketAddress) -> Result<()> {
        self.never(&this)
    }

    fn finish_bind(&mut self, this: Socket) -> Result<()> {
        self.never(&this)
    }

    fn stream(&mut self, this: Socket, _: Option<IpSocketAddress>) -> Result<(Socket, Socket)> {
        self.never(&this)
    }

    fn local_address(&mut self, this: Socket) -> Result<IpSocketAddress> {
        self.never(&this)
    }

    fn remote_address(&mut self, this: Socket) -> Result<IpSocketAddress> {
        self.never(&this)
    }

    fn address_family(&mut self, this: Socket) -> wasmtime::Result<IpAddressFamily> {
        match *self.table.get(&this)? {}
    }

    fn unicast_hop_limit(&mut self, this: Socket) -> Result<u8> {
        self.never(&this)
    }

    fn set_unicast_hop_limit(&mut self, this: Socket, _: u8) -> Result<()> {
        self.never(&this)
    }

    fn receive_buffer_size(&mut self, this: Socket) -> Result<u64> {
        self.never(&this)
    }

    fn set_receive_buffer_size(&mut self, this: Socket, _: u64) -> Result<()> {
        self.never(&this)
    }

    fn send_buffer_size(&mut self, this: Socket) -> Result<u64> {
        self.never(&this)
    }

    fn set_send_buffer_size(&mut self, this: Socket, _: u64) -> Result<()> {
        self.never(&this)
    }

    fn subscribe(&mut self, this: Socket) -> wasmtime::Result<Resource<DynPollable>> {
        match *self.table.get(&this)? {}
    }

    fn drop(&mut self, this: Socket) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl HostIncomingDatagramStream for NetView<'_> {
    fn receive(&mut self, this: Socket, _: u64) -> Result<Vec<IncomingDatagram>> {
        self.never(&this)
    }

    fn subscribe(&mut self, this: Socket) -> wasmtime::Result<Resource<DynPollable>> {
        match *self.table.get(&this)? {}
    }

    fn drop(&mut self, this: Socket) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl HostOutgoingDatagramStream for NetView<'_> {
    fn check_send(&mut self, this: Socket) -> Result<u64> {
        self.never(&this)
    }

    fn send(&mut self, this: Socket, _: Vec<OutgoingDatagram>) -> Result<u64> {
        self.never(&this)
    }

    fn subscribe(&mut self, this: Socket) -> wasmtime::Result<Resource<DynPollable>> {
        match *self.table.get(&this)? {}
    }

    fn drop(&mut self, this: Socket) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
