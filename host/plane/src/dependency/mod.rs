//! Dependencies that are components: each runs in stores of its own, with a deadline, apart from whoever calls it.
//!
//! A [`Bridge`] answers one imported interface. It knows nothing of the interface: values pass through it as they
//! are (but for placement, where [`Policies`] look which policy a call asks for). If it was given a component in place of the manifest's own and that one traps or misses the deadline, the
//! manifest's own answers.

mod policies;
mod provider;
mod shape;

use std::collections::BTreeMap;
use std::sync::Arc;

use sandbar_engine::ControlEngine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, Val};

pub use policies::{PLACEMENT, Policies};
pub use provider::{CallError, Provider};

use crate::metrics::{Counter, Metrics, Timer};
use crate::state::State;

/// Answers one interface from its components, best first.
pub struct Bridge {
    interface: String,
    providers: Vec<Arc<Provider>>,
    policies: Policies,
    calls: Counter,
    fallbacks: Counter,
    failures: Counter,
    seconds: Timer,
}

impl Bridge {
    /// `providers`: those to try, in order; the last one is the manifest's own.
    #[must_use]
    pub fn new(interface: &str, providers: Vec<Arc<Provider>>, metrics: &Metrics) -> Arc<Self> {
        Self::with_policies(interface, providers, Policies::default(), metrics)
    }

    /// [`Bridge::new`], where calls that ask for one of `policies` go to that one first.
    #[must_use]
    pub fn with_policies(
        interface: &str,
        providers: Vec<Arc<Provider>>,
        policies: Policies,
        metrics: &Metrics,
    ) -> Arc<Self> {
        let label = [("interface", interface)];
        Arc::new(Self {
            interface: interface.to_owned(),
            providers,
            policies,
            calls: metrics.counter("sandbar_dependency_calls_total", &label),
            fallbacks: metrics.counter("sandbar_dependency_fallbacks_total", &label),
            failures: metrics.counter("sandbar_dependency_failures_total", &label),
            seconds: metrics.timer("sandbar_dependency_call_seconds", &label),
        })
    }

    /// Calls `function`.
    ///
    /// # Errors
    /// The reason of the last provider, when none answered.
    pub async fn call(self: &Arc<Self>, function: &str, parameters: Vec<Val>) -> Result<Vec<Val>, CallError> {
        let start = std::time::Instant::now();
        let result = match self.policies.answer(function, &parameters).await {
            Some(values) => Ok(values),
            None => self.first_answer(function, &parameters).await,
        };
        self.calls.add(1);
        self.seconds.record(start.elapsed());
        result
    }

    async fn first_answer(&self, function: &str, parameters: &[Val]) -> Result<Vec<Val>, CallError> {
        let mut last = CallError::Missing(function.to_owned());
        for (rank, provider) in self.providers.iter().enumerate() {
            match provider.call(function, parameters).await {
                Ok(values) => return Ok(values),
                Err(error) => {
                    self.failures.add(1);
                    if rank + 1 < self.providers.len() {
                        self.fallbacks.add(1);
                    }
                    tracing::warn!(interface = self.interface, function, provider = provider.name(), %error, "a dependency gave no answer");
                    last = error;
                }
            }
        }
        Err(last)
    }

    /// Satisfies the import of [`Bridge`]'s interface by `importer` in `linker`.
    ///
    /// # Errors
    /// In words, if a provider lacks a function that is imported, has it with another type, or the interface has
    /// something other than plain values.
    pub fn link(
        self: &Arc<Self>,
        engine: &ControlEngine,
        importer: &Component,
        linker: &mut Linker<State>,
    ) -> Result<(), String> {
        let engine = engine.wasmtime();
        let ty = importer.component_type();
        let Some(import) = ty.get_import(engine, &self.interface) else {
            // The compiler drops an interface that is never called; the manifest may name it all the same.
            tracing::debug!(interface = self.interface, "a dependency is declared but not imported");
            return Ok(());
        };
        let ComponentItem::ComponentInstance(import) = import.ty else {
            return Err(format!(
                "`{}` is imported as something else than an interface",
                self.interface
            ));
        };
        let mut functions = BTreeMap::new();
        for (name, item) in import.exports(engine) {
            if let ComponentItem::ComponentFunc(function) = item.ty {
                shape::check_plain(&function)
                    .map_err(|what| format!("`{}` `{name}`: {what} cannot cross stores", self.interface))?;
                functions.insert(name.to_owned(), function);
            }
        }
        for provider in &self.providers {
            provider.check(&functions)?;
        }
        self.policies.check(&functions)?;
        let mut instance = linker.instance(&self.interface).map_err(|e| format!("{e:#}"))?;
        for (name, function) in functions {
            let bridge = Arc::clone(self);
            let shown = name.clone();
            let defined = if function.async_() {
                instance.func_new_concurrent(&name, move |_, _, parameters, results| {
                    Box::pin(answer(Arc::clone(&bridge), shown.clone(), parameters, results))
                })
            } else {
                instance.func_new_async(&name, move |_, _, parameters, results| {
                    Box::new(answer(Arc::clone(&bridge), shown.clone(), parameters, results))
                })
            };
            defined.map_err(|e| format!("{e:#}"))?;
        }
        Ok(())
    }
}

async fn answer(
    bridge: Arc<Bridge>,
    function: String,
    parameters: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let parameters = parameters.to_vec();
    // In a task of its own: wasmtime does not let one store's event loop run inside another's.
    let call = tokio::spawn(async move { bridge.call(&function, parameters).await });
    let values = call
        .await
        .map_err(|e| wasmtime::format_err!("{e}"))?
        .map_err(|e| wasmtime::format_err!("{e}"))?;
    for (slot, value) in results.iter_mut().zip(values) {
        *slot = value;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
