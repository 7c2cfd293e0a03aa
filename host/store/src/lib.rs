//! The store's verbs and SQL, once, over a tiny [`Sql`] trait.
//!
//! `wit/store` is the contract; this crate is its meaning. Each verb in [`verbs`] is exactly one transaction
//! and takes any [`Sql`]: embedded SQLite natively, spin:sqlite under Spin. Nothing here knows threads,
//! syncs or files, and nothing here decides: placement, quotas and lifecycle belong to the components.

mod bindings;
mod error;
mod sql;
mod types;

pub use error::{Result, SqlError, StoreError};
pub use sql::{Row, Sql, Value};
pub use types::*;
