//! The store's verbs and SQL, once, over a tiny [`Sql`] trait.
//!
//! `wit/store` is the contract; this crate is its meaning. Each verb in [`verbs`] is exactly one transaction
//! and takes any [`Sql`]: embedded SQLite natively, spin:sqlite under Spin. Nothing here knows threads,
//! syncs or files, and nothing here decides: placement, quotas and lifecycle belong to the components.

mod bindings;
mod contract;
mod error;
mod lend;
pub mod limits;
mod rows;
mod schema;
mod sql;
mod transaction;
mod types;
pub mod verbs;

pub use error::{Result, SqlError, StoreError};
pub use lend::Lend;
pub use schema::migrate;
pub use sql::{Row, Sql, Value};
pub use types::*;
pub use verbs::skip_lost_changes;
