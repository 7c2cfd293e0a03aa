//! `wasi:io/poll`, whose waits end early, once, for a signal that its program wants to be interrupted by: as EINTR does.

use std::sync::Arc;

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi_io::bindings::wasi::io::poll::{Host, HostPollable, Pollable};

use crate::control::Control;
use crate::interrupts::Watched;
use crate::state::State;

/// The polls of one process.
pub(crate) struct Polls<'a> {
    table: &'a mut ResourceTable,
    control: &'a Arc<Control>,
    watched: &'a mut Option<Watched>,
}

/// Names [`Polls`] for linkers.
pub(crate) struct HasPolls;

impl HasData for HasPolls {
    type Data<'a> = Polls<'a>;
}

impl State {
    pub(crate) fn polls(&mut self) -> Polls<'_> {
        Polls {
            table: &mut self.table,
            control: &self.control,
            watched: &mut self.watched,
        }
    }
}

impl Polls<'_> {
    fn interrupt(&mut self) {
        if let Some(watched) = self.watched {
            // SAFETY: a call of the guest's is answered: its store lives, and it is suspended.
            unsafe { watched.interrupt() };
        }
    }
}

impl Host for Polls<'_> {
    async fn poll(&mut self, pollables: Vec<Resource<Pollable>>) -> wasmtime::Result<Vec<u32>> {
        if self.watched.is_none() {
            return Host::poll(self.table, pollables).await;
        }
        let ready = tokio::select! {
            biased;
            ready = Host::poll(self.table, pollables) => Some(ready?),
            () = self.control.interruption() => None,
        };
        // No pollable is ready then, which libraries take for the end of the time that they waited for.
        Ok(ready.unwrap_or_else(|| {
            self.interrupt();
            Vec::new()
        }))
    }
}

impl HostPollable for Polls<'_> {
    async fn block(&mut self, pollable: Resource<Pollable>) -> wasmtime::Result<()> {
        if self.watched.is_none() {
            return HostPollable::block(self.table, pollable).await;
        }
        let interrupted = tokio::select! {
            biased;
            ready = HostPollable::block(self.table, pollable) => {
                ready?;
                false
            }
            () = self.control.interruption() => true,
        };
        if interrupted {
            self.interrupt();
        }
        Ok(())
    }

    async fn ready(&mut self, pollable: Resource<Pollable>) -> wasmtime::Result<bool> {
        HostPollable::ready(self.table, pollable).await
    }

    fn drop(&mut self, pollable: Resource<Pollable>) -> wasmtime::Result<()> {
        HostPollable::drop(self.table, pollable)
    }
}
