//! `wasi:sockets/ip-name-lookup`.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::vec;

use sandbar_net::LookupError;
use wasmtime::component::Resource;
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::poll::{DynPollable, Pollable, subscribe};

use crate::bindings::wasi::sockets::ip_name_lookup::{Host, HostResolveAddressStream};
use crate::bindings::{ErrorCode, IpAddress};
use crate::convert::address;
use crate::create::InstanceNetwork;
use crate::error::{SocketError, lookup_code};
use crate::{NetCtx, NetView};

/// A lookup under way, then its addresses.
pub enum Lookup {
    /// The resolver is being asked.
    Running(Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, LookupError>> + Send>>),
    /// What is left to hand out.
    Found(vec::IntoIter<IpAddr>),
    /// There is nothing.
    Failed(ErrorCode),
}

impl Lookup {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Self::Running(lookup) = self {
            *self = match lookup.as_mut().poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(addresses)) => Self::Found(addresses.into_iter()),
                Poll::Ready(Err(error)) => Self::Failed(lookup_code(&error)),
            };
        }
        Poll::Ready(())
    }
}

#[async_trait]
impl Pollable for Lookup {
    async fn ready(&mut self) {
        poll_fn(|context| self.poll(context)).await;
    }
}

impl Host for NetView<'_> {
    fn resolve_addresses(
        &mut self,
        network: Resource<InstanceNetwork>,
        name: String,
    ) -> Result<Resource<Lookup>, SocketError> {
        self.table.get(&network)?;
        let NetCtx { network, notice } = self.ctx.clone();
        let mut lookup = Lookup::Running(Box::pin(async move {
            let found = network.lookup(&name).await;
            if let Err(LookupError::NotAllowed(refusal)) = &found {
                notice.tell(&name, refusal);
            }
            found
        }));
        // Starts it; addresses and local names need no more.
        let _ = lookup.poll(&mut Context::from_waker(Waker::noop()));
        Ok(self.table.push(lookup)?)
    }
}

impl HostResolveAddressStream for NetView<'_> {
    fn resolve_next_address(&mut self, lookup: Resource<Lookup>) -> Result<Option<IpAddress>, SocketError> {
        let lookup = self.table.get_mut(&lookup)?;
        let _ = lookup.poll(&mut Context::from_waker(Waker::noop()));
        match lookup {
            Lookup::Running(_) => Err(ErrorCode::WouldBlock.into()),
            Lookup::Found(addresses) => Ok(addresses.next().map(address)),
            Lookup::Failed(code) => Err((*code).into()),
        }
    }

    fn subscribe(&mut self, lookup: Resource<Lookup>) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.table, lookup)
    }

    fn drop(&mut self, lookup: Resource<Lookup>) -> wasmtime::Result<()> {
        self.table.delete(lookup)?;
        Ok(())
    }
}
