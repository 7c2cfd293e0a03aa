//! `spin:variables`: what the manifest gives the component.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::Accessor;

use crate::bindings::spin::variables::variables::{Error, Host, HostWithStore};
use crate::state::{Provided, State};

impl Host for State {}

impl<T> HostWithStore<T> for Provided {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> Result<String, Error> {
        accessor.with(|mut access| {
            let start = Instant::now();
            let state = access.get();
            let value = Arc::clone(&state.variables).get(&name).cloned();
            state.shared.calls.variables.done(start, value.is_some());
            value.ok_or_else(|| Error::Undefined(format!("the manifest gives this component no variable `{name}`")))
        })
    }
}
