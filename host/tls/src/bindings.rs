//! Generated from `wit/tls`.
#![allow(missing_docs, reason = "generated; documented in WIT")]

wasmtime::component::bindgen!({
    path: "../../wit/tls",
    world: "sandbar:tls/program",
    imports: { default: trappable },
    with: { "sandbar:tls/client.session": crate::session::Session },
    require_store_data_send: true,
});

pub(crate) use sandbar::tls::client as wit;
