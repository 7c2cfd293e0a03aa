//! The runner component in its store: events in, actions out.

use crate::error::RunnerError;
use crate::metrics::Metrics;
use sandbar_engine::{CodeCache, ControlEngine, interrupt_after};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::Store;
use wasmtime::component::{HasData, Linker};

mod bindings {
    // What the macro writes is documented in the WIT files.
    #![allow(missing_docs)]
    wasmtime::component::bindgen!({
        path: ["../../wit/metrics", "../../wit/runner"],
        world: "sandbar:runner/component",
    });
}

pub(crate) use bindings::exports::sandbar::runner::agent::{
    Action, Amounts, Configuration, Event, Health, Job, JobKind, Observation, Sample, Spec, State,
};

/// Longest computation of one event. The largest, thousands of sandboxes found at start, takes milliseconds.
const DEADLINE: Duration = Duration::from_secs(5);

struct Imports(Arc<Metrics>);

impl HasData for Imports {
    type Data<'a> = &'a mut Imports;
}

impl bindings::sandbar::metrics::record_only::Host for Imports {
    fn counter_add(&mut self, name: String, labels: Vec<(String, String)>, amount: u64) {
        self.0.counter_add(name, labels, amount);
    }

    fn gauge_set(&mut self, name: String, labels: Vec<(String, String)>, value: f64) {
        self.0.gauge_set(name, labels, value);
    }
}

/// One instance of the component, configured.
pub(crate) struct Agent {
    store: Store<Imports>,
    component: bindings::Component,
}

/// What it takes to make an [`Agent`], again after a trap.
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
        let mut linker = Linker::new(engine.wasmtime());
        bindings::Component::add_to_linker::<_, Imports>(&mut linker, |imports| imports).map_err(RunnerError::Agent)?;
        let pre = linker
            .instantiate_pre(&component)
            .and_then(bindings::ComponentPre::new)
            .map_err(RunnerError::Agent)?;
        Ok(Self {
            engine: engine.clone(),
            pre,
            configuration,
            metrics,
        })
    }

    /// A fresh, configured agent that knows no sandbox.
    pub(crate) fn make(&self) -> wasmtime::Result<Agent> {
        let imports = Imports(Arc::clone(&self.metrics));
        let mut store = Store::new(self.engine.wasmtime(), imports);
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

    /// Whether a toolbox call may proceed; else the reason. The outer error is as of [`Agent::handle`].
    pub(crate) fn admit_call(&mut self, sandbox: &str, generation: u64) -> wasmtime::Result<Result<(), String>> {
        interrupt_after(&mut self.store, DEADLINE);
        self.component
            .sandbar_runner_agent()
            .call_admit_call(&mut self.store, sandbox, generation)
    }
}
