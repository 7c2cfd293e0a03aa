//! The agent of crate `runner`, each call answered by the compiled component.

mod convert;

use runner as native;
use std::cell::RefCell;
use wasmtime::Store;
use wasmtime::component::{HasSelf, Linker};

pub use native::{
    Action, Amounts, Configuration, Event, Health, Job, JobKind, Millis, Observation, Outcome, Refusal, Sample, Spec,
    State, Task, TaskKind, limits,
};

#[allow(missing_docs, clippy::all, reason = "generated")]
mod bindings {
    wasmtime::component::bindgen!({
        path: ["../../../../wit/metrics", "../../../../wit/runner"],
        world: "sandbar:runner/component",
    });
}

use bindings::exports::sandbar::runner::agent as wit;

/// Metrics go nowhere here.
struct Ignored;

impl bindings::sandbar::metrics::record_only::Host for Ignored {
    fn counter_add(&mut self, _name: String, _labels: Vec<(String, String)>, _amount: u64) {}
    fn gauge_set(&mut self, _name: String, _labels: Vec<(String, String)>, _value: f64) {}
}

/// An agent in an instance of its own.
pub struct Agent {
    inner: RefCell<(Store<Ignored>, bindings::Component)>,
    configuration: Configuration,
}

impl Agent {
    /// See `runner::Agent::new`.
    ///
    /// # Panics
    /// If the component imports anything but metrics.
    #[must_use]
    pub fn new(configuration: Configuration) -> Agent {
        let (engine, component) = through_wasm_load::load("runner");
        let mut linker = Linker::new(&engine);
        bindings::sandbar::metrics::record_only::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)
            .expect("metrics");
        let mut store = Store::new(&engine, Ignored);
        let agent = bindings::Component::instantiate(&mut store, &component, &linker).expect("it imports metrics only");
        let told = convert::configuration(&configuration);
        agent
            .sandbar_runner_agent()
            .call_configure(&mut store, &told)
            .expect("no trap");
        Agent {
            inner: RefCell::new((store, agent)),
            configuration,
        }
    }

    fn call<T>(&self, act: impl FnOnce(&mut Store<Ignored>, &wit::Guest) -> wasmtime::Result<T>) -> T {
        let (store, agent) = &mut *self.inner.borrow_mut();
        act(store, agent.sandbar_runner_agent()).expect("the component does not trap")
    }

    /// See `runner::Agent::handle`.
    pub fn handle(&mut self, now: Millis, event: Event) -> Vec<Action> {
        let event = convert::event(event);
        self.call(|store, agent| agent.call_handle(store, now, &event))
            .into_iter()
            .map(convert::action)
            .collect()
    }

    /// See `runner::Agent::admit_call`.
    ///
    /// # Errors
    /// As there.
    pub fn admit_call(&self, now: Millis, sandbox: &str, generation: u64) -> Result<(), Refusal> {
        self.call(|store, agent| agent.call_admit_call(store, now, sandbox, generation))
            .map_err(convert::refusal)
    }

    /// See `runner::Agent::export`.
    #[must_use]
    pub fn export(&self) -> Vec<u8> {
        self.call(|store, agent| agent.call_export_state(store))
    }

    /// See `runner::Agent::import`.
    ///
    /// # Errors
    /// As there.
    pub fn import(&mut self, state: &[u8]) -> Result<(), String> {
        self.call(|store, agent| agent.call_import_state(store, state))
    }

    /// See `runner::Agent::reserved`. The contract has no such question: the handed-over state answers it.
    ///
    /// # Panics
    /// If the component's state is not one that the native agent takes over.
    #[must_use]
    pub fn reserved(&self) -> Amounts {
        let mut reader = native::Agent::new(self.configuration.clone());
        reader.import(&self.export()).expect("a state that can be handed over");
        reader.reserved()
    }
}
