//! Embedded SQLite with group commit.
//!
//! `SqliteStore::open(path, Options) -> Result<SqliteStore, OpenError>` opens it (blocking, at start). The store is
//! `Clone + Send + Sync`; each verb of `wit/store` is an `async fn(&self, ..) -> Result<T, StoreError>` of the
//! same name whose parameters are owned values in the order of the contract, in the types of `sandbar_store`
//! (`sandbar_store::convert_bindings!` makes the conversions to generated types). `metrics()` gives counters,
//! `close()` drains and closes.
