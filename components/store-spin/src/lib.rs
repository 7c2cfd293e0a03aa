//! The store contract under real Spin: the verbs of `sandbar-store` over spin:sqlite, default database.
//!
//! Spin opens SQLite with `synchronous=FULL`, so every commit is durable before it returns, `report` included;
//! there is no group commit. Under load our own host is the faster one; the facts are the same.

#![cfg(target_family = "wasm")]

mod connection;
mod provider;

/// Types and traits generated from `wit/store`.
#[allow(missing_docs, clippy::all, reason = "generated")]
mod bindings {
    spin_sdk::wit_bindgen::generate!({
        path: "../../wit/store",
        world: "provider",
        runtime_path: "::spin_sdk::wit_bindgen::rt",
    });
}

sandbar_store::convert_bindings!(crate::bindings::exports::sandbar::store::store);

bindings::export!(Component with_types_in bindings);

/// What this component exports.
struct Component;
