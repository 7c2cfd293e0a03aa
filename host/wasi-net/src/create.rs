//! `wasi:sockets/{network,instance-network,tcp-create-socket,udp-create-socket}`.

use std::io;

use wasmtime::component::Resource;

use crate::NetView;
use crate::bindings::wasi::sockets::{instance_network, network, tcp_create_socket, udp_create_socket};
use crate::bindings::{ErrorCode, IpAddressFamily};
use crate::error::{SocketError, io_code};
use crate::socket::TcpSocket;
use crate::udp::UdpSocket;

/// The capability to use sockets. There is one network, and every program has it.
#[derive(Debug, Clone, Copy)]
pub struct InstanceNetwork;

impl network::Host for NetView<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        match error {
            SocketError::Code(code) => Ok(code),
            SocketError::Trap(error) => Err(error),
        }
    }

    fn network_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        let error = self.table.get(&error)?.downcast_ref::<io::Error>();
        Ok(error.map(io_code))
    }
}

impl network::HostNetwork for NetView<'_> {
    fn drop(&mut self, network: Resource<InstanceNetwork>) -> wasmtime::Result<()> {
        self.table.delete(network)?;
        Ok(())
    }
}

impl instance_network::Host for NetView<'_> {
    fn instance_network(&mut self) -> wasmtime::Result<Resource<InstanceNetwork>> {
        Ok(self.table.push(InstanceNetwork)?)
    }
}

impl tcp_create_socket::Host for NetView<'_> {
    fn create_tcp_socket(&mut self, family: IpAddressFamily) -> Result<Resource<TcpSocket>, SocketError> {
        Ok(self.table.push(TcpSocket::new(family))?)
    }
}

impl udp_create_socket::Host for NetView<'_> {
    fn create_udp_socket(&mut self, family: IpAddressFamily) -> Result<Resource<UdpSocket>, SocketError> {
        Ok(self.table.push(UdpSocket::new(family))?)
    }
}
