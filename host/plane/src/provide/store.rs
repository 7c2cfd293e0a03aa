//! `sandbar:store`, natively: each verb is handed to the embedded database; only types are converted here.

use std::sync::Arc;

use sandbar_store::*;
use wasmtime::component::Accessor;

use crate::bindings::{
    Wire,
    sandbar::store::store::{self as wit, Host, HostWithStore},
};
use crate::state::{Provided, Shared, State};

impl Host for State {}

/// What all instances share, without holding on to this one.
pub(super) fn shared<T>(accessor: &Accessor<T, Provided>) -> Arc<Shared> {
    accessor.with(|mut access| Arc::clone(&access.get().shared))
}

/// One function for each line of the contract's list.
macro_rules! functions {
    ($($mode:ident $verb:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        impl<T> HostWithStore<T> for Provided {
            $(
                async fn $verb(
                    accessor: &Accessor<T, Self>,
                    $($argument: <$kind as Wire>::Wit),*
                ) -> Result<<$answer as Wire>::Wit, wit::Error> {
                    let shared = shared(accessor);
                    let call = shared.store.$verb($(Wire::from_wit($argument)),*);
                    shared.calls.store.count(call).await.map(Wire::to_wit).map_err(Into::into)
                }
            )*
        }
    };
}

with_verbs!(functions);
