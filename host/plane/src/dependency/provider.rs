//! One component behind a bridge: its pool of instances, each in a store of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sandbar_engine::ControlEngine;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, Instance, InstancePre, Linker, ResourceTable, Val};
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::shape;
use crate::limits::{DEPENDENCY_MEMORY, DEPENDENCY_POOL, DEPENDENCY_REUSE, DEPENDENCY_TIME};

/// Why a provider did not answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It does not export the function.
    #[error("no provider exports `{0}`")]
    Missing(String),
    /// It did not answer in time; its instance is gone.
    #[error("no answer within {} ms", .0.as_millis())]
    Late(Duration),
    /// It trapped or could not be instantiated; its instance is gone.
    #[error("{0:#}")]
    Trap(wasmtime::Error),
}

/// A component that exports one interface.
pub struct Provider {
    name: String,
    engine: ControlEngine,
    pre: InstancePre<Data>,
    functions: BTreeMap<String, (ComponentFunc, ComponentExportIndex)>,
    idle: Mutex<Vec<Live>>,
    time: Duration,
}

/// Data of a provider's store: an empty WASI world (Rust's std imports it even where nothing of it is used).
struct Data {
    wasi: WasiCtx,
    table: ResourceTable,
    limits: StoreLimits,
    deadline: Instant,
}

impl WasiView for Data {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

struct Live {
    store: Store<Data>,
    instance: Instance,
    calls: u32,
}

impl Provider {
    /// Prepares `component` to answer `interface`. `name` is for messages.
    ///
    /// # Errors
    /// In words, if it does not export the interface, or imports something that a dependency does not get.
    pub fn new(
        engine: &ControlEngine,
        name: &str,
        interface: &str,
        component: &Component,
    ) -> Result<Arc<Self>, String> {
        Self::with_time(engine, name, interface, component, DEPENDENCY_TIME)
    }

    /// [`Provider::new`] with another deadline.
    pub(super) fn with_time(
        engine: &ControlEngine,
        name: &str,
        interface: &str,
        component: &Component,
        time: Duration,
    ) -> Result<Arc<Self>, String> {
        let mut linker = Linker::new(engine.wasmtime());
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(|e| format!("{e:#}"))?;
        let functions = exported(engine, interface, component)?;
        let pre = linker.instantiate_pre(component).map_err(|e| format!("{e:#}"))?;
        Ok(Arc::new(Self {
            name: name.to_owned(),
            engine: engine.clone(),
            pre,
            functions,
            idle: Mutex::default(),
            time,
        }))
    }

    /// For messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether all of `wanted` are here, with the same types.
    pub(super) fn check(&self, wanted: &BTreeMap<String, ComponentFunc>) -> Result<(), String> {
        for (name, function) in wanted {
            match self.functions.get(name) {
                None => return Err(format!("`{}` does not export `{name}`", self.name)),
                Some((mine, _)) if !shape::fits(function, mine) => {
                    return Err(format!("`{}` exports `{name}` with another type", self.name));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Calls `function` within the deadline.
    ///
    /// # Errors
    /// [`CallError`]; unless the function is missing, the instance that failed is discarded.
    pub async fn call(&self, function: &str, parameters: &[Val]) -> Result<Vec<Val>, CallError> {
        let (ty, index) = self
            .functions
            .get(function)
            .ok_or_else(|| CallError::Missing(function.to_owned()))?;
        let deadline = Instant::now() + self.time;
        let mut results = vec![Val::Bool(false); ty.results().len()];
        let call = async {
            let mut live = self.instance(deadline).await?;
            let Live { store, instance, .. } = &mut live;
            let callee = instance
                .get_func(&mut *store, *index)
                .ok_or_else(|| wasmtime::format_err!("`{function}` is not a function"))?;
            callee.call_async(&mut *store, parameters, &mut results).await?;
            wasmtime::error::Ok(live)
        };
        // Code that computes is stopped by the store's own deadline at a tick; code that sleeps, by this one.
        match tokio::time::timeout(self.time, call).await {
            Ok(Ok(live)) => {
                self.keep(live);
                Ok(results)
            }
            Ok(Err(_)) if Instant::now() >= deadline => Err(CallError::Late(self.time)),
            Ok(Err(error)) => Err(CallError::Trap(error)),
            Err(_) => Err(CallError::Late(self.time)),
        }
    }

    /// Instances that wait for a call.
    #[cfg(test)]
    pub(super) fn idle(&self) -> usize {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    async fn instance(&self, deadline: Instant) -> wasmtime::Result<Live> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(mut live) = idle {
            live.store.data_mut().deadline = deadline;
            return Ok(live);
        }
        let data = Data {
            wasi: WasiCtx::builder().build(),
            table: ResourceTable::new(),
            limits: StoreLimitsBuilder::new().memory_size(DEPENDENCY_MEMORY).build(),
            deadline,
        };
        let mut store = Store::new(self.engine.wasmtime(), data);
        store.limiter(|data| &mut data.limits);
        sandbar_engine::yield_each_tick(&mut store, |data| {
            if Instant::now() < data.deadline {
                Ok(())
            } else {
                Err(wasmtime::format_err!("the deadline has passed"))
            }
        });
        let instance = self.pre.instantiate_async(&mut store).await?;
        Ok(Live {
            store,
            instance,
            calls: 0,
        })
    }

    fn keep(&self, mut live: Live) {
        live.calls += 1;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if live.calls < DEPENDENCY_REUSE && idle.len() < DEPENDENCY_POOL {
            idle.push(live);
        }
    }
}

fn exported(
    engine: &ControlEngine,
    interface: &str,
    component: &Component,
) -> Result<BTreeMap<String, (ComponentFunc, ComponentExportIndex)>, String> {
    let (item, instance) = component
        .get_export(None, interface)
        .ok_or_else(|| format!("it does not export `{interface}`"))?;
    let ComponentItem::ComponentInstance(exports) = item else {
        return Err(format!("it exports `{interface}` as something else than an interface"));
    };
    let mut functions = BTreeMap::new();
    for (name, item) in exports.exports(engine.wasmtime()) {
        let ComponentItem::ComponentFunc(function) = item.ty else {
            continue;
        };
        let index = component
            .get_export_index(Some(&instance), name)
            .ok_or_else(|| format!("`{name}` has no index"))?;
        functions.insert(name.to_owned(), (function, index));
    }
    Ok(functions)
}
