//! Configuration, health, metrics, and the list of what there is.

use super::{Context, observe};
use crate::contracts::store;
use crate::dto::{Broken, Config, Ready, open_api_document};
use crate::http::{Problem, Reply};

const PROMETHEUS: &str = "text/plain; version=0.0.4";

pub(super) fn health() -> Result<Reply, Problem> {
    Reply::ok(&Ready { status: "ok" })
}

/// Comes after the bootstrap, which reads the store: it answers if that does.
pub(super) fn ready() -> Result<Reply, Problem> {
    Reply::ok(&Ready { status: "ok" })
}

pub(super) fn config(context: Context<'_>) -> Result<Reply, Problem> {
    Reply::ok(&Config::new(&context.settings.toolbox_proxy_url))
}

pub(super) fn open_api() -> Result<Reply, Problem> {
    Reply::ok(&open_api_document())
}

pub(super) async fn metrics() -> Reply {
    Reply::text(PROMETHEUS, observe::render().await)
}

/// What must hold of the whole database, and does not.
pub(super) async fn invariants() -> Result<Reply, Problem> {
    Reply::ok(&Broken {
        broken: store::broken_invariants().await?,
    })
}
