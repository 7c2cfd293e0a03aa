//! Configuration, health, metrics.

use super::{Context, observe};
use crate::dto::{Config, Ready};
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

pub(super) async fn metrics() -> Reply {
    Reply::text(PROMETHEUS, observe::render().await)
}
