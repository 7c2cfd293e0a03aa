//! The runner component in its store: events in, actions out.

use crate::error::RunnerError;
use crate::metrics::Metrics;
use sandbar_engine::{CodeCache, ControlEngine, interrupt_after};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::{Component, HasData, Linker};
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder};

mod bindings {
    // What the macro writes is documented in the WIT files.
    #![allow(missing_docs)]
    wasmtime::component::bindgen!({
        path: ["../../wit/metrics", "../../wit/runner"],
        world: "sandbar:runner/component",
    });
}

pub(crate) use bindings::exports::sandbar::runner::agent::{
    Action, Amounts, Configuration, Event, Health, Job, JobKind, Observation, Refusal, Sample, Spec, State, Task,
    TaskKind,
};

/// Longest computation of one event. The largest, thousands of sandboxes found at start, takes milliseconds.
const DEADLINE: Duration = Duration::from_secs(5);
/// Linear memory of the agent: a hundred times what the most sandboxes of one runner need.
const MEMORY: usize = 256 << 20;
/// Largest state that is handed over.
const MOST_STATE: usize = 64 << 20;

struct Imports {
    metrics: Arc<Metrics>,
    limits: StoreLimits,
}

impl HasData for Imports {
    type Data<'a> = &'a mut Imports;
}

impl bindings::sandbar::metrics::record_only::Host for Imports {
    fn counter_add(&mut self, name: String, labels: Vec<(String, String)>, amount: u64) {
        self.metrics.counter_add(name, labels, amount);
    }

    fn gauge_set(&mut self, name: String, labels: Vec<(String, String)>, value: f64) {
        self.metrics.gauge_set(name, labels, value);
    }
}

/// One instance of the component, configured.
pub(crate) struct Agent {
    store: Store<Imports>,
    component: bindings::Component,
}

/// What it takes to make an [`Agent`], again after a trap.
#[derive(Clone)]
pub(crate) struct Factory {
    engine: ControlEngine,
    pre: bindings::ComponentPre<Imports>,
    configuration: Configuration,
    metrics: Arc<Metrics>,
}

impl Factory {
    /// Compiles or maps the component. Blocks.
    pub(crate) fn load(
        engine: &ControlEngine,
        cache: &CodeCache,
        wasm: &Path,
        configuration: Configuration,
        metrics: Arc<Metrics>,
    ) -> Result<Self, RunnerError> {
        let component = cache.load(engine.wasmtime(), wasm, &|progress| {
            tracing::info!(?progress, "loading the runner component");
        })?;
        Self::link(engine, &component, configuration, metrics).map_err(RunnerError::Agent)
    }

    fn link(
        engine: &ControlEngine,
        component: &Component,
        configuration: Configuration,
        metrics: Arc<Metrics>,
    ) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(engine.wasmtime());
        bindings::Component::add_to_linker::<_, Imports>(&mut linker, |imports| imports)?;
        let pre = linker
            .instantiate_pre(component)
            .and_then(bindings::ComponentPre::new)?;
        Ok(Self {
            engine: engine.clone(),
            pre,
            configuration,
            metrics,
        })
    }

    /// The same, of another component.
    pub(crate) fn another(&self, component: &Component) -> wasmtime::Result<Self> {
        Self::link(
            &self.engine,
            component,
            self.configuration.clone(),
            Arc::clone(&self.metrics),
        )
    }

    /// Sets the interval of reports of agents yet to be made.
    pub(crate) fn report_every(&mut self, interval: Duration) {
        self.configuration.report_every = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
    }

    /// The engine that components are compiled for.
    pub(crate) fn engine(&self) -> &ControlEngine {
        &self.engine
    }

    /// A fresh, configured agent that knows no sandbox.
    pub(crate) fn make(&self) -> wasmtime::Result<Agent> {
        let imports = Imports {
            metrics: Arc::clone(&self.metrics),
            limits: StoreLimitsBuilder::new().memory_size(MEMORY).build(),
        };
        let mut store = Store::new(self.engine.wasmtime(), imports);
        store.limiter(|imports| &mut imports.limits);
        interrupt_after(&mut store, DEADLINE);
        let component = self.pre.instantiate(&mut store)?;
        component
            .sandbar_runner_agent()
            .call_configure(&mut store, &self.configuration)?;
        Ok(Agent { store, component })
    }
}

impl Agent {
    /// Takes one event. After an error the agent is of no use: a trapped store is never called again.
    pub(crate) fn handle(&mut self, now: u64, event: &Event) -> wasmtime::Result<Vec<Action>> {
        interrupt_after(&mut self.store, DEADLINE);
        self.component
            .sandbar_runner_agent()
            .call_handle(&mut self.store, now, event)
    }

    /// Whether a toolbox call may proceed; else why not. The outer error is as of [`Agent::handle`].
    pub(crate) fn admit_call(
        &mut self,
        now: u64,
        sandbox: &str,
        generation: u64,
    ) -> wasmtime::Result<Result<(), Refusal>> {
        interrupt_after(&mut self.store, DEADLINE);
        self.component
            .sandbar_runner_agent()
            .call_admit_call(&mut self.store, now, sandbox, generation)
    }

    /// The whole state, for a newer component.
    pub(crate) fn export_state(&mut self) -> wasmtime::Result<Vec<u8>> {
        interrupt_after(&mut self.store, DEADLINE);
        let state = self
            .component
            .sandbar_runner_agent()
            .call_export_state(&mut self.store)?;
        if state.len() > MOST_STATE {
            return Err(wasmtime::format_err!("the state has {} bytes", state.len()));
        }
        Ok(state)
    }

    /// Takes over the state of an older component.
    pub(crate) fn import_state(&mut self, state: &[u8]) -> wasmtime::Result<Result<(), String>> {
        interrupt_after(&mut self.store, DEADLINE);
        self.component
            .sandbar_runner_agent()
            .call_import_state(&mut self.store, state)
    }
}
