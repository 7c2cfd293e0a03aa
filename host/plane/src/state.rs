//! What belongs to one instance of a component, and what all instances share.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Request;
use sandbar_sqlite::SqliteStore;
use wasmtime::component::{HasData, ResourceTable};
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{Error, RequestOptions, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use crate::host_calls::HostCalls;
use crate::limits::INSTANCE_MEMORY;
use crate::metrics::Metrics;
use crate::signals::Signals;

/// What all instances of the application share.
pub struct Shared {
    /// The durable facts.
    pub store: SqliteStore,
    /// Who waits for what.
    pub signals: Signals,
    /// The metrics of components and host.
    pub metrics: Arc<Metrics>,
    /// Counters of the calls into this host.
    pub calls: HostCalls,
}

/// Data of one instance's store.
pub struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: NoOutbound,
    limits: StoreLimits,
    /// Shared with every other instance.
    pub shared: Arc<Shared>,
    /// What `spin:variables` shows.
    pub variables: Arc<BTreeMap<String, String>>,
}

/// Marker of [`State`] as the data behind the natively provided interfaces.
pub struct Provided;

impl HasData for Provided {
    type Data<'a> = &'a mut State;
}

impl State {
    /// State of a new instance, in a store with its limits set. The component sees neither files nor network.
    pub fn store(
        engine: &sandbar_engine::ControlEngine,
        shared: Arc<Shared>,
        variables: Arc<BTreeMap<String, String>>,
        environment: &BTreeMap<String, String>,
    ) -> Store<Self> {
        let mut wasi = WasiCtxBuilder::new();
        // A component's standard error is where its panics are told.
        wasi.inherit_stderr();
        for (name, value) in environment {
            wasi.env(name, value);
        }
        let state = Self {
            table: ResourceTable::new(),
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            hooks: NoOutbound,
            limits: StoreLimitsBuilder::new().memory_size(INSTANCE_MEMORY).build(),
            shared,
            variables,
        };
        let mut store = Store::new(engine.wasmtime(), state);
        store.limiter(|state| &mut state.limits);
        sandbar_engine::yield_each_tick(&mut store, |_| Ok(()));
        store
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

/// No component of the control plane dials out; the manifest cannot allow it either.
struct NoOutbound;

type Sent = (
    http::Response<wasmtime_wasi_http::WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

impl WasiHttpHooks for NoOutbound {
    fn send_request(
        &mut self,
        _request: Request<wasmtime_wasi_http::WasiBody>,
        _options: Option<RequestOptions>,
        _fut: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}
