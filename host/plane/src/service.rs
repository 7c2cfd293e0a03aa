//! One component that answers requests: its instances, their reuse, and how each of them ends.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use sandbar_engine::ControlEngine;
use tokio::time::Sleep;
use wasmtime::component::GuestTaskId;
use wasmtime::{Result, Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, Proxy, ProxyHandler, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::limits::{INSTANCE_CONCURRENCY, INSTANCE_IDLE, INSTANCE_REUSE, POST_RETURN_TIME, REQUEST_TIME};
use crate::metrics::{Counter, Timer};
use crate::state::{Shared, State};

/// Hands requests to instances.
pub type Handler = ProxyHandler<Service>;

/// How to make an instance of one component.
pub struct Service {
    /// Its id in the manifest.
    pub name: String,
    /// The engine it was compiled for.
    pub engine: ControlEngine,
    /// Compiled and linked.
    pub pre: ServicePre<State>,
    /// Shared by all instances.
    pub shared: Arc<Shared>,
    /// Its variables.
    pub variables: Arc<BTreeMap<String, String>>,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// Figures of its instances.
    pub figures: Arc<InstanceFigures>,
}

/// Figures of one component's instances.
pub struct InstanceFigures {
    started: Counter,
    ended: Counter,
    trapped: Counter,
    start_seconds: Timer,
}

impl InstanceFigures {
    /// Makes the series for component `name`.
    pub fn new(metrics: &crate::metrics::Metrics, name: &str) -> Arc<Self> {
        let label = [("component", name)];
        Arc::new(Self {
            started: metrics.counter("sandbar_instances_started_total", &label),
            ended: metrics.counter("sandbar_instances_ended_total", &label),
            trapped: metrics.counter("sandbar_instances_trapped_total", &label),
            start_seconds: metrics.timer("sandbar_instance_start_seconds", &label),
        })
    }
}

impl HandlerState for Service {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> Result<Instance<State, Expiration, Worker>> {
        let start = Instant::now();
        let mut store = State::store(
            &self.engine,
            Arc::clone(&self.shared),
            Arc::clone(&self.variables),
            &self.environment,
        );
        let instance = self.pre.instantiate_async(&mut store).await?;
        self.figures.started.add(1);
        self.figures.start_seconds.record(start.elapsed());
        Ok(Instance {
            store,
            proxy: Proxy::P3(instance),
            view: State::http,
            expiration: Expiration::default(),
            state: Worker {
                name: self.name.clone(),
                figures: Arc::clone(&self.figures),
            },
        })
    }
}

/// How many requests an instance takes, and what is noted when it ends.
pub struct Worker {
    name: String,
    figures: Arc<InstanceFigures>,
}

impl WorkerState for Worker {
    type StoreData = State;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= INSTANCE_REUSE {
            ShouldAccept::Never
        } else if concurrent >= INSTANCE_CONCURRENCY {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _store: StoreContextMut<'_, State>,
        (): (),
        _task: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        Box::pin(tokio::time::sleep(REQUEST_TIME))
    }

    fn drop(&self, store: Store<State>, result: Result<(), wasmtime::Error>) {
        self.figures.ended.add(1);
        if let Err(error) = result {
            self.figures.trapped.add(1);
            tracing::error!(
                component = self.name,
                "an instance failed; the requests inside are answered 503: {error:#}"
            );
        }
        drop(store);
    }
}

/// When an instance is let go: idle for a while, or not done long after it should be.
#[derive(Default)]
pub struct Expiration {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl WorkerExpiration for Expiration {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>, status: WorkerStatus, start: Instant) -> Poll<()> {
        let time = match status {
            WorkerStatus::Idle => INSTANCE_IDLE,
            // A second later than the requests themselves: this is the second line, for code that never yields.
            WorkerStatus::Requests => REQUEST_TIME + Duration::from_secs(1),
            WorkerStatus::PostReturn => POST_RETURN_TIME,
        };
        let deadline = tokio::time::Instant::from_std(start + time);
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(cx)
    }
}
